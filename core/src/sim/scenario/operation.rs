//! What a client is asked to do, as a scenario says it.

use super::action::{Action, ReadPath, is_default};
use super::model::bounds;
use super::possible::check_text;
use crate::replica::ClientId;
use crate::types::{ConfigError, Duration, NodeId, check_range};
use serde::{Deserialize, Serialize};

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Writes a key.
    Put {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// How long it lives; until it is deleted or evicted when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Duration>,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: String,
    },
    /// Reads a key.
    Get {
        /// The key.
        key: String,
        /// The server to ask; any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Which way the read takes.
        #[serde(default, skip_serializing_if = "is_default")]
        path: ReadPath,
    },
    /// Changes how long a key lives from now on.
    Touch {
        /// The key.
        key: String,
        /// How long it lives from now on; until it is deleted or evicted when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Duration>,
    },
    /// Writes a key if nobody else has written it meanwhile.
    CompareAndSwap {
        /// The key.
        key: String,
        /// The version that it must have; it must be absent when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<u64>,
        /// Its value from then on.
        value: String,
        /// How long it lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Duration>,
    },
    /// Adds to a number; an absent key counts as 0.
    Increment {
        /// The key.
        key: String,
        /// What to add; may be negative.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        add: i64,
    },
    /// Reads several keys as they are at one moment.
    GetMany {
        /// The keys.
        of: Vec<String>,
        /// The server to ask; any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Which way the read takes.
        #[serde(default, skip_serializing_if = "is_default")]
        path: ReadPath,
    },
    /// Lists keys in order, one page.
    List {
        /// What they begin with.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// Only keys after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// At most so many.
        #[serde(default = "page", skip_serializing_if = "is_page")]
        limit: u32,
        /// The server to ask; any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Which way the read takes.
        #[serde(default, skip_serializing_if = "is_default")]
        path: ReadPath,
    },
    /// All of these or none, as if at once.
    Batch {
        /// The operations; reads among them take their turn in the log.
        operations: Vec<Operation>,
    },
}

pub(super) fn one() -> i64 {
    1
}

pub(super) fn is_one(number: &i64) -> bool {
    *number == one()
}

/// How many keys a page has unless somebody says it.
pub(super) fn page() -> u32 {
    100
}

pub(super) fn is_page(limit: &u32) -> bool {
    *limit == page()
}

impl Operation {
    /// The action that gives it to a client.
    #[must_use]
    pub fn of(self, client: ClientId) -> Action {
        match self {
            Operation::Put { key, value, ttl } => Action::Put {
                client,
                key,
                value,
                ttl,
            },
            Operation::Delete { key } => Action::Delete { client, key },
            Operation::Get { key, node, path } => Action::Get {
                client,
                key,
                node,
                path,
            },
            Operation::Touch { key, ttl } => Action::Touch { client, key, ttl },
            Operation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            } => Action::CompareAndSwap {
                client,
                key,
                expected,
                value,
                ttl,
            },
            Operation::Increment { key, add } => Action::Increment { client, key, add },
            Operation::GetMany { of, node, path } => Action::GetMany {
                client,
                of,
                node,
                path,
            },
            Operation::List {
                prefix,
                after,
                limit,
                node,
                path,
            } => Action::List {
                client,
                prefix,
                after,
                limit,
                node,
                path,
            },
            Operation::Batch { operations } => Action::Batch { client, operations },
        }
    }

    /// The server that is asked, and no other.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Operation::Get { node, .. }
            | Operation::GetMany { node, .. }
            | Operation::List { node, .. } => *node,
            _ => None,
        }
    }

    /// Refuses what is too long for a scenario, or cannot be. What the cache accepts is its own
    /// matter: a refusal of it can be what a scenario shows.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn validate(&self, nodes: u32) -> Result<(), ConfigError> {
        if let Some(node) = self.node().filter(|node| !(1..=nodes).contains(&node.0)) {
            let accepted = format!("a server, 1 to {nodes}");
            return Err(ConfigError::new("node", node.0, accepted));
        }
        let key = |key: &str| check_text("key", key, 1, bounds::NAME);
        match self {
            Operation::Put {
                key: name,
                value,
                ttl,
            } => {
                key(name)?;
                check_text("value", value, 0, bounds::VALUE)?;
                check_ttl(*ttl)
            }
            Operation::CompareAndSwap {
                key: name,
                expected,
                value,
                ttl,
            } => {
                key(name)?;
                check_text("value", value, 0, bounds::VALUE)?;
                if let Some(expected) = expected {
                    check_range("expected", *expected, 1, bounds::MESSAGE - 1)?;
                }
                check_ttl(*ttl)
            }
            Operation::Touch { key: name, ttl } => {
                key(name)?;
                check_ttl(*ttl)
            }
            Operation::Delete { key: name }
            | Operation::Get { key: name, .. }
            | Operation::Increment { key: name, .. } => key(name),
            Operation::GetMany { of, .. } => {
                check_range("the number of keys", of.len(), 1, bounds::AT_ONCE)?;
                of.iter()
                    .try_for_each(|name| check_text("of", name, 1, bounds::NAME))
            }
            Operation::List {
                prefix,
                after,
                limit,
                ..
            } => {
                check_text("prefix", prefix, 0, bounds::NAME)?;
                check_text("after", after.as_deref().unwrap_or(""), 0, bounds::NAME)?;
                check_range("limit", *limit, 1, bounds::PAGE)
            }
            Operation::Batch { operations } => check_batch(operations, nodes),
        }
    }
}

