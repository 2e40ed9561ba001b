//! Changes of membership on servers whose messages are delivered by hand.

use super::{Cluster, N1, N2, N3, N4, at, full, snapshot};
use crate::raft::reconfigure::Memberships;
use crate::raft::{
    ChangeRefusal, Event, FollowReason, Membership, MembershipChange, Output, Raft, Restored, Role,
    Snapshot, Standing,
};
use crate::types::{Index, NodeId, Term};
use bytes::Bytes;
use std::sync::Arc;

fn wanted(voters: &[NodeId], learners: &[NodeId]) -> MembershipChange {
    MembershipChange {
        voters: voters.to_vec(),
        learners: learners.to_vec(),
    }
}

/// Three voters of which the first leads, and a fourth server that knows nothing.
fn with_newcomer() -> Cluster {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    let (config, now) = (Arc::new(full()), cluster.now);
    cluster
        .servers
        .push(Raft::new(N4, (config, 4), Restored::default(), now));
    cluster.outputs.push(Output::default());
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    cluster
}

fn change(cluster: &mut Cluster, change: MembershipChange) -> Result<(), ChangeRefusal> {
    let mut outcome = Ok(());
    cluster.with(N1, |server, now, out| {
        outcome = server.change_membership(now, change, out)
    });
    outcome
}

fn beat(cluster: &mut Cluster) {
    for _ in 0..4 {
        cluster.wake(N1);
        cluster.deliver();
    }
}

/// N2 leads while N1 is away, which then comes back and hears of it.
fn replace_n1(cluster: &mut Cluster) {
    while !matches!(cluster.server(N2).role(), Role::Leader(_)) {
        cluster.wake(N2);
        cluster.deliver();
    }
    cluster.away.clear();
    cluster.wake(N2);
    cluster.deliver();
}

#[test]
fn a_newcomer_learns_catches_up_and_votes() {
    let mut cluster = with_newcomer();
    cluster.away = vec![N4];
    assert_eq!(change(&mut cluster, wanted(&[N1, N2, N3, N4], &[])), Ok(()));
    beat(&mut cluster);
    let waiting = Arc::clone(cluster.server(N1).membership());
    assert_eq!(
        waiting.standing(N4),
        Standing::Learner,
        "it has not caught up"
    );
    assert!(!waiting.is_joint());
    cluster.away.clear();
    beat(&mut cluster);
    for node in [N1, N2, N3, N4] {
        let membership = cluster.server(node).membership();
        assert_eq!(membership.voters, [N1, N2, N3, N4], "{node}");
        assert!(
            !membership.is_joint() && membership.wanted.is_none(),
            "{node}"
        );
    }
    assert_eq!(cluster.server(N4).standing(), Standing::Voter);
    let caught_up = |event: &Event| matches!(event, Event::LearnerCaughtUp { learner: N4, .. });
    assert!(cluster.events(N1).iter().any(caught_up));
}

#[test]
fn a_server_without_a_vote_never_stands() {
    let mut cluster = with_newcomer();
    assert_eq!(cluster.server(N4).deadline(), None);
    assert_eq!(change(&mut cluster, wanted(&[N1, N2, N3], &[N4])), Ok(()));
    beat(&mut cluster);
    assert_eq!(cluster.server(N4).standing(), Standing::Learner);
    assert_eq!(cluster.server(N4).deadline(), None);
    assert_eq!(cluster.server(N4).commit(), cluster.server(N1).commit());
}

/// copycat #23: until then an earlier leader's change may still be on its way.
#[test]
fn a_change_needs_a_commit_of_the_leaders_own_term() {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    cluster.wake(N1);
    while !matches!(cluster.server(N1).role(), Role::Leader(_)) {
        let (from, to, message) = cluster.messages.pop_front().expect("an election");
        cluster.with(to, |server, now, out| {
            server.on_message(now, from, message, out)
        });
    }
    let refused = change(&mut cluster, wanted(&[N1, N2], &[]));
    assert_eq!(refused, Err(ChangeRefusal::NothingCommittedInTerm));
    cluster.deliver();
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
}

#[test]
fn one_change_at_a_time_and_no_number_twice() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
    let again = change(&mut cluster, wanted(&[N1, N2, N3, N4], &[]));
    assert_eq!(again, Err(ChangeRefusal::InProgress));
    beat(&mut cluster);
    let back = change(&mut cluster, wanted(&[N1, N2, N3], &[]));
    assert_eq!(back, Err(ChangeRefusal::Retired { node: N3 }));
}

/// During a change both majorities are needed: the new voters alone decide nothing.
#[test]
fn a_joint_stage_needs_both_majorities() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N1, N4], &[])), Ok(()));
    cluster.deliver();
    cluster.wake(N1);
    // The newcomer caught up and the joint entry is on its way; the former voters hear nothing.
    cluster.away = vec![N2, N3];
    cluster.deliver();
    let server = cluster.server(N1);
    if server.membership().is_joint() {
        assert!(server.commit() < server.membership_index());
    }
    cluster.away.clear();
    beat(&mut cluster);
    assert_eq!(cluster.server(N1).membership().voters, [N1, N4]);
    assert_eq!(cluster.server(N1).membership().retired, [N2, N3]);
}

