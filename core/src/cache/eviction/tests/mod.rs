mod twins;

use super::*;
use crate::types::Rng;
use proptest::prelude::*;
use std::collections::BTreeMap;
use twins::Twin;

const CAPACITY: u64 = 1_000;

/// Something that happens to a cache; numbers stand for one of the keys, or of the entries that live.
#[derive(Clone, Copy, Debug)]
enum Step {
    Insert { key: u64, size: u64 },
    Access(usize),
    Resize(usize, u64),
    Remove(usize),
    Evict,
    Capacity(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..40_u64, 1..200_u64).prop_map(|(key, size)| Step::Insert { key, size }),
        6 => any::<usize>().prop_map(Step::Access),
        1 => (any::<usize>(), 1..200_u64).prop_map(|(which, size)| Step::Resize(which, size)),
        1 => any::<usize>().prop_map(Step::Remove),
        3 => Just(Step::Evict),
        1 => (100..2_000_u64).prop_map(Step::Capacity),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..150)
}

fn kind() -> impl Strategy<Value = PolicyKind> {
    proptest::sample::select(PolicyKind::ALL.to_vec())
}

fn twin(kind: PolicyKind) -> Box<dyn Twin> {
    match kind {
        PolicyKind::Lru => Box::new(twins::Lru::default()),
        PolicyKind::Sieve => Box::new(twins::Sieve::default()),
        PolicyKind::S3Fifo | PolicyKind::Learned => Box::new(twins::S3Fifo::new(CAPACITY)),
        PolicyKind::WTinyLfu => Box::new(twins::WTinyLfu::new(CAPACITY)),
    }
}

/// A cache as the state machine runs it: it makes room before it inserts.
struct Cache {
    eviction: Eviction,
    twin: Option<Box<dyn Twin>>,
    live: BTreeMap<EntryId, u64>,
    capacity: u64,
    inserted: u64,
    victims: Vec<EntryId>,
}

impl Cache {
    fn new(kind: PolicyKind) -> Cache {
        Cache {
            eviction: Eviction::new(kind, CAPACITY),
            twin: None,
            live: BTreeMap::new(),
            capacity: CAPACITY,
            inserted: 0,
            victims: Vec::new(),
        }
    }

    fn with_twin(kind: PolicyKind) -> Cache {
        Cache {
            twin: Some(twin(kind)),
            ..Cache::new(kind)
        }
    }

    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(*step);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Insert { key, size } => {
                while !self.live.is_empty() && self.bytes() + size > self.capacity {
                    self.evict();
                }
                self.inserted += 1;
                let entry = EntryId(self.inserted);
                self.live.insert(entry, size);
                self.eviction.insert(entry, key, size);
                self.tell(|twin| twin.insert(entry, key, size));
            }
            Step::Access(which) => {
                if let Some(entry) = self.pick(which) {
                    self.eviction.access(entry);
                    self.tell(|twin| twin.access(entry));
                }
            }
            Step::Resize(which, size) => {
                if let Some(entry) = self.pick(which) {
                    self.live.insert(entry, size);
                    self.eviction.resize(entry, size);
                    self.tell(|twin| twin.resize(entry, size));
                }
            }
            Step::Remove(which) => {
                if let Some(entry) = self.pick(which) {
                    self.remove(entry);
                }
            }
            Step::Evict => self.evict(),
            Step::Capacity(capacity) => {
                self.capacity = capacity;
                self.eviction.set_capacity(capacity);
                self.tell(|twin| twin.set_capacity(capacity));
            }
        }
    }

    fn evict(&mut self) {
        let victim = self.eviction.victim();
        if let Some(twin) = &mut self.twin {
            assert_eq!(victim, twin.victim(), "the twin decides otherwise");
        }
        assert_eq!(victim.is_none(), self.live.is_empty());
        if let Some(victim) = victim {
            assert_eq!(self.eviction.victim(), Some(victim), "asked twice");
            self.victims.push(victim);
            self.remove(victim);
        }
    }

    fn remove(&mut self, entry: EntryId) {
        self.live.remove(&entry).expect("only live entries go");
        self.eviction.remove(entry);
        self.tell(|twin| twin.remove(entry));
    }

    fn tell(&mut self, what: impl FnOnce(&mut dyn Twin)) {
        if let Some(twin) = &mut self.twin {
            what(twin.as_mut());
        }
    }

    fn pick(&self, which: usize) -> Option<EntryId> {
        let live = self.live.keys();
        live.cycle().nth(which % self.live.len().max(1)).copied()
    }

    fn bytes(&self) -> u64 {
        self.live.values().sum()
    }
}

