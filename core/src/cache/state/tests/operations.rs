//! One operation at a time: what it answers and what it leaves.

use super::book::{Book, add, delete, get, get_many, put, put_for, refused, swap, touch, written};
use crate::cache::{Answer, Config, Found, Refusal};
use crate::types::LogTime;

#[test]
fn every_write_gives_the_key_the_index_of_its_entry_as_version() {
    let mut book = Book::new(Config::default());
    for operation in [put("k", "1"), add("k", 1), swap("k", Some(3), "x")] {
        let answer = book.does(operation);
        let version = book.version();
        let counted = Answer::Counted { value: 2, version };
        assert!(
            answer == written(version) || answer == counted,
            "{answer:?}"
        );
        assert_eq!(book.cache.get(b"k").map(|held| held.version), Some(version));
    }
    let before = book.cache.get(b"k").cloned();
    book.does(get("k"));
    book.does(put("other", "x"));
    assert_eq!(
        book.cache.get(b"k").cloned(),
        before,
        "reads and others change nothing"
    );
}

#[test]
fn a_swap_writes_only_at_the_version_that_it_expects() {
    let mut book = Book::new(Config::default());
    let not = |current| Answer::NotSwapped { current };
    assert_eq!(
        book.does(swap("k", Some(1), "x")),
        not(None),
        "absent, not expected so"
    );
    assert_eq!(book.does(swap("k", None, "a")), written(3));
    assert_eq!(book.does(swap("k", None, "b")), not(Some(3)));
    assert_eq!(book.does(swap("k", Some(2), "b")), not(Some(3)));
    assert_eq!(book.value("k").as_deref(), Some("a"));
    assert_eq!(book.does(swap("k", Some(3), "b")), written(6));
    assert_eq!(book.value("k").as_deref(), Some("b"));
    book.does(delete("k"));
    assert_eq!(
        book.does(swap("k", Some(6), "c")),
        not(None),
        "a deleted key has no version"
    );
}

#[test]
fn a_key_that_has_expired_is_absent_to_a_swap() {
    let mut book = Book::new(Config::default());
    book.at(10).does(put_for(Some(5), "k", "a"));
    let version = Some(book.version());
    let current = None;
    let late = book.at(15).does(swap("k", version, "b"));
    assert_eq!(late, Answer::NotSwapped { current });
    let answer = book.does(swap("k", None, "b"));
    assert_eq!(answer, written(book.version()));
}

#[test]
fn a_delete_says_whether_there_was_something() {
    let mut book = Book::new(Config::default());
    book.at(10).does(put_for(Some(5), "k", "a"));
    assert_eq!(book.does(delete("k")), Answer::Deleted { existed: true });
    assert_eq!(book.does(delete("k")), Answer::Deleted { existed: false });
    book.does(put_for(Some(5), "k", "a"));
    let late = book.at(15).does(delete("k"));
    assert_eq!(late, Answer::Deleted { existed: false }, "it has expired");
    assert_eq!((book.cache.len(), book.cache.bytes()), (0, 0));
}

#[test]
fn a_touch_changes_when_a_key_expires_and_nothing_else() {
    let mut book = Book::new(Config::default());
    assert_eq!(
        book.does(touch("k", None)),
        Answer::Touched { existed: false }
    );
    book.at(10).does(put("k", "a"));
    let before = book.cache.get(b"k").cloned().expect("just written");
    for (ttl, expires) in [(Some(7), Some(LogTime(27))), (None, None)] {
        let answer = book.at(20).does(touch("k", ttl));
        assert_eq!(answer, Answer::Touched { existed: true });
        let mut expected = before.clone();
        expected.expires = expires;
        assert_eq!(book.cache.get(b"k"), Some(&expected));
    }
}

#[test]
fn a_put_forgets_how_long_the_key_was_to_live_and_an_increment_does_not() {
    let mut book = Book::new(Config::default());
    let expires = |book: &Book| book.cache.get(b"k").and_then(|held| held.expires);
    book.at(10).does(put_for(Some(50), "k", "1"));
    book.at(20).does(add("k", 1));
    assert_eq!(expires(&book), Some(LogTime(60)));
    book.does(put("k", "1"));
    assert_eq!(expires(&book), None);
}

#[test]
fn an_increment_takes_numbers_as_it_writes_them() {
    let (least, most) = (i64::MIN.to_string(), i64::MAX.to_string());
    let overflow = |value, by| refused(Refusal::Overflow { value, by });
    let not = || refused(Refusal::NotANumber);
    let counted = |value| Answer::Counted { value, version: 3 };
    let cases = [
        ("0", 1, counted(1)),
        ("5", -7, counted(-2)),
        ("-3", 3, counted(0)),
        ("-3", 0, counted(-3)),
        (most.as_str(), 0, counted(i64::MAX)),
        (most.as_str(), 1, overflow(i64::MAX, 1)),
        (least.as_str(), -1, overflow(i64::MIN, -1)),
        (least.as_str(), i64::MAX, counted(-1)),
        ("9223372036854775808", 0, not()),
        ("", 1, not()),
        ("-", 1, not()),
        ("+1", 1, not()),
        ("01", 1, not()),
        ("-0", 1, not()),
        ("-01", 1, not()),
        (" 1", 1, not()),
        ("1 ", 1, not()),
        ("1\n", 1, not()),
        ("1.0", 1, not()),
        ("0x1", 1, not()),
        ("١", 1, not()),
    ];
    for (value, by, expected) in cases {
        let mut book = Book::new(Config::default());
        book.does(put("k", value));
        assert_eq!(book.does(add("k", by)), expected, "{value:?} and {by}");
        let after = match expected {
            Answer::Counted { value, .. } => value.to_string(),
            _ => value.into(),
        };
        assert_eq!(book.value("k"), Some(after));
    }
}

#[test]
fn a_key_that_is_absent_or_has_expired_counts_as_zero() {
    let mut book = Book::new(Config::default());
    let version = 2;
    assert_eq!(
        book.does(add("k", -4)),
        Answer::Counted { value: -4, version }
    );
    book.at(10).does(put_for(Some(5), "k", "7"));
    let (value, version) = (1, 4);
    assert_eq!(
        book.at(15).does(add("k", 1)),
        Answer::Counted { value, version }
    );
    let expires = book.cache.get(b"k").and_then(|held| held.expires);
    assert_eq!(expires, None, "nothing is left of the one that expired");
}

#[test]
fn a_read_of_many_keys_answers_in_the_order_of_the_question() {
    let mut book = Book::new(Config::default());
    book.at(10).does(put("a", "1"));
    book.does(put_for(Some(5), "mortal", "2"));
    let asked = get_many(&["none", "a", "mortal", "a"]);
    let values = |answer: Answer| match answer {
        Answer::Found(Found::Values(values)) => values
            .into_iter()
            .map(|one| Some(one?.version))
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        values(book.at(14).does(asked.clone())),
        [None, Some(2), Some(3), Some(2)]
    );
    assert_eq!(
        values(book.at(15).does(asked)),
        [None, Some(2), None, Some(2)]
    );
}
