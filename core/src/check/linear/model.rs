//! One cache as its clients may think of it: what each operation would make of it, and answer.
//!
//! It differs from the replicated one in what a client cannot know: which keys have expired or were
//! evicted by now. So an operation may lead to several states. It also knows that it does not know:
//! a key, a value or a version of which nothing is known fits everything once, and is known from then on.

use super::call::{Call, Footprint, Told, Value};
use crate::cache::Answer;
use crate::sim::Operation;
use crate::types::{Duration, Instant};
use bytes::Bytes;
use core::ops::Bound;
use imbl::OrdMap;
use std::sync::Arc;

/// What all keys hold. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct State {
    /// Keys of which something is known.
    keys: OrdMap<Arc<str>, Arc<Known>>,
    /// Nothing is known of all other keys. If not, they are absent.
    others_unknown: bool,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    /// What it holds; none when it is absent.
    held: Option<Held>,
    /// The call that made it so; none when nothing is known of it.
    by: Option<u64>,
    /// The newest log index at which a call that had to do with it took effect.
    newest: u64,
}

/// What is known of a key that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    value: Option<Bytes>,
    version: Option<u64>,
    lives: Lives,
}

/// How long a key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lives {
    ForEver,
    /// So long, from some time after this moment.
    Until {
        began: Instant,
        ttl: Duration,
    },
    /// Nothing is known of it.
    Unknown,
}

/// What the surroundings allow keys to do by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The cache may have been full, so any key may have been evicted.
    pub may_evict: bool,
    /// How much faster than true time the fastest clock ever ran, in parts per million.
    pub fastest_ppm: u64,
    /// Clocks were set, so nothing is known of how long anything lives.
    pub clocks_set: bool,
}

/// The state in which an operation takes effect.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) call: &'a Call,
    pub(super) around: Surroundings,
    /// It takes effect by then.
    pub(super) by: Instant,
}

/// One of the things that a key may turn out to be.
enum Look {
    Absent,
    There(Held),
}

impl State {
    /// Nothing was ever written.
    pub(super) fn empty() -> State {
        State {
            keys: OrdMap::new(),
            others_unknown: false,
        }
    }

    /// Nothing is known.
    pub(super) fn unknown() -> State {
        State {
            others_unknown: true,
            ..State::empty()
        }
    }

    /// What both know, of different keys.
    pub(super) fn and(&self, other: &State) -> State {
        State {
            keys: self.keys.clone().union(other.keys.clone()),
            others_unknown: self.others_unknown || other.others_unknown,
        }
    }

    /// What a key holds, none when it is absent; none at all when that is not known.
    pub(super) fn holds(&self, key: &str) -> Option<Option<&Bytes>> {
        match self.keys.get(key).map(|known| known.held.as_ref()) {
            Some(Some(held)) => held.value.as_ref().map(Some),
            Some(None) => Some(None),
            None => (!self.others_unknown).then_some(None),
        }
    }

