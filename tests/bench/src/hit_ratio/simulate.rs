//! One cache under one trace.

use super::trace::{Request, Trace};
use flotilla_core::cache::eviction::{Eviction, Feedback};
use flotilla_core::cache::model::Model;
use flotilla_core::cache::{EntryId, PolicyKind};
use flotilla_core::types::Rng;
use std::collections::HashMap;

/// What was missed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Missed {
    requests: u64,
    bytes: u64,
    all_requests: u64,
    all_bytes: u64,
}

impl Missed {
    pub(super) fn count(&mut self, asked: Request, hit: bool) {
        self.all_requests += 1;
        self.all_bytes += asked.size;
        if !hit {
            self.requests += 1;
            self.bytes += asked.size;
        }
    }

    /// The part of all requests that was missed.
    pub(super) fn request_ratio(&self) -> f64 {
        self.requests as f64 / self.all_requests.max(1) as f64
    }

    /// The part of all bytes that was missed.
    pub(super) fn byte_ratio(&self) -> f64 {
        self.bytes as f64 / self.all_bytes.max(1) as f64
    }
}

/// How the model service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// So many requests after it was asked.
    After(u64),
    /// Never.
    Down,
}

/// The leader's half of the learned policy.
struct Advice {
    model: Model,
    feedback: Feedback,
    delay: u64,
    asked: Option<Asked>,
}

/// A question under way.
struct Asked {
    /// The request at which the answer comes.
    due: u64,
    /// The tick at which it was asked.
    tick: u64,
    /// The candidates with their scores, the best victim first.
    scored: Vec<(u32, EntryId)>,
}

/// Whom the leader asks about at once.
const CANDIDATES: usize = 64;
/// Of an answer it follows at most the worst eighth: the best of a sample are no bad victims only because
/// many have to go. What is missing then is left to S3-FIFO.
const EVICTED_AT_MOST: usize = CANDIDATES / 8;
/// How much of the capacity it tries to keep free, so that writes find room.
const RESERVE_PERCENT: u64 = 2;

/// A cache that evicts by our own policies.
pub(super) struct Cache {
    capacity: u64,
    bytes: u64,
    eviction: Eviction,
    held: HashMap<u64, (EntryId, u64)>,
    objects: HashMap<EntryId, u64>,
    inserted: u64,
    advice: Option<Advice>,
    requests: u64,
    rng: Rng,
}

impl Cache {
    pub(super) fn new(kind: PolicyKind, capacity: u64, service: Service) -> Cache {
        let advice = match (kind, service) {
            (PolicyKind::Learned, Service::After(delay)) => Some(Advice {
                model: Model::new(),
                feedback: Feedback::default(),
                delay,
                asked: None,
            }),
            _ => None,
        };
        Cache {
            capacity,
            bytes: 0,
            eviction: Eviction::new(kind, capacity),
            held: HashMap::new(),
            objects: HashMap::new(),
            inserted: 0,
            advice,
            requests: 0,
            rng: Rng::new(capacity),
        }
    }

    /// Runs the trace; of the hits, one of `told` is told to the policy, or none if it is 0.
    pub(super) fn run(mut self, trace: &Trace, told: u64) -> Missed {
        let mut missed = Missed::default();
        for asked in &trace.requests {
            let hit = self.request(*asked, told);
            missed.count(*asked, hit);
        }
        missed
    }

    fn request(&mut self, asked: Request, told: u64) -> bool {
        self.requests += 1;
        self.learn(asked.object);
        let entry = self.held.get(&asked.object).map(|(entry, _)| *entry);
        match entry {
            Some(entry) => {
                if told > 0 && self.rng.below(told) == 0 {
                    self.eviction.access(entry);
                }
            }
            None => self.insert(asked),
        }
        self.observe();
        self.take_advice();
        entry.is_some()
    }

    fn insert(&mut self, asked: Request) {
        if asked.size > self.capacity {
            return;
        }
        while self.bytes + asked.size > self.capacity {
            let victim = self.eviction.victim();
            self.remove(victim.expect("bytes belong to entries"));
        }
        self.inserted += 1;
        let entry = EntryId(self.inserted);
        self.bytes += asked.size;
        self.held.insert(asked.object, (entry, asked.size));
        self.objects.insert(entry, asked.object);
        self.eviction.insert(entry, hash(asked.object), asked.size);
    }

