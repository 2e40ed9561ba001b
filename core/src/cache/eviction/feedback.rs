//! What became of entries that were looked at: what the model learns from.
//!
//! The leader notes some entries with their features, and sees what happens: the key is asked for again
//! while it is watched, or it is not. It does not matter whether the entry was evicted meanwhile, so the
//! model is not taught by its own decisions. Nothing here is replicated: a new leader begins anew, and
//! its model goes on with what it knows.

use super::Features;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

/// The most observations under way; beyond them the one that ends first is given up.
const PENDING: usize = 40_000;
/// What is seldom asked for is worth telling from what never is, so entries are watched for longer than
/// they stay: for so many ticks for each live entry, within these bounds.
const WATCHED_PER_ENTRY: u64 = 8;
const WATCHED_AT_LEAST: u64 = 500;
const WATCHED_AT_MOST: u64 = 40_000;

/// An entry as it was, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sample {
    /// The entry when it was looked at.
    pub features: Features,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an entry that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Its key was asked for again.
    Again {
        /// After so many ticks.
        after: u64,
    },
    /// It was not, as long as it was watched.
    NotAgain {
        /// For so many ticks.
        within: u64,
    },
}

/// Observations under way. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    numbered: u64,
    pending: OrdMap<(u64, u64), Noted>,
    /// When each is over, with its key.
    ends: OrdSet<(u64, u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Noted {
    began: u64,
    ends: u64,
    features: Features,
}

impl Feedback {
    /// Notes an entry, one of so many that live: `key_hash` is of its key, `tick` is now.
    pub fn observe(&mut self, key_hash: u64, features: Features, tick: u64, live: u64) {
        if self.pending.len() >= PENDING
            && let Some(first) = self.ends.get_min().copied()
        {
            self.ends.remove(&first);
            self.pending.remove(&(first.1, first.2));
        }
        let watched = (live * WATCHED_PER_ENTRY).clamp(WATCHED_AT_LEAST, WATCHED_AT_MOST);
        self.numbered += 1;
        let noted = Noted {
            began: tick,
            ends: tick + watched,
            features,
        };
        self.ends.insert((noted.ends, key_hash, self.numbered));
        self.pending.insert((key_hash, self.numbered), noted);
    }

    /// A key was asked for, found or not: what was noted of it is known now.
    pub fn asked_for(&mut self, key_hash: u64, tick: u64) -> Vec<Sample> {
        let noted = self.pending.range((key_hash, 0)..=(key_hash, u64::MAX));
        let numbers: Vec<u64> = noted.map(|((_, number), _)| *number).collect();
        let mut samples = Vec::new();
        for number in numbers {
            let Some(noted) = self.pending.remove(&(key_hash, number)) else {
                continue;
            };
            self.ends.remove(&(noted.ends, key_hash, number));
            samples.push(Sample {
                features: noted.features,
                outcome: Outcome::Again {
                    after: tick.saturating_sub(noted.began),
                },
            });
        }
        samples
    }

    /// What was not asked for as long as it was watched.
    pub fn overdue(&mut self, tick: u64) -> Vec<Sample> {
        let mut samples = Vec::new();
        while let Some((end, key_hash, number)) = self.ends.get_min().copied()
            && end < tick
        {
            self.ends.remove(&(end, key_hash, number));
            let noted = self.pending.remove(&(key_hash, number));
            let noted = noted.expect("what has an end is pending");
            samples.push(Sample {
                features: noted.features,
                outcome: Outcome::NotAgain {
                    within: end - noted.began,
                },
            });
        }
        samples
    }
}
