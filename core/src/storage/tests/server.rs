//! A server's storage as a replica drives it, with a memory of what it was told is durable.

use super::disk::MemoryDisk;
use crate::storage::{
    Config, DiskOp, Finding, HardState, Identity, LogEntry, Record, Recovered, Segment,
    SnapshotMark, Trust, Wal, recover, save_snapshot,
};
use crate::types::{ClusterId, Incarnation, Index, NodeId, Position, Term};
use bytes::Bytes;
use std::collections::BTreeMap;

pub(super) const IDENTITY: Identity = Identity {
    cluster: ClusterId(7),
    node: NodeId(1),
    incarnation: Incarnation::FIRST,
};

/// What a host provides to a server that has run before.
pub(super) const FRESH: Identity = Identity {
    incarnation: Incarnation(5),
    ..IDENTITY
};

pub(super) fn config() -> Config {
    Config {
        segment_bytes: 256,
        ..Config::default()
    }
}

pub(super) fn at(term: u64, index: u64) -> Position {
    Position::new(Term(term), Index(index))
}

pub(super) fn entry(term: u64, index: u64) -> Record {
    Record::Entry(LogEntry {
        position: at(term, index),
        kind: 1,
        payload: Bytes::from(format!("entry {index} of term {term}")),
    })
}

pub(super) fn term(term: u64) -> Record {
    Record::HardState(HardState {
        term: Term(term),
        vote: Some(NodeId(1)),
    })
}

pub(super) fn commit(index: u64) -> Record {
    Record::Commit(Index(index))
}

/// What was reported durable, so what may have been promised to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Promised {
    pub(super) hard_state: HardState,
    pub(super) commit: Index,
    pub(super) entries: BTreeMap<u64, LogEntry>,
    pub(super) last: u64,
}

impl Promised {
    pub(super) fn note(&mut self, record: &Record) {
        match record {
            Record::HardState(state) => self.hard_state = *state,
            Record::Commit(index) => self.commit = self.commit.max(*index),
            Record::Entry(entry) => {
                let index = entry.position.index.0;
                self.entries.split_off(&index);
                self.entries.insert(index, entry.clone());
                self.last = index;
            }
            Record::Snapshot(mark) => self.last = self.last.max(mark.position.index.0),
            Record::Reset(mark) => {
                self.entries.clear();
                self.last = mark.position.index.0;
            }
            Record::Segment(_) | Record::Write(_) => {}
        }
    }

    /// What is missing in a recovered state, if anything is.
    pub(super) fn missing_in(&self, state: &Recovered) -> Option<String> {
        let covers = state.snapshot.as_ref().map_or(0, |(at, _)| at.index.0);
        let last = state
            .entries
            .last()
            .map_or(covers, |last| last.position.index.0);
        if state.hard_state.term < self.hard_state.term {
            return Some(format!("{:?}", self.hard_state));
        }
        let same_term = state.hard_state.term == self.hard_state.term;
        if same_term && self.hard_state.vote.is_some() && state.hard_state != self.hard_state {
            return Some(format!("{:?}", self.hard_state));
        }
        if state.commit < self.commit {
            return Some(format!("commit {}", self.commit));
        }
        if last < self.last {
            return Some(format!("entries up to {}, {last} there", self.last));
        }
        let held = |index: u64| {
            let entry = &state.entries[(index - covers - 1) as usize];
            self.entries.get(&index).is_none_or(|own| own == entry)
        };
        let wrong = (covers + 1..=self.last).find(|index| !held(*index));
        wrong.map(|index| format!("entry {index}"))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) disk: MemoryDisk,
    config: Config,
    pub(super) wal: Wal,
    pub(super) identity: Identity,
    pub(super) promised: Promised,
}

impl Server {
    pub(super) fn new(identity: Identity) -> Server {
        Server::with_config(identity, config())
    }

    pub(super) fn with_config(identity: Identity, config: Config) -> Server {
        let disk = MemoryDisk::default();
        let state = recover(&disk, identity, &config).unwrap_or_else(|error| panic!("{error}"));
        let server = Server {
            disk,
            config,
            wal: state.wal,
            identity,
            promised: Promised::default(),
        };
        server.restarted()
    }

    pub(super) fn start(disk: MemoryDisk, identity: Identity, promised: Promised) -> Server {
        let server = Server::new(identity);
        let server = Server {
            disk,
            promised,
            ..server
        };
        server.restarted()
    }

    /// The same after a restart without a crash.
    pub(super) fn restarted(mut self) -> Server {
        let state = recover(&self.disk, self.identity, &self.config);
        let state = state.unwrap_or_else(|error| panic!("{error}"));
        self.disk.execute(&state.repairs);
        Server {
            wal: state.wal,
            identity: state.identity,
            ..self
        }
    }

    /// A server with twelve entries in two terms and snapshots at 4 and 8, over several segments.
    pub(super) fn with_history(identity: Identity) -> Server {
        let mut server = Server::new(identity);
        server.write(&[term(1)]);
        for index in 1..=12 {
            if index == 7 {
                server.write(&[term(2)]);
            }
            server.write(&[entry(term_of(index), index), commit(index - 1)]);
            if index == 5 || index == 10 {
                server.snapshot(index / 5 * 4);
            }
        }
        server
    }

    pub(super) fn write(&mut self, records: &[Record]) {
        let ops = self.wal.append(records);
        self.disk.execute(&ops);
        self.promise(records);
    }

