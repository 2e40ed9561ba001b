//! A model that learns which entries are asked for again.
//!
//! It predicts from [`Features`] how likely a key is to be asked for within the horizon of the samples
//! that it was given, and ranks entries by that for each byte: a cache that keeps what is likeliest per
//! byte hits most. It is a logistic regression over crossed bins of the features (generalised additive
//! models do well where each feature has its own bent curve), learned one sample at a time with a rate
//! for each weight that falls as it is sure of it (AdaGrad). All arithmetic is in integers, so the same
//! samples give the same model on every target.

mod bins;
mod fixed;

use crate::cache::eviction::{Features, Outcome, Sample};
use bins::{TABLES, WEIGHTS, bins};
use fixed::{ONE, exp2, log2};

const RATE: i64 = 12 * ONE;

/// The highest score: evict it first.
pub const SCORE_MOST: u32 = 1_000_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    weights: Vec<Weight>,
    samples: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weight {
    /// What a bin adds to the logit, in fixed point.
    value: i32,
    /// The sum of the squares of all errors that moved it, in fixed point.
    moved: u32,
}

impl Default for Model {
    fn default() -> Model { Model::new() }
}

impl Model {
    pub fn new() -> Model {
        Model { weights: vec![Weight::default(); WEIGHTS], samples: 0 }
    }

    fn logit(&self, features: &Features) -> i64 {
        bins(features).iter().map(|bin| i64::from(self.weights[*bin].value)).sum()
    }

    pub fn learn(&mut self, sample: &Sample) {
        let (seen, watched) = match sample.outcome {
            Outcome::Again { after } => (ONE, after),
            Outcome::NotAgain { within } => (0, within),
        };
        let expected = exp2(self.logit(&sample.features) + log2(watched) - RATE);
        let error = (seen - expected).clamp(-crate::env("CL", 2) * ONE, ONE);
        self.samples += 1;
        let rate: i64 = crate::env("RATE", 16) * ONE / 64;
        let square = (error * error / ONE) as u32;
        for bin in bins(&sample.features) {
            let weight = &mut self.weights[bin];
            weight.moved = weight.moved.saturating_add(square);
            let step = rate * error / ((i64::from(weight.moved) * ONE).isqrt() + ONE/2);
            weight.value = (i64::from(weight.value) + step).clamp(-12 * ONE, 12 * ONE) as i32;
        }
    }

    pub fn score(&self, features: &Features) -> u32 {
        let alpha: i64 = crate::env("ALPHA", 100);
        let cost = log2(features.size) * alpha / 100 - self.logit(features) + 16 * ONE;
        (cost.max(0) * 18_000 / ONE).min(i64::from(SCORE_MOST)) as u32
    }

    pub const TABLES: usize = TABLES;
}
