//! Handing leadership over (dissertation, section 3.10).
//!
//! The leader takes no more proposals, brings the successor up to date, and once everything is
//! committed asks it to stand for election at once. Should it not succeed in time, the leader goes
//! on. But the request may still be under way then, and voters let a candidate with the leader's
//! own mandate pass without waiting: so a leader that has sent it holds no lease any more in this
//! term, whether the transfer succeeds or not.

use super::event::{Event, TransferRefusal};
use super::message::{Message, TimeoutNow};
use super::output::Output;
use super::role::Role;
use super::server::Raft;
use crate::types::{Index, Instant, Mutant, NodeId};

/// A transfer under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HandOver {
    /// Who is to lead.
    pub to: NodeId,
    /// When the leader gives the attempt up.
    pub until: Instant,
    /// Whether the successor was asked to stand.
    pub asked: bool,
}

impl Raft {
    /// Begins to hand leadership to `to`, or to the voter whose log is most complete.
    ///
    /// # Errors
    /// Why that cannot be.
    pub fn transfer_leadership(
        &mut self,
        now: Instant,
        to: Option<NodeId>,
        out: &mut Output,
    ) -> Result<NodeId, TransferRefusal> {
        let to = self.successor(to)?;
        let until = now + self.config.transfer_timeout;
        if let Role::Leader(leader) = &mut self.role {
            let asked = false;
            leader.hand_over = Some(HandOver { to, until, asked });
        }
        out.events.push(Event::TransferStarted { to });
        self.advance_hand_over(out);
        self.replicate(now, out);
        self.assert_invariants();
        Ok(to)
    }

    fn successor(&self, to: Option<NodeId>) -> Result<NodeId, TransferRefusal> {
        let Role::Leader(leader) = &self.role else {
            return Err(TransferRefusal::NotLeader);
        };
        if let Some(hand_over) = &leader.hand_over {
            return Err(TransferRefusal::InProgress { to: hand_over.to });
        }
        let (mut voters, vacant) = (self.membership().voters.clone(), self.vacant_seats());
        voters.retain(|voter| !vacant.contains(voter));
        let best = || {
            let followers = leader.progress.iter().filter(|p| voters.contains(&p.node));
            let best = followers.max_by_key(|progress| (progress.matched, progress.heard_at));
            best.map(|progress| progress.node)
        };
        match to {
            Some(to) if to == self.id => Err(TransferRefusal::LeadsAlready),
            Some(to) if !voters.contains(&to) => Err(TransferRefusal::NoVoter { node: to }),
            Some(to) => Ok(to),
            None => best().ok_or(TransferRefusal::NobodyElse),
        }
    }

    /// Asks the successor to stand once its log is complete and everything is committed, so that
    /// whoever waits for an answer gets it from the server that was asked.
    pub(super) fn advance_hand_over(&mut self, out: &mut Output) {
        let (term, commit, last) = (self.term, self.commit, self.log.last().index);
        let keeps_lease = self.makes(Mutant::TransferKeepsLease);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let Some(hand_over) = &mut leader.hand_over else {
            return;
        };
        let to = hand_over.to;
        let successor = leader.progress.iter().find(|progress| progress.node == to);
        let matched = successor.map_or(Index::ZERO, |progress| progress.matched);
        if hand_over.asked || matched < last || commit < last {
            return;
        }
        hand_over.asked = true;
        if !keeps_lease {
            leader.lease.forfeit();
        }
        out.messages
            .push((to, Message::TimeoutNow(TimeoutNow { term })));
        out.events.push(Event::SuccessorAsked { to, last });
    }

    /// At a heartbeat: the request to stand may have been lost.
    pub(super) fn remind_successor(&self, out: &mut Output) {
        let term = self.term;
        if let Role::Leader(leader) = &self.role
            && let Some(HandOver {
                to, asked: true, ..
            }) = &leader.hand_over
        {
            out.messages
                .push((*to, Message::TimeoutNow(TimeoutNow { term })));
        }
    }

    /// Gives up on a successor that did not take over in time.
    pub(super) fn expire_hand_over(&mut self, now: Instant, out: &mut Output) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        if let Some(hand_over) = leader.hand_over.take_if(|hand_over| now >= hand_over.until) {
            let (to, asked) = (hand_over.to, hand_over.asked);
            out.events.push(Event::TransferAborted { to, asked });
        }
    }

    /// The leader asks this server to take its place.
    pub(super) fn on_timeout_now(&mut self, now: Instant, leader: NodeId, out: &mut Output) {
        match &self.role {
            Role::Follower(_) | Role::PreCandidate(_) if self.may_stand() => {
                self.stand_for(now, leader, out);
            }
            // It stands or leads already, or has no vote that could count.
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => {}
        }
    }

    /// Who leadership is being handed to.
    #[must_use]
    pub fn handing_over_to(&self) -> Option<NodeId> {
        match &self.role {
            Role::Leader(leader) => leader.hand_over.as_ref().map(|hand_over| hand_over.to),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => None,
        }
    }
}
