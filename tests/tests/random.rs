//! Random runs keep every rule, and come to rest once the faults end.
#![cfg(not(target_arch = "wasm32"))]

use flotilla_core::check::Checker;
use flotilla_core::replica::ClientId;
use flotilla_core::sim::{
    Action, Expect, Keep, Latency, MessageId, Operation, ReadPath, Scenario, TimedAction, Timeline,
    What, Workload, expectations,
};
use flotilla_core::types::{Duration, Instant, NodeId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Faults and requests happen in the first ten seconds; then everything is mended.
const FAULTS_END: Duration = Duration::secs(10);
/// By then every request must be answered, whatever happened.
const END: Duration = Duration::secs(40);

fn action(nodes: u32) -> impl Strategy<Value = Action> {
    let node = || (1..=nodes).prop_map(NodeId);
    let client = || (1..=2u32).prop_map(ClientId);
    prop_oneof![
        4 => (node(), keep()).prop_map(|(node, keep)| Action::Crash { node, keep }),
        2 => node().prop_map(|node| Action::Kill { node }),
        1 => (node(), 1..40u32).prop_map(|(node, factor)| Action::SlowDisk { node, factor }),
        1 => (node(), 0..4u64).prop_map(|(node, count)| Action::FailSyncs { node, count }),
        1 => node().prop_map(|node| Action::Pause { node }),
        2 => node().prop_map(|node| Action::Resume { node }),
        1 => (node(), 1..12u32).prop_map(|(node, factor)| Action::SlowServer { node, factor }),
        1 => prop::sample::select(vec![Action::AlignTimers, Action::SpreadTimers]),
        1 => (1..3000u64).prop_map(|id| Action::Deliver { message: MessageId(id) }),
        4 => node().prop_map(|node| Action::Restart { node }),
        2 => (node(), node()).prop_map(|(from, to)| match from == to {
            true => Action::Heal,
            false => Action::Cut { from, to },
        }),
        2 => node().prop_map(|node| Action::Isolate { node }),
        1 => (node(), node()).prop_map(|(from, to)| match from == to {
            true => Action::Heal,
            false => Action::Mend { from, to },
        }),
        3 => Just(Action::Heal),
        1 => node().prop_map(|node| Action::TakeSnapshot { node }),
        1 => (1..3000u64).prop_map(|id| Action::Drop { message: MessageId(id) }),
        1 => (1..3000u64).prop_map(|id| Action::Duplicate { message: MessageId(id) }),
        1 => (1..3000u64, 1..500u64).prop_map(|(id, ms)| Action::Delay {
            message: MessageId(id),
            by: Duration::millis(ms),
        }),
        3 => (client(), 1..40u64, 0..1000u64).prop_map(|(client, keys, first)| {
            Action::Write { client, keys, prefix: "k".into(), first }
        }),
        2 => (client(), 1..5u64, path()).prop_map(|(client, keys, path)| {
            Action::Read { client, keys, prefix: "k".into(), first: 0, node: None, path }
        }),
        3 => request(),
        // Within what leases allow for.
        2 => (node(), -10_000..=10_000i64)
            .prop_map(|(node, ppm)| Action::DriftClock { node, ppm }),
        1 => (node(), 1..2_000u64, any::<bool>()).prop_map(|(node, ms, ahead)| {
            let by = Duration::millis(ms);
            let (forward, back) = (ahead.then_some(by), (!ahead).then_some(by));
            Action::JumpClock { node, forward, back }
        }),
        1 => prop::option::of(node()).prop_map(|to| Action::TransferLeadership { to }),
        2 => node().prop_map(|node| Action::ShutDown { node }),
        2 => (prop::collection::btree_set(node(), 1..5), prop::option::of(node())).prop_map(
            |(voters, learner)| Action::ChangeMembership {
                voters: voters.into_iter().collect(),
                learners: learner.into_iter().collect(),
            }
        ),
    ]
}

/// What only a cache does. Numbers have keys of their own: adding to a text would be refused.
fn request() -> impl Strategy<Value = Action> {
    let client = || (1..=2u32).prop_map(ClientId);
    let key = || (0..9u64).prop_map(|n| format!("k{n}"));
    let number = || (0..3u64).prop_map(|n| format!("n{n}"));
    let ttl = || prop::option::of((100..20_000u64).prop_map(Duration::millis));
    prop_oneof![
        (client(), number(), -9..9i64).prop_map(|(client, key, add)| Action::Increment {
            client,
            key,
            add
        }),
        (client(), key(), ttl()).prop_map(|(client, key, ttl)| Action::Touch { client, key, ttl }),
        (client(), key(), ttl()).prop_map(|(client, key, ttl)| Action::CompareAndSwap {
            client,
            key,
            expected: None,
            value: "swapped".into(),
            ttl,
        }),
        (client(), key(), number(), ttl()).prop_map(|(client, key, number, ttl)| {
            let value = "batched".into();
            Action::Batch {
                client,
                operations: vec![
                    Operation::Put { key, value, ttl },
                    Operation::Increment {
                        key: number,
                        add: 1,
                    },
                ],
            }
        }),
        (client(), key(), path()).prop_map(|(client, key, path)| Action::GetMany {
            client,
            of: vec![key.clone(), key],
            node: None,
            path,
        }),
        (client(), path()).prop_map(|(client, path)| Action::List {
            client,
            prefix: "k".into(),
            after: None,
            limit: 10,
            node: None,
            path,
        }),
        (1_024..4_000u64).prop_map(|bytes| Action::ConfigureCache {
            policy: None,
            capacity_bytes: Some(bytes),
        }),
        (0..60u64, ttl(), path()).prop_map(|(rate, ttl, path)| {
            Action::Workload(Workload {
                lasting: Some(Duration::secs(1)),
                read_through: rate % 2 == 0,
                ttl,
                path,
                ..Workload::new(1 + rate, 20)
            })
        }),
    ]
}

/// What survives of the data that was not synced.
fn keep() -> impl Strategy<Value = Keep> {
    let list = || prop::collection::vec(1..6u64, 0..3);
    prop_oneof![
        3 => Just(Keep::Drawn),
        1 => Just(Keep::Everything),
        1 => (0..400u64, 0..4u64).prop_map(|(bytes, names)| Keep::First { bytes, names }),
        1 => (list(), list()).prop_map(|(appends, names)| Keep::Only { appends, names }),
    ]
}

/// Stale reads promise nothing; all others must be fresh.
fn path() -> impl Strategy<Value = ReadPath> {
    prop::sample::select(ReadPath::ALL.to_vec())
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let shape = (
        1..=5u32,
        any::<u32>(),
        (0..60_000u32, prop_oneof![Just(0), 0..60_000u32]),
        5..80u64,
        0..8u64,
        1..12u64,
        (any::<[bool; 2]>(), 0..3u32, (survival(), 3..90u64)),
    );
    shape.prop_flat_map(
        |(
            nodes,
            seed,
            (loss_ppm, duplication_ppm),
            snapshot,
            trailing,
            latency,
            (switches, spare, (survival, sync)),
        )| {
            let at = 0..FAULTS_END.as_micros();
            prop::collection::vec((at, action(nodes)), 0..25).prop_map(move |actions| {
                let text = "flotilla = 1\nname = \"random\"\nend = \"40s\"\nnodes = 3";
                let mut scenario = Scenario::parse(text).expect("well-formed");
                scenario.nodes = nodes;
                scenario.voters = Some(nodes.saturating_sub(spare).max(1));
                scenario.seed = u64::from(seed);
                scenario.end = Instant::ZERO + END;
                scenario.clients.count = 2;
                scenario.clients.window = 1 + (seed % 4);
                scenario.network.loss_ppm = loss_ppm;
                scenario.network.duplication_ppm = duplication_ppm;
                scenario.network.latency =
                    Latency::Uniform(Duration::millis(1), Duration::millis(1 + latency));
                scenario.server.snapshot.entries = snapshot;
                scenario.server.snapshot.piece_bytes = 100 + 20 * snapshot;
                scenario.server.raft.trailing_entries = trailing;
                scenario.server.raft.snapshot_chunk_bytes = 300;
                // Without either, a server that was removed and does not know it disturbs the
                // others for ever (dissertation, section 4.2.3).
                let leaves =
                    |(_, action): &(u64, Action)| matches!(action, Action::ChangeMembership { .. });
                scenario.server.raft.pre_vote = switches[0] || actions.iter().any(leaves);
                scenario.server.raft.check_quorum = switches[1];
                scenario.server.storage.segment_bytes = 1_000;
                // The slower a disk, the more a crash finds that no sync has reached.
                scenario.disk.sync_latency =
                    Latency::Uniform(Duration::millis(1), Duration::millis(1 + sync));
                let [survival_ppm, torn_ppm, name_survival_ppm] = survival;
                scenario.disk.survival_ppm = survival_ppm;
                scenario.disk.torn_ppm = torn_ppm;
                scenario.disk.name_survival_ppm = name_survival_ppm;
                let actions = without_stale_caches(without_broken_leases(actions));
                scenario.actions = timed(actions, nodes);
                scenario.expect = Expect {
                    leader: true,
                    equal: true,
                    ..Expect::default()
                };
                scenario
            })
        },
    )
}

/// Leases promise nothing when clocks jump unseen, so there a read by lease asks a quorum instead.
fn without_broken_leases(mut actions: Vec<(u64, Action)>) -> Vec<(u64, Action)> {
    let jumps = |(_, action): &(u64, Action)| matches!(action, Action::JumpClock { .. });
    if actions.iter().any(jumps) {
        for (_, action) in &mut actions {
            if let Action::Read { path, .. } = action {
                *path = match *path {
                    ReadPath::Lease => ReadPath::Quorum,
                    other => other,
                };
            }
        }
    }
    actions
}

/// How much survives a crash, if anything does.
fn survival() -> impl Strategy<Value = [u32; 3]> {
    prop_oneof![
        Just([0; 3]),
        [0..=1_000_000u32, 0..=1_000_000u32, 0..=1_000_000u32],
    ]
}

/// A server that goes on with what a sync has given up may lose it later, and begins a fresh
/// incarnation then. When that happens to a majority nobody can go on, so after syncs that fail
/// the power goes, and nothing is left in a page cache.
fn without_stale_caches(mut actions: Vec<(u64, Action)>) -> Vec<(u64, Action)> {
    let fails = |(_, action): &(u64, Action)| matches!(action, Action::FailSyncs { .. });
    if actions.iter().any(fails) {
        for (_, action) in &mut actions {
            if let Action::Kill { node } = *action {
                *action = Action::crash(node);
            }
        }
    }
    actions
}

/// More steps than any of these runs needs.
const MOST_STEPS: u64 = 300_000;

/// The actions in order of time, and then everything mended.
fn timed(actions: Vec<(u64, Action)>, nodes: u32) -> Vec<TimedAction> {
    let mut all: Vec<TimedAction> = actions
        .into_iter()
        .map(|(us, action)| TimedAction {
            at: Instant(us),
            action,
        })
        .collect();
    all.sort_by_key(|timed| timed.at);
    // A server that is asked to shut down takes a moment, and more of it with a slow disk.
    let mended = Instant::ZERO + FAULTS_END + Duration::secs(1);
    let ended = mended + Duration::secs(5);
    all.push(TimedAction {
        at: mended,
        action: Action::Heal,
    });
    let mended_disks = (1..=nodes).map(NodeId).flat_map(|node| {
        let (factor, count) = (1, 0);
        [
            Action::SlowDisk { node, factor },
            Action::FailSyncs { node, count },
            Action::SlowServer { node, factor },
            Action::Resume { node },
        ]
    });
    all.extend(mended_disks.map(|action| TimedAction { at: mended, action }));
    let restarts = (1..=nodes).map(|id| Action::Restart { node: NodeId(id) });
    for at in [mended, ended] {
        all.extend(restarts.clone().map(|action| TimedAction { at, action }));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_runs_break_no_rule_and_come_to_rest(scenario in scenario()) {
        let end = scenario.end;
        let toml = scenario.to_toml();
        let mut timeline = Timeline::new(scenario, Checker::default());
        // A network that goes on losing messages may end a leadership at any time: what is
        // expected must have come true by some second of the last ten.
        let last = (0..10).rev().map(|second| end - Duration::secs(second));
        let mut unmet = None;
        for moment in last {
            // A server that wakes up for nothing, again and again, would never come to rest.
            let all = timeline.run_until(moment, MOST_STEPS, &mut |_, _| {});
            prop_assert!(all, "more than {MOST_STEPS} steps\n{toml}");
            unmet = expectations(timeline.world()).into_iter().find(|expected| !expected.met);
            if unmet.is_none() {
                break;
            }
        }
        prop_assert!(unmet.is_none(), "{unmet:?}\n{toml}");
        let violations = timeline.observer().violations();
        prop_assert!(violations.is_empty(), "{:#?}\n{toml}", violations.front());
        let world = timeline.world();
        for client in world.clients() {
            prop_assert_eq!(client.queued(), 0, "{} still waits\n{}", client.id(), toml);
        }
    }

    #[test]
    fn a_scenario_reads_back_as_it_was_written(scenario in scenario()) {
        let text = scenario.to_toml();
        let again = Scenario::parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(again, scenario);
    }
}

/// The witness: in a few hundred of these runs everything that a disk can suffer does happen.
#[test]
fn random_runs_see_what_disks_can_suffer() {
    let mut runner = TestRunner::deterministic();
    let mut seen = [0u64; 5];
    for _ in 0..500 {
        let tree = scenario().new_tree(&mut runner);
        let scenario = tree.expect("nothing is filtered out").current();
        let end = scenario.end;
        let mut timeline = Timeline::new(scenario, ());
        timeline.run_until(end, MOST_STEPS, &mut |_, step| {
            for happening in &step.happenings {
                let kind = match &happening.what {
                    What::Killed { unsynced } if *unsynced > 0 => 0,
                    What::Survived { names: 1.., .. } => 1,
                    What::Survived { .. } => 2,
                    What::Stopped { .. } => 3,
                    What::DiskSlowed { factor } if *factor > 1 => 4,
                    _ => continue,
                };
                seen[kind] += 1;
            }
        });
    }
    println!("killed with unsynced data, names survived, data survived, stopped, slowed: {seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}
