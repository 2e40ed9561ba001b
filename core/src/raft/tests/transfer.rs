//! Handing leadership over, and bounds on what a leader takes.

use super::{Cluster, N1, N2, N3, bare, full};
use crate::raft::{
    Config, Event, LeaseRefusal, Message, Output, ProposeRefusal, Raft, ReadId, ReadVia, Restored,
    Role, TimeoutNow, TransferRefusal,
};
use crate::types::{NodeId, Term};
use bytes::Bytes;
use std::sync::Arc;

fn leading() -> Cluster {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    cluster
}

fn hand_over(cluster: &mut Cluster, to: Option<NodeId>) -> Result<NodeId, TransferRefusal> {
    let mut begun = Err(TransferRefusal::NotLeader);
    cluster.with(N1, |server, now, out| {
        begun = server.transfer_leadership(now, to, out)
    });
    begun
}

fn asks_to_stand(cluster: &Cluster) -> usize {
    let messages = cluster.messages.iter();
    messages
        .filter(|(.., message)| matches!(message, Message::TimeoutNow(_)))
        .count()
}

fn propose(cluster: &mut Cluster, bytes: usize) -> Result<(), ProposeRefusal> {
    let mut outcome = Ok(());
    let command = Bytes::from(vec![0; bytes]);
    cluster.with(N1, |server, now, out| {
        outcome = server.propose(now, &[command], out).map(|_| ());
    });
    outcome
}

#[test]
fn a_successor_is_asked_only_when_it_has_everything() {
    let mut cluster = leading();
    cluster.propose(N1, "x");
    assert_eq!(hand_over(&mut cluster, Some(N2)), Ok(N2));
    assert_eq!(asks_to_stand(&cluster), 0);
    let refused = ProposeRefusal::HandingOver { to: N2 };
    assert_eq!(propose(&mut cluster, 1), Err(refused));
    cluster.deliver();
    assert!(matches!(cluster.server(N2).role(), Role::Leader(_)));
    assert_eq!(cluster.server(N2).term(), Term(2));
    assert!(matches!(cluster.server(N1).role(), Role::Follower(_)));
}

#[test]
fn without_a_name_the_most_complete_log_is_chosen() {
    let mut cluster = leading();
    cluster.away = vec![N2];
    cluster.propose(N1, "x");
    cluster.deliver();
    assert_eq!(hand_over(&mut cluster, None), Ok(N3));
}

#[test]
fn impossible_transfers_are_named() {
    let mut cluster = leading();
    let refused = |cluster: &mut Cluster, to| hand_over(cluster, Some(to)).expect_err("impossible");
    assert_eq!(refused(&mut cluster, N1), TransferRefusal::LeadsAlready);
    let node = NodeId(7);
    assert_eq!(
        refused(&mut cluster, node),
        TransferRefusal::NoVoter { node }
    );
    assert_eq!(hand_over(&mut cluster, Some(N2)), Ok(N2));
    let to = N2;
    assert_eq!(
        refused(&mut cluster, N3),
        TransferRefusal::InProgress { to }
    );
}

/// The request to stand may arrive after the leader has given the attempt up, and voters let its
/// bearer pass: so there is no lease any more in this term.
#[test]
fn a_transfer_gives_the_lease_up_even_when_it_fails() {
    let mut cluster = leading();
    assert_eq!(hand_over(&mut cluster, Some(N2)), Ok(N2));
    assert_eq!(asks_to_stand(&cluster), 1);
    cluster.away = vec![N2];
    while cluster.server(N1).handing_over_to().is_some() {
        cluster.wake(N1);
        cluster.deliver();
    }
    let aborted = Event::TransferAborted {
        to: N2,
        asked: true,
    };
    assert!(cluster.events(N1).contains(&aborted));
    assert_eq!(propose(&mut cluster, 1), Ok(()));
    cluster.deliver();
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Lease, out);
    });
    let why = LeaseRefusal::GivenUp;
    assert!(
        cluster
            .events(N1)
            .contains(&Event::LeaseReadRefused { why })
    );
}

#[test]
fn a_lost_request_to_stand_is_repeated_with_the_heartbeat() {
    let mut cluster = leading();
    assert_eq!(hand_over(&mut cluster, Some(N2)), Ok(N2));
    cluster.messages.clear();
    cluster.wake(N1);
    assert_eq!(asks_to_stand(&cluster), 1);
    cluster.deliver();
    assert!(matches!(cluster.server(N2).role(), Role::Leader(_)));
}

