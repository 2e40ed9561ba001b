//! What recovery found, what it decided, and why it may refuse.

use super::cases::{Case, Outcome};
use super::disk::DiskError;
use super::record::{FORMAT, HardState, Identity, RecordError};
use super::snapshot::SnapshotError;
use crate::types::{ClusterId, Incarnation, Index, Position, Term};
use serde::Serialize;

/// What recovery found and decided, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Report {
    /// Each finding; its [`Finding::case`] is the rule that decided.
    pub steps: Vec<Finding>,
}

impl Report {
    /// The cases because of which the incarnation is lost, each once.
    pub(super) fn reasons(&self) -> Vec<Case> {
        let mut reasons = Vec::new();
        for case in self.steps.iter().map(Finding::case) {
            if case.outcome() == Outcome::NonVoting && !reasons.contains(&case) {
                reasons.push(case);
            }
        }
        reasons
    }
}

/// One finding. Which rule applies to it, [`Finding::case`] says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Finding {
    /// Nothing of this server was ever durable.
    NeverRan,
    /// Nothing of this server is there, and it ran before.
    EverythingGone {
        /// The incarnation that the host provides.
        given: Incarnation,
    },
    /// The cluster goes on without the incarnation that wrote the data.
    Superseded {
        /// The least incarnation that the cluster would listen to.
        by: Incarnation,
    },
    /// Nothing of this server is there, but data of another life of the cluster.
    OtherLife {
        /// That life.
        cluster: ClusterId,
    },
    /// There is no log, but there are snapshots.
    LogGone {
        /// How many files.
        snapshots: u64,
    },
    /// A segment stands behind this server's own ones that is not of them.
    StraySegment {
        /// The file.
        file: String,
        /// Whose it is.
        found: Identity,
    },
    /// A segment of the log was read.
    SegmentRead {
        /// The file.
        file: String,
        /// Its valid records.
        records: u64,
        /// The lowest and highest index of its entries.
        entries: Option<(Index, Index)>,
    },
    /// The last write is not whole. It was never reported durable, so nobody was told of it.
    TornTail {
        /// The file.
        file: String,
        /// Where the valid part ends, in bytes.
        valid: u64,
        /// Bytes passed over.
        lost: u64,
    },
    /// A segment was begun, and not even its header is whole.
    SegmentUnwritten {
        /// The file.
        file: String,
        /// Its bytes.
        bytes: u64,
    },
    /// Bytes that were durable are not what was written.
    Damaged {
        /// The file.
        file: String,
        /// Where the first bad record begins, in bytes.
        offset: u64,
        /// What is wrong with it.
        fault: Fault,
        /// Whether a snapshot covers all that may have stood there.
        covered: bool,
    },
    /// A segment that a later one knows of is not there.
    SegmentMissing {
        /// The file.
        file: String,
        /// Whether a snapshot covers all that it held.
        covered: bool,
    },
    /// A file stays on the disk under another name.
    SetAside {
        /// The file.
        file: String,
        /// Its name from now on.
        quarantine: String,
        /// What is wrong with it.
        why: AsideReason,
    },
    /// The term and the vote are what the newest record says.
    HardStateFound(HardState),
    /// Something is of a later term than the recorded one.
    TermBehind {
        /// The latest position.
        found: Position,
        /// The recorded term.
        term: Term,
    },
    /// The fresh incarnation begins in the highest term found, without a vote.
    VoteForgotten {
        /// That term.
        term: Term,
        /// The incarnation.
        incarnation: Incarnation,
    },
    /// What is intact was written again under the fresh incarnation.
    PrefixKept {
        /// What its snapshot covers.
        covers: Position,
        /// Its entries.
        entries: u64,
        /// The new segment.
        file: String,
    },
    /// The state machine starts from this snapshot.
    SnapshotUsed {
        /// What it covers.
        covers: Position,
        /// Its size.
        bytes: u64,
        /// The former incarnation that wrote it, if it was one.
        former: Option<Incarnation>,
    },
    /// A named snapshot has no file.
    SnapshotMissing {
        /// What it covers.
        covers: Position,
        /// The file that is not there.
        file: String,
    },
    /// A snapshot from a leader replaced a log that did not hold the snapshot's last entry.
    LogReplaced {
        /// What the snapshot covers.
        covers: Position,
        /// Entries that it replaced.
        entries: u64,
    },
    /// A snapshot was named that covers more than the log held, in a term not behind it.
    SnapshotAhead {
        /// What it covers.
        covers: Position,
        /// Where the log ended.
        last: Position,
    },
    /// The same, in a term behind that of the log.
    SnapshotInverted {
        /// What it covers.
        covers: Position,
        /// Where the log ended.
        last: Position,
    },
    /// A snapshot was named where the log held another term.
    SnapshotConflict {
        /// What it covers.
        covers: Position,
        /// What the log held there.
        held: Position,
    },
    /// No usable snapshot reaches the log.
    Gap {
        /// What the newest usable one covers.
        covered: Index,
        /// From here on the log is known.
        first: Index,
    },
    /// Entries that follow the snapshot, to be applied as soon as they are known committed.
    EntriesFound {
        /// The first.
        first: Position,
        /// The last.
        last: Position,
    },
    /// Entries that were known committed are not there.
    CommitBeyondLog {
        /// What was known to be committed.
        commit: Index,
        /// Where the log ends.
        last: Index,
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

impl Finding {
    /// The row of the table that applied.
    #[must_use]
    pub fn case(&self) -> Case {
        match self {
            Finding::NeverRan => Case::NeverRan,
            Finding::EverythingGone { .. } => Case::EverythingGone,
            Finding::Superseded { .. } => Case::Superseded,
            Finding::OtherLife { .. } => Case::OtherLife,
            Finding::LogGone { .. } => Case::LogGone,
            Finding::StraySegment { .. } => Case::StraySegment,
            Finding::SegmentRead { .. } => Case::SegmentRead,
            Finding::TornTail { .. } => Case::TornTail,
            Finding::SegmentUnwritten { .. } => Case::SegmentUnwritten,
            Finding::Damaged { covered: true, .. } => Case::DamageCovered,
            Finding::Damaged { fault, .. } => fault.case(),
            Finding::SegmentMissing { covered: true, .. } => Case::SegmentMissingCovered,
            Finding::SegmentMissing { .. } => Case::SegmentMissing,
            Finding::SetAside { why, .. } => why.case(),
            Finding::HardStateFound(_) => Case::HardStateUsed,
            Finding::TermBehind { .. } => Case::TermBehind,
            Finding::VoteForgotten { .. } => Case::VoteForgotten,
            Finding::PrefixKept { .. } => Case::PrefixKept,
            Finding::SnapshotUsed { former: None, .. } => Case::SnapshotUsed,
            Finding::SnapshotUsed { .. } => Case::SnapshotOfFormerIncarnation,
            Finding::SnapshotMissing { .. } => Case::SnapshotMissing,
            Finding::LogReplaced { .. } => Case::LogReplaced,
            Finding::SnapshotAhead { .. } => Case::SnapshotAhead,
            Finding::SnapshotInverted { .. } => Case::SnapshotInverted,
            Finding::SnapshotConflict { .. } => Case::SnapshotConflict,
            Finding::Gap { .. } => Case::Gap,
            Finding::EntriesFound { .. } => Case::EntriesUsed,
            Finding::CommitBeyondLog { .. } => Case::CommitBeyondLog,
            Finding::CommitRaised { .. } => Case::CommitRaised,
            Finding::Ready { .. } => Case::Ready,
        }
    }
}

/// What is wrong with a record that was durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum Fault {
    /// Its bytes.
    #[error("{0}")]
    Record(RecordError),
    /// It is intact, but never written in that place.
    #[error("the record is intact but does not belong there")]
    Misplaced,
    /// An index is skipped.
    #[error("index {found} follows index {after}")]
    IndexSkipped {
        /// The entry before, or what the snapshot covers.
        after: Index,
        /// The entry.
        found: Index,
    },
    /// The terms of a log never go down.
    #[error("term {found} follows term {after}")]
    TermWentDown {
        /// The term of the entry before.
        after: Term,
        /// The entry's.
        found: Term,
    },
    /// A committed entry is never replaced.
    #[error("an entry takes the place of the committed one at index {found}")]
    CommittedReplaced {
        /// Its index.
        found: Index,
    },
}

