//! One server: an input goes to the floor that it concerns, and what consensus wants then goes
//! to the disk, the network, the state machine and the clients, always in that order.

use super::clients::{Asker, Proposals, Reads};
use super::codec;
use super::config::{Config, Member};
use super::event::{Event, SnapshotReason};
use super::io::{Effects, Envelope, Input, Lane, Outcome, Request, RequestBody, WriteId};
use super::persistence::{LogLane, Origin, SnapshotJob, SnapshotLane};
use crate::cache::{Cache, Command};
use crate::raft::{self, Entry, Output, Payload, Raft, ReadOutcome, Restored, Snapshot};
use crate::storage::{self, Disk, DiskError, Identity, RecoveryError, SnapshotMark, Wal};
use crate::types::{Fingerprint, Index, Instant, NodeId, Position, Term};
use bytes::Bytes;
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
    config: Arc<Config>,
    member: Member,
    raft: Raft,
    cache: Cache,
    /// Everything up to here is in the cache. Invariant: `applied <= commit`.
    applied: Position,
    /// A digest of all entries applied, through snapshots too: servers that applied the same
    /// index have the same digest.
    digest: u64,
    log_lane: LogLane,
    snapshot_lane: SnapshotLane,
    /// Snapshot files that are durable and not named in the log yet, oldest first.
    unnamed: VecDeque<SnapshotMark>,
    proposals: Proposals,
    reads: Reads,
    /// What the newest own snapshot covers.
    snapshot_at: Index,
    failed: Option<DiskError>,
    /// What consensus wants, kept to reuse its room.
    output: Output,
}

