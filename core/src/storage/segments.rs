//! The segments on a disk: which of them are this server's log, and what they say.
//!
//! A bad place is damage when something says that the bytes there were durable: a mark of a later
//! write of the same segment, or the header of a later segment. Otherwise it is what a crash left
//! of the write under way, of which nobody was told.

use super::disk::Disk;
use super::record::{FORMAT, Identity, Record, RecordError, SegmentHeader, SegmentLen, WriteMark};
use super::replay::{Era, term_of};
use super::report::{AsideReason, Fault, Finding, RecoveryError};
use super::wal::{Segment, segment_file, segment_sequence};
use crate::types::{ClusterId, Term};
use bytes::Bytes;
use std::collections::VecDeque;

/// A segment file as read, before its records are believed.
pub(super) struct SegmentFile {
    pub(super) sequence: u64,
    bytes: Bytes,
    /// None if it is not whole.
    header: Option<SegmentHeader>,
}

impl SegmentFile {
    fn name(&self) -> String {
        segment_file(self.sequence)
    }

    fn identity(&self) -> Option<Identity> {
        self.header.as_ref().map(|header| header.identity)
    }
}

/// The segments of a disk, by whose they are.
#[derive(Default)]
pub(super) struct Sorted {
    /// Those of this server's newest incarnation, and those without a header among them.
    pub(super) own: Vec<SegmentFile>,
    /// All others.
    pub(super) aside: Vec<(String, AsideReason)>,
    /// What the others come to.
    pub(super) findings: Vec<Finding>,
    /// The other life of the cluster whose data is there instead of this server's.
    pub(super) other_life: Option<ClusterId>,
    /// The number of the next segment: no file has it or a higher one.
    pub(super) next: u64,
}

/// Reads all segments.
pub(super) fn load(disk: &dyn Disk, expected: Identity) -> Result<Vec<SegmentFile>, RecoveryError> {
    let mut sequences: Vec<u64> = disk
        .list()
        .iter()
        .filter_map(|info| segment_sequence(&info.name))
        .collect();
    sequences.sort_unstable();
    let mut files = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let file = segment_file(sequence);
        let bytes = disk.read(&file).map_err(RecoveryError::Disk)?;
        if let Some(given) = Record::segment_format(&bytes).filter(|given| *given != FORMAT) {
            return Err(RecoveryError::Format { file, given });
        }
        let header = match Record::decode(&bytes) {
            // A file that got another segment's name is none of this one.
            Ok((Record::Segment(header), _)) if header.sequence == sequence => Some(header),
            Ok(_) | Err(_) => None,
        };
        if let Some(found) = header.as_ref().map(|header| header.identity)
            && found.cluster == expected.cluster
            && found.node != expected.node
        {
            return Err(RecoveryError::OtherServer {
                file,
                found,
                expected,
            });
        }
        files.push(SegmentFile {
            sequence,
            bytes,
            header,
        });
    }
    Ok(files)
}

/// Tells the newest incarnation's segments from all others. Each incarnation begins with a segment
/// that depends on none before.
pub(super) fn sort(files: Vec<SegmentFile>, expected: Identity) -> Sorted {
    let next = files.last().map_or(1, |file| file.sequence + 1);
    let mut sorted = Sorted {
        next,
        ..Sorted::default()
    };
    let own = |file: &SegmentFile| {
        file.identity()
            .filter(|found| found.is_same_server(expected))
    };
    let Some(newest) = files.iter().filter_map(own).max_by_key(|id| id.incarnation) else {
        sorted.other_life = files
            .iter()
            .find_map(|file| file.identity().map(|identity| identity.cluster));
        match sorted.other_life {
            None => sorted.own = files,
            Some(_) => {
                let aside = files
                    .iter()
                    .map(|file| (file.name(), AsideReason::OtherLife));
                sorted.aside = aside.collect();
            }
        }
        return sorted;
    };
    let is_newest = |file: &SegmentFile| file.identity() == Some(newest);
    let mut before = files;
    let first = before.iter().position(is_newest).unwrap_or_default();
    let from_first = before.split_off(first);
    let opens = from_first[0].header.as_ref();
    let is_listed = |sequence| opens.is_some_and(|header| lists(header, sequence).is_some());
    for file in before {
        if file.header.is_none() && is_listed(file.sequence) {
            sorted.own.push(file);
        } else {
            let former = AsideReason::FormerIncarnation;
            sorted.aside.push((file.name(), former));
        }
    }
    for file in from_first {
        match file.identity() {
            Some(found) if found != newest => {
                let file = file.name();
                sorted.aside.push((file.clone(), AsideReason::Stray));
                sorted.findings.push(Finding::StraySegment { file, found });
            }
            Some(_) | None => sorted.own.push(file),
        }
    }
    sorted
}

/// What the segments say.
#[derive(Default)]
pub(super) struct Reading {
    /// Whose the segments are, as the newest says.
    pub(super) identity: Option<Identity>,
    /// The log as the newest records tell it; none after damage behind which no segment begins.
    pub(super) current: Option<Era>,
    /// Earlier stretches, each up to a break, oldest first.
    pub(super) broken: Vec<Era>,
    /// The segments with their valid bytes.
    pub(super) segments: VecDeque<Segment>,
    /// Those that are damaged.
    pub(super) damaged: Vec<u64>,
    pub(super) findings: Vec<Finding>,
    /// The highest term in any record.
    pub(super) highest: Term,
    /// The segments from here on may not be durable, though they could be read.
    pub(super) unsynced_from: u64,
}

