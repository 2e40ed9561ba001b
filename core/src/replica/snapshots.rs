//! Snapshots of the state machine: taken, stored, installed.

use super::codec::{self, SnapshotEncoder, SnapshotHead};
use super::config::Config;
use super::digest::AppliedDigest;
use super::event::{Event, SnapshotReason};
use super::io::Effects;
use super::server::{Replica, StartError};
use super::snapshot_lane::SnapshotJob;
use crate::cache::Cache;
use crate::raft::{self, Membership, Snapshot};
use crate::storage::Identity;
use crate::types::{ClusterId, Index, Instant, Mutant, Position, Rope};
use std::sync::Arc;

impl Replica {
    pub(super) fn snapshot_if_due(&mut self, out: &mut Effects) {
        let entries = self.applied.index.since(self.snapshot_at);
        let threshold = self.config.snapshot.entries;
        if entries >= threshold && !self.snapshot_lane.is_busy() {
            self.take_snapshot(SnapshotReason::Threshold { entries, threshold }, out);
        }
    }

    /// Sends the state machine's state to the disk; the log is compacted once it is durable.
    pub(super) fn take_snapshot(&mut self, why: SnapshotReason, out: &mut Effects) {
        // Only a server that answers too early has applied what is not committed.
        let early = self.applied.index > self.raft.commit();
        if self.applied.index <= self.snapshot_at || self.snapshot_lane.is_busy() || early {
            return;
        }
        self.snapshot_at = self.applied.index;
        let covers = self.applied;
        let membership = Arc::clone(self.raft.membership_at(covers.index));
        let head = SnapshotHead {
            cluster: self.member.cluster,
            digest: self.digest,
            membership: Membership::clone(&membership),
        };
        let bytes = self.cache.bytes();
        out.events.push(Event::SnapshotTaken { covers, bytes, why });
        let encoder = SnapshotEncoder::new(&head, &self.cache_for_snapshot());
        let job = SnapshotJob::own(self.identity(), (covers, membership), encoder);
        self.snapshot_lane
            .submit(job, self.config.snapshot.piece_bytes, out);
    }

    fn identity(&self) -> Identity {
        Identity {
            cluster: self.member.cluster,
            node: self.member.node,
            incarnation: self.raft.incarnation(),
        }
    }

    /// A snapshot arrived whole. It goes to the disk only if it can be restored. One of this server's own
    /// that is not finished is given up for it: it covers less.
    pub(super) fn store_received(&mut self, received: raft::ReceivedSnapshot, out: &mut Effects) {
        let raft::ReceivedSnapshot { covers, data } = received;
        match restore(&self.config, self.member.cluster, covers, &data) {
            Ok(restored) => {
                let job = SnapshotJob::received(self.identity(), restored);
                let most = self.config.snapshot.piece_bytes;
                if let Some(covers) = self.snapshot_lane.submit(job, most, out) {
                    let held = self.raft.snapshot();
                    self.snapshot_at = held.map_or(Index::ZERO, |held| held.covers.index);
                    out.events.push(Event::SnapshotAbandoned { covers });
                }
            }
            Err(error) => out.events.push(Event::RestoreFailed {
                covers,
                error: error.to_string(),
            }),
        }
    }

    /// A part of a snapshot is durable; once that is all of it, consensus is told.
    pub(super) fn snapshot_written(&mut self, now: Instant, number: u64, out: &mut Effects) {
        let most = self.config.snapshot.piece_bytes;
        let Some(saved) = self.snapshot_lane.durable(number, most, out) else {
            return;
        };
        self.unnamed.push_back(saved.mark);
        match saved.restored {
            None => self
                .raft
                .on_snapshot_taken(saved.snapshot, &mut self.output),
            Some(state) => {
                self.raft
                    .on_snapshot_stored(now, saved.snapshot, &mut self.output);
                self.arrived = self.output.installed.map(|_| state);
            }
        }
    }

    /// Consensus has replaced the beginning of the log by the snapshot that arrived: the state machine
    /// follows.
    pub(super) fn install(&mut self, covers: Position) {
        let state = self.arrived.take();
        let state = state.expect("what is installed was restored before it was stored");
        if !self.makes(Mutant::InstallKeepsState) {
            self.cache = state.cache;
        }
        self.digest = state.digest;
        self.applied = covers;
        self.snapshot_at = covers.index;
    }
}

/// What a snapshot holds, with itself.
pub(super) struct RestoredSnapshot {
    pub(super) snapshot: Snapshot,
    pub(super) state: RestoredState,
}

/// The state machine as a snapshot says it.
#[derive(Clone, Debug)]
pub(super) struct RestoredState {
    pub(super) cache: Cache,
    pub(super) digest: AppliedDigest,
}

/// Reads a snapshot back, be it from the disk or from a leader.
pub(super) fn restore(
    config: &Config,
    cluster: ClusterId,
    covers: Position,
    data: &Rope,
) -> Result<RestoredSnapshot, StartError> {
    let unusable = |error: String| StartError::Restore { covers, error };
    let (head, start) = codec::snapshot_head(data)
        .ok_or_else(|| unusable("it is cut short, or of another version".into()))?;
    if head.cluster != cluster {
        let found = head.cluster;
        return Err(unusable(format!(
            "it belongs to cluster {found}, and this is {cluster}"
        )));
    }
    let cache = codec::snapshot_cache(&config.cache, data, start)
        .map_err(|error| unusable(error.to_string()))?;
    let digest = head.digest;
    Ok(RestoredSnapshot {
        snapshot: Snapshot::new(covers, Arc::new(head.membership), data.clone()),
        state: RestoredState { cache, digest },
    })
}

#[cfg(test)]
mod tests {
    use super::restore;
    use crate::cache::Cache;
    use crate::raft::Membership;
    use crate::replica::codec::{SnapshotEncoder, SnapshotHead};
    use crate::replica::{AppliedDigest, Config};
    use crate::types::{ClusterId, Index, NodeId, Position, Rope, Term};

    #[test]
    fn a_snapshot_of_another_life_of_the_cluster_is_not_restored() {
        let config = Config::default();
        let head = SnapshotHead {
            cluster: ClusterId(7),
            digest: AppliedDigest::default(),
            membership: Membership::of_voters(&[NodeId(1)]),
        };
        let cache = Cache::new(config.cache.clone());
        let whole = SnapshotEncoder::new(&head, &cache).next_piece(1 << 20);
        let data = Rope::from(whole.expect("a snapshot is not empty"));
        let covers = Position::new(Term(2), Index(5));
        let restored = |cluster| restore(&config, ClusterId(cluster), covers, &data);
        assert!(restored(7).is_ok_and(|restored| restored.snapshot.covers == covers));
        let refused = restored(8).err().map(|error| error.to_string());
        let expected = "the snapshot that covers 5@t2 cannot be restored: it belongs \
                        to cluster 0000000000000007, and this is 0000000000000008";
        assert_eq!(refused.as_deref(), Some(expected));
    }
}
