//! What one step of the world was: its cause, and everything that happened in it.

use super::client::ClientEvent;
use super::disk::Lost;
use super::network::{Address, MessageId};
use super::scenario::Action;
use super::service::ServiceMode;
use crate::replica::{self, Alert, AlertKey, ClientId, Lane, StartError, WriteId};
use crate::storage::DiskError;
use crate::types::{ClusterId, Duration, Instant, NodeId};
use serde::Serialize;

/// One step. Simulated time grows strictly from step to step, so a time names a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Step {
    /// Counts the steps, from 1.
    pub number: u64,
    /// When it happened.
    pub time: Instant,
    /// What set it off.
    pub cause: Cause,
    /// What happened, in order.
    pub happenings: Vec<Happening>,
}

/// What set a step off.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Cause {
    /// The scenario, or a person.
    Action(Action),
    /// The server is switched on for the first time.
    Boot(NodeId),
    /// A message arrived.
    Arrival(MessageId),
    /// A server's deadline came.
    Deadline(NodeId),
    /// A client's deadline came.
    ClientDeadline(ClientId),
    /// A disk finished a sync.
    Disk(NodeId, Lane),
    /// The model service has thought about a question.
    Model,
    /// A server takes what has waited for it longest.
    Turn {
        /// The server.
        node: NodeId,
        /// The step in which that came.
        since: u64,
    },
}

/// Something that happened, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Happening {
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
}

/// Where something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Place {
    /// At a server.
    Node(NodeId),
    /// At a client.
    Client(ClientId),
    /// In the network, or by hand.
    World,
    /// At the model service.
    Model,
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Place::Node(node) => node.fmt(f),
            Place::Client(client) => client.fmt(f),
            Place::World => f.write_str("world"),
            Place::Model => f.write_str("model"),
        }
    }
}

