//! What the checker makes of histories that end and begin anew, and of rules that are to be broken.

use super::leases::Leases;
use super::{Checker, Rule, expectations, unexpected};
use crate::raft;
use crate::replica::Event;
use crate::sim::{Scenario, Status, Step, Timeline, What, World};
use crate::types::{Instant, NodeId};
use std::sync::Arc;

fn run(text: &str) -> Timeline<Checker> {
    watch(text, |_| {})
}

fn watch(text: &str, mut each: impl FnMut(&Step)) -> Timeline<Checker> {
    let scenario = Scenario::parse(text).expect("well-formed");
    let end = scenario.end;
    let mut timeline = Timeline::new(scenario, Checker::default());
    timeline.run_until(end, u64::MAX, &mut |_, step| each(step));
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

/// A candidate that is paused until another term has committed more finds the votes that waited, and leads
/// its old term for a moment: Raft allows for that, and the rule speaks of earlier terms only.
#[test]
fn a_leader_need_not_hold_what_later_terms_have_committed() {
    let text = "flotilla = 1
        name = \"late\"
        seed = 11
        end = \"6s\"
        nodes = 3
        actions = [
            { at = \"500ms\", do = \"put\", client = 1, key = \"harbour\", value = \"open\" },
            { at = \"900ms\", do = \"get\", client = 1, key = \"harbour\", node = 1, path = \"lease\" },
            { at = \"1s\", do = \"pause\", node = 1 },
            { at = \"1050ms\", do = \"get\", client = 1, key = \"harbour\", node = 1, path = \"lease\" },
            { at = \"1198500us\", do = \"pause\", node = 3 },
            { at = \"2s\", do = \"resume\", node = 1 },
            { at = \"3s\", do = \"put\", client = 2, key = \"harbour\", value = \"closed\" },
            { at = \"4500ms\", do = \"resume\", node = 3 },
        ]
        [clients]
        count = 2";
    let mut terms = Vec::new();
    let timeline = watch(text, |step| {
        let happened = step.happenings.iter().map(|happening| &happening.what);
        terms.extend(happened.filter_map(|what| match what {
            What::Replica(Event::Raft(raft::Event::BecameLeader { term, .. })) => Some(term.0),
            _ => None,
        }));
    });
    assert_eq!(terms, [1, 3, 2]);
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

/// One that is expected is met when it is broken, and only others are unexpected.
#[cfg(feature = "mutants")]
#[test]
fn a_rule_that_is_to_be_broken_and_is_surprises_nobody() {
    let kept = |name: &str| KEPT.replace("keys = 60 }", &format!("broken = [\"{name}\"] }}"));
    for (rule, other) in [
        (Rule::WithinBounds, Rule::LogMatching),
        (Rule::LogMatching, Rule::WithinBounds),
    ] {
        let timeline = run(&kept(rule.name()));
        let all = expectations(timeline.world(), timeline.observer());
        let expected = all.last().expect("the rule");
        let is_broken = rule == Rule::WithinBounds;
        assert_eq!(expected.met, is_broken, "{expected:?}");
        assert_eq!(expected.found, if is_broken { "it is" } else { "it holds" });
        let unexpected = unexpected(timeline.world(), timeline.observer());
        assert_eq!(unexpected.contains(&other), !is_broken, "{unexpected:?}");
        assert_eq!(unexpected.is_empty(), is_broken, "{unexpected:?}");
    }
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

#[cfg(feature = "mutants")]
const KEPT: &str = "flotilla = 1
    name = \"kept\"
    end = \"4s\"
    nodes = 3
    mutants = [\"log-kept-for-ever\"]
    actions = [{ at = \"1s\", do = \"write\", client = 1, keys = 60, prefix = \"k\" }]
    snapshot = { entries = 10 }
    raft = { trailing_entries = 2 }
    expect = { equal = true, keys = 60 }";

/// Rules that nothing correct breaks are shown by a mistake.
#[cfg(feature = "mutants")]
#[test]
fn a_log_that_is_never_cut_is_out_of_bounds() {
    let broken = |text: &str| unexpected(run(text).world(), run(text).observer());
    assert!(broken(KEPT).contains(&Rule::WithinBounds));
    let cut = KEPT.replace("mutants = [\"log-kept-for-ever\"]", "");
    assert_eq!(broken(&cut), []);
}

/// A server that believes the snapshot of another life has applied what nobody has committed.
#[cfg(feature = "mutants")]
#[test]
fn a_start_from_more_than_what_is_committed_is_told() {
    let believed = "flotilla = 1
        name = \"believed\"
        end = \"6s\"
        nodes = 3
        mutants = [\"recovery-ignores-identity\"]
        actions = [
            { at = \"500ms\", do = \"write\", client = 1, keys = 60, prefix = \"k\" },
            { at = \"3s\", do = \"take_snapshot\", node = 3 },
            { at = \"3500ms\", do = \"crash\", node = 3 },
            { at = \"4s\", do = \"recreate_cluster\", except = [3] },
            { at = \"5s\", do = \"restart\", node = 3 },
        ]
        snapshot = { entries = 1000000 }";
    let told = |text: &str| {
        let timeline = run(text);
        let mut violations = timeline.observer().violations().iter();
        let told = violations.find(|one| one.rule == Rule::AppliedIsCommitted);
        told.map(|told| told.nodes.clone())
    };
    assert_eq!(told(believed), Some(vec![NodeId(3)]));
    let correct = believed.replace("mutants = [\"recovery-ignores-identity\"]", "");
    assert_eq!(told(&correct), None);
}

/// A follower that acknowledges what it has not written yet holds nothing when its leader commits; with disks
/// that are slow enough, that is seen at the very first commit.
#[cfg(feature = "mutants")]
#[test]
fn what_is_committed_before_it_is_durable_on_a_majority_is_told() {
    let early = "flotilla = 1
        name = \"early\"
        end = \"2s\"
        nodes = 3
        mutants = [\"acknowledges-before-fsync\"]
        actions = [{ at = \"1s\", do = \"put\", client = 1, key = \"k\", value = \"v\" }]
        disk = { sync_latency = { constant = \"40ms\" } }";
    let timeline = run(early);
    let first = timeline.observer().violations().front().cloned();
    let first = first.expect("the rule is broken");
    assert_eq!(first.rule, Rule::CommittedIsDurable);
    assert!(
        first.seen.contains("which is not durable on n"),
        "{}",
        first.seen
    );
    let correct = run(&early.replace("mutants = [\"acknowledges-before-fsync\"]", ""));
    let checker = correct.observer();
    assert!(checker.violations().is_empty());
    assert!(checker.looked(Rule::CommittedIsDurable) >= 2);
}

/// A slow leader is cut off from followers whose clocks run fast.
const STRANDED: &str = "flotilla = 1
    name = \"stranded\"
    end = \"3s\"
    nodes = 3
    actions = [
        { at = \"1s\", do = \"drift_clock\", node = 1, ppm = -300000 },
        { at = \"1s\", do = \"drift_clock\", node = 2, ppm = 300000 },
        { at = \"1s\", do = \"drift_clock\", node = 3, ppm = 300000 },
        { at = \"1500ms\", do = \"transfer_leadership\", to = 1 },
        { at = \"2s\", do = \"isolate\", node = 1 },
    ]
    network = { latency = { constant = \"1ms\" } }
    raft = { clock_drift_ppm = 300000 }";

fn outlived(text: &str) -> Vec<String> {
    let timeline = run(text);
    let mut seen = Vec::new();
    for violation in timeline.observer().violations() {
        assert_eq!(violation.rule, Rule::LeaseExcludes);
        seen.push(violation.seen.clone());
    }
    seen
}

/// Nothing reads, and yet the lease that outlasts its successor's election is told, once.
#[cfg(feature = "mutants")]
#[test]
fn a_lease_that_outlasts_an_election_is_told() {
    let broken = STRANDED.replace("nodes = 3", "nodes = 3\n    mutants = [\"drift-ignored\"]");
    let seen = outlived(&broken);
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(
        seen[0].starts_with("n1 may answer reads of term"),
        "{seen:?}"
    );
    assert_eq!(outlived(STRANDED), Vec::<String>::new());
}

/// Beyond the bound a lease promises nothing, and the rule claims nothing.
#[test]
fn of_leases_nothing_is_said_beyond_the_bound_on_clocks() {
    let beyond = STRANDED.replace("clock_drift_ppm = 300000", "clock_drift_ppm = 10000");
    assert_eq!(outlived(&beyond), Vec::<String>::new());
    let looked = |text: &str| run(text).observer().looked(Rule::LeaseExcludes);
    assert!(looked(&beyond) > 0, "before the clocks drift");
    assert!(looked(&beyond) < looked(STRANDED));
}

/// A clock that was set makes leases void, however little it jumped.
#[cfg(feature = "mutants")]
#[test]
fn of_leases_nothing_is_said_once_a_clock_was_set() {
    let set = STRANDED
        .replace("nodes = 3", "nodes = 3\n    mutants = [\"drift-ignored\"]")
        .replace(
            "actions = [",
            "actions = [\n{ at = \"900ms\", do = \"jump_clock\", node = 3, forward = \"1us\" },",
        );
    assert_eq!(outlived(&set), Vec::<String>::new());
}

/// Clocks go on as they did when the cluster is begun anew: those that were beyond the bound still are.
#[test]
fn another_life_of_the_cluster_has_the_same_clocks() {
    let anew = STRANDED
        .replace("clock_drift_ppm = 300000", "clock_drift_ppm = 10000")
        .replace("end = \"3s\"", "end = \"6s\"")
        .replace("1500ms", "4s")
        .replace("at = \"2s\"", "at = \"4500ms\"")
        .replace(
            "actions = [",
            "actions = [\n{ at = \"2s\", do = \"recreate_cluster\" },",
        );
    assert_eq!(outlived(&anew), Vec::<String>::new());
}

/// A lease lasts until a moment, and not at that moment.
#[test]
fn a_lease_is_looked_at_as_long_as_it_lasts() {
    let cut_off = |until: Option<Instant>| {
        let at = until.unwrap_or(Instant(1_010_000)).0;
        let text = format!(
            "flotilla = 1
            name = \"cut off\"
            end = \"3s\"
            nodes = 3
            actions = [
                {{ at = \"1s\", do = \"partition\", groups = [[1], [2], [3]] }},
                {{ at = \"{at}us\", do = \"heal\" }},
            ]
            network = {{ latency = {{ constant = \"1ms\" }} }}"
        );
        let scenario = Scenario::parse(&text).expect("well-formed");
        let mut world = World::new(Arc::new(scenario));
        while world.now() < Instant(at) {
            world.step().expect("timers never end");
        }
        assert_eq!(world.now(), Instant(at));
        world
    };
    let judged = |world: &World, leader: NodeId| {
        let own = raft_of(world, leader).term();
        let elected = Some((own, leader));
        Leases::default().judge(world, leader, elected).is_some()
    };
    let before = cut_off(None);
    let leader = before.leader().expect("its lease lasts");
    assert!(judged(&before, leader));
    let until = raft_of(&before, leader).lease_until();
    let until = until.expect("just looked at");
    assert!(judged(&cut_off(Some(Instant(until.0 - 1))), leader));
    assert!(!judged(&cut_off(Some(until)), leader));
}

fn raft_of(world: &World, node: NodeId) -> &raft::Raft {
    world.node(node).replica().expect("it runs").raft()
}

/// A rule that holds because nothing happened says so.
#[test]
fn a_rule_tells_how_often_it_had_something_to_compare() {
    let looked = |text: &str| {
        let timeline = run(text);
        let checker = timeline.observer().clone();
        move |rule: Rule| checker.looked(rule)
    };
    let idle = looked("flotilla = 1\nname = \"idle\"\nend = \"2s\"\nnodes = 3");
    assert_eq!(idle(Rule::ElectionSafety), 1);
    assert!(idle(Rule::OneVotePerTerm) >= 2);
    for rule in [
        Rule::AcknowledgedIsCommitted,
        Rule::FreshReads,
        Rule::ExactlyOnce,
        Rule::Linearizable,
        Rule::LeaderAppendOnly,
        Rule::LeaderCompleteness,
        Rule::AppliedIsCommitted,
    ] {
        assert_eq!(idle(rule), 0, "{}", rule.name());
    }
    let busy = looked(
        "flotilla = 1
        name = \"busy\"
        end = \"8s\"
        nodes = 3
        actions = [
            { at = \"1s\", do = \"write\", client = 1, keys = 20, prefix = \"k\" },
            { at = \"2s\", do = \"isolate\", node = 1 },
            { at = \"2s\", do = \"isolate\", node = 2 },
            { at = \"3s\", do = \"heal\" },
            { at = \"4s\", do = \"take_snapshot\", node = 1 },
            { at = \"5s\", do = \"crash\", node = 1 },
            { at = \"6s\", do = \"restart\", node = 1 },
            { at = \"7s\", do = \"get\", client = 1, key = \"k1\" },
        ]",
    );
    for rule in Rule::ALL {
        let may_be_idle = matches!(rule, Rule::LeaderAppendOnly);
        assert!(busy(rule) > 0 || may_be_idle, "{}", rule.name());
    }
    // Each write, and the read.
    assert_eq!(busy(Rule::Linearizable), 21);
    assert_eq!(busy(Rule::AcknowledgedIsCommitted), 20);
}
