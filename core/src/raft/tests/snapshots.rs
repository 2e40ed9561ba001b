//! Snapshots between servers, piece by piece, and what compaction leaves.

use super::{Cluster, N1, N2, N3, at, bare, snapshot};
use crate::raft::{
    Config, Event, Message, Role, Sending, SnapshotOutcome, SnapshotRequest, SnapshotResponse,
    Transfer,
};
use crate::types::{Duration, Index, Position, Rope, Term};
use bytes::Bytes;

/// So fast that no piece waits for the one before.
const UNBOUNDED: u64 = 1 << 40;

/// A leader that begins to send a snapshot of so many bytes, in pieces of 1,024.
fn sending(bytes: usize, snapshot_bytes_per_second: u64) -> Cluster {
    let config = Config {
        snapshot_chunk_bytes: 1_024,
        snapshot_inflight: 4,
        snapshot_bytes_per_second,
        ..bare()
    };
    let mut cluster = Cluster::configured(&[&[], &[], &[]], config);
    cluster.elect(N1);
    cluster.away = vec![N3];
    for _ in 0..5 {
        cluster.propose(N1, "x");
        cluster.deliver();
    }
    take_snapshot(&mut cluster, at(1, 6), bytes);
    cluster.away.clear();
    // The follower refuses the heartbeat, so its leader knows that it needs the snapshot.
    cluster.wake(N1);
    cluster.deliver_to(N2);
    cluster.deliver_to(N3);
    cluster.deliver_to(N1);
    cluster
}

fn take_snapshot(cluster: &mut Cluster, covers: Position, bytes: usize) {
    let taken = snapshot(covers, Bytes::from(vec![7; bytes]));
    cluster.with(N1, |server, _, out| server.on_snapshot_taken(taken, out));
}

/// Where the pieces on their way begin, and how long they are.
fn pieces(cluster: &Cluster) -> Vec<(u64, usize)> {
    let messages = cluster.messages.iter();
    messages
        .filter_map(|(.., message)| match message {
            Message::SnapshotRequest(piece) => Some((piece.offset, piece.data.len())),
            _ => None,
        })
        .collect()
}

fn transfer(cluster: &mut Cluster) -> Transfer {
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let mut states = leader.progress.iter().map(|known| &known.state);
    let found = states.find_map(|state| match state {
        Sending::Snapshot(transfer) => Some(transfer.clone()),
        Sending::Probe { .. } | Sending::Replicate { .. } => None,
    });
    found.expect("a snapshot is on its way")
}

#[test]
fn a_window_of_pieces_is_on_its_way_and_every_answer_lets_the_next_one_go() {
    let mut cluster = sending(5_000, UNBOUNDED);
    let window = [(0, 1_024), (1_024, 1_024), (2_048, 1_024), (3_072, 1_024)];
    assert_eq!(pieces(&cluster), window);
    cluster.deliver_to(N3);
    let (from, to, answer) = cluster.messages.pop_front().expect("four answers");
    cluster.with(to, |server, now, out| {
        server.on_message(now, from, answer, out);
    });
    assert_eq!(pieces(&cluster), [(4_096, 904)], "the last one is shorter");
    cluster.deliver();
    assert_eq!(transfer(&mut cluster).acknowledged, 5_000);
    assert_eq!(transfer(&mut cluster).under_way(), 0);
    assert!(cluster.output(N3).received.is_some());
}

#[test]
fn a_piece_waits_until_the_bandwidth_has_carried_the_one_before() {
    // 1,024 bytes take 15.625 ms.
    let mut cluster = sending(1_500, 64 << 10);
    assert_eq!(pieces(&cluster), [(0, 1_024)]);
    let next_at = cluster.now + Duration::micros(15_625);
    assert_eq!(cluster.server(N1).deadline(), Some(next_at));
    cluster.messages.clear();
    cluster.wake(N1);
    assert_eq!(cluster.now, next_at);
    assert_eq!(pieces(&cluster), [(1_024, 476)]);
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let carried_at = next_at + Duration::micros(476 * 1_000_000 / (64 << 10));
    assert_eq!(leader.snapshot_paced_until, carried_at);
}

