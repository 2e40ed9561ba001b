//! What a scenario says, after it was read and found possible.

use super::action::{Action, TimedAction};
use super::possible::check_text;
use crate::replica;
use crate::sim::capacity::Capacity;
use crate::sim::client::ClientConfig;
use crate::sim::latency::Latency;
use crate::sim::network::NetworkConfig;
use crate::sim::service::ServiceConfig;
use crate::types::{
    ConfigError, Duration, Instant, Mutants, NodeId, Settings, check_range, settings,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One run: configuration, seed, and what is done to the cluster and when. The same scenario
/// gives the same history on every target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Where all randomness comes from; below 2^53, so that every language can write it.
    pub seed: u64,
    /// How far it runs.
    pub end: Instant,
    /// How many servers there are.
    pub nodes: u32,
    /// How many of them, from the first on, the cluster begins with; all when absent. The others
    /// know nothing of it until its leader sends to them.
    pub voters: Option<u32>,
    /// The mistakes that all servers make.
    pub mutants: Mutants,
    /// What is the same for all servers.
    pub server: replica::Config,
    /// The network.
    pub network: NetworkConfig,
    /// The disks.
    pub disk: DiskConfig,
    /// The clients.
    pub clients: ClientConfig,
    /// The model service.
    pub service: ServiceConfig,
    /// What is done, in the order of time.
    pub actions: Vec<TimedAction>,
    /// What must have come true at the end.
    pub expect: Expect,
}

settings! {
    /// How disks behave.
    pub struct DiskConfig {
        /// How long a sync takes.
        sync_latency: Latency = Latency::Uniform(Duration::millis(1), Duration::millis(4)),
            in Duration::ZERO..=Latency::MOST;
        /// How much each disk holds. A write that does not fit fails, and its server stops.
        capacity_bytes: Capacity = Capacity::Unlimited, in 64 << 10..=bounds::DISK, "bytes";
        /// How many in a million unsynced appends a crash leaves whole. Each is drawn on its own,
        /// so a later one may survive without an earlier one; the bytes between read as zeros.
        survival_ppm: u32 = 0, in 0..=1_000_000, "ppm";
        /// Of the others, how many in a million are torn: a part from their start survives.
        torn_ppm: u32 = 0, in 0..=1_000_000, "ppm";
        /// How many in a million changes of names (files created, renamed, removed) a crash leaves
        /// though the directory was not synced.
        name_survival_ppm: u32 = 0, in 0..=1_000_000, "ppm";
    }
}

/// What must have come true at the end of the run. That no rule of consensus is broken is
/// always expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// Exactly one running server leads the highest term.
    #[serde(skip_serializing_if = "is_false")]
    pub leader: bool,
    /// Every operation of every client is answered, none refused.
    #[serde(skip_serializing_if = "is_false")]
    pub answered: bool,
    /// All members of the cluster run and have the same cache.
    #[serde(skip_serializing_if = "is_false")]
    pub equal: bool,
    /// Every running member's cache has so many keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<u64>,
    /// So many reads found a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads_found: Option<u64>,
    /// These servers have installed a snapshot that a leader sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snapshot_installed: Vec<NodeId>,
    /// Leaders were elected in so many terms, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elections: Option<u64>,
    /// Leaders were elected in so many terms, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elections_at_most: Option<u64>,
    /// So many reads were answered by a lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_reads: Option<u64>,
    /// These servers vote, and no others, and no change is under way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voters: Vec<NodeId>,
    /// So many reads found nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads_absent: Option<u64>,
    /// Alerts of these kinds are raised on some server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// Of all reads of a key, so many in a hundred found it, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_percent_at_least: Option<u64>,
    /// Every running member's cache has these values of these keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// So many entries of the log, at least, were requests that had been applied before: their clients
    /// were given the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated_at_least: Option<u64>,
    /// These rules, by their names, are broken, and no others: for scenarios that show a mistake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<String>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// Bounds on what a scenario may ask for.
pub mod bounds {
    use crate::types::Duration;

