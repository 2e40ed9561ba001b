//! One server's consensus state, and the way every message takes through it.
//!
//! `on_message` settles the term first (Raft paper, section 5.1: a higher term makes any server
//! a follower, a lower one is refused), then hands the message to the one function that knows
//! it. Only the `become_*` functions change the role.

use super::config::Config;
use super::durability::{After, Durability};
use super::entry::{Entry, Payload};
use super::event::{Event, FollowReason};
use super::log::Log;
use super::message::{
    AppendOutcome, AppendResponse, Conflict, Message, SnapshotOutcome, SnapshotResponse,
    VoteResponse,
};
use super::output::{Output, Persist};
use super::progress::Progress;
use super::reads::{AskedReads, LeaderReads};
use super::role::{Follower, Leader, Role, Timer};
use crate::types::{Index, Instant, NodeId, Position, Rng, Term};
use bytes::Bytes;
use std::sync::Arc;

/// What a server knows when it starts: from its disk, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The durable term.
    pub term: Term,
    /// The vote given in it.
    pub vote: Option<NodeId>,
    /// What is known to be committed; at least what the snapshot covers.
    pub commit: Index,
    /// The newest snapshot.
    pub snapshot: Option<Snapshot>,
    /// The entries that follow it.
    pub entries: Vec<Entry>,
}

/// A durable snapshot, whole and opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last entry that it covers.
    pub covers: Position,
    /// Its bytes.
    pub data: Bytes,
}

/// One server's consensus: who leads, and what is committed.
///
/// Invariants, asserted after every input:
/// 1. `log.base.index <= commit <= log.last.index`.
/// 2. A snapshot is held whenever the log has a base, and covers at least the base.
/// 3. A leader's followers have `matched < next`, and `next` is at most one past the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raft {
    pub(super) id: NodeId,
    pub(super) voters: Arc<[NodeId]>,
    pub(super) config: Arc<Config>,
    pub(super) rng: Rng,
    pub(super) term: Term,
    pub(super) vote: Option<NodeId>,
    pub(super) log: Log,
    pub(super) commit: Index,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) role: Role,
    pub(super) durability: Durability,
}

impl Raft {
    /// A server that starts as a follower, with what its disk remembered.
    #[must_use]
    pub fn new(
        id: NodeId,
        voters: &[NodeId],
        setup: (Arc<Config>, u64),
        restored: Restored,
        now: Instant,
    ) -> Raft {
        let (config, seed) = setup;
        assert!(voters.contains(&id), "{id} is one of the voters");
        let base = restored
            .snapshot
            .as_ref()
            .map_or(Position::ZERO, |snapshot| snapshot.covers);
        let log = Log::new(base, restored.entries);
        let commit = restored.commit.max(base.index).min(log.last().index);
        let mut raft = Raft {
            id,
            voters: voters.into(),
            rng: Rng::new(seed),
            term: restored.term,
            vote: restored.vote,
            durability: Durability::recovered(log.last().index),
            log,
            commit,
            snapshot: restored.snapshot,
            role: Role::Follower(Follower {
                leader: None,
                timer: Timer {
                    set_at: now,
                    fires_at: now,
                },
                incoming: None,
                reads: AskedReads::default(),
            }),
            config,
        };
        raft.reset_election_timer(now);
        raft.assert_invariants();
        raft
    }

    /// A message of another server arrived.
    pub fn on_message(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Output) {
        if from == self.id || !self.voters.contains(&from) {
            return;
        }
        if message.term() > self.term {
            let why = FollowReason::HigherTerm {
                from,
                previous: self.term,
            };
            self.become_follower(now, message.term(), why, out);
        } else if message.term() < self.term && self.refuse_stale(from, &message, out) {
            return;
        }
        self.dispatch(now, from, message, out);
        self.replicate(now, out);
        self.assert_invariants();
    }

    fn dispatch(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Output) {
        match message {
            Message::VoteRequest(request) => self.on_vote_request(now, from, &request, out),
            Message::VoteResponse(response) => self.on_vote_response(now, from, &response, out),
            Message::AppendRequest(request) => self.on_append(now, from, request, out),
            Message::AppendResponse(response) => {
                self.on_append_response(now, from, &response, out);
            }
            Message::SnapshotRequest(request) => self.on_snapshot(now, from, request, out),
            Message::SnapshotResponse(response) => {
                self.on_snapshot_response(now, from, &response, out);
            }
            Message::ReadIndexRequest(request) => {
                self.on_read_index_request(now, from, &request, out);
            }
            Message::ReadIndexResponse(response) => self.on_read_index_response(&response, out),
        }
    }