/// It would stand for election otherwise, again and again.
#[test]
fn a_follower_that_waits_for_a_slow_piece_hears_from_its_leader_meanwhile() {
    // One piece takes a second.
    let mut cluster = sending(3_000, 1_024);
    let next_at = cluster.now + Duration::secs(1);
    cluster.deliver();
    while cluster.now < next_at {
        cluster.wake(N1);
        let piece = if cluster.now < next_at { 0 } else { 1_024 };
        assert_eq!(pieces(&cluster), [(1_024, piece)], "at {}", cluster.now);
        cluster.deliver();
        let now = cluster.now;
        assert_eq!(cluster.server(N3).silence(now), Some(Duration::ZERO));
    }
    assert_eq!(transfer(&mut cluster).acknowledged, 2_048);
}

#[test]
fn a_piece_that_may_leave_with_the_heartbeat_needs_no_empty_one_beside_it() {
    // One piece takes as long as a heartbeat.
    let interval = bare().heartbeat_interval;
    let mut cluster = sending(3_000, 1_024 * 1_000_000 / interval.as_micros());
    let sent_at = cluster.now;
    cluster.messages.clear();
    cluster.wake(N1);
    assert_eq!(cluster.now, sent_at + interval);
    assert_eq!(pieces(&cluster), [(0, 1_024)], "the lost one again");
}

#[test]
fn what_a_follower_holds_of_an_older_snapshot_says_nothing_of_a_newer_one() {
    let mut cluster = sending(5_000, UNBOUNDED);
    cluster.deliver_to(N3);
    let answers: Vec<_> = cluster.messages.drain(..).collect();
    cluster.propose(N1, "y");
    cluster.deliver_to(N2);
    cluster.deliver_to(N1);
    take_snapshot(&mut cluster, at(1, 7), 5_000);
    cluster.propose(N1, "z");
    assert_eq!(transfer(&mut cluster).covers, at(1, 7));
    cluster.messages.clear();
    for (from, to, answer) in answers {
        cluster.with(to, |server, now, out| {
            server.on_message(now, from, answer, out);
        });
    }
    assert_eq!(transfer(&mut cluster).acknowledged, 0);
}

/// No follower of this leader can: the answer is not believed.
#[test]
fn an_answer_that_claims_more_than_the_leader_holds_changes_nothing() {
    let mut cluster = sending(5_000, UNBOUNDED);
    let last = cluster.server(N1).log().last().index;
    let before = transfer(&mut cluster);
    let mut answer = |matched| {
        let response = SnapshotResponse {
            term: Term(1),
            round: 0,
            covers: at(1, 6),
            outcome: SnapshotOutcome::Installed { matched },
        };
        let message = Message::SnapshotResponse(response);
        cluster.with(N1, |server, now, out| {
            server.on_message(now, N3, message, out);
        });
        let finished = |event: &Event| matches!(event, Event::SnapshotSendFinished { .. });
        cluster.events(N1).iter().any(finished)
    };
    assert!(!answer(last.next()));
    assert!(answer(last));
    assert_eq!(before.covers, at(1, 6));
}

/// The bytes of a snapshot that the tests below send by hand.
const WHOLE: &[u8] = b"0123456789";

/// A piece of a snapshot whose whole has this size and checksum.
fn piece(covers: Position, (total, checksum): (u64, u32), offset: u64, data: &[u8]) -> Message {
    Message::SnapshotRequest(SnapshotRequest {
        term: Term(1),
        round: 0,
        covers,
        offset,
        total,
        checksum,
        data: Bytes::copy_from_slice(data),
    })
}

fn whole() -> (u64, u32) {
    (10, Rope::from(Bytes::from_static(WHOLE)).checksum())
}

/// The follower takes the message; returns how many bytes it says that it holds.
fn take(cluster: &mut Cluster, message: Message) -> u64 {
    cluster.with(N3, |server, now, out| {
        server.on_message(now, N1, message, out);
    });
    match cluster.messages.pop_back() {
        Some((N3, N1, Message::SnapshotResponse(response))) => match response.outcome {
            SnapshotOutcome::Received { bytes } => bytes,
            SnapshotOutcome::Installed { matched } => panic!("nothing of {matched} is committed"),
        },
        other => panic!("an answer to the leader, not {other:?}"),
    }
}

