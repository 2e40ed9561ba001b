//! One server: an input goes to the floor that it concerns, and what consensus wants then goes
//! to the disk, the network, the state machine and the clients, always in that order.

use super::advice::Advisor;
use super::clients::{Proposals, Reads};
use super::codec;
use super::config::{Config, Member};
use super::digest::AppliedDigest;
use super::event::{Event, OperatorRefusal, SnapshotReason};
use super::io::{Effects, Envelope, Input, Lane, OperatorCommand, Outcome, WriteId};
use super::log_clock::LogClock;
use super::log_time::Passing;
use super::mistakes;
use super::persistence::LogLane;
use super::shutdown::Ending;
use super::snapshot_lane::SnapshotLane;
use super::snapshots::{RestoredState, restore};
use super::touches::Touches;
use super::watch::Watch;
use crate::cache::{Cache, Command, Removed, SessionId, Stamped};
use crate::raft::{Entry, Membership, Output, Payload, Raft, ReadOutcome, Restored, Role};
use crate::storage::{
    self, Disk, DiskError, Identity, Quarantine, RecoveryError, SnapshotMark, Wal,
};
use crate::types::{Address, Incarnation, Index, Instant, Mutant, NodeId, Position, Rope, Term};
use std::collections::VecDeque;
use std::sync::Arc;

/// One server of the cluster, without a host.
///
/// The host calls [`Replica::step`] with everything that happens to the server, carries out the
/// effects, and calls again when [`Replica::deadline`] has come:
///
/// ```text
/// replica.step(now, input, &mut effects);
/// for write in effects.writes     { disk.execute(write) }      // later: Input::Durable(write.id)
/// for message in effects.messages { network.send(message) }
/// for answer in effects.answers   { clients.answer(answer) }
/// timer.set(replica.deadline());                               // then: Input::Deadline
/// ```
///
/// Cloning is cheap: logs and caches share structure.
#[derive(Clone, Debug)]
pub struct Replica {
    pub(super) config: Arc<Config>,
    pub(super) member: Member,
    pub(super) raft: Raft,
    pub(super) cache: Cache,
    /// Everything up to here is in the cache. Invariant: `applied <= commit`.
    pub(super) applied: Position,
    /// Digests of all that was applied, through snapshots too: servers that applied the same index have
    /// the same.
    pub(super) digest: AppliedDigest,
    pub(super) log_clock: LogClock,
    /// When it was last called.
    pub(super) called_at: Instant,
    pub(super) log_lane: LogLane,
    pub(super) snapshot_lane: SnapshotLane,
    /// The state in the leader's snapshot that is being installed.
    pub(super) arrived: Option<RestoredState>,
    /// What recovery could not use, in this run and before.
    pub(super) quarantine: Quarantine,
    /// Snapshot files that are durable and not named in the log yet, oldest first.
    pub(super) unnamed: VecDeque<SnapshotMark>,
    pub(super) proposals: Proposals,
    pub(super) reads: Reads,
    pub(super) passing: Passing,
    pub(super) touches: Touches,
    pub(super) advisor: Advisor,
    /// What the newest own snapshot covers.
    pub(super) snapshot_at: Index,
    failed: Option<DiskError>,
    /// The least incarnation that the cluster would listen to, when it is not this one.
    superseded: Option<Incarnation>,
    /// Set when an operator wants the server to end.
    pub(super) ending: Option<Ending>,
    /// What those who watch may ask for.
    pub(super) watch: Watch,
    /// What consensus wants, kept to reuse its room.
    pub(super) output: Output,
}

/// Why a server cannot start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, thiserror::Error)]
pub enum StartError {
    /// Recovery refuses what the disk holds.
    #[error("{0}")]
    Recovery(RecoveryError),
    /// An entry is intact, but of a kind that this version does not know.
    #[error(
        "the log entry {position} is of a kind that this version does not know: start a newer version"
    )]
    UnknownEntry {
        /// The entry.
        position: Position,
    },
    /// The snapshot is intact, but the cache cannot be restored from it.
    #[error("the snapshot that covers {covers} cannot be restored: {error}")]
    Restore {
        /// What the snapshot covers.
        covers: Position,
        /// What is wrong with it.
        error: String,
    },
}

