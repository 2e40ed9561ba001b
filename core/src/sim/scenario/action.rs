//! What can be done to the world, and what of it is possible.

use super::model::bounds;
use crate::replica::ClientId;
use crate::sim::clock::Clock;
use crate::sim::network::MessageId;
use crate::sim::service::ServiceMode;
use crate::types::{ConfigError, Duration, Instant, NodeId, check_range};
use serde::{Deserialize, Serialize};

/// An action and its moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimedAction {
    /// When it is done.
    pub at: Instant,
    /// What is done.
    pub action: Action,
}

/// Something done to the world, by hand or by a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The server's power goes.
    Crash {
        /// The server.
        node: NodeId,
        /// What of its unsynced data survives.
        #[serde(default, skip_serializing_if = "Keep::is_drawn")]
        keep: Keep,
    },
    /// A server that is down starts again.
    Restart {
        /// The server.
        node: NodeId,
    },
    /// Cuts all links between servers of different groups; servers in no group are left alone.
    Partition {
        /// The groups.
        groups: Vec<Vec<NodeId>>,
    },
    /// Cuts all links between a server and the other servers.
    Isolate {
        /// The server.
        node: NodeId,
    },
    /// Cuts one direction between two servers.
    Cut {
        /// From this server
        from: NodeId,
        /// to this one.
        to: NodeId,
    },
    /// Mends all cuts.
    Heal,
    /// Takes a message off the network.
    Drop {
        /// The message.
        message: MessageId,
    },
    /// Makes a message arrive later.
    Delay {
        /// The message.
        message: MessageId,
        /// By so much.
        by: Duration,
    },
    /// A client writes a key.
    Put {
        /// The client.
        client: ClientId,
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// A client reads a key.
    Get {
        /// The client.
        client: ClientId,
        /// The key.
        key: String,
        /// The server to ask; any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Which way the read takes.
        #[serde(default, skip_serializing_if = "is_default")]
        path: ReadPath,
    },
    /// A client removes a key.
    Delete {
        /// The client.
        client: ClientId,
        /// The key.
        key: String,
    },
    /// A client writes many keys, one after the other: `prefix` and a number from `first` on.
    Write {
        /// The client.
        client: ClientId,
        /// How many.
        keys: u64,
        /// What their names begin with.
        prefix: String,
        /// The first number.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        first: u64,
    },
    /// A client reads many keys, one after the other.
    Read {
        /// The client.
        client: ClientId,
        /// How many.
        keys: u64,
        /// What their names begin with.
        prefix: String,
        /// The first number.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        first: u64,
        /// The server to ask; any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Which way the read takes.
        #[serde(default, skip_serializing_if = "is_default")]
        path: ReadPath,
    },
    /// A server takes a snapshot now.
    TakeSnapshot {
        /// The server.
        node: NodeId,
    },
    /// The present leader hands leadership over.
    TransferLeadership {
        /// Who is to lead; the voter with the most complete log when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<NodeId>,
    },
    /// The present leader is asked for other members.
    ChangeMembership {
        /// Who shall vote.
        voters: Vec<NodeId>,
        /// Who shall receive the log without a vote.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        learners: Vec<NodeId>,
    },
    /// A server ends in order: hands leadership over, answers what is under way, writes
    /// everything to its disk.
    ShutDown {
        /// The server.
        node: NodeId,
    },
    /// A server's clock runs at another rate from now on.
    DriftClock {
        /// The server.
        node: NodeId,
        /// How much faster than simulated time, in parts per million; slower when negative.
        ppm: i64,
    },
    /// A server's clock is set forward or back: one of the two is given.
    JumpClock {
        /// The server.
        node: NodeId,
        /// By so much into the future.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forward: Option<Duration>,
        /// By so much into the past, but not beyond the clock's start.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<Duration>,
    },
    /// Puts a second copy of a message on its way.
    Duplicate {
        /// The message.
        message: MessageId,
    },
    /// Mends one direction between two servers.
    Mend {
        /// From this server
        from: NodeId,
        /// to this one.
        to: NodeId,
    },
    /// The server's process dies and its machine does not: what it wrote stays in the page cache.
    Kill {
        /// The server.
        node: NodeId,
    },
    /// A bit of a file turns over.
    Corrupt {
        /// The server.
        node: NodeId,
        /// The file.
        file: String,
        /// The byte, from 0.
        offset: u64,
        /// The bit in it, from 0, the lowest.
        #[serde(default, skip_serializing_if = "is_zero")]
        bit: u8,
    },
    /// A file of a server that does not run loses its end.
    Tear {
        /// The server.
        node: NodeId,
        /// The file.
        file: String,
        /// How many bytes are cut off.
        bytes: u64,
    },
    /// A file of a server that does not run is gone.
    RemoveFile {
        /// The server.
        node: NodeId,
        /// The file.
        file: String,
    },
    /// A server that does not run loses everything on its disk.
    WipeDisk {
        /// The server.
        node: NodeId,
    },
    /// A server's disk holds so much from now on.
    ResizeDisk {
        /// The server.
        node: NodeId,
        /// How many bytes; without end when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// Each sync of a server's disk takes longer from now on.
    SlowDisk {
        /// The server.
        node: NodeId,
        /// So many times as long as configured; 1 is as configured.
        factor: u32,
    },
    /// The next syncs of a server's disk fail. What they were to make durable never will be.
    FailSyncs {
        /// The server.
        node: NodeId,
        /// How many; 0 takes it back.
        count: u64,
    },
    /// Keeps a copy of a server's disk.
    KeepImage {
        /// The server.
        node: NodeId,
        /// The name of the copy.
        image: String,
    },
    /// Puts a kept copy on the disk of a server that does not run, in the place of everything.
    RestoreImage {
        /// The server.
        node: NodeId,
        /// The name of the copy.
        image: String,
    },
    /// An operator takes the cluster down and begins it anew under a new identity: every server
    /// is switched on with an empty disk, except for some that stay down and keep their disks.
    RecreateCluster {
        /// These.
        except: Vec<NodeId>,
    },
    /// Somebody breaks the model service, or mends it.
    ModelService {
        /// How it behaves from now on.
        mode: ServiceMode,
    },
}

/// What of the data that was not synced survives when the power goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Keep {
    /// What the disk's settings and its stream of random numbers say.
    #[default]
    Drawn,
    /// Nothing.
    Nothing,
    /// All of it.
    Everything,
    /// The oldest so many bytes and changes of names: a write that is torn.
    First {
        /// Bytes, in the order in which they were written.
        #[serde(default)]
        bytes: u64,
        /// Changes of names.
        #[serde(default)]
        names: u64,
    },
    /// Only these, counted from 1, the oldest: writes that are reordered.
    Only {
        /// Appends.
        #[serde(default)]
        appends: Vec<u64>,
        /// Changes of names.
        #[serde(default)]
        names: Vec<u64>,
    },
}

