//! Where events become words: the one place. A sentence says what happened and why, with the
//! numbers that decided it; the rule says where that is written.

pub(in crate::view) mod alerts;
pub(in crate::view) mod cache;
pub(in crate::view) mod causes;
mod consensus;
mod eviction;
pub(in crate::view) mod faults;
mod leases;
pub(in crate::view) mod membership;
pub(in crate::view) mod recovery;
pub(in crate::view) mod search;
mod seats;
pub(in crate::view) mod server;
pub(in crate::view) mod world;

use super::model::{Rule, Weight};
use crate::sim::Happening;

/// A happening in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its kind in a word or two.
    pub kind: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What happened and why.
    pub sentence: String,
    /// The rule that decided it.
    pub rule: Option<Rule>,
}

/// Tells one happening.
#[must_use]
pub fn tell(happening: &Happening) -> Told {
    world::tell(happening.place, &happening.what)
}

impl Told {
    fn new(kind: &'static str, weight: Weight, sentence: String) -> Told {
        Told {
            kind,
            weight,
            sentence,
            rule: None,
        }
    }

    fn by(mut self, name: &str, source: &str) -> Told {
        self.rule = Some(Rule {
            name: name.into(),
            source: source.into(),
        });
        self
    }
}

fn story(kind: &'static str, sentence: String) -> Told {
    Told::new(kind, Weight::Story, sentence)
}

fn detail(kind: &'static str, sentence: String) -> Told {
    Told::new(kind, Weight::Detail, sentence)
}

fn trace(kind: &'static str, sentence: String) -> Told {
    Told::new(kind, Weight::Trace, sentence)
}

/// Microseconds as `12.3 ms`.
pub(in crate::view) fn ms(us: u64) -> String {
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}

/// `1 entry`, `2 entries`.
fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {many}")
    }
}

/// `n1, n2 and n3`.
fn list(items: impl IntoIterator<Item = String>) -> String {
    let mut items: Vec<String> = items.into_iter().collect();
    match items.pop() {
        None => "nobody".into(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}
