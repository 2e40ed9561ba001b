//! The state machine beside its naive twin, under any sequence of commands.

use super::super::{
    Applied, Cache, Chosen, Command, Config, Configure, EntryId, Operation, PolicyKind, Stamped,
};
use super::twin::Twin;
use crate::cache::{
    Answer, Apply, Held, Query, Sequence, SessionId, TimeToLive, Touched, Versioned,
};
use crate::types::{Duration, Index, LogTime};
use bytes::Bytes;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = Bytes> {
    prop_oneof![Just("a"), Just("ab"), Just("b"), Just("ba"), Just("c")].prop_map(Bytes::from)
}

fn value() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        (0..30usize).prop_map(|len| Bytes::from(vec![b'x'; len])),
        any::<i8>().prop_map(|number| Bytes::from(number.to_string())),
        prop::sample::select(vec![
            "",
            "+1",
            "01",
            "-0",
            "0",
            "-",
            " 1",
            "1 ",
            "-9223372036854775808"
        ])
        .prop_map(Bytes::from),
        Just(Bytes::from(i64::MAX.to_string())),
    ]
}

fn ttl() -> impl Strategy<Value = Option<TimeToLive>> {
    proptest::option::of((1..12u64).prop_map(TimeToLive))
}

fn single() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (key(), value(), ttl()).prop_map(|(key, value, ttl)| Operation::Put { key, value, ttl }),
        1 => key().prop_map(|key| Operation::Delete { key }),
        1 => (key(), ttl()).prop_map(|(key, ttl)| Operation::Touch { key, ttl }),
        2 => (key(), proptest::option::of(1..40u64), value(), ttl()).prop_map(
            |(key, expected, value, ttl)| Operation::CompareAndSwap { key, expected, value, ttl }
        ),
        2 => (key(), any::<i8>()).prop_map(|(key, by)| Operation::Increment { key, by: by.into() }),
        2 => query().prop_map(Operation::Read),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let prefix = prop_oneof![Just(""), Just("a"), Just("b")].prop_map(Bytes::from);
    prop_oneof![
        key().prop_map(|key| Query::Get { key }),
        prop::collection::vec(key(), 1..4).prop_map(|keys| Query::GetMany { keys }),
        (prefix, proptest::option::of(key()), 1..4u32).prop_map(|(prefix, after, limit)| {
            Query::List {
                prefix,
                after,
                limit,
            }
        }),
    ]
}

fn operation(batches: bool) -> BoxedStrategy<Operation> {
    let batch = prop::collection::vec(single(), 1..5).prop_map(Operation::Batch);
    match batches {
        true => prop_oneof![4 => single(), 1 => batch].boxed(),
        false => single().boxed(),
    }
}

fn command(batches: bool) -> impl Strategy<Value = Command> {
    let apply = (1..8u64, 0..12u64, 0..12u64, operation(batches)).prop_map(
        |(session, sequence, acknowledged, operation)| {
            Command::Apply(Apply {
                session: SessionId(session),
                sequence: Sequence(sequence),
                acknowledged: Sequence(acknowledged),
                operation,
            })
        },
    );
    prop_oneof![
        2 => Just(Command::OpenSession),
        1 => (1..8u64).prop_map(|id| Command::KeepAlive(SessionId(id))),
        1 => (1..8u64).prop_map(|id| Command::CloseSession(SessionId(id))),
        1 => Just(Command::Advance),
        14 => apply,
    ]
}

/// Commands with stamps that mostly go forward, and reads told by the leader, of entries that may be gone.
fn stamped(batches: bool) -> impl Strategy<Value = Vec<Stamped>> {
    let touched = (1..30u64, 1..3u32).prop_map(|(entry, times)| Touched {
        entry: EntryId(entry),
        times,
    });
    // Now and then so much time passes that several keys and sessions expire at once.
    let passes = prop_oneof![9 => 0..4u64, 1 => 15..40u64];
    let one = (
        passes,
        0..30u64,
        prop::collection::vec(touched, 0..2),
        command(batches),
    );
    prop::collection::vec(one, 0..70).prop_map(|drawn| {
        let mut now = 20;
        let stamp = drawn.into_iter().map(|(passes, back, touched, command)| {
            now += passes;
            let time = LogTime(if back == 0 { now - 15 } else { now });
            Stamped {
                time,
                touched,
                command,
            }
        });
        stamp.collect()
    })
}

fn config(capacity_bytes: u64, policy: PolicyKind) -> Config {
    Config {
        capacity_bytes,
        policy,
        answers: 4,
        sessions: 3,
        session_timeout: Duration::micros(25),
        expired_per_entry: 1,
        found_bytes: 45,
        value_bytes: 28,
        ..Config::default()
    }
}

fn policy() -> impl Strategy<Value = PolicyKind> {
    prop::sample::select(PolicyKind::ALL.to_vec())
}

/// What anybody could read must be the same.
fn same(cache: &Cache, twin: &Twin) -> Result<(), TestCaseError> {
    let live = |key: &Bytes| cache.get(key).map(Held::versioned);
    let keys = cache
        .iter()
        .filter_map(|(key, _)| Some((key.clone(), live(key)?)));
    let keys: Vec<(Bytes, Versioned)> = keys.collect();
    let known: Vec<(Bytes, Versioned)> = twin.keys.clone().into_iter().collect();
    prop_assert_eq!(keys, known);
    for key in twin.keys.keys() {
        let query = Query::Get { key: key.clone() };
        prop_assert_eq!(cache.find(&query), twin.find(&query));
    }
    prop_assert!(
        cache.bytes() >= twin.bytes(),
        "what has expired may still be held"
    );
    Ok(())
}

