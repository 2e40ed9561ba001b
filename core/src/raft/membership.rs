//! Who belongs to the cluster, and how that changes (Raft paper, section 6; dissertation,
//! chapter 4).
//!
//! A membership travels in the log, whole, and counts on each server from the moment it is in
//! that server's log. A change of voters takes up to three entries: the servers to come join as
//! learners; once they have caught up, old and new voters decide together (joint consensus);
//! then the new ones alone. The leader proposes each when the one before is committed.

use super::quorum::Voters;
use super::seats::Return;
use crate::types::NodeId;
use serde::{Deserialize, Serialize};

/// The members of a cluster at one place of its log. All lists are sorted and without doubles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Membership {
    /// Who votes; during a joint stage, who will.
    pub voters: Vec<NodeId>,
    /// The voters that are being left behind: not empty only in a joint stage, in which a
    /// majority of these is needed as well.
    pub outgoing: Vec<NodeId>,
    /// Who receives the log without a vote.
    pub learners: Vec<NodeId>,
    /// What a change is on its way to; none when nothing is to change.
    pub wanted: Option<MembershipChange>,
    /// Servers that were members once. Their numbers are never used again: a vote or an
    /// acknowledgement of the former server must not count for a new one.
    pub retired: Vec<NodeId>,
    /// Members that came back without their memory once, by address. Everyone else is in its
    /// first incarnation.
    pub returned: Vec<Return>,
}

/// The membership that an operator wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MembershipChange {
    /// Who shall vote.
    pub voters: Vec<NodeId>,
    /// Who shall receive the log without a vote.
    pub learners: Vec<NodeId>,
}

/// How a server takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Standing {
    /// It votes, in one majority or in both.
    Voter,
    /// It receives the log.
    Learner,
    /// It is not a member.
    Outsider,
    /// It may have forgotten what it promised: its vote does not count until it has caught up and
    /// got its seat back.
    Unseated,
}

/// Why a change of membership is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum ChangeRefusal {
    /// Only the leader can change the membership.
    #[error("this server does not lead")]
    NotLeader,
    /// A leader must have committed an entry of its own term first: only then does it know that
    /// no change of an earlier leader is still on its way.
    #[error("the leader has not committed an entry of its own term yet")]
    NothingCommittedInTerm,
    /// The change before is still on its way.
    #[error("another change is on its way")]
    InProgress,
    /// Leadership is being handed over.
    #[error("leadership is being handed over")]
    HandingOver,
    /// There must be someone who votes.
    #[error("a cluster needs at least one voter")]
    NoVoters,
    /// A server cannot be both.
    #[error("{node} is named as a voter and as a learner")]
    NamedTwice {
        /// The server.
        node: NodeId,
    },
    /// The number was used by a server that is gone.
    #[error("{node} was removed from this cluster once: a new server needs a new number")]
    Retired {
        /// The server.
        node: NodeId,
    },
    /// It is so already.
    #[error("the membership is as wanted already")]
    Unchanged,
}

impl Membership {
    /// A cluster in which everyone votes.
    #[must_use]
    pub fn of_voters(voters: &[NodeId]) -> Membership {
        Membership {
            voters: sorted(voters.to_vec()),
            ..Membership::default()
        }
    }

