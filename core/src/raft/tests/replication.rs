//! What a leader makes of its followers' acknowledgements and refusals.

use super::{Cluster, N1, N2, N3};
use crate::raft::{AppendOutcome, AppendResponse, Event, Message, Role};
use crate::types::Index;

/// Only a server of another cluster, or of another life of this one, can hold more in the
/// leader's term than the leader.
#[test]
fn an_acknowledgement_beyond_the_leaders_log_counts_for_nothing() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.with(N1, |server, now, out| {
        let response = AppendResponse {
            term: server.term(),
            round: server.round(),
            clock: now,
            outcome: AppendOutcome::Accepted { matched: Index(9) },
        };
        server.on_message(now, N2, Message::AppendResponse(response), out);
    });
    let server = cluster.server(N1);
    assert_eq!(server.commit(), Index(1));
    let Role::Leader(leader) = server.role() else {
        panic!("it leads")
    };
    let known = leader.progress.iter().find(|p| p.node == N2);
    let known = known.expect("it is a member");
    assert_eq!((known.matched, known.next), (Index(1), Index(2)));
}

/// Raft paper, end of section 5.3. The follower's log is longer in a term that both know, or knows
/// a term that the leader's log does not, or is short.
#[test]
fn a_leader_goes_back_to_the_last_place_where_the_logs_can_agree() {
    let table: [(&[u64], &[u64], u64); 4] = [
        (&[1, 2, 2, 2, 4, 4, 4, 4], &[1, 2, 2, 2, 2, 2, 2, 2], 5),
        (&[1, 1, 1, 1, 1, 1, 4, 4], &[1, 1, 2, 2, 2, 2, 2, 2], 3),
        (&[1, 1, 1, 3, 3, 3, 3, 3], &[2, 2, 2, 2, 2, 2, 2, 2], 1),
        (&[1, 1, 1, 3, 3, 3, 3, 3], &[1, 1], 3),
    ];
    for (own, other, expected) in table {
        let mut cluster = Cluster::new(&[own, own, other]);
        cluster.elect(N1);
        let probes = cluster.events(N1).iter().filter_map(|event| match event {
            Event::FollowerProbed {
                follower: N3, next, ..
            } => Some(next.0),
            _ => None,
        });
        let probes: Vec<u64> = probes.collect();
        assert_eq!(probes, [expected], "{own:?} and {other:?}");
        let terms = cluster.terms(N1);
        assert_eq!(cluster.terms(N3), terms);
    }
}
