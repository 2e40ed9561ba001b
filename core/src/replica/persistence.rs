//! The two lanes to the disk.
//!
//! The log lane has one write under way at a time; what comes meanwhile goes together in the
//! next one, so that one flush serves many entries (group commit). Snapshot files go through a
//! lane of their own: they are large, and no vote or acknowledgement waits for them. A snapshot
//! counts only when the log lane has named it, after its file is durable.

use super::event::Event;
use super::io::{Effects, Lane, Write, WriteId};
use super::server::Replica;
use crate::raft::{Snapshot, Standing};
use crate::storage::{DiskOp, Record, SnapshotMark, Wal};
use crate::types::{Index, Instant, Position};

/// The log lane.
#[derive(Clone, Debug)]
pub(super) struct LogLane {
    wal: Wal,
    /// Records that wait for the write under way.
    queue: Vec<Record>,
    /// Operations that need no record: repairs of recovery, trimming.
    chores: Vec<DiskOp>,
    /// The write under way: its number, and up to which consensus record it reaches.
    inflight: Option<(u64, u64)>,
    /// How many writes were issued.
    written: u64,
    /// The commit index that the newest write recorded.
    commit_recorded: Index,
    /// The consensus record that names the newest snapshot, until it is durable.
    naming: Option<(u64, Position)>,
    /// Whether the last write was an empty one: its mark says that all before it was durable, so
    /// not even damage in the write before can be taken for a write that was under way.
    sealed: bool,
}

impl LogLane {
    pub(super) fn new(wal: Wal, repairs: Vec<DiskOp>, commit: Index) -> LogLane {
        LogLane {
            wal,
            queue: Vec::new(),
            chores: repairs,
            inflight: None,
            written: 0,
            commit_recorded: commit,
            naming: None,
            sealed: false,
        }
    }

    pub(super) fn wal(&self) -> &Wal {
        &self.wal
    }

    /// Adds consensus record `number`. Once one that names a snapshot is durable, older files may
    /// go.
    pub(super) fn push(&mut self, record: Record, number: u64) {
        if let Record::Snapshot(mark) | Record::Reset(mark) = &record {
            self.naming = Some((number, mark.position));
        }
        self.queue.push(record);
        self.sealed = false;
    }

    /// Adds operations that need no record, for the next write.
    pub(super) fn tidy(&mut self, ops: Vec<DiskOp>) {
        self.chores.extend(ops);
    }

    /// How many writes are not durable yet, the waiting records counting as one.
    pub(super) fn pending(&self) -> u64 {
        u64::from(self.inflight.is_some()) + u64::from(!self.queue.is_empty())
    }

    /// How many records wait for the write under way.
    pub(super) fn waiting(&self) -> u64 {
        self.queue.len() as u64
    }

    /// Issues the next write, if there is something to write and nothing under way. `upto` is
    /// the newest consensus record in the queue. The commit index rides along: it costs no flush
    /// of its own, and spares a restarted server the wait for its leader's word.
    pub(super) fn flush(&mut self, upto: u64, commit: Index, out: &mut Effects) {
        if self.inflight.is_some() || (self.queue.is_empty() && self.chores.is_empty()) {
            return;
        }
        let mut ops = std::mem::take(&mut self.chores);
        if !self.queue.is_empty() {
            if commit > self.commit_recorded {
                self.queue.push(Record::Commit(commit));
                self.commit_recorded = commit;
            }
            ops.extend(self.wal.append(&self.queue));
            self.queue.clear();
        }
        self.written += 1;
        self.inflight = Some((self.written, upto));
        let id = WriteId {
            lane: Lane::Log,
            number: self.written,
        };
        out.writes.push(Write { id, ops });
    }

    /// Whether everything is durable, a last commit index included: that one rides along with
    /// other records, so at the end it needs a write of its own. A last mark seals it.
    pub(super) fn close(&mut self, commit: Index) -> bool {
        if commit > self.commit_recorded {
            self.queue.push(Record::Commit(commit));
            self.commit_recorded = commit;
        }
        let quiet = self.pending() == 0 && self.chores.is_empty();
        if quiet && !self.sealed {
            self.sealed = true;
            self.chores = self.wal.append(&[]);
            return false;
        }
        quiet
    }

    /// A write is durable: returns up to which consensus record, and the snapshot that thereby
    /// counts.
    pub(super) fn durable(&mut self, number: u64) -> Option<(u64, Option<Position>)> {
        let (expected, upto) = self.inflight?;
        if number != expected {
            return None;
        }
        self.inflight = None;
        let named = self
            .naming
            .filter(|(record, _)| *record <= upto)
            .map(|(_, covers)| covers);
        if named.is_some() {
            self.naming = None;
            self.chores.extend(self.wal.trim());
        }
        Some((upto, named))
    }
}

