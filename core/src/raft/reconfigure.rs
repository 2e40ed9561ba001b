//! How the membership changes on a running server: which one counts, and what a leader does to
//! bring a change to its end (Raft paper, section 6; dissertation, sections 4.2 and 4.3).

use super::entry::Payload;
use super::event::{Event, FollowReason};
use super::log::Log;
use super::membership::{ChangeRefusal, Membership, MembershipChange};
use super::message::{Message, TimeoutNow};
use super::output::Output;
use super::progress::{Progress, Sending};
use super::role::Role;
use super::server::Raft;
use crate::types::{Index, Instant, Mutant, NodeId};
use std::sync::Arc;

/// The memberships that the log speaks of, each with the index of its entry, in order. The first
/// is that of the log's base; the last one counts, committed or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Memberships(Vec<(Index, Arc<Membership>)>);

impl Memberships {
    /// Those of a log whose base has the membership `base`.
    pub(super) fn of(base: Arc<Membership>, log: &Log) -> Memberships {
        let mut memberships = Memberships(vec![(log.base().index, base)]);
        for entry in log.range(log.base().index, log.last().index) {
            if let Payload::Membership(membership) = &entry.payload {
                memberships
                    .0
                    .push((entry.position.index, Arc::clone(membership)));
            }
        }
        memberships
    }

    fn latest(&self) -> &(Index, Arc<Membership>) {
        self.0.last().expect("that of the base stays")
    }

    /// The one that counted before the latest.
    fn former(&self) -> Option<&Arc<Membership>> {
        let place = self.0.len().checked_sub(2)?;
        self.0.get(place).map(|(_, membership)| membership)
    }

    /// The one that counts at `index`.
    fn at(&self, index: Index) -> &Arc<Membership> {
        let reached = self.0.iter().rev().find(|(at, _)| *at <= index);
        reached.map_or(&self.0[0].1, |(_, membership)| membership)
    }

    fn adopt(&mut self, index: Index, membership: Arc<Membership>) {
        assert!(
            index > self.latest().0,
            "memberships come in the order of the log"
        );
        self.0.push((index, membership));
    }

    /// The log was cut from `index` on. Returns where the latest stood, if it is gone.
    fn cut(&mut self, index: Index) -> Option<Index> {
        let latest = self.latest().0;
        self.0
            .truncate(self.0.partition_point(|(at, _)| *at < index).max(1));
        (self.latest().0 < latest).then_some(latest)
    }

    /// The log begins after `base` now.
    pub(super) fn compact(&mut self, base: Index) {
        let reached = self.0.partition_point(|(at, _)| *at <= base);
        self.0.drain(..reached.saturating_sub(1));
        self.0[0].0 = self.0[0].0.max(base);
    }
}

/// What every server does.
impl Raft {
    /// The members that count here: those of the latest entry that says so, committed or not.
    #[must_use]
    pub fn membership(&self) -> &Arc<Membership> {
        &self.memberships.latest().1
    }

    /// The index of the entry that [`Raft::membership`] comes from.
    #[must_use]
    pub fn membership_index(&self) -> Index {
        self.memberships.latest().0
    }

    /// Whether this server stands for election when it hears from no leader: it has a vote that
    /// counts, or had one until an entry that is not known to be committed. In the latter case it may be the
    /// only one whose log is complete enough to lead the change to its end (dissertation, section
    /// 4.2.2).
    #[must_use]
    pub fn may_stand(&self) -> bool {
        let committed = self.membership_index() <= self.commit;
        let former = self.memberships.former().filter(|_| !committed);
        let voted = former.is_some_and(|former| self.has_seat(former));
        voted || self.has_seat(self.membership())
    }

    /// The members that counted at `index`, which the log must reach down to.
    #[must_use]
    pub fn membership_at(&self, index: Index) -> &Arc<Membership> {
        self.memberships.at(index)
    }

    /// An entry with a membership is in the log: it counts at once.
    pub(super) fn adopt_membership(&mut self, index: Index, payload: &Payload, out: &mut Output) {
        if let Payload::Membership(membership) = payload {
            self.memberships.adopt(index, Arc::clone(membership));
            let membership = Arc::clone(membership);
            out.events
                .push(Event::MembershipAdopted { index, membership });
        }
    }

    /// The log was cut: a membership that stood there does not count any more.
    pub(super) fn revert_membership(&mut self, cut: Index, out: &mut Output) {
        if let Some(index) = self.memberships.cut(cut) {
            let membership = Arc::clone(self.membership());
            out.events
                .push(Event::MembershipReverted { index, membership });
        }
    }

    /// The log has become committed beyond `from`.
    pub(super) fn note_committed_membership(&self, from: Index, out: &mut Output) {
        let (index, membership) = self.memberships.latest();
        if from < *index && *index <= self.commit && *index > self.log.base().index {
            let (index, membership) = (*index, Arc::clone(membership));
            let leads = matches!(self.role, Role::Leader(_));
            out.events.push(Event::MembershipCommitted {
                index,
                membership,
                leads,
            });
        }
    }

    pub(super) fn other_voters(&self) -> Vec<NodeId> {
        let mut voters = self.membership().all_voters();
        if self.makes(Mutant::RemovedServersVote) {
            voters.extend(&self.membership().retired);
        }
        voters.retain(|voter| *voter != self.id);
        voters
    }
}