impl Replica {
    /// A server that starts with what its disk holds, be it nothing.
    ///
    /// # Errors
    /// The disk holds what this server must not start with; nothing was changed.
    pub fn start(
        config: Arc<Config>,
        member: Member,
        seed: u64,
        disk: &dyn Disk,
        start: (Instant, &mut Effects),
    ) -> Result<Replica, StartError> {
        let (now, out) = start;
        let identity = Identity {
            cluster: member.cluster,
            node: member.node,
            incarnation: member.incarnation,
        };
        let mut recovered =
            storage::recover(disk, identity, &config.storage).map_err(StartError::Recovery)?;
        let restored = match &recovered.snapshot {
            Some((covers, data)) => {
                let data = Rope::from(data.clone());
                Some(restore(&config, member.cluster, *covers, &data)?)
            }
            None => None,
        };
        let empty = || RestoredState {
            cache: Cache::new(config.cache.clone()),
            digest: AppliedDigest::default(),
        };
        let (snapshot, mut state) = match restored {
            Some(restored) => (Some(restored.snapshot), restored.state),
            None => (None, empty()),
        };
        let mut applied = snapshot
            .as_ref()
            .map_or(Position::ZERO, |snapshot| snapshot.covers);
        let mut incarnation = recovered.identity.incarnation;
        if member.mutants.has(Mutant::RecoveryClampsCommit) {
            incarnation = Incarnation::FIRST;
        }
        if let Some(believed) = mistakes::believed(&config, &member, disk, out) {
            (state, applied) = (believed.state, believed.snapshot.covers);
            incarnation = Incarnation::FIRST;
            mistakes::leave_snapshots(&mut recovered.repairs);
        } else {
            let steps = recovered.report.steps.iter().cloned();
            out.events.extend(steps.map(Event::Recovery));
        }
        let entries = recovered.entries.into_iter().map(|stored| {
            let position = stored.position;
            codec::entry(stored).ok_or(StartError::UnknownEntry { position })
        });
        let restored = Restored {
            bootstrap: Membership::of_voters(&member.voters),
            incarnation,
            unproven: !recovered.repairs.is_empty(),
            term: recovered.hard_state.term,
            vote: recovered.hard_state.vote,
            commit: recovered.commit,
            snapshot,
            entries: entries.collect::<Result<_, _>>()?,
        };
        let setup = (Arc::new(config.raft.clone()), seed);
        let raft = Raft::new(member.node, setup, restored, now).with_mutants(member.mutants);
        let commit = raft.commit();
        let aside = storage::list_quarantine(disk, &recovered.repairs);
        let quarantine = Quarantine::found(aside, now);
        let snapshot_lane = SnapshotLane::new(!recovered.repairs.is_empty());
        out.events.push(Event::Started {
            last: raft.log().last(),
            commit,
        });
        let mut replica = Replica {
            log_clock: LogClock::new(state.cache.time(), now),
            called_at: now,
            log_lane: LogLane::new(recovered.wal, recovered.repairs, commit),
            raft,
            cache: state.cache,
            applied,
            digest: state.digest,
            snapshot_lane,
            arrived: None,
            quarantine,
            unnamed: VecDeque::new(),
            proposals: Proposals::default(),
            reads: Reads::default(),
            passing: Passing::default(),
            touches: Touches::default(),
            advisor: Advisor::new(seed),
            snapshot_at: applied.index,
            failed: None,
            superseded: None,
            ending: None,
            watch: Watch::default(),
            output: Output::default(),
            config,
            member,
        };
        replica.settle(now, out);
        Ok(replica)
    }

    /// Something happened at `now`: changes state, and adds to `out` what is to be done.
    pub fn step(&mut self, now: Instant, input: Input, out: &mut Effects) {
        if self.has_stopped() {
            return;
        }
        if self.raft.observe_clock(now, &mut self.output) {
            self.log_clock.jumped(self.called_at, now);
        }
        match input {
            Input::Message(envelope) => self.on_message(now, envelope, out),
            Input::Request(request) => self.on_request(now, request, out),
            Input::Durable(write) => self.on_durable(now, write, out),
            Input::WriteFailed { write: _, error } => return self.fail(error, out),
            Input::Deadline => self.raft.on_deadline(now, &mut self.output),
            Input::Operator(command) => self.on_operator(now, command, out),
            Input::Model(response) => self.on_model(now, response, out),
        }
        if self.superseded.is_none() {
            self.advance_if_due(now);
            self.seek_advice(now, out);
            self.settle(now, out);
            self.assert_invariants();
        }
        if self.makes(Mutant::SnapshotNamedBeforeData) {
            mistakes::forget_syncs(&mut out.writes);
        }
        self.called_at = now;
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.failed.is_some() || self.superseded.is_some() || self.has_ended()
    }

