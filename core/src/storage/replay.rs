//! What the records of a log say, applied one by one.
//!
//! An [`Era`] begins with a segment's header, which says everything but the entries before it. The
//! log is *known* only behind [`Era::base`]: whether what lies before was trimmed, is damaged, or
//! is missing makes no difference. An era is a whole log exactly if a usable snapshot reaches its
//! base.

use super::record::{
    HardState, Identity, LogEntry, Record, SegmentHeader, SegmentLen, SnapshotMark,
};
use super::report::{Fault, Finding};
use crate::types::{Index, Position, Term};
use std::collections::VecDeque;

/// How many of the snapshots that the log names have their files kept.
pub(super) const SNAPSHOTS_KEPT: usize = 2;

/// No log gets so far: a bound, so that counting on never fails.
const MAX_INDEX: Index = Index(u64::MAX >> 1);

/// A stretch of the log without a break.
#[derive(Clone, Debug)]
pub(super) struct Era {
    pub(super) identity: Identity,
    /// Its segments so far, with their valid bytes.
    segments: Vec<SegmentLen>,
    /// The entries behind this index are known; their terms begin at `base_term` or above.
    pub(super) base: Index,
    base_term: Term,
    /// Contiguous from the base.
    pub(super) entries: VecDeque<LogEntry>,
    pub(super) hard_state: HardState,
    pub(super) commit: Index,
    pub(super) snapshots: VecDeque<SnapshotMark>,
    /// Records about snapshots that contradict the log. They do not end the era, because the
    /// snapshot alone is a good state.
    pub(super) doubts: Vec<Finding>,
}

impl Era {
    /// All that is known where a segment begins.
    pub(super) fn begin(header: &SegmentHeader) -> Era {
        Era {
            identity: header.identity,
            segments: Vec::new(),
            base: header.last.index,
            base_term: header.last.term,
            entries: VecDeque::new(),
            hard_state: header.hard_state,
            commit: header.commit,
            snapshots: kept(&header.snapshots),
            doubts: Vec::new(),
        }
    }

    /// Where the log ends.
    pub(super) fn last(&self) -> Position {
        let base = Position::new(self.base_term, self.base);
        self.entries.back().map_or(base, |entry| entry.position)
    }

    /// A segment of it ends with so many valid bytes.
    pub(super) fn end_segment(&mut self, segment: SegmentLen) {
        self.segments.push(segment);
    }

    /// Goes on with the next segment. False, and nothing is changed, when its header was written
    /// by a server that knew another log than this era's.
    pub(super) fn go_on(&mut self, header: &SegmentHeader) -> bool {
        let first = self.segments.first().map_or(0, |first| first.sequence);
        // Those before were there still, and were trimmed since.
        let trimmed = header
            .previous
            .partition_point(|known| known.sequence < first);
        let previous = &header.previous[trimmed..];
        let follows = !previous.is_empty() && self.segments.ends_with(previous);
        let agrees = follows && header.last == self.last();
        if agrees {
            // What recovery decided before it began this segment: raised commit, files set aside.
            self.hard_state = header.hard_state;
            self.commit = header.commit;
            self.snapshots = kept(&header.snapshots);
        }
        agrees
    }

    /// Takes a record; it may come to something worth telling.
    pub(super) fn apply(&mut self, record: Record) -> Result<Option<Finding>, Fault> {
        match record {
            Record::HardState(state) => self.hard_state = state,
            Record::Commit(index) => self.commit = self.commit.max(index),
            Record::Entry(entry) => self.append(entry)?,
            Record::Snapshot(mark) => return Ok(self.name(mark)),
            Record::Reset(mark) => return Ok(Some(self.reset(mark))),
            Record::Write(_) => {}
            Record::Segment(_) => return Err(Fault::Misplaced),
        }
        Ok(None)
    }

    fn append(&mut self, entry: LogEntry) -> Result<(), Fault> {
        let (found, last) = (entry.position, self.last().index);
        if found.index <= self.commit && found.index <= last {
            let found = found.index;
            return Err(Fault::CommittedReplaced { found });
        }
        let before = found.index.prev().filter(|before| *before <= last);
        let Some(before) = before.filter(|_| found.index <= MAX_INDEX) else {
            let (after, found) = (last, found.index);
            return Err(Fault::IndexSkipped { after, found });
        };
        let after = self.term_at(before);
        if found.term < after {
            let found = found.term;
            return Err(Fault::TermWentDown { after, found });
        }
        if before < self.base {
            self.base = before;
            self.base_term = Term::ZERO;
        }
        self.entries.truncate(before.since(self.base) as usize);
        self.entries.push_back(entry);
        Ok(())
    }

    /// The term at an index up to the last one; zero where it is not known.
    fn term_at(&self, index: Index) -> Term {
        if index < self.base {
            return Term::ZERO;
        }
        let place = index.since(self.base) as usize;
        let entry = place
            .checked_sub(1)
            .and_then(|place| self.entries.get(place));
        entry.map_or(self.base_term, |entry| entry.position.term)
    }

    /// The log held what the snapshot covers when the record was written.
    fn name(&mut self, mark: SnapshotMark) -> Option<Finding> {
        let (covers, last) = (mark.position, self.last());
        let held = Position::new(self.term_at(covers.index), covers.index);
        self.push(mark);
        if covers.index > last.index {
            self.restart_at(covers);
            if covers.term >= last.term {
                return Some(Finding::SnapshotAhead { covers, last });
            }
            self.doubts.push(Finding::SnapshotInverted { covers, last });
        } else if held.term != Term::ZERO && held != covers {
            self.restart_at(covers);
            self.doubts.push(Finding::SnapshotConflict { covers, held });
        }
        None
    }

    fn reset(&mut self, mark: SnapshotMark) -> Finding {
        let (covers, entries) = (mark.position, self.entries.len() as u64);
        self.restart_at(covers);
        self.push(mark);
        Finding::LogReplaced { covers, entries }
    }

    fn restart_at(&mut self, covers: Position) {
        self.entries.clear();
        self.base = covers.index;
        self.base_term = covers.term;
    }

    fn push(&mut self, mark: SnapshotMark) {
        self.snapshots.push_back(mark);
        if self.snapshots.len() > SNAPSHOTS_KEPT {
            self.snapshots.pop_front();
        }
    }
}

/// The snapshots of a header whose files are there for sure: where one was named shortly before, the
/// header tells of one more, whose file may have been removed since.
fn kept(named: &[SnapshotMark]) -> VecDeque<SnapshotMark> {
    let first = named.len().saturating_sub(SNAPSHOTS_KEPT);
    named[first..].iter().cloned().collect()
}

/// The term that a record tells of.
pub(super) fn term_of(record: &Record) -> Term {
    match record {
        Record::Segment(header) => header.hard_state.term.max(header.last.term),
        Record::HardState(state) => state.term,
        Record::Entry(entry) => entry.position.term,
        Record::Snapshot(mark) | Record::Reset(mark) => mark.position.term,
        Record::Commit(_) | Record::Write(_) => Term::ZERO,
    }
}
