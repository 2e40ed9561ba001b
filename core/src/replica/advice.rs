//! The leader asks a model service which keys to evict, ahead of need.
//!
//! While the policy is the learned one and the cache is nearly full, the leader sends a few candidates
//! with their features, and proposes to evict those that the service finds worth least. So what the
//! model says reaches all servers through the log, and only the leader ever asks. Nothing waits for the
//! answer: a write that needs room before it has come evicts by the policy's own rule, which all
//! servers share.
//!
//! The service is not trusted. An answer that is late, incomplete or makes no sense is used not at all,
//! and after a few of these in a row the leader stops asking for a while (a circuit breaker).

use super::event::Event;
use super::io::{Effects, ModelError, ModelRequest, ModelResponse, Scored};
use super::server::Replica;
use crate::cache::eviction::{Feedback, Sample};
use crate::cache::{Candidate, Chosen, Command, EntryId, PolicyKind, key_hash};
use crate::raft::Role;
use crate::types::{Duration, Index, Instant, Term, settings};
use bytes::Bytes;
use imbl::Vector;
use serde::Serialize;
use std::collections::BTreeMap;

settings! {
    /// How the leader asks the model service which keys to evict.
    pub struct ModelConfig {
        /// How many keys it asks about at once.
        candidates: u32 = 64, in 1..=4_096, "keys";
        /// How much of the capacity it tries to keep free, so that writes find room without the
        /// policy's own rule.
        reserve_ppm: u32 = 20_000, in 0..=500_000, "ppm";
        /// How long it waits for an answer.
        deadline: Duration = Duration::millis(50),
            in Duration::millis(1)..=Duration::secs(60);
        /// After so many answers in a row that were of no use it stops asking for a while.
        failures: u32 = 3, in 1..=1_000, "answers";
        /// For how long it stops asking. Then it asks once, and goes on if the answer is of use.
        pause: Duration = Duration::secs(2),
            in Duration::millis(1)..=Duration::secs(3_600);
    }
}

/// More samples than this do not wait to be told.
const SAMPLES_KEPT: usize = 4_096;
/// So many are told with one question.
const SAMPLES_TOLD: usize = 512;

/// Why an answer of the model service is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Flaw {
    /// It did not come in time.
    Late {
        /// How long the leader waited.
        waited: Duration,
    },
    /// There is nobody to ask.
    Unreachable,
    /// It says nothing of some candidates.
    Missing {
        /// How many it scored.
        scored: u64,
        /// How many it was asked about.
        asked: u64,
    },
    /// A score is no number.
    NotANumber {
        /// The candidate.
        entry: EntryId,
    },
    /// A score is not between 0 and 1.
    OutOfRange {
        /// The candidate.
        entry: EntryId,
    },
    /// It scores a candidate twice.
    Repeated {
        /// The candidate.
        entry: EntryId,
    },
    /// It scores what it was not asked about, or what does not exist.
    Unknown {
        /// What it names.
        entry: EntryId,
    },
}

/// What a leader knows of the model service.
#[derive(Clone, Debug)]
pub(super) struct Advisor {
    /// Tells this run's questions apart from those of others.
    run: u64,
    requests: u64,
    asked: Option<Asked>,
    /// Evictions that were proposed and are not applied yet.
    evicting: Option<(Term, Index)>,
    /// Answers in a row that were of no use.
    failures: u32,
    /// The breaker is open: until then nobody is asked.
    paused_until: Option<Instant>,
    feedback: Feedback,
    /// What the model is to learn from, with the next question.
    samples: Vector<Sample>,
}

/// A question under way.
#[derive(Clone, Debug)]
struct Asked {
    id: u64,
    at: Instant,
    until: Instant,
    /// Uses of the cache so far: what is used after that is not what the model judged.
    uses: u64,
    candidates: BTreeMap<EntryId, Candidate>,
}

/// What there is to know of the model service, for those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ModelState {
    /// Questions asked in this run.
    pub requests: u64,
    /// Whether an answer is awaited.
    pub waiting: bool,
    /// Answers in a row that were of no use.
    pub failures: u32,
    /// Until when nobody is asked.
    pub paused_until: Option<Instant>,
}

impl Advisor {
    pub(super) fn new(run: u64) -> Advisor {
        Advisor {
            run,
            requests: 0,
            asked: None,
            evicting: None,
            failures: 0,
            paused_until: None,
            feedback: Feedback::default(),
            samples: Vector::new(),
        }
    }

