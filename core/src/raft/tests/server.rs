//! What holds for a server whatever its role.

use super::{Cluster, N1, N2, N3, entries, full};
use crate::raft::{Membership, Raft, ReadId, ReadOutcome, ReadVia, Restored, Role};
use crate::types::{Index, Instant};
use std::sync::Arc;

#[test]
#[should_panic(expected = "n1: base 0 <= commit 9 <= last 0")]
fn a_server_whose_invariant_is_broken_stops_and_tells_the_numbers() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.server(N1).commit = Index(9);
    cluster.with(N1, |server, now, out| server.on_deadline(now, out));
}

/// A process that was killed leaves writes that read back well, and that a loss of power would
/// still take.
#[test]
fn what_was_restored_is_unproven_until_the_first_record_is_durable() {
    for unproven in [true, false] {
        let restored = Restored {
            bootstrap: Membership::of_voters(&[N1, N2, N3]),
            unproven,
            entries: entries(&[1, 1]),
            ..Restored::default()
        };
        let mut cluster = Cluster::new(&[&[], &[], &[]]);
        cluster.fast_disks = false;
        *cluster.server(N1) = Raft::new(N1, (Arc::new(full()), 1), restored, Instant::ZERO);
        let server = cluster.server(N1);
        let proven = if unproven { Index::ZERO } else { Index(2) };
        assert_eq!(
            (server.is_unproven(), server.durable_last()),
            (unproven, proven)
        );
        if unproven {
            cluster.with(N1, |server, now, out| server.on_durable(now, 1, out));
        }
        let server = cluster.server(N1);
        assert_eq!(
            (server.is_unproven(), server.durable_last()),
            (false, Index(2))
        );
    }
}

#[test]
fn a_read_that_waits_in_vain_ends_without_an_election_while_the_leader_lives() {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    cluster.with(N3, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Quorum, out);
    });
    cluster.messages.clear();
    let given_up_at = cluster.now + full().election_timeout_max;
    while cluster.now < given_up_at {
        assert!(cluster.output(N3).reads.is_empty());
        cluster.wake(N1);
        cluster.deliver();
    }
    assert_eq!(cluster.server(N3).deadline(), Some(given_up_at));
    cluster.wake(N3);
    let failed = (ReadId(1), ReadOutcome::Failed);
    assert_eq!(cluster.output(N3).reads, [failed]);
    assert!(matches!(cluster.server(N3).role(), Role::Follower(_)));
}
