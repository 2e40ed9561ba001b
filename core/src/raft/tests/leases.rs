//! Leases, the promises that they rest on, and check-quorum.

use super::{Cluster, N1, N2, N3, N4, N5, full};
use crate::raft::lease::Lease;
use crate::raft::{
    ClockJump, Config, Event, FollowReason, LeaseRefusal, Mandate, Membership, Message,
    PromiseReason, Raft, ReadId, ReadOutcome, ReadVia, Restored, Role, VoteRefusal, VoteRequest,
};
use crate::types::{Duration, Index, Instant, NodeId, Position, Term};
use std::sync::Arc;

fn lease_read(cluster: &mut Cluster, read: u64) {
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(read), ReadVia::Lease, out);
    });
}

/// Three servers of which the first leads, has committed in its term and holds a lease.
fn leased() -> Cluster {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    cluster
}

/// A candidate of the next term asks for a vote.
fn asked_for_vote(cluster: &mut Cluster, voter: NodeId, mandate: Mandate) {
    let term = cluster.server(voter).term().next();
    let last = Position::new(Term(9), Index(9));
    let request = Message::VoteRequest(VoteRequest {
        term,
        last,
        mandate,
    });
    cluster.with(voter, |server, now, out| {
        server.on_message(now, N3, request, out);
    });
}

#[test]
fn a_lease_counts_from_the_sending_of_the_round() {
    let mut cluster = leased();
    let sent = cluster.server(N1).deadline().expect("heartbeats");
    cluster.wake(N1);
    // The answers take long; the lease began when the question left.
    cluster.now = cluster.now + Duration::millis(40);
    cluster.deliver();
    let until = cluster.server(N1).lease_until();
    assert_eq!(until, Some(sent + full().lease()));
}

/// The answers of one follower are not those of the others.
#[test]
fn a_round_renews_the_lease_once_a_majority_has_answered_it() {
    let mut cluster = Cluster::configured(&[&[], &[], &[], &[], &[]], full());
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    let before = cluster.server(N1).lease_until();
    cluster.away = vec![N3, N4, N5];
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(cluster.server(N1).lease_until(), before, "two of five");
    cluster.away = vec![N4, N5];
    cluster.wake(N1);
    let sent = cluster.now;
    cluster.deliver();
    let until = cluster.server(N1).lease_until();
    assert_eq!(until, Some(sent + full().lease()), "three of five");
}

/// Whoever asks is not sent to a leader of long ago.
#[test]
fn a_leader_is_named_as_long_as_it_is_heard_and_names_itself_beyond() {
    let config = Config {
        clock_jump_bound: Duration::secs(3_600),
        ..full()
    };
    let mut cluster = Cluster::configured(&[&[], &[], &[]], config);
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(cluster.server(N2).recent_leader(), Some(N1));
    cluster.now = cluster.now + full().election_timeout_max + Duration::micros(1);
    for (node, named) in [(N1, Some(N1)), (N2, None)] {
        cluster.with(node, |server, now, out| {
            server.read(now, ReadId(1), ReadVia::Lease, out);
        });
        assert_eq!(cluster.server(node).leader(), Some(N1));
        assert_eq!(cluster.server(node).recent_leader(), named, "{node}");
    }
}

/// Of older ones it is not known when they began, so they renew no lease.
#[test]
fn when_a_round_began_is_remembered_of_the_latest_256() {
    let mut lease = Lease::default();
    for round in 1..=257 {
        lease.begin_round(Instant(round));
    }
    let began = [1, 2, 257, 258].map(|round| lease.began(round));
    assert_eq!(began, [None, Some(Instant(2)), Some(Instant(257)), None]);
}

#[test]
fn there_is_no_lease_without_check_quorum_nor_once_it_is_given_up() {
    let mut cluster = leased();
    assert!(cluster.server(N1).lease_until().is_some());
    cluster.with(N1, |server, now, out| {
        let to = server.transfer_leadership(now, Some(N2), out);
        assert_eq!(to, Ok(N2));
    });
    assert_eq!(cluster.server(N1).lease_until(), None);
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    assert_eq!(cluster.server(N1).lease_until(), None);
}

