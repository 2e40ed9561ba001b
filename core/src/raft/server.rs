//! One server's consensus state, and the way every message takes through it.
//!
//! `on_message` settles the term first (Raft paper, section 5.1: a higher term makes any server
//! a follower, a lower one is refused), then hands the message to the one function that knows
//! it. Only the `become_*` functions change the role.

use super::config::Config;
use super::durability::{After, Durability};
use super::entry::{Entry, Payload};
use super::event::{Event, FollowReason};
use super::lease::Lease;
use super::log::Log;
use super::membership::{Membership, Standing};
use super::message::{
    AppendOutcome, AppendResponse, Conflict, Message, SnapshotOutcome, SnapshotResponse,
};
use super::output::{Output, Persist};
use super::progress::Progress;
use super::promise::{Promise, PromiseReason};
use super::reads::{AskedReads, LeaderReads};
use super::reconfigure::Memberships;
use super::role::{Follower, Incoming, Leader, Role, Timer};
use crate::types::{
    Address, Duration, Fingerprint, Incarnation, Index, Instant, Mutant, Mutants, NodeId, Position,
    Rng, Rope, Term,
};
use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;

/// What a server knows when it starts: from its disk, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Restored {
    /// The members that a new cluster begins with; empty for a server that joins one and is told
    /// by its leader.
    pub bootstrap: Membership,
    /// The life of the server's memory.
    pub incarnation: Incarnation,
    /// Whether all this is durable only once record 1 is: the first number that
    /// [`Raft::records_issued`] counts, although [`Output::records`] does not hold it.
    pub unproven: bool,
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The last entry that it covers.
    pub covers: Position,
    /// The members at that entry. They are part of `data` too, which is opaque here.
    pub membership: Arc<Membership>,
    /// Its bytes.
    pub data: Rope,
}

impl Snapshot {
    /// A snapshot of these bytes.
    #[must_use]
    pub fn new(covers: Position, membership: Arc<Membership>, data: impl Into<Rope>) -> Snapshot {
        Snapshot {
            covers,
            membership,
            data: data.into(),
        }
    }
}

/// Why proposals are not taken. None of them was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum ProposeRefusal {
    /// This server does not lead.
    #[error("this server does not lead")]
    NotLeader,
    /// Leadership is being handed over.
    #[error("leadership is being handed over to {to}")]
    HandingOver {
        /// Who is to lead.
        to: NodeId,
    },
    /// Too much waits to be committed.
    #[error("{uncommitted} bytes wait to be committed, and at most {limit} may")]
    Busy {
        /// Payload bytes that are not committed.
        uncommitted: u64,
        /// The configured limit.
        limit: u64,
    },
}

/// One server's consensus: who leads, and what is committed.
///
/// Invariants, asserted after every input:
/// 1. `log.base.index <= commit <= log.last.index`.
/// 2. A snapshot is held whenever the log has a base, and covers at least the base.
/// 3. A leader's followers have `matched < next`, and `next` is at most one past the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raft {
    pub(super) id: NodeId,
    pub(super) incarnation: Incarnation,
    /// The newest incarnation heard of each server that is beyond the first, in this run.
    pub(super) heard: Vec<Address>,
    pub(super) memberships: Memberships,
    pub(super) config: Arc<Config>,
    pub(super) rng: Rng,
    /// Tells this run of the server from its others.
    pub(super) run: u64,
    pub(super) term: Term,
    pub(super) vote: Option<NodeId>,
    pub(super) log: Log,
    pub(super) commit: Index,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) role: Role,
    pub(super) durability: Durability,
    /// Whether it was restored from what is durable only once record 1 is.
    pub(super) unproven: bool,
    /// Until when it helps nobody to be elected.
    pub(super) promise: Promise,
    /// A snapshot that arrives in pieces. It outlives changes of leader: equal snapshots of two
    /// leaders are equal byte for byte.
    pub(super) incoming: Option<Incoming>,
    /// The time of the latest input.
    pub(super) latest: Instant,
    pub(super) mutants: Mutants,
}

