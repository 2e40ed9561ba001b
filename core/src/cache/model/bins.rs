//! Which weights speak of an entry.
//!
//! Each table crosses two features: whether a long wait means much depends on how often the key came
//! back. A feature falls into half octaves, so its bins are finer where a tick or a byte matters.

use crate::cache::eviction::Features;

pub(super) const TABLES: usize = 8;
/// Bins of a feature.
const SIDE: usize = 48;
const TABLE: usize = SIDE * SIDE;
/// The weights of all tables.
pub(super) const WEIGHTS: usize = TABLES * TABLE;

/// Where it tells that there was no such gap.
const NO_GAP: usize = SIDE - 1;

/// The half octave of a number: 0, 1, 2, 3, 4 to 5, 6 to 7, 8 to 11, 12 to 15, ...
fn half_octave(value: u64) -> usize {
    let value = value.saturating_add(1);
    let octave = value.ilog2();
    let upper_half = octave > 0 && (value >> (octave - 1)) & 1 == 1;
    (octave as usize * 2 + usize::from(upper_half)).min(SIDE - 2)
}

/// The octave of a gap: gaps vary more than half an octave anyway.
fn gap(gap: Option<u32>) -> usize {
    gap.map_or(NO_GAP, |gap| half_octave(u64::from(gap)) / 2)
}

/// The weight of each table that speaks of this entry.
pub(super) fn bins(features: &Features) -> [usize; TABLES] {
    let recency = half_octave(features.recency);
    let uses = half_octave(u64::from(features.frequency));
    let returns = half_octave(u64::from(features.returns));
    let [newest, before, _] = features.gaps.map(gap);
    // What expires soon is not asked for long; what never expires has a bin of its own.
    let expiry = features.time_to_expiry.map_or(SIDE - 1, half_octave);
    // Where all keys are asked for as always, this tells most.
    let mean_gap = features.age / u64::from(features.frequency.max(1));
    let crossed = [
        (recency, uses),
        (recency, returns),
        (recency, newest),
        (newest, before),
        (half_octave(features.size), returns),
        (half_octave(features.age), returns),
        (expiry, uses),
        (half_octave(mean_gap), recency),
    ];
    let mut weights = [0; TABLES];
    for (table, (row, column)) in crossed.into_iter().enumerate() {
        weights[table] = table * TABLE + row * SIDE + column;
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_octaves_rise_without_gaps() {
        let bins: Vec<usize> = (0..16).map(half_octave).collect();
        assert_eq!(bins, [0, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 8]);
        assert_eq!(half_octave(u64::MAX), SIDE - 2);
    }

    #[test]
    fn every_weight_is_in_its_table() {
        let features = Features {
            recency: u64::MAX,
            age: u64::MAX,
            frequency: 1,
            returns: u32::MAX,
            size: u64::MAX,
            gaps: [Some(u32::MAX); 3],
            time_to_expiry: None,
        };
        for (table, weight) in bins(&features).into_iter().enumerate() {
            assert!((table * TABLE..(table + 1) * TABLE).contains(&weight));
        }
    }
}