proptest! {
    /// Batches among them, in a cache that never has to evict.
    #[test]
    fn every_answer_is_what_the_twin_says(commands in stamped(true), policy in policy()) {
        let config = config(1 << 20, policy);
        let (mut cache, mut twin) = (Cache::new(config.clone()), Twin::new(config));
        for (stamped, index) in commands.iter().zip(1..) {
            let applied = cache.apply(Index(index), stamped);
            cache.check_invariants();
            prop_assert_eq!(&applied.answer, &twin.apply(index, stamped, &applied.removed));
            same(&cache, &twin)?;
        }
    }

    /// The twin does not choose whom to evict; it says whether that was allowed, and what follows.
    #[test]
    fn a_full_cache_answers_as_one_that_forgot_what_was_evicted(
        commands in stamped(false), policy in policy(), capacity in 40..120u64,
    ) {
        let config = config(capacity, policy);
        let (mut cache, mut twin) = (Cache::new(config.clone()), Twin::new(config));
        for (stamped, index) in commands.iter().zip(1..) {
            let before = cache.bytes();
            let applied = cache.apply(Index(index), stamped);
            cache.check_invariants();
            prop_assert!(cache.bytes() <= capacity, "{} of {capacity}", cache.bytes());
            let evicted = applied.removed.iter().any(|one| one.why != super::super::RemovalReason::Expired);
            let written = match &stamped.command {
                Command::Apply(apply) => apply.operation.size() + 20,
                _ => 0,
            };
            prop_assert!(!evicted || before + written > capacity, "evicted without need");
            prop_assert_eq!(&applied.answer, &twin.apply(index, stamped, &applied.removed));
            same(&cache, &twin)?;
        }
    }

    /// A batch in a full cache, beside its operations one by one: the same, or nothing of it.
    #[test]
    fn a_batch_is_its_operations_in_order_or_nothing(
        commands in stamped(false), policy in policy(), capacity in 40..120u64,
        operations in prop::collection::vec(single(), 1..6),
    ) {
        let mut cache = Cache::new(config(capacity, policy));
        for (stamped, index) in commands.iter().zip(1..) {
            cache.apply(Index(index), stamped);
        }
        let index = Index(commands.len() as u64 + 1);
        let operation = Operation::Batch(operations.clone());
        // What is not accepted at all, and reads that are too much together, have tests of their own.
        prop_assume!(cache.config.rejection(&operation).is_none());
        let mut one_by_one = cache.state.clone();
        let (mut together, mut apart) = (Applied::none(), Applied::none());
        let done: Result<Vec<Answer>, Answer> = operations
            .iter()
            .map(|one| one_by_one.execute((index, u64::MAX), one, &mut apart))
            .collect();
        let before = cache.state.clone();
        let answer = cache.state.execute((index, u64::MAX), &operation, &mut together);
        cache.check_invariants();
        match (done, answer) {
            (Ok(answers), Ok(answer)) => {
                prop_assert_eq!(answer, Answer::Batch(answers));
                prop_assert_eq!(&cache.state, &one_by_one);
                prop_assert_eq!(together.removed, apart.removed);
            }
            (Err(first), Err(Answer::BatchNotDone { answer, .. })) => {
                prop_assert_eq!(*answer, first);
                prop_assert_eq!(&cache.state, &before);
                prop_assert_eq!(together.removed, []);
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// A server that restarted from a snapshot goes on as one that did not, whatever the policy, and
    /// through changes of policy and capacity and evictions that a model chose.
    #[test]
    fn replicas_are_equal_after_anything(
        commands in stamped(true), policy in policy(), other in policy(), at in 0..70usize,
        chosen in prop::collection::vec(1..20u64, 0..4),
    ) {
        let config = config(90, policy);
        let (mut straight, mut restarted) = (Cache::new(config.clone()), Cache::new(config.clone()));
        for (place, (stamped, index)) in commands.iter().zip(1..).enumerate() {
            let mut stamped = stamped.clone();
            if place == at {
                let image = restarted.snapshot();
                prop_assert_eq!(&straight.snapshot(), &image);
                restarted = Cache::restore(config.clone(), &image).expect("just written");
                prop_assert_eq!(&restarted.snapshot(), &image);
            }
            if place == at + 3 {
                let chosen = chosen.iter().filter_map(|entry| {
                    let entry = EntryId(*entry);
                    let held = straight.get(straight.key_of(entry)?)?;
                    Some(Chosen { entry, version: held.version })
                });
                stamped.command = Command::Evict(chosen.collect());
            }
            if place == at + 5 {
                stamped.command = Command::Configure(Configure {
                    policy: Some(other),
                    capacity: Some(1_024),
                });
            }
            let answers = (
                straight.apply(Index(index), &stamped),
                restarted.apply(Index(index), &stamped),
            );
            prop_assert_eq!(&answers.0, &answers.1);
            if let (Command::Evict(chosen), Answer::Evicted { entries }) = (&stamped.command, &answers.0.answer) {
                prop_assert!(*entries <= chosen.len() as u64);
            }
            straight.check_invariants();
            prop_assert_eq!(straight.digest(), restarted.digest());
        }
        prop_assert_eq!(straight.snapshot(), restarted.snapshot());
    }
}