impl Keep {
    fn is_drawn(&self) -> bool {
        *self == Keep::Drawn
    }
}

/// What is not said is not digested, so a crash without a choice has the digest that it had before
/// there was one.
impl core::hash::Hash for Keep {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        match self {
            Keep::Drawn => {}
            Keep::Nothing => state.write_u8(1),
            Keep::Everything => state.write_u8(2),
            Keep::First { bytes, names } => {
                state.write_u8(3);
                (bytes, names).hash(state);
            }
            Keep::Only { appends, names } => {
                state.write_u8(4);
                (appends, names).hash(state);
            }
        }
    }
}

fn is_zero(bit: &u8) -> bool {
    *bit == 0
}

/// Which way a read takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadPath {
    /// The leader asks a quorum (ReadIndex).
    #[default]
    Quorum,
    /// The leader answers while it holds a lease.
    Lease,
    /// The asked server answers with what it has, however stale.
    Stale,
    /// As a command through the log.
    Log,
}

impl ReadPath {
    /// All of them.
    pub const ALL: [ReadPath; 4] = [
        ReadPath::Quorum,
        ReadPath::Lease,
        ReadPath::Stale,
        ReadPath::Log,
    ];

    /// Its name in a scenario file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReadPath::Quorum => "quorum",
            ReadPath::Lease => "lease",
            ReadPath::Stale => "stale",
            ReadPath::Log => "log",
        }
    }
}

fn is_default(path: &ReadPath) -> bool {
    *path == ReadPath::default()
}

pub(super) fn one() -> u64 {
    1
}

fn is_one(number: &u64) -> bool {
    *number == one()
}

impl Action {
    /// The server's power goes; what survives is drawn.
    #[must_use]
    pub fn crash(node: NodeId) -> Action {
        let keep = Keep::Drawn;
        Action::Crash { node, keep }
    }

