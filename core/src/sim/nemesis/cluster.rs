//! What a seed draws before anything happens: the cluster, its settings, the load, the kinds of faults.

use super::mode::{FaultKind, Mode};
use super::pick;
use crate::cache::PolicyKind;
use crate::sim::latency::Latency;
use crate::sim::scenario::{
    Action, Distribution, Expect, ReadPath, Scenario, TimedAction, Workload,
};
use crate::types::{Duration, Instant, NodeId, Rng};

/// What was drawn.
pub(super) struct Drawn {
    pub(super) scenario: Scenario,
    pub(super) kinds: Vec<FaultKind>,
    pub(super) victims: Vec<NodeId>,
    /// Whether clients may read by lease: clocks keep what leases rely on.
    pub(super) lease_reads: bool,
}

pub(super) fn draw(mode: Mode, seed: u64, rng: &mut Rng) -> Drawn {
    let kinds = kinds(mode, rng);
    let has = |kind| kinds.contains(&kind);
    let nodes = pick(rng, &[1, 3, 3, 3, 3, 5, 5, 5, 4, 7]).unwrap_or(3);
    let nodes: u32 = if mode == Mode::Calm { 3 } else { nodes };
    let spare = match has(FaultKind::Membership) {
        true => rng.below(3) as u32,
        false => 0,
    };
    let voters = nodes.saturating_sub(spare).max(1);
    let mut scenario = Scenario::new(format!("{} {seed}", mode.name()), seed, nodes);
    scenario.about = format!("{}. Drawn by the seed.", mode.says());
    scenario.voters = (voters < nodes).then_some(voters);
    scenario.end = super::BEGINS + super::LASTS + super::REST_WITHIN;
    scenario.expect = Expect {
        leader: mode.is_survivable(),
        equal: mode.is_survivable(),
        ..Expect::default()
    };
    settings(mode, &kinds, &mut scenario, rng);
    // Leases promise nothing when clocks jump unseen.
    let lease_reads = !has(FaultKind::Jump);
    scenario.actions = load(&scenario, lease_reads, rng);
    let victims = victims(mode, &kinds, voters, rng);
    Drawn {
        scenario,
        kinds,
        victims,
        lease_reads,
    }
}

/// Each kind of fault by a coin, and no two that together are beyond what is promised.
fn kinds(mode: Mode, rng: &mut Rng) -> Vec<FaultKind> {
    let known = mode.knows();
    let mut kinds: Vec<FaultKind> = known
        .iter()
        .copied()
        .filter(|_| rng.chance(500_000))
        .collect();
    if kinds.is_empty() {
        kinds.extend(pick(rng, known));
    }
    let excluded = |one, other, kinds: &mut Vec<FaultKind>| {
        if kinds.contains(&one) {
            kinds.retain(|kind| *kind != other);
        }
    };
    // A server that is only killed goes on with what a failed sync has given up, and may lose it later;
    // when that happens to a majority, nobody can go on.
    excluded(FaultKind::FailSyncs, FaultKind::Kill, &mut kinds);
    // How many disks may be lost depends on who the members are.
    excluded(FaultKind::Membership, FaultKind::Rot, &mut kinds);
    excluded(FaultKind::Membership, FaultKind::Wipe, &mut kinds);
    kinds
}

/// Whose disks may lose what was durable: a minority, or any where that is the point.
fn victims(mode: Mode, kinds: &[FaultKind], voters: u32, rng: &mut Rng) -> Vec<NodeId> {
    let damaged = kinds.contains(&FaultKind::Rot) || kinds.contains(&FaultKind::Wipe);
    if !damaged {
        return Vec::new();
    }
    let most = match mode {
        Mode::DisksBeyond => voters,
        _ => (voters - 1) / 2,
    };
    let first = rng.below(u64::from(voters)) as u32;
    (0..most)
        .map(|n| NodeId(1 + (first + n) % voters))
        .collect()
}

