//! From text to a scenario, or to an error that says what is wrong, where, and what would be
//! right. Sizes are bounded before anything is built from them.

use super::action::{Action, Keep, ReadPath, TimedAction, check_amount, one};
use super::model::{DiskConfig, Expect, Scenario, bounds};
use super::syntax::SyntaxError;
use crate::cache;
use crate::replica::{
    self, AlertsConfig, ClientId, DigestConfig, LogTimeConfig, ModelConfig, SnapshotConfig,
};
use crate::sim::client::ClientConfig;
use crate::sim::network::{MessageId, NetworkConfig};
use crate::sim::service::{ServiceConfig, ServiceMode};
use crate::types::{ConfigError, Duration, Instant, Mutants, NodeId};
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
    Syntax(SyntaxError),
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
    voters: Option<u32>,
    #[serde(default)]
    mutants: Vec<String>,
    #[serde(default)]
    raft: raft::Config,
    #[serde(default)]
    storage: storage::Config,
    #[serde(default)]
    cache: cache::Config,
    #[serde(default)]
    snapshot: SnapshotConfig,
    #[serde(default)]
    log_time: LogTimeConfig,
    #[serde(default)]
    digest: DigestConfig,
    #[serde(default)]
    model: ModelConfig,
    #[serde(default)]
    alerts: AlertsConfig,
    #[serde(default)]
    network: NetworkConfig,
    #[serde(default)]
    disk: DiskConfig,
    #[serde(default)]
    clients: ClientConfig,
    #[serde(default)]
    model_service: ServiceConfig,
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
    path: Option<String>,
    voters: Option<Vec<NodeId>>,
    learners: Option<Vec<NodeId>>,
    ppm: Option<i64>,
    mode: Option<ServiceMode>,
    forward: Option<Duration>,
    back: Option<Duration>,
    keep: Option<Keep>,
    file: Option<String>,
    offset: Option<u64>,
    bit: Option<u8>,
    bytes: Option<u64>,
    factor: Option<u32>,
    count: Option<u64>,
    image: Option<String>,
    except: Option<Vec<NodeId>>,
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
        let syntax = |error: toml::de::Error| ScenarioError::Syntax(SyntaxError::new(text, &error));
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
        let mutants = Mutants::named(&raw.mutants).map_err(ScenarioError::Impossible)?;
        let mut scenario = raw.into_scenario(mutants);
        scenario.validate().map_err(ScenarioError::Impossible)?;
        for (row, number) in rows.into_iter().zip(1..) {
            scenario.actions.push(row.read(number, &scenario)?);
        }
        check_amount(&scenario.actions).map_err(ScenarioError::Impossible)?;
        // Stable: actions of one moment happen in the order of the file.
        scenario.actions.sort_by_key(|timed| timed.at);
        Ok(scenario)
    }
}

impl Raw {
    fn into_scenario(self, mutants: Mutants) -> Scenario {
        Scenario {
            name: self.name,
            about: self.about.trim().into(),
            seed: self.seed,
            end: Instant::ZERO + self.end,
            nodes: self.nodes,
            voters: self.voters,
            mutants,
            server: replica::Config {
                raft: self.raft,
                storage: self.storage,
                cache: self.cache,
                snapshot: self.snapshot,
                alerts: self.alerts,
                log_time: self.log_time,
                digest: self.digest,
                model: self.model,
            },
            network: self.network,
            disk: self.disk,
            clients: self.clients,
            service: self.model_service,
            actions: Vec::new(),
            expect: self.expect,
        }
    }
}

/// The verbs, each with the fields that it takes.
const VERBS: &str = "crash (node, keep); \
                     restart, isolate, take_snapshot, shut_down, kill, wipe_disk (node); \
                     corrupt (node, file, offset, bit); tear (node, file, bytes); \
                     remove_file (node, file); resize_disk (node, bytes); \
                     slow_disk (node, factor); fail_syncs (node, count); \
                     keep_image, restore_image (node, image); recreate_cluster (except); \
                     transfer_leadership (to); change_membership (voters, learners); \
                     drift_clock (node, ppm); jump_clock (node, forward or back); \
                     partition (groups); \
                     cut, mend (from, to); heal; drop, duplicate (message); \
                     delay (message, by); \
                     put (client, key, value); get (client, key, node, path); delete (client, key); \
                     write (client, keys, prefix, first); read (client, keys, prefix, first, node, path); \
                     model_service (mode)";

