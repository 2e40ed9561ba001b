//! Which rules a scenario expects to be broken, against those that were.

use super::invariants::Checker;
use super::rules::Rule;
use crate::sim::{Expectation, World};

/// Everything that the scenario expects of the world and of the rules, as things are now.
#[must_use]
pub fn expectations(world: &World, checker: &Checker) -> Vec<Expectation> {
    let mut all = crate::sim::expectations(world);
    let expected = &world.scenario().expect.broken;
    let broken = |rule: &Rule| checker.violations().iter().any(|seen| seen.rule == *rule);
    let broken: Vec<&str> = Rule::ALL
        .into_iter()
        .filter(broken)
        .map(Rule::name)
        .collect();
    for name in expected {
        let met = broken.contains(&name.as_str());
        let known = Rule::ALL.into_iter().any(|rule| rule.name() == name);
        let found = match (met, known) {
            (true, _) => "it is".into(),
            (false, true) => "it holds".into(),
            (false, false) => {
                let names: Vec<&str> = Rule::ALL.into_iter().map(Rule::name).collect();
                format!("there is no such rule; there are {}", names.join(", "))
            }
        };
        let what = format!("the rule \"{name}\" is broken, as this mistake does");
        all.push(Expectation { what, met, found });
    }
    all
}

/// The broken rules that the scenario does not expect to be broken.
pub fn unexpected(world: &World, checker: &Checker) -> Vec<Rule> {
    let expected = &world.scenario().expect.broken;
    let seen = checker.violations().iter().map(|violation| violation.rule);
    seen.filter(|rule| !expected.iter().any(|name| name == rule.name()))
        .collect()
}
