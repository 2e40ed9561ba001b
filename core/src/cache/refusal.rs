//! Why the cache does not do what it is asked.

use super::command::{Sequence, SessionId};
use serde::{Deserialize, Serialize};

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The session is not, or no longer, open. Whether an earlier copy of the request was
    /// applied cannot be known any more.
    #[error("session {session} is not open: it expired, or never was")]
    SessionExpired {
        /// The session.
        session: SessionId,
    },
    /// The client said that it needs no answer to the request any more: it was applied before, or its
    /// client gave it up and a copy arrives late.
    #[error("request {sequence} was acknowledged before, so it is not applied now", sequence = sequence.0)]
    AnswerForgotten {
        /// The request.
        sequence: Sequence,
    },
    /// The session remembers as many answers as it may: the client has to say which it has.
    #[error(
        "request {sequence} is beyond the window of {limit} requests that begins with the first one not \
         acknowledged", sequence = sequence.0
    )]
    WindowExceeded {
        /// The request.
        sequence: Sequence,
        /// The configured limit.
        limit: u64,
    },
    /// The answers that the session remembers are as large as they may be together: the client has to
    /// say which it has.
    #[error(
        "the session remembers answers of {held} bytes, and at most {limit} are kept: acknowledge some"
    )]
    AnswersTooLarge {
        /// The bytes remembered.
        held: u64,
        /// The configured limit.
        limit: u64,
    },
    /// A key must have at least one byte.
    #[error("the key is empty")]
    KeyEmpty,
    /// The key is too long.
    #[error("the key has {given} bytes, and at most {limit} are accepted")]
    KeyTooLong {
        /// Its bytes.
        given: u64,
        /// The configured limit.
        limit: u64,
    },
    /// The value is too long.
    #[error("the value has {given} bytes, and at most {limit} are accepted")]
    ValueTooLong {
        /// Its bytes.
        given: u64,
        /// The configured limit.
        limit: u64,
    },
    /// It would not fit if it were alone.
    #[error("key and value have {given} bytes, and the whole cache holds {capacity}")]
    LargerThanCache {
        /// The bytes of key and value.
        given: u64,
        /// The capacity.
        capacity: u64,
    },
    /// A key cannot live for no time.
    #[error(
        "a key cannot live for no time: leave the time to live out, or give at least a microsecond"
    )]
    TimeToLiveZero,
    /// A key cannot live for so long.
    #[error("the time to live is {given} microseconds, and at most {limit} are accepted")]
    TimeToLiveTooLong {
        /// Microseconds.
        given: u64,
        /// The configured limit.
        limit: u64,
    },
    /// Only numbers can be added to, written as an increment writes them.
    #[error(
        "nothing can be added to the value: it is not a whole number of 64 bits, written without plus \
         sign, spaces or leading zeros"
    )]
    NotANumber,
    /// The sum is beyond what 64 bits hold.
    #[error("{value} plus {by} is beyond a number of 64 bits")]
    Overflow {
        /// The value.
        value: i64,
        /// What was to be added.
        by: i64,
    },
    /// A batch or a list of keys is empty.
    #[error("there is nothing in it to do")]
    NothingToDo,
    /// A batch or a list of keys is too long.
    #[error("{given} operations or keys at once, and at most {limit} are accepted")]
    TooMany {
        /// How many.
        given: u64,
        /// The configured limit.
        limit: u64,
    },
    /// A batch is too large.
    #[error(
        "the keys and values of the batch have {given} bytes, and at most {limit} are accepted"
    )]
    BatchTooLarge {
        /// Their bytes.
        given: u64,
        /// The configured limit.
        limit: u64,
    },
    /// A batch holds no batches.
    #[error("a batch cannot hold another batch")]
    BatchInBatch,
    /// A page holds between one key and the configured limit.
    #[error("a page of {given} keys, and between 1 and {limit} are accepted")]
    PageSize {
        /// What was asked for.
        given: u64,
        /// The configured limit.
        limit: u64,
    },
    /// The capacity asked for is out of range.
    #[error("a capacity of {given} bytes, and between {least} and {most} are accepted")]
    CapacityOutOfRange {
        /// What was asked for.
        given: u64,
        /// The least accepted.
        least: u64,
        /// The most accepted.
        most: u64,
    },
    /// The number of a request is out of range.
    #[error("requests are numbered from 1")]
    SequenceZero,
    /// What it asks for is more than one answer may hold.
    #[error(
        "what is found has {found} bytes, and at most {limit} are answered: ask for fewer keys"
    )]
    FoundTooLarge {
        /// The bytes of keys and values found.
        found: u64,
        /// The configured limit.
        limit: u64,
    },
}
