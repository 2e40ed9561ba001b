//! Seeded randomness: the only kind there is in the core.

use rand_core::{Rng as _, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A small generator whose draws are the same on every target. Ranges are drawn in 64-bit
/// integers, never in `usize` or floats, which would differ between native code and wasm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// The generator that this seed names.
    #[must_use]
    pub fn new(seed: u64) -> Rng {
        Rng(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, or 0 when `bound` is 0. Multiply-shift (Lemire 2019, without the
    /// rejection step: the bias is below 2^-32 for every bound that Flotilla uses).
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True with a probability of `ppm` in a million.
    pub fn chance(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < u64::from(ppm)
    }
}

/// Equal generators draw alike, so what a generator would draw next stands for it.
impl core::hash::Hash for Rng {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        let mut ahead = self.0.clone();
        [ahead.next_u64(), ahead.next_u64()].hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut rng = Rng::new(seed);
            (0..8).map(|_| rng.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn ranges_are_inclusive_and_reach_both_ends() {
        let mut rng = Rng::new(1);
        let draws: Vec<u64> = (0..1000).map(|_| rng.between(3, 5)).collect();
        for wanted in 3..=5 {
            assert!(draws.contains(&wanted));
        }
        assert!(draws.iter().all(|d| (3..=5).contains(d)));
        assert_eq!(rng.between(9, 9), 9);
    }
}
