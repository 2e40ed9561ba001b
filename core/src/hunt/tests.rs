use super::*;
use crate::replica::ClientId;
use crate::sim::{Action, TimedAction};
use crate::types::{Mutants, Rng};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn hunt(mode: Mode, seed: u64) -> (Hunt, Verdict) {
    let mut hunt = Hunt::new(mode, seed, Mutants::default());
    let verdict = hunt.finish();
    (hunt, verdict)
}

#[test]
fn a_sound_core_passes_in_every_mode() {
    for mode in Mode::ALL {
        for seed in 0..12 {
            let (hunt, verdict) = hunt(mode, seed);
            let text = hunt.world().scenario().to_toml();
            assert_eq!(verdict, Verdict::Passed, "{mode:?} {seed}\n{text}");
        }
    }
}

/// Who makes a run small must not leave so few servers that what was a minority of disks is none.
#[test]
fn a_cluster_of_which_half_the_disks_forgot_is_not_expected_to_come_to_rest() {
    for nodes in [2, 3] {
        let mut scenario = Scenario::new("forgets", 1, nodes);
        scenario.end = Instant(20_000_000);
        scenario.expect.leader = true;
        let mut world = World::new(Arc::new(scenario.clone()));
        while world.now() < Instant(1_000_000) && world.step().is_some() {}
        let node = world.leader().expect("elected by now");
        let wiped = [
            (1_000_000, Action::crash(node)),
            (1_100_000, Action::WipeDisk { node }),
            (3_000_000, Action::Restart { node }),
        ];
        let timed = |(at, action)| TimedAction {
            at: Instant(at),
            action,
        };
        scenario.actions = wiped.map(timed).to_vec();
        let mut hunt = Hunt::again(scenario, Some(Mode::StorageTrouble));
        assert_eq!(hunt.finish(), Verdict::Passed, "{nodes}");
        let why = stuck(hunt.world());
        assert_eq!(why.is_empty(), nodes == 3, "{why:?}");
    }
}

/// What a long run has been through does not stay in memory, and the same endurance is the same run.
#[test]
fn a_long_run_forgets_its_past_and_comes_to_rest() {
    let endurance = Endurance {
        seed: 5,
        nodes: 5,
        lasting: Duration::secs(190),
        rate: 6,
        between_faults: Duration::secs(1),
        between_requests: Duration::millis(500),
    };
    let run = || {
        let mut hunt = Hunt::enduring(&endurance);
        assert_eq!(hunt.finish(), Verdict::Passed);
        hunt
    };
    let hunt = run();
    let world = hunt.world();
    let answered: u64 = world.clients().iter().map(|client| client.answered()).sum();
    let kept: usize = world
        .clients()
        .iter()
        .map(|client| client.history().len())
        .sum();
    assert!(answered > 1_000, "{answered}");
    assert!(kept < 900, "{kept} of {answered}");
    assert!(world.scenario().actions.len() < 100);
    for sight in [
        Sight::LeaderElected,
        Sight::MessageCut,
        Sight::SnapshotTaken,
    ] {
        assert!(hunt.sights().count(sight) > 1, "{sight:?}");
    }
    assert_eq!(run().world().fingerprint(), world.fingerprint());
}

/// A scenario that does so many things, told apart by their keys.
fn doing(many: usize) -> Scenario {
    let mut scenario = Scenario::new("many", 1, 3);
    let put = |n: usize| TimedAction {
        at: Instant(1_000 * n as u64),
        action: Action::Put {
            client: ClientId(1),
            key: n.to_string(),
            value: "v".into(),
            ttl: None,
        },
    };
    scenario.actions = (0..many).map(put).collect();
    scenario
}

fn done_by(scenario: &Scenario) -> BTreeSet<usize> {
    let key = |timed: &TimedAction| match &timed.action {
        Action::Put { key, .. } => key.parse().ok(),
        _ => None,
    };
    scenario.actions.iter().filter_map(key).collect()
}

proptest! {
    /// Whatever makes a run fail: some of its actions together, some only while others are missing.
    #[test]
    fn without_any_one_of_its_actions_what_was_made_small_does_not_fail(seed: u64) {
        let mut rng = Rng::new(seed);
        let many = rng.between(1, 40) as usize;
        let mut draw = |most: u64| -> BTreeSet<usize> {
            let some = 0..rng.between(1, most);
            some.map(|_| rng.below(many as u64) as usize).collect()
        };
        let causes = [draw(5), draw(8)];
        let remedies = [(draw(3), draw(4)), (draw(2), draw(2))];
        let fails = |scenario: &Scenario| {
            let done = done_by(scenario);
            let remedied = |(remedy, unless): &(BTreeSet<usize>, BTreeSet<usize>)| {
                remedy.is_subset(&done) && !unless.is_subset(&done)
            };
            let fails = causes.iter().any(|cause| cause.is_subset(&done))
                && !remedies.iter().any(remedied);
            fails.then_some(scenario.end)
        };
        let whole = doing(many);
        let Some(mut shrinking) = Shrinking::new(whole, 100_000, fails) else {
            return Ok(());
        };
        prop_assert!(shrinking.finish());
        let small = shrinking.best();
        prop_assert!(fails(small).is_some());
        for place in 0..small.actions.len() {
            let mut without = small.clone();
            without.actions.remove(place);
            prop_assert!(fails(&without).is_none(), "{:?} without {place}", done_by(small));
        }
    }
}