    /// Refuses a message of an earlier term, answering with the present one so that its sender
    /// learns of it. Tells whether the message is done with.
    fn refuse_stale(&mut self, from: NodeId, message: &Message, out: &mut Output) -> bool {
        let refused = Event::StaleTermRefused {
            from,
            term: message.term(),
        };
        match message {
            // Handled like any other: the refusal names the rule.
            Message::VoteRequest(_) => return false,
            // Who reads does not care about terms; the answer brings the follower up to date.
            Message::ReadIndexRequest(_) => return false,
            Message::AppendRequest(request) => {
                let conflict = Conflict {
                    previous: request.previous,
                    last: self.log.last().index,
                    conflicting: None,
                };
                let outcome = AppendOutcome::Rejected(conflict);
                let response = AppendResponse {
                    term: self.term,
                    round: request.round,
                    outcome,
                };
                self.send_after(
                    After::HardState,
                    from,
                    Message::AppendResponse(response),
                    out,
                );
            }
            Message::SnapshotRequest(request) => {
                let response = SnapshotResponse {
                    term: self.term,
                    round: request.round,
                    covers: request.covers,
                    outcome: SnapshotOutcome::Received { bytes: 0 },
                };
                self.send_after(
                    After::HardState,
                    from,
                    Message::SnapshotResponse(response),
                    out,
                );
            }
            Message::VoteResponse(_)
            | Message::AppendResponse(_)
            | Message::SnapshotResponse(_)
            | Message::ReadIndexResponse(_) => {}
        }
        out.events.push(refused);
        true
    }

