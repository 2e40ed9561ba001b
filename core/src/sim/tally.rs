//! What reads found, over time: the hit ratio as a curve; and how many different things there were.

use crate::types::{Duration, Instant};
use imbl::Vector;
use std::collections::BTreeSet;

/// How many different things there were. They come roughly in their order: one that comes again is
/// noticed unless so many later ones came meanwhile that it is forgotten.
#[derive(Clone, Debug)]
pub(super) struct Different<T> {
    count: u64,
    newest: BTreeSet<T>,
}

/// How many are remembered.
const NEWEST: usize = 4_096;

impl<T> Default for Different<T> {
    fn default() -> Different<T> {
        Different {
            count: 0,
            newest: BTreeSet::new(),
        }
    }
}

impl<T: Ord> Different<T> {
    pub(super) fn insert(&mut self, one: T) {
        self.count += u64::from(self.newest.insert(one));
        if self.newest.len() > NEWEST {
            self.newest.pop_first();
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

/// Hits and misses of all clients, in spans of equal length from the start. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    span: Duration,
    counts: Vector<Found>,
}

/// What the reads answered in one span found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Keys that were there.
    pub hits: u64,
    /// Keys that were not.
    pub misses: u64,
}

/// So many spans are enough for a curve.
const SPANS: u64 = 120;

impl Tally {
    /// Nothing was read yet in a run that ends at `end`.
    #[must_use]
    pub fn new(end: Instant) -> Tally {
        Tally {
            span: Duration::micros((end.0 / SPANS).max(10_000)),
            counts: Vector::new(),
        }
    }

    /// Reads were answered.
    pub(super) fn add(&mut self, now: Instant, found: Found) {
        if found == Found::default() {
            return;
        }
        let place = (now.0 / self.span.as_micros()) as usize;
        while self.counts.len() <= place {
            self.counts.push_back(Found::default());
        }
        let count = &mut self.counts[place];
        count.hits += found.hits;
        count.misses += found.misses;
    }

    /// How long a span is.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.span
    }

    /// The counts of all spans until the latest read.
    pub fn counts(&self) -> impl Iterator<Item = Found> + '_ {
        self.counts.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Different, Found, NEWEST, Tally};
    use crate::types::Instant;

    #[test]
    fn different_things_are_counted_once_and_few_are_remembered() {
        let mut different = Different::default();
        for n in 0..10_000 {
            different.insert(n);
            different.insert(n / 2 * 2);
        }
        assert_eq!(different.count(), 10_000);
        assert_eq!(different.newest.len(), NEWEST);
    }

    #[test]
    fn reads_are_counted_in_their_span() {
        let mut tally = Tally::new(Instant(12_000_000));
        assert_eq!(tally.span().as_micros(), 100_000);
        let found = |hits, misses| Found { hits, misses };
        tally.add(Instant(99_999), found(1, 0));
        tally.add(Instant(50_000), found(0, 2));
        tally.add(Instant(200_000), found(3, 0));
        tally.add(Instant(900_000), found(0, 0));
        let counts: Vec<Found> = tally.counts().collect();
        assert_eq!(counts, [found(1, 2), found(0, 0), found(3, 0)]);
    }
}
