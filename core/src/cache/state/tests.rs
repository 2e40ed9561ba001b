//! What the state machine answers, and what it keeps.

mod batches;
mod book;
mod bounds;
mod expiry;
mod nesting;
mod operations;
mod reading;
mod sessions;

use super::Cache;
use crate::cache::{
    Answer, Apply, Command, Config, Found, Operation, Query, Refusal, Sequence, SessionId, Stamped,
    Taken, TimeToLive,
};
use crate::types::{Index, LogTime};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn put(session: u64, sequence: u64, key: &str, value: &str) -> Command {
    apply(
        session,
        sequence,
        1,
        Operation::Put {
            key: text(key),
            value: text(value),
            ttl: None,
        },
    )
}

fn apply(session: u64, sequence: u64, acknowledged: u64, operation: Operation) -> Command {
    Command::Apply(Apply {
        session: SessionId(session),
        sequence: Sequence(sequence),
        acknowledged: Sequence(acknowledged),
        operation,
    })
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn run(config: Config, commands: &[Command]) -> (Cache, Vec<Answer>) {
    let mut cache = Cache::new(config);
    let answers = commands
        .iter()
        .zip(1..)
        .map(|(command, index)| {
            cache
                .apply(Index(index), &Stamped::plain(command.clone()))
                .answer
        })
        .collect();
    (cache, answers)
}

#[test]
fn a_repeated_request_gets_the_first_answer_and_changes_nothing() {
    let commands = [
        Command::OpenSession,
        put(1, 1, "k", "a"),
        put(1, 2, "k", "b"),
        put(1, 1, "k", "a"),
    ];
    let (cache, answers) = run(Config::default(), &commands);
    assert_eq!(answers[3], answers[1]);
    assert_eq!(
        cache.get(b"k").map(|held| held.value.clone()),
        Some(text("b"))
    );
}

#[test]
fn an_expired_session_is_refused_and_never_applied() {
    let config = Config {
        sessions: 1,
        ..Config::default()
    };
    let commands = [
        Command::OpenSession,
        Command::OpenSession,
        put(1, 1, "k", "a"),
    ];
    let (cache, answers) = run(config, &commands);
    let refusal = Refusal::SessionExpired {
        session: SessionId(1),
    };
    assert_eq!(answers[2], Answer::Refused(refusal));
    assert!(cache.is_empty());
}

#[test]
fn the_session_that_was_silent_for_longest_expires_first() {
    let config = Config {
        sessions: 2,
        ..Config::default()
    };
    let commands = [
        Command::OpenSession,
        Command::OpenSession,
        put(1, 1, "k", "a"),
        Command::OpenSession,
    ];
    let (cache, _) = run(config, &commands);
    let open: Vec<u64> = cache.sessions().map(|(id, _)| id.0).collect();
    assert_eq!(open, [1, 4]);
}

#[test]
fn nothing_is_applied_beyond_the_window_until_answers_are_acknowledged() {
    let config = Config {
        answers: 2,
        ..Config::default()
    };
    let acknowledging = |sequence, acknowledged, value: &str| {
        let (key, value) = (text("k"), text(value));
        let ttl = None;
        apply(
            1,
            sequence,
            acknowledged,
            Operation::Put { key, value, ttl },
        )
    };
    let commands = [
        Command::OpenSession,
        acknowledging(1, 1, "a"),
        acknowledging(3, 1, "early"),
        acknowledging(3, 2, "c"),
        acknowledging(1, 1, "again"),
        acknowledging(2, 2, "b"),
    ];
    let (cache, answers) = run(config, &commands);
    let (sequence, limit) = (Sequence(3), 2);
    assert_eq!(
        answers[2],
        Answer::Refused(Refusal::WindowExceeded { sequence, limit })
    );
    assert_eq!(answers[3], Answer::Written { version: 4 });
    let sequence = Sequence(1);
    assert_eq!(
        answers[4],
        Answer::Refused(Refusal::AnswerForgotten { sequence })
    );
    assert_eq!(answers[5], Answer::Written { version: 6 });
    assert_eq!(
        cache.get(b"k").map(|held| held.value.clone()),
        Some(text("b"))
    );
}

#[test]
fn a_key_that_expired_and_is_written_again_is_another_entry() {
    let config = Config {
        expired_per_entry: 1,
        ..Config::default()
    };
    let mortal = |sequence, key: &str| {
        let (key, value) = (text(key), text("v"));
        let ttl = Some(TimeToLive(10));
        apply(1, sequence, sequence, Operation::Put { key, value, ttl })
    };
    let mut cache = Cache::new(config);
    let at = |time, command: &Command| Stamped {
        time: LogTime(time),
        touched: Vec::new(),
        command: command.clone(),
    };
    let commands = [Command::OpenSession, mortal(1, "a"), mortal(2, "b")];
    for (command, index) in commands.iter().zip(1..) {
        cache.apply(Index(index), &at(5, command));
    }
    let entry = |cache: &Cache| cache.get(b"b").map(|held| held.entry);
    let first = entry(&cache);
    // Both have expired. One is removed because that many are with each entry of the log, the other
    // because it is written again; both are told.
    let applied = cache.apply(Index(4), &at(15, &mortal(3, "b")));
    assert_eq!((applied.removed.len(), cache.len()), (2, 1));
    assert!(first.is_some() && entry(&cache).is_some() && entry(&cache) != first);
}

#[test]
fn bytes_are_counted_exactly() {
    let delete = |n, key| apply(1, n, 1, Operation::Delete { key: text(key) });
    let commands = [
        Command::OpenSession,
        put(1, 1, "key", "four"),
        put(1, 2, "key", "of5by"),
        put(1, 3, "other", ""),
        delete(4, "other"),
        delete(5, "absent"),
    ];
    let (cache, _) = run(Config::default(), &commands);
    assert_eq!(cache.bytes(), 8);
}

#[test]
fn limits_are_refused_with_the_numbers() {
    let config = Config {
        key_bytes: 2,
        value_bytes: 3,
        ..Config::default()
    };
    let commands = [
        Command::OpenSession,
        put(1, 1, "abc", ""),
        put(1, 2, "ab", "abcd"),
        put(1, 3, "", "x"),
    ];
    let (_, answers) = run(config, &commands);
    let refusals = [
        Refusal::KeyTooLong { given: 3, limit: 2 },
        Refusal::ValueTooLong { given: 4, limit: 3 },
        Refusal::KeyEmpty,
    ];
    assert_eq!(answers[1..], refusals.map(Answer::Refused));
}

fn command() -> impl Strategy<Value = Command> {
    let operation = prop_oneof![
        (0..4u8, 0..4u8).prop_map(|(key, value)| Operation::Put {
            key: Bytes::from(vec![key]),
            value: Bytes::from(vec![value]),
            ttl: None,
        }),
        (0..4u8).prop_map(|key| Operation::Delete {
            key: Bytes::from(vec![key])
        }),
        (0..4u8).prop_map(|key| Operation::Read(Query::Get {
            key: Bytes::from(vec![key])
        })),
    ];
    prop_oneof![
        1 => Just(Command::OpenSession),
        9 => (1..4u64, 1..9u64, 1..5u64, operation)
            .prop_map(|(s, n, ack, operation)| apply(s, n, ack, operation)),
    ]
}

proptest! {
    /// The naive twin keeps every request ever applied, for ever.
    #[test]
    fn nothing_is_ever_applied_twice(
        commands in prop::collection::vec(command(), 0..80), answers in 1..4u64,
    ) {
        let config = Config { answers, sessions: 3, ..Config::default() };
        let mut cache = Cache::new(config);
        let mut applied = BTreeSet::new();
        let mut keys: BTreeMap<Bytes, Bytes> = BTreeMap::new();
        for (command, index) in commands.iter().zip(1..) {
            let outcome = cache.apply(Index(index), &Stamped::plain(command.clone()));
            let Command::Apply(request) = command else { continue };
            let fresh = outcome.taken == Taken::Done && !matches!(outcome.answer, Answer::Refused(_));
            if fresh {
                prop_assert!(applied.insert((request.session, request.sequence)));
                match &request.operation {
                    Operation::Put { key, value, .. } => {
                        keys.insert(key.clone(), value.clone());
                    }
                    Operation::Delete { key } => {
                        keys.remove(key);
                    }
                    Operation::Read(Query::Get { key }) => {
                        let found = match &outcome.answer {
                            Answer::Found(Found::Value(found)) => found.as_ref().map(|held| &held.value),
                            other => panic!("a read finds: {other:?}"),
                        };
                        prop_assert_eq!(found, keys.get(key));
                    }
                    other => unreachable!("not among those drawn: {other:?}"),
                }
            }
        }
        let held: BTreeMap<Bytes, Bytes> =
            cache.iter().map(|(key, held)| (key.clone(), held.value.clone())).collect();
        prop_assert_eq!(held, keys);
    }

    /// A server that restarted from a snapshot answers as one that did not.
    #[test]
    fn snapshots_carry_everything_that_decides_an_answer(
        commands in prop::collection::vec(command(), 0..60), at in 0..60usize,
    ) {
        let config = Config { answers: 2, sessions: 3, ..Config::default() };
        let mut straight = Cache::new(config.clone());
        let mut restarted = Cache::new(config.clone());
        for (place, (command, index)) in commands.iter().zip(1..).enumerate() {
            if place == at {
                let image = restarted.snapshot();
                restarted = Cache::restore(config.clone(), &image).expect("just written");
                prop_assert_eq!(restarted.snapshot(), image);
            }
            let plain = Stamped::plain(command.clone());
            let answers = (straight.apply(Index(index), &plain), restarted.apply(Index(index), &plain));
            prop_assert_eq!(answers.0, answers.1);
        }
        prop_assert_eq!(straight.digest(), restarted.digest());
    }
}
