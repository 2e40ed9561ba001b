//! What each kind of fault does, and what undoes it.

use super::mode::FaultKind;
use super::{in_flight, opportunity, pick, restarts};
use crate::cache::PolicyKind;
use crate::sim::node::Node;
use crate::sim::scenario::{Action, Keep};
use crate::sim::service::ServiceMode;
use crate::sim::world::World;
use crate::storage::is_snapshot_file;
use crate::types::{Duration, NodeId, Rng};

/// Actions, and what is done about them later.
pub(super) type Trouble = (Vec<Action>, Vec<Action>);

/// A fault of this kind in a world as it is; none when there is nothing that it could hit.
pub(super) fn draw(
    kind: FaultKind,
    (world, victims): (&World, &[NodeId]),
    rng: &mut Rng,
) -> Option<Trouble> {
    let all: Vec<NodeId> = world.nodes().iter().map(Node::id).collect();
    let running: Vec<NodeId> = ids(world, |node| node.replica().is_some());
    let stopped: Vec<NodeId> = ids(world, |node| node.replica().is_none());
    let alone = |action| Some((vec![action], Vec::new()));
    match kind {
        FaultKind::Crash => {
            let node = pick(rng, &running)?;
            let keep = keep(rng);
            for_a_while(Action::Crash { node, keep }, Action::Restart { node })
        }
        FaultKind::CrashLeader => {
            let node = world.leader()?;
            let keep = keep(rng);
            for_a_while(Action::Crash { node, keep }, Action::Restart { node })
        }
        FaultKind::CrashVoter => {
            let node = opportunity::voter(world, rng)?;
            let keep = keep(rng);
            for_a_while(Action::Crash { node, keep }, Action::Restart { node })
        }
        FaultKind::CrashNewLeader => {
            let node = opportunity::new_leader(world)?;
            let keep = keep(rng);
            for_a_while(Action::Crash { node, keep }, Action::Restart { node })
        }
        FaultKind::Kill => {
            let node = pick(rng, &running)?;
            for_a_while(Action::Kill { node }, Action::Restart { node })
        }
        FaultKind::ShutDown => {
            let node = pick(rng, &running)?;
            for_a_while(Action::ShutDown { node }, Action::Restart { node })
        }
        FaultKind::Partition => partition(all, rng),
        FaultKind::PartitionChange => {
            opportunity::is_changing(world).then(|| partition(all, rng))?
        }
        FaultKind::OneWay => {
            // A follower that does not hear its leader stands for election.
            let leader = world.leader().filter(|_| rng.chance(500_000));
            let (from, to) = (leader.or(pick(rng, &all))?, pick(rng, &all)?);
            let cut = for_a_while(Action::Cut { from, to }, Action::Mend { from, to });
            cut.filter(|_| from != to)
        }
        FaultKind::IsolateLeader => {
            let node = world.leader().filter(|_| all.len() > 1)?;
            for_a_while(Action::Isolate { node }, Action::Heal)
        }
        FaultKind::MuteLeader => {
            let node = world.leader()?;
            let others: Vec<NodeId> = all.into_iter().filter(|other| *other != node).collect();
            let ear = pick(rng, &others)?;
            let cuts = mute(node, ear, others).collect();
            Some((cuts, vec![Action::Heal]))
        }
        FaultKind::IsolateDeposed => {
            let node = opportunity::deposed(world).filter(|_| all.len() > 1)?;
            // What it has sent arrives, but it hears of nothing any more.
            let others = all.into_iter().filter(|other| *other != node);
            let cuts = others.map(|from| Action::Cut { from, to: node });
            Some((cuts.collect(), vec![Action::Heal]))
        }
        FaultKind::TakeTurns => cut_off_instead(opportunity::alone(world), &all),
        FaultKind::CutOffHeir => cut_off_instead(opportunity::heir(world), &all),
        FaultKind::RestartVoter => {
            let (leader, node) = opportunity::asked_against_its_promise(world, rng)?;
            let (kill, restart) = (Action::Kill { node }, Action::Restart { node });
            let isolate = Action::Isolate { node: leader };
            Some((vec![kill, restart, isolate], vec![Action::Heal]))
        }
        FaultKind::LateAnswer => {
            let (ear, leader, message) = opportunity::answer(world)?;
            let by = Duration::millis(rng.between(10, 140));
            let mut actions = vec![Action::Delay { message, by }];
            actions.extend(mute(leader, ear, all));
            Some((actions, vec![Action::Heal]))
        }
        FaultKind::StrandSlowLeader => {
            let leader = world.leader().filter(|_| all.len() > 1)?;
            let bound = world.scenario().server.raft.clock_drift_ppm.min(900_000) as i64;
            let drifts = |ppm: i64| {
                let of = move |node| if node == leader { -ppm } else { ppm };
                let drift = move |node| Action::DriftClock {
                    node,
                    ppm: of(node),
                };
                all.clone().into_iter().map(drift)
            };
            let mut actions: Vec<Action> = drifts(bound).collect();
            actions.push(Action::Isolate { node: leader });
            Some((actions, drifts(0).chain([Action::Heal]).collect()))
        }
        FaultKind::Drop => alone(Action::Drop {
            message: in_flight(rng, world)?.id,
        }),
        FaultKind::Delay => alone(Action::Delay {
            message: in_flight(rng, world)?.id,
            by: Duration::millis(rng.between(1, 1_500)),
        }),
        FaultKind::Duplicate => alone(Action::Duplicate {
            message: in_flight(rng, world)?.id,
        }),
        FaultKind::SlowDisk => {
            let node = pick(rng, &all)?;
            let factor = rng.between(2, 40) as u32;
            let slow = |factor| Action::SlowDisk { node, factor };
            for_a_while(slow(factor), slow(1))
        }
        FaultKind::FailSyncs => {
            let node = pick(rng, &running)?;
            let count = rng.between(1, 3);
            for_a_while(Action::FailSyncs { node, count }, Action::Restart { node })
        }
        FaultKind::FullDisk => {
            let node = pick(rng, &running)?;
            let used = world.node(node).device().disk().used();
            let bytes = Some((used + rng.below(4_000)).max(64 << 10));
            let resize = |bytes| Action::ResizeDisk { node, bytes };
            for_a_while(resize(bytes), resize(None))
        }
        FaultKind::Rot => alone(rot(world, pick(rng, victims)?, rng)?),
        FaultKind::Wipe => {
            let lost: Vec<NodeId> = victims
                .iter()
                .copied()
                .filter(|id| stopped.contains(id))
                .collect();
            match pick(rng, &lost) {
                Some(node) => alone(Action::WipeDisk { node }),
                // It has to be down first.
                None => {
                    let node = pick(rng, victims)?;
                    for_a_while(Action::crash(node), Action::WipeDisk { node })
                }
            }
        }
        FaultKind::Drift => drift(world, rng, 1),
        FaultKind::DriftBeyond => drift(world, rng, 40),
        FaultKind::Jump => {
            let by = Some(Duration::millis(rng.between(1, 2_000)));
            let node = pick(rng, &all)?;
            let (forward, back) = match rng.chance(500_000) {
                true => (by, None),
                false => (None, by),
            };
            alone(Action::JumpClock {
                node,
                forward,
                back,
            })
        }
        FaultKind::Snapshot => alone(Action::TakeSnapshot {
            node: pick(rng, &running)?,
        }),
        FaultKind::Transfer => alone(Action::TransferLeadership {
            to: pick(rng, &all).filter(|_| rng.chance(700_000)),
        }),
        FaultKind::Membership => {
            let mut voters: Vec<NodeId> = all
                .iter()
                .copied()
                .filter(|_| rng.chance(650_000))
                .collect();
            if voters.is_empty() {
                voters.extend(pick(rng, &all));
            }
            let rest: Vec<NodeId> = all.into_iter().filter(|id| !voters.contains(id)).collect();
            let learner = pick(rng, &rest).filter(|_| rng.chance(500_000));
            let learners = learner.into_iter().collect();
            alone(Action::ChangeMembership { voters, learners })
        }
        FaultKind::Configure => {
            let policy = pick(rng, &PolicyKind::ALL);
            let capacity_bytes = Some(rng.between(1_024, 6_000));
            alone(Action::ConfigureCache {
                policy,
                capacity_bytes,
            })
        }
        FaultKind::Model => {
            let mode = pick(rng, &ServiceMode::ALL)?;
            let mended = Action::ModelService {
                mode: ServiceMode::Works,
            };
            for_a_while(Action::ModelService { mode }, mended)
        }
        FaultKind::Pause => {
            let leader = world.leader().filter(|_| rng.chance(500_000));
            let node = leader.or(pick(rng, &running))?;
            for_a_while(Action::Pause { node }, Action::Resume { node })
        }
        FaultKind::SlowServer => {
            let node = pick(rng, &all)?;
            let factor = rng.between(2, 12) as u32;
            let slow = |factor| Action::SlowServer { node, factor };
            for_a_while(slow(factor), slow(1))
        }
    }
}