#[test]
fn a_truncated_membership_is_reverted() {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    cluster.away = vec![N1];
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
    assert!(
        cluster.server(N1).membership().is_joint(),
        "it counts at once"
    );
    cluster.messages.clear();
    replace_n1(&mut cluster);
    let former = Arc::new(Membership::of_voters(&[N1, N2, N3]));
    assert_eq!(*cluster.server(N1).membership(), former);
    let (index, membership) = (Index(2), former);
    let reverted = Event::MembershipReverted { index, membership };
    assert!(cluster.events(N1).contains(&reverted));
}

#[test]
fn a_removed_leader_leads_the_change_to_its_end() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N2, N3], &[])), Ok(()));
    cluster.deliver();
    let why = FollowReason::Removed;
    let term = Term(1);
    assert!(
        cluster
            .events(N1)
            .contains(&Event::BecameFollower { term, why })
    );
    assert_eq!(cluster.server(N1).deadline(), None, "it never stands again");
    let leads =
        |cluster: &mut Cluster, node| matches!(cluster.server(node).role(), Role::Leader(_));
    assert!(leads(&mut cluster, N2) || leads(&mut cluster, N3));
    for node in [N1, N2, N3] {
        assert_eq!(cluster.server(node).membership().voters, [N2, N3], "{node}");
    }
}

/// The leader crashed and lost the entry that leaves the other server out. The other has it, so
/// it refuses its vote to the leader's shorter log, and must itself stand, without a vote of its
/// own, to lead the change to its end (dissertation, section 4.2.2).
#[test]
fn who_is_left_out_still_stands_until_that_is_committed() {
    let mut cluster = Cluster::configured(&[&[], &[]], full());
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(change(&mut cluster, wanted(&[N1], &[])), Ok(()));
    // The leader's disk takes the joint membership and nothing after it.
    let (from, to, joint) = cluster.messages.pop_front().expect("the joint stage");
    cluster.with(to, |server, now, out| {
        server.on_message(now, from, joint, out)
    });
    cluster.deliver_to(N1);
    let log = cluster.server(N1).log().clone();
    let joint = Index(2);
    let restored = Restored {
        bootstrap: Membership::of_voters(&[N1, N2]),
        term: Term(1),
        vote: Some(N1),
        commit: Index(1),
        entries: log.range(Index::ZERO, joint).cloned().collect(),
        ..Restored::default()
    };
    cluster.deliver_to(N2);
    cluster.messages.clear();
    let now = cluster.now;
    *cluster.server(N1) = Raft::new(N1, (Arc::new(full()), 1), restored, now);
    assert_eq!(cluster.server(N2).standing(), Standing::Outsider);
    cluster.now = now + full().election_timeout_min;
    cluster.wake(N2);
    cluster.deliver();
    let server = cluster.server(N1);
    assert!(
        matches!(server.role(), Role::Leader(_)),
        "it took over when it was all committed"
    );
    assert_eq!(server.membership().voters, [N1]);
    assert!(server.membership_index() <= server.commit());
    assert_eq!(
        cluster.server(N2).deadline(),
        None,
        "now it knows that it is left out"
    );
}

#[test]
fn a_snapshot_brings_its_membership() {
    let mut cluster = with_newcomer();
    let members = Arc::new(Membership::of_voters(&[N1, N4]));
    let stored = Snapshot::new(at(1, 9), Arc::clone(&members), Bytes::from_static(b"state"));
    cluster.with(N4, |server, now, out| {
        server.on_snapshot_stored(now, stored, out)
    });
    assert_eq!(*cluster.server(N4).membership(), members);
    assert_eq!(cluster.server(N4).standing(), Standing::Voter);
    assert_eq!(told_committed(&cluster, N4), [], "no entry said so");
    // What a snapshot covers is compacted, and the membership of its end stays.
    let taken = snapshot(at(1, 1), Bytes::new());
    cluster.with(N1, |server, _, out| server.on_snapshot_taken(taken, out));
    assert_eq!(cluster.server(N1).membership().voters, [N1, N2, N3]);
}

#[test]
fn the_membership_at_an_index_is_that_of_the_newest_entry_up_to_it() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
    cluster.deliver();
    let server = cluster.server(N1);
    let at_index = |index| {
        let membership = server.membership_at(Index(index));
        (membership.voters.len(), membership.is_joint())
    };
    let (before, joint, after) = ((3, false), (2, true), (2, false));
    assert_eq!(
        [0, 1, 2, 3, 9].map(at_index),
        [before, before, joint, after, after]
    );
}