impl Row {
    fn read(mut self, number: usize, scenario: &Scenario) -> Result<TimedAction, ScenarioError> {
        let at = self.at.take();
        let wrong = |what: String| ScenarioError::Action { number, at, what };
        let time = at.ok_or_else(|| wrong("`at` is missing: when, as \"2s\"".into()))?;
        let verb = self
            .verb
            .take()
            .ok_or_else(|| wrong(format!("`do` is missing: {VERBS}")))?;
        let action = self.action(&verb, scenario).map_err(wrong)?;
        if let Some(field) = self.left_over() {
            return Err(wrong(format!("`{verb}` takes no `{field}`; {VERBS}")));
        }
        let at = Instant::ZERO + time;
        let timed = TimedAction { at, action };
        timed
            .validate(scenario.nodes, scenario.clients.count)
            .map_err(|e| {
                let (field, given, accepted) = (e.field, e.given, e.accepted);
                wrong(format!(
                    "`{field}` of `{verb}` is {given}, but must be {accepted}"
                ))
            })?;
        Ok(timed)
    }

    /// The action, all that it must have taken out of the row.
    fn action(&mut self, verb: &str, scenario: &Scenario) -> Result<Action, String> {
        let server = || format!("a server, 1 to {}", scenario.nodes);
        let node = |row: &mut Row| need(row.node.take(), verb, "node", server);
        let message = |row: &mut Row| {
            need(row.message.take(), verb, "message", || {
                "the number of a message in flight".into()
            })
        };
        Ok(match verb {
            "crash" => Action::Crash {
                node: node(self)?,
                keep: self.keep.take().unwrap_or_default(),
            },
            "model_service" => Action::ModelService {
                mode: need(self.mode.take(), verb, "mode", || {
                    format!(
                        "one of {}",
                        ServiceMode::ALL.map(ServiceMode::name).join(", ")
                    )
                })?,
            },
            "kill" => Action::Kill { node: node(self)? },
            "wipe_disk" => Action::WipeDisk { node: node(self)? },
            "recreate_cluster" => Action::RecreateCluster {
                except: self.except.take().unwrap_or_default(),
            },
            "corrupt" | "tear" | "remove_file" | "resize_disk" | "slow_disk" | "fail_syncs"
            | "keep_image" | "restore_image" => {
                let node = node(self)?;
                self.fault(verb, node)?
            }
            "restart" => Action::Restart { node: node(self)? },
            "isolate" => Action::Isolate { node: node(self)? },
            "take_snapshot" => Action::TakeSnapshot { node: node(self)? },
            "shut_down" => Action::ShutDown { node: node(self)? },
            "transfer_leadership" => Action::TransferLeadership { to: self.to.take() },
            "change_membership" => Action::ChangeMembership {
                voters: need(self.voters.take(), verb, "voters", || {
                    "a list of servers, as [1, 2, 3]".into()
                })?,
                learners: self.learners.take().unwrap_or_default(),
            },
            "partition" => Action::Partition {
                groups: need(self.groups.take(), verb, "groups", || {
                    "lists of servers, as [[1], [2, 3]]".into()
                })?,
            },
            "cut" => Action::Cut {
                from: need(self.from.take(), verb, "from", server)?,
                to: need(self.to.take(), verb, "to", server)?,
            },
            "mend" => Action::Mend {
                from: need(self.from.take(), verb, "from", server)?,
                to: need(self.to.take(), verb, "to", server)?,
            },
            "heal" => Action::Heal,
            "drift_clock" => Action::DriftClock {
                node: node(self)?,
                ppm: need(self.ppm.take(), verb, "ppm", || {
                    "parts per million, negative for slower".into()
                })?,
            },
            "jump_clock" => Action::JumpClock {
                node: node(self)?,
                forward: self.forward.take(),
                back: self.back.take(),
            },
            "drop" => Action::Drop {
                message: message(self)?,
            },
            "duplicate" => Action::Duplicate {
                message: message(self)?,
            },
            "delay" => Action::Delay {
                message: message(self)?,
                by: need(self.by.take(), verb, "by", || {
                    "a duration, as \"50ms\"".into()
                })?,
            },
            "put" | "get" | "delete" | "write" | "read" => self.request(verb, scenario)?,
            unknown => {
                let unknown: String = unknown.chars().take(40).collect();
                return Err(format!("`{unknown}` is no action; there are {VERBS}"));
            }
        })
    }

