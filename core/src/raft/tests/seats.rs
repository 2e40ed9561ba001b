//! Voters that come back without their memory, on servers whose messages are delivered by hand.

use super::{Cluster, N1, N2, N3, N4, at, full};
use crate::raft::{
    AppendOutcome, AppendResponse, Conflict, Event, Mandate, Membership, MembershipChange, Message,
    Output, PreVoteRequest, Progress, Raft, Restored, Return, Role, Standing, VoteRefusal,
    VoteRequest, VoteResponse,
};
use crate::types::{Address, Duration, Incarnation, Index, Instant, NodeId, Term};
use std::sync::Arc;

const SECOND: Incarnation = Incarnation(2);

fn address(node: NodeId, incarnation: Incarnation) -> Address {
    Address { node, incarnation }
}

/// Three voters of which the first leads; all hold one command, which is committed.
fn leading() -> Cluster {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    cluster.elect(N1);
    cluster.propose(N1, "x");
    deliver(&mut cluster);
    beat(&mut cluster, 1);
    cluster
}

/// Delivers until nothing is on its way; every sender speaks under its own incarnation.
fn deliver(cluster: &mut Cluster) {
    while let Some((from, to, message)) = cluster.messages.pop_front() {
        if !cluster.away.contains(&from) && !cluster.away.contains(&to) {
            let sender = address(from, cluster.server(from).incarnation());
            cluster.with(to, |server, now, out| {
                server.on_message(now, sender, message, out);
            });
        }
    }
}

fn beat(cluster: &mut Cluster, times: u64) {
    for _ in 0..times {
        cluster.wake(N1);
        deliver(cluster);
    }
}

/// The server starts again with an empty disk, in this life of its memory.
fn start_empty(cluster: &mut Cluster, node: NodeId, incarnation: Incarnation) {
    let restored = Restored {
        bootstrap: Membership::of_voters(&[N1, N2, N3]),
        incarnation,
        ..Restored::default()
    };
    let setup = (Arc::new(full()), incarnation.0);
    *cluster.server(node) = Raft::new(node, setup, restored, cluster.now);
}

/// The server hears a message that changes nothing but what it knows of the sender.
fn hear(cluster: &mut Cluster, node: NodeId, from: Address) {
    let question = PreVoteRequest {
        term: Term::ZERO,
        last: at(0, 0),
    };
    let message = Message::PreVoteRequest(question);
    cluster.with(node, |server, now, out| {
        server.on_message(now, from, message, out);
    });
}

fn known(cluster: &mut Cluster, follower: NodeId) -> Progress {
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let mut all = leader.progress.iter();
    let known = all.find(|known| known.node == follower);
    known.expect("it sends to everyone").clone()
}

fn denials(cluster: &Cluster) -> usize {
    let told = cluster.events(N1).iter();
    told.filter(|event| matches!(event, Event::AcknowledgedDenied { .. }))
        .count()
}

#[test]
fn who_forgot_what_it_promised_neither_votes_nor_stands() {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    start_empty(&mut cluster, N3, SECOND);
    let server = cluster.server(N3);
    assert_eq!(server.incarnation(), SECOND);
    assert_eq!(server.standing(), Standing::Unseated);
    assert_eq!(server.deadline(), None);
    let (term, last) = (Term(1), at(0, 0));
    let mandate = Mandate::Transfer;
    let requests = [
        Message::PreVoteRequest(PreVoteRequest { term, last }),
        Message::VoteRequest(VoteRequest {
            term,
            last,
            mandate,
        }),
    ];
    cluster.now = cluster.now + full().election_timeout_min;
    for request in requests {
        cluster.with(N3, |server, now, out| {
            server.on_message(now, N2, request, out);
        });
    }
    let (candidate, incarnation) = (N2, SECOND);
    let why = VoteRefusal::Unseated { incarnation };
    for refused in [
        Event::PreVoteRefused {
            candidate,
            why: why.clone(),
        },
        Event::VoteRefused { candidate, why },
    ] {
        assert!(cluster.events(N3).contains(&refused), "{refused:?}");
    }
    assert_eq!(cluster.server(N3).vote(), None);
}

