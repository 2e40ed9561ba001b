//! From text to a scenario, or to an error that says what is wrong, where, and what would be
//! right. Sizes are bounded before anything is built from them.

use super::model::{Action, DiskConfig, Expect, Scenario, TimedAction, bounds, one};
use crate::cache::Limits;
use crate::replica::{self, ClientId, SnapshotConfig};
use crate::sim::client::ClientConfig;
use crate::sim::network::{MessageId, NetworkConfig};
use crate::types::{ConfigError, Duration, Instant, NodeId};
use crate::{raft, storage};
use serde::Deserialize;

/// The version of the format that this build reads and writes.
pub const VERSION: u64 = 1;

/// Why a text is not a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// It is longer than any scenario.
    #[error("the scenario has {given} bytes; at most {most} are accepted", most = bounds::TEXT)]
    TooLarge {
        /// Its bytes.
        given: usize,
    },
    /// It is not TOML, or a field has another type or name than it should: the text shows the
    /// place.
    #[error("the scenario cannot be read: {0}")]
    Syntax(String),
    /// It does not say its version.
    #[error("the scenario does not say `flotilla = {VERSION}`, the version of its format")]
    NoVersion,
    /// It is of a later version.
    #[error(
        "the scenario says flotilla = {given}, and this build reads {VERSION}: a newer Flotilla wrote it"
    )]
    Version {
        /// What it says.
        given: i64,
    },
    /// It asks for something impossible.
    #[error("{0}")]
    Impossible(ConfigError),
    /// One of its actions is wrong.
    #[error("action {number}{when}: {what}", when = at.map(|at| format!(" (at {at})")).unwrap_or_default())]
    Action {
        /// Which, from 1.
        number: usize,
        /// Its time, if it says so.
        at: Option<Duration>,
        /// What is wrong.
        what: String,
    },
}

/// Only the version, whatever else a later version may say.
#[derive(Deserialize)]
struct Version {
    flotilla: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "flotilla")]
    _version: i64,
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    seed: u64,
    end: Duration,
    nodes: u32,
    #[serde(default)]
    raft: raft::Config,
    #[serde(default)]
    storage: storage::Config,
    #[serde(default)]
    cache: Limits,
    #[serde(default)]
    snapshot: SnapshotConfig,
    #[serde(default)]
    network: NetworkConfig,
    #[serde(default)]
    disk: DiskConfig,
    #[serde(default)]
    clients: ClientConfig,
    #[serde(default)]
    actions: Vec<Row>,
    #[serde(default)]
    expect: Expect,
}

/// An action as it is written: which fields belong to which verb is checked afterwards, so that
/// the error can say so.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    at: Option<Duration>,
    #[serde(rename = "do")]
    verb: Option<String>,
    node: Option<NodeId>,
    groups: Option<Vec<Vec<NodeId>>>,
    from: Option<NodeId>,
    to: Option<NodeId>,
    message: Option<MessageId>,
    by: Option<Duration>,
    client: Option<ClientId>,
    key: Option<String>,
    value: Option<String>,
    keys: Option<u64>,
    prefix: Option<String>,
    first: Option<u64>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what would be right.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        if text.len() > bounds::TEXT {
            return Err(ScenarioError::TooLarge { given: text.len() });
        }
        let syntax = |error: toml::de::Error| ScenarioError::Syntax(error.to_string());
        let version: Version = toml::from_str(text).map_err(syntax)?;
        match version.flotilla {
            None => return Err(ScenarioError::NoVersion),
            Some(given) if given != VERSION as i64 => {
                return Err(ScenarioError::Version { given });
            }
            Some(_) => {}
        }
        let raw: Raw = toml::from_str(text).map_err(syntax)?;
        if raw.actions.len() > bounds::ACTIONS {
            let accepted = format!("at most {}", bounds::ACTIONS);
            let error = ConfigError::new("the number of actions", raw.actions.len(), accepted);
            return Err(ScenarioError::Impossible(error));
        }
        let rows = raw.actions.clone();
        let mut scenario = raw.into_scenario();
        scenario.validate().map_err(ScenarioError::Impossible)?;
        for (row, number) in rows.into_iter().zip(1..) {
            scenario.actions.push(row.read(number, &scenario)?);
        }
        scenario.actions.sort_by_key(|timed| timed.at);
        Ok(scenario)
    }
}