    pub(super) fn state(&self) -> ModelState {
        ModelState {
            requests: self.requests,
            waiting: self.asked.is_some(),
            failures: self.failures,
            paused_until: self.paused_until,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.asked.as_ref().map(|asked| asked.until)
    }

    /// The entry at `index` is applied.
    pub(super) fn applied(&mut self, index: Index) {
        if self.evicting.is_some_and(|(_, proposed)| proposed <= index) {
            self.evicting = None;
        }
    }

    /// Somebody else leads: what was asked is not wanted any more, and what is asked for is not seen.
    fn forget(&mut self) {
        *self = Advisor {
            requests: self.requests,
            failures: self.failures,
            paused_until: self.paused_until,
            ..Advisor::new(self.run)
        };
    }

    fn learn(&mut self, samples: Vec<Sample>) {
        self.samples.extend(samples);
        while self.samples.len() > SAMPLES_KEPT {
            self.samples.pop_front();
        }
    }
}

impl Replica {
    /// What this server knows of the model service.
    #[must_use]
    pub fn model_state(&self) -> ModelState {
        self.advisor.state()
    }

    /// Gives up an answer that is late, and asks if the cache is nearly full.
    pub(super) fn seek_advice(&mut self, now: Instant, out: &mut Effects) {
        let leads = matches!(self.raft.role(), Role::Leader(_));
        if !leads {
            return self.advisor.forget();
        }
        if let Some(asked) = self.advisor.asked.take_if(|asked| asked.until <= now) {
            let waited = now.since(asked.at);
            self.on_flaw(now, asked.id, Flaw::Late { waited }, out);
        }
        if self.cache.policy() == PolicyKind::Learned
            && self.advisor.asked.is_none()
            && self.advisor.evicting.is_none()
            && self.advisor.paused_until.is_none_or(|until| until <= now)
            && self.bytes_to_free() > 0
        {
            self.ask_model(now, out);
        }
    }

    /// Keys are asked for: the leader sees what became of the entries that it looks at.
    pub(super) fn note_asked_for(&mut self, keys: &[Bytes]) {
        if self.cache.policy() != PolicyKind::Learned {
            return;
        }
        let uses = self.cache.uses();
        for key in keys {
            let known = self.advisor.feedback.asked_for(key_hash(key), uses);
            self.advisor.learn(known);
        }
        let overdue = self.advisor.feedback.overdue(uses);
        self.advisor.learn(overdue);
        let live = self.cache.len() as u64;
        let Some(entry) = self.cache.drawn() else {
            return;
        };
        let known = self
            .cache
            .key_of(entry)
            .map(key_hash)
            .zip(self.cache.features(entry));
        if let Some((hash, features)) = known {
            self.advisor.feedback.observe(hash, features, uses, live);
        }
    }

    /// How much more would have to go for the reserve to be free.
    fn bytes_to_free(&self) -> u64 {
        let capacity = self.cache.capacity();
        let reserve = u128::from(capacity) * u128::from(self.config.model.reserve_ppm) / 1_000_000;
        (self.cache.bytes() + reserve as u64).saturating_sub(capacity)
    }

    fn ask_model(&mut self, now: Instant, out: &mut Effects) {
        let candidates = self.cache.candidates(self.config.model.candidates as usize);
        if candidates.is_empty() {
            return;
        }
        self.advisor.requests += 1;
        let id = self.advisor.requests;
        out.events.push(Event::ModelAsked {
            request: id,
            candidates: candidates.len() as u64,
            bytes: self.bytes_to_free(),
        });
        let told = self.advisor.samples.len().min(SAMPLES_TOLD);
        let later = self.advisor.samples.split_off(told);
        let samples = std::mem::replace(&mut self.advisor.samples, later);
        out.questions.push(ModelRequest {
            run: self.advisor.run,
            id,
            samples: samples.into_iter().collect(),
            candidates: candidates.clone(),
        });
        let named = candidates
            .into_iter()
            .map(|candidate| (candidate.entry, candidate));
        self.advisor.asked = Some(Asked {
            id,
            at: now,
            until: now + self.config.model.deadline,
            uses: self.cache.uses(),
            candidates: named.collect(),
        });
    }

