//! What recovery found, what it decided, and why it may refuse.

use super::disk::DiskError;
use super::record::{FORMAT, HardState, Identity, RecordError};
use super::snapshot::SnapshotError;
use crate::types::{Index, Position, Term};
use serde::Serialize;

/// What recovery found and decided, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Report {
    /// Each finding with its decision.
    pub steps: Vec<Finding>,
}

/// One finding, and what recovery made of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Finding {
    /// The disk is empty: a server that never ran.
    Fresh,
    /// A segment of the log was read.
    SegmentRead {
        /// The file.
        file: String,
        /// Its valid records.
        records: u64,
        /// The lowest and highest index of its entries.
        entries: Option<(Index, Index)>,
    },
    /// The last write was cut off by the crash. It was never reported durable, so nobody was
    /// told of it: it is passed over.
    TornTail {
        /// The file.
        file: String,
        /// Where the valid part ends, in bytes.
        valid: u64,
        /// Bytes passed over.
        lost: u64,
    },
    /// The term and the vote are what the newest record says.
    HardStateFound(HardState),
    /// The state machine starts from this snapshot.
    SnapshotUsed {
        /// What it covers.
        covers: Position,
        /// Its size.
        bytes: u64,
    },
    /// A snapshot cannot be used. It stays on the disk under another name.
    SnapshotSetAside {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: SnapshotProblem,
        /// Its name from now on.
        quarantine: String,
    },
    /// Entries that follow the snapshot, to be applied as soon as they are known committed.
    EntriesFound {
        /// The first.
        first: Position,
        /// The last.
        last: Position,
    },
    /// A snapshot from a leader replaced a log that did not hold the snapshot's last entry.
    LogReplaced {
        /// What the snapshot covers.
        covers: Position,
        /// Entries that it replaced.
        entries: u64,
    },
    /// The snapshot covers more than was recorded as committed; what it covers is committed.
    CommitRaised {
        /// The recorded commit index.
        from: Index,
        /// The snapshot's.
        to: Index,
    },
    /// The end: what the server starts with.
    Ready {
        /// What the snapshot covers, which is what is applied.
        snapshot: Index,
        /// What is known to be committed.
        commit: Index,
        /// Where the log ends.
        last: Index,
    },
}

/// What is wrong with a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum SnapshotProblem {
    /// No record of the log names it: the crash came before it counted.
    NotNamed,
    /// It is not what the log names.
    Unusable(SnapshotError),
}

/// Why a server must not start with what its disk holds. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum RecoveryError {
    /// The disk could not be read.
    #[error("the disk cannot be read: {0}. Repair the disk and start again")]
    Disk(DiskError),
    /// The data is another server's, or of another life of the cluster.
    #[error(
        "{file} belongs to {found}, but this is {expected}. Start this server with its own data \
         directory, or move that one away"
    )]
    ForeignIdentity {
        /// The file.
        file: String,
        /// Whose it is.
        found: Identity,
        /// Whose it should be.
        expected: Identity,
    },
    /// Another version wrote it.
    #[error(
        "{file} has format {given}, and this version reads {FORMAT}. Use the version that wrote it"
    )]
    Format {
        /// The file.
        file: String,
        /// The version found.
        given: u16,
    },
    /// A record in the middle is damaged: what it held may have been acknowledged.
    #[error(
        "{file} is damaged at byte {offset}: {what}. Intact records follow, so this is no torn \
         tail, and acknowledged entries may be lost. Restore the file from a copy, or replace \
         this server by a new one"
    )]
    Corrupt {
        /// The file.
        file: String,
        /// Where the damaged record starts.
        offset: u64,
        /// What is wrong with it.
        what: RecordError,
    },
    /// A segment is gone.
    #[error(
        "segment {missing} of the log is missing, and later ones are there. Restore it from a copy"
    )]
    SegmentMissing {
        /// Its file.
        missing: String,
    },
    /// Entries are missing between what the snapshot covers and the log.
    #[error(
        "the log begins at index {first}, but the newest usable snapshot covers only {covered}. \
         Restore the snapshot from a copy, or replace this server by a new one"
    )]
    Gap {
        /// What the snapshot covers.
        covered: Index,
        /// The first entry of the log.
        first: Index,
    },
    /// Entries that were known committed are not there.
    #[error(
        "entries up to {commit} were committed, but the log ends at {last}. They may have been \
         acknowledged here, so this server must not vote without them. Restore the log from a \
         copy, or replace this server by a new one"
    )]
    CommitBeyondLog {
        /// What was known to be committed.
        commit: Index,
        /// Where the log ends.
        last: Index,
    },
    /// An entry or a snapshot is of a later term than the server ever was in.
    #[error(
        "{what} is of term {found}, but the newest recorded term is {term}: that cannot come \
         from one history. Restore the data directory from a copy, or replace this server"
    )]
    TermBeyondHardState {
        /// The artefact.
        what: String,
        /// Its term.
        found: Term,
        /// The recorded term.
        term: Term,
    },
}
