//! Everything that a replica tells whoever watches it.

use super::advice::Flaw;
use super::io::{Busy, ClientId, Staleness};
use crate::cache::{Command, Refusal, Removed, SessionId, Taken};
use crate::raft;
use crate::storage::{DiskError, Finding};
use crate::types::{ClusterId, Duration, Incarnation, Index, Mutant, NodeId, Position};
use serde::Serialize;

/// Something that a person who watches one replica would want to know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Event {
    /// Something in consensus.
    Raft(raft::Event),
    /// Recovery found something on the disk, and decided.
    Recovery(Finding),
    /// The replica runs.
    Started {
        /// Where its log ends.
        last: Position,
        /// What it knows to be committed.
        commit: Index,
    },
    /// The state machine took a command.
    Applied {
        /// Where the command stands in the log.
        index: Index,
        /// The command.
        command: Command,
        /// How it was taken.
        taken: Taken,
    },
    /// A committed entry is no command that this version understands; every server skips it.
    CommandUnreadable {
        /// Where the entry stands.
        index: Index,
        /// What is wrong with it.
        error: String,
    },
    /// A read was answered.
    ReadServed {
        /// Who asked.
        client: ClientId,
        /// The state that was read.
        index: Index,
        /// For a read that may be stale, how stale.
        staleness: Option<Staleness>,
    },
    /// A request was put off.
    RequestPutOff {
        /// Who asked.
        client: ClientId,
        /// Why.
        why: Busy,
    },
    /// What an operator wanted cannot be done.
    OperatorRefused {
        /// Why.
        why: OperatorRefusal,
    },
    /// An operator wants this server to end: no more requests are taken.
    ShutdownStarted {
        /// Who is to lead instead, when this server leads.
        successor: Option<NodeId>,
    },
    /// Everything is answered and durable: the server has ended.
    ShutDown,
    /// A request could not be taken here.
    RequestRedirected {
        /// Who asked.
        client: ClientId,
        /// Who leads, as far as this server knows.
        leader: Option<NodeId>,
    },
    /// Leadership was lost with requests under way: their clients do not know what became of
    /// them.
    RequestsAbandoned {
        /// How many.
        requests: u64,
    },
    /// A snapshot of the state machine is on its way to the disk.
    SnapshotTaken {
        /// What it covers.
        covers: Position,
        /// The bytes of keys and values in it.
        bytes: u64,
        /// Why now.
        why: SnapshotReason,
    },
    /// A snapshot and the record that names it are durable.
    SnapshotDurable {
        /// What it covers.
        covers: Position,
    },
    /// Files that recovery once set aside were removed, for together they were too large.
    QuarantineTrimmed {
        /// How many.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A message of another cluster, or of a server of another life, was refused.
    ForeignMessageRefused {
        /// Who sent it.
        from: NodeId,
        /// The cluster that the message names.
        cluster: ClusterId,
    },
    /// The disk failed a write: this replica cannot know what is durable, so it stops.
    DiskFailed {
        /// What the disk said.
        error: DiskError,
    },
    /// The state machine could not be restored from a snapshot that recovery or a leader gave.
    RestoreFailed {
        /// What the snapshot covers.
        covers: Position,
        /// What was wrong.
        error: String,
    },
    /// The cluster goes on without this incarnation of the server: its disk is an older copy, or has
    /// lost something. It stops, and is to be started again.
    Superseded {
        /// The least incarnation that the cluster would listen to.
        by: Incarnation,
    },
    /// It starts with a state that it must not believe: a known mistake, made on purpose.
    Mistaken {
        /// The mistake.
        mutant: Mutant,
        /// What the state covers.
        covers: Position,
        /// The life of the cluster that it is of.
        cluster: ClusterId,
    },
    /// Applying an entry removed keys though nobody asked for that.
    KeysRemoved {
        /// Which entry.
        index: Index,
        /// The keys, and why.
        removed: Vec<Removed>,
    },
    /// Sessions were silent for too long.
    SessionsExpired {
        /// Which.
        sessions: Vec<SessionId>,
    },
    /// The cache is nearly full, so the leader asks the model service.
    ModelAsked {
        /// Counts the questions.
        request: u64,
        /// How many keys it asks about.
        candidates: u64,
        /// How many bytes are to go.
        bytes: u64,
    },
    /// The model service answered in time, and the answer makes sense.
    ModelAnswered {
        /// Which question.
        request: u64,
        /// How long it took.
        after: Duration,
        /// How many keys are to go.
        chosen: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The model service gave no answer that can be used: the policy's own rule decides.
    ModelOfNoUse {
        /// Which question.
        request: u64,
        /// What is wrong.
        flaw: Flaw,
    },
    /// So many answers were of no use that nobody is asked for a while.
    ModelPaused {
        /// How many, in a row.
        failures: u32,
        /// For how long.
        pause: Duration,
    },
    /// An answer is of use again.
    ModelBack,
    /// A snapshot of this server's own was not finished when a leader's arrived, which covers more.
    SnapshotAbandoned {
        /// What it would have covered.
        covers: Position,
    },
}

/// Why an operator's wish is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum OperatorRefusal {
    /// Leadership stays.
    #[error("leadership is not handed over: {0}")]
    Transfer(raft::TransferRefusal),
    /// The members stay.
    #[error("the members are not changed: {0}")]
    Change(raft::ChangeRefusal),
    /// The server is ending.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The cache stays: it cannot be as it was asked for.
    #[error("the cache is not configured: {0}")]
    Configure(Refusal),
    /// The cache stays: the command was not taken into the log.
    #[error("the cache is not configured: {0}")]
    Propose(raft::ProposeRefusal),
}

/// Why a snapshot is taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum SnapshotReason {
    /// So many entries were applied since the last one.
    Threshold {
        /// Entries since the last snapshot.
        entries: u64,
        /// The configured threshold.
        threshold: u64,
    },
    /// An operator asked.
    Requested,
}
