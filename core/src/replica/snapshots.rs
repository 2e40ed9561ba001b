//! Snapshots of the state machine: taken, stored, installed.

use super::codec::{self, SnapshotHead};
use super::config::Config;
use super::event::{Event, SnapshotReason};
use super::io::Effects;
use super::persistence::{Origin, SnapshotJob};
use super::server::{Replica, StartError};
use crate::cache::Cache;
use crate::raft::{self, Membership, Snapshot};
use crate::storage::{self, Identity};
use crate::types::{ClusterId, Position};
use bytes::Bytes;
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
        if self.applied.index <= self.snapshot_at || self.snapshot_lane.is_busy() {
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
        let data = codec::snapshot(&head, &self.cache.snapshot());
        let bytes = data.len() as u64;
        out.events.push(Event::SnapshotTaken { covers, bytes, why });
        self.save_snapshot(Snapshot::new(covers, membership, data), Origin::Own, out);
    }

    fn save_snapshot(&mut self, snapshot: Snapshot, origin: Origin, out: &mut Effects) {
        let identity = Identity {
            cluster: self.member.cluster,
            node: self.member.node,
            incarnation: self.raft.incarnation(),
        };
        let saved = storage::save_snapshot(identity, snapshot.covers, &snapshot.data);
        self.snapshot_lane
            .submit(SnapshotJob::new(saved, snapshot, origin), out);
    }

    /// A snapshot arrived whole. It goes to the disk only if it can be restored.
    pub(super) fn store_received(&mut self, received: raft::ReceivedSnapshot, out: &mut Effects) {
        let raft::ReceivedSnapshot { covers, data } = received;
        match restore(&self.config, self.member.cluster, covers, &data) {
            Ok(restored) => self.save_snapshot(restored.snapshot, Origin::Leader, out),
            Err(error) => out.events.push(Event::RestoreFailed {
                covers,
                error: error.to_string(),
            }),
        }
    }

    /// Consensus has replaced the beginning of the log by its snapshot: the state machine
    /// follows.
    pub(super) fn install(&mut self, out: &mut Effects) {
        let snapshot = self.raft.snapshot().expect("installed just now");
        let covers = snapshot.covers;
        match restore(&self.config, self.member.cluster, covers, &snapshot.data) {
            Ok(restored) => {
                self.cache = restored.cache;
                self.digest = restored.digest;
                self.applied = covers;
                self.snapshot_at = covers.index;
            }
            Err(error) => out.events.push(Event::RestoreFailed {
                covers,
                error: error.to_string(),
            }),
        }
    }
}

/// What a snapshot holds.
pub(super) struct RestoredSnapshot {
    pub(super) snapshot: Snapshot,
    pub(super) cache: Cache,
    pub(super) digest: u64,
}

/// Reads a snapshot back, be it from the disk or from a leader.
pub(super) fn restore(
    config: &Config,
    cluster: ClusterId,
    covers: Position,
    data: &Bytes,
) -> Result<RestoredSnapshot, StartError> {
    let unusable = |error: String| StartError::Restore { covers, error };
    let (head, image) = codec::split_snapshot(data)
        .ok_or_else(|| unusable("it is cut short, or of another version".into()))?;
    if head.cluster != cluster {
        let found = head.cluster;
        return Err(unusable(format!(
            "it belongs to cluster {found}, and this is {cluster}"
        )));
    }
    let cache = Cache::restore(config.cache.clone(), &image)
        .map_err(|error| unusable(error.to_string()))?;
    Ok(RestoredSnapshot {
        snapshot: Snapshot::new(covers, Arc::new(head.membership), data.clone()),
        cache,
        digest: head.digest,
    })
}

#[cfg(test)]
mod tests {
    use super::restore;
    use crate::cache::Cache;
    use crate::raft::Membership;
    use crate::replica::Config;
    use crate::replica::codec::{SnapshotHead, snapshot};
    use crate::types::{ClusterId, Index, NodeId, Position, Term};

    #[test]
    fn a_snapshot_of_another_life_of_the_cluster_is_not_restored() {
        let config = Config::default();
        let head = SnapshotHead {
            cluster: ClusterId(7),
            digest: 1,
            membership: Membership::of_voters(&[NodeId(1)]),
        };
        let data = snapshot(&head, &Cache::new(config.cache.clone()).snapshot());
        let covers = Position::new(Term(2), Index(5));
        let restored = |cluster| restore(&config, ClusterId(cluster), covers, &data);
        assert!(restored(7).is_ok_and(|restored| restored.snapshot.covers == covers));
        let refused = restored(8).err().map(|error| error.to_string());
        let expected = "the snapshot that covers 5@t2 cannot be restored: it belongs \
                        to cluster 0000000000000007, and this is 0000000000000008";
        assert_eq!(refused.as_deref(), Some(expected));
    }
}
