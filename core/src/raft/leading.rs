//! The leader's side of replication, and the commit rule (Raft paper, sections 5.3 and 5.4.2).

use super::clock::Reading;
use super::event::{CommitReason, Event, FollowReason};
use super::message::{AppendOutcome, AppendRequest, AppendResponse, Conflict, Message};
use super::output::Output;
use super::progress::{Progress, Sending};
use super::quorum::majority;
use super::role::Role;
use super::server::Raft;
use crate::types::{Index, Instant, Mutant, NodeId, Position};
use std::sync::Arc;

impl Raft {
    /// Sends what each follower lacks, as far as its window allows.
    pub(super) fn replicate(&mut self, now: Instant, out: &mut Output) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let mut progress = std::mem::take(&mut leader.progress);
        let mut paced_until = leader.snapshot_paced_until;
        for follower in &mut progress {
            self.replicate_to(now, follower, &mut paced_until, out);
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.snapshot_paced_until = paced_until;
        }
        self.put_progress_back(progress);
    }

    fn put_progress_back(&mut self, progress: Vec<Progress>) {
        if let Role::Leader(leader) = &mut self.role {
            leader.progress = progress;
        }
    }

    fn replicate_to(
        &self,
        now: Instant,
        follower: &mut Progress,
        paced_until: &mut Instant,
        out: &mut Output,
    ) {
        let last = self.log.last().index;
        if follower.next <= self.log.base().index {
            self.turn_to_snapshot(follower, out);
        }
        match &mut follower.state {
            Sending::Probe { waiting } => {
                if !*waiting {
                    *waiting = true;
                    let append = self.append_from(follower.next, self.config.append_entries);
                    out.messages
                        .push((follower.node, Message::AppendRequest(append)));
                }
            }
            Sending::Replicate { inflight } => {
                while follower.next <= last
                    && (inflight.len() as u64) < self.config.inflight_appends
                    && inflight.bytes() < self.config.inflight_bytes
                {
                    let append = self.append_from(follower.next, self.config.append_entries);
                    let sent = append.previous.index.plus(append.entries.len() as u64);
                    let bytes = append.entries.iter().map(|entry| entry.payload.len()).sum();
                    follower.next = sent.next();
                    inflight.sent(sent, bytes);
                    out.messages
                        .push((follower.node, Message::AppendRequest(append)));
                }
            }
            Sending::Snapshot(_) => self.send_snapshot_pieces(now, follower, paced_until, out),
        }
    }

    /// An append whose entries start at `next`, at most `count` of them.
    fn append_from(&self, next: Index, count: u64) -> AppendRequest {
        let before = next.prev().unwrap_or(Index::ZERO);
        let term = self
            .log
            .term_at(before)
            .expect("what is sent lies above the log's base");
        AppendRequest {
            term: self.term,
            previous: Position::new(term, before),
            entries: self.log.slice(next, count, self.config.append_bytes),
            commit: self.commit,
            round: self.round(),
        }
    }

    pub(super) fn round(&self) -> u64 {
        match &self.role {
            Role::Leader(leader) => leader.lease.round,
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => 0,
        }
    }

    /// Shows every follower that the leader lives, and sets the next time to do so.
    pub(super) fn heartbeat(&mut self, now: Instant, out: &mut Output) {
        let interval = self.config.heartbeat_interval;
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        leader.heartbeat_at = now + interval;
        leader.lease.begin_round(now);
        self.send_heartbeats(now, out);
        self.remind_successor(out);
        self.let_departed_go(now);
    }

    /// Steps down if no quorum was heard from for too long: another leader may have been elected
    /// meanwhile, and whoever waits here waits in vain (dissertation, section 6.2).
    pub(super) fn step_down_without_quorum(&mut self, now: Instant, out: &mut Output) -> bool {
        let (id, waited) = (self.id, self.config.election_timeout_max);
        let Role::Leader(leader) = &self.role else {
            return false;
        };
        let (voters, vacant) = (self.membership().all_voters(), self.vacant_seats());
        let recent = |progress: &&Progress| now.since(progress.heard_at) <= waited;
        let followers = leader
            .progress
            .iter()
            .filter(recent)
            .map(|progress| progress.node);
        let mut heard: Vec<NodeId> = followers.chain([id]).collect();
        heard.retain(|node| voters.contains(node) && !vacant.contains(node));
        let quorum = self.membership().quorum();
        if !self.config.check_quorum || quorum.is_quorum(|node| heard.contains(&node)) {
            return false;
        }
        heard.sort_unstable();
        self.become_follower(
            now,
            self.term,
            FollowReason::QuorumLost { heard, waited },
            out,
        );
        true
    }

    /// Sends every follower an append without entries. Its previous entry is the last one sent,
    /// so that the follower's answer also tells whether something was lost on the way.
    pub(super) fn send_heartbeats(&mut self, now: Instant, out: &mut Output) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let paced_until = leader.snapshot_paced_until;
        let mut progress = std::mem::take(&mut leader.progress);
        for follower in &mut progress {
            match &follower.state {
                Sending::Snapshot(_) => self.revive_snapshot(now, follower, paced_until, out),
                Sending::Probe { .. } | Sending::Replicate { .. } => {
                    if follower.next > self.log.base().index {
                        let heartbeat = self.append_from(follower.next, 0);
                        out.messages
                            .push((follower.node, Message::AppendRequest(heartbeat)));
                    }
                }
            }
        }
        self.put_progress_back(progress);
    }

    /// A follower answered an append.
    pub(super) fn on_append_response(
        &mut self,
        now: Instant,
        from: NodeId,
        response: &AppendResponse,
        out: &mut Output,
    ) {
        let last = self.log.last().index;
        self.note_clock(now, from, response);
        let Some(follower) = self.heard_from(now, from, response.round) else {
            return;
        };
        match &response.outcome {
            AppendOutcome::Accepted { matched } if *matched > last => return,
            AppendOutcome::Accepted { matched } => {
                let news = follower.acknowledge(*matched);
                if follower.matched == *matched {
                    follower.matched_at = follower.matched_at.max(Some(response.clock));
                }
                if news {
                    self.advance_commit(now, out);
                }
            }
            AppendOutcome::Rejected(conflict) => {
                if !self.note_denial(now, (from, response.clock), conflict, out) {
                    self.on_conflict(from, conflict, out);
                }
            }
        }
        self.confirm_reads(now, out);
    }

    fn progress_mut(&mut self, node: NodeId) -> Option<&mut Progress> {
        match &mut self.role {
            Role::Leader(leader) => leader
                .progress
                .iter_mut()
                .find(|progress| progress.node == node),
            // An answer to an earlier leadership of this server.
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => None,
        }
    }

    /// A follower answered this round, so it follows.
    pub(super) fn heard_from(
        &mut self,
        now: Instant,
        node: NodeId,
        round: u64,
    ) -> Option<&mut Progress> {
        let follower = self.progress_mut(node)?;
        follower.round = follower.round.max(round);
        follower.heard_at = now;
        Some(follower)
    }

    /// A follower told its clock: how fast it runs shows when there are two readings far apart.
    fn note_clock(&mut self, now: Instant, from: NodeId, response: &AppendResponse) {
        let (window, patience) = (self.config.clock_window, self.config.election_timeout_max);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let sent = leader.lease.began(response.round);
        let follower = leader
            .progress
            .iter_mut()
            .find(|progress| progress.node == from);
        if let (Some(follower), Some(sent)) = (follower, sent) {
            // Who was away may have been switched off, and its clock with it.
            if now.since(follower.heard_at) > patience {
                follower.clock.forget();
            }
            let (received, theirs) = (now, response.clock);
            let reading = Reading {
                sent,
                received,
                theirs,
            };
            follower.clock.add(reading, window);
        }
    }

    /// A follower lacks the entry before what was sent: goes back, by whole terms at once, to
    /// the last place where the logs can agree.
    fn on_conflict(&mut self, from: NodeId, conflict: &Conflict, out: &mut Output) {
        let refused = conflict.previous;
        let agreeing = self.last_agreement_possible(conflict);
        let last = self.log.last().index;
        let Some(follower) = self.progress_mut(from) else {
            return;
        };
        let answers_probe = follower.next.prev() == Some(refused.index);
        let current = match &follower.state {
            Sending::Probe { .. } => answers_probe,
            Sending::Replicate { .. } => refused.index > follower.matched,
            Sending::Snapshot(_) => false,
        };
        // An answer from before the latest acknowledgement: asking again would lead nowhere.
        if !current || agreeing < follower.matched {
            return;
        }
        follower.probe_from(agreeing.min(last).next());
        let next = follower.next;
        let conflicting = conflict.conflicting;
        out.events.push(Event::FollowerProbed {
            follower: from,
            refused,
            next,
            conflicting,
        });
    }

    /// The last index at which a follower that reported `conflict` can agree with this log.
    fn last_agreement_possible(&self, conflict: &Conflict) -> Index {
        let before = |index: Index| index.prev().unwrap_or(Index::ZERO);
        match conflict.conflicting {
            Some(held) => {
                let own = self
                    .log
                    .last_not_beyond(held.term, before(conflict.previous.index));
                match self.log.term_at(own) {
                    Some(term) if term == held.term => own,
                    _ => own.min(before(held.index)),
                }
            }
            None => conflict.last,
        }
    }

    /// Commits what a majority holds durably, if it is of the leader's own term: an older entry
    /// on a majority can still be replaced (Raft paper, figure 8).
    pub(super) fn advance_commit(&mut self, now: Instant, out: &mut Output) {
        let own_end = if self.makes(Mutant::LeaderCountsUnsynced) {
            self.log.last().index
        } else {
            self.durability.durable_last()
        };
        let own = (self.id, own_end);
        let counted = self.makes(Mutant::LearnerCounted);
        let takes_older = self.makes(Mutant::CommitsOlderTerms);
        let (membership, vacant) = (Arc::clone(self.membership()), self.vacant_seats());
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let matched = |node: NodeId| {
            let follower = leader
                .progress
                .iter()
                .find(|progress| progress.node == node);
            let follower = follower.filter(|_| !vacant.contains(&node));
            let known = follower.map_or(Index::ZERO, |progress| progress.matched);
            if node == own.0 { own.1 } else { known }
        };
        let held = if counted {
            membership.held_by_any(matched)
        } else {
            membership.quorum().committed(matched)
        };
        if held <= self.commit {
            return;
        }
        let held_term = self
            .log
            .term_at(held)
            .expect("matched entries lie above the base");
        let (is_older, is_new) = (held_term != self.term, held > leader.withheld);
        if is_older {
            leader.withheld = leader.withheld.max(held);
        }
        if is_older && !takes_older {
            let (entry, term) = (Position::new(held_term, held), self.term);
            let withheld = is_new.then_some(Event::CommitWithheld { entry, term });
            out.events.extend(withheld);
            return;
        }
        let voters = membership.all_voters();
        let why = CommitReason::Quorum {
            matched: voters
                .into_iter()
                .filter(|node| !vacant.contains(node))
                .map(|node| (node, matched(node)))
                .collect(),
            needed: majority(membership.voters.len()) as u64,
            needed_of_old: (membership.is_joint())
                .then(|| majority(membership.outgoing.len()) as u64),
        };
        let committed = self.log.range(self.commit, held);
        let bytes: u64 = committed.map(|entry| entry.payload.len()).sum();
        leader.uncommitted_bytes = leader.uncommitted_bytes.saturating_sub(bytes);
        self.raise_commit(held, why, out);
        self.begin_read_round(now, out);
    }
}
