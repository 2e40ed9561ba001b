//! What the checker makes of histories that end and begin anew, and of rules that are to be broken.

use super::{Checker, expectations, unexpected};
use crate::sim::{Scenario, Status, Timeline};
use crate::types::NodeId;

fn run(text: &str) -> Timeline<Checker> {
    let scenario = Scenario::parse(text).expect("well-formed");
    let end = scenario.end;
    let mut timeline = Timeline::new(scenario, Checker::default());
    timeline.run_until(end, u64::MAX, &mut |_, _| {});
    timeline
}

const ANEW: &str = "flotilla = 1
    name = \"anew\"
    end = \"6s\"
    nodes = 3
    actions = [
        { at = \"1s\", do = \"write\", client = 1, keys = 20, prefix = \"k\" },
        { at = \"2s\", do = \"recreate_cluster\", except = [3] },
        { at = \"3s\", do = \"write\", client = 1, keys = 5, prefix = \"n\" },
    ]
    expect = { leader = true, keys = 4 }";

/// The new cluster knows nothing of the old one's writes, and no rule compares the two.
#[test]
fn a_cluster_that_is_begun_anew_has_a_history_of_its_own() {
    let timeline = run(ANEW);
    let world = timeline.world();
    assert!(matches!(world.node(NodeId(3)).status(), Status::Down));
    let all = expectations(world, timeline.observer());
    let unmet = all.into_iter().find(|one| !one.met);
    assert_eq!(
        unmet, None,
        "one write told the client that its session is over"
    );
    let violations = timeline.observer().violations();
    assert!(violations.is_empty(), "{violations:?}");
}

/// A scenario that expects a rule to be broken is not met when the rule holds, or is unknown.
#[test]
fn a_rule_that_is_to_be_broken_must_be() {
    let text = ANEW.replace(
        "keys = 4 }",
        "broken = [\"Log Matching\", \"No such rule\"] }",
    );
    let timeline = run(&text);
    let all = expectations(timeline.world(), timeline.observer());
    let found: Vec<(bool, &str)> = all[1..].iter().map(|e| (e.met, &e.found[..])).collect();
    assert_eq!(found[0], (false, "it holds"));
    assert!(found[1].1.starts_with("there is no such rule"), "{found:?}");
    assert!(unexpected(timeline.world(), timeline.observer()).is_empty());
}

/// Operations of one client overlap, so what was acknowledged before each began is its own.
#[test]
fn several_requests_at_once_over_a_bad_network_break_no_rule() {
    let text = "flotilla = 1
        name = \"busy\"
        seed = 9
        end = \"6s\"
        nodes = 3
        actions = [
            { at = \"1s\", do = \"workload\", for = \"3s\", rate = 150, keys = 20, reads_percent = 60 },
            { at = \"2s\", do = \"crash\", node = 1 },
            { at = \"3s\", do = \"restart\", node = 1 },
        ]
        network = { loss_ppm = 20000, duplication_ppm = 20000 }
        clients = { count = 2, window = 8, timeout = \"100ms\" }
        expect = { answered = true, hit_percent_at_least = 50, repeated_at_least = 1 }";
    let timeline = run(text);
    let violations = timeline.observer().violations();
    assert!(violations.is_empty(), "{violations:?}");
    let all = expectations(timeline.world(), timeline.observer());
    let unmet: Vec<_> = all.iter().filter(|one| !one.met).collect();
    assert!(unmet.is_empty(), "{unmet:?}");
}
