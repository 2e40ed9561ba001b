//! What a server remembers after each record of its log, read naively: the twin of recovery.

use flotilla_core::storage::{HardState, LogEntry, Record, Recovered};
use flotilla_core::types::{Index, Position};

/// What a server must not forget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub hard_state: HardState,
    pub commit: Index,
    pub covers: Position,
    pub entries: Vec<LogEntry>,
}

impl Memory {
    pub fn learn(&mut self, record: &Record) {
        match record {
            Record::HardState(state) => self.hard_state = *state,
            Record::Commit(index) => self.commit = self.commit.max(*index),
            Record::Entry(entry) => {
                let index = entry.position.index;
                self.entries.retain(|held| held.position.index < index);
                self.entries.push(entry.clone());
            }
            Record::Snapshot(mark) => self.cover(mark.position),
            Record::Reset(mark) => {
                self.entries.clear();
                self.cover(mark.position);
            }
            _ => {}
        }
    }

    fn cover(&mut self, covers: Position) {
        self.covers = covers;
        self.commit = self.commit.max(covers.index);
        self.entries
            .retain(|held| held.position.index > covers.index);
    }

    pub fn of(recovered: &Recovered) -> Memory {
        let covers = recovered.snapshot.as_ref().map(|(covers, _)| *covers);
        Memory {
            hard_state: recovered.hard_state,
            commit: recovered.commit,
            covers: covers.unwrap_or(Position::ZERO),
            entries: recovered.entries.clone(),
        }
    }

    pub fn last(&self) -> Index {
        let last = self.entries.last();
        last.map_or(self.covers.index, |entry| entry.position.index)
    }

    /// Snapshot, then commit, then the end of a log without gaps.
    pub fn is_in_order(&self) -> bool {
        let indexes = self.entries.iter().map(|entry| entry.position.index);
        let expected = (1..).map(|n| self.covers.index.plus(n));
        self.covers.index <= self.commit
            && self.commit <= self.last()
            && indexes.zip(expected).all(|(found, wanted)| found == wanted)
    }
}

/// The records of some bytes, each with where it ends.
pub fn records(bytes: &[u8]) -> Vec<(Record, usize)> {
    let (mut all, mut offset) = (Vec::new(), 0);
    while let Ok((record, len)) = Record::decode(&bytes[offset..]) {
        offset += len;
        all.push((record, offset));
    }
    all
}
