//! What each answer allows to have been there, at its bounds.

use super::{
    Bytes, GIVEN_UP, Operation, OperationResult, Refusal, Script, add, batch, delete, done, found,
    get, list, put, swap, written,
};
use crate::check::Fate;
use crate::check::linear::call::{Call, Footprint, Moment, Outcome};
use crate::replica::ClientId;
use crate::sim::ReadPath;
use crate::types::Instant;

fn not_swapped(current: Option<u64>) -> OperationResult {
    OperationResult::NotSwapped { current }
}

fn get_many(keys: &[&str]) -> Operation {
    Operation::GetMany {
        of: keys.iter().map(ToString::to_string).collect(),
        node: None,
        path: ReadPath::Log,
    }
}

fn found_many(values: &[&str]) -> OperationResult {
    let value = |value: &&str| Bytes::copy_from_slice(value.as_bytes());
    let is_there = |one: &&str| !one.is_empty();
    OperationResult::FoundMany {
        values: values
            .iter()
            .map(|one| Some(one).filter(|one| is_there(one)).map(value))
            .collect(),
        index: 0,
        staleness: None,
    }
}

/// A contradiction: from there on nothing is known of the key, and of those that are looked at with it.
fn lose_sight_of(script: &mut Script, key: &str) {
    let seen = script.whole(get(key), found("never written"));
    assert!(seen.is_some(), "nobody wrote it");
}

#[test]
fn a_sum_is_too_large_for_the_number_that_is_there_and_for_no_other() {
    let most = i64::MAX;
    for (held, value, by, is_explained) in [
        (most, most, 1, true),
        (i64::MIN, i64::MIN, -1, true),
        (most, most - 1, 2, false),
        (most - 1, most - 1, 2, true),
        (most - 1, most - 1, 1, false),
        (7, most, 1, false),
        (7, 7, 1, false),
    ] {
        let mut script = Script::default();
        let refused = OperationResult::Refused(Refusal::Overflow { value, by });
        assert_eq!(script.whole(put("n", &held.to_string()), written(1)), None);
        let seen = script.whole(add("n", by), refused);
        assert_eq!(seen.is_none(), is_explained, "{held} plus {by}: {seen:?}");
        if is_explained {
            let same = script.whole(get("n"), found(&held.to_string()));
            assert_eq!(same, None, "it stays what it is");
        }
    }
    // What nobody knows may be that number.
    let mut script = Script::default();
    lose_sight_of(&mut script, "n");
    let refused = OperationResult::Refused(Refusal::Overflow { value: most, by: 1 });
    assert_eq!(script.whole(add("n", 1), refused), None);
}

/// The key is there, and nobody knows what the sum is; but all that was done with it is seen.
#[test]
fn something_may_be_added_to_what_nobody_knows() {
    let mut script = Script::default();
    assert_eq!(script.whole(put("m", "0"), written(1)), None);
    lose_sight_of(&mut script, "n");
    let touch = Operation::Touch {
        key: "n".into(),
        ttl: None,
    };
    let touched = OperationResult::Touched { existed: true };
    assert_eq!(script.whole(touch, touched), None, "it may be there");
    let both = batch(vec![add("n", 1), put("m", "1")]);
    assert_eq!(script.whole(both, GIVEN_UP), None);
    assert_eq!(script.whole(get("m"), found("0")), None);
    assert_eq!(script.whole(get("m"), found("1")), None);
    assert!(script.whole(get("m"), found("2")).is_some());
}

#[test]
fn a_swap_fails_for_what_is_absent_only_if_something_was_expected() {
    let absent = |expected, is_there: bool| {
        let mut script = Script::default();
        if is_there {
            assert_eq!(script.whole(put("k", "a"), written(3)), None);
        }
        let operation = swap("k", expected, "b");
        script.whole(operation, not_swapped(None)).is_none()
    };
    assert!(absent(Some(3), false));
    assert!(!absent(None, false), "it would have been written");
    assert!(!absent(Some(2), true), "there is something");
}

#[test]
fn a_swap_fails_for_another_version_and_not_for_the_expected_one() {
    let fails = |expected, current| {
        let mut script = Script::default();
        assert_eq!(script.whole(put("k", "a"), written(3)), None);
        let operation = swap("k", expected, "b");
        script
            .whole(operation, not_swapped(Some(current)))
            .is_none()
    };
    assert!(fails(Some(2), 3) && fails(None, 3));
    assert!(!fails(Some(3), 3), "it would have been written");
    assert!(!fails(Some(2), 4), "it has another version");
}