fn for_a_while(action: Action, undo: Action) -> Option<Trouble> {
    Some((vec![action], vec![undo]))
}

/// Nobody hears the leader, and it hears only one ear.
fn mute(leader: NodeId, ear: NodeId, all: Vec<NodeId>) -> impl Iterator<Item = Action> {
    let others = all.into_iter().filter(move |other| *other != leader);
    others.flat_map(move |other| {
        let cut = |from, to| Action::Cut { from, to };
        let deaf = (other != ear).then_some(cut(other, leader));
        core::iter::once(cut(leader, other)).chain(deaf)
    })
}

/// This leader is cut off, and whoever was before comes back.
fn cut_off_instead(leader: Option<NodeId>, all: &[NodeId]) -> Option<Trouble> {
    let node = leader.filter(|_| all.len() > 1)?;
    let cut_off = vec![Action::Heal, Action::Isolate { node }];
    Some((cut_off, vec![Action::Heal]))
}

/// Two parts, each server in one of them.
fn partition(all: Vec<NodeId>, rng: &mut Rng) -> Option<Trouble> {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for node in all {
        match rng.chance(500_000) {
            true => one.push(node),
            false => other.push(node),
        }
    }
    let parted = !one.is_empty() && !other.is_empty();
    let groups = vec![one, other];
    for_a_while(Action::Partition { groups }, Action::Heal).filter(|_| parted)
}

