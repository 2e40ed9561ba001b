//! What recovery found and decided, in words: the numbers from the finding, the reason and what
//! can be done from its row of the table of cases.

use super::{Told, count, detail, story};
use crate::storage::cases::Outcome;
use crate::storage::{AsideReason, Finding};
use crate::types::NodeId;

/// Tells one finding of the recovery of `node`.
pub(in crate::view) fn tell(node: NodeId, finding: &Finding) -> Told {
    let row = finding.case().row();
    let found = found(finding);
    let plain = row.outcome == Outcome::Used;
    let sentence = if plain {
        format!("{node} {found}")
    } else {
        format!("{node} {found}. {}", row.says.trim_end_matches('.'))
    };
    let told = match finding {
        Finding::Ready { last, .. } if last.0 > 0 => story("recovered", sentence),
        _ if plain => detail("recovery", sentence),
        Finding::SetAside { .. } => story("set-aside", sentence),
        _ => story(row.id, sentence),
    };
    told.by(row.situation.trim_end_matches('.'), row.source)
}

fn found(finding: &Finding) -> String {
    match finding {
        Finding::NeverRan => "finds an empty disk: it starts afresh".into(),
        Finding::EverythingGone { given } => {
            format!("finds nothing of its own on its disk, and goes on as incarnation {given}")
        }
        Finding::Superseded { by } => {
            format!("finds a note that the cluster listens to no incarnation before {by}")
        }
        Finding::OtherLife { cluster } => {
            format!("finds the data of cluster {cluster}, another life than this one")
        }
        Finding::StraySegment { file, found } => {
            format!("finds {file} of {found} behind its own segments")
        }
        Finding::SegmentRead {
            file,
            records,
            entries,
        } => {
            let records = count(*records, "record", "records");
            let held = entries.map_or("no entries".into(), |(first, last)| {
                format!("entries {first} to {last}")
            });
            format!("reads {file}: {records}, {held}")
        }
        Finding::TornTail { file, valid, lost } => {
            format!("passes over the last {lost} bytes of {file}, from byte {valid} on")
        }
        Finding::SegmentUnwritten { file, bytes } => {
            let bytes = count(*bytes, "byte", "bytes");
            format!("passes over {file}, {bytes} without a whole header")
        }
        Finding::Damaged {
            file,
            offset,
            fault,
            ..
        } => format!("finds {file} damaged at byte {offset}: {fault}"),
        Finding::SegmentMissing { file, .. } => format!("misses {file}"),
        Finding::HardStateFound(state) => {
            let vote = state
                .vote
                .map_or("no vote".into(), |vote| format!("its vote for {vote}"));
            format!("remembers term {} and {vote} in it", state.term)
        }
        Finding::TermBehind { found, term } => {
            format!("finds {found} in its data, but recorded only term {term}")
        }
        Finding::VoteForgotten { term, incarnation } => {
            format!("goes on as incarnation {incarnation} in term {term}, without a vote")
        }
        Finding::EntriesFound { first, last } => {
            let entries = count(last.index.since(first.index) + 1, "entry", "entries");
            format!("has {entries} in its log, {first} to {last}")
        }
        Finding::CommitBeyondLog { commit, last } => {
            format!("knows that entries up to {commit} are committed, but its log ends at {last}")
        }
        Finding::CommitRaised { from, to } => {
            format!("raises its commit index from {from} to {to}")
        }
        Finding::Ready {
            snapshot,
            commit,
            last,
        } => format!("has recovered: snapshot {snapshot}, committed {commit}, log up to {last}"),
        Finding::LogGone { snapshots } => {
            let files = count(*snapshots, "snapshot file", "snapshot files");
            format!("finds no log, but {files}")
        }
        Finding::SnapshotUsed {
            covers,
            bytes,
            former: None,
        } => format!("starts from its snapshot of {covers} ({bytes} bytes)"),
        Finding::SnapshotUsed {
            covers,
            bytes,
            former: Some(former),
        } => format!(
            "starts from the snapshot of {covers} ({bytes} bytes) of its incarnation {former}"
        ),
        Finding::SnapshotMissing { covers, file } => {
            format!("misses {file}, its snapshot of {covers}")
        }
        Finding::LogReplaced { covers, entries } => {
            let entries = count(*entries, "entry", "entries");
            format!("finds that the snapshot of {covers}, installed before, replaced {entries}")
        }
        Finding::SnapshotAhead { covers, last }
        | Finding::SnapshotInverted { covers, last }
        | Finding::SnapshotConflict { covers, held: last } => {
            format!("finds a snapshot of {covers} named where its log holds {last}")
        }
        Finding::Gap { covered, first } => {
            format!("knows its log from index {first} on, and has a snapshot only up to {covered}")
        }
        Finding::PrefixKept {
            covers,
            entries,
            file,
        } => {
            let held = match (covers.index.0, *entries) {
                (0, 0) => "nothing, so it begins from nothing".into(),
                (0, entries) => count(entries, "entry", "entries"),
                (_, 0) => format!("the snapshot of {covers}"),
                (_, entries) => {
                    let entries = count(entries, "entry", "entries");
                    format!("the snapshot of {covers} and {entries}")
                }
            };
            format!("writes what is intact to {file}: {held}")
        }
        Finding::SetAside {
            file,
            quarantine,
            why,
        } => format!("sets {file} aside as {quarantine}{}", wrong_with(why)),
    }
}

/// The numbers behind a reason; the reason itself is in the table.
fn wrong_with(why: &AsideReason) -> String {
    match why {
        AsideReason::SnapshotForeign { found } => format!(": it belongs to {found}"),
        AsideReason::SnapshotDamaged { error } => format!(": {error}"),
        AsideReason::Note
        | AsideReason::OtherLife
        | AsideReason::Stray
        | AsideReason::FormerIncarnation
        | AsideReason::FormerLog
        | AsideReason::DamageCovered
        | AsideReason::SnapshotUnnamed
        | AsideReason::SnapshotUnfinished => String::new(),
    }
}
