//! A run as text, one event a line: for golden files and for people.

use super::explain::tell;
use super::model::Weight;
use crate::check::Checker;
use crate::sim::{Scenario, Timeline, expectations};
use core::fmt::Write;

/// Runs the scenario to its end and writes down what matters at least as much as `least`, then
/// the expectations, the broken rules and the fingerprint of the whole history.
#[must_use]
pub fn transcript(scenario: &Scenario, least: Weight) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# {}, seed {}, {} servers",
        scenario.name, scenario.seed, scenario.nodes
    );
    let end = scenario.end;
    let mut timeline = Timeline::new(scenario.clone(), Checker::default());
    timeline.run_until(end, u64::MAX, &mut |_, step| {
        for happening in &step.happenings {
            let told = tell(happening);
            if matters(told.weight, least) {
                let _ = writeln!(text, "{} {}", step.time, told.sentence);
            }
        }
    });
    let world = timeline.world();
    let _ = writeln!(text, "\n# at {end}, after {} steps", world.steps());
    for expectation in expectations(world) {
        let met = if expectation.met { "met" } else { "NOT MET" };
        let _ = writeln!(text, "{met}: {} ({})", expectation.what, expectation.found);
    }
    for violation in timeline.observer().violations() {
        let (rule, step) = (violation.rule.name(), violation.step);
        let _ = writeln!(text, "BROKEN: {rule} at step {step}: {}", violation.seen);
    }
    let _ = writeln!(text, "fingerprint {:016x}", world.fingerprint());
    text
}

fn matters(weight: Weight, least: Weight) -> bool {
    let rank = |weight| match weight {
        Weight::Story => 2,
        Weight::Detail => 1,
        Weight::Trace => 0,
    };
    rank(weight) >= rank(least)
}