/// The snapshot lane: one file at a time, a newer one replaces one that waits.
#[derive(Clone, Debug, Default)]
pub(super) struct SnapshotLane {
    inflight: Option<(u64, SnapshotJob)>,
    waiting: Option<SnapshotJob>,
    written: u64,
    /// Until the repairs of recovery are durable: they rename files, among them some whose names
    /// this lane would write to.
    held: bool,
}

/// A snapshot on its way to the disk.
#[derive(Clone, Debug)]
pub(super) struct SnapshotJob {
    pub(super) mark: SnapshotMark,
    pub(super) snapshot: Snapshot,
    pub(super) origin: Origin,
    ops: Vec<DiskOp>,
}

/// Where a snapshot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Taken from this server's own state machine.
    Own,
    /// Received from a leader, to be installed.
    Leader,
}

impl SnapshotJob {
    pub(super) fn new(
        (mark, ops): (SnapshotMark, Vec<DiskOp>),
        snapshot: Snapshot,
        origin: Origin,
    ) -> SnapshotJob {
        SnapshotJob {
            mark,
            snapshot,
            origin,
            ops,
        }
    }
}

impl SnapshotLane {
    pub(super) fn new(held: bool) -> SnapshotLane {
        SnapshotLane {
            held,
            ..SnapshotLane::default()
        }
    }

    /// The repairs of recovery are durable.
    pub(super) fn release(&mut self, out: &mut Effects) {
        self.held = false;
        if self.inflight.is_none()
            && let Some(next) = self.waiting.take()
        {
            self.issue(next, out);
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.pending() > 0
    }

    /// How many files are not durable.
    pub(super) fn pending(&self) -> u64 {
        u64::from(self.inflight.is_some()) + u64::from(self.waiting.is_some())
    }

    pub(super) fn submit(&mut self, job: SnapshotJob, out: &mut Effects) {
        if self.held || self.inflight.is_some() {
            self.waiting = Some(job);
        } else {
            self.issue(job, out);
        }
    }

    fn issue(&mut self, mut job: SnapshotJob, out: &mut Effects) {
        self.written += 1;
        let id = WriteId {
            lane: Lane::Snapshot,
            number: self.written,
        };
        out.writes.push(Write {
            id,
            ops: std::mem::take(&mut job.ops),
        });
        self.inflight = Some((self.written, job));
    }

    /// A file is durable: returns what it holds.
    pub(super) fn durable(&mut self, number: u64, out: &mut Effects) -> Option<SnapshotJob> {
        let (expected, _) = self.inflight.as_ref()?;
        if number != *expected {
            return None;
        }
        let (_, done) = self.inflight.take()?;
        if let Some(next) = self.waiting.take() {
            self.issue(next, out);
        }
        Some(done)
    }
}

impl Replica {
    /// A voter has everything that the cluster needs of it, so what is set aside may go in time.
    pub(super) fn trim_quarantine(&mut self, now: Instant, out: &mut Effects) {
        if self.raft.standing() != Standing::Voter {
            return;
        }
        let before = self.quarantine.bytes();
        let ops = self.quarantine.trim(now, &self.config.storage);
        if !ops.is_empty() {
            let bytes = before - self.quarantine.bytes();
            let files = ops.iter().filter(|op| !op.is_barrier()).count() as u64;
            out.events.push(Event::QuarantineTrimmed { files, bytes });
            self.log_lane.tidy(ops);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, SnapshotJob, SnapshotLane};
    use crate::raft::{Membership, Snapshot};
    use crate::replica::Effects;
    use crate::storage::{Identity, save_snapshot};
    use crate::types::{ClusterId, Incarnation, Index, NodeId, Position, Term};
    use bytes::Bytes;
    use std::sync::Arc;

    fn job() -> SnapshotJob {
        let covers = Position::new(Term(1), Index(5));
        let identity = Identity {
            cluster: ClusterId(1),
            node: NodeId(1),
            incarnation: Incarnation::FIRST,
        };
        let data = Bytes::from_static(b"state");
        let membership = Arc::new(Membership::of_voters(&[NodeId(1)]));
        let saved = save_snapshot(identity, covers, &data);
        SnapshotJob::new(saved, Snapshot::new(covers, membership, data), Origin::Own)
    }

    #[test]
    fn a_snapshot_waits_for_the_repairs_that_may_rename_its_file() {
        let mut out = Effects::default();
        let mut lane = SnapshotLane::new(true);
        lane.submit(job(), &mut out);
        assert!(lane.is_busy() && out.writes.is_empty());
        lane.release(&mut out);
        assert_eq!(out.writes.len(), 1);
        lane.release(&mut out);
        assert_eq!(out.writes.len(), 1, "once");

        let mut lane = SnapshotLane::new(false);
        lane.submit(job(), &mut out);
        assert_eq!(out.writes.len(), 2, "there is nothing to wait for");
    }
}
