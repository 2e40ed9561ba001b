//! Requests that come again, late, in any order, or from nobody.

use super::book::{Book, SESSION, add, get, put, refused, written};
use crate::cache::{Answer, Command, Config, Refusal, Sequence, SessionId, Taken};
use crate::types::Duration;

fn expired(session: u64) -> Answer {
    let session = SessionId(session);
    refused(Refusal::SessionExpired { session })
}

fn forgotten(sequence: u64) -> Answer {
    let sequence = Sequence(sequence);
    refused(Refusal::AnswerForgotten { sequence })
}

fn beyond(sequence: u64, limit: u64) -> Answer {
    let sequence = Sequence(sequence);
    refused(Refusal::WindowExceeded { sequence, limit })
}

fn with_window(answers: u64) -> Config {
    Config {
        answers,
        ..Config::default()
    }
}

#[test]
fn requests_of_a_window_are_applied_in_any_order_and_once() {
    let mut book = Book::new(with_window(4));
    let first: Vec<_> = [3, 1, 4, 2]
        .map(|sequence| book.request((SESSION, sequence, 1), add("n", 1)))
        .into();
    assert_eq!(book.value("n").as_deref(), Some("4"));
    for (sequence, before) in [3, 1, 4, 2].into_iter().zip(first) {
        let again = book.request((SESSION, sequence, 1), add("n", 1));
        assert_eq!((again.answer, again.taken), (before.answer, Taken::Before));
    }
    assert_eq!(book.value("n").as_deref(), Some("4"));
}

#[test]
fn a_refusal_of_the_operation_is_an_answer_and_one_of_the_request_is_not() {
    let mut book = Book::new(with_window(1));
    book.request((SESSION, 1, 1), put("k", "text"));
    let refusal = book.request((SESSION, 2, 2), add("k", 1));
    assert_eq!(refusal.answer, refused(Refusal::NotANumber));
    assert_eq!(
        book.request((SESSION, 3, 2), put("k", "1")).answer,
        beyond(3, 1)
    );
    // It was never applied, so it can be sent again when there is room.
    assert_eq!(
        book.request((SESSION, 3, 3), put("k", "1")).answer,
        written(5)
    );
    let late = book.request((SESSION, 2, 2), add("k", 1));
    assert_eq!(late.answer, forgotten(2), "it is acknowledged by now");
    assert_eq!(book.value("k").as_deref(), Some("1"));
}

#[test]
fn who_acknowledges_nothing_is_stopped_by_the_window() {
    let mut book = Book::new(with_window(3));
    for sequence in 1..=3 {
        book.request((SESSION, sequence, 1), add("n", 1));
    }
    for sequence in [4, 5, u64::MAX] {
        let answer = book.request((SESSION, sequence, 1), add("n", 1)).answer;
        assert_eq!(answer, beyond(sequence, 3));
    }
    assert_eq!(book.value("n").as_deref(), Some("3"));
    let session = book.cache.sessions().next().expect("it is open").1;
    assert_eq!(session.remembered(), 3);
    let answer = book.request((SESSION, 4, 2), add("n", 1)).answer;
    assert!(matches!(answer, Answer::Counted { value: 4, .. }));
}

#[test]
fn answers_are_bounded_by_their_bytes_too() {
    let config = Config {
        answer_bytes: 100,
        ..Config::default()
    };
    let mut book = Book::new(config);
    book.request((SESSION, 1, 1), put("k", &"x".repeat(300)));
    book.request((SESSION, 2, 1), get("k"));
    let held = book.cache.sessions().next().expect("it is open").1.bytes();
    assert!(held > 300, "one answer is taken whatever its size: {held}");
    let limit = 100;
    let refusal = Refusal::AnswersTooLarge { held, limit };
    assert_eq!(
        book.request((SESSION, 3, 2), get("k")).answer,
        refused(Refusal::AnswersTooLarge {
            held: held - answer_size(&written(2)),
            limit,
        }),
        "the first is acknowledged: {refusal:?}"
    );
    let again = book.request((SESSION, 2, 1), get("k"));
    assert!(again.taken == Taken::Before && matches!(again.answer, Answer::Found(_)));
    let room = book.request((SESSION, 3, 3), add("n", 1)).answer;
    assert!(matches!(room, Answer::Counted { .. }), "{room:?}");
}

fn answer_size(answer: &Answer) -> u64 {
    postcard::to_allocvec(answer)
        .expect("an answer can be encoded")
        .len() as u64
}

#[test]
fn an_acknowledgement_that_goes_back_brings_nothing_back() {
    let mut book = Book::new(with_window(2));
    book.request((SESSION, 1, 1), add("n", 1));
    book.request((SESSION, 2, 2), add("n", 1));
    let late = book.request((SESSION, 3, 1), add("n", 1)).answer;
    assert!(
        matches!(late, Answer::Counted { value: 3, .. }),
        "1 stays acknowledged"
    );
    assert_eq!(
        book.request((SESSION, 1, 1), add("n", 1)).answer,
        forgotten(1)
    );
    assert_eq!(book.value("n").as_deref(), Some("3"));
}

