//! A run that a person saves as a test is one: it passes here as it did in the page.
#![cfg(not(target_arch = "wasm32"))]

use flotilla_core::sim::{Expect, Scenario};
use flotilla_core::types::Instant;
use flotilla_core::view::{Session, Weight, transcript};
use flotilla_tests::FILES;

/// Each scenario is opened without its expectations, saved as a test, and run from the saved file.
#[test]
fn every_scenario_saved_as_a_test_passes_and_has_the_same_history() {
    for file in FILES {
        let mut scenario = Scenario::parse(file.text).expect("a scenario");
        let end = scenario.end;
        scenario.expect = Expect::default();
        let saved = Session::new(scenario).as_test();
        let saved = saved.unwrap_or_else(|error| panic!("{}: {error}", file.id));
        let scenario = Scenario::parse(&saved.toml).expect("what is written can be read");
        assert_eq!(scenario.end, end, "{}", file.id);
        assert_ne!(scenario.expect, Expect::default(), "{}", file.id);
        assert!(saved.fails.is_empty(), "{}: {:?}", file.id, saved.fails);
        let told = transcript(&scenario, Weight::Story);
        assert!(told.contains("\nmet: "), "{}: {told}", file.id);
        assert!(!told.contains("NOT MET"), "{}: {told}", file.id);
        assert!(!told.contains("BROKEN"), "{}: {told}", file.id);
        let fingerprint = file.golden.lines().next_back();
        assert_eq!(told.lines().next_back(), fingerprint, "{}", file.id);
    }
}

/// What is saved does not depend on how far somebody has looked, until the end of the scenario.
#[test]
fn what_is_saved_is_the_same_at_every_moment_of_the_run() {
    let leader_crash = FILES.iter().find(|file| file.id == "leader-crash");
    let text = leader_crash.expect("it is there").text;
    let mut session = Session::parse(text).expect("a scenario");
    let first = session.as_test().expect("short").toml;
    session.run_until(Instant(3_000_000), u64::MAX);
    assert_eq!(session.as_test().expect("short").toml, first);
    session.run_until(Instant(9_000_000), u64::MAX);
    let later = session.as_test().expect("short").toml;
    assert!(later.contains("end = \"9s\""), "{later}");
}