#[test]
fn silence_is_counted_from_the_latest_word_of_a_leader_or_its_latest_round() {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    let later = |cluster: &Cluster| cluster.now + Duration::millis(30);
    let now = later(&cluster);
    assert_eq!(cluster.server(N2).silence(now), None, "nobody led");
    cluster.elect(N1);
    cluster.wake(N1);
    let sent = cluster.now;
    cluster.now = cluster.now + Duration::millis(10);
    let received = cluster.now;
    cluster.deliver();
    let now = later(&cluster);
    for (node, heard) in [(N1, sent), (N2, received)] {
        assert_eq!(cluster.server(node).heard_at(), Some(heard), "{node}");
        let silence = now.since(heard);
        assert_eq!(cluster.server(node).silence(now), Some(silence), "{node}");
    }
}

#[test]
fn a_lease_read_needs_no_message() {
    let mut cluster = leased();
    lease_read(&mut cluster, 1);
    assert!(cluster.messages.is_empty());
    assert_eq!(
        cluster.output(N1).reads,
        [(ReadId(1), ReadOutcome::At(Index(1)))]
    );
}

#[test]
fn a_lease_that_is_over_answers_nothing() {
    let mut cluster = leased();
    let until = cluster.server(N1).lease_until().expect("a lease");
    cluster.away = vec![N2, N3];
    while cluster.now < until {
        cluster.wake(N1);
        cluster.deliver();
    }
    lease_read(&mut cluster, 1);
    assert!(
        cluster.output(N1).reads.is_empty(),
        "a quorum is asked instead"
    );
    let why = LeaseRefusal::Over { since: until };
    assert!(
        cluster
            .events(N1)
            .contains(&Event::LeaseReadRefused { why })
    );
}

/// etcd #7331, for leases: the new leader cannot know what its predecessor committed.
#[test]
fn a_lease_is_refused_before_the_first_commit_of_the_term() {
    let mut cluster = Cluster::configured(&[&[1], &[1], &[1]], full());
    cluster.wake(N1);
    while !matches!(cluster.server(N1).role(), Role::Leader(_)) {
        let (from, to, message) = cluster.messages.pop_front().expect("an election");
        cluster.with(to, |server, now, out| {
            server.on_message(now, from, message, out)
        });
    }
    lease_read(&mut cluster, 1);
    let why = LeaseRefusal::NothingCommittedInTerm { term: Term(2) };
    assert!(
        cluster
            .events(N1)
            .contains(&Event::LeaseReadRefused { why })
    );
    assert!(cluster.output(N1).reads.is_empty());
}

/// jraft #34, tikv #964: the clocks of leader and follower drift apart as far as they may.
#[test]
fn a_lease_ends_before_any_follower_may_vote() {
    let config = Config {
        clock_jump_bound: Duration::ZERO,
        ..Config::default()
    };
    let (slow, fast) = (
        1_000_000 - config.clock_drift_ppm,
        1_000_000 + config.clock_drift_ppm,
    );
    // True time, when both began at the same moment and the follower heard at once.
    let lease_over = config.lease().0 * 1_000_000 / slow;
    let promise_over = config.election_timeout_min.0 * 1_000_000 / fast;
    assert!(
        lease_over <= promise_over,
        "{lease_over} after {promise_over}"
    );
}