    /// Who decides.
    #[must_use]
    pub fn quorum(&self) -> Voters<'_> {
        Voters {
            incoming: &self.voters,
            outgoing: &self.outgoing,
        }
    }

    /// Whether old and new voters decide together.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// How the server takes part.
    #[must_use]
    pub fn standing(&self, node: NodeId) -> Standing {
        if self.is_voter(node) {
            Standing::Voter
        } else if self.learners.contains(&node) {
            Standing::Learner
        } else {
            Standing::Outsider
        }
    }

    /// Whether the server has a vote.
    #[must_use]
    pub fn is_voter(&self, node: NodeId) -> bool {
        self.voters.contains(&node) || self.outgoing.contains(&node)
    }

    /// Everyone who receives the log, sorted.
    #[must_use]
    pub fn members(&self) -> Vec<NodeId> {
        let everyone = self
            .voters
            .iter()
            .chain(&self.outgoing)
            .chain(&self.learners);
        sorted(everyone.copied().collect())
    }

    /// All who vote, in one majority or in both, sorted.
    #[must_use]
    pub fn all_voters(&self) -> Vec<NodeId> {
        sorted(self.voters.iter().chain(&self.outgoing).copied().collect())
    }

    /// The first stage of a change: whoever is new joins as a learner. It may be the last one,
    /// when no vote changes.
    ///
    /// # Errors
    /// The change is impossible, or changes nothing.
    pub(super) fn begin(&self, change: MembershipChange) -> Result<Membership, ChangeRefusal> {
        let wanted = MembershipChange {
            voters: sorted(change.voters),
            learners: sorted(change.learners),
        };
        self.check(&wanted)?;
        let coming = wanted.voters.iter().filter(|node| !self.is_voter(**node));
        // A voter that is to become a learner stays a voter until the joint stage is left.
        let kept = wanted.learners.iter().filter(|node| !self.is_voter(**node));
        let learners = sorted(coming.chain(kept).copied().collect());
        let votes_change = wanted.voters != self.voters;
        let mut next = Membership {
            voters: self.voters.clone(),
            outgoing: Vec::new(),
            learners,
            wanted: votes_change.then_some(wanted),
            retired: self.retired.clone(),
            returned: self.returned.clone(),
        };
        next.retire_leavers(self);
        Ok(next)
    }

    fn check(&self, wanted: &MembershipChange) -> Result<(), ChangeRefusal> {
        if self.is_joint() {
            return Err(ChangeRefusal::InProgress);
        }
        if wanted.voters.is_empty() {
            return Err(ChangeRefusal::NoVoters);
        }
        if let Some(node) = wanted
            .voters
            .iter()
            .find(|node| wanted.learners.contains(node))
        {
            return Err(ChangeRefusal::NamedTwice { node: *node });
        }
        let everyone = wanted.voters.iter().chain(&wanted.learners);
        if let Some(node) = everyone.copied().find(|node| self.retired.contains(node)) {
            return Err(ChangeRefusal::Retired { node });
        }
        let settled = MembershipChange {
            voters: self.voters.clone(),
            learners: self.learners.clone(),
        };
        match &self.wanted {
            Some(present) if present == wanted => Err(ChangeRefusal::Unchanged),
            None if settled == *wanted => Err(ChangeRefusal::Unchanged),
            _ => Ok(()),
        }
    }

    /// The learners that a change waits for.
    pub(super) fn awaited(&self) -> impl Iterator<Item = NodeId> + '_ {
        let wanted = self
            .wanted
            .as_ref()
            .map_or(&[][..], |wanted| &wanted.voters);
        wanted
            .iter()
            .copied()
            .filter(|node| !self.voters.contains(node))
    }

    /// The second stage: old and new voters decide together. None when no vote is to change.
    pub(super) fn joint(&self) -> Option<Membership> {
        let wanted = self.wanted.as_ref()?;
        if self.is_joint() {
            return None;
        }
        let stays = |node: &&NodeId| !wanted.voters.contains(node) && !self.is_voter(**node);
        Some(Membership {
            voters: wanted.voters.clone(),
            outgoing: self.voters.clone(),
            learners: self.learners.iter().filter(stays).copied().collect(),
            wanted: self.wanted.clone(),
            retired: self.retired.clone(),
            returned: self.returned.clone(),
        })
    }

    /// The last stage: the new voters alone. None when this is not a joint stage.
    pub(super) fn leave_joint(&self) -> Option<Membership> {
        if !self.is_joint() {
            return None;
        }
        let learners = self
            .wanted
            .as_ref()
            .map_or(&self.learners, |wanted| &wanted.learners);
        let mut next = Membership {
            voters: self.voters.clone(),
            outgoing: Vec::new(),
            learners: learners.clone(),
            wanted: None,
            retired: self.retired.clone(),
            returned: self.returned.clone(),
        };
        next.retire_leavers(self);
        Some(next)
    }

    fn retire_leavers(&mut self, before: &Membership) {
        let gone = |node: &NodeId| self.standing(*node) == Standing::Outsider;
        let leavers: Vec<NodeId> = before.members().into_iter().filter(gone).collect();
        self.retired.extend(leavers);
        self.retired = sorted(std::mem::take(&mut self.retired));
        let members = self.members();
        self.returned
            .retain(|returned| members.contains(&returned.address.node));
    }
}

fn sorted(mut nodes: Vec<NodeId>) -> Vec<NodeId> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

#[cfg(test)]
mod tests;
