//! What consensus does when it makes a known mistake on purpose (see [`Mutant`]).

use super::membership::Membership;
use super::message::{AppendResponse, Message};
use super::quorum::{VoteResult, majority};
use super::server::Raft;
use crate::types::{Index, Mutant, Mutants, NodeId};

impl Raft {
    /// The same server, just started, making these mistakes.
    #[must_use]
    pub fn with_mutants(mut self, mutants: Mutants) -> Raft {
        self.mutants = mutants;
        if self.makes(Mutant::NoWaitAfterRestart) {
            self.promise.until = self.latest;
        }
        self
    }

    pub(super) fn makes(&self, mutant: Mutant) -> bool {
        self.mutants.has(mutant)
    }

    /// Whether it makes no mistake, and so keeps the invariants that are asserted.
    pub(super) fn is_correct(&self) -> bool {
        !self.mutants.any()
    }

    pub(super) fn takes_from_the_past(&self, message: &Message) -> bool {
        self.makes(Mutant::AcceptsLowerTerm) && matches!(message, Message::AppendRequest(_))
    }

    /// A message that waited for the disk, as it leaves.
    pub(super) fn with_mistakes(&self, (to, message): (NodeId, Message)) -> (NodeId, Message) {
        match (message, self.leader()) {
            // What is durable now says nothing of what another leader has put there since.
            (Message::AppendResponse(response), Some(leader))
                if leader != self.id && self.makes(Mutant::StaleDiskAcknowledgement) =>
            {
                let term = self.term;
                let response = AppendResponse { term, ..response };
                (leader, Message::AppendResponse(response))
            }
            (message, _) => (to, message),
        }
    }

    /// What these votes amount to, whoever gave them: for a candidate that asks those who were removed
    /// as well, as many as a majority are enough.
    pub(super) fn result_by_number(&self, votes: &[NodeId]) -> Option<VoteResult> {
        let needed = majority(self.membership().voters.len());
        let won = self.makes(Mutant::RemovedServersVote) && votes.len() >= needed;
        won.then_some(VoteResult::Won)
    }
}

impl Membership {
    /// What as many members hold as a majority has, whether they vote or not.
    pub(super) fn held_by_any(&self, matched: impl Fn(NodeId) -> Index) -> Index {
        let mut held: Vec<Index> = self.members().into_iter().map(matched).collect();
        held.sort_unstable_by(|a, b| b.cmp(a));
        let needed = majority(self.voters.len());
        held.get(needed - 1).copied().unwrap_or(Index::ZERO)
    }
}
