//! Reads whose answers are lost, and who confirms a leader.

use super::{Cluster, N1, N2, N3, bare};
use crate::raft::{Event, ReadId, ReadOutcome, ReadVia, Role};
use crate::types::{Address, Duration, Incarnation, Index, NodeId};

fn read(cluster: &mut Cluster, node: NodeId, read: u64) {
    cluster.with(node, |server, now, out| {
        server.read(now, ReadId(read), ReadVia::Quorum, out);
    });
}

/// The follower's leader lives all the while; each read is given up when its own time is over.
#[test]
fn a_read_whose_question_was_lost_fails_after_the_longest_election_timeout() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    let asked = cluster.now;
    let patience = bare().election_timeout_max;
    for (read_id, later) in [(1, 0), (2, 100)] {
        while cluster.now < asked + Duration::millis(later) {
            cluster.wake(N1);
            cluster.deliver();
        }
        read(&mut cluster, N3, read_id);
        cluster.messages.clear();
    }
    for (reads, later) in [(1, 0), (2, 100)] {
        let due = asked + Duration::millis(later) + patience;
        while cluster.now < due {
            assert_eq!(cluster.output(N3).reads.len(), reads - 1);
            cluster.wake(N1);
            cluster.deliver();
        }
        assert_eq!(cluster.server(N3).deadline(), Some(due));
        cluster.wake(N3);
        let failed: Vec<_> = (1..=reads as u64)
            .map(|read| (ReadId(read), ReadOutcome::Failed))
            .collect();
        assert_eq!(cluster.output(N3).reads, failed);
    }
    assert!(matches!(cluster.server(N3).role(), Role::Follower(_)));
}

/// It may have forgotten whom it follows: what it says does not make a quorum.
#[test]
fn a_voter_whose_seat_is_vacant_confirms_no_read() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    read(&mut cluster, N1, 1);
    cluster.deliver_to(N2);
    cluster.deliver_to(N3);
    let answers: Vec<_> = cluster.messages.drain(..).collect();
    for (speaker, confirmed) in [(N2, false), (N3, true)] {
        for (from, _, message) in answers.iter().filter(|(from, ..)| *from == speaker) {
            let incarnation = if *from == N2 {
                Incarnation(Incarnation::FIRST.0 + 1)
            } else {
                Incarnation::FIRST
            };
            let (node, message) = (*from, message.clone());
            cluster.with(N1, |server, now, out| {
                server.on_message(now, Address { node, incarnation }, message, out);
            });
        }
        let outcome = (ReadId(1), ReadOutcome::At(Index(1)));
        let expected: &[_] = if confirmed { &[outcome] } else { &[] };
        assert_eq!(cluster.output(N1).reads, expected, "{speaker} answered");
    }
    let (reads, index, by) = (1, Index(1), vec![N1, N3]);
    let confirmed = Event::ReadsConfirmed { reads, index, by };
    assert!(cluster.events(N1).contains(&confirmed));
}
