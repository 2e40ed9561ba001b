//! What can be done to the world.

use super::operation::{self, Operation};
use super::workload::Workload;
use crate::cache::PolicyKind;
use crate::replica::ClientId;
use crate::sim::network::MessageId;
use crate::sim::service::ServiceMode;
use crate::types::{Duration, Instant, NodeId};
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
        /// How long it lives; until it is deleted or evicted when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Duration>,
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
    /// A client changes how long a key lives.
    Touch {
        /// The client.
        client: ClientId,
        /// The key.
        key: String,
        /// How long it lives from now on; until it is deleted or evicted when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Duration>,
    },
    /// A client writes a key if nobody else has written it meanwhile.
    CompareAndSwap {
        /// The client.
        client: ClientId,
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
    /// A client adds to a number.
    Increment {
        /// The client.
        client: ClientId,
        /// The key.
        key: String,
        /// What to add; may be negative.
        #[serde(default = "operation::one", skip_serializing_if = "operation::is_one")]
        add: i64,
    },
    /// A client reads several keys as they are at one moment.
    GetMany {
        /// The client.
        client: ClientId,
        /// The keys.
        of: Vec<String>,
        /// The server to ask; any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Which way the read takes.
        #[serde(default, skip_serializing_if = "is_default")]
        path: ReadPath,
    },
    /// A client lists keys in order, one page.
    List {
        /// The client.
        client: ClientId,
        /// What they begin with.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// Only keys after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// At most so many.
        #[serde(
            default = "operation::page",
            skip_serializing_if = "operation::is_page"
        )]
        limit: u32,
        /// The server to ask; any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Which way the read takes.
        #[serde(default, skip_serializing_if = "is_default")]
        path: ReadPath,
    },
    /// A client does several things or none, as if at once.
    Batch {
        /// The client.
        client: ClientId,
        /// What it does.
        operations: Vec<Operation>,
    },
    /// The present leader is asked to let the cache be another: from here on in the log, on every
    /// server.
    ConfigureCache {
        /// Who decides what is evicted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<PolicyKind>,
        /// How many bytes of keys and values are held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity_bytes: Option<u64>,
    },
    /// Clients ask for one thing after another, in the place of what they were at before.
    Workload(Workload),
    /// Clients stop that.
    StopWorkload {
        /// The client; all when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<ClientId>,
    },
    /// Somebody breaks the model service, or mends it.
    ModelService {
        /// How it behaves from now on.
        mode: ServiceMode,
    },
    /// A server that runs takes nothing any more, as a process that is stopped or does not get to
    /// run: what comes waits, and its clock goes on. A crash or a kill ends the pause with the server.
    Pause {
        /// The server.
        node: NodeId,
    },
    /// A server that is paused goes on: it takes what has waited, in order, and then finds its timers
    /// overdue.
    Resume {
        /// The server.
        node: NodeId,
    },
    /// Each input takes a server longer from now on, also after a restart. It takes one at a time, and
    /// what an input leads to happens when it is through with it.
    SlowServer {
        /// The server.
        node: NodeId,
        /// So many milliseconds; 1 is as usual: no time at all.
        factor: u32,
    },
    /// For teaching: the election timers that run now all run out at one moment.
    AlignTimers,
    /// For teaching: the election timers that run now run out at equal distances.
    SpreadTimers,
    /// A message arrives now.
    Deliver {
        /// The message.
        message: MessageId,
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

pub(super) fn is_default(path: &ReadPath) -> bool {
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

    /// How many operations it gives to a client.
    #[must_use]
    pub fn operations(&self) -> u64 {
        match self {
            Action::Write { keys, .. } | Action::Read { keys, .. } => *keys,
            Action::Workload(workload) => workload.operations(),
            _ => u64::from(self.operation().is_some()),
        }
    }

    /// The one operation that it gives to a client.
    #[must_use]
    pub fn operation(&self) -> Option<(ClientId, Operation)> {
        let (client, node, path) = match self {
            Action::Get {
                client, node, path, ..
            }
            | Action::GetMany {
                client, node, path, ..
            }
            | Action::List {
                client, node, path, ..
            } => (*client, *node, *path),
            Action::Put { client, .. }
            | Action::Delete { client, .. }
            | Action::Touch { client, .. }
            | Action::CompareAndSwap { client, .. }
            | Action::Increment { client, .. }
            | Action::Batch { client, .. } => (*client, None, ReadPath::default()),
            _ => return None,
        };
        let operation = match self.clone() {
            Action::Put {
                key, value, ttl, ..
            } => Operation::Put { key, value, ttl },
            Action::Get { key, .. } => Operation::Get { key, node, path },
            Action::Delete { key, .. } => Operation::Delete { key },
            Action::Touch { key, ttl, .. } => Operation::Touch { key, ttl },
            Action::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
                ..
            } => Operation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            },
            Action::Increment { key, add, .. } => Operation::Increment { key, add },
            Action::GetMany { of, .. } => Operation::GetMany { of, node, path },
            Action::List {
                prefix,
                after,
                limit,
                ..
            } => Operation::List {
                prefix,
                after,
                limit,
                node,
                path,
            },
            Action::Batch { operations, .. } => Operation::Batch { operations },
            _ => return None,
        };
        Some((client, operation))
    }
}
