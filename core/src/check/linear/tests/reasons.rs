//! What is told of a contradiction: the fewest operations, and why no order explains them.

use super::{
    Bytes, GIVEN_UP, Operation, OperationResult, Script, add, delete, found, get, put, read,
    written,
};
use crate::sim::ReadPath;

/// Why this answer cannot be.
fn why(script: &mut Script, operation: Operation, result: OperationResult) -> String {
    let seen = script.whole(operation, result);
    seen.expect("it contradicts").why
}

#[test]
fn what_a_key_may_hold_is_told_as_far_as_the_other_answers_say_it() {
    let mut script = Script::default();
    assert_eq!(
        why(&mut script, get("k"), found("c")),
        "In every order that explains the other answers, k then holds nothing; c1 was told: found c."
    );

    let mut script = Script::default();
    script.begin("add", add("n", 1));
    let seen = why(&mut script, get("n"), found("5"));
    assert!(seen.contains("n then holds 1 or nothing;"), "{seen}");

    // That somebody was told of a is not needed for the contradiction.
    let mut script = Script::default();
    script.begin("stuck", put("k", "z"));
    assert_eq!(script.whole(put("k", "a"), written(1)), None);
    assert_eq!(script.whole(get("k"), found("a")), None);
    let seen = why(&mut script, get("k"), found("c"));
    assert!(seen.contains("k then holds a or nothing or z;"), "{seen}");
}

/// What the key holds would fit, but the answer names a place in the log where that cannot be.
#[test]
fn an_answer_that_only_its_index_contradicts_names_the_index() {
    let of_index = |client: &str, told: &str, index: u64| {
        format!(
            "{client} was told: {told}. That took effect at index {index} of the log, and in every order that \
             explains the other answers something that must come before it took effect later."
        )
    };
    let mut script = Script::default();
    assert_eq!(script.whole(put("k", "c"), written(6)), None);
    assert_eq!(
        why(&mut script, put("k", "d"), written(3)),
        of_index("c1", "written as version 3", 3)
    );
    let mut script = Script::default();
    assert_eq!(script.whole(put("k", "b"), written(12)), None);
    let by_lease = Operation::Get {
        key: "k".into(),
        node: None,
        path: ReadPath::Lease,
    };
    assert_eq!(
        why(&mut script, by_lease, read(Some("b"), 11)),
        of_index("c1", "found b", 11)
    );
}

#[test]
fn nothing_is_told_of_what_is_not_known() {
    let mut script = Script::default();
    assert_eq!(script.whole(put("m", "1"), written(1)), None);
    why(&mut script, get("k"), found("never written"));
    let both = Operation::GetMany {
        of: vec!["k".into(), "m".into()],
        node: None,
        path: ReadPath::Log,
    };
    let value = |value: &'static str| Some(Bytes::from_static(value.as_bytes()));
    let told = OperationResult::FoundMany {
        values: vec![value("whatever"), value("2")],
        index: 0,
        staleness: None,
    };
    assert_eq!(
        why(&mut script, both, told),
        "Every order that keeps to the times of the operations gives one of them another answer; the last \
         one to be answered is c1, which was told: found whatever, 2."
    );
}

/// Three writes cannot be deleted four times, and fewer than four answers would not show it.
#[test]
fn no_answer_is_named_that_is_not_needed() {
    let mut script = Script::default();
    for name in ["one", "two", "three"] {
        script.begin(name, put("k", name));
    }
    let existed = true;
    let deleted = || OperationResult::Deleted { existed };
    for _ in 0..3 {
        assert_eq!(script.whole(delete("k"), deleted()), None);
        assert_eq!(script.whole(get("k"), found("")), None);
    }
    let seen = script.whole(delete("k"), deleted());
    let seen = seen.expect("nothing is left");
    let asked: Vec<&Operation> = seen.calls.iter().map(|call| &call.operation).collect();
    assert_eq!(asked, [&delete("k"); 4]);
}

/// It is a part of the story even if it is settled that it took effect.
#[test]
fn a_lost_write_that_was_seen_is_named_as_what_made_the_key_so() {
    let mut script = Script::default();
    assert_eq!(script.whole(put("k", "a"), GIVEN_UP), None);
    assert_eq!(script.whole(get("k"), found("a")), None);
    let seen = script.whole(get("k"), found("b"));
    assert_eq!(
        seen.expect("nobody wrote b").to_string(),
        "c1 put k = a (0.001000 s, without an answer); \
         c1 get k through the log (0.005000 s to 0.006000 s): found b"
    );
}
