//! What clients ask of the cache, and what it answers.

use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A client session: the log index of the command that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// Numbers the requests of one session, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

/// What goes through the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Opens a session.
    OpenSession,
    /// Does something once, however often it is sent.
    Apply(Apply),
}

/// One request of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Apply {
    /// The session.
    pub session: SessionId,
    /// The request's number in it.
    pub sequence: Sequence,
    /// The client has all answers below this: they may be forgotten.
    pub acknowledged: Sequence,
    /// What to do.
    pub operation: Operation,
}

/// What a request does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Writes a key.
    Put {
        /// The key.
        key: Bytes,
        /// Its value from now on.
        value: Bytes,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: Bytes,
    },
    /// Reads a key, in its turn among the writes.
    Get {
        /// The key.
        key: Bytes,
    },
}

impl Operation {
    /// The key that it is about.
    #[must_use]
    pub fn key(&self) -> &Bytes {
        match self {
            Operation::Put { key, .. } | Operation::Delete { key } | Operation::Get { key } => key,
        }
    }
}

/// What the cache says to a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// The session is open.
    SessionOpened(SessionId),
    /// The key is written.
    Written {
        /// The version of the key: the log index of this write.
        version: u64,
    },
    /// The key is not there any more.
    Deleted {
        /// Whether it was there before.
        existed: bool,
    },
    /// What a read in its turn found.
    Found(Option<Versioned>),
    /// Nothing was changed.
    Refused(Refusal),
}

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
    /// The request was applied, and its answer given up.
    #[error("request {sequence} was applied before, and its answer is forgotten", sequence = sequence.0)]
    AnswerForgotten {
        /// The request.
        sequence: Sequence,
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
}

/// A value, and when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Versioned {
    /// The value.
    pub value: Bytes,
    /// The log index of the write.
    pub version: u64,
}

/// Bytes that are not a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these {len} bytes are not a command that this version knows")]
pub struct DecodeError {
    len: usize,
}

impl Command {
    /// The command as the bytes of a log entry; never empty.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let bytes = postcard::to_allocvec(self);
        bytes
            .expect("commands hold nothing that cannot be encoded")
            .into()
    }

    /// The command that [`Command::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn decode(bytes: &[u8]) -> Result<Command, DecodeError> {
        match postcard::take_from_bytes(bytes) {
            Ok((command, [])) => Ok(command),
            Ok(_) | Err(_) => Err(DecodeError { len: bytes.len() }),
        }
    }
}
