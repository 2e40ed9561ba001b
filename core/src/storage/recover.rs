//! From what a disk holds to what a server may start with.
//!
//! A pure function: it reads, decides, and says what it decided and why. The write-ahead log is
//! the root of truth; a snapshot counts only if the log names it. Nothing is deleted to make a
//! start succeed: what cannot be used is set aside, and when acknowledged state may be lost the
//! start is refused.

use super::cases::Case;
use super::config::Config;
use super::disk::{Disk, DiskOp};
use super::record::{
    FORMAT, HardState, Identity, LogEntry, Record, RecordError, SegmentHeader, SnapshotMark,
};
use super::report::{Finding, RecoveryError, Report, SnapshotProblem};
use super::snapshot::{is_snapshot_file, load};
use super::wal::{Known, Segment, Wal, segment_file, segment_sequence};
use crate::types::{Index, Position};
use bytes::Bytes;
use serde::Serialize;
use std::collections::VecDeque;

/// Whether a server still is who it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Trust {
    /// Everything that the incarnation may have promised is there.
    Kept,
    /// Something may be missing: the server goes on under a fresh incarnation, which has no vote
    /// until it has caught up. The cases that made it so, in the order in which they were found.
    Lost(Vec<Case>),
}

/// What a server starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Whose the data is, and the incarnation under which the server goes on.
    pub identity: Identity,
    /// Whether that is the incarnation that wrote the data.
    pub trust: Trust,
    /// The term, and the vote in it.
    pub hard_state: HardState,
    /// What is known to be committed: at least what the snapshot covers.
    pub commit: Index,
    /// The newest usable snapshot, and what it covers.
    pub snapshot: Option<(Position, Bytes)>,
    /// The entries that follow it, without gaps.
    pub entries: Vec<LogEntry>,
    /// Where to write on.
    pub wal: Wal,
    /// What must be durable before the server promises anything: syncs of what was read but may sit
    /// in the page cache only, then what the recovery itself writes, then renames of what could not
    /// be used.
    pub repairs: Vec<DiskOp>,
    /// What was found, and what was decided.
    pub report: Report,
}

/// Reads what `disk` holds of the data of `identity`'s server. The incarnation is the one that the
/// disk tells; that of `identity` if the disk tells none.
///
/// # Errors
/// The server must not start with it: the error says why, and what a person can do.
pub fn recover(
    disk: &dyn Disk,
    identity: Identity,
    config: &Config,
) -> Result<Recovered, RecoveryError> {
    let mut replay = Replay::default();
    let segments = read_segments(disk, identity, &mut replay)?;
    let identity = replay.identity.unwrap_or(identity);
    if segments.is_empty() {
        replay.report(Finding::Fresh);
    } else {
        replay.report(Finding::HardStateFound(replay.hard_state));
    }
    let snapshot = choose_snapshot(disk, identity, &mut replay);
    let covers = snapshot
        .as_ref()
        .map_or(Position::ZERO, |(covers, _)| *covers);
    replay
        .entries
        .retain(|entry| entry.position.index > covers.index);
    set_orphans_aside(disk, &mut replay);
    replay.check(covers)?;
    let known = Known {
        hard_state: replay.hard_state,
        commit: replay.commit,
        snapshots: replay.snapshots,
    };
    let mut repairs = replay.repairs;
    if !repairs.is_empty() {
        repairs.push(DiskOp::SyncDir);
    }
    Ok(Recovered {
        identity,
        trust: Trust::Kept,
        hard_state: known.hard_state,
        commit: known.commit,
        snapshot,
        entries: replay.entries.into(),
        wal: Wal::resume(identity, config, segments, known),
        repairs,
        report: Report {
            steps: replay.steps,
        },
    })
}

/// What the records said so far.
#[derive(Default)]
struct Replay {
    /// Whose data it is, as the newest segment says.
    identity: Option<Identity>,
    hard_state: HardState,
    commit: Index,
    /// Contiguous; the first may follow a snapshot.
    entries: VecDeque<LogEntry>,
    snapshots: VecDeque<SnapshotMark>,
    steps: Vec<Finding>,
    repairs: Vec<DiskOp>,
    started: bool,
}

impl Replay {
    fn report(&mut self, finding: Finding) {
        self.steps.push(finding);
    }

    fn apply(&mut self, record: Record) -> Result<(), RecoveryError> {
        match record {
            Record::Segment(header) => self.open_segment(header),
            Record::HardState(state) => self.hard_state = state,
            Record::Commit(index) => self.commit = self.commit.max(index),
            Record::Entry(entry) => return self.append(entry),
            Record::Snapshot(mark) => self.name_snapshot(mark),
            Record::Reset(mark) => self.reset(mark),
        }
        Ok(())
    }

