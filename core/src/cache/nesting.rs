//! How deep operations and answers may nest in bytes of others. A reader that followed any nesting
//! would follow it to the end of the stack, two bytes a level. So what is read passes through a type
//! that names each level that it may have: `B` is what a batch holds.

use super::command::{Answer, Operation, SessionId, TimeToLive};
use super::query::{Found, Query};
use super::refusal::Refusal;
use bytes::Bytes;
use serde::Deserialize;

/// An operation as it is read. A batch in a batch can be read, to be refused in words; no further one.
pub(super) type AnyOperation = ReadOperation<ReadOperation<ReadOperation<Nothing>>>;

/// An answer as it is read. What a batch is answered holds the answers of its operations.
pub(super) type AnyAnswer = ReadAnswer<ReadAnswer<Nothing>>;

/// Cannot be read.
#[derive(Deserialize)]
pub(super) enum Nothing {}

/// [`Operation`], variant by variant.
#[derive(Deserialize)]
#[serde(rename = "Operation")]
pub(super) enum ReadOperation<B> {
    Put {
        key: Bytes,
        value: Bytes,
        ttl: Option<TimeToLive>,
    },
    Delete {
        key: Bytes,
    },
    Read(Query),
    Touch {
        key: Bytes,
        ttl: Option<TimeToLive>,
    },
    CompareAndSwap {
        key: Bytes,
        expected: Option<u64>,
        value: Bytes,
        ttl: Option<TimeToLive>,
    },
    Increment {
        key: Bytes,
        by: i64,
    },
    Batch(Vec<B>),
}

/// [`Answer`], variant by variant.
#[derive(Deserialize)]
#[serde(rename = "Answer")]
pub(super) enum ReadAnswer<B> {
    SessionOpened(SessionId),
    SessionKept,
    SessionClosed,
    Written { version: u64 },
    Deleted { existed: bool },
    Found(Found),
    Touched { existed: bool },
    NotSwapped { current: Option<u64> },
    Counted { value: i64, version: u64 },
    Batch(Vec<B>),
    BatchNotDone { at: u32, answer: Box<B> },
    Advanced,
    Evicted { entries: u64 },
    Configured,
    Refused(Refusal),
}

impl From<Nothing> for Operation {
    fn from(nothing: Nothing) -> Operation {
        match nothing {}
    }
}

impl From<Nothing> for Answer {
    fn from(nothing: Nothing) -> Answer {
        match nothing {}
    }
}

impl<B: Into<Operation>> From<ReadOperation<B>> for Operation {
    fn from(read: ReadOperation<B>) -> Operation {
        match read {
            ReadOperation::Put { key, value, ttl } => Operation::Put { key, value, ttl },
            ReadOperation::Delete { key } => Operation::Delete { key },
            ReadOperation::Read(query) => Operation::Read(query),
            ReadOperation::Touch { key, ttl } => Operation::Touch { key, ttl },
            ReadOperation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            } => Operation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            },
            ReadOperation::Increment { key, by } => Operation::Increment { key, by },
            ReadOperation::Batch(batch) => {
                Operation::Batch(batch.into_iter().map(Into::into).collect())
            }
        }
    }
}

impl<B: Into<Answer>> From<ReadAnswer<B>> for Answer {
    fn from(read: ReadAnswer<B>) -> Answer {
        match read {
            ReadAnswer::SessionOpened(session) => Answer::SessionOpened(session),
            ReadAnswer::SessionKept => Answer::SessionKept,
            ReadAnswer::SessionClosed => Answer::SessionClosed,
            ReadAnswer::Written { version } => Answer::Written { version },
            ReadAnswer::Deleted { existed } => Answer::Deleted { existed },
            ReadAnswer::Found(found) => Answer::Found(found),
            ReadAnswer::Touched { existed } => Answer::Touched { existed },
            ReadAnswer::NotSwapped { current } => Answer::NotSwapped { current },
            ReadAnswer::Counted { value, version } => Answer::Counted { value, version },
            ReadAnswer::Batch(batch) => Answer::Batch(batch.into_iter().map(Into::into).collect()),
            ReadAnswer::BatchNotDone { at, answer } => {
                let answer = Box::new((*answer).into());
                Answer::BatchNotDone { at, answer }
            }
            ReadAnswer::Advanced => Answer::Advanced,
            ReadAnswer::Evicted { entries } => Answer::Evicted { entries },
            ReadAnswer::Configured => Answer::Configured,
            ReadAnswer::Refused(refusal) => Answer::Refused(refusal),
        }
    }
}
