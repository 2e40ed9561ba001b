//! A run saved as a test: the same scenario, which expects what is true at its end.

use super::model::{ExpectationView, SavedTest};
use crate::check::{self, Checker, Rule};
use crate::sim::{Observer, Scenario, World, truth};
use crate::types::{ConfigError, Instant};
use std::sync::Arc;

/// A test that takes more steps than this is no test that anyone would wait for.
const STEPS: u64 = 200_000;

/// The scenario as a test that runs at least until `shown`. Rules that a known mistake breaks are
/// expected to be broken; a rule that is broken without one is a fault, and the test fails until
/// it is mended.
///
/// # Errors
/// The end is too far to be reached.
pub(super) fn as_test(scenario: &Scenario, shown: Instant) -> Result<SavedTest, ConfigError> {
    let mut scenario = scenario.clone();
    let last = scenario.actions.last().map_or(Instant::ZERO, |one| one.at);
    scenario.end = scenario.end.max(whole_millisecond(shown.max(last)));
    let (world, checker) = run(&scenario)?;
    let seen = |rule: &Rule| checker.violations().iter().any(|seen| seen.rule == *rule);
    let broken: Vec<String> = Rule::ALL
        .into_iter()
        .filter(seen)
        .map(|rule| rule.name().into())
        .collect();
    scenario.expect = truth(&world);
    let mistaken = scenario.mutants.any();
    if mistaken {
        scenario.expect.broken.clone_from(&broken);
    }
    let (world, checker) = run(&scenario)?;
    let expectations = check::expectations(&world, &checker);
    Ok(SavedTest {
        name: file_name(&scenario.name),
        toml: scenario.to_toml(),
        end: scenario.end.0,
        steps: world.steps(),
        fails: if mistaken { Vec::new() } else { broken },
        expectations: expectations
            .into_iter()
            .map(ExpectationView::from)
            .collect(),
    })
}

fn run(scenario: &Scenario) -> Result<(World, Checker), ConfigError> {
    let mut world = World::new(Arc::new(scenario.clone()));
    let mut checker = Checker::default();
    while world.next_time().is_some_and(|next| next <= scenario.end) {
        if world.steps() >= STEPS {
            let accepted = format!("reached within {STEPS} events");
            return Err(ConfigError::new("end", scenario.end, accepted));
        }
        if let Some(step) = world.step() {
            checker.observe(&world, &step);
        }
    }
    Ok((world, checker))
}

/// Not before `at`, and short to write.
fn whole_millisecond(at: Instant) -> Instant {
    Instant(at.0.div_ceil(1_000) * 1_000)
}

/// The name of a scenario as the stem of a file.
fn file_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        "scenario".into()
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::{as_test, file_name};
    use crate::sim::{Expect, Scenario};
    use crate::types::Instant;

    const CRASH: &str = "flotilla = 1\nname = \"A crash\"\nseed = 3\nend = \"4s\"\nnodes = 3\n\
        actions = [\n\
        { at = \"500ms\", do = \"put\", client = 1, key = \"a\", value = \"1\" },\n\
        { at = \"1s\", do = \"get\", client = 1, key = \"b\" },\n\
        { at = \"2s\", do = \"crash\", node = 1 },\n]\n";

    #[test]
    fn a_saved_test_expects_all_that_is_true_and_meets_it() {
        let scenario = Scenario::parse(CRASH).expect("a scenario");
        let saved = as_test(&scenario, Instant::ZERO).expect("short");
        assert_eq!((saved.name.as_str(), saved.end), ("a-crash", 4_000_000));
        let expect = Scenario::parse(&saved.toml).expect("written").expect;
        assert!(expect.leader && expect.answered, "{expect:?}");
        assert!(!expect.equal, "one of the members is down");
        assert_eq!((expect.keys, expect.reads_absent), (Some(1), Some(1)));
        assert_eq!(expect.values.get("a").map(String::as_str), Some("1"));
        assert_eq!(expect.elections, expect.elections_at_most);
        assert!(saved.expectations.len() >= 7, "{:?}", saved.expectations);
        assert!(saved.expectations.iter().all(|one| one.met));
    }

    #[test]
    fn what_was_expected_before_and_is_not_true_is_expected_no_more() {
        let mut scenario = Scenario::parse(CRASH).expect("a scenario");
        scenario.expect = Expect {
            keys: Some(7),
            ..Expect::default()
        };
        let saved = as_test(&scenario, Instant::ZERO).expect("short");
        assert!(saved.toml.contains("\nkeys = 1\n"), "{}", saved.toml);
    }

    #[test]
    fn a_saved_test_goes_as_far_as_was_seen() {
        let scenario = Scenario::parse(CRASH).expect("a scenario");
        let saved = as_test(&scenario, Instant(5_000_001)).expect("short");
        assert!(saved.toml.contains("end = \"5001ms\""), "{}", saved.toml);
    }

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(
            file_name("The log is lost, and nobody asks"),
            "the-log-is-lost-and-nobody-asks"
        );
        assert_eq!(file_name("¿?"), "scenario");
    }
}
