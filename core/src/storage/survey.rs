//! What each file of a disk holds, one by one: every record and every checksum is looked at,
//! also of files that recovery would not need. Nothing is decided here; that is for `recover.rs`.

use super::disk::{Disk, DiskError, FileInfo};
use super::quarantine::Quarantined;
use super::record::{Record, RecordError, SegmentHeader, WriteMark};
use super::snapshot::{SnapshotError, SnapshotFile, data_at, is_snapshot_file, open};
use super::wal::segment_sequence;
use crate::types::Index;
use bytes::Bytes;
use core::cmp::Ordering;

/// All files of a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The segments of the log, oldest first.
    pub segments: Vec<SurveyedSegment>,
    /// Snapshots, finished or not, by name.
    pub snapshots: Vec<SurveyedSnapshot>,
    /// What was set aside: nothing is read of it.
    pub quarantine: Vec<FileInfo>,
    /// What is none of these.
    pub others: Vec<FileInfo>,
}

/// A segment of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedSegment {
    /// The file.
    pub info: FileInfo,
    /// Its place among the segments.
    pub sequence: u64,
    /// What it opens with, if that can be read.
    pub header: Option<SegmentHeader>,
    /// Its intact records before the first that is not.
    pub records: u64,
    /// The lowest and highest index of the entries among them.
    pub entries: Option<(Index, Index)>,
    /// How the intact records end.
    pub ending: Ending,
}

/// How the intact records of a segment end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With the file.
    Whole,
    /// With a write that a crash cut off: no mark of a later write follows, or a later segment,
    /// written after that crash, says that no more is valid.
    Torn {
        /// Where the valid part ends, in bytes.
        valid: u64,
    },
    /// With damage: what is missing was once durable.
    Damaged {
        /// Where the first record starts that cannot be read, in bytes.
        offset: u64,
        /// What is wrong with it.
        what: RecordError,
    },
}

/// A snapshot file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedSnapshot {
    /// The file.
    pub info: FileInfo,
    /// Where the snapshot begins, after the file's header, if that can be read.
    pub data_at: Option<u64>,
    /// What it holds, or what is wrong with it.
    pub content: Result<SnapshotFile, SnapshotError>,
}

/// Looks at every file.
///
/// # Errors
/// A file of the log cannot be read. Of a snapshot that is told with the others.
pub fn survey(disk: &dyn Disk) -> Result<Survey, DiskError> {
    let mut survey = Survey::default();
    let mut raw = Vec::new();
    for info in disk.list() {
        if let Some(sequence) = segment_sequence(&info.name) {
            raw.push((sequence, disk.read(&info.name)?, info));
        } else if is_snapshot_file(&info.name) {
            survey.snapshots.push(read_snapshot(disk, info));
        } else if Quarantined::of(&info).is_some() {
            survey.quarantine.push(info);
        } else {
            survey.others.push(info);
        }
    }
    raw.sort_by_key(|(sequence, ..)| *sequence);
    let headers: Vec<_> = raw.iter().map(|(_, bytes, _)| header(bytes)).collect();
    for (place, (sequence, bytes, info)) in raw.into_iter().enumerate() {
        let header = &headers[place];
        // Only the header of a later segment lists it.
        let headers = headers.iter().rev().flatten();
        let mut known = headers.flat_map(|header| &header.previous);
        let known = known.find(|known| known.sequence == sequence);
        let (read, ending) = read_segment(sequence, &bytes, known.map(|known| known.len));
        survey.segments.push(SurveyedSegment {
            info,
            sequence,
            header: header.clone(),
            records: read.records,
            entries: read.entries,
            ending,
        });
    }
    Ok(survey)
}

fn read_snapshot(disk: &dyn Disk, info: FileInfo) -> SurveyedSnapshot {
    let whole = disk.read(&info.name).map_err(SnapshotError::Disk);
    SurveyedSnapshot {
        data_at: whole.as_ref().ok().and_then(|whole| data_at(whole)),
        content: whole.and_then(|whole| open(&info.name, &whole)),
        info,
    }
}

fn header(bytes: &[u8]) -> Option<SegmentHeader> {
    match Record::decode(bytes) {
        Ok((Record::Segment(header), _)) => Some(header),
        Ok(_) | Err(_) => None,
    }
}

/// What the intact records of a segment come to.
#[derive(Default)]
struct Read {
    records: u64,
    entries: Option<(Index, Index)>,
}

impl Read {
    fn note(&mut self, record: &Record) {
        self.records += 1;
        if let Record::Entry(entry) = record {
            let index = entry.position.index;
            let (low, high) = self.entries.unwrap_or((index, index));
            self.entries = Some((low.min(index), high.max(index)));
        }
    }
}

/// `known` is how much of it a later segment calls valid: nothing beyond that is looked at. A bad
/// place is damage by the same rule as in recovery: something says that it was durable once.
fn read_segment(sequence: u64, whole: &Bytes, known: Option<u64>) -> (Read, Ending) {
    let len = whole.len() as u64;
    let valid = known.unwrap_or(len);
    let bytes = &whole[..valid.min(len) as usize];
    let mut read = Read::default();
    let mut offset = 0;
    while offset < bytes.len() {
        match Record::decode(&bytes[offset..]) {
            Ok((record, taken)) => {
                read.note(&record);
                offset += taken;
            }
            Err(what) => {
                let mark = || WriteMark::find(sequence, whole, offset);
                let damaged = known.is_some() || mark().is_some();
                let offset = offset as u64;
                let ending = if damaged {
                    Ending::Damaged { offset, what }
                } else {
                    Ending::Torn { valid: offset }
                };
                return (read, ending);
            }
        }
    }
    let ending = match valid.cmp(&len) {
        Ordering::Less => Ending::Torn { valid },
        Ordering::Equal => Ending::Whole,
        Ordering::Greater => Ending::Damaged {
            offset: len,
            what: RecordError::CutShort,
        },
    };
    (read, ending)
}