    /// The first segment that is left speaks for all that are gone; later headers repeat what
    /// the records before them said.
    fn open_segment(&mut self, header: SegmentHeader) {
        self.identity = Some(header.identity);
        if !self.started {
            self.started = true;
            self.hard_state = header.hard_state;
            self.commit = header.commit;
            self.snapshots = header.snapshots.into();
        }
    }

    fn append(&mut self, entry: LogEntry) -> Result<(), RecoveryError> {
        let index = entry.position.index;
        while self
            .entries
            .back()
            .is_some_and(|last| last.position.index >= index)
        {
            self.entries.pop_back();
        }
        if let Some(last) = self.entries.back().map(|last| last.position.index)
            && last.next() != index
        {
            return Err(RecoveryError::Gap {
                covered: last,
                first: index,
            });
        }
        self.entries.push_back(entry);
        Ok(())
    }

    fn name_snapshot(&mut self, mark: SnapshotMark) {
        self.snapshots.push_back(mark);
        if self.snapshots.len() > 2 {
            self.snapshots.pop_front();
        }
    }

    fn reset(&mut self, mark: SnapshotMark) {
        let (covers, entries) = (mark.position, self.entries.len() as u64);
        self.entries.clear();
        self.report(Finding::LogReplaced { covers, entries });
        self.name_snapshot(mark);
    }

    fn set_aside(&mut self, disk: &dyn Disk, file: &str, why: SnapshotProblem) {
        let taken = |name: &str| disk.list().iter().any(|info| info.name == name);
        let numbered = (2u64..).map(|n| format!("{file}.quarantine-{n}"));
        let quarantine = std::iter::once(format!("{file}.quarantine"))
            .chain(numbered)
            .find(|name| !taken(name))
            .expect("numbers do not run out");
        if taken(file) {
            let rename = DiskOp::Rename {
                from: file.into(),
                to: quarantine.clone(),
            };
            self.repairs.push(rename);
        }
        self.report(Finding::SnapshotSetAside {
            file: file.into(),
            why,
            quarantine,
        });
    }

    /// What must hold whatever was found: snapshot <= commit <= last, no gap, no later term.
    fn check(&mut self, covers: Position) -> Result<(), RecoveryError> {
        let first = self.entries.front().map(|entry| entry.position);
        let last = self.entries.back().map_or(covers, |entry| entry.position);
        if let Some(first) = first.filter(|first| first.index != covers.index.next()) {
            return Err(RecoveryError::Gap {
                covered: covers.index,
                first: first.index,
            });
        }
        for (what, position) in [("the snapshot", covers), ("the last entry", last)] {
            let (found, term) = (position.term, self.hard_state.term);
            if found > term {
                return Err(RecoveryError::TermBeyondHardState {
                    what: what.into(),
                    found,
                    term,
                });
            }
        }
        if covers.index > self.commit {
            let (from, to) = (self.commit, covers.index);
            self.report(Finding::CommitRaised { from, to });
            self.commit = to;
        }
        if self.commit > last.index {
            let (commit, last) = (self.commit, last.index);
            return Err(RecoveryError::CommitBeyondLog { commit, last });
        }
        if let Some(first) = first {
            self.report(Finding::EntriesFound { first, last });
        }
        let (snapshot, commit, last) = (covers.index, self.commit, last.index);
        self.report(Finding::Ready {
            snapshot,
            commit,
            last,
        });
        Ok(())
    }
}

/// A segment file as read, before its records are believed.
struct RawSegment {
    sequence: u64,
    bytes: Bytes,
    header: Option<SegmentHeader>,
}

/// Reads all segments in order and applies their records.
fn read_segments(
    disk: &dyn Disk,
    identity: Identity,
    replay: &mut Replay,
) -> Result<VecDeque<Segment>, RecoveryError> {
    let raw = load_segments(disk, identity)?;
    // The newest readable header knows how much of each segment before it is valid.
    let newest = raw.iter().rposition(|segment| segment.header.is_some());
    let valid = newest.and_then(|place| raw[place].header.as_ref()).cloned();
    let mut segments = VecDeque::new();
    for segment in raw {
        let known_len = valid.as_ref().and_then(|header| {
            let known = header
                .previous
                .iter()
                .find(|known| known.sequence == segment.sequence);
            known.map(|known| known.len)
        });
        segments.push_back(read_segment(&segment, known_len, replay)?);
    }
    Ok(segments)
}