#[test]
fn an_acknowledgement_of_what_never_came_gives_it_up() {
    let mut book = Book::new(with_window(2));
    // It says that it has the answers of 1 to 4, and none was sent. They can never be applied now.
    book.request((SESSION, 5, 5), add("n", 1));
    for sequence in 1..=4 {
        assert_eq!(
            book.request((SESSION, sequence, 1), add("n", 1)).answer,
            forgotten(sequence)
        );
    }
    // Nobody has the answer of a request before it is sent: that much is not believed.
    let own = book.request((SESSION, 6, 9), add("n", 1));
    let again = book.request((SESSION, 6, 9), add("n", 1));
    assert_eq!((again.taken, &again.answer), (Taken::Before, &own.answer));
    assert_eq!(book.value("n").as_deref(), Some("2"));
}

#[test]
fn numbers_at_both_ends_are_safe() {
    let mut book = Book::new(with_window(2));
    for acknowledged in [0, 1, u64::MAX] {
        let zero = book.request((SESSION, 0, acknowledged), add("n", 1));
        assert_eq!(
            (zero.answer, zero.taken),
            (refused(Refusal::SequenceZero), Taken::Refused)
        );
    }
    let first = book.request((SESSION, 1, 0), add("n", 1)).answer;
    assert!(
        matches!(first, Answer::Counted { value: 1, .. }),
        "{first:?}"
    );
    assert_eq!(
        book.request((SESSION, u64::MAX, 1), add("n", 1)).answer,
        beyond(u64::MAX, 2)
    );
    let last = book.request((SESSION, u64::MAX, u64::MAX), add("n", 1));
    let again = book.request((SESSION, u64::MAX, u64::MAX), add("n", 1));
    assert_eq!((again.answer, again.taken), (last.answer, Taken::Before));
    assert_eq!(
        book.request((SESSION, 2, 2), add("n", 1)).answer,
        forgotten(2)
    );
    assert_eq!(book.value("n").as_deref(), Some("2"));
}

#[test]
fn a_session_that_expired_is_refused_for_ever() {
    let config = Config {
        session_timeout: Duration::micros(10),
        expired_per_entry: 1,
        ..Config::default()
    };
    let mut book = Book::new(config);
    for _ in 0..2 {
        book.command(Command::OpenSession);
    }
    book.at(5).command(Command::KeepAlive(SessionId(3)));
    book.at(9).command(Command::KeepAlive(SessionId(SESSION)));
    book.request((2, 1, 1), add("n", 1));
    book.at(14).request((3, 1, 1), add("n", 1));
    assert_eq!(
        book.value("n").as_deref(),
        Some("2"),
        "they were heard of in time"
    );
    // Session 1 is removed with this entry; session 2 has expired and is not removed yet.
    let first = book.at(19).request((2, 2, 1), add("n", 1));
    assert_eq!(first.sessions_expired, [SessionId(SESSION)]);
    assert_eq!((first.answer, first.taken), (expired(2), Taken::Refused));
    assert_eq!(book.cache.sessions().count(), 2);
    assert_eq!(book.request((2, 2, 1), add("n", 1)).answer, expired(2));
    assert_eq!(
        book.command(Command::KeepAlive(SessionId(2))).answer,
        expired(2)
    );
    assert_eq!(
        book.request((SESSION, 1, 1), add("n", 1)).answer,
        expired(SESSION)
    );
    assert_eq!(book.request((77, 1, 1), add("n", 1)).answer, expired(77));
    assert_eq!(book.value("n").as_deref(), Some("2"));
    assert_eq!(
        book.at(23).command(Command::KeepAlive(SessionId(3))).answer,
        Answer::SessionKept
    );
    assert_eq!(
        book.at(32).command(Command::KeepAlive(SessionId(3))).answer,
        Answer::SessionKept
    );
}

#[test]
fn one_session_too_many_expires_the_silent_one_and_says_so() {
    let config = Config {
        sessions: 2,
        ..Config::default()
    };
    let mut book = Book::new(config);
    assert_eq!(book.command(Command::OpenSession).sessions_expired, []);
    book.command(Command::KeepAlive(SessionId(SESSION)));
    let third = book.command(Command::OpenSession);
    assert_eq!(third.sessions_expired, [SessionId(2)]);
    assert_eq!(book.request((2, 1, 1), add("n", 1)).answer, expired(2));
    assert!(book.cache.is_empty());
}

#[test]
fn a_closed_session_is_closed_however_often() {
    let mut book = Book::new(Config::default());
    for _ in 0..2 {
        let close = Command::CloseSession(SessionId(SESSION));
        assert_eq!(book.command(close).answer, Answer::SessionClosed);
        assert_eq!(
            book.request((SESSION, 1, 1), put("k", "v")).answer,
            expired(SESSION)
        );
    }
    assert!(book.cache.is_empty());
}
