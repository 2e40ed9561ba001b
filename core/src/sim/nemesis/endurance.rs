//! A run that goes on for days: one cluster, an even load, and a flaky network all the time.

use super::REST_WITHIN;
use crate::sim::scenario::{Action, Expect, ReadPath, Scenario, TimedAction, Workload};
use crate::types::{Duration, Instant, Rng};

/// What is endured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endurance {
    /// What draws everything.
    pub seed: u64,
    /// How many servers there are.
    pub nodes: u32,
    /// How long it takes, rest included.
    pub lasting: Duration,
    /// How many operations each of the four clients begins in a second.
    pub rate: u64,
    /// The mean time from one fault to the next.
    pub between_faults: Duration,
    /// The mean time from one request of the nemesis to the next: every operation that there is.
    pub between_requests: Duration,
}

/// Of a million messages so many are lost, and as many doubled.
const LOSS_PPM: u32 = 5_000;
/// How many keys there are.
const KEYS: u64 = 64;
/// One client for each way to read.
const PATHS: [ReadPath; 4] = [
    ReadPath::Lease,
    ReadPath::Quorum,
    ReadPath::Log,
    ReadPath::Lease,
];

impl Endurance {
    /// When the trouble ends, and the cluster has to come to rest.
    pub(super) fn ends(&self) -> Instant {
        Instant(
            self.lasting
                .as_micros()
                .saturating_sub(REST_WITHIN.as_micros()),
        )
    }

    pub(super) fn scenario(&self, rng: &mut Rng) -> Scenario {
        let mut scenario = Scenario::new("endurance", self.seed, self.nodes);
        scenario.end = Instant(self.lasting.as_micros());
        scenario.expect = Expect {
            leader: true,
            equal: true,
            ..Expect::default()
        };
        scenario.network.loss_ppm = LOSS_PPM;
        scenario.network.duplication_ppm = LOSS_PPM;
        scenario.clients.count = PATHS.len() as u32;
        scenario.clients.window = 2;
        // A minute of silence is not rare in days.
        scenario.server.cache.session_timeout = Duration::secs(600);
        let loaded = PATHS.iter().zip(1..).map(|(path, id)| Workload {
            client: Some(crate::replica::ClientId(id)),
            path: *path,
            reads_percent: rng.between(40, 80),
            ttl: (id == 1).then(|| Duration::secs(30)),
            prefix: "k".into(),
            value_least: 8,
            value_most: 200,
            ..Workload::new(self.rate, KEYS)
        });
        scenario.actions = loaded
            .map(|workload| TimedAction {
                at: Instant(200_000),
                action: Action::Workload(workload),
            })
            .collect();
        scenario
    }
}
