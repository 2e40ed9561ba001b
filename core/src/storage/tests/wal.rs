//! The log while it is written: what it tells of itself, and which files it removes.

use super::server::{FRESH, IDENTITY, Server, at, entry, indexes, recovered, term};
use crate::storage::{Config, HardState, Segment, Trust, segment_file, segment_sequence};
use crate::types::{Index, NodeId, Term};

#[test]
fn only_names_that_segments_get_are_names_of_segments() {
    for sequence in [1, 99_999_999, 100_000_000, u64::MAX >> 1] {
        assert_eq!(segment_sequence(&segment_file(sequence)), Some(sequence));
    }
    let highest = segment_file(u64::MAX);
    for other in [
        "wal-1.log",
        "wal-00000000.log",
        "wal-+0000001.log",
        "wal-00000001.log.quarantine",
        "wal-.log",
        &highest,
    ] {
        assert_eq!(segment_sequence(other), None, "{other}");
    }
}

#[test]
fn the_log_tells_what_was_written() {
    let server = Server::with_history(IDENTITY);
    let written = HardState {
        term: Term(2),
        vote: Some(NodeId(1)),
    };
    assert_eq!(server.wal.hard_state(), written);
    assert_eq!(server.wal.commit(), Index(11));
    let segments: Vec<_> = server.wal.segments().map(Segment::file).collect();
    assert_eq!(segments, server.disk.named(".log"));
    let snapshots: Vec<_> = server.wal.snapshots().map(|mark| &mark.file).collect();
    assert_eq!(
        snapshots,
        server.disk.named(".snap").iter().collect::<Vec<_>>()
    );
}

#[test]
fn trimming_removes_the_segments_that_the_older_snapshot_covers_and_no_other() {
    let config = Config {
        segment_bytes: 1,
        ..Config::default()
    };
    let mut server = Server::with_config(IDENTITY, config);
    server.write(&[term(1)]);
    (1..=5).for_each(|index| server.write(&[entry(1, index)]));
    server.snapshot(2);
    server.snapshot(4);
    server.trim();
    let left: Vec<_> = (4..=8).map(segment_file).collect();
    assert_eq!(
        server.disk.named(".log"),
        left,
        "entry 3 stands in the fourth"
    );
    let state = recovered(&server.disk, FRESH);
    assert_eq!((indexes(&state), state.trust), (vec![5], Trust::Kept));
}

#[test]
fn the_segment_that_is_being_written_stays_whatever_covers_it() {
    let mut server = Server::with_config(IDENTITY, Config::default());
    server.write(&[term(1), entry(1, 1)]);
    server.install(at(1, 20));
    server.install(at(1, 30));
    server.trim();
    assert_eq!(server.disk.named(".log"), [segment_file(1)]);
    server.write(&[entry(1, 31)]);
    let state = recovered(&server.disk, FRESH);
    assert_eq!((indexes(&state), state.trust), (vec![31], Trust::Kept));
}