/// Reads a server's own segments in order.
pub(super) fn read(files: &[SegmentFile]) -> Reading {
    let mut reading = Reading::default();
    // The newest header was begun when everything before was durable.
    let newest = files.iter().rfind(|file| file.header.is_some());
    let known = newest.and_then(|file| file.header.as_ref());
    reading.identity = known.map(|header| header.identity);
    reading.unsynced_from = newest.map_or(0, |file| file.sequence);
    for (place, file) in files.iter().enumerate() {
        if let (Some(before), Some(header)) = (place.checked_sub(1), known) {
            let between = (files[before].sequence, file.sequence);
            reading.findings.extend(missing(header, between));
        }
        // Only the header of a later segment lists it.
        let mut headers = files.iter().rev().filter_map(|file| file.header.as_ref());
        let known_len = headers.find_map(|it| lists(it, file.sequence));
        reading.read_segment(file, known_len);
    }
    reading
}

/// The segments between two that follow each other on the disk. Counting from one to the other
/// would take for ever if a strange file has a high number.
fn missing(header: &SegmentHeader, (one, next): (u64, u64)) -> impl Iterator<Item = Finding> {
    let listed = header.previous.iter().map(|known| known.sequence);
    let between = listed.filter(move |sequence| one < *sequence && *sequence < next);
    between.map(|sequence| Finding::SegmentMissing {
        file: segment_file(sequence),
        covered: false,
    })
}

fn lists(header: &SegmentHeader, sequence: u64) -> Option<u64> {
    let mut previous = header.previous.iter();
    let known = previous.find(|known| known.sequence == sequence)?;
    Some(known.len)
}

impl Reading {
    fn read_segment(&mut self, file: &SegmentFile, known_len: Option<u64>) {
        let mut segment = Segment {
            sequence: file.sequence,
            len: 0,
            entries: None,
        };
        let len = known_len.map_or(file.bytes.len(), |len| file.bytes.len().min(len as usize));
        let bytes = &file.bytes[..len];
        if let Some(header) = &file.header
            && !self.current.as_mut().is_some_and(|era| era.go_on(header))
        {
            self.broken.extend(self.current.replace(Era::begin(header)));
        }
        let (records, fault) = match &file.header {
            Some(_) => self.read_records(&mut segment, bytes),
            None if len == 0 => (0, None),
            None => (0, Some(header_fault(bytes))),
        };
        let cut = known_len.is_some_and(|known| known > len as u64);
        let fault = fault.or(cut.then_some(Fault::Record(RecordError::CutShort)));
        match fault {
            Some(fault) => self.judge(file, &segment, known_len, fault),
            None if file.header.is_none() && known_len.is_none() => self.torn(file, 0),
            None => {}
        }
        if file.header.is_some() {
            self.findings.push(Finding::SegmentRead {
                file: file.name(),
                records,
                entries: segment.entries,
            });
        }
        if let Some(era) = &mut self.current {
            let (sequence, len) = (segment.sequence, segment.len);
            era.end_segment(SegmentLen { sequence, len });
        }
        self.segments.push_back(segment);
    }

    /// A bad place: is it what a crash left of the last write, or damage?
    fn judge(&mut self, file: &SegmentFile, segment: &Segment, known: Option<u64>, fault: Fault) {
        let offset = segment.len as usize;
        let proof = WriteMark::find(file.sequence, &file.bytes, offset);
        let synced = known.is_some() || proof.is_some();
        if !synced && matches!(fault, Fault::Record(_)) {
            return self.torn(file, segment.len);
        }
        self.damaged(file, segment.len, fault);
        self.note_terms(&file.bytes[proof.unwrap_or(file.bytes.len())..]);
    }

    /// Applies the records up to the first bad one.
    fn read_records(&mut self, segment: &mut Segment, bytes: &[u8]) -> (u64, Option<Fault>) {
        let (mut records, mut offset) = (0, 0);
        while offset < bytes.len() {
            let (record, len) = match Record::decode(&bytes[offset..]) {
                Ok(decoded) => decoded,
                Err(error) => return (records, Some(Fault::Record(error))),
            };
            if let Err(fault) = self.take(segment, record, offset) {
                return (records, Some(fault));
            }
            offset += len;
            segment.len = offset as u64;
            records += 1;
        }
        (records, None)
    }

    fn take(&mut self, segment: &mut Segment, record: Record, offset: usize) -> Result<(), Fault> {
        self.highest = self.highest.max(term_of(&record));
        match &record {
            Record::Write(mark) if !mark.is_at(segment.sequence, offset) => {
                return Err(Fault::Misplaced);
            }
            // Read before.
            Record::Segment(_) if offset == 0 => return Ok(()),
            _ => segment.note(&record),
        }
        if let Some(era) = &mut self.current {
            self.findings.extend(era.apply(record)?);
        }
        Ok(())
    }

    fn torn(&mut self, file: &SegmentFile, valid: u64) {
        let (name, len) = (file.name(), file.bytes.len() as u64);
        self.findings.push(if valid == 0 {
            Finding::SegmentUnwritten {
                file: name,
                bytes: len,
            }
        } else {
            Finding::TornTail {
                file: name,
                valid,
                lost: len - valid,
            }
        });
    }

    fn damaged(&mut self, file: &SegmentFile, offset: u64, fault: Fault) {
        self.broken.extend(self.current.take());
        self.damaged.push(file.sequence);
        self.findings.push(Finding::Damaged {
            file: file.name(),
            offset,
            fault,
            covered: false,
        });
    }

    /// Behind damage the records are not applied, but a term in them was once reached.
    fn note_terms(&mut self, mut bytes: &[u8]) {
        while let Ok((record, len)) = Record::decode(bytes) {
            self.highest = self.highest.max(term_of(&record));
            bytes = &bytes[len..];
        }
    }
}

fn header_fault(bytes: &[u8]) -> Fault {
    match Record::decode(bytes) {
        Ok(_) => Fault::Misplaced,
        Err(error) => Fault::Record(error),
    }
}
