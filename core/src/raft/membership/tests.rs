//! Tables of membership changes, stage by stage.

use super::{ChangeRefusal, Membership, MembershipChange, Standing};
use crate::types::NodeId;
use std::fmt::Write;

fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn change(voters: &[u32], learners: &[u32]) -> MembershipChange {
    MembershipChange {
        voters: nodes(voters),
        learners: nodes(learners),
    }
}

/// `1 2 3 & 1 2 +4 x5`: voters, outgoing voters, learners, retired.
fn written(membership: &Membership) -> String {
    let list = |nodes: &[NodeId]| {
        let ids: Vec<String> = nodes.iter().map(|node| node.0.to_string()).collect();
        ids.join(" ")
    };
    let mut text = list(&membership.voters);
    if membership.is_joint() {
        let _ = write!(text, " & {}", list(&membership.outgoing));
    }
    for node in &membership.learners {
        let _ = write!(text, " +{}", node.0);
    }
    for node in &membership.retired {
        let _ = write!(text, " x{}", node.0);
    }
    text
}

/// All stages of a change, as a leader takes them when everyone catches up.
fn stages(from: &Membership, wanted: MembershipChange) -> Vec<String> {
    let mut stages = Vec::new();
    let mut now = from.begin(wanted).expect("possible");
    stages.push(written(&now));
    while let Some(next) = now.joint().or_else(|| now.leave_joint()) {
        now = next;
        stages.push(written(&now));
    }
    assert_eq!(now.wanted, None);
    stages
}

#[test]
fn changes_go_through_their_stages() {
    type Row = (
        &'static [u32],
        &'static [u32],
        MembershipChange,
        &'static [&'static str],
    );
    let table: &[Row] = &[
        // Growing from 3 to 5.
        (
            &[1, 2, 3],
            &[],
            change(&[1, 2, 3, 4, 5], &[]),
            &["1 2 3 +4 +5", "1 2 3 4 5 & 1 2 3", "1 2 3 4 5"],
        ),
        // Shrinking back, the leader among those who leave or not.
        (
            &[1, 2, 3, 4, 5],
            &[],
            change(&[3, 4, 5], &[]),
            &["1 2 3 4 5", "3 4 5 & 1 2 3 4 5", "3 4 5 x1 x2"],
        ),
        // Replacing everyone.
        (
            &[1, 2],
            &[],
            change(&[3, 4], &[]),
            &["1 2 +3 +4", "3 4 & 1 2", "3 4 x1 x2"],
        ),
        // A learner alone changes no vote, and needs no joint stage.
        (&[1, 2, 3], &[], change(&[1, 2, 3], &[4]), &["1 2 3 +4"]),
        (&[1, 2, 3], &[4], change(&[1, 2, 3], &[]), &["1 2 3 x4"]),
        // A learner is promoted; another stays.
        (
            &[1, 2, 3],
            &[4, 5],
            change(&[1, 2, 3, 4], &[5]),
            &["1 2 3 +4 +5", "1 2 3 4 & 1 2 3 +5", "1 2 3 4 +5"],
        ),
        // A voter becomes a learner only when the joint stage is left.
        (
            &[1, 2, 3],
            &[],
            change(&[1, 2], &[3]),
            &["1 2 3", "1 2 & 1 2 3", "1 2 +3"],
        ),
    ];
    for (voters, learners, wanted, expected) in table {
        let from = Membership {
            learners: nodes(learners),
            ..Membership::of_voters(&nodes(voters))
        };
        assert_eq!(
            stages(&from, wanted.clone()),
            *expected,
            "{voters:?} to {wanted:?}"
        );
    }
}

#[test]
fn impossible_changes_are_named() {
    let from = Membership {
        retired: nodes(&[7]),
        ..Membership::of_voters(&nodes(&[1, 2, 3]))
    };
    let refused = |wanted| from.begin(wanted).expect_err("impossible");
    assert_eq!(refused(change(&[], &[1])), ChangeRefusal::NoVoters);
    assert_eq!(refused(change(&[1, 2, 3], &[])), ChangeRefusal::Unchanged);
    let node = NodeId(2);
    assert_eq!(
        refused(change(&[1, 2], &[2])),
        ChangeRefusal::NamedTwice { node }
    );
    let node = NodeId(7);
    assert_eq!(
        refused(change(&[1, 2, 7], &[])),
        ChangeRefusal::Retired { node }
    );
    let joint = from
        .begin(change(&[1, 2], &[]))
        .and_then(|next| next.joint().ok_or(ChangeRefusal::Unchanged))
        .expect("a vote changes");
    let again = joint.begin(change(&[1, 2, 3], &[]));
    assert_eq!(again, Err(ChangeRefusal::InProgress));
}

#[test]
fn a_change_that_waits_can_be_called_off() {
    let from = Membership::of_voters(&nodes(&[1, 2, 3]));
    let waiting = from.begin(change(&[1, 2, 3, 4], &[])).expect("possible");
    assert_eq!(waiting.awaited().collect::<Vec<_>>(), nodes(&[4]));
    let again = waiting.begin(change(&[1, 2, 3, 4], &[]));
    assert_eq!(again, Err(ChangeRefusal::Unchanged), "it is on its way");
    let off = waiting.begin(change(&[1, 2, 3], &[])).expect("possible");
    assert_eq!(written(&off), "1 2 3 x4");
    assert_eq!(off.wanted, None);
}

#[test]
fn standing_is_by_the_stronger_right() {
    let from = Membership::of_voters(&nodes(&[1, 2, 3]));
    let joint = from
        .begin(change(&[1, 2, 4], &[3]))
        .ok()
        .and_then(|next| next.joint());
    let joint = joint.expect("a vote changes");
    let standing = |node| joint.standing(NodeId(node));
    assert_eq!(standing(3), Standing::Voter);
    assert_eq!(standing(4), Standing::Voter);
    assert_eq!(standing(5), Standing::Outsider);
    assert_eq!(joint.members(), nodes(&[1, 2, 3, 4]));
}