/// Why a server cannot start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, thiserror::Error)]
pub enum StartError {
    /// Recovery refuses what the disk holds.
    #[error("{0}")]
    Recovery(RecoveryError),
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
        };
        let recovered =
            storage::recover(disk, identity, &config.storage).map_err(StartError::Recovery)?;
        out.events
            .extend(recovered.report.steps.iter().cloned().map(Event::Recovery));
        let snapshot = recovered
            .snapshot
            .map(|(covers, data)| Snapshot { covers, data });
        let (cache, digest) = match &snapshot {
            Some(snapshot) => {
                restore(&config, &snapshot.data).map_err(|error| StartError::Restore {
                    covers: snapshot.covers,
                    error,
                })?
            }
            None => (Cache::new(config.cache.clone()), 0),
        };
        let applied = snapshot
            .as_ref()
            .map_or(Position::ZERO, |snapshot| snapshot.covers);
        let restored = Restored {
            term: recovered.hard_state.term,
            vote: recovered.hard_state.vote,
            commit: recovered.commit,
            snapshot,
            entries: recovered.entries.into_iter().map(codec::entry).collect(),
        };
        let setup = (Arc::new(config.raft.clone()), seed);
        let raft = Raft::new(member.node, &member.voters, setup, restored, now);
        let commit = raft.commit();
        out.events.push(Event::Started {
            last: raft.log().last(),
            commit,
        });
        let mut replica = Replica {
            log_lane: LogLane::new(recovered.wal, recovered.repairs, commit),
            raft,
            cache,
            applied,
            digest,
            snapshot_lane: SnapshotLane::default(),
            unnamed: VecDeque::new(),
            proposals: Proposals::default(),
            reads: Reads::default(),
            snapshot_at: applied.index,
            failed: None,
            output: Output::default(),
            config,
            member,
        };
        replica.settle(now, out);
        Ok(replica)
    }

    /// Something happened at `now`: changes state, and adds to `out` what is to be done.
    pub fn step(&mut self, now: Instant, input: Input, out: &mut Effects) {
        if self.failed.is_some() {
            return;
        }
        match input {
            Input::Message(envelope) => self.on_message(now, envelope, out),
            Input::Request(request) => self.on_request(now, request, out),
            Input::Durable(write) => self.on_durable(now, write, out),
            Input::WriteFailed { write: _, error } => return self.fail(error, out),
            Input::Deadline => self.raft.on_deadline(now, &mut self.output),
            Input::TakeSnapshot => self.take_snapshot(SnapshotReason::Requested, out),
        }
        self.settle(now, out);
        self.assert_invariants();
    }

    /// When [`Input::Deadline`] is wanted; none for a server that has stopped.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.failed.is_none().then(|| self.raft.deadline())
    }

    fn on_message(&mut self, now: Instant, envelope: Envelope, out: &mut Effects) {
        let Envelope {
            cluster,
            from,
            to,
            message,
        } = envelope;
        if cluster != self.member.cluster || to != self.member.node {
            out.events
                .push(Event::ForeignMessageRefused { from, cluster });
            return;
        }
        self.raft.on_message(now, from, message, &mut self.output);
    }

    fn on_request(&mut self, now: Instant, request: Request, out: &mut Effects) {
        let asker = Asker::of(&request);
        match request.body {
            RequestBody::Command(command) => {
                let proposed = self.raft.propose(now, [command.encode()], &mut self.output);
                match proposed {
                    Some(at) => self.proposals.insert(at.term, at.index, asker),
                    None => self.redirect(asker, out),
                }
            }
            RequestBody::Read { key } => {
                let read = self.reads.insert(asker, key);
                self.raft.read(now, read, &mut self.output);
            }
        }
    }

    fn redirect(&self, asker: Asker, out: &mut Effects) {
        let leader = self
            .raft
            .leader()
            .filter(|leader| *leader != self.member.node);
        out.events.push(Event::RequestRedirected {
            client: asker.client(),
            leader,
        });
        out.answers
            .push(asker.response(Outcome::NotLeader { leader }));
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
                self.raft.on_durable(now, upto, &mut self.output);
            }
            Lane::Snapshot => {
                let Some(job) = self.snapshot_lane.durable(write.number, out) else {
                    return;
                };
                let snapshot = Snapshot {
                    covers: job.mark.position,
                    data: job.data,
                };
                self.unnamed.push_back(job.mark);
                match job.origin {
                    Origin::Own => self.raft.on_snapshot_taken(snapshot, &mut self.output),
                    Origin::Leader => {
                        self.raft
                            .on_snapshot_stored(now, snapshot, &mut self.output);
                    }
                }
            }
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
        out.events.extend(output.events.drain(..).map(Event::Raft));
        self.persist(&mut output);
        self.send(&mut output, out);
        if let Some(received) = output.received.take() {
            self.store_received(received, out);
        }
        if output.installed.take().is_some() {
            self.install(out);
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
        self.apply_committed(out);
        self.serve_reads(out);
        self.snapshot_if_due(out);
        let _ = now;
        self.log_lane
            .flush(self.raft.records_issued(), self.raft.commit(), out);
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
            to,
            message,
        });
        out.messages.extend(envelopes);
    }

    fn abandon_proposals(&mut self, out: &mut Effects) {
        let leads = matches!(self.raft.role(), raft::Role::Leader(_)).then(|| self.raft.term());
        let abandoned = self.proposals.abandon_unless(leads);
        if !abandoned.is_empty() {
            out.events.push(Event::RequestsAbandoned {
                requests: abandoned.len() as u64,
            });
        }
        out.answers.extend(
            abandoned
                .into_iter()
                .map(|asker| asker.response(Outcome::Unknown)),
        );
    }

    fn apply_committed(&mut self, out: &mut Effects) {
        let commit = self.raft.commit();
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
            self.apply(&entry, out);
        }
    }

    fn apply(&mut self, entry: &Entry, out: &mut Effects) {
        let Position { term, index } = entry.position;
        assert_eq!(
            index,
            self.applied.index.next(),
            "entries are applied in order"
        );
        self.applied = entry.position;
        self.digest = Fingerprint::of(&(self.digest, entry));
        let Payload::Command(bytes) = &entry.payload else {
            return;
        };
        let command = match Command::decode(bytes) {
            Ok(command) => command,
            Err(error) => {
                // Every server sees the same bytes and skips the same entry.
                out.events.push(Event::CommandUnreadable {
                    index,
                    error: error.to_string(),
                });
                return;
            }
        };
        let applied = self.cache.apply(index, &command);
        let duplicate = applied.duplicate;
        out.events.push(Event::Applied {
            index,
            command,
            duplicate,
        });
        if let Some(asker) = self.proposals.applied(term, index) {
            let outcome = Outcome::Applied {
                index,
                answer: applied.answer,
            };
            out.answers.push(asker.response(outcome));
        }
    }

    fn serve_reads(&mut self, out: &mut Effects) {
        while let Some((asker, key)) = self.reads.next_answerable(self.applied.index) {
            let index = self.applied.index;
            let value = self.cache.get(&key).cloned();
            out.events.push(Event::ReadServed {
                client: asker.client(),
                index,
            });
            out.answers
                .push(asker.response(Outcome::Read { index, value }));
        }
    }

    fn snapshot_if_due(&mut self, out: &mut Effects) {
        let entries = self.applied.index.since(self.snapshot_at);
        let threshold = self.config.snapshot.entries;
        if entries >= threshold && !self.snapshot_lane.is_busy() {
            self.take_snapshot(SnapshotReason::Threshold { entries, threshold }, out);
        }
    }

    /// Sends the state machine's state to the disk; the log is compacted once it is durable.
    fn take_snapshot(&mut self, why: SnapshotReason, out: &mut Effects) {
        if self.applied.index <= self.snapshot_at || self.snapshot_lane.is_busy() {
            return;
        }
        self.snapshot_at = self.applied.index;
        let data = codec::snapshot(self.digest, &self.cache.snapshot());
        let covers = self.applied;
        out.events.push(Event::SnapshotTaken {
            covers,
            bytes: data.len() as u64,
            why,
        });
        self.save_snapshot(covers, data, Origin::Own, out);
    }

    fn save_snapshot(&mut self, covers: Position, data: Bytes, origin: Origin, out: &mut Effects) {
        let identity = Identity {
            cluster: self.member.cluster,
            node: self.member.node,
        };
        let saved = storage::save_snapshot(identity, covers, &data);
        self.snapshot_lane
            .submit(SnapshotJob::new(saved, data, origin), out);
    }

    /// A snapshot arrived whole. It goes to the disk only if it can be restored.
    fn store_received(&mut self, received: raft::ReceivedSnapshot, out: &mut Effects) {
        let raft::ReceivedSnapshot { covers, data } = received;
        match restore(&self.config, &data) {
            Ok(_) => self.save_snapshot(covers, data, Origin::Leader, out),
            Err(error) => out.events.push(Event::RestoreFailed { covers, error }),
        }
    }

    /// Consensus has replaced the beginning of the log by its snapshot: the state machine
    /// follows.
    fn install(&mut self, out: &mut Effects) {
        let snapshot = self.raft.snapshot().expect("installed just now");
        let covers = snapshot.covers;
        match restore(&self.config, &snapshot.data) {
            Ok((cache, digest)) => {
                self.cache = cache;
                self.digest = digest;
                self.applied = covers;
                self.snapshot_at = covers.index;
            }
            Err(error) => out.events.push(Event::RestoreFailed { covers, error }),
        }
    }

    fn assert_invariants(&self) {
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

/// The state machine of a snapshot, and the digest of what it has applied.
fn restore(config: &Config, data: &Bytes) -> Result<(Cache, u64), String> {
    let (digest, cache) = codec::split_snapshot(data).ok_or("it is cut short")?;
    let cache = Cache::restore(config.cache.clone(), &cache).map_err(|error| error.to_string())?;
    Ok((cache, digest))
}

/// What may be known from outside.
impl Replica {
    /// This server.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.member.node
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

    /// A digest of all entries applied: equal on servers that have applied the same index.
    #[must_use]
    pub fn applied_digest(&self) -> u64 {
        self.digest
    }

    /// Its write-ahead log, as it knows it.
    #[must_use]
    pub fn wal(&self) -> &Wal {
        self.log_lane.wal()
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

    /// Its term, for those who only want that.
    #[must_use]
    pub fn term(&self) -> Term {
        self.raft.term()
    }
}