    /// The longest text, in bytes.
    pub const TEXT: usize = 256 << 10;
    /// The most servers.
    pub const NODES: u32 = 9;
    /// The most actions.
    pub const ACTIONS: usize = 10_000;
    /// The most keys that one action writes or reads.
    pub const KEYS: u64 = 100_000;
    /// The most operations in a second of a workload.
    pub const RATE: u64 = 10_000;
    /// The steepest popularity of a workload, in hundredths.
    pub const SKEW: u64 = 400;
    /// The most operations that all clients together are given.
    pub const OPERATIONS: u64 = 1_000_000;
    /// Messages have numbers below this.
    pub const MESSAGE: u64 = 1 << 53;
    /// The longest name, key or prefix, in bytes.
    pub const NAME: usize = 1_024;
    /// The longest description, in bytes.
    pub const ABOUT: usize = 16 << 10;
    /// The longest value of a hand-made write, in bytes.
    pub const VALUE: usize = 64 << 10;
    /// The most keys that are read at once, and operations in a batch.
    pub const AT_ONCE: usize = 1_000;
    /// The most keys in a page of a listing.
    pub const PAGE: u32 = 65_536;
    /// The longest time that a key is given to live.
    pub const TTL: Duration = Duration::secs(366 * 24 * 3_600);
    /// Seeds are below this.
    pub const SEED: u64 = 1 << 53;
    /// The largest disk, and the last byte of a file, in bytes.
    pub const DISK: u64 = 1 << 40;
    /// The most that a disk or a server can be slowed down.
    pub const SLOWNESS: u32 = 10_000;
    /// The most syncs that are made to fail at once.
    pub const SYNCS: u64 = 1_000_000;
    /// The most unsynced appends, or changes of names, that a crash is told to leave.
    pub const SURVIVORS: usize = 1_000;
    /// The longest run.
    pub const END: Duration = Duration::secs(7 * 24 * 3_600);
}

impl Scenario {
    /// A run in which nothing is done, of servers and clients as they usually are.
    #[must_use]
    pub fn new(name: impl Into<String>, seed: u64, nodes: u32) -> Scenario {
        Scenario {
            name: name.into(),
            about: String::new(),
            seed,
            end: Instant::ZERO + Duration::secs(10),
            nodes,
            voters: None,
            mutants: Mutants::default(),
            server: replica::Config::default(),
            network: NetworkConfig::default(),
            disk: DiskConfig::default(),
            clients: ClientConfig::default(),
            service: ServiceConfig::default(),
            actions: Vec::new(),
            expect: Expect::default(),
        }
    }

    /// Refuses what cannot be run.
    ///
    /// # Errors
    /// The first field that is wrong, with its path.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_text("name", &self.name, 1, bounds::NAME)?;
        check_text("about", &self.about, 0, bounds::ABOUT)?;
        if self.seed >= bounds::SEED {
            return Err(ConfigError::new(
                "seed",
                self.seed,
                "below 2^53 (9007199254740992)",
            ));
        }
        let end = Duration::micros(self.end.0);
        check_range("end", end, Duration::millis(1), bounds::END)?;
        check_range("nodes", self.nodes, 1, bounds::NODES)?;
        if let Some(voters) = self.voters {
            check_range("voters", voters, 1, self.nodes)?;
        }
        self.server.validate()?;
        self.network.validate().map_err(|e| e.within("network"))?;
        self.disk.check_ranges().map_err(|e| e.within("disk"))?;
        self.clients.validate().map_err(|e| e.within("clients"))?;
        let (window, answers) = (self.clients.window, self.server.cache.answers);
        if u64::from(window) > answers {
            let accepted = format!("at most cache.answers ({answers})");
            return Err(ConfigError::new("clients.window", window, accepted));
        }
        if let Some(percent) = self.expect.hit_percent_at_least {
            check_range("expect.hit_percent_at_least", percent, 0, 100)?;
        }
        let installed = self.expect.snapshot_installed.iter();
        let named = installed.map(|node| ("expect.snapshot_installed", node));
        let voters = self
            .expect
            .voters
            .iter()
            .map(|node| ("expect.voters", node));
        for (field, node) in named.chain(voters) {
            let action = Action::Restart { node: *node };
            let named = action.validate(self.nodes, self.clients.count);
            named.map_err(|e| ConfigError {
                field: field.into(),
                ..e
            })?;
        }
        Ok(())
    }
}