    /// The keys of which something is known that begin so.
    fn below<'s>(
        &'s self,
        prefix: &'s str,
    ) -> impl Iterator<Item = (&'s Arc<str>, &'s Arc<Known>)> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let onward = self.keys.range::<_, str>(from);
        onward.take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Whether these keys hold here what they hold there, made so by the same calls.
    pub(super) fn is_as(&self, other: &State, touched: &Footprint<'_>) -> bool {
        fn told<'s>(
            (key, known): (&'s Arc<str>, &'s Arc<Known>),
        ) -> (&'s str, &'s Option<Held>, Option<u64>) {
            (key, &known.held, known.by)
        }
        let mut keys = touched.keys.iter();
        let mut prefixes = touched.prefixes.iter();
        keys.all(|key| {
            let (here, there) = (
                self.keys.get_key_value(*key),
                other.keys.get_key_value(*key),
            );
            here.map(told) == there.map(told)
        }) && prefixes.all(|prefix| {
            self.below(prefix)
                .map(told)
                .eq(other.below(prefix).map(told))
        })
    }

    /// All that a key may turn out to be now.
    fn looks(&self, key: &str, scene: &Scene<'_>) -> Vec<Look> {
        match self.keys.get(key).map(|known| known.held.as_ref()) {
            Some(None) => vec![Look::Absent],
            Some(Some(held)) => {
                let mut looks = vec![Look::There(held.clone())];
                if scene.may_vanish(held.lives) {
                    looks.push(Look::Absent);
                }
                looks
            }
            None if self.others_unknown => {
                let anything = Held {
                    value: None,
                    version: None,
                    lives: Lives::Unknown,
                };
                vec![Look::There(anything), Look::Absent]
            }
            None => vec![Look::Absent],
        }
    }

    /// Somebody saw what the key holds.
    fn learn(&self, key: &str, held: Option<Held>) -> State {
        let known = self.keys.get(key);
        let by = known.and_then(|known| known.by);
        let newest = known.map_or(0, |known| known.newest);
        self.with(key, Known { held, by, newest })
    }

    /// Somebody saw the version of a key that is there. A call is one entry of the log, so all that it
    /// wrote has that version. None when something else is known of it.
    fn dated(&self, key: &str, version: u64) -> Option<State> {
        let seen = self.keys.get(key);
        let by = seen.and_then(|known| known.by);
        let news = seen
            .and_then(|known| known.held.as_ref()?.version)
            .is_none();
        let (true, Some(by)) = (news, by) else {
            return Some(self.clone());
        };
        let mut state = self.clone();
        for (other, known) in self.keys.iter().filter(|(_, known)| known.by == Some(by)) {
            let Some(held) = known.held.clone() else {
                continue;
            };
            if !held.may_have(version) {
                return None;
            }
            let version = Some(version);
            state = state.learn(other, Some(Held { version, ..held }));
        }
        Some(state)
    }

    /// The call changed the key.
    fn change(&self, scene: &Scene<'_>, key: &str, held: Option<Held>) -> State {
        let by = Some(scene.call.number());
        let newest = self.keys.get(key).map_or(0, |known| known.newest);
        self.with(key, Known { held, by, newest })
    }

    fn with(&self, key: &str, known: Known) -> State {
        let mut state = self.clone();
        state.keys.insert(key.into(), Arc::new(known));
        state
    }

    /// The calls that made these keys what they are; of all keys when none are given.
    pub(super) fn makers<'s>(
        &'s self,
        keys: Option<&'s Footprint<'_>>,
    ) -> impl Iterator<Item = u64> + 's {
        let is_meant = move |key: &str| keys.is_none_or(|keys| keys.names(key));
        let meant = self.keys.iter().filter(move |(key, _)| is_meant(key));
        meant.filter_map(|(_, known)| known.by)
    }

    /// All states that the operation may leave behind if it takes effect now, and is answered as its
    /// client was told if its client was told. None when that cannot be.
    pub(super) fn after(&self, scene: &Scene<'_>) -> Vec<State> {
        let operation = &scene.call.operation;
        let told = scene.call.told();
        let Some(mark) = scene.call.mark() else {
            return self.execute(scene, operation, told.as_ref());
        };
        let touched = Footprint::of(operation);
        let named = touched.keys.iter().filter_map(|key| self.keys.get(*key));
        let listed = touched
            .prefixes
            .iter()
            .flat_map(|prefix| self.below(prefix));
        let mut before = named.chain(listed.map(|(_, known)| known));
        if before.any(|known| mark.is_late(known.newest)) {
            return Vec::new();
        }
        let mut states = self.execute(scene, operation, told.as_ref());
        for state in &mut states {
            for key in &touched.keys {
                if let Some(known) = state.keys.get_mut(*key) {
                    Arc::make_mut(known).newest = mark.index();
                }
            }
        }
        states
    }

    fn execute(
        &self,
        scene: &Scene<'_>,
        operation: &Operation,
        told: Option<&Told<'_>>,
    ) -> Vec<State> {
        match operation {
            Operation::Put { key, value, ttl } => match told {
                None | Some(Told::Written(_)) => {
                    vec![self.change(scene, key, Some(scene.written(value, *ttl, told)))]
                }
                Some(_) => Vec::new(),
            },
            Operation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            } => {
                let written = scene.written(value, *ttl, told);
                self.swap(scene, (key, *expected, written), told)
            }
            Operation::Delete { key } => {
                let is_told = |existed: bool| match told {
                    None => true,
                    Some(Told::Deleted(told)) => *told == existed,
                    Some(_) => false,
                };
                let mut looks = self.looks(key, scene).into_iter();
                let fits = looks.any(|look| is_told(matches!(look, Look::There(_))));
                fits.then(|| self.change(scene, key, None))
                    .into_iter()
                    .collect()
            }
            Operation::Touch { key, ttl } => self.touch(scene, (key, *ttl), told),
            Operation::Increment { key, add } => self.add(scene, (key, *add), told),
            Operation::Get { key, .. } => match told {
                None => vec![self.clone()],
                Some(Told::Values(values)) => self.read(scene, &[key.as_str()], values),
                Some(_) => Vec::new(),
            },
            Operation::GetMany { of, .. } => match told {
                None => vec![self.clone()],
                Some(Told::Values(values)) => {
                    let keys: Vec<&str> = of.iter().map(String::as_str).collect();
                    self.read(scene, &keys, values)
                }
                Some(_) => Vec::new(),
            },
            Operation::List { prefix, after, .. } => match told {
                None => vec![self.clone()],
                Some(Told::Page(keys, more)) => {
                    self.list(scene, (prefix, after.as_deref()), (keys, *more))
                }
                Some(_) => Vec::new(),
            },
            Operation::Batch { operations } => self.batch(scene, operations, told),
        }
    }

    fn swap(
        &self,
        scene: &Scene<'_>,
        (key, expected, written): (&str, Option<u64>, Held),
        told: Option<&Told<'_>>,
    ) -> Vec<State> {
        let mut states = Vec::new();
        for look in self.looks(key, scene) {
            match (told, look) {
                (None | Some(Told::Written(_)), look) => {
                    let before = match (look, expected) {
                        (Look::Absent, None) => Some(self.clone()),
                        (Look::There(held), Some(version)) if held.may_have(version) => {
                            self.dated(key, version)
                        }
                        _ => None,
                    };
                    let after = |state: State| state.change(scene, key, Some(written.clone()));
                    states.extend(before.map(after));
                }
                (Some(Told::NotSwapped(None)), Look::Absent) if expected.is_some() => {
                    states.push(self.learn(key, None));
                }
                (Some(Told::NotSwapped(Some(current))), Look::There(held))
                    if held.may_have(*current) && expected != Some(*current) =>
                {
                    let version = Some(*current);
                    let seen = |state: State| state.learn(key, Some(Held { version, ..held }));
                    states.extend(self.dated(key, *current).map(seen));
                }
                _ => {}
            }
        }
        states
    }

    fn touch(
        &self,
        scene: &Scene<'_>,
        (key, ttl): (&str, Option<Duration>),
        told: Option<&Told<'_>>,
    ) -> Vec<State> {
        let after = |look: Look| match (told, look) {
            (None | Some(Told::Touched(true)), Look::There(held)) => {
                let lives = scene.lives(ttl);
                Some(self.learn(key, Some(Held { lives, ..held })))
            }
            (None | Some(Told::Touched(false)), Look::Absent) => Some(self.learn(key, None)),
            _ => None,
        };
        self.looks(key, scene)
            .into_iter()
            .filter_map(after)
            .collect()
    }

    fn add(
        &self,
        scene: &Scene<'_>,
        (key, by): (&str, i64),
        told: Option<&Told<'_>>,
    ) -> Vec<State> {
        let mut states = Vec::new();
        for look in self.looks(key, scene) {
            let (before, lives) = match &look {
                Look::Absent => (Some(Some(0)), Lives::ForEver),
                Look::There(held) => {
                    let number = held.value.as_ref().map(number);
                    (number, held.lives)
                }
            };
            // None when nothing is known of the value, else none when it is not a number.
            let sum = before.map(|number| number.and_then(|number| number.checked_add(by)));
            let write = |value: Option<i64>, version: Option<u64>| {
                let value = value.map(|value| Bytes::from(value.to_string()));
                let held = Held {
                    value,
                    version,
                    lives,
                };
                self.change(scene, key, Some(held))
            };
            match (told, before, sum) {
                (None, _, None) => states.push(write(None, None)),
                (None, _, Some(Some(sum))) => states.push(write(Some(sum), None)),
                (Some(Told::Counted(value, version)), _, sum)
                    if sum.is_none_or(|sum| sum == Some(*value)) =>
                {
                    states.push(write(Some(*value), Some(*version)));
                }
                (Some(Told::NotANumber), None | Some(None), _) => states.push(self.clone()),
                (Some(Told::Overflow(value)), before, _)
                    if before.is_none_or(|before| before == Some(*value))
                        && value.checked_add(by).is_none() =>
                {
                    states.push(self.clone());
                }
                _ => {}
            }
        }
        states
    }

    fn read(&self, scene: &Scene<'_>, keys: &[&str], values: &[Option<Value<'_>>]) -> Vec<State> {
        if keys.len() != values.len() {
            return Vec::new();
        }
        let found = |state: &State, key: &str, told: Option<Value<'_>>| {
            let mut looks = state.looks(key, scene).into_iter();
            looks.find_map(|look| match (look, told) {
                (Look::Absent, None) => Some(state.learn(key, None)),
                (Look::There(held), Some(told)) => {
                    let held = held.known_as(told)?;
                    let state = match told.version {
                        Some(version) => state.dated(key, version)?,
                        None => state.clone(),
                    };
                    Some(state.learn(key, Some(held)))
                }
                _ => None,
            })
        };
        let mut asked = keys.iter().zip(values);
        let state = asked.try_fold(self.clone(), |state, (key, told)| found(&state, key, *told));
        state.into_iter().collect()
    }

    /// A page tells of every key from where it begins to its last one, or to the end.
    fn list(
        &self,
        scene: &Scene<'_>,
        (prefix, after): (&str, Option<&str>),
        (told, more): (&[&[u8]], bool),
    ) -> Vec<State> {
        let is_meant = |key: &[u8]| {
            let follows = after.is_none_or(|after| key > after.as_bytes());
            follows && key.starts_with(prefix.as_bytes())
        };
        if !told.iter().all(|key| is_meant(key)) {
            return Vec::new();
        }
        let last = told.last().copied();
        let mut state = self.clone();
        let is_told = |key: &str| told.contains(&key.as_bytes());
        let is_covered =
            |key: &[u8]| is_meant(key) && (!more || last.is_some_and(|last| key <= last));
        let there = self.below(prefix);
        for (key, _) in there.filter(|(key, _)| is_covered(key.as_bytes())) {
            let mut looks = self.looks(key, scene).into_iter();
            let fits = |look: &Look| matches!(look, Look::There(_)) == is_told(key);
            match looks.find(fits) {
                Some(Look::There(held)) => state = state.learn(key, Some(held)),
                Some(Look::Absent) => state = state.learn(key, None),
                None => return Vec::new(),
            }
        }
        let known =
            |key: &&&[u8]| core::str::from_utf8(key).is_ok_and(|key| self.keys.contains_key(key));
        let unknown = told.iter().filter(|key| !known(key)).count();
        match unknown > 0 && !self.others_unknown {
            true => Vec::new(),
            false => vec![state],
        }
    }

    fn batch(
        &self,
        scene: &Scene<'_>,
        operations: &[Operation],
        told: Option<&Told<'_>>,
    ) -> Vec<State> {
        let each = |states: Vec<State>, operation: &Operation, told: Option<&Answer>| {
            let told = told.map(Told::of_answer);
            let after = |state: &State| state.execute(scene, operation, told.as_ref());
            states.iter().flat_map(after).collect::<Vec<State>>()
        };
        let begin = vec![self.clone()];
        match told {
            None => operations
                .iter()
                .fold(begin, |states, operation| each(states, operation, None)),
            Some(Told::Batch(answers)) if answers.len() == operations.len() => {
                let all = operations.iter().zip(*answers);
                all.fold(begin, |states, (operation, answer)| {
                    each(states, operation, Some(answer))
                })
            }
            Some(Told::BatchNotDone(at, answer)) => {
                let Some(operation) = operations.get(*at) else {
                    return Vec::new();
                };
                let told = Told::of_answer(answer);
                let before = operations[..*at]
                    .iter()
                    .fold(begin, |states, operation| each(states, operation, None));
                // Other refusals say nothing of what any key holds.
                let fits = matches!(told, Told::Nothing)
                    || before
                        .iter()
                        .any(|state| !state.execute(scene, operation, Some(&told)).is_empty());
                fits.then(|| self.clone()).into_iter().collect()
            }
            Some(_) => Vec::new(),
        }
    }
}