    /// When [`Input::Deadline`] is wanted; none for a server that has stopped, or has nothing to
    /// wait for.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.has_stopped() {
            return None;
        }
        let ending = self.ending.as_ref().and_then(|ending| ending.until);
        let deadlines = self.raft.deadline().into_iter().chain(ending);
        let late = self.advisor.deadline();
        deadlines.chain(self.advance_at()).chain(late).min()
    }

    /// For teaching only: see [`Raft::set_election_timer`].
    pub fn set_election_timer(&mut self, fires_at: Instant) {
        self.raft.set_election_timer(fires_at);
    }

    fn on_message(&mut self, now: Instant, envelope: Envelope, out: &mut Effects) {
        let Envelope {
            cluster,
            from: node,
            from_incarnation: incarnation,
            to,
            to_incarnation,
            message,
        } = envelope;
        if cluster != self.member.cluster || to != self.member.node {
            out.events.push(Event::ForeignMessageRefused {
                from: node,
                cluster,
            });
            return;
        }
        let heeds = !self.makes(Mutant::RecoveryClampsCommit);
        if to_incarnation > self.raft.incarnation() && heeds {
            self.superseded = Some(to_incarnation);
            let by = to_incarnation;
            out.events.push(Event::Superseded { by });
            return;
        }
        let from = Address { node, incarnation };
        self.raft.on_message(now, from, message, &mut self.output);
    }

    fn on_operator(&mut self, now: Instant, command: OperatorCommand, out: &mut Effects) {
        let refused = match command {
            OperatorCommand::TakeSnapshot => {
                self.take_snapshot(SnapshotReason::Requested, out);
                None
            }
            _ if self.ending.is_some() => Some(OperatorRefusal::ShuttingDown),
            OperatorCommand::TransferLeadership { to } => {
                let started = self.raft.transfer_leadership(now, to, &mut self.output);
                started.err().map(OperatorRefusal::Transfer)
            }
            OperatorCommand::ChangeMembership(change) => {
                let begun = self.raft.change_membership(now, change, &mut self.output);
                begun.err().map(OperatorRefusal::Change)
            }
            OperatorCommand::ShutDown => {
                self.begin_shutdown(now, out);
                None
            }
            OperatorCommand::ConfigureCache(change) => self.configure_cache(now, change).err(),
        };
        if let Some(why) = refused {
            out.events.push(Event::OperatorRefused { why });
        }
    }

    fn on_durable(&mut self, now: Instant, write: WriteId, out: &mut Effects) {
        match write.lane {
            Lane::Log => {
                let Some((upto, named)) = self.log_lane.durable(write.number) else {
                    return;
                };
                if let Some(covers) = named {
                    out.events.push(Event::SnapshotDurable { covers });
                }
                let most = self.config.snapshot.piece_bytes;
                self.snapshot_lane.release(most, out);
                self.raft.on_durable(now, upto, &mut self.output);
            }
            Lane::Snapshot => self.snapshot_written(now, write.number, out),
        }
    }

    /// Nothing is known of what a failed write left on the disk, so no promise can be kept from
    /// here on: the server stops, and recovery decides at the next start.
    fn fail(&mut self, error: DiskError, out: &mut Effects) {
        out.events.push(Event::DiskFailed {
            error: error.clone(),
        });
        self.failed = Some(error);
    }

    /// Carries out what consensus wants, until it wants nothing more.
    fn settle(&mut self, now: Instant, out: &mut Effects) {
        let mut output = std::mem::take(&mut self.output);
        for event in output.events.drain(..) {
            self.watch.count(now, &event);
            out.events.push(Event::Raft(event));
        }
        self.persist(&mut output);
        self.send(&mut output, out);
        if let Some(received) = output.received.take() {
            self.store_received(received, out);
        }
        if let Some(covers) = output.installed.take() {
            self.install(covers);
        }
        for (read, outcome) in output.reads.drain(..) {
            match outcome {
                ReadOutcome::At(index) => self.reads.ready_at(read, index),
                ReadOutcome::Failed => {
                    if let Some(asker) = self.reads.failed(read) {
                        self.redirect(asker, out);
                    }
                }
            }
        }
        self.output = output;
        self.abandon_proposals(out);
        self.apply_committed(now, out);
        self.serve_reads(now, out);
        self.snapshot_if_due(out);
        self.trim_quarantine(now, out);
        self.advance_shutdown(now, out);
        let (issued, commit) = (self.raft.records_issued(), self.raft.commit());
        self.log_lane.flush(issued, commit, out);
        self.watch
            .observe(now, &self.raft, self.applied.index, &self.config.alerts);
    }

    fn persist(&mut self, output: &mut Output) {
        let issued = self.raft.records_issued();
        let count = output.records.len() as u64;
        for (persist, number) in output.records.drain(..).zip(issued - count + 1..) {
            let record = codec::record(persist, |covers| take_mark(&mut self.unnamed, covers));
            self.log_lane.push(record, number);
        }
    }

    fn send(&mut self, output: &mut Output, out: &mut Effects) {
        let (cluster, from) = (self.member.cluster, self.member.node);
        let envelopes = output.messages.drain(..).map(|(to, message)| Envelope {
            cluster,
            from,
            from_incarnation: self.raft.incarnation(),
            to,
            to_incarnation: self.raft.least_incarnation_of(to),
            message,
        });
        out.messages.extend(envelopes);
    }

    fn apply_committed(&mut self, now: Instant, out: &mut Effects) {
        let commit = self.applies_up_to();
        if self.applied.index >= commit {
            return;
        }
        let entries: Vec<Entry> = self
            .raft
            .log()
            .range(self.applied.index, commit)
            .cloned()
            .collect();
        for entry in entries {
            self.apply(now, &entry, out);
        }
    }

    fn apply(&mut self, now: Instant, entry: &Entry, out: &mut Effects) {
        let Position { term, index } = entry.position;
        assert!(
            index == self.applied.index.next() || self.member.mutants.any(),
            "entries are applied in order, and {index} does not follow {}",
            self.applied.index
        );
        self.applied = entry.position;
        self.passing.applied(index);
        self.advisor.applied(index);
        self.digest.note_entry(entry);
        let Payload::Command(bytes) = &entry.payload else {
            return;
        };
        let stamped = match Stamped::decode(bytes) {
            Ok(stamped) => stamped,
            Err(error) => {
                // Every server sees the same bytes and skips the same entry.
                out.events.push(Event::CommandUnreadable {
                    index,
                    error: error.to_string(),
                });
                return;
            }
        };
        let leads = matches!(self.raft.role(), Role::Leader(_));
        self.log_clock.observe(stamped.time, now, leads);
        if let (true, Command::Apply(apply)) = (leads, &stamped.command) {
            self.note_asked_for(&apply.operation.keys());
        }
        let stamped = self.with_mistakes(now, stamped);
        let applied = self.cache.apply(index, &stamped);
        self.digest.note_effects(&applied);
        let taken = applied.taken;
        out.events.push(Event::Applied {
            index,
            command: stamped.command,
            taken,
        });
        self.tell_removals(index, applied.removed, applied.sessions_expired, out);
        if let Some(asker) = self.proposals.applied(term, index) {
            let outcome = Outcome::Applied {
                index,
                answer: applied.answer,
            };
            out.answers.push(asker.response(outcome));
        }
    }

    fn tell_removals(
        &self,
        index: Index,
        removed: Vec<Removed>,
        sessions: Vec<SessionId>,
        out: &mut Effects,
    ) {
        if !removed.is_empty() {
            out.events.push(Event::KeysRemoved { index, removed });
        }
        if !sessions.is_empty() {
            out.events.push(Event::SessionsExpired { sessions });
        }
    }

    fn assert_invariants(&self) {
        if self.member.mutants.any() {
            return;
        }
        let (applied, commit) = (self.applied.index, self.raft.commit());
        assert!(
            applied <= commit,
            "{}: applied {applied} <= commit {commit}",
            self.member.node
        );
    }
}

