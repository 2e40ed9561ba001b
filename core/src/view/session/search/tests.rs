use super::{Interest, Session};
use crate::sim::{Action, Cause, Place, Step, What};
use crate::types::{Instant, NodeId};

const SCENARIO: &str = "flotilla = 1\nname = \"x\"\nseed = 3\nend = \"9s\"\nnodes = 3\nactions = [
    { at = \"1s\", do = \"put\", client = 1, key = \"k\", value = \"v\" },
    { at = \"2s\", do = \"crash\", node = 2 },
    { at = \"3s\", do = \"restart\", node = 2 } ]";
const MISTAKEN: &str = include_str!("../../../../../tests/scenarios/log-lost-believed.toml");

fn session(text: &str) -> Session {
    Session::parse(text).expect("a scenario")
}

/// Goes in parts, as a page does.
fn next(session: &mut Session, interest: Interest) -> (u64, bool) {
    while !session.seek_next(interest, 100) {}
    at(session)
}

fn previous(session: &mut Session, interest: Interest) -> (u64, bool) {
    while !session.seek_previous(interest, 100) {}
    at(session)
}

fn at(session: &Session) -> (u64, bool) {
    let sought = session.sought().expect("it has ended");
    (session.timeline.world().steps(), sought.found)
}

/// All steps of the run with what somebody looks for, by looking at each.
fn all(text: &str, is_it: impl Fn(&Session, &Step) -> bool) -> Vec<u64> {
    let mut session = session(text);
    let end = session.timeline.world().scenario().end;
    let mut steps = Vec::new();
    while session.timeline.world().next_time() <= Some(end) {
        let step = session.step_noted().expect("timers never end");
        if is_it(&session, &step) {
            steps.push(step.number);
        }
    }
    steps
}

fn tells(kinds: &[&str], step: &Step) -> bool {
    let mut told = step
        .happenings
        .iter()
        .map(|one| crate::view::tell(one).kind);
    told.any(|kind| kinds.contains(&kind))
}

/// Forward and backward meet the same steps, none is left out, and the end is told.
fn check(text: &str, interest: Interest, wanted: &[u64]) {
    assert!(!wanted.is_empty(), "{interest:?} does happen");
    let mut session = session(text);
    for step in wanted {
        assert_eq!(next(&mut session, interest), (*step, true), "{interest:?}");
    }
    let end = session.timeline.world().scenario().end;
    assert!(!next(&mut session, interest).1, "{interest:?} no more");
    assert_eq!(session.timeline.cursor(), end);
    for step in wanted.iter().rev() {
        assert_eq!(
            previous(&mut session, interest),
            (*step, true),
            "{interest:?}"
        );
    }
    let first = wanted[0];
    assert_eq!(previous(&mut session, interest), (first, false), "it stays");
}

#[test]
fn elections_are_met_one_after_the_other() {
    let kinds = ["candidate", "leader"];
    let wanted = all(SCENARIO, |_, step| tells(&kinds, step));
    check(SCENARIO, Interest::Election, &wanted);
}

/// What is committed is committed once, at the leader, and not where others learn it.
#[test]
fn commits_are_met_where_the_index_moves_first() {
    let highest = std::cell::Cell::new(0);
    let wanted = all(SCENARIO, |session, _| {
        let nodes = session.timeline.world().nodes().iter();
        let commits = nodes.filter_map(|node| node.replica().map(|one| one.raft().commit().0));
        let now = commits.max().unwrap_or(0);
        now > highest.replace(highest.get().max(now))
    });
    check(SCENARIO, Interest::Commit, &wanted);
}

#[test]
fn faults_are_met_and_what_mends_them_is_not() {
    let crash = Cause::Action(Action::crash(NodeId(2)));
    let wanted = all(SCENARIO, |_, step| step.cause == crash);
    check(SCENARIO, Interest::Fault, &wanted);
}

#[test]
fn broken_rules_are_met() {
    let wanted = all(MISTAKEN, |session, step| {
        let mut violations = session.timeline.observer().checker.violations().iter();
        violations.any(|violation| violation.step == step.number)
    });
    check(MISTAKEN, Interest::Violation, &wanted);
}

#[test]
fn what_concerns_one_server_is_met() {
    let place = Place::Node(NodeId(2));
    let concerns = |step: &Step| step.happenings.iter().any(|one| one.place == place);
    let deadline = Cause::Deadline(NodeId(2));
    let wanted = all(SCENARIO, |_, step| concerns(step) || step.cause == deadline);
    check(SCENARIO, Interest::Node(2), &wanted);
}

#[test]
fn every_message_is_met_when_it_sets_out_and_when_it_arrives() {
    let travels = |what: &What| matches!(what, What::Sent { .. } | What::Delivered { .. });
    let wanted = all(SCENARIO, |_, step| {
        step.happenings.iter().any(|one| travels(&one.what))
    });
    check(SCENARIO, Interest::Message, &wanted);
}

/// Between two steps, the one that was last counts as before.
#[test]
fn what_has_just_happened_is_before_the_moment_between_two_steps() {
    let mut session = session(SCENARIO);
    let (step, _) = next(&mut session, Interest::Fault);
    let time = session.timeline.cursor();
    session.seek(Instant(time.0 + 1), u64::MAX);
    assert_eq!(session.timeline.world().steps(), step, "nothing more yet");
    assert_eq!(previous(&mut session, Interest::Fault), (step, true));
    assert_eq!(session.timeline.cursor(), time);
}

/// Hurrying goes to the very step at which a message sets out, or to the time where none does.
#[test]
fn whoever_hurries_stops_at_a_message() {
    let mut session = session(SCENARIO);
    let flying = |session: &Session| session.timeline.world().network().in_flight().count();
    let far = Instant(60_000_000);
    assert!(session.run_until_message(far, u64::MAX));
    let sets_out = session.timeline.world().steps();
    assert!(flying(&session) > 0 && session.timeline.cursor() < far);
    assert!(session.run_until_message(far, u64::MAX));
    assert_eq!(session.timeline.world().steps(), sets_out, "it still flies");
    session.step_back();
    assert_eq!(flying(&session), 0, "no earlier step said anything");
    let soon = Instant(session.timeline.cursor().0 + 1);
    assert!(session.run_until_message(soon, u64::MAX));
    assert_eq!(session.timeline.cursor(), soon);
}

/// A search that somebody left is not gone on with from elsewhere.
#[test]
fn a_search_begins_anew_where_somebody_moved_meanwhile() {
    let mut session = session(SCENARIO);
    session.run_until(Instant(5_000_000), u64::MAX);
    assert!(!session.seek_previous(Interest::Fault, 5));
    session.seek(Instant(1_500_000), u64::MAX);
    assert!(!previous(&mut session, Interest::Fault).1, "it comes later");
}

fn settle(session: &mut Session) -> (bool, String) {
    while !session.settle(100) {}
    let sought = session.sought().expect("it has ended");
    (sought.found, sought.sentence)
}

#[test]
fn a_cluster_that_was_asked_settles_when_all_have_applied_the_answer() {
    let mut session = session(SCENARIO);
    session.run_until(Instant(1_000_000), u64::MAX);
    let (quiet, sentence) = settle(&mut session);
    assert!(quiet, "{sentence}");
    let world = session.timeline.world();
    assert!(session.timeline.cursor() < Instant(2_000_000));
    let last = world.nodes()[0]
        .replica()
        .map(|one| one.raft().log().last());
    for node in world.nodes() {
        let replica = node.replica().expect("all run");
        assert_eq!(Some(replica.applied()), last);
        assert_eq!(replica.cache().len(), 1);
    }
    assert_eq!(world.clients()[0].answered(), 1);
    let before = session.timeline.cursor();
    assert_eq!(settle(&mut session), (true, "All is quiet already".into()));
    assert_eq!(session.timeline.cursor(), before);
}

#[test]
fn what_never_settles_is_told_after_a_minute() {
    let mut session = session(SCENARIO);
    session.run_until(Instant(1_900_000), u64::MAX);
    let isolate = Action::Isolate { node: NodeId(3) };
    session.act(isolate).expect("there are three");
    session.run_until(Instant(2_500_000), u64::MAX);
    let began = session.timeline.cursor();
    // n2 comes back at 3 s, and n3 never hears of it.
    let put = Action::Put {
        client: crate::replica::ClientId(1),
        key: "k".into(),
        value: "w".into(),
        ttl: None,
    };
    session.act(put).expect("there is a client");
    let (quiet, sentence) = settle(&mut session);
    assert!(!quiet, "{sentence}");
    assert!(sentence.contains("n3 has applied"), "{sentence}");
    let waited = session.timeline.cursor().since(began);
    assert_eq!(waited.as_micros() / 1_000_000, 60);
}
