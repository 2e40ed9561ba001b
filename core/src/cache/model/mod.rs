//! A model that learns how soon entries are asked for again.
//!
//! It estimates from [`Features`] the rate at which a key is asked for, in times for each tick; an entry
//! is worth its rate for each byte, and what is worth least is the best victim. This is the hit density
//! of LHD (Beckmann and others, NSDI 2018), here as a regression, so that many features can speak: the
//! logarithm of the rate is the sum of one weight from each of a few tables of crossed bins.
//!
//! A sample says that an entry was watched for some time and whether it was asked for. Given the rate,
//! that is a Poisson process that was cut off, so a key that was not asked for while it was watched counts
//! as just that, not as one that never comes back. The weights follow the gradient of its likelihood, one
//! sample at a time; the steps of a weight get smaller the more it has moved (AdaGrad). All arithmetic is
//! in integers, so the same samples give the same model on every target.
//!
//! Read `fixed.rs` for the arithmetic, `bins.rs` for the tables, then [`Model::learn`].

mod bins;
mod encoding;
mod fixed;

pub use encoding::DecodeError;

use crate::cache::eviction::{Features, Outcome, Sample};
use bins::{WEIGHTS, bins};
use fixed::{ONE, exp2, log2};
use imbl::Vector;

/// The highest score: evict it first.
pub const SCORE_MOST: u32 = 1_000_000;

/// The rate of an entry of which nothing is known: once in 2^12 ticks, as a logarithm.
const RATE_AT_FIRST: i64 = -12 * ONE;
/// An entry counts as if it had been there for so many ticks longer, so that one that just came is not
/// thought to be asked for all the time.
const TICKS_BEFORE: u64 = 64;
/// After so many samples nothing is left of what one knows before anything was learned. Twice or half
/// as many do as well.
const SAMPLES_TO_TRUST: u64 = 8_192;
/// How far a weight moves at most for a sample, before it has moved at all. Large steps chase the latest
/// samples; there are several weights that move for each.
const STEP: i64 = ONE / 8;
/// The largest error that counts, so that one surprise does not undo what many samples taught.
const ERROR_MOST: i64 = 2 * ONE;
/// The bounds of a weight, in fixed point.
const WEIGHT_MOST: i64 = 12 * ONE;
/// Score points for each doubling of the cost per hit. Rates from 2^-36 to 2^14 and sizes up to 2^40
/// bytes, far beyond what occurs, fit into the range.
const POINTS_PER_OCTAVE: i64 = 12_000;
const OCTAVES_BELOW_ZERO: i64 = 8 * ONE;

/// What was learned. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    /// As many as [`WEIGHTS`].
    weights: Vector<Weight>,
    samples: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Weight {
    /// What it adds to the logarithm of the rate, in fixed point.
    value: i32,
    /// The sum of the squares of all errors that moved it, in fixed point.
    moved: u32,
}

impl Default for Model {
    fn default() -> Model {
        Model {
            weights: std::iter::repeat_n(Weight::default(), WEIGHTS).collect(),
            samples: 0,
        }
    }
}

impl Model {
    /// Knows nothing: it prefers to keep what is small.
    #[must_use]
    pub fn new() -> Model {
        Model::default()
    }

    /// How many samples it has learned from.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The logarithm of how often the key is asked for in a tick, in fixed point.
    fn rate(&self, features: &Features) -> i64 {
        let weights = bins(features).map(|bin| i64::from(self.weights[bin].value));
        prior(features, self.samples) + weights.into_iter().sum::<i64>()
    }

    /// Learns from what became of an entry.
    pub fn learn(&mut self, sample: &Sample) {
        let (seen, watched) = match sample.outcome {
            Outcome::Again { after } => (ONE, after),
            Outcome::NotAgain { within } => (0, within),
        };
        let expected = exp2(self.rate(&sample.features) + log2(watched));
        let error = (seen - expected).clamp(-ERROR_MOST, ERROR_MOST);
        let square = (error * error / ONE) as u32;
        for bin in bins(&sample.features) {
            let weight = &mut self.weights[bin];
            weight.moved = weight.moved.saturating_add(square);
            let moved = (i64::from(weight.moved) * ONE).isqrt();
            let value = i64::from(weight.value) + STEP * error / (moved + ONE / 2);
            weight.value = value.clamp(-WEIGHT_MOST, WEIGHT_MOST) as i32;
        }
        self.samples += 1;
    }

    /// From 0, keep it, to [`SCORE_MOST`], evict it first: the logarithm of what it costs to keep the
    /// entry, in bytes times ticks for each hit.
    #[must_use]
    pub fn score(&self, features: &Features) -> u32 {
        let cost = log2(features.size) - self.rate(features) + OCTAVES_BELOW_ZERO;
        let points = cost * POINTS_PER_OCTAVE / ONE;
        points.clamp(0, i64::from(SCORE_MOST)) as u32
    }
}

/// The rate as far as one knows before anything was learned, as a logarithm: how often the key was asked
/// for in the time that it was there (hyperbolic caching: Blankstein and others, ATC 2017). It is a good
/// guess while the weights know little, and in their way once they know more, so it fades.
fn prior(features: &Features, samples: u64) -> i64 {
    let there = features.age.max(features.recency) + TICKS_BEFORE;
    let guess = log2(u64::from(features.frequency)) - log2(there);
    let left = SAMPLES_TO_TRUST.saturating_sub(samples) as i64;
    RATE_AT_FIRST + (guess - RATE_AT_FIRST) * left / SAMPLES_TO_TRUST as i64
}

#[cfg(test)]
mod tests;