fn settings(mode: Mode, kinds: &[FaultKind], scenario: &mut Scenario, rng: &mut Rng) {
    let has = |kind| kinds.contains(&kind);
    scenario.clients.count = rng.between(1, 4) as u32;
    scenario.clients.window = pick(rng, &[1, 1, 2, 4]).unwrap_or(1);
    if mode == Mode::Calm {
        return;
    }
    let (raft, network) = (&mut scenario.server.raft, &mut scenario.network);
    raft.trailing_entries = rng.below(12);
    raft.snapshot_chunk_bytes = rng.between(200, 4_096);
    if rng.chance(300_000) {
        raft.snapshot_bytes_per_second = 4_096 << rng.below(6);
    }
    raft.append_entries = pick(rng, &[1, 4, 256]).unwrap_or(256);
    // One entry at a time, and one message, would be too slow for any load.
    let least = if raft.append_entries == 1 { 4 } else { 1 };
    raft.inflight_appends = pick(rng, &[least, 4, 64]).unwrap_or(64);
    // Without either, a server that was removed and does not know it disturbs the others for ever
    // (dissertation, section 4.2.3).
    raft.pre_vote = has(FaultKind::Membership) || rng.chance(700_000);
    raft.check_quorum = rng.chance(800_000);
    if has(FaultKind::Drift) || has(FaultKind::StrandSlowLeader) {
        raft.clock_drift_ppm = pick(rng, &[10_000, 10_000, 100_000, 300_000]).unwrap_or(10_000);
    }
    let most = 15 << rng.below(4);
    scenario.server.snapshot.entries = rng.between(3, most);
    scenario.server.snapshot.piece_bytes = rng.between(150, 4_000);
    scenario.server.storage.segment_bytes = rng.between(1_000, 8_000);
    scenario.server.cache.session_timeout = Duration::millis(rng.between(2_000, 60_000));
    scenario.clients.keep_alive = Duration::millis(scenario.server.cache.session_timeout.0 / 4_000);
    if rng.chance(500_000) {
        scenario.server.cache.capacity_bytes = rng.between(1_024, 6_000);
        let policy = pick(rng, &PolicyKind::ALL).unwrap_or(PolicyKind::Lru);
        scenario.server.cache.policy = policy;
        scenario.server.model.warm_up = rng.between(10, 100);
        scenario.server.model.reserve_ppm = 100_000;
    }
    // Where everything is fast, more happens before an election or a lease is over.
    let fast = rng.chance(400_000);
    let latencies: &[u64] = if fast { &[1, 2] } else { &[6, 12, 12, 45] };
    let latency = Duration::millis(pick(rng, latencies).unwrap_or(1));
    let (least, most) = (Duration::millis(1), Duration::millis(1) + latency);
    network.latency = Latency::Uniform(least, most);
    let uneven = fast && rng.chance(300_000);
    if uneven {
        let (min, median, p99) = (least, most, Duration::millis(rng.between(20, 60)));
        network.latency = Latency::LongTail { min, median, p99 };
    }
    if matches!(mode, Mode::FlakyNetwork | Mode::Storm) {
        network.loss_ppm = pick(rng, &[0, 0, 5_000, 60_000]).unwrap_or(0);
        network.duplication_ppm = pick(rng, &[0, 0, 5_000, 60_000]).unwrap_or(0);
        network.reordering_ppm = pick(rng, &[0, 0, 50_000, 1_000_000]).unwrap_or(0);
    }
    // The slower a disk, the more a crash finds that no sync has reached.
    let slowest = Duration::millis(if fast { 3 } else { rng.between(3, 60) });
    scenario.disk.sync_latency = Latency::Uniform(Duration::millis(1), slowest);
    // Who asks again before there can be an answer asks for ever more.
    if fast && !uneven && rng.chance(800_000) {
        scenario.clients.timeout = Duration::millis(50);
        scenario.clients.backoff_min = Duration::millis(5);
    }
    if rng.chance(500_000) {
        let mut ppm = || rng.below(1_000_001) as u32;
        scenario.disk.survival_ppm = ppm();
        scenario.disk.torn_ppm = ppm();
        scenario.disk.name_survival_ppm = ppm();
    }
}

/// What all clients ask for all the time: about half of what the cluster can do, so that what waits is
/// done soon after the trouble is over.
fn load(scenario: &Scenario, lease_reads: bool, rng: &mut Rng) -> Vec<TimedAction> {
    let lasting = super::LASTS + Duration::millis(500);
    let distributions = [Distribution::Uniform, Distribution::Zipf];
    let paths = [
        ReadPath::Quorum,
        ReadPath::Lease,
        ReadPath::Lease,
        ReadPath::Log,
    ];
    let paths = if lease_reads { &paths[..] } else { &paths[..1] };
    let clients = scenario.clients.count;
    let window = u64::from(scenario.clients.window);
    let slowest =
        30 + 4 * longest(&scenario.network.latency) + 3 * longest(&scenario.disk.sync_latency);
    let most = (1_000 * window.min(4) / slowest / u64::from(clients)).clamp(1, 40);
    let loaded = (1..=clients).map(|id| {
        let value_least = rng.between(8, 60);
        let workload = Workload {
            client: Some(crate::replica::ClientId(id)),
            lasting: Some(lasting),
            distribution: pick(rng, &distributions).unwrap_or_default(),
            value_least,
            value_most: value_least + rng.below(200),
            // A write that waits for its answer holds up the reads behind it.
            reads_percent: pick(rng, &[20, 50, 70, 90, 100, 100]).unwrap_or(50),
            path: pick(rng, paths).unwrap_or_default(),
            read_through: rng.chance(500_000),
            ttl: rng
                .chance(300_000)
                .then(|| Duration::millis(rng.between(50, 8_000))),
            prefix: "k".into(),
            ..Workload::new(rng.between(1, most), rng.between(2, 30))
        };
        TimedAction {
            at: Instant(200_000),
            action: Action::Workload(workload),
        }
    });
    loaded.collect()
}

/// In milliseconds.
fn longest(latency: &Latency) -> u64 {
    match latency {
        Latency::Constant(always) => always.as_micros() / 1_000,
        Latency::Uniform(_, most) => most.as_micros() / 1_000,
        Latency::LongTail { p99, .. } => 2 * p99.as_micros() / 1_000,
    }
}
