//! One seed, one history; and nothing that a scenario may ask for stops the world.

mod clocks;
mod disks;
mod faults;
mod links;
mod pauses;
mod requests;

use super::World;
use crate::replica::ClientId;
use crate::sim::{
    Action, Cause, Clock, DuplicationReason, Keep, Latency, MessageId, Operation, Place, ReadPath,
    Scenario, Step, TimedAction, Timeline, What, Workload, expectations,
};
use crate::storage::Disk;
use crate::types::{Duration, Instant, NodeId, Rng};
use std::sync::Arc;

fn scenario() -> Scenario {
    let text = "flotilla = 1
        name = \"three\"
        end = \"5s\"
        nodes = 3
        actions = [ { at = \"1s\", do = \"write\", client = 1, keys = 20, prefix = \"k\" } ]";
    Scenario::parse(text).expect("well-formed")
}

fn world(change: impl FnOnce(&mut Scenario)) -> World {
    let mut scenario = scenario();
    change(&mut scenario);
    World::new(Arc::new(scenario))
}

fn run(world: &mut World, until: Duration) -> Vec<Step> {
    let until = Instant::ZERO + until;
    let mut steps = Vec::new();
    while world.next_time().is_some_and(|next| next <= until) {
        steps.extend(world.step());
    }
    steps
}

fn at(ms: u64, action: Action) -> TimedAction {
    let at = Instant(ms * 1_000);
    TimedAction { at, action }
}

/// Some action, possible or not at this moment.
fn any_action(rng: &mut Rng, world: &World) -> Action {
    let nodes = world.scenario().nodes;
    let node = NodeId(rng.between(1, u64::from(nodes)) as u32);
    let client = ClientId(rng.between(1, world.clients().len() as u64) as u32);
    let flying: Vec<MessageId> = world.network().in_flight().map(|sent| sent.id).collect();
    let some = rng.below(flying.len() as u64) as usize;
    let message = flying.get(some).copied().unwrap_or(MessageId(1));
    let key = format!("k{}", rng.below(10));
    match rng.below(28) {
        24..=27 => any_pace(rng, node, message),
        18..=23 => any_fault(rng, world, node),
        0 | 1 => Action::crash(node),
        2 | 3 => Action::Restart { node },
        4 => Action::Isolate { node },
        5 if nodes > 1 => Action::Cut {
            from: node,
            to: NodeId(node.0 % nodes + 1),
        },
        6 if nodes > 1 => Action::Partition {
            groups: vec![vec![NodeId(1)], (2..=nodes).map(NodeId).collect()],
        },
        7 => Action::Drop { message },
        8 => {
            let by = Duration::micros(rng.between(1, 1_000_000));
            Action::Delay { message, by }
        }
        9 => Action::Delete { client, key },
        10 => {
            let node = Some(node);
            Action::Get {
                client,
                key,
                node,
                path: ReadPath::default(),
            }
        }
        11 => {
            let (keys, prefix, first) = (rng.between(1, 30), "w".into(), 1);
            Action::Write {
                client,
                keys,
                prefix,
                first,
            }
        }
        12 => Action::TakeSnapshot { node },
        15 => Action::Duplicate { message },
        16 if nodes > 1 => Action::Mend {
            from: node,
            to: NodeId(node.0 % nodes + 1),
        },
        13 => {
            let most = Clock::MOST_DRIFT_PPM;
            let ppm = rng.between(0, 2 * most.unsigned_abs()) as i64 - most;
            Action::DriftClock { node, ppm }
        }
        14 => {
            let by = Some(Duration::micros(rng.between(1, 1_000_000)));
            let (forward, back) = if rng.chance(500_000) {
                (by, None)
            } else {
                (None, by)
            };
            Action::JumpClock {
                node,
                forward,
                back,
            }
        }
        17 => any_request(rng, client, key),
        _ => Action::Heal,
    }
}

/// Something that decides when servers take what comes, or when it comes.
fn any_pace(rng: &mut Rng, node: NodeId, message: MessageId) -> Action {
    match rng.below(8) {
        0 | 1 => Action::Pause { node },
        2 | 3 => Action::Resume { node },
        4 => Action::SlowServer {
            node,
            factor: rng.between(1, 12) as u32,
        },
        5 => Action::AlignTimers,
        6 => Action::SpreadTimers,
        _ => Action::Deliver { message },
    }
}

/// Something that only a cache does.
fn any_request(rng: &mut Rng, client: ClientId, key: String) -> Action {
    let ttl = Some(Duration::millis(rng.between(1, 3_000)));
    let operations = vec![Operation::Increment {
        key: key.clone(),
        add: 1,
    }];
    match rng.below(8) {
        0 => Action::Touch { client, key, ttl },
        1 => Action::Increment {
            client,
            key,
            add: 1,
        },
        2 => Action::Batch { client, operations },
        3 => Action::ConfigureCache {
            policy: None,
            capacity_bytes: Some(rng.between(1, 4_000)),
        },
        4 => Action::StopWorkload { client: None },
        5 => Action::Workload(Workload {
            lasting: Some(Duration::millis(300)),
            read_through: true,
            ttl,
            ..Workload::new(50, 10)
        }),
        6 => Action::CompareAndSwap {
            client,
            key,
            expected: None,
            value: "v".into(),
            ttl,
        },
        _ => Action::GetMany {
            client,
            of: vec![key],
            node: None,
            path: ReadPath::Log,
        },
    }
}

/// Something that happens to a machine or its disk, possible or not.
fn any_fault(rng: &mut Rng, world: &World, node: NodeId) -> Action {
    let files = world.node(node).device().disk().list();
    let some = rng.below(files.len() as u64) as usize;
    let (file, len) = files
        .into_iter()
        .nth(some)
        .map_or(("none".into(), 1), |info| (info.name, info.len));
    // A disk is put back only where it comes from: another server's is refused, and rightly.
    let image = node.to_string();
    match rng.below(20) {
        0 | 1 => Action::Kill { node },
        2 => Action::Corrupt {
            node,
            file,
            offset: rng.below(len + 1),
            bit: rng.below(8) as u8,
        },
        3 => Action::Tear {
            node,
            file,
            bytes: rng.between(1, len + 1),
        },
        4 => Action::RemoveFile { node, file },
        5 => Action::WipeDisk { node },
        6 => Action::ResizeDisk {
            node,
            bytes: rng.chance(300_000).then(|| rng.below(20_000)),
        },
        7 => Action::SlowDisk {
            node,
            factor: rng.between(1, 30) as u32,
        },
        8 => Action::FailSyncs {
            node,
            count: rng.below(3),
        },
        9 | 14 | 15 => Action::KeepImage { node, image },
        10 | 16..=18 => Action::RestoreImage { node, image },
        11 if rng.chance(200_000) => Action::RecreateCluster { except: vec![] },
        12 => {
            let (appends, names) = (vec![rng.between(1, 4)], vec![rng.between(1, 3)]);
            let keep = Keep::Only { appends, names };
            Action::Crash { node, keep }
        }
        _ => {
            let (bytes, names) = (rng.below(200), rng.below(3));
            let keep = Keep::First { bytes, names };
            Action::Crash { node, keep }
        }
    }
}

/// A world of one to nine servers with little patience and small limits.
fn rough(seed: u64, rng: &mut Rng) -> Scenario {
    let mut scenario = scenario();
    scenario.seed = seed;
    scenario.nodes = rng.between(1, 9) as u32;
    scenario.clients.count = rng.between(1, 4) as u32;
    scenario.network.loss_ppm = rng.below(100_000) as u32;
    scenario.network.duplication_ppm = rng.below(100_000) as u32;
    scenario.server.snapshot.entries = rng.between(1, 40);
    scenario.server.snapshot.piece_bytes = rng.between(50, 2_000);
    scenario.server.raft.trailing_entries = rng.below(5);
    scenario.server.raft.snapshot_chunk_bytes = rng.between(16, 512);
    scenario.server.storage.segment_bytes = rng.between(256, 2_048);
    scenario
}

/// A person who does forty things to a rough world, at moments of their choice and now and then
/// going back.
fn storm(seed: u64) -> Timeline<()> {
    let mut rng = Rng::new(seed);
    let mut timeline = Timeline::new(rough(seed, &mut rng), ());
    for _ in 0..40 {
        let wait = Duration::micros(rng.below(200_000));
        timeline.run_until(timeline.cursor() + wait, u64::MAX, &mut |_, _| {});
        if rng.chance(100_000) {
            let back = rng.below(timeline.head_step());
            timeline.go_to_step(back);
        }
        let action = any_action(&mut rng, timeline.world());
        timeline.act(action).expect("names what there is");
    }
    timeline
}

#[test]
fn one_seed_gives_one_history_and_another_seed_another() {
    let fingerprint = |seed| {
        let mut world = world(|scenario| scenario.seed = seed);
        run(&mut world, Duration::secs(3));
        world.fingerprint()
    };
    assert_eq!(fingerprint(7), fingerprint(7));
    assert_ne!(fingerprint(7), fingerprint(8));
}

#[test]
fn a_clone_goes_on_as_the_original_does() {
    let mut original = storm(5).world().clone();
    let mut clone = original.clone();
    let later = Duration(original.now().0) + Duration::secs(2);
    assert_eq!(run(&mut original, later), run(&mut clone, later));
    assert_eq!(original.fingerprint(), clone.fingerprint());
}

/// Also the witness that the storms do what they should: something of everything happens.
#[test]
fn no_storm_stops_the_world_and_each_replays_from_its_file() {
    let mut seen = [0u64; 27];
    for seed in 0..120 {
        let session = storm(seed);
        let text = session.world().scenario().to_toml();
        let scenario = Scenario::parse(&text).expect("was written just now");
        let mut world = World::new(Arc::new(scenario));
        let steps: Vec<Step> = (0..session.world().steps())
            .map(|_| world.step().expect("as in the session"))
            .collect();
        let (replayed, shown) = (world.fingerprint(), session.world().fingerprint());
        assert_eq!(replayed, shown, "seed {seed}\n{text}");
        let mut before = Instant::ZERO;
        for step in &steps {
            assert!(step.time > before, "seed {seed}, step {}", step.number);
            before = step.time;
        }
        for happening in steps.iter().flat_map(|step| &step.happenings) {
            let kind = match &happening.what {
                What::Crashed { .. } => 0,
                What::SwitchedOn { run } if *run > 1 => 1,
                What::MessageLost { .. } => 2,
                What::MessageDelayed { .. } => 3,
                What::ActionRefused { .. } => 4,
                What::ClockDrifts { .. } => 5,
                What::ClockSet { .. } => 6,
                What::NetworkMended { .. } => 7,
                What::MessageDuplicated { why, .. } => match why {
                    DuplicationReason::Network => 8,
                    DuplicationReason::ByHand => 9,
                },
                What::Killed { .. } => 11,
                What::Survived { .. } => 12,
                What::BitFlipped { .. } => 13,
                What::FileTorn { .. } => 14,
                What::FileRemoved { .. } => 15,
                What::DiskWiped { .. } => 16,
                What::DiskResized { .. } => 17,
                What::DiskSlowed { .. } => 18,
                What::SyncsWillFail { .. } => 19,
                What::ImageRestored { .. } => 20,
                What::ClusterRecreated { .. } => 21,
                What::Paused => 22,
                What::Resumed { waiting } if *waiting > 0 => 23,
                What::ServerSlowed { .. } => 24,
                What::TimersSet { .. } => 25,
                What::MessageHurried { .. } => 26,
                What::StartFailed { .. } => panic!("seed {seed}: {happening:?}"),
                _ => continue,
            };
            seen[kind] += 1;
        }
        let nodes = world.nodes().iter();
        seen[10] += nodes.map(|node| node.snapshots_installed()).sum::<u64>();
        let _ = expectations(&world);
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

/// Links, disks, servers and clients have streams of their own: what happens elsewhere does not
/// shift what they draw.
#[test]
fn a_request_to_a_dead_server_changes_nothing_between_the_others() {
    let between_servers = |change: fn(&mut Scenario)| {
        let mut world = world(|scenario| {
            scenario.actions.insert(0, at(1, Action::crash(NodeId(3))));
            scenario.clients.count = 2;
            change(scenario);
        });
        let steps = run(&mut world, Duration::secs(3)).into_iter();
        let of_servers = steps.filter(|step| {
            let places = step.happenings.iter().map(|happening| happening.place);
            places
                .into_iter()
                .all(|place| matches!(place, Place::Node(_)))
        });
        of_servers.map(|step| step.time).collect::<Vec<_>>()
    };
    let quiet = between_servers(|_| ());
    let busy = between_servers(|scenario| {
        let (client, key, node) = (ClientId(2), "k".into(), Some(NodeId(3)));
        scenario.actions.push(at(
            1_100,
            Action::Get {
                client,
                key,
                node,
                path: ReadPath::default(),
            },
        ));
    });
    assert!(quiet.len() > 200, "{}", quiet.len());
    assert_eq!(quiet, busy);
}

#[test]
fn an_action_of_a_moment_follows_what_is_due_at_it() {
    let mut reference = world(|_| ());
    let steps = run(&mut reference, Duration::millis(900));
    let some = steps
        .iter()
        .rev()
        .find(|step| matches!(step.cause, Cause::Arrival(_)));
    let moment = some.expect("messages arrive").time;
    let mut world = world(|scenario| {
        let action = Action::Heal;
        scenario
            .actions
            .insert(0, TimedAction { at: moment, action });
    });
    let steps = run(&mut world, Duration::millis(901));
    let healed = steps
        .iter()
        .position(|step| step.cause == Cause::Action(Action::Heal));
    let healed = healed.expect("it was due");
    assert_eq!(steps[healed].time, Instant(moment.0 + 1));
    assert_eq!(steps[healed - 1].time, moment);
}

#[test]
fn what_is_written_without_a_sync_is_lost_at_a_crash() {
    let mut world = world(|scenario| {
        scenario.disk.sync_latency = Latency::Constant(Duration::millis(40));
        scenario.actions.push(at(1_200, Action::crash(NodeId(1))));
        scenario.actions.push(at(1_200, Action::crash(NodeId(2))));
        scenario.actions.push(at(1_200, Action::crash(NodeId(3))));
    });
    let steps = run(&mut world, Duration::secs(2));
    let lost = steps
        .iter()
        .flat_map(|step| &step.happenings)
        .map(|h| match h.what {
            What::Crashed { lost } => lost.bytes,
            _ => 0,
        });
    assert!(lost.sum::<u64>() > 0);
    assert_eq!(
        world.next_time(),
        world.clients()[0].deadline(),
        "only the client lives"
    );
}