impl From<Address> for Place {
    fn from(address: Address) -> Place {
        match address {
            Address::Node(node) => Place::Node(node),
            Address::Client(client) => Place::Client(client),
            Address::Model => Place::Model,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum What {
    /// A replica said so.
    Replica(replica::Event),
    /// A client said so.
    Client(ClientEvent),
    /// A message set out.
    Sent {
        /// The message.
        message: MessageId,
        /// Where to.
        to: Address,
    },
    /// A message arrived.
    Delivered {
        /// The message.
        message: MessageId,
        /// Where from.
        from: Address,
        /// The step in which it was sent.
        sent_step: u64,
    },
    /// A message will not arrive.
    MessageLost {
        /// The message.
        message: MessageId,
        /// Where from.
        from: Address,
        /// Where to.
        to: Address,
        /// Why.
        why: LossReason,
    },
    /// A message will arrive later.
    MessageDelayed {
        /// The message.
        message: MessageId,
        /// When it arrives now.
        until: Instant,
    },
    /// A write went to the disk.
    WriteIssued {
        /// The write.
        write: WriteId,
        /// Bytes to append.
        bytes: u64,
    },
    /// A write is durable.
    WriteDurable {
        /// The write.
        write: WriteId,
    },
    /// The server's power went.
    Crashed {
        /// What its disk lost.
        lost: Lost,
    },
    /// The server was switched on, for the so-manieth time.
    SwitchedOn {
        /// Counts its starts, from 1.
        run: u64,
    },
    /// The server cannot start with what its disk holds.
    StartFailed {
        /// Why.
        error: StartError,
    },
    /// The server stopped because its disk failed.
    Stopped {
        /// What the disk said.
        error: DiskError,
    },
    /// The server says that something is wrong.
    AlertRaised {
        /// What, with the numbers that decided it.
        alert: Alert,
    },
    /// The server does not say so any more.
    AlertCleared {
        /// What it said.
        alert: AlertKey,
        /// For how long.
        lasted: Duration,
    },
    /// Directions between servers were cut.
    NetworkCut {
        /// Each, from and to.
        cuts: Vec<(NodeId, NodeId)>,
    },
    /// All cuts were mended.
    NetworkHealed {
        /// How many directions had been cut.
        cuts: u64,
    },
    /// An action could not be done.
    ActionRefused {
        /// Why.
        why: ActionRefusal,
    },
    /// The server's clock runs at another rate from now on.
    ClockDrifts {
        /// How much faster than simulated time, in parts per million; slower when negative.
        ppm: i64,
    },
    /// The server's clock was set.
    ClockSet {
        /// What it showed.
        from: Instant,
        /// What it shows.
        to: Instant,
    },
    /// There is a second copy of a message on its way.
    MessageDuplicated {
        /// The message.
        message: MessageId,
        /// Its copy.
        copy: MessageId,
        /// Why.
        why: DuplicationReason,
    },
    /// One cut direction between servers was mended.
    NetworkMended {
        /// From this server
        from: NodeId,
        /// to this one.
        to: NodeId,
    },
    /// Of what the server's disk had not synced when the power went, not everything was lost.
    Survived {
        /// Bytes that survived.
        bytes: u64,
        /// Changes of names that survived.
        names: u64,
        /// Bytes that read as zeros now, because something behind them survived.
        zeros: u64,
    },
    /// The server's process died. What it wrote stays in the machine's page cache.
    Killed {
        /// Bytes there that a crash would take.
        unsynced: u64,
    },
    /// A bit of a file turned over.
    BitFlipped {
        /// The file.
        file: String,
        /// The byte.
        offset: u64,
        /// The bit in it.
        bit: u8,
    },
    /// A file lost its end.
    FileTorn {
        /// The file.
        file: String,
        /// How many bytes it lost.
        bytes: u64,
    },
    /// A file is gone.
    FileRemoved {
        /// The file.
        file: String,
    },
    /// Everything on the disk is gone.
    DiskWiped {
        /// How many files.
        files: u64,
        /// How many bytes.
        bytes: u64,
    },
    /// The disk holds another amount from now on.
    DiskResized {
        /// How many bytes; none when there is no end to them.
        capacity: Option<u64>,
        /// How many of them are used.
        used: u64,
    },
    /// Each sync of the disk takes longer from now on.
    DiskSlowed {
        /// So many times as long as configured.
        factor: u32,
    },
    /// The next syncs of the disk will fail.
    SyncsWillFail {
        /// How many.
        count: u64,
    },
    /// A copy of the disk was kept.
    ImageKept {
        /// Its name.
        image: String,
        /// How many files it has.
        files: u64,
        /// Bytes of all of them.
        bytes: u64,
    },
    /// A kept copy was put on the disk, in the place of everything.
    ImageRestored {
        /// Its name.
        image: String,
        /// Whose disk it is a copy of.
        of: NodeId,
        /// When it was kept.
        kept_at: Instant,
    },
    /// An operator has begun the cluster anew.
    ClusterRecreated {
        /// Its identity from now on.
        cluster: ClusterId,
        /// Servers that stay down and keep their disks.
        except: Vec<NodeId>,
    },
    /// Somebody broke the model service, or mended it.
    ModelBehaves {
        /// How it behaves from now on.
        mode: ServiceMode,
    },
    /// The server takes nothing from now on.
    Paused,
    /// The server goes on after a pause.
    Resumed {
        /// How many inputs have waited for it.
        waiting: u64,
    },
    /// Each input takes the server longer from now on.
    ServerSlowed {
        /// So many milliseconds; 1 is no time at all.
        factor: u32,
    },
    /// Something came that the server does not take yet.
    InputWaits {
        /// The message, if it is one.
        message: Option<MessageId>,
        /// How many inputs wait before it.
        ahead: u64,
    },
    /// A message arrives now instead of later.
    MessageHurried {
        /// The message.
        message: MessageId,
        /// When it would have arrived.
        instead_of: Instant,
    },
    /// Somebody has set the election timers of servers.
    TimersSet {
        /// Each server, and when its timer runs out in simulated time.
        timers: Vec<(NodeId, Instant)>,
    },
}

/// Why there is a second copy of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum DuplicationReason {
    /// The network made it.
    Network,
    /// Somebody made it.
    ByHand,
}

/// Why a message does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum LossReason {
    /// The network lost it.
    Network,
    /// The link was cut.
    Cut,
    /// The receiver is down.
    ReceiverDown,
    /// Somebody took it away.
    ByHand,
    /// The cluster that it belonged to is no more.
    ClusterGone,
    /// More waits at the receiver than it has room for.
    ReceiverFull,
}

/// Why an action cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum ActionRefusal {
    /// It is down already.
    #[error("{node} is down already")]
    IsDown {
        /// The server.
        node: NodeId,
    },
    /// It runs already.
    #[error("{node} runs already")]
    IsUp {
        /// The server.
        node: NodeId,
    },
    /// It is not on its way, or not any more.
    #[error("message {message} is not on its way, or not any more")]
    NotInFlight {
        /// The message.
        message: MessageId,
    },
    /// Only a leader could do it.
    #[error("no server leads, so there is nobody to ask")]
    NoLeader,
    /// What is whole cannot be mended.
    #[error("messages from {from} to {to} are not cut")]
    NotCut {
        /// From this server
        from: NodeId,
        /// to this one.
        to: NodeId,
    },
    /// Its disk is in use.
    #[error("{node} runs: only the disk of a server that does not run can be changed so")]
    MustNotRun {
        /// The server.
        node: NodeId,
    },
    /// There is no such file.
    #[error("the disk of {node} has no file {file}")]
    NoSuchFile {
        /// The server.
        node: NodeId,
        /// The file.
        file: String,
    },
    /// The file ends first.
    #[error("{file} of {node} has only {len} bytes")]
    BeyondEnd {
        /// The server.
        node: NodeId,
        /// The file.
        file: String,
        /// Its bytes.
        len: u64,
    },
    /// Nobody kept a copy of that name.
    #[error("no copy of a disk was kept under the name {image}")]
    NoSuchImage {
        /// The name.
        image: String,
    },
    /// There is nothing to stop.
    #[error("{} has no workload", client.map_or("no client".into(), |client| client.to_string()))]
    NoWorkload {
        /// The client; all when absent.
        client: Option<ClientId>,
    },
    /// It is paused already.
    #[error("{node} is paused already")]
    IsPaused {
        /// The server.
        node: NodeId,
    },
    /// It is not paused.
    #[error("{node} is not paused")]
    NotPaused {
        /// The server.
        node: NodeId,
    },
    /// Nobody waits for a leader.
    #[error("no server has an election timer that runs")]
    NoTimers,
}
