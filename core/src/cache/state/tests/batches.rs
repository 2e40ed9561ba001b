//! All of a batch or nothing of it.

use super::book::{
    Book, SESSION, add, delete, get, get_many, list, put, put_for, refused, swap, written,
};
use crate::cache::state::RemovalReason;
use crate::cache::{Answer, Config, Operation, Refusal, Taken};
use bytes::Bytes;

fn not_done(at: u32, answer: Answer) -> Answer {
    let answer = Box::new(answer);
    Answer::BatchNotDone { at, answer }
}

#[test]
fn a_batch_is_done_in_order_at_one_version() {
    let mut book = Book::new(Config::default());
    let operations = vec![
        put("a", "1"),
        add("a", 1),
        swap("a", Some(2), "3"),
        delete("none"),
    ];
    let (value, version) = (2, 2);
    let answers = vec![
        written(2),
        Answer::Counted { value, version },
        written(2),
        Answer::Deleted { existed: false },
    ];
    assert_eq!(
        book.does(Operation::Batch(operations)),
        Answer::Batch(answers)
    );
    assert_eq!(book.value("a").as_deref(), Some("3"));
}

#[test]
fn one_operation_that_is_refused_leaves_nothing_of_the_batch() {
    let mut book = Book::new(Config::default());
    book.does(put("text", "x"));
    let before = (book.cache.state.store.clone(), book.cache.state.named);
    let current = None;
    let cases = [
        (add("text", 1), refused(Refusal::NotANumber)),
        (
            swap("new", Some(1), "x"),
            Answer::NotSwapped { current: Some(3) },
        ),
        (swap("none", Some(1), "x"), Answer::NotSwapped { current }),
    ];
    for ((last, answer), version) in cases.into_iter().zip(3..) {
        let batch = Operation::Batch(vec![
            put("new", "1"),
            delete("text"),
            put("text", "y"),
            last,
        ]);
        let answer = match answer {
            Answer::NotSwapped { current: Some(_) } => Answer::NotSwapped {
                current: Some(version),
            },
            // The batch wrote text over the text, so it stays no number.
            other => other,
        };
        assert_eq!(book.does(batch), not_done(3, answer));
        let after = (book.cache.state.store.clone(), book.cache.state.named);
        assert_eq!(after, before);
    }
}

/// Each operation is held to the limits that it has alone.
#[test]
fn limits_hold_for_each_operation_of_a_batch() {
    let config = Config {
        key_bytes: 4,
        value_bytes: 20,
        page_keys: 2,
        ..Config::default()
    };
    let long = "a value of 21 bytes..";
    let cases = [
        (put("", "x"), Refusal::KeyEmpty),
        (delete("12345"), Refusal::KeyTooLong { given: 5, limit: 4 }),
        (
            put("k", long),
            Refusal::ValueTooLong {
                given: 21,
                limit: 20,
            },
        ),
        (put_for(Some(0), "k", "x"), Refusal::TimeToLiveZero),
        (get_many(&[]), Refusal::NothingToDo),
        (list("", None, 3), Refusal::PageSize { given: 3, limit: 2 }),
        (
            list("12345", None, 1),
            Refusal::KeyTooLong { given: 5, limit: 4 },
        ),
        (
            list("", Some("12345"), 1),
            Refusal::KeyTooLong { given: 5, limit: 4 },
        ),
    ];
    let mut book = Book::new(config);
    for (operation, refusal) in cases {
        assert_eq!(book.does(operation.clone()), refused(refusal.clone()));
        let batch = Operation::Batch(vec![put("k", "v"), operation]);
        assert_eq!(book.does(batch), not_done(1, refused(refusal)));
        assert!(book.cache.is_empty());
    }
}

