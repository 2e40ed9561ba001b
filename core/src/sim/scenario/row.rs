//! One action of a scenario's file, as it is written.

use super::action::{Action, Keep, ReadPath, TimedAction, one};
use super::model::{Scenario, bounds};
use super::operation::{self, Operation};
use super::parse::ScenarioError;
use super::workload::{Distribution, Gaps, Workload};
use crate::cache::PolicyKind;
use crate::replica::ClientId;
use crate::sim::network::MessageId;
use crate::sim::service::ServiceMode;
use crate::types::{Duration, Instant, NodeId};
use serde::Deserialize;

/// An action as it is written: which fields belong to which verb is checked afterwards, so that
/// the error can say so.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
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
    mode: Option<ServiceMode>,
    ttl: Option<Duration>,
    expected: Option<u64>,
    add: Option<i64>,
    of: Option<Vec<String>>,
    after: Option<String>,
    limit: Option<u32>,
    operations: Option<Vec<Operation>>,
    policy: Option<PolicyKind>,
    capacity_bytes: Option<u64>,
    #[serde(rename = "for")]
    lasting: Option<Duration>,
    rate: Option<u64>,
    gaps: Option<Gaps>,
    distribution: Option<Distribution>,
    skew: Option<u64>,
    shift_every: Option<Duration>,
    value_least: Option<u64>,
    value_most: Option<u64>,
    long_tail: Option<bool>,
    reads_percent: Option<u64>,
    read_through: Option<bool>,
}

/// The verbs, each with the fields that it takes.
const VERBS: &str = "crash (node, keep); \
                     restart, isolate, take_snapshot, shut_down, kill, pause, resume, wipe_disk (node); \
                     slow_server (node, factor); align_timers; spread_timers; \
                     corrupt (node, file, offset, bit); tear (node, file, bytes); \
                     remove_file (node, file); resize_disk (node, bytes); \
                     slow_disk (node, factor); fail_syncs (node, count); \
                     keep_image, restore_image (node, image); recreate_cluster (except); \
                     transfer_leadership (to); change_membership (voters, learners); \
                     drift_clock (node, ppm); jump_clock (node, forward or back); \
                     partition (groups); \
                     cut, mend (from, to); heal; drop, duplicate, deliver (message); \
                     delay (message, by); \
                     put (client, key, value, ttl); get (client, key, node, path); delete (client, key); \
                     touch (client, key, ttl); \
                     compare_and_swap (client, key, expected, value, ttl); \
                     increment (client, key, add); get_many (client, of, node, path); \
                     list (client, prefix, after, limit, node, path); batch (client, operations); \
                     write (client, keys, prefix, first); read (client, keys, prefix, first, node, path); \
                     configure_cache (policy, capacity_bytes); \
                     workload (client, for, rate, gaps, keys, prefix, distribution, skew, shift_every, \
                     value_least, value_most, long_tail, reads_percent, path, read_through, ttl); \
                     stop_workload (client); model_service (mode)";