impl Held {
    fn may_have(&self, version: u64) -> bool {
        self.version.is_none_or(|known| known == version)
    }

    /// With what is told of it; none when something else is known.
    fn known_as(self, told: Value<'_>) -> Option<Held> {
        let fits = self.value.as_ref().is_none_or(|value| value == told.value)
            && told.version.is_none_or(|version| self.may_have(version));
        fits.then(|| Held {
            value: Some(told.value.clone()),
            version: told.version.or(self.version),
            lives: self.lives,
        })
    }
}

impl Scene<'_> {
    fn written(&self, value: &str, ttl: Option<Duration>, told: Option<&Told<'_>>) -> Held {
        let version = match told {
            Some(Told::Written(version)) => Some(*version),
            _ => None,
        };
        Held {
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            version,
            lives: self.lives(ttl),
        }
    }

    fn lives(&self, ttl: Option<Duration>) -> Lives {
        let began = self.call.began.time;
        ttl.map_or(Lives::ForEver, |ttl| Lives::Until { began, ttl })
    }

    /// Whether a key may be gone though nobody asked for that.
    fn may_vanish(&self, lives: Lives) -> bool {
        self.around.may_evict
            || match lives {
                Lives::ForEver => false,
                Lives::Unknown => true,
                Lives::Until { began, ttl } => {
                    let passed = u128::from(self.by.since(began).as_micros());
                    let rate = u128::from(1_000_000 + self.around.fastest_ppm);
                    self.around.clocks_set
                        || passed * rate >= u128::from(ttl.as_micros()) * 1_000_000
                }
            }
    }
}

/// The number that a value says as an increment writes it.
fn number(value: &Bytes) -> Option<i64> {
    let number: i64 = core::str::from_utf8(value).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == &value[..]).then_some(number)
}