impl Fault {
    fn case(self) -> Case {
        match self {
            Fault::Record(_) | Fault::Misplaced => Case::Damage,
            Fault::IndexSkipped { .. }
            | Fault::TermWentDown { .. }
            | Fault::CommittedReplaced { .. } => Case::LogContradiction,
        }
    }
}

/// Why a file is set aside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum AsideReason {
    /// A note that the server was superseded, which was heeded.
    Note,
    /// It is of another life of the cluster.
    OtherLife,
    /// A segment that is not of this log, behind it.
    Stray,
    /// A segment that a newer incarnation has written again.
    FormerIncarnation,
    /// A segment of the incarnation that is lost now.
    FormerLog,
    /// A damaged segment that a snapshot covers.
    DamageCovered,
    /// A snapshot that no record names.
    SnapshotUnnamed,
    /// A snapshot under its temporary name.
    SnapshotUnfinished,
    /// A snapshot of another server or another life.
    SnapshotForeign {
        /// Whose it is.
        found: Identity,
    },
    /// A named snapshot that is not what was written.
    SnapshotDamaged {
        /// What is wrong with it.
        error: SnapshotError,
    },
}

impl AsideReason {
    fn case(&self) -> Case {
        match self {
            AsideReason::Note => Case::NoteHeeded,
            AsideReason::OtherLife => Case::OtherLife,
            AsideReason::Stray => Case::StraySegment,
            AsideReason::FormerIncarnation => Case::FormerIncarnation,
            AsideReason::FormerLog => Case::FormerLog,
            AsideReason::DamageCovered => Case::DamageCovered,
            AsideReason::SnapshotUnnamed => Case::SnapshotUnnamed,
            AsideReason::SnapshotUnfinished => Case::SnapshotUnfinished,
            AsideReason::SnapshotForeign { .. } => Case::SnapshotForeign,
            AsideReason::SnapshotDamaged { .. } => Case::SnapshotDamaged,
        }
    }
}

/// Why a server must not start with what its disk holds. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum RecoveryError {
    /// The disk could not be read.
    #[error("the disk cannot be read: {0}. {says}", says = self.case().row().says)]
    Disk(DiskError),
    /// The data is another server's.
    #[error("{file} belongs to {found}, but this is {expected}. {says}", says = self.case().row().says)]
    OtherServer {
        /// The file.
        file: String,
        /// Whose it is.
        found: Identity,
        /// Whose it should be.
        expected: Identity,
    },
    /// Another version wrote it.
    #[error("{file} has format {given}, and this version reads {FORMAT}. {says}", says = self.case().row().says)]
    Format {
        /// The file.
        file: String,
        /// The version found.
        given: u16,
    },
}

impl RecoveryError {
    /// The row of the table that applied.
    #[must_use]
    pub fn case(&self) -> Case {
        match self {
            RecoveryError::Disk(_) => Case::DiskUnreadable,
            RecoveryError::OtherServer { .. } => Case::OtherServer,
            RecoveryError::Format { .. } => Case::OtherFormat,
        }
    }
}
