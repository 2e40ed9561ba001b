//! What the log says at its bounds: where it begins, where it ends, and where a segment ends.

use super::disk::MemoryDisk;
use super::server::{
    FRESH, IDENTITY, Server, at, check_idempotent, commit, entry, indexes, recovered, span, term,
};
use crate::storage::cases::Case;
use crate::storage::{Finding, Record, Recovered, Trust, segment_file, supersede};
use crate::types::{Incarnation, Index, Term};

fn history() -> Server {
    Server::with_history(IDENTITY)
}

/// The cases that are told, those of whole segments apart.
fn told(state: &Recovered) -> Vec<Case> {
    let cases = state.report.steps.iter().map(Finding::case);
    cases.filter(|case| *case != Case::SegmentRead).collect()
}

/// Recovers a disk of which nothing is missing.
fn kept(server: &Server) -> Recovered {
    let state = recovered(&server.disk, FRESH);
    assert_eq!(state.trust, Trust::Kept, "{:#?}", state.report);
    assert_eq!(server.promised.missing_in(&state), None);
    check_idempotent(&server.disk, &state);
    state
}

#[test]
fn of_a_whole_disk_only_what_is_used_is_told() {
    let server = history();
    let state = kept(&server);
    let used = [
        Case::HardStateUsed,
        Case::SnapshotUsed,
        Case::EntriesUsed,
        Case::Ready,
    ];
    assert_eq!(told(&state), used);
    let files = server.disk.named(".log").into_iter();
    let read = files.map(|file| {
        let written = server.records(&file);
        Finding::SegmentRead {
            file,
            records: written.len() as u64,
            entries: span(&written),
        }
    });
    let read: Vec<Finding> = read.collect();
    assert_eq!(state.report.steps[..read.len()], read);
}

#[test]
fn a_torn_tail_is_told_with_the_bytes_that_are_lost() {
    let mut server = history();
    server.write_unsynced(&[entry(2, 13)]);
    let (file, place) = server.find(13);
    server.disk.edit(&file, |bytes| bytes.truncate(place + 5));
    let state = kept(&server);
    let torn = Finding::TornTail {
        file,
        valid: place as u64,
        lost: 5,
    };
    assert!(state.report.steps.contains(&torn), "{:#?}", state.report);
}

#[test]
fn an_empty_segment_is_told_of_once() {
    let mut server = history();
    server.disk.put(&segment_file(50), Vec::new());
    let state = kept(&server);
    assert!(told(&state).contains(&Case::SegmentUnwritten));
    server.disk.execute(&state.repairs);
    let again = kept(&server);
    assert!(!told(&again).contains(&Case::SegmentUnwritten));
}

/// Somebody's file may have any number in its name.
#[test]
fn a_file_of_a_high_number_does_not_keep_a_server_from_its_start() {
    let mut server = history();
    server.disk.put(&segment_file(1 << 60), b"strange".to_vec());
    kept(&server);
    let mut disk = MemoryDisk::default();
    disk.put(&segment_file(1 << 60), b"strange".to_vec());
    assert_eq!(recovered(&disk, IDENTITY).trust, Trust::Kept);
}

/// Not beyond it: should the newest snapshot be damaged, the one before and the log are the same.
#[test]
fn a_snapshot_of_the_last_entry_leaves_the_log_behind_the_older_one() {
    let mut server = history();
    server.write(&[commit(12)]);
    server.snapshot(12);
    server.trim();
    let state = kept(&server);
    let used = [Case::HardStateUsed, Case::SnapshotUsed, Case::Ready];
    assert_eq!((told(&state), indexes(&state)), (used.to_vec(), vec![]));

    let newest = server.disk.named(".snap").pop().expect("two");
    server.flip(&newest, 60);
    let state = kept(&server);
    assert_eq!(indexes(&state), [9, 10, 11, 12]);
}

#[test]
fn a_snapshot_before_the_end_of_the_log_moves_no_end() {
    let mut server = history();
    server.snapshot(11);
    server.begin_segment();
    server.write(&[entry(2, 13)]);
    assert_eq!(indexes(&kept(&server)), [12, 13]);
}

#[test]
fn the_log_goes_on_behind_a_snapshot_that_is_ahead_of_it() {
    let mut server = history();
    let mark = server.save(at(2, 20));
    server.write(&[Record::Snapshot(mark), commit(20)]);
    server.begin_segment();
    server.write(&[entry(2, 21)]);
    assert_eq!(indexes(&kept(&server)), [21]);
}

/// A leader of a later term may send entries of a lower term than those in their place, and they
/// may stand before all that this server still knows of its log.
#[test]
fn a_leader_may_replace_entries_that_only_a_header_tells_of() {
    let mut server = Server::new(IDENTITY);
    server.write(&[term(1)]);
    (1..=9).for_each(|index| server.write(&[entry(1, index)]));
    server.write(&[term(2)]);
    (10..=12).for_each(|index| server.write(&[entry(2, index)]));
    let mut server = server.restarted();
    let mut segments = server.disk.named(".log");
    segments.pop();
    segments.iter().for_each(|file| server.disk.delete(file));
    server.write(&[term(3), entry(1, 10)]);
    let mark = server.save(at(1, 9));
    server.write(&[Record::Snapshot(mark), commit(9)]);
    assert_eq!(indexes(&kept(&server)), [10]);
}

#[test]
fn a_term_that_stands_behind_damage_is_reached_all_the_same() {
    let mut server = Server::new(IDENTITY);
    server.write(&[term(1), entry(1, 1)]);
    server.write(&[term(7)]);
    let (file, place) = server.find(1);
    server.flip(&file, place + 9);
    let state = recovered(&server.disk, FRESH);
    assert_eq!(state.trust, Trust::Lost(vec![Case::Damage]));
    assert_eq!(state.hard_state.term, Term(7));
}

#[test]
fn only_a_note_of_a_later_incarnation_supersedes() {
    let noted = |by| {
        let mut server = history();
        server.disk.execute(&supersede(by));
        recovered(&server.disk, FRESH).trust
    };
    let own = IDENTITY.incarnation;
    assert_eq!(noted(own), Trust::Kept);
    let later = Incarnation(own.0 + 1);
    assert_eq!(noted(later), Trust::Lost(vec![Case::Superseded]));
}

/// What a snapshot of this server covers is committed, named or not.
#[test]
fn of_what_is_left_the_state_that_reaches_furthest_is_kept() {
    let mut server = history();
    server.save(at(2, 20));
    let (file, place) = server.find(10);
    server.flip(&file, place + 9);
    let state = recovered(&server.disk, FRESH);
    assert_ne!(state.trust, Trust::Kept);
    let covers = state.snapshot.as_ref().map(|(covers, _)| *covers);
    assert_eq!((covers, state.commit), (Some(at(2, 20)), Index(20)));
}