/// The key of which the version was seen is overwritten: of the others it is known still.
#[test]
fn the_version_of_an_unanswered_batch_outlives_the_key_that_told_it() {
    for version in [5, 7] {
        let mut script = Script::default();
        script.begin("batch", batch(vec![put("a", "1"), put("b", "1")]));
        let seen = not_swapped(Some(5));
        assert_eq!(script.whole(swap("a", Some(2), "x"), seen), None);
        assert_eq!(script.whole(put("a", "9"), written(8)), None);
        let seen = not_swapped(Some(version));
        let seen = script.whole(swap("b", Some(2), "x"), seen);
        assert_eq!(seen.is_none(), version == 5, "{seen:?}");
    }
}

#[test]
fn a_batch_and_a_read_of_many_answer_each_of_their_operations() {
    for answers in 0..4 {
        let mut script = Script::default();
        let both = batch(vec![put("a", "1"), put("b", "1")]);
        let seen = script.whole(both, done(1, answers));
        assert_eq!(seen.is_none(), answers == 2, "{answers}: {seen:?}");
        let mut script = Script::default();
        let values = vec![""; answers];
        let seen = script.whole(get_many(&["a", "b"]), found_many(&values));
        assert_eq!(seen.is_none(), answers == 2, "{answers}: {seen:?}");
    }
}

/// Three keys are listed from behind the first one.
#[test]
fn a_page_tells_of_what_is_behind_its_beginning_up_to_its_end() {
    let page = |after: Option<&str>, keys: &[&str], more| {
        let mut script = Script::default();
        for (version, key) in [(1, "n1"), (2, "n2"), (3, "n3")] {
            assert_eq!(script.whole(put(key, "x"), written(version)), None);
        }
        let asked = Operation::List {
            prefix: "n".into(),
            after: after.map(Into::into),
            limit: 2,
            node: None,
            path: ReadPath::Log,
        };
        let keys = keys
            .iter()
            .map(|key| Bytes::copy_from_slice(key.as_bytes()));
        let told = OperationResult::Listed {
            keys: keys.collect(),
            more,
            index: 0,
            staleness: None,
        };
        script.whole(asked, told).is_none()
    };
    assert!(page(None, &["n1", "n2", "n3"], false));
    assert!(!page(None, &["n1", "n2"], false), "one is missing");
    assert!(page(None, &["n1", "n2"], true));
    assert!(!page(None, &["n1", "n3"], true), "one is left out");
    assert!(page(Some("n1"), &["n2", "n3"], false));
    assert!(page(Some("n1"), &["n2"], true));
    assert!(page(Some("n3"), &[], false));
    assert!(!page(Some("n1"), &["n3"], false), "one is left out");
    assert!(
        !page(Some("n1"), &["n1", "n2", "n3"], false),
        "one too early"
    );
    assert!(!page(Some("n0"), &["n2", "n3"], false), "one is left out");
}

#[test]
fn a_page_names_only_what_begins_as_was_asked() {
    for (told, is_explained) in [(vec!["n1"], true), (vec!["m1", "n1"], false)] {
        let mut script = Script::default();
        let both = batch(vec![put("m1", "x"), put("n1", "x")]);
        assert_eq!(script.whole(both, done(1, 2)), None);
        let seen = script.whole(list("n"), super::listed(&told));
        assert_eq!(seen.is_none(), is_explained, "{told:?}: {seen:?}");
    }
}

/// Whatever is found then is known from there on.
#[test]
fn after_a_contradiction_nothing_is_known_until_it_is_seen() {
    let mut script = Script::default();
    assert_eq!(script.whole(put("k", "a"), written(1)), None);
    lose_sight_of(&mut script, "k");
    assert_eq!(script.whole(get("k"), found("whatever")), None);
    assert_eq!(script.whole(get("k"), found("whatever")), None);
    assert!(script.whole(get("k"), found("a")).is_some());
    assert_eq!(script.whole(get("k"), found("")), None);
    assert!(script.whole(get("k"), found("a")).is_some());
}

/// Keys that are looked at together from now on: what nothing is known of stays unknown.
#[test]
fn what_is_known_of_a_key_says_nothing_of_one_of_which_nothing_is_known() {
    for lost in ["k", "m"] {
        for (k, m) in [("1", "1"), ("", "1")] {
            let mut script = Script::default();
            assert_eq!(script.whole(put("k", "1"), written(1)), None);
            assert_eq!(script.whole(put("m", "1"), written(2)), None);
            lose_sight_of(&mut script, lost);
            let values = if lost == "k" { [k, m] } else { [m, k] };
            let seen = script.whole(get_many(&["k", "m"]), found_many(&values));
            assert_eq!(seen, None, "{values:?}");
        }
    }
}

