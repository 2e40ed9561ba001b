//! What a scenario says, after it was read and found possible.

use crate::replica::{self, ClientId};
use crate::sim::capacity::Capacity;
use crate::sim::client::ClientConfig;
use crate::sim::clock::Clock;
use crate::sim::latency::Latency;
use crate::sim::network::{MessageId, NetworkConfig};
use crate::types::{ConfigError, Duration, Instant, NodeId, Settings, check_range, settings};
use serde::{Deserialize, Serialize};

/// One run: configuration, seed, and what is done to the cluster and when. The same scenario
/// gives the same history on every target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Where all randomness comes from; below 2^53, so that every language can write it.
    pub seed: u64,
    /// How far it runs.
    pub end: Instant,
    /// How many servers there are.
    pub nodes: u32,
    /// How many of them, from the first on, the cluster begins with; all when absent. The others
    /// know nothing of it until its leader sends to them.
    pub voters: Option<u32>,
    /// What is the same for all servers.
    pub server: replica::Config,
    /// The network.
    pub network: NetworkConfig,
    /// The disks.
    pub disk: DiskConfig,
    /// The clients.
    pub clients: ClientConfig,
    /// What is done, in the order of time.
    pub actions: Vec<TimedAction>,
    /// What must have come true at the end.
    pub expect: Expect,
}

settings! {
    /// How disks behave.
    pub struct DiskConfig {
        /// How long a sync takes.
        sync_latency: Latency = Latency::Uniform(Duration::millis(1), Duration::millis(4)),
            in Duration::ZERO..=Latency::MOST;
        /// How much each disk holds. A write that does not fit fails, and its server stops.
        capacity_bytes: Capacity = Capacity::Unlimited, in 64 << 10..=1 << 40, "bytes";
    }
}

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

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Operation {
    /// Writes a key.
    Put {
        /// The key.
        key: String,
        /// Its value.
        value: String,
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
        node: Option<NodeId>,
        /// Which way the read takes.
        path: ReadPath,
    },
}

impl core::fmt::Display for Operation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Operation::Put { key, value } => write!(f, "put {key} = {value}"),
            Operation::Delete { key } => write!(f, "delete {key}"),
            Operation::Get { key, node, path } => {
                write!(f, "get {key}")?;
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
        }
    }
}

/// What must have come true at the end of the run. That no rule of consensus is broken is
/// always expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// Exactly one running server leads the highest term.
    #[serde(skip_serializing_if = "is_false")]
    pub leader: bool,
    /// Every operation of every client is answered, none refused.
    #[serde(skip_serializing_if = "is_false")]
    pub answered: bool,
    /// All members of the cluster run and have the same cache.
    #[serde(skip_serializing_if = "is_false")]
    pub equal: bool,
    /// Every running member's cache has so many keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<u64>,
    /// So many reads found a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads_found: Option<u64>,
    /// These servers have installed a snapshot that a leader sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snapshot_installed: Vec<NodeId>,
    /// Leaders were elected in so many terms, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elections: Option<u64>,
    /// Leaders were elected in so many terms, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elections_at_most: Option<u64>,
    /// So many reads were answered by a lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_reads: Option<u64>,
    /// These servers vote, and no others, and no change is under way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voters: Vec<NodeId>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// Bounds on what a scenario may ask for.
pub mod bounds {
    use crate::types::Duration;

    /// The longest text, in bytes.
    pub const TEXT: usize = 256 << 10;
    /// The most servers.
    pub const NODES: u32 = 9;
    /// The most actions.
    pub const ACTIONS: usize = 10_000;
    /// The most keys that one action writes or reads.
    pub const KEYS: u64 = 100_000;
    /// The most operations that all clients together are given.
    pub const OPERATIONS: u64 = 1_000_000;
    /// Messages have numbers below this.
    pub const MESSAGE: u64 = 1 << 53;
    /// The longest name, key or prefix, in bytes.
    pub const NAME: usize = 1_024;
    /// The longest description, in bytes.
    pub const ABOUT: usize = 16 << 10;
    /// The longest value of a hand-made write, in bytes.
    pub const VALUE: usize = 64 << 10;
    /// Seeds are below this.
    pub const SEED: u64 = 1 << 53;
    /// The longest run.
    pub const END: Duration = Duration::secs(7 * 24 * 3_600);
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

impl Scenario {
    /// Refuses what cannot be run.
    ///
    /// # Errors
    /// The first field that is wrong, with its path.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_text("name", &self.name, 1, bounds::NAME)?;
        check_text("about", &self.about, 0, bounds::ABOUT)?;
        if self.seed >= bounds::SEED {
            return Err(ConfigError::new(
                "seed",
                self.seed,
                "below 2^53 (9007199254740992)",
            ));
        }
        let end = Duration::micros(self.end.0);
        check_range("end", end, Duration::millis(1), bounds::END)?;
        check_range("nodes", self.nodes, 1, bounds::NODES)?;
        if let Some(voters) = self.voters {
            check_range("voters", voters, 1, self.nodes)?;
        }
        self.server.validate()?;
        self.network.validate().map_err(|e| e.within("network"))?;
        self.disk.check_ranges().map_err(|e| e.within("disk"))?;
        self.clients.validate().map_err(|e| e.within("clients"))?;
        let installed = self.expect.snapshot_installed.iter();
        let named = installed.map(|node| ("expect.snapshot_installed", node));
        let voters = self
            .expect
            .voters
            .iter()
            .map(|node| ("expect.voters", node));
        for (field, node) in named.chain(voters) {
            let action = Action::Crash { node: *node };
            let named = action.validate(self.nodes, self.clients.count);
            named.map_err(|e| ConfigError {
                field: field.into(),
                ..e
            })?;
        }
        Ok(())
    }
}