    /// The model service answered, or cannot be reached.
    pub(super) fn on_model(&mut self, now: Instant, response: ModelResponse, out: &mut Effects) {
        let ModelResponse { run, id, scores } = response;
        let ours = run == self.advisor.run;
        // Of an answer that comes too late it was told already that it is late.
        let Some(asked) = self.advisor.asked.take_if(|asked| ours && asked.id == id) else {
            return;
        };
        let judged = match &scores {
            Ok(scores) => judge(&asked.candidates, scores),
            Err(ModelError::Unreachable) => Err(Flaw::Unreachable),
        };
        match judged {
            Ok(worst_first) => self.evict_worst(now, &asked, &worst_first, out),
            Err(flaw) => self.on_flaw(now, id, flaw, out),
        }
    }

    fn evict_worst(
        &mut self,
        now: Instant,
        asked: &Asked,
        worst_first: &[EntryId],
        out: &mut Effects,
    ) {
        if self.advisor.paused_until.take().is_some() {
            out.events.push(Event::ModelBack);
        }
        self.advisor.failures = 0;
        let (wanted, mut bytes) = (self.bytes_to_free(), 0);
        let mut chosen = Vec::new();
        for entry in worst_first.iter().take(most_followed(worst_first.len())) {
            if bytes >= wanted {
                break;
            }
            if !self.cache.is_unused_since(*entry, asked.uses) {
                continue;
            }
            let Candidate { version, size, .. } = asked.candidates[entry];
            bytes += size;
            let entry = *entry;
            chosen.push(Chosen { entry, version });
        }
        out.events.push(Event::ModelAnswered {
            request: asked.id,
            after: now.since(asked.at),
            chosen: chosen.len() as u64,
            bytes,
        });
        if chosen.is_empty() {
            return;
        }
        let evict = [self.stamped(now, Command::Evict(chosen)).encode()];
        // A leader that is busy, or hands over, leaves it to the policy's own rule.
        if let Ok(at) = self.raft.propose(now, &evict, &mut self.output) {
            self.advisor.evicting = Some((at.term, at.index));
        }
    }

    fn on_flaw(&mut self, now: Instant, request: u64, flaw: Flaw, out: &mut Effects) {
        out.events.push(Event::ModelOfNoUse { request, flaw });
        let ModelConfig {
            failures, pause, ..
        } = self.config.model;
        let tried_again = self.advisor.paused_until.is_some();
        self.advisor.failures += 1;
        if tried_again || self.advisor.failures >= failures {
            self.advisor.paused_until = Some(now + pause);
            let failures = self.advisor.failures;
            out.events.push(Event::ModelPaused { failures, pause });
        }
    }
}

/// How many of so many candidates may go: the best of a sample are no bad victims only because many have
/// to go. What is missing then is left to the policy's own rule.
fn most_followed(candidates: usize) -> usize {
    candidates.div_ceil(8)
}

/// The candidates in the order in which they should go, if the answer makes sense as a whole.
fn judge(
    candidates: &BTreeMap<EntryId, Candidate>,
    scores: &[Scored],
) -> Result<Vec<EntryId>, Flaw> {
    let mut judged: BTreeMap<EntryId, u64> = BTreeMap::new();
    for Scored { entry, score } in scores {
        let entry = *entry;
        if !candidates.contains_key(&entry) {
            return Err(Flaw::Unknown { entry });
        }
        if score.0.is_nan() {
            return Err(Flaw::NotANumber { entry });
        }
        if !(0.0..=1.0).contains(&score.0) {
            return Err(Flaw::OutOfRange { entry });
        }
        // From here on it is an integer. It decides only what one leader proposes.
        let millionths = (score.0 * 1_000_000.0) as u64;
        if judged.insert(entry, millionths).is_some() {
            return Err(Flaw::Repeated { entry });
        }
    }
    if judged.len() < candidates.len() {
        let (scored, asked) = (judged.len() as u64, candidates.len() as u64);
        return Err(Flaw::Missing { scored, asked });
    }
    let mut order: Vec<(EntryId, u64)> = judged.into_iter().collect();
    order.sort_by_key(|(entry, score)| (core::cmp::Reverse(*score), *entry));
    Ok(order.into_iter().map(|(entry, _)| entry).collect())
}

#[cfg(test)]
mod tests;