impl Row {
    pub(super) fn read(
        mut self,
        number: usize,
        scenario: &Scenario,
    ) -> Result<TimedAction, ScenarioError> {
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
                    let modes = ServiceMode::ALL.map(ServiceMode::name);
                    format!("one of {}", modes.join(", "))
                })?,
            },
            "kill" => Action::Kill { node: node(self)? },
            "wipe_disk" => Action::WipeDisk { node: node(self)? },
            "recreate_cluster" => Action::RecreateCluster {
                except: self.except.take().unwrap_or_default(),
            },
            "pause" => Action::Pause { node: node(self)? },
            "resume" => Action::Resume { node: node(self)? },
            "slow_server" => Action::SlowServer {
                node: node(self)?,
                factor: need(self.factor.take(), verb, "factor", || {
                    "a factor, 1 or more".into()
                })?,
            },
            "align_timers" => Action::AlignTimers,
            "spread_timers" => Action::SpreadTimers,
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
            "deliver" => Action::Deliver {
                message: message(self)?,
            },
            "delay" => Action::Delay {
                message: message(self)?,
                by: need(self.by.take(), verb, "by", || {
                    "a duration, as \"50ms\"".into()
                })?,
            },
            "put" | "get" | "delete" | "touch" | "compare_and_swap" | "increment" | "get_many"
            | "list" | "batch" => self.operation(verb, scenario)?,
            "write" | "read" => self.many(verb, scenario)?,
            "configure_cache" => Action::ConfigureCache {
                policy: self.policy.take(),
                capacity_bytes: self.capacity_bytes.take(),
            },
            "workload" => Action::Workload(self.workload(verb)?),
            "stop_workload" => Action::StopWorkload {
                client: self.client.take(),
            },
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

    /// One operation that a client is asked to do.
    fn operation(&mut self, verb: &str, scenario: &Scenario) -> Result<Action, String> {
        let client = self.client(verb, scenario)?;
        match verb {
            "get_many" => {
                let of = need(self.of.take(), verb, "of", || {
                    "keys, as [\"a\", \"b\"]".into()
                })?;
                let (node, path) = (self.node.take(), self.read_path()?);
                return Ok(Action::GetMany {
                    client,
                    of,
                    node,
                    path,
                });
            }
            "list" => {
                return Ok(Action::List {
                    client,
                    prefix: self.prefix.take().unwrap_or_default(),
                    after: self.after.take(),
                    limit: self.limit.take().unwrap_or_else(operation::page),
                    node: self.node.take(),
                    path: self.read_path()?,
                });
            }
            "batch" => {
                let operations = need(self.operations.take(), verb, "operations", || {
                    "a list, as [{ do = \"put\", key = \"a\", value = \"1\" }]".into()
                })?;
                return Ok(Action::Batch { client, operations });
            }
            _ => {}
        }
        let text = || "a text".into();
        let key = need(self.key.take(), verb, "key", text)?;
        Ok(match verb {
            "put" => {
                let value = need(self.value.take(), verb, "value", text)?;
                let ttl = self.ttl.take();
                Action::Put {
                    client,
                    key,
                    value,
                    ttl,
                }
            }
            "compare_and_swap" => {
                let value = need(self.value.take(), verb, "value", text)?;
                let (expected, ttl) = (self.expected.take(), self.ttl.take());
                Action::CompareAndSwap {
                    client,
                    key,
                    expected,
                    value,
                    ttl,
                }
            }
            "touch" => {
                let ttl = self.ttl.take();
                Action::Touch { client, key, ttl }
            }
            "increment" => {
                let add = self.add.take().unwrap_or_else(operation::one);
                Action::Increment { client, key, add }
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
        })
    }

    fn client(&mut self, verb: &str, scenario: &Scenario) -> Result<ClientId, String> {
        need(self.client.take(), verb, "client", || {
            format!("a client, 1 to {}", scenario.clients.count)
        })
    }

    /// One thing after another, of one client or of all.
    fn workload(&mut self, verb: &str) -> Result<Workload, String> {
        let rate = need(self.rate.take(), verb, "rate", || {
            format!("operations in a second, 1 to {}", bounds::RATE)
        })?;
        let keys = need(self.keys.take(), verb, "keys", || {
            format!("a number, 1 to {}", bounds::KEYS)
        })?;
        let usual = Workload::new(rate, keys);
        Ok(Workload {
            client: self.client.take(),
            lasting: self.lasting.take(),
            rate,
            gaps: self.gaps.take().unwrap_or(usual.gaps),
            keys,
            prefix: self.prefix.take().unwrap_or(usual.prefix),
            distribution: self.distribution.take().unwrap_or(usual.distribution),
            skew: self.skew.take().unwrap_or(usual.skew),
            shift_every: self.shift_every.take().unwrap_or(usual.shift_every),
            value_least: self.value_least.take().unwrap_or(usual.value_least),
            value_most: self.value_most.take().unwrap_or(usual.value_most),
            long_tail: self.long_tail.take().unwrap_or(usual.long_tail),
            reads_percent: self.reads_percent.take().unwrap_or(usual.reads_percent),
            path: self.read_path()?,
            read_through: self.read_through.take().unwrap_or(usual.read_through),
            ttl: self.ttl.take(),
        })
    }

    /// Many keys that a client writes or reads.
    fn many(&mut self, verb: &str, scenario: &Scenario) -> Result<Action, String> {
        let text = || "a text".into();
        let client = self.client(verb, scenario)?;
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
            ("ttl", self.ttl.is_some()),
            ("expected", self.expected.is_some()),
            ("add", self.add.is_some()),
            ("of", self.of.is_some()),
            ("after", self.after.is_some()),
            ("limit", self.limit.is_some()),
            ("operations", self.operations.is_some()),
            ("policy", self.policy.is_some()),
            ("capacity_bytes", self.capacity_bytes.is_some()),
            ("for", self.lasting.is_some()),
            ("rate", self.rate.is_some()),
            ("gaps", self.gaps.is_some()),
            ("distribution", self.distribution.is_some()),
            ("skew", self.skew.is_some()),
            ("shift_every", self.shift_every.is_some()),
            ("value_least", self.value_least.is_some()),
            ("value_most", self.value_most.is_some()),
            ("long_tail", self.long_tail.is_some()),
            ("reads_percent", self.reads_percent.is_some()),
            ("read_through", self.read_through.is_some()),
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
