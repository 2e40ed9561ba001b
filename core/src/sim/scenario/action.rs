//! What can be done to the world, and what of it is possible.

use super::model::bounds;
use crate::replica::ClientId;
use crate::sim::clock::Clock;
use crate::sim::network::MessageId;
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
            Action::Crash { node }
            | Action::Restart { node }
            | Action::Isolate { node }
            | Action::ShutDown { node }
            | Action::TakeSnapshot { node } => server("node", *node),
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
            Action::Heal => Ok(()),
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
