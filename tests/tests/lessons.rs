//! The stages of the page's lessons are scenarios like any other: they can be read, a leader is elected in
//! each, and no rule is broken while nobody does anything.
#![cfg(not(target_arch = "wasm32"))]

use flotilla_core::sim::Scenario;
use flotilla_core::types::Instant;
use flotilla_core::view::{Weight, transcript};

/// A lesson is left alone for so long at most.
const ALONE: Instant = Instant(10_000_000);

#[test]
fn every_stage_of_a_lesson_runs_and_breaks_no_rule_by_itself() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../www/src/lessons/stages");
    let files = std::fs::read_dir(folder).expect("the folder is part of the repository");
    let mut stages = 0;
    for file in files {
        let path = file.expect("readable").path();
        let name = path.display();
        let text = std::fs::read_to_string(&path).expect("readable");
        let mut scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        scenario.end = scenario.end.min(ALONE);
        scenario.actions.retain(|timed| timed.at < ALONE);
        let told = transcript(&scenario, Weight::Story);
        assert!(told.contains(" leads term "), "{name}: {told}");
        assert!(!told.contains("NOT MET"), "{name}: {told}");
        assert!(!told.contains("BROKEN"), "{name}: {told}");
        stages += 1;
    }
    assert!(stages > 0, "{folder} holds no stage");
}
