//! Servers live by clocks of their own; messages, disks and clients by simulated time.

use super::{at, run, world};
use crate::raft::{self, ClockJump};
use crate::replica::{self, AlertKind};
use crate::sim::{Action, Cause, Clock, Place, Scenario, Step, What, World};
use crate::types::{Duration, Instant, NodeId};

const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);

fn drift(node: NodeId, ppm: i64) -> Action {
    Action::DriftClock { node, ppm }
}

fn forward(node: NodeId, ms: u64) -> Action {
    let (forward, back) = (Some(Duration::millis(ms)), None);
    Action::JumpClock {
        node,
        forward,
        back,
    }
}

fn back(node: NodeId, ms: u64) -> Action {
    let (forward, back) = (None, Some(Duration::millis(ms)));
    Action::JumpClock {
        node,
        forward,
        back,
    }
}

/// A server alone, which leads after a moment, without requests.
fn alone(ppm: i64) -> World {
    world(|scenario| {
        scenario.nodes = 1;
        scenario.actions = vec![at(500, drift(N1, ppm))];
    })
}

/// How far apart the heartbeats of a server alone are once its clock drifts.
fn between_heartbeats(ppm: i64) -> Vec<u64> {
    let steps = run(&mut alone(ppm), Duration::secs(2)).into_iter();
    let beats = steps.filter(|step| step.cause == Cause::Deadline(N1));
    let beats: Vec<u64> = beats
        .map(|step| step.time.0)
        .filter(|time| *time > 600_000)
        .collect();
    assert!(beats.len() > 10, "{beats:?}");
    beats.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn a_server_measures_its_timers_by_its_own_clock() {
    // Rounded up to a whole microsecond, and no error adds up.
    for (ppm, least, most) in [
        (0, 50_000, 50_000),
        (-500_000, 100_000, 100_000),
        (250_000, 40_000, 40_000),
        (10_000, 49_504, 49_505),
    ] {
        let between = between_heartbeats(ppm);
        let kept = between.iter().all(|us| (least..=most).contains(us));
        assert!(kept, "{ppm}: {between:?}");
    }
}

#[test]
fn nobody_is_woken_before_its_deadline_and_nobody_later_than_needed() {
    let mut world = world(|scenario| {
        scenario.nodes = 5;
        let actions = [
            drift(N1, 499_999),
            drift(N2, -499_999),
            drift(NodeId(3), 7),
            forward(NodeId(4), 90),
            back(NodeId(5), 90),
        ];
        scenario.actions = actions.map(|action| at(700, action)).to_vec();
    });
    let deadline = |world: &World, id| world.node(id).replica().and_then(|r| r.deadline());
    let (mut woken, end) = (0, Instant(3_000_000));
    while world.next_time().is_some_and(|time| time <= end) {
        let before = world.clone();
        let step = world.step().expect("it is due");
        let Cause::Deadline(id) = step.cause else {
            continue;
        };
        let wanted = deadline(&before, id).expect("it runs");
        let clock = before.node(id).clock();
        assert!(clock.at(step.time) >= wanted, "{id} at {}", step.time);
        let needed = clock.when(wanted).max(Instant(before.now().0 + 1));
        assert_eq!(step.time, needed, "{id}");
        woken += 1;
    }
    assert!(woken > 50, "{woken}");
}

/// A clock that runs as fast as simulated time is none of its own.
#[test]
fn a_drift_of_nothing_changes_nothing() {
    let times = |action: Action| {
        let mut world = world(|scenario| scenario.actions.insert(0, at(400, action)));
        let steps = run(&mut world, Duration::secs(3));
        let seen = steps.into_iter().map(|step| (step.time, step.cause));
        let others = seen.filter(|(_, cause)| !matches!(cause, Cause::Action(_)));
        others.collect::<Vec<_>>()
    };
    let untouched = times(Action::Heal);
    assert_eq!(times(drift(N1, 0)), untouched);
    assert_ne!(times(drift(N1, 1_000)), untouched);
}

/// What servers found out about their own clocks, and when.
fn found(steps: &[Step]) -> Vec<(Instant, ClockJump)> {
    let all = steps.iter().flat_map(|step| {
        let jumps = step
            .happenings
            .iter()
            .filter_map(|happening| match &happening.what {
                What::Replica(replica::Event::Raft(raft::Event::ClockJumped { jump })) => {
                    Some((step.time, *jump))
                }
                _ => None,
            });
        jumps.collect::<Vec<_>>()
    });
    all.collect()
}

fn jumping(action: Action) -> (World, Vec<Step>) {
    let mut world = world(|scenario| {
        scenario.nodes = 1;
        scenario.actions = vec![at(1_000, action)];
    });
    let steps = run(&mut world, Duration::secs(2));
    (world, steps)
}

#[test]
fn a_clock_that_jumps_forward_wakes_its_server_at_once() {
    let (world, steps) = jumping(forward(N1, 400));
    let jumped = steps
        .iter()
        .position(|step| matches!(step.cause, Cause::Action(_)));
    let (jump, next) = (
        &steps[jumped.expect("it was due")],
        jumped.expect("it was due") + 1,
    );
    let set = What::ClockSet {
        from: jump.time,
        to: jump.time + Duration::millis(400),
    };
    assert_eq!(jump.happenings[0].what, set);
    assert_eq!(steps[next].cause, Cause::Deadline(N1));
    assert_eq!(steps[next].time, Instant(jump.time.0 + 1));
    let found = found(&steps);
    assert!(
        matches!(found[..], [(_, ClockJump::Forward { late })] if late > Duration::millis(300)),
        "{found:?}"
    );
    assert_eq!(
        world.node(N1).clock().at(world.now()).since(world.now()),
        Duration::millis(400)
    );
}

/// Nothing wakes a server whose clock goes back: it finds out with the next thing that happens.
#[test]
fn a_clock_that_jumps_back_is_found_out_with_the_next_input() {
    let (world, steps) = jumping(back(N1, 400));
    let clock = world.node(N1).clock();
    assert_eq!(clock.at(Instant(2_000_000)), Instant(1_600_000));
    assert_eq!(
        found(&steps),
        [],
        "its heartbeat is later than it was, and it knows no other time"
    );
    let mut three = super::world(|scenario| {
        let jumps = [1, 2, 3].map(|id| at(1_000, back(NodeId(id), 400)));
        scenario.actions.splice(0..0, jumps);
    });
    let steps = run(&mut three, Duration::secs(4));
    let found = found(&steps);
    let backwards = found
        .iter()
        .filter(|(_, jump)| matches!(jump, ClockJump::Back { .. }));
    assert!(backwards.count() >= 2, "{found:?}");
    assert_eq!(
        three.clients()[0].history().len(),
        20,
        "the cluster goes on"
    );
}

#[test]
fn a_machine_that_is_switched_off_keeps_its_clock() {
    let mut world = world(|scenario: &mut Scenario| {
        scenario.actions.extend([
            at(1_200, drift(N2, 100_000)),
            at(1_200, forward(N2, 2_000)),
            at(1_300, Action::crash(N2)),
            at(2_000, Action::Restart { node: N2 }),
        ]);
    });
    run(&mut world, Duration::secs(3));
    assert_eq!(world.node(N2).runs(), 2);
    let mut expected = Clock::default();
    expected.set_drift(Instant(1_200_001), 100_000);
    expected.jump_forward(Instant(1_200_002), Duration::secs(2));
    let shown = world.node(N2).clock().at(Instant(3_000_000));
    let apart = shown.since(expected.at(Instant(3_000_000))).0;
    assert!(
        apart < 10,
        "actions of one moment are microseconds apart: {shown}"
    );
    let deadline = world
        .node(N2)
        .replica()
        .and_then(|replica| replica.deadline());
    assert!(
        deadline.is_some_and(|deadline| deadline > Instant(5_000_000)),
        "{deadline:?}"
    );
}

/// When a server that nobody sends to any more says that it knows of no leader.
fn leaderless_at(ppm: i64) -> Instant {
    let mut world = world(|scenario| {
        let isolate = Action::Isolate { node: N2 };
        scenario.actions = vec![at(900, drift(N2, ppm)), at(1_000, isolate)];
    });
    let steps = run(&mut world, Duration::secs(20));
    let tells = |what: &What| match what {
        What::AlertRaised { alert } => alert.key().kind == AlertKind::NoLeader,
        _ => false,
    };
    let told = steps.iter().find(|step| {
        let mut happenings = step.happenings.iter();
        happenings.any(|happening| happening.place == Place::Node(N2) && tells(&happening.what))
    });
    told.expect("it is alone").time
}

#[test]
fn a_server_on_a_slow_clock_takes_longer_to_miss_its_leader() {
    let second = Instant(1_000_000);
    let (usual, slow) = (leaderless_at(0), leaderless_at(-500_000));
    let (usual, slow) = (usual.since(second).0, slow.since(second).0);
    assert!(slow > usual * 3 / 2, "{slow} and {usual} microseconds");
}
