//! The log in memory: everything above the newest compaction.

use super::entry::{Entry, Payload};
use crate::types::{Index, Position, Term};

/// Contiguous entries above a base. Cloning shares structure, so that a whole world of servers
/// can be checkpointed cheaply.
///
/// Invariants: the entry at offset `i` has index `base.index + 1 + i`; terms never decrease;
/// everything up to `base` is committed and covered by a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    base: Position,
    entries: imbl::Vector<Entry>,
}

/// How a position relates to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The log holds an entry of that term there, so it agrees up to there.
    Holds,
    /// The position lies below the base: it is committed, so every leader agrees with it.
    BelowBase,
    /// The log ends before it.
    Missing,
    /// An entry of another term stands there.
    Conflict(Term),
}

impl Log {
    /// A log that starts after `base`.
    #[must_use]
    pub fn new(base: Position, entries: impl IntoIterator<Item = Entry>) -> Log {
        let mut log = Log {
            base,
            entries: imbl::Vector::new(),
        };
        for entry in entries {
            log.push(entry);
        }
        log
    }

    /// The position just before the first entry held.
    #[must_use]
    pub fn base(&self) -> Position {
        self.base
    }

    /// The index of the first entry held, or that the next entry would have.
    #[must_use]
    pub fn first(&self) -> Index {
        self.base.index.next()
    }

    /// The position of the last entry; the base when none is held.
    #[must_use]
    pub fn last(&self) -> Position {
        self.entries
            .back()
            .map_or(self.base, |entry| entry.position)
    }

