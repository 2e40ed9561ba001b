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
            assert_eq!(node.clock().drift_ppm(), 0, "seed {seed}");
        }
    }
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
