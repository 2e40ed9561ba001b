//! What can be read, through the log or beside it, and what a read finds.

use crate::types::LogTime;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What a read asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Query {
    /// One key.
    Get {
        /// The key.
        key: Bytes,
    },
    /// Several keys, as they are at one moment.
    GetMany {
        /// The keys.
        keys: Vec<Bytes>,
    },
    /// The keys that begin with a prefix, in order, one page at a time.
    List {
        /// What they begin with; all keys begin with the empty one.
        prefix: Bytes,
        /// Only keys after this one: the last of the page before.
        after: Option<Bytes>,
        /// At most so many.
        limit: u32,
    },
}

impl Query {
    /// The keys that it names.
    #[must_use]
    pub fn keys(&self) -> &[Bytes] {
        match self {
            Query::Get { key } => std::slice::from_ref(key),
            Query::GetMany { keys } => keys,
            Query::List { .. } => &[],
        }
    }

    /// The bytes of the keys that it names, whole or in part.
    pub(super) fn size(&self) -> usize {
        match self {
            Query::Get { .. } | Query::GetMany { .. } => self.keys().iter().map(Bytes::len).sum(),
            Query::List { prefix, after, .. } => {
                prefix.len() + after.as_ref().map_or(0, Bytes::len)
            }
        }
    }
}

/// What a read found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Found {
    /// The value of the key; none when it is absent.
    Value(Option<Versioned>),
    /// The values of the keys, in the order of the question.
    Values(Vec<Option<Versioned>>),
    /// A page of keys.
    Page {
        /// The keys in order, with their versions.
        keys: Vec<(Bytes, u64)>,
        /// Whether there are more behind the last one.
        more: bool,
    },
}

impl Found {
    /// Whether anything was found.
    #[must_use]
    pub fn is_something(&self) -> bool {
        match self {
            Found::Value(value) => value.is_some(),
            Found::Values(values) => values.iter().any(Option::is_some),
            Found::Page { keys, .. } => !keys.is_empty(),
        }
    }

    /// The bytes of the keys or values found.
    pub(super) fn size(&self) -> u64 {
        let of = |held: &Versioned| held.value.len() as u64;
        match self {
            Found::Value(value) => value.as_ref().map_or(0, of),
            Found::Values(values) => values.iter().flatten().map(of).sum(),
            Found::Page { keys, .. } => keys.iter().map(|(key, _)| key.len() as u64).sum(),
        }
    }
}

/// A value, and when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Versioned {
    /// The value.
    pub value: Bytes,
    /// The log index of the write.
    pub version: u64,
    /// When it expires, if ever.
    pub expires: Option<LogTime>,
}