/// The file of the snapshot that consensus now counts on; files that it passed over stay unnamed,
/// and recovery sets them aside.
fn take_mark(unnamed: &mut VecDeque<SnapshotMark>, covers: Position) -> SnapshotMark {
    while let Some(mark) = unnamed.pop_front() {
        if mark.position == covers {
            return mark;
        }
    }
    panic!("consensus names the snapshot that covers {covers} only once its file is durable");
}

/// What may be known from outside.
impl Replica {
    /// This server.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.member.node
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its consensus state.
    #[must_use]
    pub fn raft(&self) -> &Raft {
        &self.raft
    }

    /// Its state machine.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The last entry that its state machine has applied.
    #[must_use]
    pub fn applied(&self) -> Position {
        self.applied
    }

    /// Digests of all that was applied: equal on servers that have applied the same index.
    #[must_use]
    pub fn applied_digest(&self) -> AppliedDigest {
        self.digest
    }

    /// Its write-ahead log, as it knows it.
    #[must_use]
    pub fn wal(&self) -> &Wal {
        self.log_lane.wal()
    }

    /// The files that recovery set aside, now and before.
    #[must_use]
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// Writes that are not durable yet.
    #[must_use]
    pub fn writes_pending(&self) -> u64 {
        self.log_lane.pending() + u64::from(self.snapshot_lane.is_busy())
    }

    /// What its disk said when it failed a write, after which it stopped.
    #[must_use]
    pub fn failure(&self) -> Option<&DiskError> {
        self.failed.as_ref()
    }

    /// Set when the cluster goes on without this incarnation, after which it stopped. The host
    /// executes [`storage::supersede`] and starts it again.
    #[must_use]
    pub fn superseded(&self) -> Option<Incarnation> {
        self.superseded
    }

    /// Its term, for those who only want that.
    #[must_use]
    pub fn term(&self) -> Term {
        self.raft.term()
    }
}
