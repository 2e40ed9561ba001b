//! What a client asks for when it is busy: one thing after another, drawn at random.

use super::action::{ReadPath, is_default};
use super::model::bounds;
use super::possible::check_text;
use crate::replica::ClientId;
use crate::types::{ConfigError, Duration, check_range};
use serde::{Deserialize, Serialize};

/// A workload. Every client that has it draws from a stream of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The client; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// For how long; until it is stopped when absent.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Duration>,
    /// How many operations a client begins in a second.
    pub rate: u64,
    /// How the time between two of them is drawn.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub gaps: Gaps,
    /// How many keys there are.
    pub keys: u64,
    /// What their names begin with.
    #[serde(default = "prefix", skip_serializing_if = "is_prefix")]
    pub prefix: String,
    /// How keys are drawn.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub distribution: Distribution,
    /// The exponent of `zipf` and `shifting` in hundredths: the key in place n is asked for as often as
    /// the first, divided by n to this power. 0 makes all alike.
    #[serde(default = "skew", skip_serializing_if = "is_skew")]
    pub skew: u64,
    /// How often another tenth of the keys becomes the popular one, when it shifts.
    #[serde(default = "shift_every", skip_serializing_if = "is_shift_every")]
    pub shift_every: Duration,
    /// The smallest value, in bytes.
    #[serde(default = "value_bytes", skip_serializing_if = "is_value_bytes")]
    pub value_least: u64,
    /// The largest value, in bytes. Each key has its own size.
    #[serde(default = "value_bytes", skip_serializing_if = "is_value_bytes")]
    pub value_most: u64,
    /// Most values are near the smallest, and few near the largest; otherwise all sizes are alike.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub long_tail: bool,
    /// How many operations in a hundred are reads; the others write.
    #[serde(default = "reads_percent", skip_serializing_if = "is_reads_percent")]
    pub reads_percent: u64,
    /// Which way reads take.
    #[serde(default, skip_serializing_if = "is_default")]
    pub path: ReadPath,
    /// A key that is not found is written then, as whoever keeps a cache beside a database does.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub read_through: bool,
    /// How long what is written lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

/// How the time between two operations is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// As between people who know nothing of each other: mostly short, sometimes long.
    #[default]
    Exponential,
    /// Always the same.
    Constant,
}

/// How keys are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// All alike.
    Uniform,
    /// A few are asked for again and again, most seldom.
    #[default]
    Zipf,
    /// One after the other, and again from the first.
    Scan,
    /// A few are popular, and others after a while.
    Shifting,
}

impl Workload {
    /// Reads of small values, in the ways that are usual.
    #[must_use]
    pub fn new(rate: u64, keys: u64) -> Workload {
        Workload {
            client: None,
            lasting: None,
            rate,
            gaps: Gaps::default(),
            keys,
            prefix: prefix(),
            distribution: Distribution::default(),
            skew: skew(),
            shift_every: shift_every(),
            value_least: value_bytes(),
            value_most: value_bytes(),
            long_tail: false,
            reads_percent: reads_percent(),
            path: ReadPath::default(),
            read_through: false,
            ttl: None,
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(lasting) = self.lasting {
            check_range("for", lasting, Duration::micros(1), bounds::END)?;
        }
        check_range("rate", self.rate, 1, bounds::RATE)?;
        check_range("keys", self.keys, 1, bounds::KEYS)?;
        check_text("prefix", &self.prefix, 1, bounds::NAME)?;
        check_range("skew", self.skew, 0, bounds::SKEW)?;
        check_range(
            "shift_every",
            self.shift_every,
            Duration::millis(1),
            bounds::END,
        )?;
        let most = bounds::VALUE as u64;
        check_range("value_most", self.value_most, 0, most)?;
        check_range("value_least", self.value_least, 0, self.value_most)?;
        check_range("reads_percent", self.reads_percent, 0, 100)?;
        self.ttl.map_or(Ok(()), |ttl| {
            check_range("ttl", ttl, Duration::micros(1), bounds::TTL)
        })
    }

    /// How many operations one client begins, roughly; one that has no end is bounded by the run.
    pub(super) fn operations(&self) -> u64 {
        let lasting = self.lasting.unwrap_or_default().as_micros();
        lasting.saturating_mul(self.rate) / 1_000_000
    }
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn prefix() -> String {
    "k".into()
}

fn is_prefix(given: &String) -> bool {
    *given == prefix()
}

fn skew() -> u64 {
    100
}

fn is_skew(given: &u64) -> bool {
    *given == skew()
}

fn shift_every() -> Duration {
    Duration::secs(5)
}

fn is_shift_every(given: &Duration) -> bool {
    *given == shift_every()
}

fn value_bytes() -> u64 {
    100
}

fn is_value_bytes(given: &u64) -> bool {
    *given == value_bytes()
}

fn reads_percent() -> u64 {
    90
}

fn is_reads_percent(given: &u64) -> bool {
    *given == reads_percent()
}
