use super::{KEPT, NAME, Session};
use crate::sim::Action;
use crate::types::{Instant, NodeId};
use crate::view::SettingChange;

const SCENARIO: &str = "flotilla = 1\nname = \"x\"\nseed = 3\nend = \"9s\"\nnodes = 3\n\
    actions = [ { at = \"4s\", do = \"crash\", node = 2 } ]\n";

const FORK: Instant = Instant(2_000_000);
const HEAD: Instant = Instant(5_000_000);

/// A run until 5 s in which n1 crashes by hand at 2 s, and the name that the former way is kept by.
fn parted() -> (Session, String) {
    let mut session = Session::parse(SCENARIO).expect("a scenario");
    session.run_until(HEAD, u64::MAX);
    session.seek(FORK, u64::MAX);
    let kept = session.act(Action::crash(NodeId(1))).expect("it is up");
    session.run_until(HEAD, u64::MAX);
    (session, kept.expect("there was a future"))
}

fn names(session: &Session) -> Vec<String> {
    session.branches().into_iter().map(|one| one.name).collect()
}

#[test]
fn doing_something_at_the_head_leaves_no_branch() {
    let mut session = Session::parse(SCENARIO).expect("a scenario");
    session.run_until(FORK, u64::MAX);
    let kept = session.act(Action::crash(NodeId(1))).expect("it is up");
    assert_eq!(kept, None);
    assert_eq!(names(&session), ["Original"]);
}

#[test]
fn what_is_refused_leaves_no_branch() {
    let mut session = Session::parse(SCENARIO).expect("a scenario");
    session.run_until(HEAD, u64::MAX);
    session.seek(FORK, u64::MAX);
    assert!(session.act(Action::crash(NodeId(9))).is_err());
    assert_eq!(session.branches().len(), 1);
}

#[test]
fn doing_something_in_the_past_keeps_the_former_history() {
    let (session, kept) = parted();
    assert_eq!(kept, "Original");
    let branches = session.branches();
    let [original, present] = &branches[..] else {
        panic!("{branches:?}");
    };
    assert!(present.shown && !original.shown);
    assert_eq!(present.name, "n1 crash at 2000.0 ms");
    assert_eq!(present.from.as_deref(), Some("Original"));
    assert!((FORK.0..FORK.0 + 1_000).contains(&present.parted.expect("it parted")));
    assert_eq!((original.parted, &original.from), (None, &None));
    assert_eq!((original.left, original.head), (FORK.0, HEAD.0));
    assert!(original.head_step > original.left_step);
}

/// Both ways come again as they were, with what is marked on them, however often one is left.
#[test]
fn a_branch_is_the_same_history_again() {
    let (mut session, _) = parted();
    let mut seen = Vec::new();
    for id in [1, 2, 1, 2] {
        let other = session.switch_branch(id).expect("it is kept");
        assert!(other.shown);
        assert!(session.timeline.cursor() <= FORK);
        session.run_until(Instant(other.head), u64::MAX);
        assert_eq!(session.timeline.head_step(), other.head_step);
        assert_eq!(format!("{:016x}", session.fingerprint()), other.fingerprint);
        seen.push((other.fingerprint, session.markers.clone(), session.toml()));
    }
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[1], seen[3]);
    assert_ne!(seen[0].0, seen[1].0);
    assert_ne!(seen[0].1, seen[1].1, "one has a crash more");
    assert!(seen[1].2.contains("node = 1") && !seen[0].2.contains("node = 1"));
}

/// What was seen of the way left is not told as if it were of this one.
#[test]
fn after_a_switch_only_what_is_common_is_known() {
    let (mut session, _) = parted();
    session.frame();
    session.switch_branch(1).expect("it is kept");
    let frame = session.frame();
    assert!(frame.markers_replaced && frame.events_replaced);
    let late = |time: u64| time > FORK.0;
    assert!(!frame.markers.iter().any(|marker| late(marker.time)));
    assert!(!session.known.iter().any(|event| late(event.time)));
    assert!(frame.head_time <= FORK.0);
}

#[test]
fn a_way_left_before_it_was_gone_to_its_end_is_kept_with_all_that_was_done() {
    let (mut session, _) = parted();
    session
        .act(Action::Restart { node: NodeId(1) })
        .expect("it is down");
    session.switch_branch(1).expect("it is kept");
    session.switch_branch(2).expect("it is kept");
    // The crash at 2 s has come again, the restart has not.
    session.run_until(Instant(FORK.0 + 500_000), u64::MAX);
    let head = session.timeline.head_step();
    session.go_to_step(head);
    let kept = session.act(Action::Heal).expect("always possible");
    assert!(kept.is_some());
    session.switch_branch(2).expect("it is kept");
    assert!(session.toml().contains("restart"));
}

#[test]
fn names_are_bounded_and_unlike() {
    let (mut session, _) = parted();
    session
        .rename_branch(1, "  without the crash ")
        .expect("a name");
    session
        .rename_branch(2, &"é".repeat(NAME))
        .expect("just short enough");
    assert_eq!(names(&session), ["without the crash", &"é".repeat(NAME)]);
    session
        .rename_branch(1, "without the crash")
        .expect("its own");
    let mut refused = |id, name: &str| {
        let error = session.rename_branch(id, name).expect_err("refused");
        error.to_string()
    };
    let bounds = "1 to 40 characters in a line";
    assert_eq!(
        refused(1, "  "),
        format!("name is \"\", but must be {bounds}")
    );
    assert!(refused(1, &"x".repeat(NAME + 1)).ends_with(bounds));
    assert!(refused(1, "a\nb").ends_with(bounds));
    assert!(refused(2, "without the crash").ends_with("one that no other branch has"));
    let none = "branch is 7, but must be one that is kept and not shown";
    assert_eq!(refused(7, "x"), none);
}

#[test]
fn a_branch_is_deleted_unless_it_is_shown() {
    let (mut session, _) = parted();
    assert!(session.delete_branch(2).is_err(), "it is shown");
    session.delete_branch(1).expect("it is kept");
    assert_eq!(names(&session), ["n1 crash at 2000.0 ms"]);
    assert!(session.switch_branch(1).is_err());
}

#[test]
fn branches_are_bounded_and_have_names_of_their_own() {
    let (mut session, _) = parted();
    for _ in 0..KEPT + 3 {
        session.run_until(HEAD, u64::MAX);
        session.seek(FORK, u64::MAX);
        session.act(Action::Heal).expect("always possible");
    }
    let all = names(&session);
    assert_eq!(all.len(), KEPT + 1);
    let mut unlike = all.clone();
    unlike.sort();
    unlike.dedup();
    assert_eq!(unlike.len(), all.len(), "{all:?}");
    assert!(!all.contains(&"Original".into()), "the oldest went");
}

#[test]
fn another_run_begins_without_branches() {
    let (mut session, _) = parted();
    session.reseed(4).expect("a seed");
    assert_eq!(names(&session), ["Original"]);
    let (mut session, _) = parted();
    let (path, value) = ("raft.heartbeat_interval".into(), "40ms".into());
    session
        .configure(&[SettingChange { path, value }])
        .expect("possible");
    assert_eq!(names(&session), ["Original"]);
}