/// What comes back of a snapshot.
fn through_a_snapshot(cache: &Cache) -> Eviction {
    let original = &cache.eviction;
    let head = postcard::to_allocvec(original).expect("integers always have an encoding");
    assert!(head.len() < 120, "the head does not grow: {}", head.len());
    let mut copy: Eviction = postcard::from_bytes(&head).expect("it was just encoded");
    for (entry, size) in &cache.live {
        let key_hash = original.history.key_hash(*entry).expect("it lives");
        let kept = original.kept(*entry).expect("it lives");
        assert!(copy.put_back((*entry, key_hash, *size), kept));
    }
    let mut cursor = Cursor::START;
    while let Some((next, remnant)) = original.remnant(cursor) {
        assert!(copy.remember(&remnant));
        cursor = next;
    }
    assert!(copy.finish());
    copy
}

proptest! {
    #[test]
    fn each_policy_evicts_as_its_naive_twin_does(kind in kind(), steps in steps()) {
        // The learned policy moves S3-FIFO on at each removal, which its twin does not.
        prop_assume!(kind != PolicyKind::Learned);
        Cache::with_twin(kind).run(&steps);
    }

    #[test]
    fn a_restored_one_goes_on_as_before(kind in kind(), steps in steps(), at in any::<usize>()) {
        let (before, after) = steps.split_at(at % steps.len());
        let (mut kept, mut restored) = (Cache::new(kind), Cache::new(kind));
        kept.run(before);
        restored.run(before);
        prop_assert_eq!(&restored.eviction, &kept.eviction);
        restored.eviction = through_a_snapshot(&kept);
        prop_assert_eq!(&restored.eviction, &kept.eviction);
        kept.run(after);
        restored.run(after);
        prop_assert_eq!(&kept.victims, &restored.victims);
        prop_assert_eq!(&restored.eviction, &kept.eviction);
    }

    #[test]
    fn who_is_upcoming_then_goes(kind in kind(), steps in steps()) {
        let mut cache = Cache::new(kind);
        cache.run(&steps);
        let before = cache.eviction.clone();
        let upcoming = cache.eviction.upcoming(cache.live.len() + 1);
        prop_assert_eq!(&before, &cache.eviction, "to look ahead changes nothing");
        cache.victims.clear();
        while !cache.live.is_empty() {
            cache.evict();
        }
        prop_assert_eq!(upcoming, cache.victims);
    }

    #[test]
    fn candidates_live_and_are_named_once(kind in kind(), steps in steps(), count in 1..80_usize) {
        let mut cache = Cache::new(kind);
        cache.run(&steps);
        let candidates = cache.eviction.candidates(count);
        let distinct: BTreeSet<EntryId> = candidates.iter().copied().collect();
        prop_assert_eq!(distinct.len(), candidates.len());
        prop_assert!(candidates.len() <= count);
        prop_assert!(candidates.iter().all(|entry| cache.live.contains_key(entry)));
        let next = cache.eviction.upcoming(1);
        prop_assert!(candidates.starts_with(&next));
        for entry in candidates {
            let features = cache.eviction.features(entry, None);
            prop_assert_eq!(features.map(|known| known.size), Some(cache.live[&entry]));
        }
    }

    #[test]
    fn another_policy_holds_the_same_entries(
        (from, to) in (kind(), kind()),
        before in steps(),
        after in steps(),
    ) {
        let mut cache = Cache::new(from);
        cache.run(&before);
        cache.eviction.switch(to);
        prop_assert_eq!(cache.eviction.kind(), to);
        let mut upcoming = cache.eviction.upcoming(usize::MAX);
        upcoming.sort();
        let live: Vec<EntryId> = cache.live.keys().copied().collect();
        prop_assert_eq!(upcoming, live);
        cache.run(&after);
    }

    #[test]
    fn a_frequency_is_never_too_low(uses in proptest::collection::vec(0..30_u64, 1..500)) {
        let mut sketch = sketch::Sketch::default();
        let mut counted: BTreeMap<u64, u64> = BTreeMap::new();
        for (number, key) in uses.into_iter().enumerate() {
            sketch.add(key);
            *counted.entry(key).or_default() += 1;
            if number == 100 {
                // A table that grows tells the same.
                let told = |sketch: &sketch::Sketch| (0..99).map(|key| sketch.frequency(key)).collect::<Vec<_>>();
                let before = told(&sketch);
                sketch.fit(100);
                prop_assert_eq!(before, told(&sketch));
            }
            prop_assert!(sketch.frequency(key) >= counted[&key].min(15));
        }
    }
}

#[test]
fn counters_are_halved_after_a_while() {
    let mut sketch = sketch::Sketch::default();
    for _ in 0..15 {
        sketch.add(7);
    }
    assert_eq!(sketch.frequency(7), 15);
    for key in 0..700 {
        sketch.add(1_000 + key);
    }
    assert!(
        (7..15).contains(&sketch.frequency(7)),
        "{}",
        sketch.frequency(7)
    );
}

