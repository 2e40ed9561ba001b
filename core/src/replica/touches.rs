//! Reads that the log does not see, told with what the leader proposes next.
//!
//! A read by lease or quorum changes no state, so by itself it would not make its key hotter anywhere.
//! The leader notes a sample of the keys that it read, and puts a digest of them into the entries that it
//! proposes: applying those, all servers learn the same. Reads at followers, and what is noted when a
//! leader loses its office, are forgotten: that costs hits, and never agreement.

use crate::cache::{EntryId, Touched};
use crate::types::settings;
use std::collections::BTreeMap;

settings! {
    /// How servers are told of reads that the log does not see, so that they know what is hot.
    pub struct DigestConfig {
        /// One read in so many is noted.
        one_in: u32 = 1, in 1..=1_000_000, "reads";
        /// How many keys are told with one entry of the log; 0 tells nothing.
        keys_per_entry: u32 = 32, in 0..=4_096, "keys";
        /// How many keys wait to be told; what is read beyond that is not noted.
        keys_waiting: u32 = 512, in 0..=1_000_000, "keys";
    }
}

/// What the leader has noted.
#[derive(Clone, Debug, Default)]
pub(super) struct Touches {
    reads: u64,
    noted: u64,
    /// By entry: when it was last read, in reads noted, and how often.
    waiting: BTreeMap<EntryId, (u64, u32)>,
}

impl Touches {
    /// A key was read.
    pub(super) fn note(&mut self, entry: EntryId, config: &DigestConfig) {
        self.reads += 1;
        if !self.reads.is_multiple_of(u64::from(config.one_in)) {
            return;
        }
        let full = self.waiting.len() as u64 >= u64::from(config.keys_waiting);
        if full && !self.waiting.contains_key(&entry) {
            return;
        }
        self.noted += 1;
        let (last, times) = self.waiting.entry(entry).or_default();
        *last = self.noted;
        *times = times.saturating_add(1);
    }

    /// What goes with the next entry: the keys read longest ago first, so that recency comes out right.
    pub(super) fn take(&mut self, config: &DigestConfig) -> Vec<Touched> {
        let mut order: Vec<(u64, EntryId)> = self
            .waiting
            .iter()
            .map(|(entry, (last, _))| (*last, *entry))
            .collect();
        order.sort_unstable();
        order.truncate(config.keys_per_entry as usize);
        let told = order.into_iter().filter_map(|(_, entry)| {
            let (_, times) = self.waiting.remove(&entry)?;
            Some(Touched { entry, times })
        });
        told.collect()
    }

    /// Somebody else leads.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{DigestConfig, Touches};
    use crate::cache::{EntryId, Touched};

    fn noted(reads: &[u64], config: &DigestConfig) -> Touches {
        let mut touches = Touches::default();
        for entry in reads {
            touches.note(EntryId(*entry), config);
        }
        touches
    }

    fn told(touched: &[Touched]) -> Vec<(u64, u32)> {
        touched
            .iter()
            .map(|touched| (touched.entry.0, touched.times))
            .collect()
    }

    #[test]
    fn a_digest_keeps_the_order_of_the_last_reads_and_counts_all() {
        let config = DigestConfig {
            keys_per_entry: 2,
            ..DigestConfig::default()
        };
        let mut touches = noted(&[7, 3, 7, 5, 3], &config);
        assert_eq!(told(&touches.take(&config)), [(7, 2), (5, 1)]);
        assert_eq!(told(&touches.take(&config)), [(3, 2)]);
        assert_eq!(told(&touches.take(&config)), []);
    }

    #[test]
    fn a_digest_is_a_sample_and_bounded() {
        let config = DigestConfig {
            one_in: 3,
            ..DigestConfig::default()
        };
        assert_eq!(
            told(&noted(&[1, 2, 3, 4, 5, 6], &config).take(&config)),
            [(3, 1), (6, 1)]
        );
        let config = DigestConfig {
            keys_waiting: 1,
            ..DigestConfig::default()
        };
        assert_eq!(told(&noted(&[1, 2, 1], &config).take(&config)), [(1, 2)]);
        let config = DigestConfig {
            keys_per_entry: 0,
            ..DigestConfig::default()
        };
        assert_eq!(told(&noted(&[1], &config).take(&config)), []);
    }
}
