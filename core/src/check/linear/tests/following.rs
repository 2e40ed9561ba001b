//! How a history is followed: what is looked at together, what is settled, what is given up.

use super::{
    ClientId, GIVEN_UP, Instant, Operation, OperationResult, Script, Surroundings, add, batch,
    delete, done, found, get, list, listed, put, read, written,
};
use crate::check::Fate;
use crate::sim::{Answered, ReadPath};

fn names(letter: char, count: usize) -> Vec<&'static str> {
    let name = |n| &*format!("{letter}{n}").leak();
    (0..count).map(name).collect()
}

#[test]
fn a_cluster_that_begins_anew_has_nothing_of_what_was_written() {
    let mut script = Script::default();
    assert_eq!(script.whole(put("k", "a"), written(9)), None);
    script.begin("early", put("k", "b"));
    script.history = script.history.begin_anew();
    assert_eq!(script.whole(get("k"), found("")), None);
    assert_eq!(script.whole(put("m", "a"), written(1)), None);
    // It may have been sent to the new one.
    assert_eq!(script.whole(get("k"), found("b")), None);
    assert!(script.whole(get("k"), found("a")).is_some());
}

/// Whoever lists what begins with `n` is told of what begins with `n1`, in whichever order they come.
#[test]
fn lists_of_which_one_is_within_the_other_are_looked_at_together() {
    for (first, second) in [("n1", "n"), ("n", "n1")] {
        let mut script = Script::default();
        assert_eq!(script.whole(list(first), listed(&[])), None);
        assert_eq!(script.whole(list(second), listed(&[])), None);
        assert_eq!(script.whole(put("n12", "x"), written(1)), None);
        assert_eq!(script.whole(list("n1"), listed(&["n12"])), None);
        assert_eq!(script.whole(list("n"), listed(&["n12"])), None);
        assert!(script.whole(list("n1"), listed(&[])).is_some());
    }
}

/// A client asks for several things at one moment, and is answered in another order.
#[test]
fn an_answer_belongs_to_what_was_asked_at_that_moment() {
    let mut script = Script::default();
    assert_eq!(script.whole(put("b", "1"), written(1)), None);
    let client = ClientId(9);
    let (early, late) = (Instant(5_000), Instant(6_000));
    for (began, key) in [(early, "a"), (early, "b"), (late, "b")] {
        script.history.begin(began, client, &get(key));
    }
    let mut end = |began, key, value| {
        let answered = Answered {
            operation: get(key),
            invoked_at: began,
            answered_at: Instant(7_000),
            result: found(value),
        };
        let around = Surroundings::default();
        let seen = script
            .history
            .end(Instant(7_000), (client, &answered), around);
        assert_eq!(seen, None, "{key}");
    };
    end(late, "b", "1");
    end(early, "b", "1");
    end(early, "a", "");
    let fates = script.history.record().iter().map(|one| one.fate);
    assert!(fates.eq([Fate::Explained; 4]));
}

/// Nothing was told of batches that wrote two keys each, and then one key of each is overwritten: the other
/// tells whether they took effect before, and nobody has seen it yet.
fn overwritten(batches: usize) -> Script {
    let mut script = Script::default();
    let (seen, unseen) = (names('s', batches), names('u', batches));
    for (seen, unseen) in seen.iter().zip(&unseen) {
        let both = batch(vec![put(seen, "1"), put(unseen, "1")]);
        assert_eq!(script.whole(both, GIVEN_UP), None);
    }
    let all = batch(seen.iter().map(|key| put(key, "2")).collect());
    assert_eq!(script.whole(all, done(50, batches)), None);
    script
}

#[test]
fn no_more_than_64_ways_are_kept_in_mind() {
    let mut script = overwritten(6);
    assert_eq!(script.history.undecided(), 0, "two to the power of six");
    // Each combination is possible still.
    for (n, value) in [(0, "1"), (1, ""), (2, "1"), (3, "")] {
        let unseen = format!("u{n}");
        assert_eq!(script.whole(get(&unseen), found(value)), None);
        let again = if value.is_empty() { "2" } else { "" };
        assert!(script.whole(get(&unseen), found(again)).is_some());
        script = overwritten(6);
    }
    assert_eq!(overwritten(7).history.undecided(), 1);
}

