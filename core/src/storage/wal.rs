//! The write-ahead log: records into segments, and segments away once a snapshot covers them.

use super::config::Config;
use super::disk::DiskOp;
use super::record::{FORMAT, HardState, Identity, Record, SegmentHeader, SegmentLen, SnapshotMark};
use crate::types::Index;
use bytes::BytesMut;
use std::collections::VecDeque;

/// Turns records into operations on segment files.
///
/// A segment is never written again after a restart: recovery continues in a new one, whose
/// header says how much of the segment before is valid. So nothing is ever cut off a file, and a
/// tail torn by a crash is told apart, for ever, from damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wal {
    identity: Identity,
    config: Config,
    /// Oldest first; the last one is being written.
    segments: VecDeque<Segment>,
    /// Whether the last segment is open for more; not after recovery.
    open: bool,
    hard_state: HardState,
    commit: Index,
    /// The snapshots named so far, as far as their files are kept: the newest last.
    snapshots: VecDeque<SnapshotMark>,
}

/// A segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Counts the segments, from 1.
    pub sequence: u64,
    /// Its valid bytes.
    pub len: u64,
    /// The indexes of the entries written to it, the lowest and the highest.
    pub entries: Option<(Index, Index)>,
}

impl Segment {
    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        segment_file(self.sequence)
    }

    fn valid(&self) -> SegmentLen {
        SegmentLen {
            sequence: self.sequence,
            len: self.len,
        }
    }

    pub(super) fn note(&mut self, record: &Record) {
        if let Record::Entry(entry) = record {
            let index = entry.position.index;
            let (low, high) = self.entries.unwrap_or((index, index));
            self.entries = Some((low.min(index), high.max(index)));
        }
    }
}

/// The name of a segment's file.
#[must_use]
pub fn segment_file(sequence: u64) -> String {
    format!("wal-{sequence:08}.log")
}

/// The sequence number in a segment's name.
#[must_use]
pub fn segment_sequence(file: &str) -> Option<u64> {
    let digits = file.strip_prefix("wal-")?.strip_suffix(".log")?;
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

/// What a log says besides its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) hard_state: HardState,
    pub(super) commit: Index,
    pub(super) snapshots: VecDeque<SnapshotMark>,
}

impl Wal {
    /// Continues after the segments that recovery found.
    pub(super) fn resume(
        identity: Identity,
        config: &Config,
        segments: VecDeque<Segment>,
        known: Known,
    ) -> Wal {
        let Known {
            hard_state,
            commit,
            snapshots,
        } = known;
        let config = config.clone();
        Wal {
            identity,
            config,
            segments,
            open: false,
            hard_state,
            commit,
            snapshots,
        }
    }

    /// Writes records, beginning a new segment where one is due. The last operation makes them
    /// durable.
    pub fn append(&mut self, records: &[Record]) -> Vec<DiskOp> {
        let mut ops = Vec::new();
        let full = self
            .segments
            .back()
            .is_none_or(|last| last.len >= self.config.segment_bytes);
        let begins = full || !self.open;
        let mut bytes = BytesMut::new();
        if begins {
            self.begin_segment(&mut bytes);
        }
        let segment = self
            .segments
            .back_mut()
            .expect("one was begun if there was none");
        for record in records {
            record.encode(&mut bytes);
            segment.note(record);
            match record {
                Record::HardState(state) => self.hard_state = *state,
                Record::Commit(index) => self.commit = *index,
                Record::Snapshot(mark) | Record::Reset(mark) => {
                    self.commit = self.commit.max(mark.position.index);
                    self.snapshots.push_back(mark.clone());
                }
                Record::Entry(_) | Record::Segment(_) => {}
            }
        }
        segment.len += bytes.len() as u64;
        let file = segment.file();
        ops.push(DiskOp::Append {
            file: file.clone(),
            bytes: bytes.freeze(),
        });
        ops.push(DiskOp::Sync { file });
        if begins {
            ops.push(DiskOp::SyncDir);
        }
        ops
    }

    fn begin_segment(&mut self, bytes: &mut BytesMut) {
        let previous = self.segments.back();
        let sequence = previous.map_or(1, |segment| segment.sequence + 1);
        let header = SegmentHeader {
            format: FORMAT,
            identity: self.identity,
            sequence,
            previous: self.segments.iter().map(Segment::valid).collect(),
            hard_state: self.hard_state,
            commit: self.commit,
            snapshots: self.snapshots.iter().cloned().collect(),
        };
        Record::Segment(header).encode(bytes);
        self.segments.push_back(Segment {
            sequence,
            len: 0,
            entries: None,
        });
        self.open = true;
    }

    /// Removes segments whose every entry the newest snapshot covers, and snapshots older than
    /// the one before it. To be executed only once the record that names the newest snapshot is
    /// durable.
    pub fn trim(&mut self) -> Vec<DiskOp> {
        let Some(covered) = self.snapshots.back().map(|mark| mark.position.index) else {
            return Vec::new();
        };
        let mut ops = Vec::new();
        while self.segments.len() > 1 {
            let oldest = &self.segments[0];
            if oldest.entries.is_some_and(|(_, last)| last > covered) {
                break;
            }
            ops.push(DiskOp::Remove {
                file: oldest.file(),
            });
            self.segments.pop_front();
        }
        while self.snapshots.len() > 2 {
            if let Some(old) = self.snapshots.pop_front() {
                ops.push(DiskOp::Remove { file: old.file });
            }
        }
        if !ops.is_empty() {
            ops.push(DiskOp::SyncDir);
        }
        ops
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter()
    }

    /// The snapshots that the log names and whose files are kept, the newest last.
    pub fn snapshots(&self) -> impl Iterator<Item = &SnapshotMark> {
        self.snapshots.iter()
    }
}