#[test]
fn a_leader_with_too_much_uncommitted_is_busy_until_some_is_committed() {
    let mut cluster = leading();
    let config = Config {
        uncommitted_bytes: 100,
        ..full()
    };
    cluster.server(N1).config = Arc::new(config);
    assert_eq!(propose(&mut cluster, 300), Ok(()), "one always fits");
    let (uncommitted, limit) = (300, 100);
    let busy = ProposeRefusal::Busy { uncommitted, limit };
    assert_eq!(propose(&mut cluster, 1), Err(busy));
    cluster.deliver();
    assert_eq!(propose(&mut cluster, 60), Ok(()));
    assert_eq!(propose(&mut cluster, 40), Ok(()));
    let uncommitted = 100;
    let busy = ProposeRefusal::Busy { uncommitted, limit };
    assert_eq!(propose(&mut cluster, 1), Err(busy));
}

#[test]
fn the_window_is_bounded_in_bytes_too() {
    let mut cluster = leading();
    let config = Config {
        inflight_bytes: 100,
        ..full()
    };
    cluster.server(N1).config = Arc::new(config);
    for _ in 0..10 {
        assert_eq!(propose(&mut cluster, 40), Ok(()));
    }
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let under_way = leader.progress.iter().map(|progress| progress.inflight());
    assert_eq!(
        under_way.collect::<Vec<_>>(),
        [3, 3],
        "the third append reaches the bound"
    );
}

/// Whether the successor was asked to stand.
fn asked(cluster: &mut Cluster) -> bool {
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let hand_over = leader.hand_over.as_ref();
    hand_over.expect("it hands over").asked
}

#[test]
fn an_attempt_to_hand_over_lasts_for_its_time_limit_and_not_longer() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.away = vec![N2];
    let until = cluster.now + bare().transfer_timeout;
    assert_eq!(hand_over(&mut cluster, Some(N2)), Ok(N2));
    while cluster.now < until {
        assert_eq!(cluster.server(N1).handing_over_to(), Some(N2));
        cluster.wake(N1);
        cluster.deliver();
    }
    assert_eq!(cluster.now, until);
    assert_eq!(cluster.server(N1).handing_over_to(), None);
}

/// Everything is committed without the successor; what others hold does not complete its log.
#[test]
fn a_successor_that_lags_is_not_asked_though_everything_is_committed() {
    let mut cluster = leading();
    cluster.away = vec![N2];
    cluster.propose(N1, "x");
    cluster.deliver();
    let last = cluster.server(N1).log().last().index;
    assert_eq!(cluster.server(N1).commit(), last);
    assert_eq!(hand_over(&mut cluster, Some(N2)), Ok(N2));
    cluster.deliver();
    assert!(!asked(&mut cluster));
    cluster.away.clear();
    cluster.wake(N1);
    cluster.deliver();
    assert!(matches!(cluster.server(N2).role(), Role::Leader(_)));
    assert_eq!(cluster.terms(N2), [1, 1, 2]);
}

/// Whoever waits for an answer gets it from the server that was asked.
#[test]
fn a_successor_with_a_complete_log_is_not_asked_before_everything_is_committed() {
    let mut cluster = leading();
    cluster.away = vec![N3];
    cluster.fast_disks = false;
    cluster.propose(N1, "x");
    cluster.deliver();
    let durable = |cluster: &mut Cluster, node| {
        let newest = cluster.server(node).records_issued();
        cluster.with(node, |server, now, out| server.on_durable(now, newest, out));
        cluster.deliver();
    };
    durable(&mut cluster, N2);
    let last = cluster.server(N1).log().last().index;
    assert!(
        cluster.server(N1).commit() < last,
        "it is on one disk of three"
    );
    assert_eq!(hand_over(&mut cluster, Some(N2)), Ok(N2));
    assert!(!asked(&mut cluster));
    durable(&mut cluster, N1);
    assert_eq!(cluster.server(N1).commit(), last);
    assert!(matches!(cluster.server(N2).role(), Role::Candidate(_)));
}

#[test]
fn a_server_without_a_vote_does_not_stand_though_it_is_asked_to() {
    let mut cluster = leading();
    let outsider = Raft::new(
        NodeId(4),
        (Arc::new(full()), 4),
        Restored::default(),
        cluster.now,
    );
    cluster.servers.push(outsider);
    cluster.outputs.push(Output::default());
    let request = Message::TimeoutNow(TimeoutNow { term: Term(1) });
    cluster.with(NodeId(4), |server, now, out| {
        server.on_message(now, N1, request, out);
    });
    let server = cluster.server(NodeId(4));
    assert!(matches!(server.role(), Role::Follower(_)));
    assert_eq!(server.term(), Term(1));
}
