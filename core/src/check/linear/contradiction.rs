//! The smallest part of a history that contradicts itself.

use super::call::{Call, Footprint, Told, writes};
use super::search::{Calls, Effort, Found, Span, Way};
use bytes::Bytes;
use core::fmt;
use imbl::OrdMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Operations whose answers nothing explains together, whatever all others were told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// In the order in which they began. Those that are needed to see what the others contradict are
    /// among them.
    pub calls: Vec<Arc<Call>>,
    /// Why no order explains them, in a sentence.
    pub why: String,
}

/// How much is tried for one part of the history.
const EFFORT: u32 = 5_000;
/// So many parts of each size are tried at most, before what is left is only made smaller one by one.
const PARTS: usize = 1_500;

/// The smallest part, of which this call is one: the answers before it can be explained.
pub(super) fn smallest(
    (span, ways): (&Span<'_>, &[Way]),
    call: &Call,
    makers: &OrdMap<u64, Arc<Call>>,
) -> Contradiction {
    let answered = span.answered();
    let earlier = answered.iter().map(|one| one.number());
    let others: Vec<u64> = earlier.filter(|one| *one != call.number()).rev().collect();
    let contradicts = |kept: &[u64]| {
        let mut kept: BTreeSet<u64> = kept.iter().copied().collect();
        kept.insert(call.number());
        let calls = without_answers(span.calls, &kept);
        let part = Span {
            calls: &calls,
            ..*span
        };
        part.search(ways, &mut Effort(EFFORT)) == Found::Nothing
    };
    let small = [Vec::new()]
        .into_iter()
        .chain(others.iter().map(|one| vec![*one]))
        .chain(pairs(&others))
        .take(PARTS)
        .find(|kept| contradicts(kept));
    let kept = small.unwrap_or_else(|| {
        let mut kept = others.clone();
        for one in &others {
            let fewer: Vec<u64> = kept.iter().copied().filter(|other| other != one).collect();
            if contradicts(&fewer) {
                kept = fewer;
            }
        }
        kept
    });
    let why = why((span, ways), call, &kept);
    let mut calls: Vec<Arc<Call>> = kept
        .iter()
        .chain([&call.number()])
        .filter_map(|number| span.calls.get(number))
        .cloned()
        .collect();
    let operations: Vec<_> = calls.iter().map(|call| call.operation.clone()).collect();
    let mut keys = Footprint::default();
    for operation in &operations {
        keys.join(&Footprint::of(operation));
    }
    let numbers: BTreeSet<u64> = ways
        .iter()
        .flat_map(|way| way.state.makers(Some(&keys)))
        .collect();
    calls.extend(
        numbers
            .iter()
            .filter_map(|number| makers.get(number))
            .cloned(),
    );
    calls.sort_by_key(|call| call.began);
    calls.dedup();
    Contradiction { calls, why }
}

/// What keys are told of at most.
const TOLD_KEYS: usize = 3;

/// Why the call cannot have been told what it was told, given what the kept ones were told.
fn why((span, ways): (&Span<'_>, &[Way]), call: &Call, kept: &[u64]) -> String {
    let client = call.client;
    let told = call.told().map_or(String::new(), |told| told.to_string());
    match possible((span, ways), call, kept) {
        Some(held) if !held.is_empty() && !held.iter().any(|(_, held)| fits(call, held)) => {
            let holds = held.iter().take(TOLD_KEYS).map(|(key, held)| {
                let held: Vec<&str> = held.iter().map(String::as_str).collect();
                format!("{key} then holds {}", held.join(" or "))
            });
            let holds = holds.collect::<Vec<_>>().join(", ");
            format!(
                "In every order that explains the other answers, {holds}; {client} was told: {told}."
            )
        }
        _ => match call.mark() {
            Some(mark) => format!(
                "{client} was told: {told}. That took effect at index {} of the log, and in every order that \
                 explains the other answers something that must come before it took effect later.",
                mark.index()
            ),
            None => format!(
                "Every order that keeps to the times of the operations gives one of them another answer; the \
                 last one to be answered is {client}, which was told: {told}."
            ),
        },
    }
}

/// Whether what a key may hold has to do with what a read was told.
fn fits(call: &Call, held: &BTreeSet<String>) -> bool {
    match call.told() {
        Some(Told::Values(values)) => values.iter().any(|value| {
            let told = value.map_or(NOTHING.into(), |value| lossy(value.value));
            held.contains(&told)
        }),
        _ => false,
    }
}

/// What the keys of a call may hold right before it takes effect; none when there are too many orders, or
/// nothing is known of one of them.
fn possible(
    (span, ways): (&Span<'_>, &[Way]),
    call: &Call,
    kept: &[u64],
) -> Option<Vec<(String, BTreeSet<String>)>> {
    let kept: BTreeSet<u64> = kept.iter().copied().chain([call.number()]).collect();
    let calls = without_answers(span.calls, &kept);
    let part = Span {
        calls: &calls,
        ..*span
    };
    let mut effort = Effort(EFFORT);
    let mut now: BTreeSet<Way> = ways.iter().cloned().collect();
    for other in part.answered() {
        if other.number() == call.number() {
            break;
        }
        let mut after = BTreeSet::new();
        for way in &now {
            after.extend(part.after(way, other, &mut effort).ok()?);
        }
        now = after;
    }
    let mut before = BTreeSet::new();
    for way in &now {
        before.extend(part.before(way, call, &mut effort).ok()?);
    }
    let keys = Footprint::observed(&call.operation).keys;
    let all = keys.into_iter().map(|key| {
        let held: Option<BTreeSet<String>> = before
            .iter()
            .map(|way| Some(way.state.holds(key)?.map_or(NOTHING.into(), lossy)))
            .collect();
        Some((key.to_owned(), held?))
    });
    all.collect()
}

const NOTHING: &str = "nothing";

fn lossy(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn pairs(all: &[u64]) -> impl Iterator<Item = Vec<u64>> + '_ {
    let behind = move |at: usize| all[at + 1..].iter().map(move |other| vec![all[at], *other]);
    (0..all.len()).flat_map(behind)
}

/// As if nobody had been told anything but what is kept. What is explained stays explained by this.
fn without_answers(calls: &Calls, kept: &BTreeSet<u64>) -> Calls {
    let mut left = Calls::new();
    for (number, call) in calls {
        if kept.contains(number) || call.ended().is_none() {
            left.insert(*number, Arc::clone(call));
        } else if writes(&call.operation) {
            left.insert(*number, Arc::new(call.lose()));
        }
    }
    left
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, call) in self.calls.iter().enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{} {} ({}", call.client, call.operation, call.began.time)?;
            match call.ended() {
                Some(ended) => write!(f, " to {})", ended.time)?,
                None => f.write_str(", without an answer)")?,
            }
            if let Some(told) = call.told() {
                write!(f, ": {told}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Told::Written(version) => write!(f, "written as version {version}"),
            Told::Deleted(true) => f.write_str("deleted"),
            Told::Deleted(false) => f.write_str("it was not there"),
            Told::Touched(true) => f.write_str("touched"),
            Told::Touched(false) => f.write_str("there is no such key"),
            Told::NotSwapped(None) => f.write_str("not written, for it is absent"),
            Told::NotSwapped(Some(version)) => {
                write!(f, "not written, for it has version {version}")
            }
            Told::Counted(value, version) => write!(f, "{value}, as version {version}"),
            Told::NotANumber => f.write_str("it is not a number"),
            Told::Overflow(value) => write!(f, "too much to add to {value}"),
            Told::Values(values) => {
                let told = values.iter().map(|value| match value {
                    Some(found) => lossy(found.value),
                    None => "nothing".into(),
                });
                write!(f, "found {}", told.collect::<Vec<_>>().join(", "))
            }
            Told::Page(keys, _) => {
                let told: Vec<String> = keys.iter().map(|key| lossy(key)).collect();
                write!(f, "listed {}", told.join(", "))
            }
            Told::Batch(_) => f.write_str("all done"),
            Told::BatchNotDone(at, _) => write!(f, "nothing done because of operation {}", at + 1),
            Told::Nothing => f.write_str("nothing"),
        }
    }
}
