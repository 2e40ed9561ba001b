//! What a client of the simulation asks of the cluster, and what it learns, between the words of a
//! scenario and those of the cache.

use crate::cache::{self, Answer, Found, Query, Refusal, TimeToLive, Versioned};
use crate::client::{Call, CallError, CallResult, Reply};
use crate::replica::{Consistency, Staleness};
use crate::sim::scenario::{Operation, ReadPath};
use crate::types::Duration;
use bytes::Bytes;
use serde::Serialize;

/// What a client learns of its operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum OperationResult {
    /// The key is written, in this version.
    Written {
        /// The version.
        version: u64,
    },
    /// The key is gone.
    Deleted {
        /// Whether it had been there.
        existed: bool,
    },
    /// What a read found.
    Found {
        /// The value; none when the key is absent.
        value: Option<Bytes>,
        /// The log index of the state that was read.
        index: u64,
        /// For a read that may be stale, how stale.
        staleness: Option<Staleness>,
    },
    /// The cluster refused it.
    Refused(Refusal),
    /// How long the key lives is changed.
    Touched {
        /// Whether there is such a key.
        existed: bool,
    },
    /// The key has another version than expected, so nothing was written.
    NotSwapped {
        /// The version that it has; none when it is absent.
        current: Option<u64>,
    },
    /// The number is written.
    Counted {
        /// What it is now.
        value: i64,
        /// The version of the key.
        version: u64,
    },
    /// What a read of several keys found.
    FoundMany {
        /// The values in the order of the question.
        values: Vec<Option<Bytes>>,
        /// The log index of the state that was read.
        index: u64,
        /// For a read that may be stale, how stale.
        staleness: Option<Staleness>,
    },
    /// A page of keys.
    Listed {
        /// The keys in order.
        keys: Vec<Bytes>,
        /// Whether there are more behind the last one.
        more: bool,
        /// The log index of the state that was read.
        index: u64,
        /// For a read that may be stale, how stale.
        staleness: Option<Staleness>,
    },
    /// All of a batch was done.
    BatchDone {
        /// The answers of its operations in order.
        answers: Vec<Answer>,
        /// The log index of the answer.
        index: u64,
    },
    /// Nothing of a batch was done.
    BatchNotDone {
        /// The operation that stands against it, from 0.
        at: u32,
        /// What that one would have been answered.
        answer: Box<Answer>,
    },
    /// There was no answer in time, so the client has given it up.
    GivenUp {
        /// Whether the cluster may have done it, or may still.
        may_have_been_applied: bool,
    },
}

impl OperationResult {
    /// What became of a call.
    pub(super) fn of(result: CallResult) -> OperationResult {
        match result {
            Ok(Reply::Found {
                index,
                found,
                staleness,
            }) => of_found(found, (index.0, staleness)),
            Ok(Reply::Applied { index, answer }) => of_answer(index.0, answer),
            Err(CallError::Refused(refusal)) => OperationResult::Refused(refusal),
            Err(CallError::SessionExpired { session }) => {
                OperationResult::Refused(Refusal::SessionExpired { session })
            }
            Err(CallError::DeadlineExceeded {
                may_have_been_applied,
            }) => OperationResult::GivenUp {
                may_have_been_applied,
            },
            Err(CallError::ShutDown) => OperationResult::GivenUp {
                may_have_been_applied: false,
            },
        }
    }

    /// How many keys were asked for and found, and how many were not.
    pub(super) fn hits_and_misses(&self) -> (u64, u64) {
        let (asked, found) = match self {
            OperationResult::Found { value, .. } => (1, usize::from(value.is_some())),
            OperationResult::FoundMany { values, .. } => {
                (values.len(), values.iter().flatten().count())
            }
            _ => (0, 0),
        };
        (found as u64, (asked - found) as u64)
    }
}