    /// When [`Raft::on_deadline`] wants to be called.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        match &self.role {
            Role::Follower(follower) => follower.timer.fires_at,
            Role::Candidate(candidate) => candidate.timer.fires_at,
            Role::Leader(leader) => leader.heartbeat_at,
        }
    }

    /// The deadline has come. Calling too early does nothing.
    pub fn on_deadline(&mut self, now: Instant, out: &mut Output) {
        if now < self.deadline() {
            return;
        }
        match &self.role {
            Role::Follower(_) | Role::Candidate(_) => self.campaign(now, out),
            Role::Leader(_) => self.heartbeat(now, out),
        }
        self.assert_invariants();
    }

    /// All records up to `record` are durable; see [`Output::records`] for their numbers.
    pub fn on_durable(&mut self, now: Instant, record: u64, out: &mut Output) {
        out.messages.extend(self.durability.reached(record));
        self.count_own_vote(now, out);
        self.advance_commit(now, out);
        self.replicate(now, out);
        self.assert_invariants();
    }

    /// Appends commands to the log. Every one is committed, or replaced by another leader's.
    ///
    /// Returns the position of the last of them; none when this server does not lead.
    pub fn propose(
        &mut self,
        now: Instant,
        commands: impl IntoIterator<Item = Bytes>,
        out: &mut Output,
    ) -> Option<Position> {
        let Role::Leader(_) = &self.role else {
            return None;
        };
        for command in commands {
            self.append_own(Payload::Command(command), out);
        }
        self.replicate(now, out);
        self.assert_invariants();
        Some(self.log.last())
    }

    pub(super) fn append_own(&mut self, payload: Payload, out: &mut Output) -> Position {
        let position = self.log.append(self.term, payload);
        let entry = self
            .log
            .get(position.index)
            .expect("it was appended just now");
        out.records.push(Persist::Entry(entry.clone()));
        self.durability.log_issued(position.index);
        position
    }

    pub(super) fn persist_hard_state(&mut self, out: &mut Output) -> u64 {
        out.records.push(Persist::HardState {
            term: self.term,
            vote: self.vote,
        });
        self.durability.hard_state_issued()
    }

    /// Sends a message once what it depends on is durable.
    pub(super) fn send_after(
        &mut self,
        after: After,
        to: NodeId,
        message: Message,
        out: &mut Output,
    ) {
        if let Some(message) = self.durability.hold(after, to, message) {
            out.messages.push((to, message));
        }
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = NodeId> + use<> {
        let (id, voters) = (self.id, Arc::clone(&self.voters));
        (0..voters.len())
            .map(move |place| voters[place])
            .filter(move |peer| *peer != id)
    }

    pub(super) fn new_timer(&mut self, now: Instant) -> Timer {
        let (low, high) = (
            self.config.election_timeout_min,
            self.config.election_timeout_max,
        );
        let wait = self.rng.between(low.as_micros(), high.as_micros());
        Timer {
            set_at: now,
            fires_at: now + crate::types::Duration::micros(wait),
        }
    }

    pub(super) fn reset_election_timer(&mut self, now: Instant) {
        let fresh = self.new_timer(now);
        match &mut self.role {
            Role::Follower(follower) => follower.timer = fresh,
            Role::Candidate(candidate) => candidate.timer = fresh,
            Role::Leader(_) => {}
        }
    }

    /// Follows: in a new term, whose vote is free, or in this one, whose leader is known.
    pub(super) fn become_follower(
        &mut self,
        now: Instant,
        term: Term,
        why: FollowReason,
        out: &mut Output,
    ) {
        assert!(
            term >= self.term,
            "terms never go back: {} to {term}",
            self.term
        );
        self.abandon_reads(out);
        let leader = match why {
            FollowReason::HigherTerm { .. } => None,
            FollowReason::LeaderOfTerm { leader } => Some(leader),
        };
        if term > self.term {
            self.term = term;
            self.vote = None;
            self.persist_hard_state(out);
        }
        // A follower's patience is its own: only a leader's word or a vote given renews it.
        let timer = match &self.role {
            Role::Follower(follower) => follower.timer,
            Role::Candidate(candidate) => candidate.timer,
            Role::Leader(_) => self.new_timer(now),
        };
        let incoming = match &mut self.role {
            Role::Follower(follower) => follower.incoming.take(),
            Role::Candidate(_) | Role::Leader(_) => None,
        };
        let reads = AskedReads::default();
        self.role = Role::Follower(Follower {
            leader,
            timer,
            incoming,
            reads,
        });
        out.events.push(Event::BecameFollower { term, why });
    }

    /// Leads: starts the term with an empty entry, because only an entry of its own term tells
    /// a leader what is committed (Raft paper, section 5.4.2).
    pub(super) fn become_leader(&mut self, now: Instant, votes: Vec<NodeId>, out: &mut Output) {
        assert!(
            matches!(self.role, Role::Candidate(_)),
            "only a candidate is elected"
        );
        let needed = super::quorum::majority(self.voters.len()) as u64;
        out.events.push(Event::BecameLeader {
            term: self.term,
            votes,
            needed,
        });
        let next = self.log.last().index.next();
        self.role = Role::Leader(Leader {
            progress: self.peers().map(|peer| Progress::new(peer, next)).collect(),
            first_of_term: next,
            reads: LeaderReads::default(),
            heartbeat_at: now + self.config.heartbeat_interval,
            withheld: Index::ZERO,
        });
        self.append_own(Payload::Noop, out);
        self.replicate(now, out);
    }

    pub(super) fn refuse_vote_response(&self) -> Message {
        Message::VoteResponse(VoteResponse {
            term: self.term,
            granted: false,
        })
    }

    fn assert_invariants(&self) {
        let (base, last) = (self.log.base().index, self.log.last().index);
        assert!(
            base <= self.commit && self.commit <= last,
            "{}: base {base} <= commit {} <= last {last}",
            self.id,
            self.commit
        );
        let covered = self
            .snapshot
            .as_ref()
            .map_or(Index::ZERO, |snapshot| snapshot.covers.index);
        assert!(
            covered >= base,
            "{}: a snapshot of {covered} covers the base {base}",
            self.id
        );
        if let Role::Leader(leader) = &self.role {
            for progress in &leader.progress {
                let (matched, next) = (progress.matched, progress.next);
                assert!(
                    matched < next && next <= last.next(),
                    "{}: {} has matched {matched} < next {next} <= {}",
                    self.id,
                    progress.node,
                    last.next()
                );
            }
        }
    }
}

/// What may be known from outside.
impl Raft {
    /// This server.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// All voters, this server among them.
    #[must_use]
    pub fn voters(&self) -> &[NodeId] {
        &self.voters
    }

    /// Its term, durable or not yet.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }

    /// Its vote in this term.
    #[must_use]
    pub fn vote(&self) -> Option<NodeId> {
        self.vote
    }

    /// Its role, with what only that role holds.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Who leads this term, as far as it knows.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Follower(follower) => follower.leader,
            Role::Candidate(_) => None,
            Role::Leader(_) => Some(self.id),
        }
    }

    /// Its log above the newest compaction.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its commit index.
    #[must_use]
    pub fn commit(&self) -> Index {
        self.commit
    }

    /// Where the durable part of its log ends.
    #[must_use]
    pub fn durable_last(&self) -> Index {
        self.durability.durable_last()
    }

    /// The number of the newest record that it asked to be persisted.
    #[must_use]
    pub fn records_issued(&self) -> u64 {
        self.durability.issued()
    }

    /// The newest snapshot that it can send to followers.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }
}