    fn remove(&mut self, entry: EntryId) {
        let object = self.objects.remove(&entry).expect("a victim is held");
        let (_, size) = self.held.remove(&object).expect("a victim is held");
        self.bytes -= size;
        self.eviction.remove(entry);
    }

    fn learn(&mut self, object: u64) {
        let tick = self.eviction.tick();
        if let Some(advice) = &mut self.advice {
            let mut samples = advice.feedback.asked_for(hash(object), tick);
            samples.extend(advice.feedback.overdue(tick));
            for sample in &samples {
                advice.model.learn(sample);
            }
        }
    }

    fn observe(&mut self) {
        let Some(advice) = &mut self.advice else {
            return;
        };
        let tick = self.eviction.tick();
        let live = self.held.len() as u64;
        for entry in self.eviction.drawn(1) {
            if let Some(features) = self.eviction.features(entry, None) {
                advice
                    .feedback
                    .observe(hash(self.objects[&entry]), features, tick, live);
            }
        }
    }

    fn take_advice(&mut self) {
        let Some(advice) = &mut self.advice else {
            return;
        };
        let reserve = self.capacity * RESERVE_PERCENT / 100;
        if advice.asked.is_none() && self.bytes + reserve > self.capacity {
            let candidates = self.eviction.candidates(CANDIDATES);
            let scored = candidates.into_iter().filter_map(|entry| {
                let features = self.eviction.features(entry, None)?;
                Some((advice.model.score(&features), entry))
            });
            let mut scored: Vec<_> = scored.collect();
            scored.sort_by_key(|(score, entry)| (std::cmp::Reverse(*score), *entry));
            advice.asked = Some(Asked {
                due: self.requests + advice.delay,
                tick: self.eviction.tick(),
                scored,
            });
        }
        let answer = advice.asked.take_if(|asked| asked.due <= self.requests);
        let Some(Asked { tick, scored, .. }) = answer else {
            return;
        };
        for (_, entry) in scored.into_iter().take(EVICTED_AT_MOST) {
            if self.bytes + reserve <= self.capacity {
                break;
            }
            let unused = self
                .eviction
                .last_used(entry)
                .is_some_and(|last| last <= tick);
            if unused {
                self.remove(entry);
            }
        }
    }
}

/// Any good hash of an object's number will do for its key.
fn hash(object: u64) -> u64 {
    Rng::new(object).bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hit_ratio::{belady, synthetic};

    /// The first requests of a made-up trace, a cache of a tenth of their objects, and what it misses.
    fn missed(trace: &Trace, kind: PolicyKind, service: Service, told: u64) -> f64 {
        let capacity = trace.footprint() / 10;
        let missed = Cache::new(kind, capacity, service).run(trace, told);
        missed.request_ratio()
    }

    fn short(mut trace: Trace) -> Trace {
        trace.requests.truncate(15_000);
        trace
    }

    #[test]
    fn the_model_learns_within_thousands_of_requests() {
        let learned = PolicyKind::Learned;
        for trace in synthetic::all().into_iter().map(short) {
            let down = missed(&trace, learned, Service::Down, 1);
            assert_eq!(down, missed(&trace, PolicyKind::S3Fifo, Service::Down, 1));
            let up = missed(&trace, learned, Service::After(0), 1);
            let late = missed(&trace, learned, Service::After(50), 1);
            assert!(
                up < down - 0.02,
                "{}: {up} with the model, {down} without",
                trace.name
            );
            assert!(late < down, "{}: {late} late, {down} without", trace.name);
        }
    }

    #[test]
    fn nobody_beats_who_knows_the_future() {
        let mut trace = short(synthetic::all().remove(0));
        for asked in &mut trace.requests {
            asked.size = 1;
        }
        let best = belady::belady(&trace, trace.footprint() / 10).request_ratio();
        for kind in PolicyKind::ALL {
            let ratio = missed(&trace, kind, Service::After(0), 1);
            assert!(best < ratio, "{kind}: {ratio}, Belady {best}");
        }
    }
}
