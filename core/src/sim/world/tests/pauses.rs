//! Servers that take nothing for a while, or little; messages and timers that a person hurries.

use super::{at, run, world};
use crate::raft::{self, Role};
use crate::replica;
use crate::sim::{
    Action, ActionRefusal, Address, Cause, LossReason, MessageId, Place, Scenario, Step, What,
    World,
};
use crate::types::{Duration, Instant, NodeId};

const N1: NodeId = NodeId(1);

fn pause(node: NodeId) -> Action {
    Action::Pause { node }
}

fn resume(node: NodeId) -> Action {
    Action::Resume { node }
}

fn slow(node: NodeId, factor: u32) -> Action {
    Action::SlowServer { node, factor }
}

fn doing(actions: impl IntoIterator<Item = (u64, Action)>) -> World {
    let actions = actions.into_iter().map(|(ms, action)| at(ms, action));
    world(|scenario| scenario.actions = actions.collect())
}

/// What happened at a server.
fn at_node(steps: &[Step], node: NodeId) -> impl Iterator<Item = (Instant, &What)> {
    steps.iter().flat_map(move |step| {
        let here = step.happenings.iter();
        let here = here.filter(move |happening| happening.place == Place::Node(node));
        here.map(|happening| (step.time, &happening.what))
    })
}

/// The messages that a server took, in order, with the moments at which it did.
fn taken(steps: &[Step], node: NodeId) -> Vec<(MessageId, Instant)> {
    let taken = at_node(steps, node).filter_map(|(time, what)| match what {
        What::Delivered { message, .. } => Some((*message, time)),
        _ => None,
    });
    taken.collect()
}

fn waited(steps: &[Step], node: NodeId) -> Vec<MessageId> {
    let waited = at_node(steps, node).filter_map(|(_, what)| match what {
        What::InputWaits { message, .. } => *message,
        _ => None,
    });
    waited.collect()
}

fn refusals(steps: &[Step]) -> Vec<ActionRefusal> {
    let happenings = steps.iter().flat_map(|step| &step.happenings);
    let refusals = happenings.filter_map(|happening| match &happening.what {
        What::ActionRefused { why } => Some(why.clone()),
        _ => None,
    });
    refusals.collect()
}

#[test]
fn what_comes_to_a_paused_server_is_taken_in_order_when_it_goes_on() {
    let mut world = doing([(1_000, pause(N1)), (1_200, resume(N1))]);
    let steps = run(&mut world, Duration::secs(2));
    let (from, until) = (Instant(1_000_000), Instant(1_200_000));
    let asleep = |time: Instant| from < time && time < until;
    let waits = waited(&steps, N1);
    assert!(waits.len() >= 3, "{waits:?}");
    for (time, what) in at_node(&steps, N1).filter(|(time, _)| asleep(*time)) {
        let of_disk = matches!(what, What::WriteDurable { .. });
        let waits = matches!(what, What::InputWaits { .. });
        assert!(of_disk || waits, "{time}: {what:?}");
    }
    let after = taken(&steps, N1);
    let after = after.into_iter().filter(|(_, time)| *time >= until);
    let after: Vec<_> = after.collect();
    let first: Vec<MessageId> = after.iter().map(|(id, _)| *id).take(waits.len()).collect();
    assert_eq!(first, waits);
    // All at once: each is a step of its own, a microsecond after the one before.
    assert!(
        after[waits.len() - 1].1 < until + Duration::millis(1),
        "{after:?}"
    );
    let turns = steps.iter().filter(|step| {
        let Cause::Turn { node, since } = step.cause else {
            return false;
        };
        let came = &steps[since as usize - 1];
        node == N1 && asleep(came.time)
    });
    assert_eq!(turns.count(), waits.len());
}

/// Its clock goes on: its timers are overdue, but it first hears what its leader has sent.
#[test]
fn a_follower_that_was_paused_hears_its_leader_before_it_looks_at_its_timers() {
    let mut quiet = doing([]);
    run(&mut quiet, Duration::secs(1));
    let leader = quiet.leader().expect("it was elected");
    let follower = NodeId(leader.0 % 3 + 1);
    let mut world = doing([(1_000, pause(follower)), (1_900, resume(follower))]);
    let steps = run(&mut world, Duration::secs(4));
    assert_eq!(world.elections(), 1);
    let of_raft = |what: &What, wanted: fn(&raft::Event) -> bool| matches!(what, What::Replica(replica::Event::Raft(event)) if wanted(event));
    let stood = at_node(&steps, follower).filter(|(time, what)| {
        let asks = of_raft(what, |event| {
            matches!(event, raft::Event::BecamePreCandidate { .. })
        });
        *time > Instant(1_000_000) && asks
    });
    assert_eq!(stood.count(), 0);
}

