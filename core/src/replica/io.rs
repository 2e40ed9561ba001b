//! What goes into a replica and what comes out of it.

use super::event::Event;
use crate::cache::{Answer, Command, Versioned};
use crate::raft::Message;
use crate::storage::{DiskError, DiskOp};
use crate::types::{ClusterId, Index, NodeId};
use bytes::Bytes;
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
    /// An operator wants a snapshot now.
    TakeSnapshot,
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
    /// The receiver.
    pub to: NodeId,
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
    /// A linearizable read of one key, of any server.
    Read {
        /// The key.
        key: Bytes,
    },
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
    /// The value that a linearizable read found.
    Read {
        /// The state that was read: everything up to this index was applied.
        index: Index,
        /// The value; none when the key is absent.
        value: Option<Versioned>,
    },
    /// Nothing was done here: ask the leader.
    NotLeader {
        /// Who leads, as far as this server knows.
        leader: Option<NodeId>,
    },
    /// This server lost its leadership with the request under way: it may or may not be
    /// applied. The same session and sequence number can be sent again without harm.
    Unknown,
}
