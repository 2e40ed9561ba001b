//! Voters that came back without all that they had promised.
//!
//! A server whose disk lost acknowledged entries, or a vote, is not the voter that it was: counted
//! on as if it were, it could help to elect a leader that lacks what is committed, or vote twice in
//! one term. So it speaks under a fresh incarnation, and a vote or an acknowledgement counts only
//! under the incarnation that holds the seat. Until the new one does, the seat is vacant: it adds
//! to the size of the quorum and never says yes.
//!
//! The leader gives the seat away in two entries of the log. The first names the new incarnation
//! and leaves the seat vacant; it is committed by the others alone, so every quorum to come knows
//! of it. Then the newcomer catches up like a learner, and the second entry seats it. One seat
//! changes hands at a time, which keeps every old quorum and every new one overlapping
//! (dissertation, section 4.1: one server added), because the former incarnation can never again
//! be part of a quorum.

use super::event::Event;
use super::membership::Membership;
use super::message::Conflict;
use super::output::Output;
use super::progress::Progress;
use super::role::Role;
use super::server::Raft;
use crate::types::{Address, Incarnation, Instant, Mutant, NodeId};
use serde::{Deserialize, Serialize};

/// A member that has a later incarnation than its first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Return {
    /// Who.
    pub address: Address,
    /// Whether it has its seat again; until then its vote does not count.
    pub seated: bool,
}

impl Membership {
    /// The incarnation of a member that counts, or that will once it has its seat.
    #[must_use]
    pub fn incarnation(&self, node: NodeId) -> Incarnation {
        let returned = self.returned.iter().find(|r| r.address.node == node);
        returned.map_or(Incarnation::FIRST, |r| r.address.incarnation)
    }

    /// Whether votes and acknowledgements under this address count.
    #[must_use]
    pub fn counts(&self, address: Address) -> bool {
        let node = address.node;
        let vacant = |r: &Return| r.address.node == node && !r.seated;
        self.is_voter(node)
            && self.incarnation(node) == address.incarnation
            && !self.returned.iter().any(vacant)
    }

    /// The membership in which this incarnation waits for its seat, which is vacant.
    fn with_vacant(&self, address: Address) -> Membership {
        self.with_return(address, false)
    }

    /// The membership in which this incarnation holds its seat.
    pub(super) fn with_seated(&self, address: Address) -> Membership {
        self.with_return(address, true)
    }

    fn with_return(&self, address: Address, seated: bool) -> Membership {
        let mut next = self.clone();
        next.returned.retain(|r| r.address.node != address.node);
        next.returned.push(Return { address, seated });
        next.returned.sort_by_key(|r| r.address);
        next
    }
}

