//! Expiry on log time, and how much of it is done at once.

use super::book::{Book, SESSION, bytes, get, put, put_for, refused, touch};
use crate::cache::{Answer, Command, Config, EntryId, Query, Refusal, SessionId, TimeToLive};
use crate::types::{Duration, LogTime};

fn removing(expired_per_entry: u64) -> Config {
    Config {
        expired_per_entry,
        ..Config::default()
    }
}

#[test]
fn a_key_is_absent_from_the_microsecond_of_its_expiry_on() {
    let mut book = Book::new(removing(1));
    book.at(10).does(put_for(Some(5), "first", "v"));
    book.does(put_for(Some(5), "k", "v"));
    book.at(14).command(Command::Advance);
    assert!(book.value("k").is_some());
    book.at(15).command(Command::Advance);
    assert_eq!(book.cache.len(), 1, "it is still held");
    assert_eq!(book.value("k"), None);
    let query = Query::Get { key: bytes("k") };
    let found = book.cache.find(&query).expect("one key is never too much");
    assert!(!found.is_something());
}

#[test]
fn a_stamp_that_goes_back_does_nothing() {
    let mut book = Book::new(Config::default());
    book.at(10).does(put_for(Some(5), "k", "v"));
    book.at(14).command(Command::Advance);
    book.at(3).command(Command::Advance);
    assert_eq!(book.cache.time(), LogTime(14));
    book.at(0).does(put_for(Some(5), "late", "v"));
    let expires = book.cache.get(b"late").and_then(|held| held.expires);
    assert_eq!(
        expires,
        Some(LogTime(19)),
        "it counts from log time, not from its stamp"
    );
    book.at(15).command(Command::Advance);
    book.at(1).command(Command::Advance);
    assert_eq!(book.value("k"), None, "what has expired does not come back");
}

#[test]
fn removal_is_bounded_however_many_expire_at_once() {
    let mut book = Book::new(removing(10));
    for key in 0..95 {
        book.at(10).does(put_for(Some(5), &format!("{key}"), "v"));
    }
    let mut removed = Vec::new();
    for entry in 0..10 {
        let applied = book.at(15).command(Command::Advance);
        assert!(
            book.value("94").is_none(),
            "gone at entry {entry}, removed or not"
        );
        removed.push(applied.removed.len());
    }
    assert_eq!(removed, [10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    assert_eq!((book.cache.bytes(), book.cache.next_expiry()), (0, None));
}

#[test]
fn sessions_share_the_bound_and_are_closed_before_they_are_removed() {
    let config = Config {
        session_timeout: Duration::micros(100),
        ..removing(2)
    };
    let mut book = Book::new(config);
    for _ in 0..4 {
        book.command(Command::OpenSession);
    }
    book.at(10).does(put_for(Some(5), "k", "v"));
    // The key and one session; session 1 was heard of at 10, so it goes at 110.
    let first = book.at(109).command(Command::Advance);
    assert_eq!(
        (first.removed.len(), first.sessions_expired),
        (1, vec![SessionId(2)])
    );
    let keep = book.at(105).command(Command::KeepAlive(SessionId(5)));
    let session = SessionId(5);
    assert_eq!(keep.answer, refused(Refusal::SessionExpired { session }));
    assert_eq!(
        keep.sessions_expired,
        [3, 4].map(SessionId),
        "it was not yet removed itself"
    );
    let last = book.at(110).command(Command::Advance);
    assert_eq!(last.sessions_expired, [5, SESSION].map(SessionId));
}

#[test]
fn a_touch_and_a_write_change_when_a_key_expires() {
    let mut book = Book::new(Config::default());
    book.at(10).does(put_for(Some(5), "touched", "v"));
    book.does(put_for(Some(5), "mortal", "v"));
    book.does(put_for(Some(50), "sooner", "v"));
    book.at(12).does(touch("touched", Some(20)));
    book.does(put("mortal", "for ever"));
    book.does(touch("sooner", Some(1)));
    book.at(15).command(Command::Advance);
    let there = ["touched", "mortal", "sooner"].map(|key| book.value(key).is_some());
    assert_eq!(there, [true, true, false]);
    assert_eq!(book.cache.next_expiry(), Some(LogTime(32)));
    let late = book.at(32).does(touch("touched", Some(20)));
    assert_eq!(
        late,
        Answer::Touched { existed: false },
        "a touch revives nobody"
    );
    book.at(60).command(Command::Advance);
    let left: Vec<_> = book.cache.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(left, ["mortal"]);
}

#[test]
fn a_key_written_after_its_expiry_keeps_nothing_of_before() {
    let mut book = Book::new(removing(1));
    book.at(10).does(put_for(Some(5), "first", "v"));
    book.does(put_for(Some(6), "k", "old"));
    let applied = book.at(20).applies(put("k", "new"));
    assert_eq!(applied.removed.len(), 2);
    let held = book.cache.get(b"k").cloned().expect("just written");
    assert_eq!((held.entry, held.expires), (EntryId(3), None));
    assert_eq!(book.cache.key_of(EntryId(2)), None);
    assert_eq!(book.cache.next_expiry(), None);
}

#[test]
fn a_reader_is_told_of_expiries_to_come_and_not_of_past_ones() {
    let mut book = Book::new(removing(1));
    for (ttl, key) in [(5, "a"), (5, "b"), (9, "c")] {
        book.at(10).does(put_for(Some(ttl), key, "v"));
    }
    let listing = Query::List {
        prefix: bytes(""),
        after: None,
        limit: 9,
    };
    let one = |key| Query::Get { key: bytes(key) };
    let by = |book: &Book, query: &Query, until| book.cache.expires_by(query, LogTime(until));
    assert!(by(&book, &listing, 15) && !by(&book, &listing, 14));
    assert!(by(&book, &one("a"), 15) && !by(&book, &one("c"), 15));
    book.at(15).command(Command::Advance);
    assert_eq!(book.cache.len(), 2, "b has expired and is still held");
    assert!(!by(&book, &listing, 18), "b is hidden already");
    assert!(by(&book, &listing, 19) && !by(&book, &one("b"), 19));
    assert!(!by(&book, &listing, 3), "a clock that is behind log time");
}

#[test]
fn a_time_to_live_is_bounded_and_the_end_of_time_is_no_overflow() {
    let mut book = Book::new(Config::default());
    let limit = book.cache.config().ttl_max.as_micros();
    let (zero, given) = (Refusal::TimeToLiveZero, limit + 1);
    let long = Refusal::TimeToLiveTooLong { given, limit };
    for (ttl, refusal) in [(0, zero), (given, long)] {
        assert_eq!(
            book.does(put_for(Some(ttl), "k", "v")),
            refused(refusal.clone())
        );
        assert_eq!(book.does(touch("k", Some(ttl))), refused(refusal));
    }
    book.at(u64::MAX - 3).command(Command::Advance);
    book.request((SESSION, 99, 99), get("k"));
    assert_eq!(book.cache.sessions().count(), 0, "the session had expired");
    book.command(Command::OpenSession);
    let session = book.version();
    let ttl = TimeToLive(limit);
    book.request((session, 1, 1), put_for(Some(ttl.0), "k", "v"));
    let expires = book.cache.get(b"k").and_then(|held| held.expires);
    assert_eq!(expires, Some(LogTime(u64::MAX)));
}