#[test]
fn a_seat_is_vacant_until_its_new_incarnation_is_named_and_has_caught_up() {
    let mut cluster = leading();
    start_empty(&mut cluster, N3, SECOND);
    cluster.away = vec![N2];
    beat(&mut cluster, 1);
    let from = address(N3, SECOND);
    let former = Incarnation::FIRST;
    let heard = Event::IncarnationHeard { from, former };
    assert!(cluster.events(N1).contains(&heard));
    let committed = cluster.server(N1).commit();
    cluster.propose(N1, "y");
    deliver(&mut cluster);
    let last = cluster.server(N1).log().last().index;
    assert_eq!(known(&mut cluster, N3).matched, last);
    assert_eq!(cluster.server(N1).commit(), committed, "it has no seat");
    cluster.away.clear();
    beat(&mut cluster, 4);
    let (address, seated) = (from, true);
    for node in [N1, N2, N3] {
        let server = cluster.server(node);
        assert_eq!(server.membership().returned, [Return { address, seated }]);
        assert_eq!(server.vacant_seats(), []);
        assert_eq!(server.standing(), Standing::Voter, "{node}");
    }
    assert_eq!(denials(&cluster), 0, "it never acknowledged what it lost");
}

#[test]
fn a_seat_is_not_given_back_because_another_server_has_caught_up() {
    let mut cluster = leading();
    start_empty(&mut cluster, N3, SECOND);
    hear(&mut cluster, N1, address(N3, SECOND));
    cluster.away = vec![N3];
    beat(&mut cluster, 2);
    let (address, seated) = (address(N3, SECOND), false);
    for node in [N1, N2] {
        let server = cluster.server(node);
        assert_eq!(server.membership().returned, [Return { address, seated }]);
        assert_eq!(server.membership_index(), server.commit());
        assert_eq!(server.vacant_seats(), [N3], "{node} knows it from the log");
    }
    cluster.away.clear();
    beat(&mut cluster, 3);
    assert_eq!(cluster.server(N1).vacant_seats(), []);
}

/// The voter's former life may have given its vote of this term to somebody else.
#[test]
fn a_vote_from_a_vacant_seat_elects_nobody() {
    for (incarnation, elected) in [(Incarnation::FIRST, true), (SECOND, false)] {
        let mut cluster = Cluster::new(&[&[], &[], &[]]);
        cluster.wake(N1);
        let (term, granted) = (Term(1), true);
        let vote = Message::VoteResponse(VoteResponse { term, granted });
        let voter = address(N3, incarnation);
        cluster.with(N1, |server, now, out| {
            server.on_message(now, voter, vote, out);
        });
        let leads = matches!(cluster.server(N1).role(), Role::Leader(_));
        assert_eq!(leads, elected, "{voter}");
    }
}

#[test]
fn a_quorum_bears_one_vacant_seat_of_three_and_is_lost_with_the_second() {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    assert!(!cluster.server(N1).seats_lost());
    hear(&mut cluster, N1, address(N2, SECOND));
    assert_eq!(cluster.server(N1).vacant_seats(), [N2]);
    assert!(!cluster.server(N1).seats_lost());
    hear(&mut cluster, N1, address(N3, SECOND));
    assert_eq!(cluster.server(N1).vacant_seats(), [N2, N3]);
    assert!(cluster.server(N1).seats_lost());
    let (vacant, needed) = (vec![N2, N3], 2);
    let lost = Event::SeatsLost { vacant, needed };
    assert!(cluster.events(N1).contains(&lost));
    let joining = Raft::new(N4, (Arc::new(full()), 4), Restored::default(), cluster.now);
    assert!(!joining.seats_lost(), "who knows no members misses none");
}

/// Its disk has lost what it acknowledged, and its recovery saw no trace of that.
#[test]
fn a_follower_that_denies_what_it_acknowledged_loses_its_seat_until_it_has_caught_up() {
    let mut cluster = leading();
    let (before, last) = (known(&mut cluster, N3), Index::ZERO);
    let matched = known(&mut cluster, N2).matched;
    start_empty(&mut cluster, N2, Incarnation::FIRST);
    cluster.away = vec![N3];
    beat(&mut cluster, 1);
    let follower = Address::from(N2);
    let denied = Event::AcknowledgedDenied {
        follower,
        matched,
        last,
    };
    assert!(cluster.events(N1).contains(&denied));
    assert_eq!(known(&mut cluster, N2).matched, Index::ZERO);
    assert_eq!(known(&mut cluster, N3).matched, before.matched);
    assert_eq!(cluster.server(N1).vacant_seats(), [N2]);
    // What its former life says does not count any more; it learns so, and starts anew.
    let committed = cluster.server(N1).commit();
    beat(&mut cluster, 1);
    assert_eq!(cluster.server(N1).commit(), committed);
    start_empty(&mut cluster, N2, SECOND);
    cluster.away.clear();
    beat(&mut cluster, 4);
    let (address, seated) = (address(N2, SECOND), true);
    let membership = cluster.server(N1).membership();
    assert_eq!(membership.returned, [Return { address, seated }]);
    assert_eq!(cluster.terms(N2), cluster.terms(N1));
    assert_eq!(denials(&cluster), 1);
}