/// What every server does.
impl Raft {
    /// The life of this server's memory.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    fn address(&self) -> Address {
        Address {
            node: self.id,
            incarnation: self.incarnation,
        }
    }

    /// The least incarnation of another server that this one listens to. A leader listens to the
    /// newest that it heard, because what a former one acknowledged is not true of the newest. All
    /// others listen to the one that has the seat, too: it may be back because somebody found what
    /// was lost.
    #[must_use]
    pub fn least_incarnation_of(&self, node: NodeId) -> Incarnation {
        match &self.role {
            Role::Leader(_) => self.incarnation_of(node),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                self.membership().incarnation(node)
            }
        }
    }

    /// The life of another server's memory, as far as this one knows.
    #[must_use]
    pub fn incarnation_of(&self, node: NodeId) -> Incarnation {
        let heard = self.heard.iter().find(|address| address.node == node);
        let named = self.membership().incarnation(node);
        heard.map_or(named, |address| address.incarnation.max(named))
    }

    /// Whether this server is a voter whose vote does not count: it may have forgotten what it
    /// promised, and has not got its seat back.
    #[must_use]
    pub fn is_unseated(&self) -> bool {
        let membership = self.membership();
        membership.is_voter(self.id) && !membership.counts(self.address())
    }

    /// Whether this server has a vote by this membership.
    pub(super) fn has_seat(&self, membership: &Membership) -> bool {
        membership.counts(self.address())
    }

    /// The voters whose votes do not count now, as far as this server knows.
    #[must_use]
    pub fn vacant_seats(&self) -> Vec<NodeId> {
        let membership = self.membership();
        if self.heard.is_empty() && membership.returned.is_empty() {
            return Vec::new();
        }
        let vacant = |node: &NodeId| {
            let (node, incarnation) = (*node, self.incarnation_of(*node));
            let own = node == self.id;
            !membership.counts(if own {
                self.address()
            } else {
                Address { node, incarnation }
            })
        };
        membership.all_voters().into_iter().filter(vacant).collect()
    }

    /// Whether so many seats are vacant that the rest makes no quorum, however long one waits.
    #[must_use]
    pub fn seats_lost(&self) -> bool {
        let vacant = self.vacant_seats();
        let quorum = self.membership().quorum();
        !vacant.is_empty() && quorum.spare(|node| !vacant.contains(&node)).is_none()
    }

    /// Notes under which incarnation the sender of a message speaks. Tells whether the message is
    /// to be heard: one of a former life may promise what is forgotten.
    pub(super) fn note_incarnation(
        &mut self,
        now: Instant,
        from: Address,
        out: &mut Output,
    ) -> bool {
        let (known, least) = (
            self.incarnation_of(from.node),
            self.least_incarnation_of(from.node),
        );
        if from.incarnation < least {
            let known = least;
            out.events
                .push(Event::FormerIncarnationRefused { from, known });
            return false;
        }
        if from.incarnation != known {
            self.heard.retain(|address| address.node != from.node);
            self.heard.push(from);
            self.heard.sort_unstable();
        }
        if from.incarnation > known {
            out.events.push(Event::IncarnationHeard {
                from,
                former: known,
            });
            self.begin_anew_with(now, from.node);
            if self.seats_lost() {
                let vacant = self.vacant_seats();
                let needed = self.membership().quorum().least() as u64;
                out.events.push(Event::SeatsLost { vacant, needed });
            }
        }
        true
    }

    /// A follower says that its log ends before what it acknowledged, and by its own clock it says
    /// so afterwards: its disk has lost what this leader counts on. Tells whether that is so. Then
    /// its incarnation is not listened to any more; the follower learns that from the next message
    /// that is meant for a later one.
    pub(super) fn note_denial(
        &mut self,
        now: Instant,
        (node, clock): (NodeId, Instant),
        conflict: &Conflict,
        out: &mut Output,
    ) -> bool {
        let Role::Leader(leader) = &self.role else {
            return false;
        };
        let Some(known) = leader.progress.iter().find(|p| p.node == node) else {
            return false;
        };
        let (matched, last) = (known.matched, conflict.last);
        let heeds = !self.makes(Mutant::RecoveryClampsCommit);
        if last >= matched || known.matched_at.is_none_or(|at| clock <= at) || !heeds {
            return false;
        }
        let incarnation = self.incarnation_of(node);
        let follower = Address { node, incarnation };
        out.events.push(Event::AcknowledgedDenied {
            follower,
            matched,
            last,
        });
        let incarnation = Incarnation(incarnation.0.saturating_add(1));
        self.heard.retain(|address| address.node != node);
        self.heard.push(Address { node, incarnation });
        self.heard.sort_unstable();
        self.begin_anew_with(now, node);
        true
    }

    /// What the former incarnation acknowledged says nothing of what the new one holds.
    fn begin_anew_with(&mut self, now: Instant, node: NodeId) {
        let next = self.log.last().index.next();
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        if let Some(known) = leader.progress.iter_mut().find(|p| p.node == node) {
            let departing_since = known.departing_since;
            *known = Progress {
                departing_since,
                ..Progress::new(node, next, now)
            };
        }
    }
}

/// What the leader does.
impl Raft {
    /// The next step on the way of a seat to its new incarnation; none when there is none to take
    /// now. The membership must be committed.
    pub(super) fn next_seating(&self, out: &mut Output) -> Option<Membership> {
        let membership = self.membership();
        let lost = membership.all_voters().into_iter().find_map(|node| {
            let incarnation = self.incarnation_of(node);
            let again = incarnation > membership.incarnation(node);
            again.then_some(Address { node, incarnation })
        });
        if let Some(address) = lost {
            return Some(membership.with_vacant(address));
        }
        let Role::Leader(leader) = &self.role else {
            return None;
        };
        let waits = |r: &&Return| !r.seated && membership.is_voter(r.address.node);
        let ready = membership.returned.iter().filter(waits).find_map(|r| {
            let known = leader.progress.iter().find(|p| p.node == r.address.node)?;
            self.is_caught_up(known)
                .then_some((r.address, known.matched))
        });
        let (address, matched) = ready?;
        out.events.push(Event::SeatEarned {
            address,
            matched,
            last: self.log.last().index,
        });
        Some(membership.with_seated(address))
    }

    /// Names the incarnations of those who begin to vote.
    pub(super) fn name_newcomers(&self, next: Membership) -> Membership {
        let newcomers = next.voters.clone();
        newcomers
            .into_iter()
            .filter(|node| !self.membership().is_voter(*node))
            .map(|node| Address {
                node,
                incarnation: self.incarnation_of(node),
            })
            .filter(|address| next.incarnation(address.node) != address.incarnation)
            .fold(next.clone(), |named, address| named.with_seated(address))
    }
}
