//! Every case that recovery tells apart, written once.
//!
//! [`recover`](super::recover) names a row of this table for each thing that it finds; what the
//! row says is the outcome. The table in `ARCHITECTURE.md`, the page's explanation and the test
//! that walks through all rows are made from it, so none of them can say another thing.

use serde::Serialize;

/// What becomes of what was found. Ordered: the gravest outcome of a recovery is its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Outcome {
    /// It is what it should be, and counts.
    Used,
    /// What a crash left half done is brought to an end; nothing that counted is missing.
    Repaired,
    /// It does not count, and stays on the disk under a quarantine name.
    SetAside,
    /// Something that the server may have promised is missing. It goes on under a fresh
    /// incarnation, which has no vote until it has caught up.
    NonVoting,
    /// The server does not start, and nothing is changed. A person decides.
    Refused,
}

impl core::fmt::Display for Outcome {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Outcome::Used => "used",
            Outcome::Repaired => "repaired",
            Outcome::SetAside => "set aside",
            Outcome::NonVoting => "non-voting until caught up",
            Outcome::Refused => "start refused",
        })
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Row {
    /// Which one.
    pub case: Case,
    /// Its name in documents: `torn-tail`.
    pub id: &'static str,
    /// What is found.
    pub situation: &'static str,
    /// What becomes of it.
    pub outcome: Outcome,
    /// What it says to a person: why, and what can be done.
    pub says: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
}

/// Every row, in the order of the documentation.
#[must_use]
pub fn all() -> &'static [Row] {
    ROWS
}

/// Declares the cases and their table together.
macro_rules! cases {
    ($($case:ident, $id:literal, $outcome:ident,
        $situation:literal,
        $says:literal,
        $source:literal;)*) => {
        /// A case that recovery tells apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Case {$(
            #[doc = $situation]
            $case,
        )*}

        const ROWS: &[Row] = &[$(Row {
            case: Case::$case,
            id: $id,
            situation: $situation,
            outcome: Outcome::$outcome,
            says: $says,
            source: $source,
        },)*];
    };
}

impl Case {
    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// What becomes of it.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        self.row().outcome
    }
}

impl core::fmt::Display for Case {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.row().id)
    }
}

