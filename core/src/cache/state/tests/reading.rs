//! Listings, page by page, and how much one answer holds.

use super::book::{Book, bytes, get, get_many, list, page, put, put_for, refused};
use crate::cache::{Answer, Config, Found, Query, Refusal};

const KEYS: [&str; 6] = ["a", "b", "b1", "b2", "b3", "c"];

fn filled() -> Book {
    let mut book = Book::new(Config::default());
    for key in KEYS {
        book.does(put(key, "v"));
    }
    book
}

#[test]
fn a_page_holds_the_keys_with_the_prefix_after_the_last_one() {
    type Case = (
        &'static str,
        Option<&'static str>,
        u32,
        &'static [&'static str],
        bool,
    );
    let cases: [Case; 15] = [
        ("", None, 9, &KEYS, false),
        ("", None, 6, &KEYS, false),
        ("", None, 5, &KEYS[..5], true),
        ("", Some("b2"), 9, &["b3", "c"], false),
        ("", Some("bx"), 9, &["c"], false),
        ("", Some(""), 1, &["a"], true),
        ("b", None, 4, &["b", "b1", "b2", "b3"], false),
        ("b", None, 3, &["b", "b1", "b2"], true),
        ("b", Some("b2"), 1, &["b3"], false),
        ("b", Some("b3"), 1, &[], false),
        ("b", Some("a"), 2, &["b", "b1"], true),
        ("b1", Some("a"), 2, &["b1"], false),
        ("b", Some("c"), 2, &[], false),
        ("d", None, 2, &[], false),
        ("b1x", None, 2, &[], false),
    ];
    let mut book = filled();
    for (prefix, after, limit, keys, more) in cases {
        let found = page(book.does(list(prefix, after, limit)));
        let expected = (keys.iter().map(|key| (*key).to_owned()).collect(), more);
        assert_eq!(found, expected, "{prefix:?} after {after:?}, {limit}");
    }
}

#[test]
fn pages_leave_out_what_has_expired_also_where_they_end() {
    let config = Config {
        expired_per_entry: 1,
        ..Config::default()
    };
    let mut book = Book::new(config);
    for (key, ttl) in [
        ("a", Some(5)),
        ("b", None),
        ("c", Some(5)),
        ("d", None),
        ("e", Some(5)),
    ] {
        book.at(10).does(put_for(ttl, key, "v"));
    }
    let (keys, more) = page(book.at(15).does(list("", None, 2)));
    assert_eq!(book.cache.len(), 4, "only one of three is removed");
    assert_eq!((keys, more), (vec!["b".into(), "d".into()], false));
}

#[test]
fn a_page_ends_where_its_keys_are_too_many_bytes_but_holds_one() {
    let keys = |found_bytes, limit| {
        let mut book = Book::new(Config {
            found_bytes,
            ..Config::default()
        });
        for key in ["aaaa", "bbbb", "cccc"] {
            book.does(put(key, "a value counts for nothing here"));
        }
        let (keys, more) = page(book.does(list("", None, limit)));
        (keys.len(), more)
    };
    assert_eq!(keys(12, 9), (3, false));
    assert_eq!(keys(11, 9), (2, true));
    assert_eq!(keys(8, 9), (2, true));
    assert_eq!(keys(12, 2), (2, true));
    assert_eq!(keys(1, 9), (1, true));
}

#[test]
fn a_read_of_many_keys_that_finds_too_much_is_refused_in_the_log_and_beside_it() {
    let mut book = Book::new(Config {
        found_bytes: 7,
        ..Config::default()
    });
    book.does(put("a", "four"));
    book.does(put("b", "three"));
    let (found, limit) = (9, 7);
    let refusal = Refusal::FoundTooLarge { found, limit };
    assert_eq!(book.does(get_many(&["a", "b"])), refused(refusal.clone()));
    let keys = vec![bytes("a"), bytes("b")];
    assert_eq!(book.cache.find(&Query::GetMany { keys }), Err(refusal));
    let one = book.does(get_many(&["a", "absent"]));
    assert!(matches!(one, Answer::Found(Found::Values(_))), "{one:?}");
    book.does(put("b", "longer than that"));
    let one = book.does(get("b"));
    assert!(
        matches!(one, Answer::Found(Found::Value(Some(_)))),
        "{one:?}"
    );
}