impl Raw {
    fn into_scenario(self) -> Scenario {
        let (raft, storage, cache, snapshot) = (self.raft, self.storage, self.cache, self.snapshot);
        Scenario {
            name: self.name,
            about: self.about.trim().into(),
            seed: self.seed,
            end: Instant::ZERO + self.end,
            nodes: self.nodes,
            server: replica::Config {
                raft,
                storage,
                cache,
                snapshot,
            },
            network: self.network,
            disk: self.disk,
            clients: self.clients,
            actions: Vec::new(),
            expect: self.expect,
        }
    }
}

/// The verbs, each with the fields that it takes.
const VERBS: &str = "crash, restart, isolate, take_snapshot (node); partition (groups); \
                     cut (from, to); heal; drop (message); delay (message, by); \
                     put (client, key, value); get (client, key, node); delete (client, key); \
                     write (client, keys, prefix, first); read (client, keys, prefix, first, node)";

impl Row {
    fn read(mut self, number: usize, scenario: &Scenario) -> Result<TimedAction, ScenarioError> {
        let at = self.at.take();
        let wrong = |what: String| ScenarioError::Action { number, at, what };
        let time = at.ok_or_else(|| wrong("`at` is missing: when, as \"2s\"".into()))?;
        let verb = self
            .verb
            .take()
            .ok_or_else(|| wrong(format!("`do` is missing: {VERBS}")))?;
        let action = self.action(&verb).map_err(wrong)?;
        if let Some(field) = self.left_over() {
            return Err(wrong(format!("`{verb}` takes no `{field}`; {VERBS}")));
        }
        action
            .validate(scenario.nodes, scenario.clients.count)
            .map_err(|e| {
                wrong(format!(
                    "`{}` of `{verb}` is {}, but must be {}",
                    e.field, e.given, e.accepted
                ))
            })?;
        Ok(TimedAction {
            at: Instant::ZERO + time,
            action,
        })
    }

    fn action(&mut self, verb: &str) -> Result<Action, String> {
        fn need<T>(field: Option<T>, verb: &str, name: &str) -> Result<T, String> {
            field.ok_or_else(|| format!("`{verb}` needs `{name}`"))
        }
        let client = |row: &mut Row| need(row.client.take(), verb, "client");
        Ok(match verb {
            "crash" => Action::Crash {
                node: need(self.node.take(), verb, "node")?,
            },
            "restart" => Action::Restart {
                node: need(self.node.take(), verb, "node")?,
            },
            "isolate" => Action::Isolate {
                node: need(self.node.take(), verb, "node")?,
            },
            "take_snapshot" => Action::TakeSnapshot {
                node: need(self.node.take(), verb, "node")?,
            },
            "partition" => Action::Partition {
                groups: need(self.groups.take(), verb, "groups")?,
            },
            "cut" => Action::Cut {
                from: need(self.from.take(), verb, "from")?,
                to: need(self.to.take(), verb, "to")?,
            },
            "heal" => Action::Heal,
            "drop" => Action::Drop {
                message: need(self.message.take(), verb, "message")?,
            },
            "delay" => Action::Delay {
                message: need(self.message.take(), verb, "message")?,
                by: need(self.by.take(), verb, "by")?,
            },
            "put" => Action::Put {
                client: client(self)?,
                key: need(self.key.take(), verb, "key")?,
                value: need(self.value.take(), verb, "value")?,
            },
            "get" => Action::Get {
                client: client(self)?,
                key: need(self.key.take(), verb, "key")?,
                node: self.node.take(),
            },
            "delete" => Action::Delete {
                client: client(self)?,
                key: need(self.key.take(), verb, "key")?,
            },
            "write" => Action::Write {
                client: client(self)?,
                keys: need(self.keys.take(), verb, "keys")?,
                prefix: need(self.prefix.take(), verb, "prefix")?,
                first: self.first.take().unwrap_or_else(one),
            },
            "read" => Action::Read {
                client: client(self)?,
                keys: need(self.keys.take(), verb, "keys")?,
                prefix: need(self.prefix.take(), verb, "prefix")?,
                first: self.first.take().unwrap_or_else(one),
                node: self.node.take(),
            },
            unknown => return Err(format!("`{unknown}` is no action; there are {VERBS}")),
        })
    }

    /// A field that was given and that the verb does not take.
    fn left_over(&self) -> Option<&'static str> {
        let fields = [
            ("node", self.node.is_some()),
            ("groups", self.groups.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
            ("message", self.message.is_some()),
            ("by", self.by.is_some()),
            ("client", self.client.is_some()),
            ("key", self.key.is_some()),
            ("value", self.value.is_some()),
            ("keys", self.keys.is_some()),
            ("prefix", self.prefix.is_some()),
            ("first", self.first.is_some()),
        ];
        fields
            .iter()
            .find(|(_, given)| *given)
            .map(|(name, _)| *name)
    }
}
