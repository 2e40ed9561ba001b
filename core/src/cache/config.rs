//! What the cache accepts and holds.

use super::command::{Answer, Configure, Operation, TimeToLive};
use super::query::Query;
use super::refusal::Refusal;
use crate::types::{ConfigError, Duration, SettingKind, SettingValue, Settings, settings};
use bytes::Bytes;
use core::fmt;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

settings! {
    /// What the cache accepts and holds. It decides answers, so all servers of a cluster must agree on
    /// it.
    pub struct Config {
        /// How many bytes of keys and values are held; a write that needs room evicts others. A cluster
        /// begins with it; from then on the log says what it is.
        capacity_bytes: u64 = 64 << 20, in 1 << 10..=1 << 40, "bytes";
        /// Who decides what is evicted. A cluster begins with it; from then on the log says what it is.
        policy: PolicyKind = PolicyKind::S3Fifo, in 0..=4;
        /// The longest key.
        key_bytes: u64 = 256, in 1..=65_536, "bytes";
        /// The longest value. At least 20 bytes, so that an increment can write any number.
        value_bytes: u64 = 64 << 10, in 20..=16 << 20, "bytes";
        /// The most operations in a batch, and keys in one read.
        batch_operations: u64 = 128, in 1..=65_536, "operations";
        /// The most bytes of keys and values in a batch.
        batch_bytes: u64 = 256 << 10, in 1..=64 << 20, "bytes";
        /// The most keys in one page of a listing.
        page_keys: u64 = 1_000, in 1..=65_536, "keys";
        /// The most bytes of keys or values that a request finds, if it asks for more than one key. A page
        /// of a listing ends early; a read of many keys, or a batch that reads more, is refused.
        found_bytes: u64 = 1 << 20, in 65_536..=1 << 30, "bytes";
        /// The longest time that a key can be given to live.
        ttl_max: Duration = Duration::secs(366 * 86_400), in Duration::secs(1)..=Duration::secs(36_600 * 86_400);
        /// How many expired keys and sessions are removed with each entry of the log, so that no step has
        /// too much to do. What has expired is not found any more, removed or not.
        expired_per_entry: u64 = 64, in 1..=65_536, "keys";
        /// How many client sessions may be open; one more expires the session that was silent for
        /// longest.
        sessions: u64 = 1_000, in 1..=1_000_000, "sessions";
        /// A session that is silent for so long, in log time, expires.
        session_timeout: Duration = Duration::secs(60), in Duration::millis(10)..=Duration::secs(86_400);
        /// The window of a session: how far the number of a request may be ahead of the first one whose
        /// answer the client has not acknowledged. So many answers are remembered.
        answers: u64 = 64, in 1..=65_536, "answers";
        /// The most bytes of answers that a session remembers, though it takes one request whatever the
        /// size of its answer.
        answer_bytes: u64 = 1 << 20, in 1..=1 << 30, "bytes";
    }
}

/// Who decides what is evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// What was not used for longest.
    Lru,
    /// One queue and a hand that passes over what was used since it last came by.
    Sieve,
    /// A small queue for newcomers, a main one for those used again.
    #[serde(rename = "s3-fifo")]
    S3Fifo,
    /// A newcomer takes the place only of what was used less often.
    WTinyLfu,
    /// A model that learns what is asked for again; S3-FIFO where it says nothing.
    Learned,
}

impl PolicyKind {
    /// All there are.
    pub const ALL: [PolicyKind; 5] = [
        PolicyKind::Lru,
        PolicyKind::Sieve,
        PolicyKind::S3Fifo,
        PolicyKind::WTinyLfu,
        PolicyKind::Learned,
    ];

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PolicyKind::Lru => "lru",
            PolicyKind::Sieve => "sieve",
            PolicyKind::S3Fifo => "s3-fifo",
            PolicyKind::WTinyLfu => "w-tiny-lfu",
            PolicyKind::Learned => "learned",
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl SettingValue for PolicyKind {
    type Bound = u8;

    fn kind(_: &str) -> SettingKind {
        SettingKind::Choice
    }

    fn read(text: &str) -> Result<PolicyKind, String> {
        let named = PolicyKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text.trim());
        named.ok_or_else(|| format!("one of {}", PolicyKind::choices().join(", ")))
    }

    fn check(&self, _: &str, _: RangeInclusive<u8>) -> Result<(), ConfigError> {
        Ok(())
    }

    fn choices() -> Vec<&'static str> {
        PolicyKind::ALL.map(PolicyKind::name).into()
    }
}

/// The capacities that can be configured.
pub(super) const CAPACITIES: RangeInclusive<u64> = 1 << 10..=1 << 40;