impl Raft {
    /// A server that starts as a follower, with what its disk remembered. Each run of a server
    /// needs a seed of its own.
    #[must_use]
    pub fn new(id: NodeId, setup: (Arc<Config>, u64), restored: Restored, now: Instant) -> Raft {
        let (config, seed) = setup;
        let (base, membership) = match &restored.snapshot {
            Some(snapshot) => (snapshot.covers, Arc::clone(&snapshot.membership)),
            None => (Position::ZERO, Arc::new(restored.bootstrap)),
        };
        let is_new = restored.term == Term::ZERO
            && base == Position::ZERO
            && restored.incarnation == Incarnation::FIRST;
        let log = Log::new(base, restored.entries);
        let commit = restored.commit.max(base.index).min(log.last().index);
        let timer = Timer {
            set_at: now,
            fires_at: now,
        };
        let durability = if restored.unproven {
            Durability::unproven(log.last().index)
        } else {
            Durability::recovered(log.last().index)
        };
        // Whoever ran before may have heard from a leader just before it stopped.
        let promised = if is_new {
            Duration::ZERO
        } else {
            config.election_timeout_min
        };
        let mut raft = Raft {
            id,
            incarnation: restored.incarnation,
            heard: Vec::new(),
            memberships: Memberships::of(membership, &log),
            rng: Rng::new(seed),
            run: Fingerprint::of(&("run", seed)),
            term: restored.term,
            vote: restored.vote,
            durability,
            unproven: restored.unproven,
            log,
            commit,
            snapshot: restored.snapshot,
            role: Role::Follower(Follower {
                leader: None,
                timer,
                reads: AskedReads::default(),
            }),
            promise: Promise {
                until: now + promised,
                why: PromiseReason::Restarted,
            },
            incoming: None,
            latest: now,
            mutants: Mutants::default(),
            config,
        };
        raft.reset_election_timer(now);
        raft.assert_invariants();
        raft
    }

    /// A message of another server arrived. It need not be a member: a server that joins knows no
    /// members yet, and one that lags may not know the latest (dissertation, section 4.2.1).
    pub fn on_message(
        &mut self,
        now: Instant,
        from: impl Into<Address>,
        message: Message,
        out: &mut Output,
    ) {
        let address = from.into();
        let from = address.node;
        if from == self.id {
            return;
        }
        self.observe_clock(now, out);
        if !self.note_incarnation(now, address, out) {
            return;
        }
        if let Message::VoteRequest(request) = &message
            && let Some(why) = self.promise_refusal(now, request)
        {
            let candidate = from;
            out.events.push(Event::VoteRefused { candidate, why });
            return;
        }
        // Asking in advance, and being asked, changes nobody's term.
        let settles = !matches!(message, Message::PreVoteRequest(_));
        if settles && message.term() > self.term {
            let why = FollowReason::HigherTerm {
                from,
                previous: self.term,
            };
            self.become_follower(now, message.term(), why, out);
        } else if message.term() < self.term
            && !self.takes_from_the_past(&message)
            && self.refuse_stale(from, &message, out)
        {
            return;
        }
        self.dispatch(now, from, message, out);
        self.settle(now, out);
    }

    /// What a leader does after every input, and what must hold after it.
    fn settle(&mut self, now: Instant, out: &mut Output) {
        if let Role::Leader(_) = &self.role {
            self.renew_lease();
            self.advance_hand_over(out);
            self.advance_change(now, out);
            self.replicate(now, out);
        }
        self.assert_invariants();
    }

    fn dispatch(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Output) {
        match message {
            Message::PreVoteRequest(request) => {
                self.on_pre_vote_request(now, from, &request, out);
            }
            Message::PreVoteResponse(response) => {
                self.on_pre_vote_response(now, from, &response, out);
            }
            Message::TimeoutNow(_) => self.on_timeout_now(now, from, out),
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
    /// learns of it. It confirms no round: rounds begin anew with each leadership, and the same
    /// server may lead again. Tells whether the message is done with.
    fn refuse_stale(&mut self, from: NodeId, message: &Message, out: &mut Output) -> bool {
        let refused = Event::StaleTermRefused {
            from,
            term: message.term(),
        };
        match message {
            // Handled like any other: the refusal names the rule.
            Message::VoteRequest(_) | Message::PreVoteRequest(_) => return false,
            // Who answers in advance may well be of an earlier term.
            Message::PreVoteResponse(_) => return false,
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
                    round: 0,
                    clock: self.latest,
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
                    round: 0,
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
            | Message::ReadIndexResponse(_)
            | Message::TimeoutNow(_) => {}
        }
        out.events.push(refused);
        true
    }

    /// When [`Raft::on_deadline`] wants to be called; none while there is nothing to wait for.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.role {
            Role::Follower(follower) => {
                let timer = self.may_stand().then_some(follower.timer.fires_at);
                let reads = follower.reads.expire_at(self.config.election_timeout_max);
                timer.into_iter().chain(reads).min()
            }
            Role::PreCandidate(asking) => Some(asking.timer.fires_at),
            Role::Candidate(candidate) => Some(candidate.timer.fires_at),
            Role::Leader(leader) => {
                let hand_over = leader.hand_over.as_ref().map(|hand_over| hand_over.until);
                let pieces = self.snapshot_piece_due(leader);
                let others = hand_over.into_iter().chain(pieces);
                others.chain([leader.heartbeat_at]).min()
            }
        }
    }

