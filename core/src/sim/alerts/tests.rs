//! What servers say when a world breaks and mends, and that saying it changes nothing.

use crate::replica::{AlertKey, AlertKind};
use crate::sim::{Action, Cause, Node, Place, Scenario, Step, TimedAction, What, World};
use crate::types::{Duration, Instant, NodeId, Rng};
use std::sync::Arc;

fn world(actions: &str, settings: &str) -> World {
    let text = format!(
        "flotilla = 1
        name = \"alerts\"
        end = \"20s\"
        nodes = 3
        actions = [ {actions} ]
        {settings}"
    );
    World::new(Arc::new(Scenario::parse(&text).expect("well-formed")))
}

fn run(world: &mut World, until_ms: u64) -> Vec<Step> {
    let until = Instant(until_ms * 1_000);
    let mut steps = Vec::new();
    while world.next_time().is_some_and(|next| next <= until) {
        steps.extend(world.step());
    }
    steps
}

fn leader(world: &World) -> NodeId {
    world.leader().expect("elected by now")
}

/// Does something now, by hand.
fn act(world: &mut World, action: Action) {
    let mut scenario = Scenario::clone(world.scenario());
    let at = world.now();
    scenario.actions.push(TimedAction { at, action });
    world.set_scenario(Arc::new(scenario));
    world.step();
}

fn kinds(node: &Node) -> Vec<AlertKind> {
    let raised = node.alerts().iter();
    raised.map(|raised| raised.alert.key().kind).collect()
}

/// What was told of alerts of a kind: where, and whether one began.
fn told(steps: &[Step], kind: AlertKind) -> Vec<(Place, bool)> {
    let happenings = steps.iter().flat_map(|step| &step.happenings);
    let told = happenings.filter_map(|happening| match &happening.what {
        What::AlertRaised { alert } => Some((happening.place, alert.key(), true)),
        What::AlertCleared { alert, .. } => Some((happening.place, *alert, false)),
        _ => None,
    });
    let of_kind = |(_, key, _): &(Place, AlertKey, bool)| key.kind == kind;
    told.filter(of_kind)
        .map(|(place, _, raised)| (place, raised))
        .collect()
}

#[test]
fn one_crash_of_three_puts_the_quorum_at_risk_until_the_server_is_back() {
    let mut world = world("", "");
    run(&mut world, 1_000);
    let leader = leader(&world);
    let other = NodeId(leader.0 % 3 + 1);
    act(&mut world, Action::crash(other));
    let broken = run(&mut world, 2_000);
    let place = Place::Node(leader);
    assert_eq!(told(&broken, AlertKind::QuorumAtRisk), [(place, true)]);
    assert!(kinds(world.node(leader)).contains(&AlertKind::QuorumAtRisk));
    act(&mut world, Action::Restart { node: other });
    let mended = run(&mut world, 3_000);
    assert_eq!(told(&mended, AlertKind::QuorumAtRisk), [(place, false)]);
    assert_eq!(kinds(world.node(leader)), []);
}

#[test]
fn two_crashes_of_three_leave_a_server_that_knows_of_no_leader() {
    let mut world = world("", "");
    run(&mut world, 1_000);
    let (leader, last) = (
        leader(&world),
        NodeId(world.leader().map_or(1, |id| id.0 % 3 + 1)),
    );
    let other = NodeId(last.0 % 3 + 1);
    act(&mut world, Action::crash(leader));
    act(&mut world, Action::crash(other));
    let early = run(&mut world, 1_900);
    assert_eq!(told(&early, AlertKind::NoLeader), []);
    let late = run(&mut world, 2_700);
    assert_eq!(
        told(&late, AlertKind::NoLeader),
        [(Place::Node(last), true)]
    );
    // What is off says nothing.
    act(&mut world, Action::crash(last));
    assert_eq!(kinds(world.node(last)), []);
}