fn load_segments(disk: &dyn Disk, identity: Identity) -> Result<Vec<RawSegment>, RecoveryError> {
    let mut sequences: Vec<u64> = disk
        .list()
        .iter()
        .filter_map(|info| segment_sequence(&info.name))
        .collect();
    sequences.sort_unstable();
    let mut raw = Vec::new();
    for (place, sequence) in sequences.iter().copied().enumerate() {
        if place > 0 && sequences[place - 1] + 1 != sequence {
            let missing = segment_file(sequences[place - 1] + 1);
            return Err(RecoveryError::SegmentMissing { missing });
        }
        let file = segment_file(sequence);
        let bytes = disk.read(&file).map_err(RecoveryError::Disk)?;
        let header = match Record::decode(&bytes) {
            Ok((Record::Segment(header), _)) => Some(header),
            Ok(_) | Err(_) => None,
        };
        if let Some(header) = &header {
            check_header(&file, header, identity)?;
        }
        raw.push(RawSegment {
            sequence,
            bytes,
            header,
        });
    }
    Ok(raw)
}

fn check_header(
    file: &str,
    header: &SegmentHeader,
    expected: Identity,
) -> Result<(), RecoveryError> {
    if header.format != FORMAT {
        return Err(RecoveryError::Format {
            file: file.into(),
            given: header.format,
        });
    }
    if !header.identity.is_same_server(expected) {
        let found = header.identity;
        return Err(RecoveryError::ForeignIdentity {
            file: file.into(),
            found,
            expected,
        });
    }
    Ok(())
}

/// Applies the records of one segment. A bad record ends it: expected where a later header said
/// so, a torn tail if nothing readable follows, damage otherwise.
fn read_segment(
    raw: &RawSegment,
    known_len: Option<u64>,
    replay: &mut Replay,
) -> Result<Segment, RecoveryError> {
    let mut segment = Segment {
        sequence: raw.sequence,
        len: 0,
        entries: None,
    };
    let file = segment.file();
    let len = raw.bytes.len() as u64;
    if known_len.is_some_and(|known| known > len) {
        return Err(RecoveryError::Corrupt {
            file,
            offset: len,
            what: RecordError::CutShort,
        });
    }
    let bytes = &raw.bytes[..known_len.unwrap_or(len) as usize];
    let (mut offset, mut records) = (0, 0);
    while offset < bytes.len() {
        match Record::decode(&bytes[offset..]) {
            Ok((record, len)) => {
                segment.note(&record);
                replay.apply(record)?;
                offset += len;
                records += 1;
            }
            Err(what) => {
                if known_len.is_some() || readable_after(bytes, offset + 1) {
                    return Err(RecoveryError::Corrupt {
                        file,
                        offset: offset as u64,
                        what,
                    });
                }
                let (valid, lost) = (offset as u64, (bytes.len() - offset) as u64);
                replay.report(Finding::TornTail {
                    file: file.clone(),
                    valid,
                    lost,
                });
                break;
            }
        }
    }
    segment.len = offset as u64;
    replay.report(Finding::SegmentRead {
        file,
        records,
        entries: segment.entries,
    });
    Ok(segment)
}

fn readable_after(bytes: &[u8], from: usize) -> bool {
    (from..bytes.len()).any(|start| Record::decode(&bytes[start..]).is_ok())
}

/// The newest snapshot that the log names and that is intact; the others that are named stay
/// or are set aside.
fn choose_snapshot(
    disk: &dyn Disk,
    identity: Identity,
    replay: &mut Replay,
) -> Option<(Position, Bytes)> {
    while let Some(mark) = replay.snapshots.back().cloned() {
        match load(disk, identity, &mark) {
            Ok(data) => {
                let (covers, bytes) = (mark.position, data.len() as u64);
                replay.report(Finding::SnapshotUsed { covers, bytes });
                return Some((covers, data));
            }
            Err(error) => {
                replay.snapshots.pop_back();
                replay.set_aside(disk, &mark.file, SnapshotProblem::Unusable(error));
            }
        }
    }
    None
}

/// Snapshot files that the log does not name never counted.
fn set_orphans_aside(disk: &dyn Disk, replay: &mut Replay) {
    let named = |name: &str, replay: &Replay| {
        let kept = replay.snapshots.iter().any(|mark| mark.file == name);
        let renamed = |op: &DiskOp| matches!(op, DiskOp::Rename { from, .. } if from == name);
        kept || replay.repairs.iter().any(renamed)
    };
    for info in disk.list() {
        if is_snapshot_file(&info.name) && !named(&info.name, replay) {
            replay.set_aside(disk, &info.name, SnapshotProblem::NotNamed);
        }
    }
}