#[test]
fn a_switch_keeps_who_would_have_gone_first() {
    let mut eviction = Eviction::new(PolicyKind::Lru, CAPACITY);
    for number in 1..=9 {
        eviction.insert(EntryId(number), number, 100);
    }
    eviction.access(EntryId(1));
    eviction.switch(PolicyKind::Sieve);
    let order: Vec<u64> = eviction.upcoming(9).iter().map(|entry| entry.0).collect();
    assert_eq!(order, [2, 3, 4, 5, 6, 7, 8, 9, 1]);
}

#[test]
fn a_key_that_comes_back_has_its_history_again() {
    let mut eviction = Eviction::new(PolicyKind::Learned, CAPACITY);
    eviction.insert(EntryId(1), 77, 10);
    eviction.insert(EntryId(2), 78, 10);
    eviction.access(EntryId(1));
    eviction.remove(EntryId(1));
    eviction.access(EntryId(2));
    eviction.access(EntryId(2));
    eviction.insert(EntryId(3), 77, 20);
    let known = eviction.features(EntryId(3), Some(5));
    let expected = Features {
        recency: 0,
        age: 5,
        frequency: 3,
        returns: 2,
        size: 20,
        gaps: [Some(3), Some(2), None],
        time_to_expiry: Some(5),
    };
    assert_eq!(known, Some(expected));
    // Who was never here has none.
    eviction.insert(EntryId(4), 99, 20);
    let known = eviction
        .features(EntryId(4), None)
        .map(|known| known.frequency);
    assert_eq!(known, Some(1));
}

/// A key that is used every tenth tick looks the same whenever one looks, but for its first uses.
#[test]
fn what_counts_of_a_key_is_bounded_and_its_rate_stays() {
    let mut eviction = Eviction::new(PolicyKind::Learned, CAPACITY);
    (1..=10).for_each(|number| eviction.insert(EntryId(number), number, 10));
    for round in 1..1_000_u64 {
        (1..=10).for_each(|number| eviction.access(EntryId(number)));
        let known = eviction.features(EntryId(10), None).expect("it is live");
        assert!(known.frequency < 64, "after {round} rounds: {known:?}");
        assert!(known.returns < known.frequency);
        if round > 10 {
            let gap = known.age as f64 / f64::from(known.frequency);
            assert!((9.0..=10.0).contains(&gap), "after {round} rounds: {gap}");
        }
    }
}

#[test]
fn ghosts_are_bounded() {
    let mut eviction = Eviction::new(PolicyKind::S3Fifo, CAPACITY);
    for number in 0..6_000 {
        eviction.insert(EntryId(number), number, 100);
        eviction.remove(EntryId(number));
    }
    let (mut cursor, mut remembered) = (Cursor::START, 0);
    while let Some((next, _)) = eviction.remnant(cursor) {
        (cursor, remembered) = (next, remembered + 1);
    }
    assert_eq!(remembered, 4_096);
}

#[test]
fn feedback_tells_what_became_of_each() {
    let mut eviction = Eviction::new(PolicyKind::Learned, CAPACITY);
    eviction.insert(EntryId(1), 77, 10);
    let features = eviction.features(EntryId(1), None).expect("it lives");
    let mut feedback = Feedback::default();
    feedback.observe(77, features, 100, 1);
    feedback.observe(78, features, 110, 1);
    assert_eq!(feedback.asked_for(79, 120), []);
    let outcome = Outcome::Again { after: 30 };
    assert_eq!(feedback.asked_for(77, 130), [Sample { features, outcome }]);
    assert_eq!(feedback.asked_for(77, 140), []);
    assert_eq!(feedback.overdue(610), []);
    let outcome = Outcome::NotAgain { within: 500 };
    assert_eq!(feedback.overdue(611), [Sample { features, outcome }]);
    assert_eq!(feedback, {
        let mut other = Feedback::default();
        other.observe(1, features, 0, 1);
        other.observe(2, features, 0, 1);
        other.overdue(1_000);
        other
    });
}

#[test]
fn feedback_is_bounded() {
    let mut eviction = Eviction::new(PolicyKind::Learned, CAPACITY);
    eviction.insert(EntryId(1), 77, 10);
    let features = eviction.features(EntryId(1), None).expect("it lives");
    let mut feedback = Feedback::default();
    let mut rng = Rng::new(1);
    for _ in 0..50_000 {
        feedback.observe(rng.bits(), features, 0, 10_000);
    }
    assert_eq!(feedback.overdue(u64::MAX).len(), 40_000);
}