#[test]
fn a_batch_has_limits_of_its_own() {
    let config = Config {
        batch_operations: 2,
        batch_bytes: 10,
        ..Config::default()
    };
    let mut book = Book::new(config);
    let (given, limit) = (3, 2);
    let cases = [
        (vec![], Refusal::NothingToDo),
        (
            vec![get("a"), get("b"), get("c")],
            Refusal::TooMany { given, limit },
        ),
        (
            vec![Operation::Batch(vec![get("a")])],
            Refusal::BatchInBatch,
        ),
        (
            vec![put("a", "12345"), put("b", "1234")],
            Refusal::BatchTooLarge {
                given: 11,
                limit: 10,
            },
        ),
        (
            vec![list("12345", Some("123456"), 1)],
            Refusal::BatchTooLarge {
                given: 11,
                limit: 10,
            },
        ),
    ];
    for (operations, refusal) in cases {
        assert_eq!(book.does(Operation::Batch(operations)), refused(refusal));
    }
    let fits = book.does(Operation::Batch(vec![put("a", "1234"), put("b", "1234")]));
    assert!(matches!(fits, Answer::Batch(_)), "{fits:?}");
}

#[test]
fn what_a_batch_finds_together_is_bounded() {
    let mut book = Book::new(Config {
        found_bytes: 9,
        ..Config::default()
    });
    book.does(put("a", "12345"));
    let (found, limit) = (10, 9);
    let refusal = Refusal::FoundTooLarge { found, limit };
    let twice = Operation::Batch(vec![get("a"), put("b", "x"), get("a")]);
    assert_eq!(book.does(twice), not_done(2, refused(refusal)));
    assert_eq!(book.value("b"), None);
    let once = book.does(Operation::Batch(vec![
        get("a"),
        get("b"),
        list("", None, 9),
    ]));
    assert!(matches!(once, Answer::Batch(_)), "{once:?}");
}

#[test]
fn what_a_batch_evicted_is_back_when_the_batch_is_not_done() {
    let mut book = Book::of_capacity(20);
    book.does(put("a", "123456789"));
    book.does(put("b", "123456789"));
    let before = (
        book.cache.state.store.clone(),
        book.cache.state.eviction.clone(),
    );
    let batch = |last| Operation::Batch(vec![put("c", "123456789"), last]);
    let applied = book.applies(batch(swap("d", Some(1), "x")));
    assert_eq!(
        applied.answer,
        not_done(1, Answer::NotSwapped { current: None })
    );
    assert_eq!(applied.removed, [], "nobody is told of what did not happen");
    let after = (
        book.cache.state.store.clone(),
        book.cache.state.eviction.clone(),
    );
    assert_eq!(after, before);

    let applied = book.applies(batch(get("a")));
    let removed: Vec<_> = applied
        .removed
        .iter()
        .map(|one| (&one.key[..], one.size))
        .collect();
    assert_eq!(removed, [(&b"a"[..], 10)]);
    assert!(matches!(applied.removed[0].why, RemovalReason::Evicted(_)));
}

#[test]
fn a_batch_may_evict_what_it_has_written_itself() {
    let mut book = Book::of_capacity(20);
    let applied = book.applies(Operation::Batch(vec![
        put("a", "123456789"),
        put("b", "123456789"),
        put("c", "123456789"),
        add("n", 1),
    ]));
    assert!(matches!(applied.answer, Answer::Batch(_)), "{applied:?}");
    let removed: Vec<Bytes> = applied.removed.into_iter().map(|one| one.key).collect();
    assert_eq!(removed, ["a", "b"].map(Bytes::from));
    assert_eq!(book.cache.bytes(), 12);
}

#[test]
fn a_batch_that_is_not_done_is_remembered_and_not_tried_again() {
    let mut book = Book::new(Config::default());
    let batch = Operation::Batch(vec![swap("k", Some(9), "x")]);
    let first = book.request((SESSION, 1, 1), batch.clone());
    assert_eq!(
        first.answer,
        not_done(0, Answer::NotSwapped { current: None })
    );
    for sequence in 2..9 {
        book.request((SESSION, sequence, 1), put("k", "v"));
    }
    assert_eq!(book.cache.get(b"k").map(|held| held.version), Some(9));
    let again = book.request((SESSION, 1, 1), batch);
    assert_eq!(again.taken, Taken::Before);
    assert_eq!(again.answer, first.answer, "though it could be done now");
}