impl Config {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_ranges()
    }

    /// What an operation is answered that is not accepted, whatever the cache holds. A batch is held to
    /// its own limits, and so is each operation in it.
    #[must_use]
    pub fn rejection(&self, operation: &Operation) -> Option<Answer> {
        if let Some(refusal) = self.refusal(operation) {
            return Some(Answer::Refused(refusal));
        }
        let Operation::Batch(operations) = operation else {
            return None;
        };
        let mut refusals = operations.iter().map(|one| self.refusal(one)).zip(0..);
        refusals.find_map(|(refusal, at)| {
            let answer = Box::new(Answer::Refused(refusal?));
            Some(Answer::BatchNotDone { at, answer })
        })
    }

    /// Why an operation is not accepted; of a batch, why not as a whole.
    fn refusal(&self, operation: &Operation) -> Option<Refusal> {
        match operation {
            Operation::Batch(operations) => self.of_batch(operations),
            Operation::Put { key, value, ttl } => self
                .of_key(key)
                .or_else(|| self.of_value(value))
                .or_else(|| self.of_ttl(*ttl)),
            Operation::CompareAndSwap {
                key,
                value,
                ttl,
                expected: _,
            } => self
                .of_key(key)
                .or_else(|| self.of_value(value))
                .or_else(|| self.of_ttl(*ttl)),
            Operation::Touch { key, ttl } => self.of_key(key).or_else(|| self.of_ttl(*ttl)),
            Operation::Delete { key } | Operation::Increment { key, by: _ } => self.of_key(key),
            Operation::Read(query) => self.query_refusal(query),
        }
    }

    /// Why a read is not accepted, if it is not.
    #[must_use]
    pub fn query_refusal(&self, query: &Query) -> Option<Refusal> {
        match query {
            Query::Get { key } => self.of_key(key),
            Query::GetMany { keys } => self
                .of_many(keys.len())
                .or_else(|| keys.iter().find_map(|key| self.of_key(key))),
            Query::List {
                prefix,
                after,
                limit,
            } => {
                let (given, limit) = (u64::from(*limit), self.page_keys);
                let accepted = (1..=limit).contains(&given);
                let page = (!accepted).then_some(Refusal::PageSize { given, limit });
                page.or_else(|| self.of_length(prefix))
                    .or_else(|| self.of_length(after.as_ref()?))
            }
        }
    }

    /// Why a change of the configuration is not accepted, if it is not.
    #[must_use]
    pub fn configure_refusal(change: &Configure) -> Option<Refusal> {
        let given = change
            .capacity
            .filter(|capacity| !CAPACITIES.contains(capacity))?;
        let (least, most) = CAPACITIES.into_inner();
        Some(Refusal::CapacityOutOfRange { given, least, most })
    }

    fn of_key(&self, key: &Bytes) -> Option<Refusal> {
        match key.is_empty() {
            true => Some(Refusal::KeyEmpty),
            false => self.of_length(key),
        }
    }

    fn of_length(&self, key: &Bytes) -> Option<Refusal> {
        let (given, limit) = (key.len() as u64, self.key_bytes);
        (given > limit).then_some(Refusal::KeyTooLong { given, limit })
    }

    fn of_value(&self, value: &Bytes) -> Option<Refusal> {
        let (given, limit) = (value.len() as u64, self.value_bytes);
        (given > limit).then_some(Refusal::ValueTooLong { given, limit })
    }

    fn of_ttl(&self, ttl: Option<TimeToLive>) -> Option<Refusal> {
        let (given, limit) = (ttl?.0, self.ttl_max.as_micros());
        match given {
            0 => Some(Refusal::TimeToLiveZero),
            _ if given > limit => Some(Refusal::TimeToLiveTooLong { given, limit }),
            _ => None,
        }
    }

    fn of_many(&self, count: usize) -> Option<Refusal> {
        let (given, limit) = (count as u64, self.batch_operations);
        match given {
            0 => Some(Refusal::NothingToDo),
            _ if given > limit => Some(Refusal::TooMany { given, limit }),
            _ => None,
        }
    }

    fn of_batch(&self, operations: &[Operation]) -> Option<Refusal> {
        if let Some(refusal) = self.of_many(operations.len()) {
            return Some(refusal);
        }
        let nested = |operation: &Operation| matches!(operation, Operation::Batch(_));
        if operations.iter().any(nested) {
            return Some(Refusal::BatchInBatch);
        }
        let given = operations.iter().map(Operation::size).sum();
        let limit = self.batch_bytes;
        (given > limit).then_some(Refusal::BatchTooLarge { given, limit })
    }
}
