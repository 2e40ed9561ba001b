//! Changes of membership and transfers of leadership in words.

use super::{Told, detail, list, story};
use crate::raft::{Event, Membership};
use crate::types::NodeId;

const CHAPTER: &str = "Raft dissertation, section";

fn dissertation(section: &str) -> String {
    format!("{CHAPTER} {section}")
}

/// Members as a person would name them: `n1, n2 and n3, with n4 learning`.
pub(in crate::view) fn members(membership: &Membership) -> String {
    let names = |nodes: &[NodeId]| list(nodes.iter().map(ToString::to_string));
    let voters = match &membership.voters[..] {
        [] => "none known".to_string(),
        voters => names(voters),
    };
    let both = if membership.is_joint() {
        format!(" together with the former {}", names(&membership.outgoing))
    } else {
        String::new()
    };
    let learners = match &membership.learners[..] {
        [] => String::new(),
        learners => format!(", with {} learning", names(learners)),
    };
    let waiting = membership.returned.iter().filter(|r| !r.seated);
    let vacant: Vec<String> = waiting.map(|r| r.address.node.to_string()).collect();
    let vacant = match &vacant[..] {
        [] => String::new(),
        [one] => format!(", the seat of {one} being vacant"),
        several => format!(
            ", the seats of {} being vacant",
            list(several.iter().cloned())
        ),
    };
    format!("{voters}{both}{learners}{vacant}")
}

pub(super) fn tell(node: NodeId, event: &Event) -> Told {
    match event {
        Event::MembershipAdopted { index, membership } => {
            let (who, joint) = (members(membership), membership.is_joint());
            let sentence = format!(
                "{node} counts these members from index {index} on, committed or not: {who}"
            );
            let rule = if joint {
                "Joint consensus"
            } else {
                "The latest membership counts"
            };
            detail("membership", sentence).by(rule, "Raft paper, section 6")
        }
        Event::MembershipReverted { index, membership } => {
            let sentence = format!(
                "{node} counts the former members again, because the entry at index {index} gave way: {}",
                members(membership)
            );
            story("membership", sentence)
                .by("A membership goes with its entry", &dissertation("4.1"))
        }
        Event::MembershipCommitted {
            index,
            membership,
            leads,
        } => {
            let next = if membership.is_joint() {
                ": now the former voters can be left behind"
            } else if membership.returned.iter().any(|r| !r.seated) {
                ": it is filled once its server has caught up"
            } else if membership.wanted.is_some() {
                ": a change waits until those who learn have caught up"
            } else {
                ""
            };
            let sentence = format!(
                "{node} knows the membership of index {index} to be committed, {}{next}",
                members(membership)
            );
            // Who leads tells the story; that the others know is a detail.
            let told = if *leads { story } else { detail };
            told("membership", sentence).by("Membership change", "Raft paper, section 6")
        }
        Event::LearnerCaughtUp {
            learner,
            matched,
            last,
        } => {
            let sentence = format!(
                "{node} finds that {learner} has caught up: it holds index {matched} of {last}, so it may vote"
            );
            detail("caught-up", sentence).by("Catching up new servers", &dissertation("4.2.1"))
        }
        Event::TransferStarted { to } => {
            let sentence = format!(
                "{node} hands leadership to {to}: it takes no requests until everything is committed there"
            );
            story("transfer", sentence).by("Leadership transfer", &dissertation("3.10"))
        }
        Event::SuccessorAsked { to, last } => {
            let sentence = format!(
                "{node} asks {to} to stand at once and gives up its lease: both logs end at index {last}"
            );
            story("transfer", sentence).by("Leadership transfer", &dissertation("3.10"))
        }
        Event::TransferAborted { to, asked } => {
            let lease = if *asked {
                "; without a lease for the rest of the term, because the request to stand may still arrive"
            } else {
                ""
            };
            let sentence = format!("{node} goes on leading: {to} did not take over in time{lease}");
            story("transfer", sentence).by("Leadership transfer", &dissertation("3.10"))
        }
        _ => unreachable!("sorted by the caller"),
    }
}