#[test]
fn a_crash_ends_a_pause_and_loses_what_waited() {
    for end in [Action::crash(N1), Action::Kill { node: N1 }] {
        let restart = Action::Restart { node: N1 };
        let actions = [(1_000, pause(N1)), (1_200, end), (1_300, restart)];
        let mut world = doing(actions);
        let steps = run(&mut world, Duration::secs(2));
        let ended = steps.iter().filter(|step| step.time >= Instant(1_200_000));
        let ended = ended.into_iter().next().expect("the server ends");
        let lost = ended
            .happenings
            .iter()
            .filter_map(|happening| match happening.what {
                What::MessageLost { message, why, .. } => Some((message, why)),
                _ => None,
            });
        let waits = waited(&steps, N1).into_iter();
        let waits: Vec<_> = waits.map(|id| (id, LossReason::ReceiverDown)).collect();
        assert!(!waits.is_empty());
        assert_eq!(lost.collect::<Vec<_>>(), waits);
        let intake = world.node(N1).intake();
        assert!(!intake.is_paused() && intake.waiting() == 0);
        assert!(taken(&steps, N1).last().expect("it goes on").1 > Instant(1_900_000));
    }
}

/// It ends in order once it goes on: until then the wish waits.
#[test]
fn a_paused_server_hears_of_its_shutdown_when_it_goes_on() {
    let node = N1;
    let actions = [
        (1_000, pause(node)),
        (1_100, Action::ShutDown { node }),
        (1_500, resume(node)),
    ];
    let mut world = doing(actions);
    run(&mut world, Duration::millis(1_499));
    assert!(
        world
            .node(node)
            .replica()
            .is_some_and(|server| !server.is_ending())
    );
    run(&mut world, Duration::secs(3));
    assert!(world.node(node).replica().is_none());
}

#[test]
fn only_a_server_that_runs_is_paused_and_only_one_that_is_paused_resumes() {
    let (node, restart) = (N1, Action::Restart { node: N1 });
    let mut world = doing([
        (500, resume(node)),
        (600, pause(node)),
        (700, pause(node)),
        (750, restart),
        (800, Action::crash(node)),
        (900, pause(node)),
        (950, resume(node)),
    ]);
    let steps = run(&mut world, Duration::secs(1));
    let expected = [
        ActionRefusal::NotPaused { node },
        ActionRefusal::IsPaused { node },
        ActionRefusal::IsUp { node },
        ActionRefusal::IsDown { node },
        ActionRefusal::NotPaused { node },
    ];
    assert_eq!(refusals(&steps), expected);
}

#[test]
fn a_slow_server_takes_one_input_after_the_other() {
    let mut world = doing([(1_000, slow(N1, 7)), (2_000, slow(N1, 1))]);
    let steps = run(&mut world, Duration::secs(3));
    let slowed = Instant(1_000_000)..Instant(2_000_000);
    let turns = steps.iter().filter_map(|step| match step.cause {
        Cause::Turn { node: N1, since } => Some((step, &steps[since as usize - 1])),
        _ => None,
    });
    let turns: Vec<_> = turns
        .filter(|(step, _)| slowed.contains(&step.time))
        .collect();
    assert!(turns.len() > 20, "{}", turns.len());
    let work = Duration::millis(7);
    let mut free = Instant::ZERO;
    for (step, came) in turns {
        // It begins when it is free and something is there.
        assert_eq!(step.time, free.max(came.time) + work);
        free = step.time;
    }
    let intake = world.node(N1).intake();
    assert!(intake.is_open(), "{intake:?}");
}

#[test]
fn a_slow_machine_stays_slow_when_its_server_starts_again() {
    let restart = Action::Restart { node: N1 };
    let actions = [(700, slow(N1, 3)), (800, Action::crash(N1)), (900, restart)];
    let mut world = doing(actions);
    run(&mut world, Duration::secs(1));
    assert_eq!(world.node(N1).intake().slowness(), 3);
}

/// A socket's buffer has an end.
#[test]
fn more_than_fits_is_lost() {
    let mut world = doing([(1_000, pause(N1))]);
    run(&mut world, Duration::secs(1));
    let follower = NodeId(2);
    let mut lost = 0;
    for _ in 0..400_000 {
        let Some(step) = world.step() else { break };
        lost += step
            .happenings
            .iter()
            .filter(|happening| {
                matches!(
                    happening.what,
                    What::MessageLost {
                        why: LossReason::ReceiverFull,
                        ..
                    }
                )
            })
            .count();
        if lost > 0 {
            break;
        }
    }
    assert!(lost > 0, "{}", world.node(N1).intake().waiting());
    assert_eq!(world.node(N1).intake().waiting(), 4_096);
    assert!(world.node(follower).intake().is_open());
}

/// A message on its way between two servers, soon after the leader was elected.
fn flying(change: impl Fn(&mut Scenario)) -> (World, MessageId, Instant) {
    let mut world = world(|scenario| {
        scenario.actions = vec![at(1_000, Action::Heal)];
        change(scenario);
    });
    run(&mut world, Duration::secs(1));
    let mut sent = None;
    while sent.is_none() {
        world.step();
        let between = |to: Address| matches!(to, Address::Node(_));
        let flying = world.network().in_flight();
        let mut flying = flying.filter(|it| between(it.from) && between(it.to));
        sent = flying.next().map(|it| (it.id, it.arrives_at));
    }
    let (id, arrives_at) = sent.expect("just found");
    (world, id, arrives_at)
}