cases! {
    // The disk and whose it is.
    NeverRan, "never-ran", Used,
        "The disk is empty, and the host says that this server never wrote anything.",
        "A new server has promised nothing, so it may vote.",
        "Raft paper, figure 2";
    EverythingGone, "everything-gone", NonVoting,
        "The disk holds nothing of this server, and the host says that it ran before.",
        "Whatever it had promised is forgotten: it takes no part in decisions until the leader has \
         brought it up to date.",
        "Viewstamped Replication Revisited, 4.3";
    Superseded, "superseded", NonVoting,
        "A note on the disk says that the cluster goes on without this incarnation.",
        "The disk is an older copy, or has lost without a trace what the server had acknowledged. What \
         is left is a good beginning for what the leader sends.",
        "ARCHITECTURE, seats and incarnations";
    NoteHeeded, "note-heeded", SetAside,
        "A note on the disk says that an earlier incarnation was superseded.",
        "The server goes on as a later one already.",
        "ARCHITECTURE, seats and incarnations";
    DiskUnreadable, "disk-unreadable", Refused,
        "The disk fails a read.",
        "What a disk holds that cannot be read is unknown. Repair or replace the disk, then start \
         again.",
        "ARCHITECTURE, recovery";
    OtherFormat, "other-format", Refused,
        "A segment, or a snapshot that counts, is of another format than this version reads.",
        "The data is good, but not for this version. Start the version that wrote it.",
        "ARCHITECTURE, recovery";
    OtherServer, "other-server", Refused,
        "A segment (or, without a log, a snapshot) belongs to another server of the same cluster.",
        "That server may be alive and vote with this disk's memory. Give each server its own disk.",
        "ARCHITECTURE, recovery";
    OtherLife, "other-life", NonVoting,
        "A segment (or, without a log, a snapshot) belongs to another life of the cluster.",
        "Nothing of it is true of this cluster, and what this server knew of this one may be gone \
         with its own disk. All of it is set aside.",
        "ARCHITECTURE, recovery";
    FormerIncarnation, "former-incarnation", SetAside,
        "Segments of a former incarnation, or of another life, stand before those of the newest one.",
        "What was good in them was written again under the newer incarnation; a crash came before \
         they were set aside.",
        "ARCHITECTURE, recovery";
    StraySegment, "stray-segment", NonVoting,
        "A segment of a former incarnation, or of another life, stands behind those of the newest one.",
        "It may have taken the place of a segment of this log, so what this server had promised may \
         be gone.",
        "ARCHITECTURE, recovery";

    // The log.
    SegmentRead, "segment-read", Used,
        "A segment of the log is intact.",
        "Its records count, later ones before earlier ones.",
        "ARCHITECTURE, recovery";
    TornTail, "torn-tail", Repaired,
        "A write is not whole, and nothing says that another write or segment was begun after it.",
        "The crash cut that write off before it was durable, so nobody was told of it.",
        "Protocol-Aware Recovery, FAST 2018";
    SegmentUnwritten, "segment-unwritten", Repaired,
        "A segment is empty or its header is not whole, and nothing says that more was written after.",
        "The crash came while the segment was begun; nothing in it was durable.",
        "All File Systems Are Not Created Equal, OSDI 2014";
    Damage, "damage", NonVoting,
        "Bytes that were durable are damaged, and no snapshot covers what they held.",
        "An entry, a term or a vote that this server had promised may have stood there. What lies \
         before the damage is kept.",
        "Protocol-Aware Recovery, FAST 2018";
    DamageCovered, "damage-covered", SetAside,
        "A segment is damaged, but a snapshot covers all that it held.",
        "The snapshot and the segments after it hold everything that counts.",
        "ARCHITECTURE, recovery";
    SegmentMissing, "segment-missing", NonVoting,
        "A segment between others is missing, and no snapshot covers what it held.",
        "An entry that this server had promised may have stood there.",
        "ARCHITECTURE, recovery";
    SegmentMissingCovered, "segment-missing-covered", Used,
        "A segment between others is missing, but a snapshot covers all that it held.",
        "Segments below a snapshot are removed in any order that a crash leaves.",
        "All File Systems Are Not Created Equal, OSDI 2014";
    LogGone, "log-gone", NonVoting,
        "There is no log, but a snapshot of this server.",
        "The log held the term, the vote and entries that this server had promised. The snapshot is \
         a good beginning for what the leader sends.",
        "Viewstamped Replication Revisited, 4.3";
    LogContradiction, "log-contradiction", NonVoting,
        "Intact entries contradict each other: an index is skipped, terms go down, or a committed \
         entry is replaced.",
        "No history of one server looks like that. What lies before the contradiction is kept.",
        "Raft paper, figure 3";
    EntriesUsed, "entries-used", Used,
        "Entries follow the snapshot without a gap.",
        "They are applied as soon as they are known to be committed.",
        "Raft paper, 5.3";
    CommitBeyondLog, "commit-beyond-log", NonVoting,
        "The recorded commit index lies beyond the log's end.",
        "Committed entries are missing here, and this server may have helped to commit them.",
        "Raft paper, 5.4";
    CommitRaised, "commit-raised", Repaired,
        "The snapshot covers more than was recorded as committed.",
        "A snapshot covers only committed entries.",
        "Raft paper, section 7";

    // The term and the vote.
    HardStateUsed, "hard-state-used", Used,
        "The newest record of term and vote is intact.",
        "A server votes once in a term, over all its runs.",
        "Raft paper, figure 2";
    TermBehind, "term-behind", NonVoting,
        "An entry or the snapshot is of a later term than the recorded one.",
        "The term is recorded before any entry of it, so a record is missing, and with it perhaps a \
         vote.",
        "Raft paper, figure 2";
    VoteForgotten, "vote-forgotten", Repaired,
        "The incarnation is lost, whatever for.",
        "The fresh incarnation has never voted, so it may go on in the highest term that is found \
         anywhere, without a vote.",
        "Viewstamped Replication Revisited, 4.3";
    PrefixKept, "prefix-kept", Repaired,
        "The incarnation is lost, and a snapshot or a beginning of the log is intact.",
        "It is written again under the fresh incarnation.",
        "ARCHITECTURE, recovery";
    FormerLog, "former-log", SetAside,
        "The incarnation is lost, and segments of its log are there.",
        "What is intact in them was written again; the rest may tell a person what happened.",
        "ARCHITECTURE, recovery";

    // Snapshots.
    SnapshotUsed, "snapshot-used", Used,
        "The newest snapshot that the log names is intact.",
        "The state machine starts from it.",
        "Raft paper, section 7";
    SnapshotOfFormerIncarnation, "snapshot-of-former-incarnation", Used,
        "A snapshot that counts was written by a former incarnation of this server.",
        "What it covers is committed, whoever wrote it down.",
        "ARCHITECTURE, recovery";
    LogReplaced, "log-replaced", Used,
        "A record says that a leader's snapshot replaced the log.",
        "The log did not hold the snapshot's last entry, so nothing before the record counts.",
        "Raft paper, section 7";
    SnapshotAhead, "snapshot-ahead", Repaired,
        "The snapshot covers more than the log holds, and its term is not behind the log's.",
        "The log goes on after the snapshot.",
        "ARCHITECTURE, recovery";
    SnapshotInverted, "snapshot-inverted", NonVoting,
        "The snapshot covers more than the log holds, its term is behind the log's, and no record \
         says that it replaced the log.",
        "Records contradict each other; the snapshot alone is kept, for what it covers is committed.",
        "ARCHITECTURE, recovery";
    SnapshotConflict, "snapshot-conflict", NonVoting,
        "The log holds another term where the snapshot ends, and no record says that the snapshot \
         replaced the log.",
        "Records contradict each other; the snapshot alone is kept, for what it covers is committed.",
        "ARCHITECTURE, recovery";
    SnapshotUnnamed, "snapshot-unnamed", SetAside,
        "No record names a snapshot file.",
        "It counts only once the log names it; the crash came before that, or it was superseded.",
        "ARCHITECTURE, recovery";
    SnapshotUnfinished, "snapshot-unfinished", SetAside,
        "A snapshot file still has its temporary name.",
        "The crash came while it was written.",
        "ARCHITECTURE, recovery";
    SnapshotForeign, "snapshot-foreign", SetAside,
        "A snapshot beside this server's own log belongs to another server or another life.",
        "It is not of this server's history.",
        "ARCHITECTURE, recovery";
    SnapshotDamaged, "snapshot-damaged", SetAside,
        "A snapshot that the log names is not what was written.",
        "An older one serves if the log reaches back to it.",
        "ARCHITECTURE, recovery";
    SnapshotMissing, "snapshot-missing", Repaired,
        "A snapshot that the log names is not there.",
        "An older one serves if the log reaches back to it.",
        "ARCHITECTURE, recovery";
    Gap, "gap", NonVoting,
        "No usable snapshot reaches the first entry of the log.",
        "Committed entries between the two are missing here.",
        "Raft paper, section 7";

    // The end.
    Ready, "ready", Used,
        "What is left is one history: snapshot, then commit, then log.",
        "The server starts.",
        "ARCHITECTURE, recovery";
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::collections::BTreeSet;

    #[test]
    fn each_case_finds_its_own_row() {
        let ids: BTreeSet<_> = all().iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), all().len(), "ids are unique");
        for row in all() {
            assert_eq!(row.case.row(), row);
        }
    }
}