#[test]
fn entries_that_give_way_take_no_membership_below_them_along() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N1, N2, N3], &[N4])), Ok(()));
    beat(&mut cluster);
    let members = Arc::clone(cluster.server(N1).membership());
    assert_eq!(members.learners, [N4]);
    cluster.away = vec![N1];
    cluster.propose(N1, "never committed");
    cluster.deliver();
    replace_n1(&mut cluster);
    let cut = |event: &Event| matches!(event, Event::LogTruncated { .. });
    assert!(cluster.events(N1).iter().any(cut));
    assert_eq!(*cluster.server(N1).membership(), members);
    let reverted = |event: &Event| matches!(event, Event::MembershipReverted { .. });
    assert!(!cluster.events(N1).iter().any(reverted));
}

/// A restart reads them from the snapshot and the entries that follow it.
#[test]
fn a_compacted_log_remembers_the_memberships_that_a_restart_finds() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
    cluster.deliver();
    cluster.propose(N1, "x");
    cluster.deliver();
    let last = cluster.server(N1).commit();
    assert_eq!(last, Index(4));
    for covered in 1..=last.0 {
        let mut server = cluster.server(N1).clone();
        let members = Arc::clone(server.membership_at(Index(covered)));
        let taken = Snapshot::new(at(1, covered), Arc::clone(&members), Bytes::new());
        server.on_snapshot_taken(taken, &mut Output::default());
        let found = Memberships::of(members, server.log());
        assert_eq!(server.memberships, found, "compacted to {covered}");
    }
}

/// The entries of memberships that a server told as committed, and whether it led then.
fn told_committed(cluster: &Cluster, node: NodeId) -> Vec<(Index, bool)> {
    let told = cluster.events(node).iter();
    told.filter_map(|event| match event {
        Event::MembershipCommitted { index, leads, .. } => Some((*index, *leads)),
        _ => None,
    })
    .collect()
}

#[test]
fn a_membership_is_told_as_committed_once_and_only_then() {
    let mut cluster = with_newcomer();
    cluster.away = vec![N2, N3];
    assert_eq!(change(&mut cluster, wanted(&[N1, N2, N3], &[N4])), Ok(()));
    cluster.deliver();
    assert_eq!(told_committed(&cluster, N1), []);
    cluster.away.clear();
    beat(&mut cluster);
    let once = |leads| vec![(Index(2), leads)];
    assert_eq!(told_committed(&cluster, N1), once(true));
    assert_eq!(told_committed(&cluster, N2), once(false));
    cluster.propose(N1, "x");
    beat(&mut cluster);
    assert_eq!(cluster.server(N2).commit(), Index(3));
    assert_eq!(told_committed(&cluster, N1), once(true));
    assert_eq!(told_committed(&cluster, N2), once(false));
}

/// Whom the leader sends to.
fn sent_to(cluster: &mut Cluster) -> Vec<NodeId> {
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    leader.progress.iter().map(|known| known.node).collect()
}

#[test]
fn who_left_is_let_go_once_it_was_told_that_this_is_committed() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
    cluster.deliver();
    assert!(cluster.server(N3).commit() < cluster.server(N1).membership_index());
    assert_eq!(sent_to(&mut cluster), [N2, N3]);
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(cluster.server(N3).commit(), cluster.server(N1).commit());
    assert_eq!(sent_to(&mut cluster), [N2]);
}

#[test]
fn who_left_and_stays_silent_is_let_go_after_the_longest_patience() {
    let mut cluster = with_newcomer();
    cluster.away = vec![N3];
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
    cluster.deliver();
    let server = cluster.server(N1);
    assert_eq!(server.membership_index(), server.commit());
    let patient_until = cluster.now + full().election_timeout_max;
    while cluster.now < patient_until {
        cluster.wake(N1);
        cluster.deliver();
        assert_eq!(sent_to(&mut cluster), [N2, N3], "at {}", cluster.now);
    }
    assert_eq!(cluster.now, patient_until, "a heartbeat falls on the bound");
    cluster.wake(N1);
    assert_eq!(sent_to(&mut cluster), [N2]);
}

#[test]
fn nobody_is_let_go_by_a_change_that_is_not_committed() {
    let mut cluster = with_newcomer();
    assert_eq!(change(&mut cluster, wanted(&[N1, N2], &[])), Ok(()));
    while cluster.server(N1).membership().is_joint() {
        let (from, to, message) = cluster.messages.pop_front().expect("the joint stage");
        cluster.with(to, |server, now, out| {
            server.on_message(now, from, message, out)
        });
    }
    // The last stage reaches only the server that it leaves out.
    cluster.away = vec![N2];
    cluster.deliver();
    let index = cluster.server(N1).membership_index();
    assert_eq!(cluster.server(N3).log().last().index, index);
    assert!(cluster.server(N1).commit() < index);
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(sent_to(&mut cluster), [N2, N3]);
    cluster.away.clear();
    beat(&mut cluster);
    assert_eq!(cluster.server(N1).commit(), index);
    assert_eq!(sent_to(&mut cluster), [N2]);
}