    /// Refuses what names a server, a client or an amount that there cannot be.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn validate(&self, nodes: u32, clients: u32) -> Result<(), ConfigError> {
        let server = |field: &str, node: NodeId| {
            if node.0 == 0 || node.0 > nodes {
                return Err(ConfigError::new(
                    field,
                    node.0,
                    format!("a server, 1 to {nodes}"),
                ));
            }
            Ok(())
        };
        let client = |client: ClientId| {
            if client.0 == 0 || client.0 > clients {
                let accepted = format!("a client, 1 to {clients}");
                return Err(ConfigError::new("client", client.0, accepted));
            }
            Ok(())
        };
        match self {
            Action::Crash { node, keep } => {
                server("node", *node)?;
                check_keep(keep)
            }
            Action::Restart { node }
            | Action::Isolate { node }
            | Action::ShutDown { node }
            | Action::TakeSnapshot { node }
            | Action::Kill { node }
            | Action::WipeDisk { node } => server("node", *node),
            Action::Corrupt { node, .. }
            | Action::Tear { node, .. }
            | Action::RemoveFile { node, .. }
            | Action::ResizeDisk { node, .. }
            | Action::SlowDisk { node, .. }
            | Action::FailSyncs { node, .. }
            | Action::KeepImage { node, .. }
            | Action::RestoreImage { node, .. } => {
                server("node", *node)?;
                self.validate_disk()
            }
            Action::RecreateCluster { except } => {
                check_range(
                    "the number of servers in except",
                    except.len(),
                    0,
                    nodes as usize - 1,
                )?;
                except.iter().try_for_each(|node| server("except", *node))
            }
            Action::TransferLeadership { to } => to.map_or(Ok(()), |to| server("to", to)),
            Action::ChangeMembership { voters, learners } => {
                check_range("the number of voters", voters.len(), 1, nodes as usize)?;
                voters.iter().try_for_each(|node| server("voters", *node))?;
                learners
                    .iter()
                    .try_for_each(|node| server("learners", *node))
            }
            Action::DriftClock { node, ppm } => {
                server("node", *node)?;
                let most = Clock::MOST_DRIFT_PPM;
                check_range("ppm", *ppm, -most, most)
            }
            Action::JumpClock {
                node,
                forward,
                back,
            } => {
                server("node", *node)?;
                check_jump(*forward, *back)
            }
            Action::Partition { groups } => check_groups(groups, server),
            Action::Cut { from, to } | Action::Mend { from, to } => {
                server("from", *from)?;
                server("to", *to)?;
                let differ = if from == to {
                    Err("another server than `from`")
                } else {
                    Ok(())
                };
                differ.map_err(|accepted| ConfigError::new("to", to.0, accepted))
            }
            Action::Heal | Action::ModelService { mode: _ } => Ok(()),
            Action::Drop { message } | Action::Duplicate { message } => check_message(*message),
            Action::Delay { message, by } => {
                check_message(*message)?;
                check_span("by", *by)
            }
            Action::Put {
                client: who,
                key,
                value,
            } => {
                client(*who)?;
                check_text("key", key, 1, bounds::NAME)?;
                check_text("value", value, 0, bounds::VALUE)
            }
            Action::Delete { client: who, key } => {
                client(*who)?;
                check_text("key", key, 1, bounds::NAME)
            }
            Action::Get {
                client: who,
                key,
                node,
                path: _,
            } => {
                client(*who)?;
                check_text("key", key, 1, bounds::NAME)?;
                node.map_or(Ok(()), |node| server("node", node))
            }
            Action::Write {
                client: who,
                keys,
                prefix,
                first,
            } => {
                client(*who)?;
                check_many(*keys, prefix, *first)
            }
            Action::Read {
                client: who,
                keys,
                prefix,
                first,
                node,
                path: _,
            } => {
                client(*who)?;
                check_many(*keys, prefix, *first)?;
                node.map_or(Ok(()), |node| server("node", node))
            }
        }
    }
}

impl Action {
    /// Refuses what cannot be done to any disk.
    fn validate_disk(&self) -> Result<(), ConfigError> {
        match self {
            Action::Corrupt {
                file, offset, bit, ..
            } => {
                check_text("file", file, 1, bounds::NAME)?;
                check_range("offset", *offset, 0, bounds::DISK)?;
                check_range("bit", *bit, 0, 7)
            }
            Action::Tear { file, bytes, .. } => {
                check_text("file", file, 1, bounds::NAME)?;
                check_range("bytes", *bytes, 1, bounds::DISK)
            }
            Action::RemoveFile { file, .. } => check_text("file", file, 1, bounds::NAME),
            Action::ResizeDisk { bytes, .. } => {
                bytes.map_or(Ok(()), |bytes| check_range("bytes", bytes, 0, bounds::DISK))
            }
            Action::SlowDisk { factor, .. } => check_range("factor", *factor, 1, bounds::SLOWNESS),
            Action::FailSyncs { count, .. } => check_range("count", *count, 0, bounds::SYNCS),
            Action::KeepImage { image, .. } | Action::RestoreImage { image, .. } => {
                check_text("image", image, 1, bounds::NAME)
            }
            _ => Ok(()),
        }
    }

