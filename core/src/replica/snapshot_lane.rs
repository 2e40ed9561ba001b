//! The snapshot lane to the disk.
//!
//! Snapshot files go through a lane of their own: they are large, and no vote or acknowledgement waits
//! for them. A file is written piece by piece, and the next piece is encoded only when the former is
//! durable, so that no step of the server copies more than a piece of the state. A snapshot counts only
//! when the log lane has named it, after its file is durable.

use super::codec::SnapshotEncoder;
use super::io::{Effects, Lane, Write, WriteId};
use super::snapshots::{RestoredSnapshot, RestoredState};
use crate::raft::{Membership, Snapshot};
use crate::storage::{DiskOp, Identity, SnapshotFileWriter, SnapshotMark};
use crate::types::{Position, Rope};
use bytes::Bytes;
use std::sync::Arc;

/// One file at a time, a newer one replaces one that waits.
#[derive(Clone, Debug, Default)]
pub(super) struct SnapshotLane {
    inflight: Option<(u64, Writing)>,
    waiting: Option<SnapshotJob>,
    written: u64,
    /// Until the repairs of recovery are durable: they rename files, among them some whose names
    /// this lane would write to.
    held: bool,
}

/// What the write under way belongs to.
#[derive(Clone, Debug)]
enum Writing {
    Pieces(SnapshotJob),
    /// The last one of a file.
    Last(SavedSnapshot),
    /// The last one of a file that nobody wants any more.
    Abandoned(SnapshotFileWriter),
}

/// A snapshot on its way to the disk.
#[derive(Clone, Debug)]
pub(super) struct SnapshotJob {
    file: SnapshotFileWriter,
    /// What is to be done before the next piece is written.
    before: Vec<DiskOp>,
    snapshot: Snapshot,
    source: Source,
}

/// Where the pieces come from.
#[derive(Clone, Debug)]
enum Source {
    /// This server's own state machine, as it was; what is encoded is in the snapshot already.
    Own(SnapshotEncoder),
    /// A leader: the snapshot is whole, and written up to this offset. It is installed at the end.
    Leader { offset: u64, state: RestoredState },
}

/// A snapshot whose file is durable.
#[derive(Clone, Debug)]
pub(super) struct SavedSnapshot {
    pub(super) mark: SnapshotMark,
    pub(super) snapshot: Snapshot,
    /// The state in a leader's snapshot; none in this server's own.
    pub(super) restored: Option<RestoredState>,
}

impl SnapshotJob {
    /// A snapshot of this server's own state machine.
    pub(super) fn own(
        identity: Identity,
        (covers, membership): (Position, Arc<Membership>),
        encoder: SnapshotEncoder,
    ) -> SnapshotJob {
        let snapshot = Snapshot::new(covers, membership, Rope::default());
        SnapshotJob::new(identity, snapshot, Source::Own(encoder))
    }

    /// A snapshot that a leader sent.
    pub(super) fn received(identity: Identity, restored: RestoredSnapshot) -> SnapshotJob {
        let (offset, state) = (0, restored.state);
        let source = Source::Leader { offset, state };
        SnapshotJob::new(identity, restored.snapshot, source)
    }

    fn new(identity: Identity, snapshot: Snapshot, source: Source) -> SnapshotJob {
        let (file, begins) = SnapshotFileWriter::begin(identity, snapshot.covers);
        SnapshotJob {
            file,
            before: vec![begins],
            snapshot,
            source,
        }
    }

    /// Writes the next piece, and what makes the file count if that was the last one.
    fn advance(mut self, most: u64) -> (Vec<DiskOp>, Writing) {
        let mut ops = std::mem::take(&mut self.before);
        let (piece, done) = self.next_piece(most);
        ops.push(self.file.append(piece));
        if !done {
            ops.push(self.file.sync());
            return (ops, Writing::Pieces(self));
        }
        let (mark, finishes) = self.file.finish();
        ops.extend(finishes);
        let restored = match self.source {
            Source::Own(_) => None,
            Source::Leader { state, .. } => Some(state),
        };
        let snapshot = self.snapshot;
        let saved = SavedSnapshot {
            mark,
            snapshot,
            restored,
        };
        (ops, Writing::Last(saved))
    }

    /// The next piece, and whether it is the last one.
    fn next_piece(&mut self, most: u64) -> (Bytes, bool) {
        let data = &mut self.snapshot.data;
        match &mut self.source {
            Source::Own(encoder) => {
                let piece = encoder.next_piece(most as usize).unwrap_or_default();
                data.push(piece.clone());
                (piece, encoder.is_done())
            }
            Source::Leader { offset, .. } => {
                let piece = data.slice(*offset, most);
                *offset += piece.len() as u64;
                (piece, *offset == data.len())
            }
        }
    }

    /// What it covers, if this server took it itself.
    fn own_covers(&self) -> Option<Position> {
        matches!(self.source, Source::Own(_)).then_some(self.snapshot.covers)
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
    pub(super) fn release(&mut self, most: u64, out: &mut Effects) {
        self.held = false;
        if self.inflight.is_none()
            && let Some(next) = self.waiting.take()
        {
            self.advance(next, most, out);
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.pending() > 0
    }

    /// How many files are not durable.
    pub(super) fn pending(&self) -> u64 {
        u64::from(self.inflight.is_some()) + u64::from(self.waiting.is_some())
    }

    /// Takes a snapshot, to be written in pieces of at most so many bytes. For one from a leader an own
    /// one that is not whole yet is given up; returns what that covers.
    pub(super) fn submit(
        &mut self,
        job: SnapshotJob,
        most: u64,
        out: &mut Effects,
    ) -> Option<Position> {
        if !self.held && self.inflight.is_none() {
            self.advance(job, most, out);
            return None;
        }
        let replaced = self.waiting.replace(job);
        let unfinished = match &self.inflight {
            Some((number, Writing::Pieces(job))) => {
                job.own_covers().map(|own| (*number, own, job.file.clone()))
            }
            _ => None,
        };
        if let Some((number, own, file)) = unfinished {
            self.inflight = Some((number, Writing::Abandoned(file)));
            return Some(own);
        }
        replaced.and_then(|job| job.own_covers())
    }

    /// Writes the next piece of a snapshot.
    fn advance(&mut self, job: SnapshotJob, most: u64, out: &mut Effects) {
        let (ops, writing) = job.advance(most);
        self.written += 1;
        let id = WriteId {
            lane: Lane::Snapshot,
            number: self.written,
        };
        out.writes.push(Write { id, ops });
        self.inflight = Some((self.written, writing));
    }

    /// A write is durable: goes on with the next one, and returns the snapshot if it is whole.
    pub(super) fn durable(
        &mut self,
        number: u64,
        most: u64,
        out: &mut Effects,
    ) -> Option<SavedSnapshot> {
        let (_, writing) = self.inflight.take_if(|(expected, _)| *expected == number)?;
        let (saved, next) = match writing {
            Writing::Pieces(job) => (None, Some(job)),
            Writing::Last(saved) => (Some(saved), self.waiting.take()),
            Writing::Abandoned(file) => {
                let mut next = self.waiting.take();
                let before = next.iter_mut().map(|next| &mut next.before);
                before.for_each(|ops| ops.insert(0, file.clone().abandon()));
                (None, next)
            }
        };
        if let Some(next) = next {
            self.advance(next, most, out);
        }
        saved
    }
}

#[cfg(test)]
mod tests;
