use super::Session;
use crate::replica::ClientId;
use crate::sim::Action;
use crate::types::{Instant, NodeId};
use crate::view::{BranchComparison, NodeStatus};

const SCENARIO: &str = "flotilla = 1\nname = \"x\"\nseed = 3\nend = \"9s\"\nnodes = 3\nactions = [
    { at = \"1s\", do = \"put\", client = 1, key = \"early\", value = \"v\" },
    { at = \"4s\", do = \"put\", client = 1, key = \"late\", value = \"v\" } ]";

const FORK: Instant = Instant(2_000_000);
const HEAD: Instant = Instant(5_000_000);

/// On the way shown, n1 crashes at 2 s.
fn parted() -> Session {
    let mut session = Session::parse(SCENARIO).expect("a scenario");
    session.run_until(HEAD, u64::MAX);
    session.seek(FORK, u64::MAX);
    session.act(Action::crash(NodeId(1))).expect("it is up");
    session.run_until(HEAD, u64::MAX);
    session
}

/// Goes in parts, as a page does.
fn compare(session: &mut Session) -> BranchComparison {
    while !session.compare(1, 100).expect("it is kept") {
        assert!(session.branch_comparison().is_none(), "under way");
    }
    session.branch_comparison().expect("it is done")
}

#[test]
fn two_ways_part_where_something_else_was_done() {
    let mut session = parted();
    let before = session.fingerprint();
    let compared = compare(&mut session);
    assert_eq!(session.fingerprint(), before, "nothing moves");
    assert_eq!((compared.at, compared.same), (HEAD.0, false));
    let parted = compared.parted.expect("they part");
    assert_eq!(parted, FORK.0);
    assert!(compared.common_step.expect("they part") > 100);
    assert_eq!(compared.ours.name, "n1 crash at 2000.0 ms");
    assert_eq!(compared.theirs.name, "Original");
    let [why] = &compared.ours.why[..] else {
        panic!("{:?}", compared.ours.why);
    };
    assert!(why.sentence.starts_with("n1 crashes"), "{}", why.sentence);
    assert!(
        compared.theirs.why.is_empty(),
        "the scenario's own is common"
    );
}

#[test]
fn servers_are_compared_at_the_moment_shown() {
    let mut session = parted();
    let compared = compare(&mut session);
    let first = &compared.servers[0];
    assert_eq!(
        (&first.ours.status, &first.theirs.status),
        (&NodeStatus::Down, &NodeStatus::Up)
    );
    // What each is on its own way.
    for (place, node) in session.timeline.world().nodes().iter().enumerate() {
        let replica = node.replica();
        let applied = replica.map_or(0, |replica| replica.applied().index.0);
        assert_eq!(compared.servers[place].ours.applied, applied);
    }
    session.switch_branch(1).expect("it is kept");
    session.run_until(HEAD, u64::MAX);
    for (place, node) in session.timeline.world().nodes().iter().enumerate() {
        let replica = node.replica().expect("all run");
        let theirs = &compared.servers[place].theirs;
        assert_eq!(theirs.applied, replica.applied().index.0);
        assert_eq!(theirs.term, replica.term().0);
        assert_eq!(theirs.last, replica.raft().log().last().index.0);
        assert_eq!(theirs.commit, replica.raft().commit().0);
    }
}

#[test]
fn only_what_happened_on_one_way_is_told_as_a_difference() {
    let mut session = parted();
    let compared = compare(&mut session);
    for (side, other) in [
        (&compared.ours, &compared.theirs),
        (&compared.theirs, &compared.ours),
    ] {
        assert!(side.events.iter().all(|event| event.time >= FORK.0));
        assert!(side.events.is_sorted_by_key(|event| event.id));
        for event in &side.events {
            let mut theirs = other.events.iter();
            assert!(
                theirs.all(|their| their.sentence != event.sentence),
                "{event:?}"
            );
        }
    }
    let crash = &compared.ours.events[0];
    assert!(crash.sentence.starts_with("n1 crashes"));
}

/// Compared before they part, they are compared as far as both are known.
#[test]
fn before_the_parting_ways_are_compared_at_their_ends() {
    let mut session = parted();
    session.seek(Instant(1_000_000), u64::MAX);
    assert_eq!(compare(&mut session).at, HEAD.0);
    session.seek(Instant(3_000_000), u64::MAX);
    assert_eq!(compare(&mut session).at, 3_000_000);
}

#[test]
fn ways_on_which_the_same_was_done_are_the_same() {
    let mut session = parted();
    for _ in 0..2 {
        session.go_to_step(100);
        session.act(Action::Heal).expect("always possible");
        session.run_until(HEAD, u64::MAX);
    }
    while !session.compare(3, 100).expect("it is kept") {}
    let compared = session.branch_comparison().expect("it is done");
    assert!(compared.same);
    assert_eq!(compared.parted, None);
    assert!(compared.ours.events.is_empty() && compared.theirs.events.is_empty());
    assert!(compared.servers.iter().all(|one| one.ours == one.theirs));
}

#[test]
fn a_comparison_begins_anew_where_something_was_done_meanwhile() {
    let mut session = parted();
    assert!(!session.compare(1, 5).expect("it is kept"));
    let (client, key) = (ClientId(1), "k".into());
    session
        .act(Action::Delete { client, key })
        .expect("there is a client");
    let compared = compare(&mut session);
    assert_eq!(compared.ours.why.len(), 2, "{:?}", compared.ours.why);
    assert!(session.compare(2, 5).is_err(), "it is shown");
}

#[test]
fn rules_broken_on_one_way_are_told_of_that_one() {
    let text = include_str!("../../../../../tests/scenarios/log-lost-believed.toml");
    let mut session = Session::parse(text).expect("a scenario");
    let end = session.timeline.world().scenario().end;
    session.run_until(end, u64::MAX);
    let broken = session.frame().violations;
    session.seek(Instant(1_000), u64::MAX);
    for node in 1..=session.timeline.world().scenario().nodes {
        session
            .act(Action::crash(NodeId(node)))
            .expect("there is one");
    }
    session.run_until(end, u64::MAX);
    let compared = compare(&mut session);
    assert_eq!(compared.theirs.violations, broken);
    assert_ne!(compared.ours.violations, broken);
}