    /// How many operations it gives to a client.
    #[must_use]
    pub fn operations(&self) -> u64 {
        match self {
            Action::Put { .. } | Action::Get { .. } | Action::Delete { .. } => 1,
            Action::Write { keys, .. } | Action::Read { keys, .. } => *keys,
            _ => 0,
        }
    }
}

impl TimedAction {
    /// Refuses what cannot be done, or not so late.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn validate(&self, nodes: u32, clients: u32) -> Result<(), ConfigError> {
        let at = self.at.since(Instant::ZERO);
        check_range("at", at, Duration::ZERO, bounds::END)?;
        self.action.validate(nodes, clients)
    }
}

/// Refuses more actions, or more operations, than a scenario may have.
pub(in crate::sim) fn check_amount(actions: &[TimedAction]) -> Result<(), ConfigError> {
    check_range("the number of actions", actions.len(), 0, bounds::ACTIONS)?;
    let operations = actions.iter().map(|timed| timed.action.operations()).sum();
    let field = "the number of operations of all clients";
    check_range(field, operations, 0, bounds::OPERATIONS)
}

/// What survives is named by counting: a bound keeps it readable.
fn check_keep(keep: &Keep) -> Result<(), ConfigError> {
    match keep {
        Keep::Drawn | Keep::Nothing | Keep::Everything => Ok(()),
        Keep::First { bytes, names } => {
            check_range("keep.first.bytes", *bytes, 0, bounds::DISK)?;
            check_range("keep.first.names", *names, 0, bounds::SURVIVORS as u64)
        }
        Keep::Only { appends, names } => {
            for (field, list) in [("keep.only.appends", appends), ("keep.only.names", names)] {
                check_range(field, list.len(), 0, bounds::SURVIVORS)?;
                let number = |one: &u64| check_range(field, *one, 1, bounds::MESSAGE - 1);
                list.iter().try_for_each(number)?;
            }
            Ok(())
        }
    }
}

fn check_message(message: MessageId) -> Result<(), ConfigError> {
    check_range("message", message.0, 1, bounds::MESSAGE - 1)
}

/// By how much a message is delayed, or a clock jumps.
fn check_span(field: &str, span: Duration) -> Result<(), ConfigError> {
    check_range(field, span, Duration::micros(1), Duration::secs(3_600))
}

fn check_jump(forward: Option<Duration>, back: Option<Duration>) -> Result<(), ConfigError> {
    match (forward, back) {
        (Some(by), None) => check_span("forward", by),
        (None, Some(by)) => check_span("back", by),
        (None, None) => Err(ConfigError::new(
            "forward",
            "not given",
            "a duration, unless `back` is given",
        )),
        (Some(_), Some(by)) => Err(ConfigError::new("back", by, "absent beside `forward`")),
    }
}

fn check_groups(
    groups: &[Vec<NodeId>],
    server: impl Fn(&str, NodeId) -> Result<(), ConfigError>,
) -> Result<(), ConfigError> {
    let mut seen = Vec::new();
    if groups.len() < 2 {
        return Err(ConfigError::new(
            "groups",
            groups.len(),
            "two groups of servers or more",
        ));
    }
    for node in groups.iter().flatten() {
        server("groups", *node)?;
        if seen.contains(node) {
            return Err(ConfigError::new("groups", node.0, "in one group only"));
        }
        seen.push(*node);
    }
    Ok(())
}

fn check_many(keys: u64, prefix: &str, first: u64) -> Result<(), ConfigError> {
    check_range("keys", keys, 1, bounds::KEYS)?;
    check_range("first", first, 0, bounds::SEED - 1)?;
    check_text("prefix", prefix, 1, bounds::NAME)
}

pub(super) fn check_text(
    field: &str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), ConfigError> {
    if text.len() < least || text.len() > most {
        let given = format!("{} bytes long", text.len());
        return Err(ConfigError::new(
            field,
            given,
            format!("{least} to {most} bytes long"),
        ));
    }
    Ok(())
}
