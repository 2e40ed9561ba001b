//! The write-ahead log: records into segments, and segments away once a snapshot covers them.

use super::config::Config;
use super::disk::DiskOp;
use super::record::{
    FORMAT, HardState, Identity, Record, SegmentHeader, SegmentLen, SnapshotMark, WriteMark,
};
use super::replay::SNAPSHOTS_KEPT;
use crate::types::{Index, Position};
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
    /// The number of the segment to be begun next: no file has it or a higher one.
    next: u64,
    /// What the log says besides its entries.
    known: Known,
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

/// The sequence number in a segment's name; none for a name that is never given to a segment.
#[must_use]
pub fn segment_sequence(file: &str) -> Option<u64> {
    let digits = file.strip_prefix("wal-")?.strip_suffix(".log")?;
    let sequence = digits.parse().ok()?;
    let given = (1..=MAX_SEQUENCE).contains(&sequence) && segment_file(sequence) == file;
    given.then_some(sequence)
}

/// More segments than can ever be written: a bound on what a strange file name can ask for.
const MAX_SEQUENCE: u64 = u64::MAX >> 1;

/// What a log says besides its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) hard_state: HardState,
    pub(super) commit: Index,
    /// Where the log ends.
    pub(super) last: Position,
    /// The snapshots named so far, as far as their files are kept: the newest last.
    pub(super) snapshots: VecDeque<SnapshotMark>,
}

impl Known {
    fn note(&mut self, record: &Record) {
        match record {
            Record::HardState(state) => self.hard_state = *state,
            Record::Commit(index) => self.commit = *index,
            Record::Entry(entry) => self.last = entry.position,
            Record::Snapshot(mark) => {
                if mark.position.index >= self.last.index {
                    self.last = mark.position;
                }
                self.name(mark);
            }
            Record::Reset(mark) => {
                self.last = mark.position;
                self.name(mark);
            }
            Record::Segment(_) | Record::Write(_) => {}
        }
    }

    fn name(&mut self, mark: &SnapshotMark) {
        self.commit = self.commit.max(mark.position.index);
        self.snapshots.push_back(mark.clone());
    }
}

impl Wal {
    /// Continues after the segments that recovery found, with segment `next`.
    pub(super) fn resume(
        identity: Identity,
        config: &Config,
        (segments, next): (VecDeque<Segment>, u64),
        known: Known,
    ) -> Wal {
        Wal {
            identity,
            config: config.clone(),
            segments,
            open: false,
            next,
            known,
        }
    }

    /// Begins anew with segment `next`, and writes `records` to it. The operations that make them
    /// durable come along. `known` is what the log says before the records.
    pub(super) fn rewrite(
        identity: Identity,
        config: &Config,
        next: u64,
        (known, records): (Known, &[Record]),
    ) -> (Wal, Vec<DiskOp>) {
        let mut wal = Wal::resume(identity, config, (VecDeque::new(), next), known);
        let ops = wal.append(records);
        (wal, ops)
    }

    /// Writes records, beginning a new segment where one is due. The last operation makes them
    /// durable. To be executed only once the write before is durable: that is what the marks say.
    pub fn append(&mut self, records: &[Record]) -> Vec<DiskOp> {
        let mut bytes = BytesMut::new();
        let full = |last: &Segment| last.len >= self.config.segment_bytes;
        let begins = !self.open || self.segments.back().is_none_or(full);
        if begins {
            self.begin_segment(&mut bytes);
        }
        let segment = self
            .segments
            .back_mut()
            .expect("one was begun if there was none");
        if !begins {
            let (sequence, offset) = (segment.sequence, segment.len);
            Record::Write(WriteMark { sequence, offset }).encode(&mut bytes);
        }
        for record in records {
            record.encode(&mut bytes);
            segment.note(record);
            self.known.note(record);
        }
        segment.len += bytes.len() as u64;
        let file = segment.file();
        let bytes = bytes.freeze();
        let append = DiskOp::Append {
            file: file.clone(),
            bytes,
        };
        let mut ops = vec![append, DiskOp::Sync { file }];
        if begins {
            ops.push(DiskOp::SyncDir);
        }
        ops
    }

    fn begin_segment(&mut self, bytes: &mut BytesMut) {
        let sequence = self.next;
        let header = SegmentHeader {
            format: FORMAT,
            identity: self.identity,
            sequence,
            previous: self.segments.iter().map(Segment::valid).collect(),
            hard_state: self.known.hard_state,
            commit: self.known.commit,
            last: self.known.last,
            snapshots: self.known.snapshots.iter().cloned().collect(),
        };
        Record::Segment(header).encode(bytes);
        self.segments.push_back(Segment {
            sequence,
            len: 0,
            entries: None,
        });
        self.next += 1;
        self.open = true;
    }

    /// Removes snapshots but for the newest two, and segments whose every entry the older of these
    /// covers: should the newer one turn out to be damaged, the older one and the log behind it
    /// are the same state. To be executed only once the record that names the newest snapshot is
    /// durable.
    pub fn trim(&mut self) -> Vec<DiskOp> {
        let mut ops = Vec::new();
        while self.known.snapshots.len() > SNAPSHOTS_KEPT {
            if let Some(old) = self.known.snapshots.pop_front() {
                ops.push(DiskOp::Remove { file: old.file });
            }
        }
        let older = self.known.snapshots.front();
        let kept = self.known.snapshots.len() == SNAPSHOTS_KEPT;
        let covered = older.filter(|_| kept).map(|mark| mark.position.index);
        let Some(covered) = covered else {
            return ops;
        };
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
        if !ops.is_empty() {
            ops.push(DiskOp::SyncDir);
        }
        ops
    }

    /// The term and the vote, as written last.
    #[must_use]
    pub fn hard_state(&self) -> HardState {
        self.known.hard_state
    }

    /// What is written to be committed.
    #[must_use]
    pub fn commit(&self) -> Index {
        self.known.commit
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter()
    }

    /// The snapshots that the log names and whose files are kept, the newest last.
    pub fn snapshots(&self) -> impl Iterator<Item = &SnapshotMark> {
        self.known.snapshots.iter()
    }
}