/// A refusal that was on its way for long says what was true before the acknowledgement; the
/// follower's own clock tells.
#[test]
fn a_refusal_from_before_the_acknowledgement_denies_nothing() {
    let mut cluster = leading();
    let acknowledged = known(&mut cluster, N2);
    let matched_at = acknowledged.matched_at.expect("it told its clock");
    let refuse = |cluster: &mut Cluster, clock: Instant, last: Index| {
        let conflict = Conflict {
            previous: at(1, 1),
            last,
            conflicting: None,
        };
        let response = AppendResponse {
            term: Term(1),
            round: 0,
            clock,
            outcome: AppendOutcome::Rejected(conflict),
        };
        let message = Message::AppendResponse(response);
        cluster.with(N1, |server, now, out| {
            server.on_message(now, N2, message, out);
        });
    };
    let later = matched_at + Duration::micros(1);
    refuse(&mut cluster, matched_at, Index::ZERO);
    refuse(&mut cluster, later, acknowledged.matched);
    assert_eq!(denials(&cluster), 0);
    assert_eq!(cluster.server(N1).vacant_seats(), []);
    refuse(&mut cluster, later, Index::ZERO);
    assert_eq!(denials(&cluster), 1);
    assert_eq!(cluster.server(N1).vacant_seats(), [N2]);
}

/// The seats are given away one after the other, so for a while only what was heard tells.
#[test]
fn a_denial_does_not_make_a_leader_forget_who_else_came_back() {
    let mut cluster = leading();
    cluster.away = vec![N2, N3];
    // The entry that names the second life is not committed when the third one speaks.
    hear(&mut cluster, N1, address(N3, SECOND));
    hear(&mut cluster, N1, address(N3, Incarnation(3)));
    start_empty(&mut cluster, N2, Incarnation::FIRST);
    cluster.away = vec![N3];
    beat(&mut cluster, 1);
    assert_eq!(denials(&cluster), 1);
    let server = cluster.server(N1);
    assert_eq!(server.incarnation_of(N3), Incarnation(3));
    assert_eq!(server.incarnation_of(N2), SECOND);
    assert_eq!(server.vacant_seats(), [N2, N3]);
}

#[test]
fn a_newcomer_gets_its_vote_under_the_incarnation_that_it_speaks_under() {
    let table = [
        (Incarnation::FIRST, vec![]),
        (
            Incarnation(3),
            vec![Return {
                address: address(N4, Incarnation(3)),
                seated: true,
            }],
        ),
    ];
    for (incarnation, returned) in table {
        let mut cluster = leading();
        let restored = Restored {
            incarnation,
            ..Restored::default()
        };
        let newcomer = Raft::new(N4, (Arc::new(full()), 4), restored, cluster.now);
        cluster.servers.push(newcomer);
        cluster.outputs.push(Output::default());
        cluster.with(N1, |server, now, out| {
            let change = MembershipChange {
                voters: vec![N1, N2, N3, N4],
                learners: vec![],
            };
            assert_eq!(server.change_membership(now, change, out), Ok(()));
        });
        beat(&mut cluster, 4);
        let membership = cluster.server(N1).membership();
        assert_eq!(membership.voters, [N1, N2, N3, N4]);
        assert_eq!(membership.returned, returned);
        assert_eq!(cluster.server(N4).standing(), Standing::Voter);
        let earned = |event: &Event| matches!(event, Event::SeatEarned { .. });
        assert!(!cluster.events(N1).iter().any(earned), "it lost none");
    }
}

#[test]
fn who_left_and_comes_back_without_its_memory_is_let_go_all_the_same() {
    let mut cluster = leading();
    cluster.away = vec![N3];
    cluster.with(N1, |server, now, out| {
        let change = MembershipChange {
            voters: vec![N1, N2],
            learners: vec![],
        };
        assert_eq!(server.change_membership(now, change, out), Ok(()));
    });
    deliver(&mut cluster);
    start_empty(&mut cluster, N3, SECOND);
    cluster.away.clear();
    beat(&mut cluster, 1);
    assert_eq!(cluster.server(N1).incarnation_of(N3), SECOND);
    beat(&mut cluster, 1);
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let sent_to = leader.progress.iter().map(|known| known.node);
    assert_eq!(sent_to.collect::<Vec<_>>(), [N2]);
    assert_eq!(cluster.server(N3).standing(), Standing::Outsider);
}
