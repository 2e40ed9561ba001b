//! The configuration of one server, floor by floor.

use super::advice::ModelConfig;
use super::alerts_config::AlertsConfig;
use super::log_time::LogTimeConfig;
use super::touches::DigestConfig;
use crate::types::{ClusterId, ConfigError, Incarnation, Mutants, NodeId, Settings, settings};
use crate::{cache, raft, storage};
use serde::{Deserialize, Serialize};

/// What can be set about a server, the same for all servers of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Consensus.
    pub raft: raft::Config,
    /// What survives a crash.
    pub storage: storage::Config,
    /// What is replicated.
    pub cache: cache::Config,
    /// When to take snapshots.
    pub snapshot: SnapshotConfig,
    /// How log time passes.
    pub log_time: LogTimeConfig,
    /// How servers are told of reads that the log does not see.
    pub digest: DigestConfig,
    /// How the leader asks the model service which keys to evict.
    pub model: ModelConfig,
    /// When to say that something is wrong.
    pub alerts: AlertsConfig,
}

settings! {
    /// When to take snapshots.
    pub struct SnapshotConfig {
        /// A snapshot is taken when so many entries were applied since the last one.
        entries: u64 = 1_000, in 1..=100_000_000, "entries";
        /// A snapshot is encoded and written in pieces of so many bytes, each when the one before is
        /// durable: a step copies no more of the state than that, and one value.
        piece_bytes: u64 = 256 << 10, in 1..=64 << 20, "bytes";
    }
}

impl Config {
    /// Refuses a configuration that cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range, with its path.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.raft.validate().map_err(|e| e.within("raft"))?;
        self.storage.validate().map_err(|e| e.within("storage"))?;
        self.cache.validate().map_err(|e| e.within("cache"))?;
        let log_time = self.log_time.check_ranges();
        log_time.map_err(|e| e.within("log_time"))?;
        let digest = self.digest.check_ranges();
        digest.map_err(|e| e.within("digest"))?;
        self.model.check_ranges().map_err(|e| e.within("model"))?;
        self.alerts.check_ranges().map_err(|e| e.within("alerts"))?;
        self.snapshot
            .check_ranges()
            .map_err(|e| e.within("snapshot"))
    }
}

/// Who a server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// The cluster's life.
    pub cluster: ClusterId,
    /// The server.
    pub node: NodeId,
    /// What the server goes on as when its disk does not hold what it may have promised: greater
    /// than any incarnation that it ever had, and [`Incarnation::FIRST`] only while it never wrote
    /// anything. Otherwise the incarnation that its disk tells counts.
    pub incarnation: Incarnation,
    /// The voters that a new cluster begins with, the server among them; empty for a server
    /// that joins a cluster and is told by its leader. What the disk says prevails.
    pub voters: Vec<NodeId>,
    /// The mistakes that it makes, in builds that hold any.
    pub mutants: Mutants,
}
