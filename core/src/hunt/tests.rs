use super::*;
use crate::types::Mutants;

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