    /// How many entries are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no entry is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at `index`, if it is held.
    #[must_use]
    pub fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(self.offset(index)?)
    }

    /// The term at `index`: of an entry held, or of the base.
    #[must_use]
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.get(index).map(|entry| entry.position.term)
    }

    /// How `position` relates to this log (Log Matching, Raft paper, section 5.3).
    #[must_use]
    pub fn fit(&self, position: Position) -> Fit {
        if position.index < self.base.index {
            return Fit::BelowBase;
        }
        match self.term_at(position.index) {
            None => Fit::Missing,
            Some(term) if term == position.term => Fit::Holds,
            Some(term) => Fit::Conflict(term),
        }
    }

    /// The first index of the run of entries of one term that `index` belongs to, as far as the
    /// log is held.
    #[must_use]
    pub fn first_of_term_at(&self, index: Index) -> Option<Position> {
        let term = self.get(index)?.position.term;
        let offset = self.offset(index)?;
        let run = self.entries.focus().narrow(..=offset).into_iter().rev();
        run.take_while(|entry| entry.position.term == term)
            .last()
            .map(|entry| entry.position)
    }

    /// The last index at or below `limit` whose term is at most `term`: below a reported
    /// conflict, the only place where a leader's log can agree with the follower's.
    #[must_use]
    pub fn last_not_beyond(&self, term: Term, limit: Index) -> Index {
        let held = self
            .entries
            .len()
            .min(limit.since(self.base.index) as usize);
        let mut candidates = self.entries.focus().narrow(..held).into_iter().rev();
        candidates
            .find(|entry| entry.position.term <= term)
            .map_or(self.base.index.min(limit), |entry| entry.position.index)
    }

    /// The entries from `first` on, at most `count` of them and `bytes` payload bytes; one entry
    /// always fits.
    #[must_use]
    pub fn slice(&self, first: Index, count: u64, bytes: u64) -> Vec<Entry> {
        let Some(offset) = self.offset(first) else {
            return Vec::new();
        };
        if offset >= self.entries.len() {
            return Vec::new();
        }
        let mut room = bytes;
        let mut taken = Vec::new();
        for entry in self.entries.focus().narrow(offset..) {
            let size = entry.payload.len();
            if taken.len() as u64 == count || (size > room && !taken.is_empty()) {
                break;
            }
            room = room.saturating_sub(size);
            taken.push(entry.clone());
        }
        taken
    }

    /// The entries in `(after, upto]` that are held, in order.
    pub fn range(&self, after: Index, upto: Index) -> impl Iterator<Item = &Entry> {
        let place = |index: Index| {
            self.entries
                .len()
                .min(index.since(self.base.index) as usize)
        };
        let (from, to) = (place(after), place(upto));
        self.entries.focus().narrow(from..to.max(from)).into_iter()
    }

    /// Appends an entry that the caller made or checked: its term is no lower than the last one's.
    pub fn push(&mut self, entry: Entry) {
        let last = self.last();
        assert_eq!(
            entry.position.index,
            last.index.next(),
            "the log has no gaps"
        );
        self.entries.push_back(entry);
    }

    /// Appends a new entry of `term` and tells where it stands.
    pub fn append(&mut self, term: Term, payload: Payload) -> Position {
        let position = Position::new(term, self.last().index.next());
        self.push(Entry { position, payload });
        position
    }

    /// Removes the entry at `index` and all that follow.
    pub fn truncate_from(&mut self, index: Index) {
        assert!(
            index > self.base.index,
            "entries below the base are committed"
        );
        self.entries.truncate(index.since(self.first()) as usize);
    }

    /// Drops the entries up to and including `index`, which a snapshot covers.
    pub fn compact(&mut self, index: Index) {
        let Some(term) = self.term_at(index) else {
            return;
        };
        let dropped = index.since(self.base.index) as usize;
        self.entries = self.entries.skip(dropped);
        self.base = Position::new(term, index);
    }

    fn offset(&self, index: Index) -> Option<usize> {
        index
            .0
            .checked_sub(self.base.index.0 + 1)
            .and_then(|offset| usize::try_from(offset).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fit, Log};
    use crate::raft::{Entry, Payload};
    use crate::types::{Index, Position, Term};
    use bytes::Bytes;

    fn position(term: u64, index: u64) -> Position {
        Position::new(Term(term), Index(index))
    }

    /// A log above `base` whose entries have these terms.
    fn log(base: Position, terms: &[u64]) -> Log {
        let entries = terms
            .iter()
            .zip(base.index.0 + 1..)
            .map(|(term, index)| Entry {
                position: position(*term, index),
                payload: Payload::Command(Bytes::from(vec![0; 10])),
            });
        Log::new(base, entries)
    }

    #[test]
    fn fit_tells_the_four_cases_apart() {
        let log = log(position(2, 4), &[2, 3, 3]);
        assert_eq!(log.fit(position(1, 3)), Fit::BelowBase);
        assert_eq!(log.fit(position(2, 4)), Fit::Holds);
        assert_eq!(log.fit(position(3, 6)), Fit::Holds);
        assert_eq!(log.fit(position(4, 6)), Fit::Conflict(Term(3)));
        assert_eq!(log.fit(position(3, 8)), Fit::Missing);
    }

    #[test]
    fn slices_respect_count_and_bytes_but_never_starve() {
        let log = log(Position::ZERO, &[1, 1, 1, 1]);
        let indexes = |first, count, bytes| {
            let taken = log.slice(Index(first), count, bytes);
            taken
                .iter()
                .map(|entry| entry.position.index.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(indexes(1, 10, 1000), [1, 2, 3, 4]);
        assert_eq!(indexes(2, 2, 1000), [2, 3]);
        assert_eq!(indexes(1, 10, 25), [1, 2]);
        assert_eq!(indexes(1, 10, 20), [1, 2]);
        assert_eq!(indexes(3, 10, 1), [3]);
        assert_eq!(indexes(5, 10, 1000), [0; 0]);
    }

    #[test]
    fn compaction_keeps_what_follows() {
        let mut log = log(Position::ZERO, &[1, 1, 2, 2]);
        log.compact(Index(3));
        assert_eq!(log.base(), position(2, 3));
        assert_eq!(log.last(), position(2, 4));
        assert_eq!(log.get(Index(3)), None);
        assert_eq!(log.term_at(Index(3)), Some(Term(2)));
        assert!(!log.is_empty());
        log.truncate_from(Index(4));
        assert_eq!(log.last(), position(2, 3));
        assert!(log.is_empty());
    }

    #[test]
    fn a_conflict_is_skipped_by_whole_terms() {
        let log = log(position(1, 2), &[2, 2, 4, 4, 4]);
        assert_eq!(log.first_of_term_at(Index(6)), Some(position(4, 5)));
        assert_eq!(log.last_not_beyond(Term(3), Index(7)), Index(4));
        assert_eq!(log.last_not_beyond(Term(1), Index(7)), Index(2));
        assert_eq!(log.last_not_beyond(Term(4), Index(6)), Index(6));
    }

    #[test]
    fn ranges_are_half_open() {
        let log = log(position(1, 2), &[2, 2, 4]);
        let indexes: Vec<u64> = log
            .range(Index(3), Index(5))
            .map(|entry| entry.position.index.0)
            .collect();
        assert_eq!(indexes, [4, 5]);
        assert_eq!(log.range(Index(0), Index(3)).count(), 1);
        assert_eq!(log.range(Index(5), Index(9)).count(), 0);
    }
}
