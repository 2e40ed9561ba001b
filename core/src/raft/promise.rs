//! The promise of every server not to help elect another leader too soon (dissertation, section
//! 4.2.3): what keeps a living leader from being disturbed, and what leases rest on.

use super::event::VoteRefusal;
use super::message::{Mandate, VoteRequest};
use super::role::Role;
use super::server::Raft;
use crate::types::{Duration, Instant, Mutant, NodeId, Position, Term};
use serde::Serialize;

/// Until when a server gives no vote, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Promise {
    /// No vote before this.
    pub until: Instant,
    /// What it rests on.
    pub why: PromiseReason,
}

/// Why a server gives no vote for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum PromiseReason {
    /// It heard from this leader.
    HeardFrom {
        /// The leader.
        leader: NodeId,
    },
    /// It started again, and may have heard from a leader just before.
    Restarted,
    /// Its clock jumped, so it cannot tell how long ago it heard from a leader.
    ClockJumped,
}

impl Promise {
    /// Holds until `until`, or longer if it did.
    pub(super) fn renew(&mut self, until: Instant, why: PromiseReason) {
        *self = Promise { until, why };
    }
}

impl Raft {
    /// How long ago this server last heard from a leader or, when it leads, sent what a quorum
    /// has answered; none when it never did.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        self.heard_at().map(|at| now.since(at))
    }

    /// When this server last heard from a leader or, when it leads, sent what a quorum has
    /// answered; none when it never did.
    #[must_use]
    pub fn heard_at(&self) -> Option<Instant> {
        if let Role::Leader(leader) = &self.role {
            return leader.lease.confirmed();
        }
        match self.promise.why {
            PromiseReason::HeardFrom { .. } => {
                Some(self.promise.until - self.config.election_timeout_min)
            }
            PromiseReason::Restarted | PromiseReason::ClockJumped => None,
        }
    }

    /// Who leads, if this server has heard so recently: a server that nobody sends to any more,
    /// because it left the cluster, must not send clients to a leader of long ago.
    #[must_use]
    pub fn recent_leader(&self) -> Option<NodeId> {
        let patience = self.config.election_timeout_max;
        let recent = self
            .silence(self.latest)
            .is_some_and(|silence| silence <= patience);
        self.leader().filter(|leader| *leader == self.id || recent)
    }

    /// Why a request for a vote must be passed over before anything else is looked at, the term
    /// included; none when it is to be treated as usual.
    pub(super) fn promise_refusal(
        &self,
        now: Instant,
        request: &VoteRequest,
    ) -> Option<VoteRefusal> {
        match request.mandate {
            Mandate::Transfer => None,
            Mandate::Silence if request.term < self.term || !self.config.check_quorum => None,
            Mandate::Silence => self.bound_by_promise(now),
        }
    }

    /// What keeps this server from helping to elect another leader at this time.
    fn bound_by_promise(&self, now: Instant) -> Option<VoteRefusal> {
        if self.makes(Mutant::VotesDespitePromise) {
            return None;
        }
        match &self.role {
            Role::Leader(_) => Some(VoteRefusal::Leads { term: self.term }),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                let Promise { until, why } = self.promise;
                (now < until).then(|| VoteRefusal::Promised {
                    why,
                    left: until.since(now),
                })
            }
        }
    }

    /// Why this server would not vote for one that asks in advance.
    pub(super) fn pre_vote_refusal(
        &self,
        now: Instant,
        term: Term,
        last: Position,
    ) -> Option<VoteRefusal> {
        if term < self.term {
            return Some(VoteRefusal::StaleTerm {
                candidate: term.next(),
                own: self.term,
            });
        }
        if self.is_unseated() {
            return Some(VoteRefusal::Unseated {
                incarnation: self.incarnation,
            });
        }
        let own_last = self.log.last();
        let heeds = !self.makes(Mutant::VotesWithoutLogCheck);
        let behind = (last < own_last && heeds).then_some(VoteRefusal::LogBehind {
            candidate_last: last,
            own_last,
        });
        self.bound_by_promise(now).or(behind)
    }
}
