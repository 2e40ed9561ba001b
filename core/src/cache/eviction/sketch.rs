//! How often keys were used lately, in little space (a count-min sketch, as in TinyLFU).

use imbl::Vector;
use serde::{Deserialize, Serialize};

/// Counters of four bits, sixteen in a word.
const COUNTERS: u64 = 16;
const COUNTER_MOST: u64 = 15;
/// Each key counts in so many places; its frequency is the least of them.
const ROWS: u64 = 4;
/// Words at first; there is always at least one word for each live entry.
const WORDS_AT_FIRST: u64 = 64;
/// Words that go together in a snapshot.
const WORDS_PER_ROW: usize = 64;
/// All counters are halved after so many uses for each word, so that what was popular is forgotten.
const USES_PER_WORD: u64 = 10;
/// The low bits of all counters after a shift by one.
const HALVED: u64 = 0x7777_7777_7777_7777;

/// Frequencies of keys, an estimate that is never too low until counters are halved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Sketch {
    #[serde(skip)]
    words: Vector<u64>,
    /// Uses since the counters were halved.
    uses: u64,
}

impl Default for Sketch {
    fn default() -> Sketch {
        Sketch {
            words: (0..WORDS_AT_FIRST).map(|_| 0).collect(),
            uses: 0,
        }
    }
}

impl Sketch {
    /// Grows until there is a word for each entry. A key's places stay among the same remainders, so a
    /// table that is doubled by repeating it tells the same frequencies.
    pub(super) fn fit(&mut self, entries: usize) {
        while self.words.len() < entries {
            self.words.append(self.words.clone());
        }
    }

    /// Some of the words, from this one on.
    pub(super) fn words_from(&self, from: u64) -> Vec<u64> {
        let words = self.words.iter().skip(from as usize);
        words.take(WORDS_PER_ROW).copied().collect()
    }

    /// Appends words to a table that is read back.
    pub(super) fn put_back(&mut self, words: &[u64]) {
        self.words.extend(words.iter().copied());
    }

    /// Whether a table that was read back can be one.
    pub(super) fn is_whole(&self) -> bool {
        let words = self.words.len() as u64;
        words >= WORDS_AT_FIRST && self.uses < USES_PER_WORD * words
    }

    /// Counts a use of a key.
    pub(super) fn add(&mut self, key_hash: u64) {
        for row in 0..ROWS {
            let (word, shift) = self.place(key_hash, row);
            if let Some(word) = self.words.get_mut(word)
                && (*word >> shift) & COUNTER_MOST < COUNTER_MOST
            {
                *word += 1 << shift;
            }
        }
        self.uses += 1;
        if self.uses >= USES_PER_WORD * self.words.len() as u64 {
            self.uses /= 2;
            self.words = self.words.iter().map(|word| (word >> 1) & HALVED).collect();
        }
    }

    /// How often a key was used lately, at most 15.
    pub(super) fn frequency(&self, key_hash: u64) -> u64 {
        let counter = |row| {
            let (word, shift) = self.place(key_hash, row);
            (self.words[word] >> shift) & COUNTER_MOST
        };
        (0..ROWS).map(counter).min().unwrap_or(0)
    }

    /// The word and the bit of a key's counter in a row. Each row has a quarter of every word.
    fn place(&self, key_hash: u64, row: u64) -> (usize, u64) {
        let mixed = mix(key_hash ^ (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let word = (mixed >> 8) % self.words.len() as u64;
        let counter = row * (COUNTERS / ROWS) + mixed % (COUNTERS / ROWS);
        (word as usize, counter * 4)
    }
}

/// The finalizer of SplitMix64: every bit of the input changes half of the bits of the output.
pub(super) fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