#[test]
fn of_a_read_that_may_be_stale_nothing_is_claimed() {
    let mut script = Script::default();
    assert_eq!(script.whole(put("k", "a"), written(1)), None);
    assert_eq!(script.whole(put("k", "b"), written(2)), None);
    let stale = Operation::Get {
        key: "k".into(),
        node: None,
        path: ReadPath::Stale,
    };
    let judged = script.history.judged();
    assert_eq!(script.whole(stale, found("a")), None);
    assert_eq!(script.history.judged(), judged);
    assert_eq!(last_fate(&script), Fate::Unjudged);
}

fn last_fate(script: &Script) -> Fate {
    let mut all = script.history.record().iter();
    all.next_back().expect("just asked").fate
}

/// Of a read it does not matter, and of a write that was refused it is known.
#[test]
fn what_took_no_effect_or_had_none_is_void() {
    let mut script = Script::default();
    assert_eq!(script.whole(get("k"), GIVEN_UP), None);
    assert_eq!(last_fate(&script), Fate::Void);
    let reads = || batch(vec![get("k"), get("m")]);
    assert_eq!(script.whole(reads(), GIVEN_UP), None);
    assert_eq!(last_fate(&script), Fate::Void);
    let mixed = batch(vec![get("k"), put("m", "1")]);
    assert_eq!(script.whole(mixed, GIVEN_UP), None);
    assert_eq!(last_fate(&script), Fate::Unknown);
    let not_applied = OperationResult::GivenUp {
        may_have_been_applied: false,
    };
    assert_eq!(script.whole(delete("k"), not_applied), None);
    assert_eq!(last_fate(&script), Fate::Void);
}

/// Somebody has seen what it would have done, before it was known that it did nothing.
#[test]
fn what_turns_out_to_be_void_has_no_moment_any_more() {
    let mut script = Script::default();
    script.begin("write", put("k", "a"));
    assert_eq!(script.whole(get("k"), found("a")), None);
    let first = |script: &Script| {
        let record = script.history.record();
        let first = record.iter().next().expect("the write");
        (first.fate, first.point.is_some())
    };
    assert_eq!(first(&script), (Fate::UnderWay, true));
    let refused = OperationResult::Refused(Refusal::KeyEmpty);
    assert!(script.end("write", refused).is_some(), "who wrote a?");
    assert_eq!(first(&script), (Fate::Void, false));
}

#[test]
fn versions_say_in_which_order_batches_took_effect() {
    for (seen, is_explained) in [("a", true), ("b", false)] {
        let mut script = Script::default();
        script.begin("a", batch(vec![put("k", "a"), put("m", "a")]));
        script.begin("b", batch(vec![put("k", "b"), put("m", "b")]));
        assert_eq!(script.end("a", done(5, 2)), None);
        assert_eq!(script.end("b", done(4, 2)), None);
        let seen = script.whole(get("k"), found(seen));
        assert_eq!(seen.is_none(), is_explained, "{seen:?}");
    }
}

fn keys_of<'a>(footprint: &'a Footprint<'_>) -> Vec<&'a str> {
    footprint.keys.iter().copied().collect()
}

#[test]
fn an_operation_observes_what_it_does_not_overwrite_and_changes_what_it_writes() {
    let all = batch(vec![put("a", "1"), get("b"), add("c", 1), list("d")]);
    let observed = Footprint::observed(&all);
    assert_eq!(keys_of(&observed), ["b", "c"]);
    assert_eq!(Vec::from_iter(&observed.prefixes), [&"d"]);
    let changed = Footprint::changed(&all);
    assert_eq!(keys_of(&changed), ["a", "c"]);
    assert!(changed.prefixes.is_empty());
    assert_eq!(keys_of(&Footprint::of(&all)), ["a", "b", "c"]);
    let call = |operation| Call {
        client: ClientId(1),
        operation,
        began: Moment {
            number: 1,
            time: Instant(1),
        },
        outcome: Outcome::UnderWay,
    };
    assert!(call(all).writes() && call(delete("a")).writes());
    assert!(!call(batch(vec![get("a"), list("b")])).writes());
}

#[test]
fn footprints_meet_in_a_key_that_both_have_to_do_with() {
    let meets = |one: &Operation, other: &Operation| {
        let (one, other) = (Footprint::of(one), Footprint::of(other));
        assert_eq!(one.meets(&other), other.meets(&one));
        one.meets(&other)
    };
    assert!(meets(&get("n1"), &put("n1", "x")));
    assert!(!meets(&get("n1"), &put("n2", "x")));
    assert!(meets(&get("n1"), &list("n")) && meets(&get("n"), &list("n")));
    assert!(!meets(&get("n"), &list("n1")));
    assert!(meets(&list("n"), &list("n1")) && meets(&list("n"), &list("n")));
    assert!(!meets(&list("n1"), &list("n2")));
    assert!(meets(&list("n"), &batch(vec![get("m"), get("n1")])));
}
