//! What recovery found and decided, in words.

use super::{Told, count, detail, story};
use crate::storage::{Finding, SnapshotProblem};
use crate::types::NodeId;

/// Tells one finding of the recovery of `node`.
pub(in crate::view) fn tell(node: NodeId, finding: &Finding) -> Told {
    match finding {
        Finding::Fresh => detail(
            "recovery",
            format!("{node} finds an empty disk: it starts afresh"),
        ),
        Finding::SegmentRead {
            file,
            records,
            entries,
        } => {
            let records = count(*records, "record", "records");
            let held = entries.map_or("no entries".into(), |(first, last)| {
                format!("entries {first} to {last}")
            });
            detail(
                "recovery",
                format!("{node} reads {file}: {records}, {held}"),
            )
        }
        Finding::TornTail { file, valid, lost } => {
            let sentence = format!(
                "{node} passes over the last {lost} bytes of {file}, from byte {valid} on: the crash cut \
                 that write off before it was durable, so nobody was told of it"
            );
            story("torn-tail", sentence).by("A torn tail is not damage", "ARCHITECTURE, recovery")
        }
        Finding::HardStateFound(state) => {
            let vote = state
                .vote
                .map_or("no vote".into(), |vote| format!("its vote for {vote}"));
            let sentence = format!("{node} remembers term {} and {vote} in it", state.term);
            detail("recovery", sentence).by("Persistent state", "Raft paper, figure 2")
        }
        Finding::SnapshotUsed { covers, bytes } => {
            let sentence = format!("{node} starts from its snapshot of {covers} ({bytes} bytes)");
            detail("recovery", sentence).by("The log names the snapshot", "ARCHITECTURE, recovery")
        }
        Finding::SnapshotSetAside {
            file,
            why,
            quarantine,
        } => {
            let why = match why {
                SnapshotProblem::NotNamed => {
                    "the log does not name it, so the crash came before it counted".to_string()
                }
                SnapshotProblem::Unusable(error) => error.to_string(),
            };
            let sentence = format!("{node} sets {file} aside as {quarantine}: {why}");
            story("set-aside", sentence).by("Nothing is deleted", "ARCHITECTURE, recovery")
        }
        Finding::EntriesFound { first, last } => {
            let entries = count(last.index.since(first.index) + 1, "entry", "entries");
            detail(
                "recovery",
                format!("{node} has {entries} in its log, {first} to {last}"),
            )
        }
        Finding::LogReplaced { covers, entries } => {
            let entries = count(*entries, "entry", "entries");
            let sentence = format!(
                "{node} finds that the snapshot of {covers}, installed before the crash, replaced {entries}"
            );
            detail("recovery", sentence).by("Log compaction", "Raft paper, section 7")
        }
        Finding::CommitRaised { from, to } => {
            let sentence = format!(
                "{node} raises its commit index from {from} to {to}: a snapshot covers only committed entries"
            );
            detail("recovery", sentence)
        }
        Finding::Ready {
            snapshot,
            commit,
            last,
        } => {
            let sentence = format!(
                "{node} has recovered: snapshot {snapshot}, committed {commit}, log up to {last}"
            );
            let fresh = last.0 == 0;
            let told = if fresh { detail } else { story };
            told("recovered", sentence)
                .by("Snapshot, then commit, then log", "ARCHITECTURE, recovery")
        }
    }
}