/// What the leader does.
impl Raft {
    /// Begins a change of the membership. Its later stages follow by themselves.
    ///
    /// # Errors
    /// Why that cannot be.
    pub fn change_membership(
        &mut self,
        now: Instant,
        change: MembershipChange,
        out: &mut Output,
    ) -> Result<(), ChangeRefusal> {
        let Role::Leader(leader) = &self.role else {
            return Err(ChangeRefusal::NotLeader);
        };
        if leader.hand_over.is_some() {
            return Err(ChangeRefusal::HandingOver);
        }
        if self.commit < leader.first_of_term {
            return Err(ChangeRefusal::NothingCommittedInTerm);
        }
        if self.membership_index() > self.commit {
            return Err(ChangeRefusal::InProgress);
        }
        let next = self.membership().begin(change)?;
        // Servers that only leave need no stage in which others catch up.
        let skip = next.awaited().next().is_none();
        let at_once = next.joint().and_then(|joint| joint.leave_joint());
        let at_once = at_once.filter(|_| self.makes(Mutant::SingleStepChange));
        let next = if let Some(at_once) = at_once {
            self.name_newcomers(at_once)
        } else if skip {
            self.name_newcomers(next.joint().unwrap_or(next))
        } else {
            next
        };
        self.append_membership(now, next, out);
        self.replicate(now, out);
        self.assert_invariants();
        Ok(())
    }

    fn append_membership(&mut self, now: Instant, membership: Membership, out: &mut Output) {
        self.append_own(Payload::Membership(Arc::new(membership)), out);
        self.align_progress(now);
    }

    /// Sends to everyone who is a member, and to nobody for long who is not.
    fn align_progress(&mut self, now: Instant) {
        let (id, members) = (self.id, self.membership().members());
        let next = self.log.last().index.next();
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        for progress in &mut leader.progress {
            let member = members.contains(&progress.node);
            let since = progress.departing_since.unwrap_or(now);
            progress.departing_since = (!member).then_some(since);
        }
        for member in members.into_iter().filter(|member| *member != id) {
            if !leader
                .progress
                .iter()
                .any(|progress| progress.node == member)
            {
                leader.progress.push(Progress::new(member, next, now));
            }
        }
        leader.progress.sort_by_key(|progress| progress.node);
    }

    /// Takes the next stage of a change, once the one before is committed.
    pub(super) fn advance_change(&mut self, now: Instant, out: &mut Output) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let settled = self.membership_index() <= self.commit && self.commit >= leader.first_of_term;
        if !settled || leader.hand_over.is_some() {
            return;
        }
        let membership = Arc::clone(self.membership());
        if let Some(next) = membership.leave_joint() {
            self.append_membership(now, next, out);
        } else if !membership.is_voter(self.id) {
            self.leave_office(now, out);
        } else if let Some(next) = self.next_seating(out) {
            self.append_membership(now, next, out);
        } else if let Some(next) = membership.joint()
            && self.learners_are_ready(&membership, out)
        {
            self.append_membership(now, self.name_newcomers(next), out);
        }
    }

    fn learners_are_ready(&self, membership: &Membership, out: &mut Output) -> bool {
        let Role::Leader(leader) = &self.role else {
            return false;
        };
        let last = self.log.last().index;
        let mut caught_up = Vec::new();
        for learner in membership.awaited() {
            let progress = leader
                .progress
                .iter()
                .find(|progress| progress.node == learner);
            let Some(progress) = progress.filter(|progress| self.is_caught_up(progress)) else {
                return false;
            };
            let matched = progress.matched;
            caught_up.push(Event::LearnerCaughtUp {
                learner,
                matched,
                last,
            });
        }
        out.events.extend(caught_up);
        true
    }

    pub(super) fn is_caught_up(&self, progress: &Progress) -> bool {
        let behind = self.log.last().index.since(progress.matched);
        let streams = matches!(progress.state, Sending::Replicate { .. });
        streams && behind <= self.config.promotion_lag
    }

    /// The change that removed this leader is committed: it tells everyone, asks the most
    /// complete of the voters to take over, and follows.
    fn leave_office(&mut self, now: Instant, out: &mut Output) {
        self.send_heartbeats(now, out);
        let (term, last) = (self.term, self.log.last().index);
        let (mut voters, vacant) = (self.membership().voters.clone(), self.vacant_seats());
        voters.retain(|voter| !vacant.contains(voter));
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let followers = leader.progress.iter().filter(|p| voters.contains(&p.node));
        if let Some(best) = followers.max_by_key(|progress| progress.matched) {
            let to = best.node;
            out.messages
                .push((to, Message::TimeoutNow(TimeoutNow { term })));
            out.events.push(Event::SuccessorAsked { to, last });
        }
        self.become_follower(now, self.term, FollowReason::Removed, out);
    }

    /// At a heartbeat, which has just told everyone what is committed: those who are no members
    /// any more and know it, or have been silent for too long, are let go.
    pub(super) fn let_departed_go(&mut self, now: Instant) {
        let (settled, index) = (
            self.membership_index() <= self.commit,
            self.membership_index(),
        );
        let patience = self.config.election_timeout_max;
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        leader
            .progress
            .retain(|progress| match progress.departing_since {
                None => true,
                Some(since) => {
                    let silent = now.since(since.max(progress.heard_at)) > patience;
                    !(settled && (progress.matched >= index || silent))
                }
            });
    }
}
