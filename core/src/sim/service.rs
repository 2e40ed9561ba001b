//! The simulated model service: a model behind a network, which a person can slow, break or make lie.

use super::latency::Latency;
use crate::cache::EntryId;
use crate::cache::model::{Model, SCORE_MOST};
use crate::replica::{ModelError, ModelRequest, ModelResponse, Score, Scored};
use crate::types::{Duration, NodeId, Rng, settings};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

settings! {
    /// How the model service behaves when nobody breaks it.
    pub struct ServiceConfig {
        /// How long it thinks about a question.
        thinking: Latency = Latency::Uniform(Duration::millis(2), Duration::millis(8)),
            in Duration::ZERO..=Latency::MOST;
    }
}

/// How the model service behaves.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceMode {
    /// As it should.
    #[default]
    Works,
    /// It thinks twenty times as long.
    Slow,
    /// It takes questions and never answers.
    Silent,
    /// Nobody is there: whoever asks is told so.
    Down,
    /// It forgets to score some candidates.
    Partial,
    /// Some scores are not a number.
    NotANumber,
    /// Some scores are beyond the range.
    OutOfRange,
    /// It scores some candidates twice.
    Repeats,
    /// It scores entries that nobody asked about.
    Invents,
    /// Its scores make sense and are the opposite of what it thinks.
    Lies,
}

impl ServiceMode {
    /// All there are.
    pub const ALL: [ServiceMode; 10] = [
        ServiceMode::Works,
        ServiceMode::Slow,
        ServiceMode::Silent,
        ServiceMode::Down,
        ServiceMode::Partial,
        ServiceMode::NotANumber,
        ServiceMode::OutOfRange,
        ServiceMode::Repeats,
        ServiceMode::Invents,
        ServiceMode::Lies,
    ];

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ServiceMode::Works => "works",
            ServiceMode::Slow => "slow",
            ServiceMode::Silent => "silent",
            ServiceMode::Down => "down",
            ServiceMode::Partial => "partial",
            ServiceMode::NotANumber => "not-a-number",
            ServiceMode::OutOfRange => "out-of-range",
            ServiceMode::Repeats => "repeats",
            ServiceMode::Invents => "invents",
            ServiceMode::Lies => "lies",
        }
    }

    /// What it does, after "the model service".
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            ServiceMode::Works => "works as it should",
            ServiceMode::Slow => "thinks twenty times as long as usual",
            ServiceMode::Silent => "takes questions and never answers",
            ServiceMode::Down => "is down: whoever asks is told that nobody is there",
            ServiceMode::Partial => "forgets to score some candidates",
            ServiceMode::NotANumber => "gives scores that are not a number",
            ServiceMode::OutOfRange => "gives scores beyond the range",
            ServiceMode::Repeats => "scores some candidates twice",
            ServiceMode::Invents => "scores entries that nobody asked about",
            ServiceMode::Lies => "says the opposite of what it thinks",
        }
    }
}

/// How many times as long a slow service thinks.
const SLOWNESS: u64 = 20;

/// The service. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ModelService {
    config: ServiceConfig,
    mode: ServiceMode,
    rng: Rng,
    model: Model,
    /// Answers that it has still to give, with who asked.
    pending: OrdMap<u64, (NodeId, ModelResponse)>,
    asked: u64,
    answered: u64,
}

/// A question that the service takes: when it answers, and under which number the answer waits.
pub(super) struct Thinking {
    pub(super) number: u64,
    pub(super) time: Duration,
}

impl ModelService {
    pub(super) fn new(config: ServiceConfig, rng: Rng) -> ModelService {
        ModelService {
            config,
            mode: ServiceMode::Works,
            rng,
            model: Model::new(),
            pending: OrdMap::new(),
            asked: 0,
            answered: 0,
        }
    }

    pub(super) fn set_mode(&mut self, mode: ServiceMode) {
        self.mode = mode;
    }

    /// A question arrived; none when it will never be answered.
    pub(super) fn ask(&mut self, from: NodeId, request: &ModelRequest) -> Option<Thinking> {
        self.asked += 1;
        let drawn = self.config.thinking.draw(&mut self.rng);
        let (run, id) = (request.run, request.id);
        let scores = match self.mode {
            ServiceMode::Silent => return None,
            ServiceMode::Down => Err(ModelError::Unreachable),
            mode => Ok(spoil(mode, self.score(request))),
        };
        let time = match self.mode {
            ServiceMode::Slow => Duration(drawn.0 * SLOWNESS),
            ServiceMode::Down => Duration::ZERO,
            _ => drawn,
        };
        let number = self.asked;
        self.pending
            .insert(number, (from, ModelResponse { run, id, scores }));
        Some(Thinking { number, time })
    }

    /// Learns from what it is told, and scores the candidates.
    fn score(&mut self, request: &ModelRequest) -> Vec<Scored> {
        for sample in &request.samples {
            self.model.learn(sample);
        }
        let scores = request.candidates.iter().map(|candidate| {
            let score = self.model.score(&candidate.features);
            Scored {
                entry: candidate.entry,
                score: Score(f64::from(score) / f64::from(SCORE_MOST)),
            }
        });
        scores.collect()
    }

    /// The answer that waits under a number.
    pub(super) fn answer(&mut self, number: u64) -> Option<(NodeId, ModelResponse)> {
        let answer = self.pending.remove(&number)?;
        self.answered += 1;
        Some(answer)
    }

    /// How it behaves.
    #[must_use]
    pub fn mode(&self) -> ServiceMode {
        self.mode
    }

    /// What it has learned.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// How many questions have reached it.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// How many it has answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// How many it thinks about.
    #[must_use]
    pub fn thinking(&self) -> u64 {
        self.pending.len() as u64
    }
}

/// What a broken service makes of a right answer. Every third score is wrong, the first among them.
fn spoil(mode: ServiceMode, mut scores: Vec<Scored>) -> Vec<Scored> {
    match mode {
        ServiceMode::Works | ServiceMode::Slow | ServiceMode::Silent | ServiceMode::Down => {}
        ServiceMode::Partial => scores = scores.into_iter().skip(1).step_by(2).collect(),
        ServiceMode::NotANumber => spoil_thirds(&mut scores, |one| one.score = Score(f64::NAN)),
        ServiceMode::OutOfRange => spoil_thirds(&mut scores, |one| one.score = Score(7.5)),
        ServiceMode::Repeats => {
            let again: Vec<Scored> = scores.iter().step_by(3).copied().collect();
            scores.extend(again);
        }
        ServiceMode::Invents => {
            spoil_thirds(&mut scores, |one| {
                one.entry = EntryId(one.entry.0 + 1_000_000)
            });
        }
        ServiceMode::Lies => {
            scores
                .iter_mut()
                .for_each(|one| one.score = Score(1.0 - one.score.0));
        }
    }
    scores
}

fn spoil_thirds(scores: &mut [Scored], wrong: impl Fn(&mut Scored)) {
    scores.iter_mut().step_by(3).for_each(wrong);
}