    /// These were reported durable.
    pub(super) fn promise(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.promised.note(record));
    }

    /// Written, and neither synced nor promised.
    pub(super) fn write_unsynced(&mut self, records: &[Record]) {
        let ops = self.wal.append(records);
        self.disk.execute(&ops[..1]);
    }

    pub(super) fn save(&mut self, covers: Position) -> SnapshotMark {
        let (mark, ops) = snapshot(self.identity, covers);
        self.disk.execute(&ops);
        mark
    }

    /// Its own snapshot, named.
    pub(super) fn snapshot(&mut self, index: u64) {
        let mark = self.save(at(term_of(index), index));
        self.write(&[Record::Snapshot(mark)]);
    }

    /// A leader's snapshot in the place of the log.
    pub(super) fn install(&mut self, covers: Position) {
        let mark = self.save(covers);
        self.write(&[Record::Reset(mark), Record::Commit(covers.index)]);
    }

    pub(super) fn trim(&mut self) {
        let ops = self.wal.trim();
        self.disk.execute(&ops);
    }

    /// Writes on until another segment is begun.
    pub(super) fn begin_segment(&mut self) {
        let before = self.disk.named(".log").len();
        while self.disk.named(".log").len() == before {
            self.write(&[]);
        }
    }

    /// The intact records at the beginning of a segment.
    pub(super) fn records(&self, file: &str) -> Vec<Record> {
        let mut bytes = self.disk.bytes(file);
        let mut records = Vec::new();
        while let Ok((record, len)) = Record::decode(bytes) {
            records.push(record);
            bytes = &bytes[len..];
        }
        records
    }

    /// The segment that holds an entry, and where in it the entry's record begins.
    pub(super) fn find(&self, index: u64) -> (String, usize) {
        for file in self.disk.named(".log") {
            let (bytes, mut offset) = (self.disk.bytes(&file), 0);
            while let Ok((record, len)) = Record::decode(&bytes[offset..]) {
                if matches!(&record, Record::Entry(entry) if entry.position.index.0 == index) {
                    return (file, offset);
                }
                offset += len;
            }
        }
        panic!("entry {index} was written");
    }
}

/// The lowest and the highest index of the entries among some records.
pub(super) fn span(records: &[Record]) -> Option<(Index, Index)> {
    let indexes = records.iter().filter_map(|record| match record {
        Record::Entry(entry) => Some(entry.position.index),
        _ => None,
    });
    Some((indexes.clone().min()?, indexes.max()?))
}

/// The indexes of the entries that a server starts with.
pub(super) fn indexes(state: &Recovered) -> Vec<u64> {
    let entries = state.entries.iter();
    entries.map(|entry| entry.position.index.0).collect()
}

/// The term of each entry of [`Server::with_history`].
pub(super) fn term_of(index: u64) -> u64 {
    if index < 7 { 1 } else { 2 }
}

pub(super) fn snapshot(identity: Identity, covers: Position) -> (SnapshotMark, Vec<DiskOp>) {
    let data = Bytes::from(vec![covers.index.0 as u8; 50]);
    save_snapshot(identity, covers, &data)
}

pub(super) fn recovered(disk: &MemoryDisk, identity: Identity) -> Recovered {
    let state = recover(disk, identity, &config()).unwrap_or_else(|error| panic!("{error}"));
    check_one_history(&state);
    state
}

/// What holds after every recovery: snapshot <= commit <= last, no gap, no term beyond the
/// server's own; and that the outcome is what the table says of the findings.
pub(super) fn check_one_history(state: &Recovered) {
    let covers = state
        .snapshot
        .as_ref()
        .map_or(Position::ZERO, |(at, _)| *at);
    let mut last = covers;
    for entry in &state.entries {
        assert_eq!(entry.position.index, last.index.next(), "no gap");
        assert!(entry.position.term >= last.term, "terms never go down");
        last = entry.position;
    }
    let (commit, term) = (state.commit, state.hard_state.term);
    assert!(covers.index <= commit && commit <= last.index);
    assert!(last.term <= term, "{} <= {term}", last.term);
    let removes = |op: &DiskOp| matches!(op, DiskOp::Remove { .. });
    assert!(
        !state.repairs.iter().any(removes),
        "recovery deletes nothing"
    );
    if let Trust::Lost(reasons) = &state.trust {
        assert!(!reasons.is_empty() && state.hard_state.vote.is_none());
    }
}

/// Executes the repairs, and recovers as often as one likes: the state is the same, the incarnation
/// stays, and there is nothing more to repair: only what was read is written down each time.
pub(super) fn check_idempotent(disk: &MemoryDisk, once: &Recovered) {
    let mut disk = disk.clone();
    disk.execute(&once.repairs);
    let never_ran = once.report.steps.contains(&Finding::NeverRan);
    for incarnation in [8, 9] {
        let incarnation = match never_ran {
            true => Incarnation::FIRST,
            false => Incarnation(incarnation),
        };
        let given = Identity {
            incarnation,
            ..IDENTITY
        };
        let again = recovered(&disk.crashed(), given);
        assert_eq!(again, recovered(&disk, given), "all is durable");
        assert_eq!(again.trust, Trust::Kept, "{:#?}", again.report);
        assert_eq!(again.identity, once.identity);
        let state = |it: &Recovered| {
            let snapshot = it.snapshot.clone();
            (it.hard_state, it.commit, snapshot, it.entries.clone())
        };
        assert_eq!(state(&again), state(once));
        let next = again.wal.segments().last().map(Segment::file);
        let harmless = |op: &DiskOp| match op {
            DiskOp::Sync { .. } | DiskOp::SyncDir => true,
            DiskOp::Append { file, .. } => Some(file) == next.as_ref(),
            DiskOp::Rename { .. } | DiskOp::Remove { .. } => false,
        };
        assert!(again.repairs.iter().all(harmless), "{:?}", again.repairs);
        disk.execute(&again.repairs);
    }
}
