//! Quorum arithmetic: majorities, and the joint majorities of a membership change.
//!
//! During a change two majorities decide together, one of the old voters and one of the new
//! (Raft paper, section 6). A [`Voters`] with nothing in `outgoing` is the ordinary case.

use crate::types::{Index, NodeId};
use smallvec::SmallVec;

/// How many of `voters` make a majority.
#[must_use]
pub fn majority(voters: usize) -> usize {
    voters / 2 + 1
}

/// Who decides: one set of voters, or two at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voters<'a> {
    /// The voters; during a change, those to come.
    pub incoming: &'a [NodeId],
    /// The voters that a change is leaving behind; empty when there is no change.
    pub outgoing: &'a [NodeId],
}

/// What the votes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteResult {
    /// Every majority that counts said yes.
    Won,
    /// It can still be won and lost.
    Pending,
    /// Some majority that counts cannot say yes any more.
    Lost,
}

impl Voters<'_> {
    /// What the votes amount to; `vote` tells what a voter said, none when it did not yet.
    #[must_use]
    pub fn result(&self, vote: impl Fn(NodeId) -> Option<bool>) -> VoteResult {
        let incoming = majority_result(self.incoming, &vote);
        if self.outgoing.is_empty() {
            return incoming;
        }
        match (incoming, majority_result(self.outgoing, &vote)) {
            (VoteResult::Won, VoteResult::Won) => VoteResult::Won,
            (VoteResult::Lost, _) | (_, VoteResult::Lost) => VoteResult::Lost,
            _ => VoteResult::Pending,
        }
    }

    /// Whether everyone of whom `agrees` is true makes a quorum.
    #[must_use]
    pub fn is_quorum(&self, agrees: impl Fn(NodeId) -> bool) -> bool {
        self.result(|node| agrees(node).then_some(true)) == VoteResult::Won
    }

    /// The highest index that a quorum holds, given what each voter holds.
    #[must_use]
    pub fn committed(&self, matched: impl Fn(NodeId) -> Index) -> Index {
        let incoming = held_by_majority(self.incoming, &matched);
        if self.outgoing.is_empty() {
            return incoming;
        }
        incoming.min(held_by_majority(self.outgoing, &matched))
    }

    /// How many more of the voters that `lives` names may fall silent before no quorum is left;
    /// none when there is no quorum even now.
    #[must_use]
    pub fn spare(&self, lives: impl Fn(NodeId) -> bool) -> Option<usize> {
        let spare = |voters: &[NodeId]| {
            let living = voters.iter().filter(|node| lives(**node)).count();
            living.checked_sub(majority(voters.len()))
        };
        let incoming = spare(self.incoming)?;
        if self.outgoing.is_empty() {
            return Some(incoming);
        }
        Some(incoming.min(spare(self.outgoing)?))
    }
}

fn majority_result(voters: &[NodeId], vote: &impl Fn(NodeId) -> Option<bool>) -> VoteResult {
    let needed = majority(voters.len());
    let votes = voters.iter().map(|node| vote(*node));
    let (mut granted, mut open) = (0, 0);
    for vote in votes {
        match vote {
            Some(true) => granted += 1,
            Some(false) => {}
            None => open += 1,
        }
    }
    if granted >= needed {
        VoteResult::Won
    } else if granted + open >= needed {
        VoteResult::Pending
    } else {
        VoteResult::Lost
    }
}

fn held_by_majority(voters: &[NodeId], matched: &impl Fn(NodeId) -> Index) -> Index {
    let mut held: SmallVec<[Index; 9]> = voters.iter().map(|node| matched(*node)).collect();
    if held.is_empty() {
        return Index::ZERO;
    }
    held.sort_unstable_by(|a, b| b.cmp(a));
    held[majority(voters.len()) - 1]
}

#[cfg(test)]
mod tests;
