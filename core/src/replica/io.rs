//! What goes into a replica and what comes out of it.

use super::event::Event;
use crate::cache::eviction::Sample;
use crate::cache::{Answer, Candidate, Command, Configure, EntryId, Found, Query, Refusal};
use crate::raft::{MembershipChange, Message};
use crate::storage::{DiskError, DiskOp};
use crate::types::{ClusterId, Duration, Incarnation, Index, NodeId};
use serde::{Deserialize, Serialize};

/// Something that happened to a replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A message of another server arrived.
    Message(Envelope),
    /// A request of a client arrived.
    Request(Request),
    /// A write, and all earlier ones of its lane, are durable.
    Durable(WriteId),
    /// A write failed; nothing is known of what it left on the disk.
    WriteFailed {
        /// The write.
        write: WriteId,
        /// What the disk said.
        error: DiskError,
    },
    /// The instant that [`Replica::deadline`](super::Replica::deadline) named has come.
    Deadline,
    /// An operator wants something done.
    Operator(OperatorCommand),
    /// The model service answered, or cannot be reached.
    Model(ModelResponse),
}

/// What a leader asks of the model service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelRequest {
    /// Which run of which server asks.
    pub run: u64,
    /// Counts the questions of that run.
    pub id: u64,
    /// What became of entries that were looked at before, to learn from.
    pub samples: Vec<Sample>,
    /// Which of these is worth least?
    pub candidates: Vec<Candidate>,
}

/// What the model service says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelResponse {
    /// Whose question this answers,
    pub run: u64,
    /// and which one.
    pub id: u64,
    /// A score for each candidate.
    pub scores: Result<Vec<Scored>, ModelError>,
}

/// What the model service says of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scored {
    /// The candidate.
    pub entry: EntryId,
    /// How little it is worth.
    pub score: Score,
}

/// From 0, keep it, to 1, evict it. A service may answer anything that fits in the same bits, so
/// nothing is taken for granted: two are equal when their bits are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Score(pub f64);

impl PartialEq for Score {
    fn eq(&self, other: &Score) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Score {}

impl core::hash::Hash for Score {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum ModelError {
    /// Nobody is there to be asked.
    #[error("the model service cannot be reached")]
    Unreachable,
}

/// What an operator wants of one server. What becomes of it is told by events.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OperatorCommand {
    /// A snapshot of the state machine, now.
    TakeSnapshot,
    /// Another leader. Only the leader can do that.
    TransferLeadership {
        /// Who is to lead; the voter with the most complete log when absent.
        to: Option<NodeId>,
    },
    /// Other members. Only the leader can do that.
    ChangeMembership(MembershipChange),
    /// An orderly end: leadership handed over, what is under way answered, everything on disk.
    ShutDown,
    /// Another policy, another capacity of the cache. Only the leader can do that, through the log.
    ConfigureCache(Configure),
}

/// What a replica wants done, in the order in which it wants it. The host clears it after
/// carrying everything out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Effects {
    /// Send these. They may be lost, delayed, repeated and reordered.
    pub messages: Vec<Envelope>,
    /// Execute these, and report each as [`Input::Durable`] or [`Input::WriteFailed`].
    pub writes: Vec<Write>,
    /// Answer these clients.
    pub answers: Vec<Response>,
    /// Ask the model service, and report what it says as [`Input::Model`]. An answer may be late or
    /// never come.
    pub questions: Vec<ModelRequest>,
    /// Tell whoever watches.
    pub events: Vec<Event>,
}

impl Effects {
    /// Forgets everything, keeping the room.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.writes.clear();
        self.answers.clear();
        self.events.clear();
    }
}

/// A message with its addresses, and the life of the cluster that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// The cluster: a message of another one is refused.
    pub cluster: ClusterId,
    /// The sender.
    pub from: NodeId,
    /// The life of the sender's memory.
    pub from_incarnation: Incarnation,
    /// The receiver.
    pub to: NodeId,
    /// The life of the receiver's memory, as far as the sender knows.
    pub to_incarnation: Incarnation,
    /// What it says.
    pub message: Message,
}

/// Names one write of one run of a replica; it grows within its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WriteId {
    /// Writes of one lane are durable in order; lanes are independent.
    pub lane: Lane,
    /// Counts the writes of the lane, from 1.
    pub number: u64,
}

/// Which queue of the disk a write goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// The write-ahead log: small and urgent.
    Log,
    /// Snapshot files: large, and nobody waits for them.
    Snapshot,
}

/// Operations for the disk, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its name, for the report.
    pub id: WriteId,
    /// What to do.
    pub ops: Vec<DiskOp>,
}

/// A client of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub u32);

impl core::fmt::Display for ClientId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A client's request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Who asks.
    pub client: ClientId,
    /// Chosen by the client, echoed by the answer.
    pub id: u64,
    /// What it asks.
    pub body: RequestBody,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RequestBody {
    /// Something that goes through the log.
    Command(Command),
    /// A read, of any server, without an entry in the log.
    Read {
        /// What is asked for.
        query: Query,
        /// How fresh the answer must be.
        consistency: Consistency,
    },
}

/// How fresh the answer to a read must be, and what makes it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// Linearizable: the leader asks a quorum (ReadIndex; dissertation, section 6.4).
    #[default]
    Quorum,
    /// Linearizable as long as clocks keep to their bound: the leader answers while it holds a
    /// lease, and asks a quorum otherwise (dissertation, section 6.4.1).
    Lease,
    /// Whatever the asked server has; the answer says how stale that may be.
    Stale,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Response {
    /// Who asked.
    pub client: ClientId,
    /// The request's id.
    pub id: u64,
    /// What to tell.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The command is committed and applied; this is what the state machine said.
    Applied {
        /// Where the command stands in the log.
        index: Index,
        /// The state machine's answer.
        answer: Answer,
    },
    /// The value that a read found.
    Read {
        /// The state that was read: everything up to this index was applied.
        index: Index,
        /// What was found there.
        found: Found,
        /// For a read that may be stale, how stale.
        staleness: Option<Staleness>,
    },
    /// Nothing was done here: ask the leader.
    NotLeader {
        /// Who leads, as far as this server knows.
        leader: Option<NodeId>,
    },
    /// The read asks for what is not accepted.
    ReadRefused(Refusal),
    /// Nothing was done: ask again after a pause.
    Busy(Busy),
    /// This server lost its leadership with the request under way: it may or may not be
    /// applied. The same session and sequence number can be sent again without harm.
    Unknown,
}

/// Why a server takes no request for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Busy {
    /// Too much waits to be committed.
    Uncommitted {
        /// Bytes that wait.
        bytes: u64,
        /// The configured limit.
        limit: u64,
    },
    /// Leadership is being handed over.
    HandingOver {
        /// Who is to lead.
        to: NodeId,
    },
}

/// How stale the answer to a read may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Staleness {
    /// Entries that the server knows to be committed and has not applied.
    pub entries: u64,
    /// How long ago the server last heard from a leader, or, when it leads, sent what a quorum
    /// has answered; none when it never did. What was committed since may be missing.
    pub silence: Option<Duration>,
}