    /// The deadline has come. Calling too early does nothing.
    pub fn on_deadline(&mut self, now: Instant, out: &mut Output) {
        self.observe_clock(now, out);
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return self.assert_invariants();
        }
        match &self.role {
            Role::Follower(follower) => {
                let silent = now >= follower.timer.fires_at;
                self.expire_asked_reads(now, out);
                if silent && self.may_stand() {
                    self.campaign(now, out);
                }
            }
            Role::PreCandidate(_) | Role::Candidate(_) => self.campaign(now, out),
            Role::Leader(leader) => {
                let due = now >= leader.heartbeat_at;
                self.expire_hand_over(now, out);
                if due && !self.step_down_without_quorum(now, out) {
                    self.heartbeat(now, out);
                }
            }
        }
        self.settle(now, out);
    }

    /// All records up to `record` are durable; see [`Output::records`] for their numbers.
    pub fn on_durable(&mut self, now: Instant, record: u64, out: &mut Output) {
        self.observe_clock(now, out);
        let reached: Vec<_> = self.durability.reached(record).collect();
        let reached = reached.into_iter().map(|held| self.with_mistakes(held));
        out.messages.extend(reached);
        self.count_own_vote(now, out);
        self.advance_commit(now, out);
        self.settle(now, out);
    }

    /// Appends commands to the log, all or none. Every one is committed, or replaced by another
    /// leader's. Returns the position of the last of them.
    ///
    /// # Errors
    /// Why none was taken.
    pub fn propose(
        &mut self,
        now: Instant,
        commands: &[Bytes],
        out: &mut Output,
    ) -> Result<Position, ProposeRefusal> {
        self.observe_clock(now, out);
        let limit = self.config.uncommitted_bytes;
        let Role::Leader(leader) = &mut self.role else {
            return Err(ProposeRefusal::NotLeader);
        };
        if let Some(hand_over) = &leader.hand_over {
            return Err(ProposeRefusal::HandingOver { to: hand_over.to });
        }
        let bytes: u64 = commands.iter().map(|command| command.len() as u64).sum();
        let uncommitted = leader.uncommitted_bytes;
        if uncommitted > 0 && uncommitted.saturating_add(bytes) > limit {
            return Err(ProposeRefusal::Busy { uncommitted, limit });
        }
        leader.uncommitted_bytes += bytes;
        for command in commands {
            self.append_own(Payload::Command(command.clone()), out);
        }
        self.settle(now, out);
        Ok(self.log.last())
    }

    pub(super) fn append_own(&mut self, payload: Payload, out: &mut Output) -> Position {
        let position = self.log.append(self.term, payload);
        let entry = self
            .log
            .get(position.index)
            .expect("it was appended just now");
        let payload = entry.payload.clone();
        out.records.push(Persist::Entry(entry.clone()));
        self.durability.log_issued(position.index);
        self.adopt_membership(position.index, &payload, out);
        position
    }

    pub(super) fn persist_hard_state(&mut self, out: &mut Output) -> u64 {
        let vote = self.vote.filter(|_| !self.makes(Mutant::VoteNotDurable));
        let term = self.term;
        out.records.push(Persist::HardState { term, vote });
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
        if after == After::Log && self.makes(Mutant::AcknowledgesBeforeFsync) {
            out.messages.push((to, message));
        } else if let Some(message) = self.durability.hold(after, to, message) {
            out.messages.push((to, message));
        }
    }

    pub(super) fn new_timer(&mut self, now: Instant) -> Timer {
        let (low, high) = (
            self.config.election_timeout_min,
            self.config.election_timeout_max,
        );
        let wait = self.rng.between(low.as_micros(), high.as_micros());
        Timer {
            set_at: now,
            fires_at: now + Duration::micros(wait),
        }
    }

    pub(super) fn reset_election_timer(&mut self, now: Instant) {
        let fresh = self.new_timer(now);
        match &mut self.role {
            Role::Follower(follower) => follower.timer = fresh,
            Role::PreCandidate(asking) => asking.timer = fresh,
            Role::Candidate(candidate) => candidate.timer = fresh,
            Role::Leader(_) => {}
        }
    }

    /// The election timer; none for a leader, and for who may not stand for election.
    #[must_use]
    pub fn election_timer(&self) -> Option<Timer> {
        let timer = match &self.role {
            Role::Follower(follower) => follower.timer,
            Role::PreCandidate(asking) => asking.timer,
            Role::Candidate(candidate) => candidate.timer,
            Role::Leader(_) => return None,
        };
        self.may_stand().then_some(timer)
    }

    /// Lets the election timer run out at another moment than the one that was drawn, this once. No
    /// real host has a reason to: it is how a simulation shows what becomes of timers that are alike.
    /// It cannot make anything unsafe, for Raft's safety relies on no timer (paper, section 5.6).
    pub fn set_election_timer(&mut self, fires_at: Instant) {
        match &mut self.role {
            Role::Follower(follower) => follower.timer.fires_at = fires_at,
            Role::PreCandidate(asking) => asking.timer.fires_at = fires_at,
            Role::Candidate(candidate) => candidate.timer.fires_at = fires_at,
            Role::Leader(_) => {}
        }
    }

    /// Follows: in a new term, whose vote is free, or in this one, whose leader is known or
    /// was this server.
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
            FollowReason::HigherTerm { .. }
            | FollowReason::QuorumLost { .. }
            | FollowReason::Removed => None,
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
            Role::PreCandidate(asking) => asking.timer,
            Role::Candidate(candidate) => candidate.timer,
            Role::Leader(_) => self.new_timer(now),
        };
        let reads = AskedReads::default();
        self.role = Role::Follower(Follower {
            leader,
            timer,
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
        let membership = Arc::clone(self.membership());
        out.events.push(Event::BecameLeader {
            term: self.term,
            votes,
            needed: membership.quorum().least() as u64,
        });
        let next = self.log.last().index.next();
        let others = membership
            .members()
            .into_iter()
            .filter(|node| *node != self.id);
        let uncommitted = self.log.range(self.commit, self.log.last().index);
        self.role = Role::Leader(Leader {
            progress: others.map(|node| Progress::new(node, next, now)).collect(),
            first_of_term: next,
            reads: LeaderReads::default(),
            lease: Lease::default(),
            hand_over: None,
            uncommitted_bytes: uncommitted.map(|entry| entry.payload.len()).sum(),
            snapshot_paced_until: now,
            heartbeat_at: now + self.config.heartbeat_interval,
            withheld: Index::ZERO,
        });
        self.incoming = None;
        self.append_own(Payload::Noop, out);
        if let Role::Leader(leader) = &mut self.role {
            leader.lease.begin_round(now);
        }
        self.replicate(now, out);
    }

    pub(super) fn assert_invariants(&self) {
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

    /// How it takes part in the cluster, as far as its own log says.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.is_unseated() {
            return Standing::Unseated;
        }
        self.membership().standing(self.id)
    }

    /// Until when it helps nobody to be elected, and why.
    #[must_use]
    pub fn promise(&self) -> Promise {
        self.promise
    }

    /// A snapshot that arrives in pieces.
    #[must_use]
    pub fn incoming(&self) -> Option<&Incoming> {
        self.incoming.as_ref()
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
            Role::PreCandidate(_) | Role::Candidate(_) => None,
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

    /// Whether what it was restored from may still be taken by a loss of power: nothing that it has asked to be
    /// persisted since is durable yet.
    #[must_use]
    pub fn is_unproven(&self) -> bool {
        self.unproven && !self.durability.is_durable(1)
    }

    /// Messages that wait until the record of this number is durable, oldest first.
    pub fn held(&self) -> impl Iterator<Item = &(u64, NodeId, Message)> {
        self.durability.held()
    }

    /// The newest snapshot that it can send to followers.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }
}
