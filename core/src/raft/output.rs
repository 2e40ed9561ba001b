//! What consensus wants done after an input.

use super::entry::Entry;
use super::event::Event;
use super::message::Message;
use crate::types::{Index, NodeId, Position, Rope, Term};

/// Everything that one input led to, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Output {
    /// Messages that may leave now.
    pub messages: Vec<(NodeId, Message)>,
    /// Records for the disk. Each has the number that follows the one before it, counted from 1
    /// over the whole run; [`Raft::on_durable`](super::Raft::on_durable) takes those numbers.
    pub records: Vec<Persist>,
    /// Reads that may be answered, or never will be.
    pub reads: Vec<(ReadId, ReadOutcome)>,
    /// A snapshot that has arrived whole and is to be stored before it is installed.
    pub received: Option<ReceivedSnapshot>,
    /// The state machine is to be restored from the snapshot that covers this.
    pub installed: Option<Position>,
    /// What happened.
    pub events: Vec<Event>,
}

/// A record that must survive a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Persist {
    /// The term and the vote in it.
    HardState {
        /// The term.
        term: Term,
        /// The vote.
        vote: Option<NodeId>,
    },
    /// An entry. Where the log on disk reaches its index or beyond, it is cut there first.
    Entry(Entry),
    /// The snapshot that covers this, already durable itself, is the beginning of the log; the
    /// entries that follow stay.
    Snapshot(Position),
    /// The same, and no entry stays.
    Reset(Position),
}

/// A snapshot that arrived from a leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceivedSnapshot {
    /// What it covers.
    pub covers: Position,
    /// Its bytes.
    pub data: Rope,
}

/// Names a read; chosen by whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadId(pub u64);

/// What became of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadOutcome {
    /// It may be answered from any state that has applied this index.
    At(Index),
    /// No leader could confirm it here; ask again elsewhere.
    Failed,
}