/// A follower that holds the first half of a snapshot.
fn receiving() -> Cluster {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    assert_eq!(
        take(&mut cluster, piece(at(1, 6), whole(), 0, &WHOLE[..5])),
        5
    );
    cluster
}

#[test]
fn pieces_of_snapshots_that_differ_in_anything_are_never_put_together() {
    let (total, checksum) = whole();
    let others = [
        (at(1, 7), (total, checksum)),
        (at(1, 6), (total - 1, checksum)),
        (at(1, 6), (total, checksum ^ 1)),
    ];
    for (covers, other) in others {
        let mut cluster = receiving();
        assert_eq!(take(&mut cluster, piece(covers, other, 5, b"56")), 0);
        assert_eq!(take(&mut cluster, piece(covers, other, 0, b"abc")), 3);
        let incoming = cluster.server(N3).incoming().expect("it began anew");
        assert_eq!((incoming.covers, incoming.total), (covers, other.0));
        assert_eq!(incoming.data.to_bytes(), Bytes::from_static(b"abc"));
    }
}

#[test]
fn only_the_piece_that_follows_is_taken_and_none_beyond_the_end() {
    let refused: [(u64, &[u8]); 4] = [(0, b"01234"), (4, b"4"), (7, b"789"), (5, b"567890")];
    for (offset, data) in refused {
        let mut cluster = receiving();
        let message = piece(at(1, 6), whole(), offset, data);
        assert_eq!(take(&mut cluster, message), 5, "{offset}");
        let incoming = cluster.server(N3).incoming().expect("half of it");
        assert_eq!(incoming.data.to_bytes(), Bytes::from_static(&WHOLE[..5]));
    }
}

#[test]
fn a_snapshot_is_handed_on_when_its_last_piece_arrives_and_only_once() {
    let mut cluster = receiving();
    let last = piece(at(1, 6), whole(), 5, &WHOLE[5..]);
    assert_eq!(cluster.output(N3).received, None);
    assert_eq!(take(&mut cluster, last.clone()), 10);
    let received = cluster.outputs[2].received.take().expect("it is whole");
    assert_eq!(received.covers, at(1, 6));
    assert_eq!(received.data.to_bytes(), Bytes::from_static(WHOLE));
    assert_eq!(take(&mut cluster, last), 10);
    assert_eq!(cluster.output(N3).received, None);
}

#[test]
fn an_installed_snapshot_is_told_to_the_leader() {
    let mut cluster = receiving();
    let stored = snapshot(at(1, 6), Bytes::from_static(WHOLE));
    cluster.with(N3, |server, now, out| {
        server.on_snapshot_stored(now, stored, out);
    });
    let matched = Index(6);
    let response = SnapshotResponse {
        term: Term(1),
        round: 0,
        covers: at(1, 6),
        outcome: SnapshotOutcome::Installed { matched },
    };
    let told = (N3, N1, Message::SnapshotResponse(response));
    assert_eq!(cluster.messages, [told]);
}

#[test]
fn compaction_leaves_the_trailing_entries() {
    // How many trail, the first entry that is left, and how many went.
    let table = [(0, 6, 5), (2, 4, 3), (4, 2, 1), (5, 1, 0), (9, 1, 0)];
    for (trailing_entries, first, entries) in table {
        let config = Config {
            trailing_entries,
            ..bare()
        };
        let mut cluster = Cluster::configured(&[&[]], config);
        cluster.elect(N1);
        for _ in 0..5 {
            cluster.propose(N1, "x");
        }
        let (covers, first) = (at(1, 5), Index(first));
        take_snapshot(&mut cluster, covers, 10);
        assert_eq!(cluster.server(N1).log().first(), first);
        assert_eq!(cluster.server(N1).log().last(), at(1, 6));
        let compacted = Event::LogCompacted {
            first,
            covers,
            entries,
        };
        assert!(cluster.events(N1).contains(&compacted), "{compacted:?}");
    }
}
