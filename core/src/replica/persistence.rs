//! The log lane to the disk.
//!
//! It has one write under way at a time; what comes meanwhile goes together in the next one, so that
//! one flush serves many entries (group commit). Snapshot files go through a lane of their own.

use super::event::Event;
use super::io::{Effects, Lane, Write, WriteId};
use super::server::Replica;
use crate::raft::Standing;
use crate::storage::{DiskOp, Record, Wal};
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
