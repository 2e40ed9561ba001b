use super::*;
use crate::sim::scenario::Scenario;

fn run(mode: Mode, seed: u64) -> Troubled {
    let mut troubled = Troubled::new(mode, seed, Mutants::default());
    let until = troubled.ends() + MEND_AGAIN + Duration::secs(1);
    while troubled.world().now() < until && troubled.step().is_some() {}
    troubled
}

/// What a nemesis leaves behind is a scenario that is accepted, reads back as it was written, and gives
/// the same history without a nemesis.
#[test]
fn a_run_with_a_nemesis_is_a_scenario_like_any_other() {
    for mode in Mode::ALL {
        for seed in 0..4 {
            let troubled = run(mode, seed);
            let text = troubled.world().scenario().to_toml();
            let told = |error| format!("{mode:?} {seed}: {error}\n{text}");
            let read = Scenario::parse(&text).map_err(told).expect("accepted");
            assert_eq!(read, **troubled.world().scenario(), "{mode:?} {seed}");
            let mut again = World::new(Arc::new(read));
            while again.steps() < troubled.world().steps() && again.step().is_some() {}
            let fingerprint = troubled.world().fingerprint();
            assert_eq!(again.fingerprint(), fingerprint, "{mode:?} {seed}");
        }
    }
}

#[test]
fn everything_is_mended_in_the_end() {
    for seed in 0..20 {
        let troubled = run(Mode::Storm, seed);
        let world = troubled.world();
        assert_eq!(world.network().cuts().count(), 0, "seed {seed}");
        for node in world.nodes() {
            assert!(node.replica().is_some(), "seed {seed}: {:?}", node.status());
            assert_eq!(node.device().slowness(), 1, "seed {seed}");
            assert_eq!(node.intake().slowness(), 1, "seed {seed}");
            assert!(!node.intake().is_paused(), "seed {seed}");
            assert_eq!(node.clock().drift_ppm(), 0, "seed {seed}");
        }
    }
}

/// Who is cut off, with everybody else back, where the nemesis begins with faults of this kind only; and
/// whether that was an heir.
fn cut_off(kind: FaultKind, seed: u64) -> Vec<(NodeId, bool)> {
    let mut troubled = Troubled::new(Mode::FlakyNetwork, seed, Mutants::default());
    troubled.nemesis.kinds = vec![kind];
    let mut all = Vec::new();
    while troubled.world().now() < troubled.ends() {
        let known = troubled.world().scenario().actions.len();
        let before = opportunity::heir(troubled.world());
        if troubled.step().is_none() {
            break;
        }
        let after = opportunity::heir(troubled.world());
        for pair in troubled.world().scenario().actions[known..].windows(2) {
            if let [Action::Heal, Action::Isolate { node }] = [&pair[0].action, &pair[1].action] {
                all.push((*node, [before, after].contains(&Some(*node))));
            }
        }
    }
    all
}

/// One after the other is cut off while the one before comes back.
#[test]
fn leaders_take_turns() {
    let turns = |seed| {
        let all = cut_off(FaultKind::TakeTurns, seed);
        all.windows(2).filter(|pair| pair[0].0 != pair[1].0).count()
    };
    let longest = (0..20).map(turns).max();
    assert!(longest >= Some(3), "{longest:?} turns at most");
}

/// Of those who are cut off a third and more are heirs: without a fault that waits for them, and follows,
/// they are a quarter at most.
#[test]
fn an_heir_is_waited_for() {
    let all: Vec<_> = (0..20)
        .flat_map(|seed| cut_off(FaultKind::TakeTurns, seed))
        .collect();
    let heirs = all.iter().filter(|(_, heir)| *heir).count();
    assert!(3 * heirs >= all.len(), "{heirs} of {}", all.len());
}

/// All kinds of a mode occur in some seed, and few seeds know all of them.
#[test]
fn each_seed_has_a_part_of_the_faults() {
    let drawn: Vec<Vec<FaultKind>> = (0..60)
        .map(|seed| {
            Troubled::new(Mode::Storm, seed, Mutants::default())
                .nemesis
                .kinds
        })
        .collect();
    for kind in Mode::Storm.knows() {
        assert!(drawn.iter().any(|kinds| kinds.contains(kind)), "{kind:?}");
        assert!(drawn.iter().any(|kinds| !kinds.contains(kind)), "{kind:?}");
    }
}