fn check_ttl(ttl: Option<Duration>) -> Result<(), ConfigError> {
    ttl.map_or(Ok(()), |ttl| {
        check_range("ttl", ttl, Duration::micros(1), bounds::TTL)
    })
}

fn check_batch(operations: &[Operation], nodes: u32) -> Result<(), ConfigError> {
    let count = "the number of operations";
    check_range(count, operations.len(), 1, bounds::AT_ONCE)?;
    for operation in operations {
        operation.validate(nodes)?;
        let wrong = match operation {
            Operation::Batch { .. } => "operations other than a batch",
            Operation::Get {
                node: None, path, ..
            }
            | Operation::GetMany {
                node: None, path, ..
            }
            | Operation::List {
                node: None, path, ..
            } if is_default(path) => continue,
            Operation::Get { .. } | Operation::GetMany { .. } | Operation::List { .. } => {
                "reads without node and path: the whole batch goes through the log"
            }
            _ => continue,
        };
        return Err(ConfigError::new("operations", operation, wrong));
    }
    Ok(())
}

impl core::fmt::Display for Operation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Operation::Put { key, value, ttl } => {
                write!(f, "put {key} = {}", Cut(value))?;
                living(f, *ttl)
            }
            Operation::Delete { key } => write!(f, "delete {key}"),
            Operation::Get { key, node, path } => {
                write!(f, "get {key}")?;
                way(f, *node, *path)
            }
            Operation::Touch { key, ttl: None } => write!(f, "touch {key}, to live for ever"),
            Operation::Touch { key, ttl } => {
                write!(f, "touch {key}")?;
                living(f, *ttl)
            }
            Operation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            } => {
                write!(f, "put {key} = {}", Cut(value))?;
                match expected {
                    Some(version) => write!(f, " at version {version}")?,
                    None => f.write_str(" if absent")?,
                }
                living(f, *ttl)
            }
            Operation::Increment { key, add } => write!(f, "add {add} to {key}"),
            Operation::GetMany { of, node, path } => {
                let more = if of.len() > TOLD { ", …" } else { "" };
                let told = of.iter().take(TOLD).map(String::as_str);
                write!(f, "get {}{more}", told.collect::<Vec<_>>().join(", "))?;
                way(f, *node, *path)
            }
            Operation::List {
                prefix,
                after,
                limit,
                node,
                path,
            } => {
                match prefix.as_str() {
                    "" => f.write_str("list all keys")?,
                    prefix => write!(f, "list keys that begin with {prefix}")?,
                }
                if let Some(after) = after {
                    write!(f, " after {after}")?;
                }
                write!(f, ", {limit} at most")?;
                way(f, *node, *path)
            }
            Operation::Batch { operations } => {
                let told = operations.iter().take(TOLD).map(ToString::to_string);
                write!(f, "at once: {}", told.collect::<Vec<_>>().join("; "))?;
                match operations.len().saturating_sub(TOLD) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

/// How many keys or operations of a list are told.
const TOLD: usize = 3;
/// How many characters of a value are told.
const VALUE: usize = 60;

/// A value, or its beginning.
struct Cut<'a>(&'a str);

impl core::fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0.char_indices().nth(VALUE) {
            None => f.write_str(self.0),
            Some((end, _)) => write!(f, "{}… ({} bytes)", &self.0[..end], self.0.len()),
        }
    }
}

fn living(f: &mut core::fmt::Formatter<'_>, ttl: Option<Duration>) -> core::fmt::Result {
    ttl.map_or(Ok(()), |ttl| write!(f, " for {ttl}"))
}

fn way(
    f: &mut core::fmt::Formatter<'_>,
    node: Option<NodeId>,
    path: ReadPath,
) -> core::fmt::Result {
    if let Some(node) = node {
        write!(f, " of {node}")?;
    }
    match path {
        ReadPath::Quorum => Ok(()),
        ReadPath::Lease => f.write_str(" by lease"),
        ReadPath::Stale => f.write_str(", stale allowed"),
        ReadPath::Log => f.write_str(" through the log"),
    }
}
