//! A run as text, one event a line: for golden files and for people.

use super::explain::tell;
use super::model::Weight;
use crate::check::{self, Checker};
use crate::sim::{Scenario, Timeline, World};
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
    for expectation in check::expectations(world, timeline.observer()) {
        let met = if expectation.met { "met" } else { "NOT MET" };
        let _ = writeln!(text, "{met}: {} ({})", expectation.what, expectation.found);
    }
    broken_rules(world, timeline.observer(), &mut text);
    let _ = writeln!(text, "fingerprint {:016x}", world.fingerprint());
    text
}

/// Each broken rule with what was seen first; the rest is counted.
fn broken_rules(world: &World, checker: &Checker, text: &mut String) {
    let unexpected = check::unexpected(world, checker);
    for rule in check::Rule::ALL {
        let mut seen = checker.violations().iter().filter(|v| v.rule == rule);
        let Some(first) = seen.next() else {
            continue;
        };
        let broken = if unexpected.contains(&rule) {
            "BROKEN"
        } else {
            "broken as expected"
        };
        let more = match seen.count() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let (name, step, seen) = (rule.name(), first.step, &first.seen);
        let _ = writeln!(text, "{broken}: {name} at step {step}: {seen}{more}");
    }
}

fn matters(weight: Weight, least: Weight) -> bool {
    let rank = |weight| match weight {
        Weight::Story => 2,
        Weight::Detail => 1,
        Weight::Trace => 0,
    };
    rank(weight) >= rank(least)
}