#[test]
fn a_message_that_is_hurried_arrives_in_the_next_step() {
    // Also one that the network would have lost.
    let (mut world, message, would) = flying(|scenario| scenario.network.loss_ppm = 1_000_000 / 4);
    let now = world.now();
    let action = Action::Deliver { message };
    world.add_action(at(0, action.clone()));
    let step = world.step().expect("the action");
    assert_eq!(step.cause, Cause::Action(action));
    let instead_of = would;
    let hurried = What::MessageHurried {
        message,
        instead_of,
    };
    assert_eq!(step.happenings[0].what, hurried);
    let step = world.step().expect("the arrival");
    assert_eq!(step.cause, Cause::Arrival(message));
    assert_eq!(step.time, now + Duration::micros(2));
    assert!(matches!(step.happenings[0].what, What::Delivered { .. }));
    world.add_action(at(0, Action::Deliver { message }));
    let step = world.step().expect("the action");
    assert_eq!(refusals(&[step]), [ActionRefusal::NotInFlight { message }]);
}

/// When the servers that do not lead would stand for election.
fn timers(world: &World) -> Vec<Instant> {
    let running = world.nodes().iter().filter_map(|node| {
        let timer = node.replica()?.raft().election_timer()?;
        Some(node.clock().when(timer.fires_at))
    });
    running.collect()
}

#[test]
fn timers_are_aligned_or_spread_evenly() {
    let five = |action: Option<Action>| {
        let mut world = world(|scenario| {
            scenario.nodes = 5;
            scenario.actions = vec![
                // So that not all clocks show the same.
                at(
                    300,
                    Action::DriftClock {
                        node: NodeId(2),
                        ppm: 90_000,
                    },
                ),
                at(
                    320,
                    Action::DriftClock {
                        node: NodeId(4),
                        ppm: -90_000,
                    },
                ),
            ];
            scenario
                .actions
                .extend(action.map(|action| at(500, action)));
        });
        run(&mut world, Duration::millis(500));
        world
    };
    let mut before = timers(&five(None));
    let within = |times: &[Instant], gap: u64| {
        let gaps = times.windows(2).map(|pair| pair[1].0.abs_diff(pair[0].0));
        gaps.into_iter().all(|found| found.abs_diff(gap) <= 2)
    };
    assert!(!within(&before, 0) && before.len() == 4, "{before:?}");
    let aligned = timers(&five(Some(Action::AlignTimers)));
    assert!(within(&aligned, 0), "{aligned:?}");
    assert!(aligned[0] + Duration(1) >= *before.iter().max().expect("four of them"));
    let world = five(Some(Action::SpreadTimers));
    let raft = &world.scenario().server.raft;
    let range = raft.election_timeout_max.0 - raft.election_timeout_min.0;
    let mut spread: Vec<(Instant, Instant)> = before.drain(..).zip(timers(&world)).collect();
    spread.sort_unstable();
    let spread: Vec<Instant> = spread.into_iter().map(|(_, now)| now).collect();
    assert!(within(&spread, range / 3), "{spread:?}");
}

/// What aligned timers are good for: several stand at once.
#[test]
fn aligned_timers_let_servers_stand_at_once() {
    let after_crash = |action: Action| {
        let mut quiet = doing([]);
        run(&mut quiet, Duration::secs(1));
        let leader = quiet.leader().expect("it was elected");
        let mut world = doing([(1_000, Action::crash(leader)), (1_020, action)]);
        let steps = run(&mut world, Duration::secs(3));
        assert!(world.leader().is_some());
        let asks = |what: &What| {
            matches!(
                what,
                What::Replica(replica::Event::Raft(raft::Event::BecamePreCandidate { .. }))
            )
        };
        let all = world
            .nodes()
            .iter()
            .flat_map(|node| at_node(&steps, node.id()));
        let asked: Vec<Instant> = all
            .filter(|(time, what)| *time > Instant(1_000_000) && asks(what))
            .map(|(time, _)| time)
            .collect();
        asked
    };
    let mut aligned = after_crash(Action::AlignTimers);
    aligned.sort_unstable();
    assert!(
        aligned[1].since(aligned[0]) < Duration::micros(10),
        "{aligned:?}"
    );
    assert_eq!(after_crash(Action::SpreadTimers).len(), 1);
}

#[test]
fn there_are_no_timers_to_set_where_nobody_waits() {
    let mut world = world(|scenario| {
        scenario.nodes = 1;
        scenario.actions = vec![at(900, Action::AlignTimers), at(950, Action::SpreadTimers)];
    });
    let steps = run(&mut world, Duration::secs(1));
    let leads = world.node(N1).replica().map(|server| server.raft().role());
    assert!(matches!(leads, Some(Role::Leader(_))));
    assert_eq!(
        refusals(&steps),
        [ActionRefusal::NoTimers, ActionRefusal::NoTimers]
    );
}