    /// What is done to a disk.
    fn fault(&mut self, verb: &str, node: NodeId) -> Result<Action, String> {
        let number = |what: &'static str| move || what.into();
        let named = |name: Option<String>, field: &str, what: &'static str| {
            need(name, verb, field, || what.into())
        };
        Ok(match verb {
            "corrupt" => Action::Corrupt {
                node,
                file: named(self.file.take(), "file", "the name of a file")?,
                offset: need(self.offset.take(), verb, "offset", number("a byte, from 0"))?,
                bit: self.bit.take().unwrap_or_default(),
            },
            "tear" => Action::Tear {
                node,
                file: named(self.file.take(), "file", "the name of a file")?,
                bytes: need(
                    self.bytes.take(),
                    verb,
                    "bytes",
                    number("a number of bytes"),
                )?,
            },
            "remove_file" => Action::RemoveFile {
                node,
                file: named(self.file.take(), "file", "the name of a file")?,
            },
            "resize_disk" => Action::ResizeDisk {
                node,
                bytes: self.bytes.take(),
            },
            "slow_disk" => Action::SlowDisk {
                node,
                factor: need(
                    self.factor.take(),
                    verb,
                    "factor",
                    number("a factor, 1 or more"),
                )?,
            },
            "fail_syncs" => Action::FailSyncs {
                node,
                count: need(
                    self.count.take(),
                    verb,
                    "count",
                    number("a number of syncs"),
                )?,
            },
            "keep_image" => Action::KeepImage {
                node,
                image: named(self.image.take(), "image", "a name for the copy")?,
            },
            _ => Action::RestoreImage {
                node,
                image: named(self.image.take(), "image", "the name of a kept copy")?,
            },
        })
    }

    /// What a client is asked to do.
    fn request(&mut self, verb: &str, scenario: &Scenario) -> Result<Action, String> {
        let text = || "a text".into();
        let client = need(self.client.take(), verb, "client", || {
            format!("a client, 1 to {}", scenario.clients.count)
        })?;
        if matches!(verb, "put" | "get" | "delete") {
            let key = need(self.key.take(), verb, "key", text)?;
            return Ok(match verb {
                "put" => {
                    let value = need(self.value.take(), verb, "value", text)?;
                    Action::Put { client, key, value }
                }
                "get" => {
                    let (node, path) = (self.node.take(), self.read_path()?);
                    Action::Get {
                        client,
                        key,
                        node,
                        path,
                    }
                }
                _ => Action::Delete { client, key },
            });
        }
        let most = bounds::KEYS;
        let keys = need(self.keys.take(), verb, "keys", || {
            format!("a number, 1 to {most}")
        })?;
        let prefix = need(self.prefix.take(), verb, "prefix", text)?;
        let first = self.first.take().unwrap_or_else(one);
        Ok(match verb {
            "write" => Action::Write {
                client,
                keys,
                prefix,
                first,
            },
            _ => Action::Read {
                client,
                keys,
                prefix,
                first,
                node: self.node.take(),
                path: self.read_path()?,
            },
        })
    }

    fn read_path(&mut self) -> Result<ReadPath, String> {
        let Some(name) = self.path.take() else {
            return Ok(ReadPath::default());
        };
        let found = ReadPath::ALL.into_iter().find(|path| path.name() == name);
        found.ok_or_else(|| {
            let given: String = name.chars().take(40).collect();
            format!("`path` is \"{given}\", but must be one of quorum, lease, stale, log")
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
            ("path", self.path.is_some()),
            ("voters", self.voters.is_some()),
            ("learners", self.learners.is_some()),
            ("ppm", self.ppm.is_some()),
            ("forward", self.forward.is_some()),
            ("back", self.back.is_some()),
            ("keep", self.keep.is_some()),
            ("file", self.file.is_some()),
            ("offset", self.offset.is_some()),
            ("bit", self.bit.is_some()),
            ("bytes", self.bytes.is_some()),
            ("factor", self.factor.is_some()),
            ("count", self.count.is_some()),
            ("image", self.image.is_some()),
            ("except", self.except.is_some()),
            ("mode", self.mode.is_some()),
        ];
        fields
            .iter()
            .find(|(_, given)| *given)
            .map(|(name, _)| *name)
    }
}

fn need<T>(
    field: Option<T>,
    verb: &str,
    name: &str,
    accepted: impl FnOnce() -> String,
) -> Result<T, String> {
    field.ok_or_else(|| format!("`{verb}` needs `{name}`, {}", accepted()))
}
