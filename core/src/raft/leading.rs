//! The leader's side of replication, and the commit rule (Raft paper, sections 5.3 and 5.4.2).

use super::event::{CommitReason, Event};
use super::message::{AppendOutcome, AppendRequest, AppendResponse, Conflict, Message};
use super::output::Output;
use super::progress::{Progress, Sending};
use super::quorum::{held_by_majority, majority};
use super::role::Role;
use super::server::Raft;
use crate::types::{Index, Instant, NodeId, Position};

impl Raft {
    /// Sends what each follower lacks, as far as its window allows.
    pub(super) fn replicate(&mut self, now: Instant, out: &mut Output) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let mut progress = std::mem::take(&mut leader.progress);
        for follower in &mut progress {
            self.replicate_to(now, follower, out);
        }
        self.put_progress_back(progress);
    }

    fn put_progress_back(&mut self, progress: Vec<Progress>) {
        if let Role::Leader(leader) = &mut self.role {
            leader.progress = progress;
        }
    }

    fn replicate_to(&self, now: Instant, follower: &mut Progress, out: &mut Output) {
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
                {
                    let append = self.append_from(follower.next, self.config.append_entries);
                    let sent = append.previous.index.plus(append.entries.len() as u64);
                    follower.next = sent.next();
                    inflight.push_back(sent);
                    out.messages
                        .push((follower.node, Message::AppendRequest(append)));
                }
            }
            Sending::Snapshot(_) => self.send_snapshot_piece(now, follower, out),
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
            Role::Leader(leader) => leader.reads.round,
            Role::Follower(_) | Role::Candidate(_) => 0,
        }
    }

    /// Shows every follower that the leader lives, and sets the next time to do so.
    pub(super) fn heartbeat(&mut self, now: Instant, out: &mut Output) {
        let interval = self.config.heartbeat_interval;
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        leader.heartbeat_at = now + interval;
        self.send_heartbeats(now, out);
    }

    /// Sends every follower an append without entries. Its previous entry is the last one sent,
    /// so that the follower's answer also tells whether something was lost on the way.
    pub(super) fn send_heartbeats(&mut self, now: Instant, out: &mut Output) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let mut progress = std::mem::take(&mut leader.progress);
        for follower in &mut progress {
            match &follower.state {
                Sending::Snapshot(_) => self.repeat_snapshot_piece(now, follower, out),
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
        let Some(follower) = self.progress_mut(from) else {
            return;
        };
        follower.round = follower.round.max(response.round);
        match &response.outcome {
            AppendOutcome::Accepted { matched } if *matched > last => return,
            AppendOutcome::Accepted { matched } => {
                if follower.acknowledge(*matched) {
                    self.advance_commit(now, out);
                }
            }
            AppendOutcome::Rejected(conflict) => self.on_conflict(from, conflict, out),
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
            Role::Follower(_) | Role::Candidate(_) => None,
        }
    }

    pub(super) fn follower_mut(&mut self, node: NodeId) -> Option<&mut Progress> {
        self.progress_mut(node)
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
        // Who denies what it acknowledged has lost it, or this is an old answer: either way
        // asking again at once would lead nowhere.
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
        let own = (self.id, self.durability.durable_last());
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let followers = leader.progress.iter().map(|progress| progress.matched);
        let mut indexes: smallvec::SmallVec<[Index; 9]> =
            std::iter::once(own.1).chain(followers).collect();
        let held = held_by_majority(&mut indexes);
        if held <= self.commit {
            return;
        }
        let held_term = self
            .log
            .term_at(held)
            .expect("matched entries lie above the base");
        if held_term != self.term {
            if held > leader.withheld {
                leader.withheld = held;
                let entry = Position::new(held_term, held);
                out.events.push(Event::CommitWithheld {
                    entry,
                    term: self.term,
                });
            }
            return;
        }
        let followers = leader
            .progress
            .iter()
            .map(|progress| (progress.node, progress.matched));
        let mut matched: Vec<(NodeId, Index)> = std::iter::once(own).chain(followers).collect();
        matched.sort_unstable();
        let needed = majority(matched.len()) as u64;
        self.raise_commit(held, CommitReason::Quorum { matched, needed }, out);
        self.begin_read_round(now, out);
    }
}
