//! What clients ask of the cache, and what it answers.

use super::config::PolicyKind;
use super::nesting;
use super::query::{Found, Query};
use super::refusal::Refusal;
use crate::types::LogTime;
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

/// A key from when it is written into the cache until it leaves it: shorter than the key, and
/// another one when the key comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub u64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// How long a key is to live, in microseconds of log time from when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeToLive(pub u64);

/// What an entry of the log carries: a command, and what only its leader could know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamped {
    /// Log time, as the leader estimated it when it proposed the command. The state machine never
    /// goes back: of a stamp and the time that it has, the later one counts.
    pub time: LogTime,
    /// Reads of keys that the log did not see, so that all servers know how hot a key is.
    pub touched: Vec<Touched>,
    /// The command.
    pub command: Command,
}

/// An entry that was read outside the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Touched {
    /// The entry.
    pub entry: EntryId,
    /// How often it is to be counted, at least once.
    pub times: u32,
}

/// What goes through the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Opens a session.
    OpenSession,
    /// Does something once, however often it is sent.
    Apply(Apply),
    /// The session is still wanted.
    KeepAlive(SessionId),
    /// The session is not wanted any more.
    CloseSession(SessionId),
    /// Only time passes, and what has expired goes.
    Advance,
    /// These entries go, because a model chose them; those written again meanwhile stay.
    Evict(Vec<Chosen>),
    /// Another policy, another capacity.
    Configure(Configure),
}

/// An entry that is to be evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chosen {
    /// The entry.
    pub entry: EntryId,
    /// Its version when it was chosen.
    pub version: u64,
}

/// What is to be different from here on in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configure {
    /// Who decides what is evicted.
    pub policy: Option<PolicyKind>,
    /// How many bytes of keys and values are held.
    pub capacity: Option<u64>,
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
#[serde(from = "nesting::AnyOperation")]
pub enum Operation {
    /// Writes a key. Without a time to live it stays until it is deleted or evicted, also if it
    /// had one before.
    Put {
        /// The key.
        key: Bytes,
        /// Its value from now on.
        value: Bytes,
        /// How long it lives.
        ttl: Option<TimeToLive>,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: Bytes,
    },
    /// Reads, in its turn among the writes.
    Read(Query),
    /// Changes how long a key lives from now on, and not its value or version.
    Touch {
        /// The key.
        key: Bytes,
        /// How long it lives from now on.
        ttl: Option<TimeToLive>,
    },
    /// Writes a key if nobody else has written it meanwhile.
    CompareAndSwap {
        /// The key.
        key: Bytes,
        /// The version that it must have; none when it must be absent.
        expected: Option<u64>,
        /// Its value from now on.
        value: Bytes,
        /// How long it lives.
        ttl: Option<TimeToLive>,
    },
    /// Adds to a value that is a decimal number of 64 bits; an absent key counts as 0. How long the
    /// key lives does not change.
    Increment {
        /// The key.
        key: Bytes,
        /// What to add; may be negative.
        by: i64,
    },
    /// All of these or none, as if at once: if one is refused, or finds another version than it
    /// expects, nothing changes.
    Batch(Vec<Operation>),
}

impl Operation {
    /// The first key that it is about; none for a listing or an empty batch.
    #[must_use]
    pub fn key(&self) -> Option<&Bytes> {
        match self {
            Operation::Put { key, .. }
            | Operation::Delete { key }
            | Operation::Touch { key, .. }
            | Operation::CompareAndSwap { key, .. }
            | Operation::Increment { key, .. } => Some(key),
            Operation::Read(query) => query.keys().first(),
            Operation::Batch(operations) => operations.iter().find_map(Operation::key),
        }
    }

    /// The keys that it is about, one after the other.
    #[must_use]
    pub fn keys(&self) -> Vec<Bytes> {
        match self {
            Operation::Batch(operations) => operations.iter().flat_map(Operation::keys).collect(),
            Operation::Read(query) => query.keys().to_vec(),
            one => one.key().into_iter().cloned().collect(),
        }
    }

    /// The bytes of its keys and values.
    #[must_use]
    pub fn size(&self) -> u64 {
        let size = match self {
            Operation::Put { key, value, .. } | Operation::CompareAndSwap { key, value, .. } => {
                key.len() + value.len()
            }
            Operation::Delete { key }
            | Operation::Touch { key, .. }
            | Operation::Increment { key, .. } => key.len(),
            Operation::Read(query) => query.size(),
            Operation::Batch(operations) => return operations.iter().map(Operation::size).sum(),
        };
        size as u64
    }
}

/// What the cache says to a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "nesting::AnyAnswer")]
pub enum Answer {
    /// The session is open.
    SessionOpened(SessionId),
    /// The session stays open.
    SessionKept,
    /// The session is closed.
    SessionClosed,
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
    Found(Found),
    /// How long the key lives is changed, if there is such a key.
    Touched {
        /// Whether there is.
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
    /// The whole batch was done; the answers of its operations in order.
    Batch(Vec<Answer>),
    /// Nothing of the batch was done.
    BatchNotDone {
        /// The operation that stands against it, from 0.
        at: u32,
        /// What that one would have been answered.
        answer: Box<Answer>,
    },
    /// Time has passed.
    Advanced,
    /// The chosen entries are gone.
    Evicted {
        /// How many were still there, as they were when they were chosen.
        entries: u64,
    },
    /// It is different from now on.
    Configured,
    /// Nothing was changed.
    Refused(Refusal),
}

/// Bytes that are not a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these {len} bytes are not a command that this version knows")]
pub struct DecodeError {
    len: usize,
}

impl Stamped {
    /// A command that no leader has stamped: no time passes, and nothing was read.
    #[must_use]
    pub fn plain(command: Command) -> Stamped {
        Stamped {
            time: LogTime::ZERO,
            touched: Vec::new(),
            command,
        }
    }

    /// The bytes of a log entry; never empty.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let bytes = postcard::to_allocvec(self);
        bytes
            .expect("commands hold nothing that cannot be encoded")
            .into()
    }

    /// What [`Stamped::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn decode(bytes: &[u8]) -> Result<Stamped, DecodeError> {
        match postcard::take_from_bytes(bytes) {
            Ok((stamped, [])) => Ok(stamped),
            Ok(_) | Err(_) => Err(DecodeError { len: bytes.len() }),
        }
    }
}