/// Of lost writes that were overwritten it does not matter how many there were.
#[test]
fn ways_that_differ_in_what_nobody_can_see_are_one() {
    let mut script = Script::default();
    for value in ["1", "2", "3", "4", "5", "6"] {
        let both = batch(vec![put("s", value), put("u", value)]);
        assert_eq!(script.whole(both, GIVEN_UP), None);
    }
    assert_eq!(script.whole(put("s", "seen"), written(50)), None);
    assert_eq!(script.history.undecided(), 0);
    assert_eq!(script.whole(get("u"), found("4")), None);
    assert_eq!(script.whole(get("s"), found("seen")), None);
    assert_eq!(script.history.undecided(), 0);
}

/// The lost batch took effect before the write that overwrote half of it, and did something.
#[test]
fn a_way_on_which_a_lost_call_did_something_is_kept() {
    let mut script = Script::default();
    script.begin("overwrites", put("a", "2"));
    let both = batch(vec![put("a", "1"), put("b", "1")]);
    assert_eq!(script.whole(both, GIVEN_UP), None);
    assert_eq!(script.end("overwrites", written(2)), None);
    assert_eq!(script.whole(get("b"), found("1")), None);
    assert_eq!(script.whole(get("a"), found("2")), None);
}

/// It may have taken effect before, so its answer says nothing.
#[test]
fn after_a_contradiction_no_answer_to_an_earlier_question_is_judged() {
    let mut script = Script::default();
    script.begin("early", put("k", "a"));
    assert_eq!(script.whole(put("k", "b"), written(5)), None);
    assert!(script.whole(get("k"), found("never")).is_some());
    assert_eq!(script.whole(get("k"), found("c")), None);
    let judged = script.history.judged();
    assert_eq!(script.end("early", written(3)), None);
    assert_eq!(script.history.judged(), judged);
    let first = script.history.record().iter().next();
    assert_eq!(first.expect("it is kept").fate, Fate::Undecided);
    assert_eq!(script.whole(get("k"), found("c")), None);
}

/// Dozens of clients gave up writing a key, and then somebody overwrites it.
#[test]
fn lost_writes_do_not_matter_to_who_overwrites_them() {
    let mut script = Script::default();
    for _ in 0..24 {
        assert_eq!(script.whole(put("k", "lost"), GIVEN_UP), None);
    }
    for version in [50, 51] {
        assert_eq!(script.whole(put("k", "seen"), written(version)), None);
    }
    assert_eq!(script.history.undecided(), 0);
    assert_eq!(script.whole(get("k"), found("seen")), None);
}

/// Keys are looked at together because somebody read them together, and each is changed by its own client.
#[test]
fn calls_to_other_keys_do_not_matter_though_these_are_looked_at_together() {
    let mut script = Script::default();
    let keys = names('k', 16);
    let all = Operation::GetMany {
        of: keys.iter().map(ToString::to_string).collect(),
        node: None,
        path: ReadPath::Log,
    };
    let nothing = OperationResult::FoundMany {
        values: vec![None; keys.len()],
        index: 0,
        staleness: None,
    };
    assert_eq!(script.whole(all.clone(), nothing.clone()), None);
    for key in &keys {
        script.begin(key, delete(key));
    }
    let existed = false;
    for key in &keys {
        let deleted = OperationResult::Deleted { existed };
        assert_eq!(script.end(key, deleted), None);
    }
    assert_eq!(script.history.undecided(), 0);
    assert_eq!(script.whole(all, nothing), None);
}

/// Versions tell the only order that there can be, so no other one is tried.
#[test]
fn writes_that_tell_their_versions_are_judged_however_many_there_are() {
    let mut script = Script::default();
    let keys = names('w', 20);
    for name in &keys {
        script.begin(name, put("k", name));
    }
    for (name, version) in keys.iter().zip((1..=20).rev()) {
        assert_eq!(script.end(name, written(version)), None);
    }
    assert_eq!(script.history.undecided(), 0);
    assert_eq!(script.whole(get("k"), found("w0")), None);
    assert!(script.whole(get("k"), found("w1")).is_some());
}

/// An answer at an index of the log says that whatever is at a lower one took effect before.
#[test]
fn a_read_at_an_index_follows_the_writes_up_to_it() {
    let at = |index, value| {
        let mut script = Script::default();
        script.begin(
            "read",
            Operation::Get {
                key: "n".into(),
                node: None,
                path: ReadPath::Lease,
            },
        );
        for (version, value) in [(4, 1), (6, 2)] {
            let counted = OperationResult::Counted { value, version };
            assert_eq!(script.whole(add("n", 1), counted), None);
        }
        script.end("read", read(value, index)).is_none()
    };
    assert!(at(3, None) && at(4, Some("1")) && at(5, Some("1")) && at(6, Some("2")));
    assert!(!at(4, None) && !at(3, Some("1")) && !at(6, Some("1")) && !at(5, Some("2")));
}
