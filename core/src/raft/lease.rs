//! Leases: since when a quorum is known to follow (dissertation, section 6.4.1).
//!
//! Every append and snapshot message bears the number of a round. When a quorum has answered a
//! round, each of its members heard from this leader after the round began, and none of them
//! gives a vote for `election_timeout_min` from then on. So a lease counts from the moment the
//! round's messages were *sent*, and [`Config::lease`](super::Config::lease) is short enough to
//! end first on the worst clocks.

use super::event::{Event, LeaseRefusal};
use super::output::Output;
use super::role::Role;
use super::server::Raft;
use crate::types::{Index, Instant, Mutant, NodeId};
use std::collections::VecDeque;

/// A leader's rounds, and the lease that they give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The latest round.
    pub(super) round: u64,
    /// When each of the latest rounds began, oldest first.
    began: VecDeque<(u64, Instant)>,
    /// When the newest round began that a quorum has answered.
    confirmed: Option<Instant>,
    /// Set when the lease is given up for the rest of the term.
    forfeited: bool,
}

/// Of more rounds it is not remembered when they began; a quorum that answers one so old does
/// not renew the lease, which is always safe.
const REMEMBERED_ROUNDS: usize = 256;

impl Lease {
    /// A new round begins.
    pub(super) fn begin_round(&mut self, now: Instant) {
        self.round += 1;
        self.began.push_back((self.round, now));
        if self.began.len() > REMEMBERED_ROUNDS {
            self.began.pop_front();
        }
    }

    /// When a round began, if that is remembered.
    pub(super) fn began(&self, round: u64) -> Option<Instant> {
        let (first, _) = self.began.front()?;
        let place = usize::try_from(round.checked_sub(*first)?).ok()?;
        self.began.get(place).map(|(_, at)| *at)
    }

    /// When the newest round began that a quorum has answered.
    pub(super) fn confirmed(&self) -> Option<Instant> {
        self.confirmed
    }

    /// A quorum has answered this round.
    fn confirm(&mut self, round: u64) {
        if let Some(at) = self.began(round) {
            self.confirmed = self.confirmed.max(Some(at));
        }
    }

    /// The same, as if the round began when it was answered.
    fn confirm_at_receipt(&mut self, round: u64, now: Instant) {
        if self.began(round) > self.confirmed {
            self.confirmed = Some(now);
        }
    }

    /// What was measured with another clock says nothing any more.
    pub(super) fn void(&mut self) {
        self.confirmed = None;
        self.began.clear();
    }

    /// Gives the lease up for the rest of the term.
    pub(super) fn forfeit(&mut self) {
        self.forfeited = true;
    }
}

impl Raft {
    /// Renews the lease from what the followers have answered.
    pub(super) fn renew_lease(&mut self) {
        let (id, membership) = (self.id, std::sync::Arc::clone(self.membership()));
        let vacant = self.vacant_seats();
        let (late, now) = (self.makes(Mutant::LeaseFromReceipt), self.latest);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let answered = |node: NodeId| {
            let follower = leader
                .progress
                .iter()
                .find(|progress| progress.node == node && !vacant.contains(&node));
            Index(if node == id {
                leader.lease.round
            } else {
                follower.map_or(0, |progress| progress.round)
            })
        };
        let round = membership.quorum().committed(answered);
        if late {
            leader.lease.confirm_at_receipt(round.0, now);
        } else {
            leader.lease.confirm(round.0);
        }
    }

    /// Until when this server's lease lasts, be it over or not; none when it has none.
    #[must_use]
    pub fn lease_until(&self) -> Option<Instant> {
        let Role::Leader(leader) = &self.role else {
            return None;
        };
        if leader.lease.forfeited || !self.config.check_quorum {
            return None;
        }
        let lasts = if self.makes(Mutant::DriftIgnored) {
            self.config.election_timeout_min
        } else {
            self.config.lease()
        };
        leader.lease.confirmed.map(|at| at + lasts)
    }

    /// Why a read may not be answered by the lease now; none when it may.
    pub(super) fn lease_refusal(&self, now: Instant) -> Option<LeaseRefusal> {
        let Role::Leader(leader) = &self.role else {
            return Some(LeaseRefusal::NotHeld);
        };
        if !self.config.check_quorum {
            return Some(LeaseRefusal::SwitchedOff);
        }
        if self.commit < leader.first_of_term && !self.makes(Mutant::ReadsBeforeOwnTerm) {
            return Some(LeaseRefusal::NothingCommittedInTerm { term: self.term });
        }
        if leader.lease.forfeited {
            return Some(LeaseRefusal::GivenUp);
        }
        match self.lease_until() {
            None => Some(LeaseRefusal::NotHeld),
            Some(until) if now >= until => Some(LeaseRefusal::Over { since: until }),
            Some(_) => None,
        }
    }

    /// Whether the lease allows to answer a read at once; tells why, either way.
    pub(super) fn reads_by_lease(&self, now: Instant, out: &mut Output) -> bool {
        if let Some(why) = self.lease_refusal(now) {
            out.events.push(Event::LeaseReadRefused { why });
            return false;
        }
        let until = self.lease_until().unwrap_or(now);
        let (index, left) = (self.commit, until.since(now));
        out.events.push(Event::LeaseRead { index, left });
        true
    }
}