#[test]
fn a_follower_cut_off_under_writes_falls_behind() {
    let writes = "{ at = \"1s\", do = \"write\", client = 1, keys = 200, prefix = \"k\" }";
    let mut world = world(writes, "[alerts]\nfollower_lag = 20");
    run(&mut world, 1_000);
    let leader = leader(&world);
    let node = NodeId(leader.0 % 3 + 1);
    act(&mut world, Action::Isolate { node });
    let broken = run(&mut world, 5_000);
    let place = Place::Node(leader);
    assert_eq!(told(&broken, AlertKind::FollowerBehind), [(place, true)]);
    act(&mut world, Action::Heal);
    let mended = run(&mut world, 7_000);
    assert_eq!(told(&mended, AlertKind::FollowerBehind), [(place, false)]);
}

const STORM: &str = "
    { at = \"500ms\", do = \"write\", client = 1, keys = 300, prefix = \"k\" },
    { at = \"2s\", do = \"isolate\", node = 1 },
    { at = \"4s\", do = \"crash\", node = 2 },
    { at = \"6s\", do = \"heal\" },
    { at = \"8s\", do = \"restart\", node = 2 },
    { at = \"10s\", do = \"crash\", node = 3 },
    { at = \"11s\", do = \"crash\", node = 1 },
    { at = \"13s\", do = \"restart\", node = 1 }";

const ROUGH: &str =
    "[network]\nloss_ppm = 50000\n[snapshot]\nentries = 40\n[raft]\ntrailing_entries = 4";

#[test]
fn what_was_told_is_what_a_server_says_after_every_step() {
    let mut world = world(STORM, &format!("{ROUGH}\n[alerts]\nfollower_lag = 10"));
    let (mut rng, mut seen) = (Rng::new(1), 0);
    while world.now() < Instant(20_000_000) {
        world.step();
        let node = world.node(NodeId(rng.between(1, 3) as u32));
        let Some(replica) = node.replica() else {
            assert_eq!(kinds(node), []);
            continue;
        };
        let said = replica.alerts(world.now(), None);
        let mut said: Vec<AlertKey> = said.iter().map(|alert| alert.key()).collect();
        let mut told: Vec<AlertKey> = node.alerts().iter().map(|one| one.alert.key()).collect();
        said.sort_unstable();
        told.sort_unstable();
        assert_eq!(said, told, "{} at {}", node.id(), world.now());
        seen += said.len();
    }
    assert!(seen > 1_000, "{seen} alerts were compared");
}

#[test]
fn thresholds_change_what_is_told_and_nothing_else() {
    let course = |alerts: &str| -> Vec<(Instant, Cause, Vec<What>)> {
        let mut world = world(STORM, &format!("{ROUGH}\n{alerts}"));
        let steps = run(&mut world, 20_000).into_iter();
        let whats = |step: Step| {
            let rest = step.happenings.into_iter().map(|happening| happening.what);
            let rest = rest.filter(|what| {
                !matches!(what, What::AlertRaised { .. } | What::AlertCleared { .. })
            });
            (step.time, step.cause, rest.collect())
        };
        steps.map(whats).collect()
    };
    let quick = "[alerts]\nleaderless = \"1ms\"\nfollower_silence = \"1ms\"\nfollower_lag = 1";
    let (usual, quick) = (course(""), course(quick));
    assert!(
        usual == quick,
        "of {} and {} steps some differ",
        usual.len(),
        quick.len()
    );
    assert!(usual.len() > 2_000);
}

#[test]
fn an_alert_lasts_from_its_beginning_to_its_end() {
    let mut world = world(STORM, ROUGH);
    let steps = run(&mut world, 20_000);
    let mut open: Vec<(Place, AlertKey, Instant)> = Vec::new();
    let mut ended = 0;
    for step in &steps {
        for happening in &step.happenings {
            let place = happening.place;
            match &happening.what {
                What::AlertRaised { alert } => open.push((place, alert.key(), step.time)),
                What::AlertCleared { alert, lasted } => {
                    let at = open
                        .iter()
                        .position(|(p, key, _)| (*p, key) == (place, alert));
                    let (_, _, since) = open.remove(at.expect("it was raised"));
                    assert_eq!(*lasted, step.time.since(since));
                    assert!(*lasted > Duration::ZERO);
                    ended += 1;
                }
                What::Crashed { .. } => open.retain(|(p, _, _)| *p != place),
                _ => {}
            }
        }
    }
    assert!(ended > 5, "{ended} alerts ended");
}
