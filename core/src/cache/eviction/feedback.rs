//! What became of entries that were looked at: what the model learns from.
//!
//! The leader notes some entries with their features, and sees what happens: the key is asked for again
//! within the horizon, or it is not. It does not matter whether the entry was evicted meanwhile, so the
//! model is not taught by its own decisions. Nothing here is replicated: a new leader begins anew, and
//! its model goes on with what it knows.

use super::Features;
use std::collections::{BTreeMap, BTreeSet};

/// The most observations under way; beyond them the oldest are given up.
const PENDING: usize = 400_000;

/// An entry as it was, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// The entry when it was looked at.
    pub features: Features,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an entry that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// Observations under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    numbered: u64,
    pending: BTreeMap<(u64, u64), Pending>,
    /// When each is over, with its key.
    ends: BTreeSet<(u64, u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    began: u64,
    counted: u64,
    until: u64,
    horizon: u64,
    features: Features,
}

impl Feedback {
    /// Notes an entry: `key_hash` is of its key, `tick` is now, and `horizon` how many ticks to wait.
    pub fn observe(&mut self, key_hash: u64, features: Features, tick: u64, horizon: u64) {
        if self.pending.len() >= PENDING
            && let Some((_, key_hash, number)) = self.ends.pop_first()
        {
            self.pending.remove(&(key_hash, number));
        }
        self.numbered += 1;
        let number = self.numbered;
        let step = if crate::env("STEPS",1)==1 { (horizon / 32).max(16) } else { horizon };
        self.ends.insert((tick + step, key_hash, number));
        let pending = Pending {
            began: tick,
            counted: tick,
            until: tick + step,
            horizon,
            features,
        };
        self.pending.insert((key_hash, number), pending);
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
            self.ends.remove(&(noted.until, key_hash, number));
            samples.push(Sample {
                features: noted.features,
                outcome: Outcome::Again {
                    after: tick.saturating_sub(noted.counted),
                },
            });
        }
        samples
    }

    /// What was not asked for until now, and does not count any more if it is later.
    pub fn overdue(&mut self, tick: u64) -> Vec<Sample> {
        let mut samples = Vec::new();
        while let Some((end, key_hash, number)) = self.ends.first().copied()
            && end < tick
        {
            self.ends.pop_first();
            let Some(mut noted) = self.pending.remove(&(key_hash, number)) else { continue };
                samples.push(Sample {
                    features: noted.features,
                    outcome: Outcome::NotAgain {
                        within: end - noted.counted,
                    },
                });
                if end < noted.began + noted.horizon {
                    noted.counted = end;
                    noted.until = (noted.began + (end - noted.began) * 2).min(noted.began + noted.horizon);
                    self.ends.insert((noted.until, key_hash, number));
                    self.pending.insert((key_hash, number), noted);
                }
        }
        samples
    }
}