#[test]
fn who_heard_from_a_leader_passes_over_a_candidate_and_its_term() {
    let mut cluster = leased();
    asked_for_vote(&mut cluster, N2, Mandate::Silence);
    assert_eq!(
        cluster.server(N2).term(),
        Term(1),
        "a higher term is not even looked at"
    );
    assert!(cluster.messages.is_empty(), "and not answered");
    let heard = |event: &Event| {
        let why = PromiseReason::HeardFrom { leader: N1 };
        matches!(event, Event::VoteRefused { why: VoteRefusal::Promised { why: w, .. }, .. } if *w == why)
    };
    assert!(cluster.events(N2).iter().any(heard));
    // The leader's own word is enough not to wait.
    asked_for_vote(&mut cluster, N2, Mandate::Transfer);
    assert_eq!(cluster.server(N2).vote(), Some(N3));
}

#[test]
fn a_restarted_server_waits_the_lease_out_before_it_votes() {
    let mut cluster = leased();
    let restored = Restored {
        bootstrap: Membership::of_voters(&[N1, N2, N3]),
        term: Term(1),
        ..Restored::default()
    };
    let now = cluster.now;
    *cluster.server(N2) = Raft::new(N2, (Arc::new(full()), 1), restored, now);
    asked_for_vote(&mut cluster, N2, Mandate::Silence);
    assert_eq!(cluster.server(N2).vote(), None);
    cluster.now = now + full().election_timeout_min;
    asked_for_vote(&mut cluster, N2, Mandate::Silence);
    assert_eq!(cluster.server(N2).vote(), Some(N3));
}

#[test]
fn a_clock_jump_voids_the_lease_and_renews_the_promise() {
    let jumps = [(Duration::millis(400), true), (Duration::millis(40), false)];
    for (by, forward) in jumps {
        let mut cluster = leased();
        cluster.now = if forward {
            cluster.now + by
        } else {
            cluster.now - by
        };
        let now = cluster.now;
        lease_read(&mut cluster, 1);
        let jump = |event: &Event| match event {
            Event::ClockJumped {
                jump: ClockJump::Forward { .. },
            } => forward,
            Event::ClockJumped {
                jump: ClockJump::Back { by: seen },
            } => !forward && *seen == by,
            _ => false,
        };
        assert!(cluster.events(N1).iter().any(jump), "forward: {forward}");
        let why = LeaseRefusal::NotHeld;
        assert!(
            cluster
                .events(N1)
                .contains(&Event::LeaseReadRefused { why })
        );
        asked_for_vote(&mut cluster, N2, Mandate::Silence);
        assert_eq!(
            cluster.server(N2).term(),
            Term(1),
            "it may have heard just now"
        );
        assert_eq!(cluster.server(N2).promise().why, PromiseReason::ClockJumped);
        assert_eq!(
            cluster.server(N2).promise().until,
            now + full().election_timeout_min
        );
    }
}

#[test]
fn a_leader_that_hears_no_quorum_steps_down() {
    let mut cluster = leased();
    cluster.away = vec![N2, N3];
    while matches!(cluster.server(N1).role(), Role::Leader(_)) {
        cluster.wake(N1);
        cluster.deliver();
    }
    let why = FollowReason::QuorumLost {
        heard: vec![N1],
        waited: full().election_timeout_max,
    };
    let term = Term(1);
    assert!(
        cluster
            .events(N1)
            .contains(&Event::BecameFollower { term, why })
    );
}

/// What pre-vote is for: whoever was away asks in vain, and its term stays.
#[test]
fn a_server_that_asks_in_advance_disturbs_nobody() {
    let mut cluster = leased();
    cluster.away = vec![N3];
    let mut asked = 0;
    for _ in 0..30 {
        cluster.wake(N1);
        cluster.deliver();
        if cluster.server(N3).deadline() <= Some(cluster.now) {
            cluster.wake(N3);
            asked += cluster.messages.len();
            cluster.deliver();
        }
    }
    assert!(asked >= 4, "{asked} questions");
    assert_eq!(cluster.server(N3).term(), Term(1));
    cluster.away.clear();
    cluster.wake(N1);
    cluster.deliver();
    assert!(matches!(cluster.server(N1).role(), Role::Leader(_)));
    assert_eq!(cluster.server(N2).term(), Term(1));
}