fn ids(world: &World, wanted: impl Fn(&Node) -> bool) -> Vec<NodeId> {
    let nodes = world.nodes().iter().filter(|node| wanted(node));
    nodes.map(Node::id).collect()
}

/// What a crash leaves of what was not synced.
fn keep(rng: &mut Rng) -> Keep {
    let mut few = || {
        (0..rng.below(3))
            .map(|_| rng.between(1, 6))
            .collect::<Vec<_>>()
    };
    let (appends, names) = (few(), few());
    match rng.below(5) {
        0 => Keep::Nothing,
        1 => Keep::Everything,
        2 => Keep::First {
            bytes: rng.below(600),
            names: rng.below(4),
        },
        3 => Keep::Only { appends, names },
        _ => Keep::Drawn,
    }
}

/// So many times what a clock may drift at most.
fn drift(world: &World, rng: &mut Rng, times: u64) -> Option<Trouble> {
    let bound = world.scenario().server.raft.clock_drift_ppm * times;
    let node = pick(rng, &ids(world, |_| true))?;
    let ppm = rng.between(bound / 2, bound.min(900_000)) as i64;
    // Worst is a slow leader of fast followers.
    let leads = world.leader() == Some(node);
    let ppm = if rng.chance(if leads { 200_000 } else { 700_000 }) {
        ppm
    } else {
        -ppm
    };
    let drift = |ppm| Action::DriftClock { node, ppm };
    for_a_while(drift(ppm), drift(0))
}

/// A bit in what was durable long ago: damage in the very last write looks like one that was cut off,
/// and no server can tell them apart.
fn rot(world: &World, node: NodeId, rng: &mut Rng) -> Option<Action> {
    let disk = world.node(node).device().disk();
    let files: Vec<(String, u64)> = disk
        .files()
        .filter(|file| file.synced >= 400 || is_snapshot_file(&file.info.name))
        .filter(|file| file.synced > 1)
        .map(|file| (file.info.name.clone(), file.synced / 2))
        .collect();
    let place = rng.below(files.len() as u64) as usize;
    let (file, until) = files.into_iter().nth(place)?;
    Some(Action::Corrupt {
        node,
        file,
        offset: rng.below(until),
        bit: rng.below(8) as u8,
    })
}

/// Whether there is still something to undo.
pub(super) fn still_makes_sense(undo: &Action, world: &World) -> bool {
    match undo {
        Action::Restart { node } | Action::WipeDisk { node } => {
            world.node(*node).replica().is_none()
        }
        Action::Mend { from, to } => world.network().cuts().any(|cut| cut == (*from, *to)),
        Action::Heal => world.network().cuts().next().is_some(),
        Action::Resume { node } => world.node(*node).intake().is_paused(),
        _ => true,
    }
}

/// Everything that a nemesis may have left broken is mended, and every server runs.
pub(super) fn mend_everything(world: &World) -> Vec<Action> {
    let mut actions = Vec::new();
    if world.network().cuts().next().is_some() {
        actions.push(Action::Heal);
    }
    for node in world.nodes() {
        let (id, disk) = (node.id(), node.device().disk());
        if node.device().slowness() != 1 {
            actions.push(Action::SlowDisk {
                node: id,
                factor: 1,
            });
        }
        if node.intake().is_paused() {
            actions.push(Action::Resume { node: id });
        }
        if node.intake().slowness() != 1 {
            actions.push(Action::SlowServer {
                node: id,
                factor: 1,
            });
        }
        if disk.failing_syncs() > 0 {
            actions.push(Action::FailSyncs { node: id, count: 0 });
        }
        if disk.capacity() != world.scenario().disk.capacity_bytes {
            actions.push(Action::ResizeDisk {
                node: id,
                bytes: None,
            });
        }
        if node.clock().drift_ppm() != 0 {
            actions.push(Action::DriftClock { node: id, ppm: 0 });
        }
    }
    if world.service().mode() != ServiceMode::Works {
        actions.push(Action::ModelService {
            mode: ServiceMode::Works,
        });
    }
    let busy = world
        .clients()
        .iter()
        .filter(|client| client.has_workload());
    actions.extend(busy.map(|client| Action::StopWorkload {
        client: Some(client.id()),
    }));
    actions.extend(restarts(world));
    actions
}