fn of_answer(index: u64, answer: Answer) -> OperationResult {
    match answer {
        Answer::Written { version } => OperationResult::Written { version },
        Answer::Deleted { existed } => OperationResult::Deleted { existed },
        Answer::Found(found) => of_found(found, (index, None)),
        Answer::Touched { existed } => OperationResult::Touched { existed },
        Answer::NotSwapped { current } => OperationResult::NotSwapped { current },
        Answer::Counted { value, version } => OperationResult::Counted { value, version },
        Answer::Batch(answers) => OperationResult::BatchDone { answers, index },
        Answer::BatchNotDone { at, answer } => OperationResult::BatchNotDone { at, answer },
        Answer::Refused(refusal) => OperationResult::Refused(refusal),
        Answer::SessionOpened(_)
        | Answer::SessionKept
        | Answer::SessionClosed
        | Answer::Advanced
        | Answer::Evicted { .. }
        | Answer::Configured => unreachable!("no operation is answered so, and the client looks"),
    }
}

fn of_found(found: Found, (index, staleness): (u64, Option<Staleness>)) -> OperationResult {
    let value = |held: Option<Versioned>| held.map(|held| held.value);
    match found {
        Found::Value(held) => OperationResult::Found {
            value: value(held),
            index,
            staleness,
        },
        Found::Values(held) => OperationResult::FoundMany {
            values: held.into_iter().map(value).collect(),
            index,
            staleness,
        },
        Found::Page { keys, more } => OperationResult::Listed {
            keys: keys.into_iter().map(|(key, _)| key).collect(),
            more,
            index,
            staleness,
        },
    }
}

/// An operation in the words of the cache.
pub(super) fn call(operation: &Operation) -> Call {
    let (path, server) = match operation {
        Operation::Get { path, node, .. }
        | Operation::GetMany { path, node, .. }
        | Operation::List { path, node, .. } => (*path, *node),
        _ => (ReadPath::Log, None),
    };
    let consistency = match path {
        ReadPath::Log => return Call::Write(command(operation)),
        ReadPath::Lease => Consistency::Lease,
        ReadPath::Stale => Consistency::Stale,
        ReadPath::Quorum => Consistency::Quorum,
    };
    match command(operation) {
        cache::Operation::Read(query) => Call::Read {
            query,
            consistency,
            server,
        },
        write => Call::Write(write),
    }
}

fn command(operation: &Operation) -> cache::Operation {
    match operation {
        Operation::Put { key, value, ttl } => cache::Operation::Put {
            key: bytes(key),
            value: bytes(value),
            ttl: living(*ttl),
        },
        Operation::Delete { key } => cache::Operation::Delete { key: bytes(key) },
        Operation::Touch { key, ttl } => cache::Operation::Touch {
            key: bytes(key),
            ttl: living(*ttl),
        },
        Operation::CompareAndSwap {
            key,
            expected,
            value,
            ttl,
        } => cache::Operation::CompareAndSwap {
            key: bytes(key),
            expected: *expected,
            value: bytes(value),
            ttl: living(*ttl),
        },
        Operation::Increment { key, add } => cache::Operation::Increment {
            key: bytes(key),
            by: *add,
        },
        Operation::Get { key, .. } => cache::Operation::Read(Query::Get { key: bytes(key) }),
        Operation::GetMany { of, .. } => cache::Operation::Read(Query::GetMany {
            keys: of.iter().map(|key| bytes(key)).collect(),
        }),
        Operation::List {
            prefix,
            after,
            limit,
            ..
        } => cache::Operation::Read(Query::List {
            prefix: bytes(prefix),
            after: after.as_deref().map(bytes),
            limit: *limit,
        }),
        Operation::Batch { operations } => {
            cache::Operation::Batch(operations.iter().map(command).collect())
        }
    }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn living(ttl: Option<Duration>) -> Option<TimeToLive> {
    ttl.map(|ttl| TimeToLive(ttl.as_micros()))
}
