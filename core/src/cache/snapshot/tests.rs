use super::{RestoreError, SnapshotReader, SnapshotWriter};
use crate::cache::{
    Apply, Cache, Command, Config, Operation, PolicyKind, Query, Sequence, SessionId, Stamped,
    TimeToLive, Touched,
};
use crate::types::{Index, LogTime};
use bytes::Bytes;
use proptest::prelude::*;

const POLICIES: [PolicyKind; 5] = [
    PolicyKind::Lru,
    PolicyKind::Sieve,
    PolicyKind::S3Fifo,
    PolicyKind::WTinyLfu,
    PolicyKind::Learned,
];

/// A cache that has seen so many requests: it is full, and has evicted; keys have sizes, expire, and
/// come again; sessions remember answers.
fn used(policy: PolicyKind, requests: u64) -> Cache {
    let config = Config {
        policy,
        capacity_bytes: 400,
        ..Config::default()
    };
    let mut cache = Cache::new(config);
    for number in 1..=requests {
        let key = Bytes::from(format!("key-{}", (number * number) % 37));
        let operation = match number % 4 {
            0 => Operation::Read(Query::Get { key }),
            _ => Operation::Put {
                key,
                value: Bytes::from(vec![b'v'; (number % 23) as usize]),
                ttl: (number % 5 == 0).then_some(TimeToLive(number * 3)),
            },
        };
        let command = match number {
            1 | 2 => Command::OpenSession,
            _ => Command::Apply(Apply {
                session: SessionId(1 + number % 2),
                sequence: Sequence(number),
                acknowledged: Sequence(number - number % 4),
                operation,
            }),
        };
        let touched = cache.drawn().map(|entry| Touched { entry, times: 1 });
        let stamped = Stamped {
            time: LogTime(number),
            touched: touched.into_iter().collect(),
            command,
        };
        cache.apply(Index(number), &stamped);
    }
    cache
}

fn pieces(cache: &Cache, most: usize) -> Vec<Bytes> {
    let mut writer = SnapshotWriter::new(cache);
    let pieces = std::iter::from_fn(|| writer.next_piece(most)).collect();
    assert!(writer.is_done());
    pieces
}

#[test]
fn equal_states_give_equal_bytes_whatever_the_size_of_the_pieces() {
    for policy in POLICIES {
        let cache = used(policy, 300);
        let whole = cache.snapshot();
        for most in [1, 7, 64, 1_000, whole.len(), whole.len() + 1] {
            let pieces = pieces(&cache, most);
            let (last, full) = pieces.split_last().expect("a snapshot is not empty");
            assert!(full.iter().all(|piece| piece.len() == most) && last.len() <= most);
            assert_eq!(pieces.concat(), whole, "{policy:?} in pieces of {most}");
            let mut reader = SnapshotReader::new(cache.config().clone());
            for piece in &pieces {
                reader.push(piece).expect("it was just written");
            }
            assert_eq!(reader.finish().as_ref(), Ok(&cache), "{policy:?}, {most}");
        }
    }
}

#[test]
fn what_is_restored_decides_as_the_original_does() {
    for policy in POLICIES {
        let mut original = used(policy, 300);
        assert!(original.len() > 5 && original.sessions().count() == 2);
        let mut restored = Cache::restore(original.config().clone(), &original.snapshot())
            .expect("it was just written");
        restored.check_invariants();
        for number in 301..500 {
            let operation = Operation::Put {
                key: Bytes::from(format!("key-{}", number % 53)),
                value: Bytes::from(vec![b'w'; (number % 31) as usize]),
                ttl: None,
            };
            let apply = Apply {
                session: SessionId(1),
                sequence: Sequence(number),
                acknowledged: Sequence(number),
                operation,
            };
            let stamped = Stamped {
                time: LogTime(number),
                ..Stamped::plain(Command::Apply(apply))
            };
            let index = Index(number);
            assert_eq!(
                original.apply(index, &stamped),
                restored.apply(index, &stamped),
                "{policy:?}, {number}"
            );
        }
        assert_eq!(original.digest(), restored.digest());
    }
}

/// The state is that of the beginning, and no more of it is encoded than is asked for.
#[test]
fn a_snapshot_is_of_when_it_began_though_applying_goes_on() {
    let mut cache = used(PolicyKind::Sieve, 300);
    let (before, whole) = (cache.clone(), cache.snapshot());
    let longest_row = 300;
    let mut writer = SnapshotWriter::new(&cache);
    let (mut written, mut index) = (Vec::new(), 300);
    while let Some(piece) = writer.next_piece(100) {
        assert!(writer.rest.len() <= longest_row, "{}", writer.rest.len());
        written.extend_from_slice(&piece);
        index += 1;
        let apply = Apply {
            session: SessionId(2),
            sequence: Sequence(index),
            acknowledged: Sequence(index),
            operation: Operation::Delete {
                key: Bytes::from(format!("key-{}", index % 37)),
            },
        };
        cache.apply(Index(index), &Stamped::plain(Command::Apply(apply)));
    }
    assert!(written.len() > 500, "{}", written.len());
    assert_ne!(cache, before);
    assert_eq!(written, whole);
}

#[test]
fn other_versions_and_cut_snapshots_are_refused() {
    let cache = used(PolicyKind::WTinyLfu, 60);
    let good = cache.snapshot();
    let restore = |bytes: &[u8]| Cache::restore(cache.config().clone(), bytes);
    let mut newer = good.to_vec();
    newer[0] = 9;
    assert_eq!(restore(&newer), Err(RestoreError::Format { given: 9 }));
    for cut in 0..good.len() {
        let error = restore(&good[..cut]).expect_err("it was cut");
        let expected = matches!(error, RestoreError::CutShort { .. });
        assert!(expected, "cut at {cut}: {error}");
    }
    let mut longer = good.to_vec();
    longer.push(0);
    assert!(matches!(
        restore(&longer),
        Err(RestoreError::CutShort { .. })
    ));
}

/// The rows of a snapshot, as they are written.
fn rows(snapshot: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut rows) = (&snapshot[2..], Vec::new());
    while let Some((len, _)) = rest.split_first_chunk::<4>() {
        let (row, behind) = rest.split_at(4 + u32::from_le_bytes(*len) as usize);
        rows.push(row.to_vec());
        rest = behind;
    }
    rows
}

#[test]
fn rows_missing_twice_or_out_of_order_are_refused() {
    for policy in POLICIES {
        let cache = used(policy, 200);
        let snapshot = cache.snapshot();
        let rows = rows(&snapshot);
        let restore = |rows: Vec<Vec<u8>>| {
            let bytes = [&snapshot[..2], &rows.concat()].concat();
            Cache::restore(cache.config().clone(), &bytes)
        };
        assert!(restore(rows.clone()).is_ok());
        for at in 0..rows.len() - 1 {
            let mut swapped = rows.clone();
            swapped.swap(at, at + 1);
            // What is remembered of entries that left has no order of its own, but for counters.
            if let Ok(other) = restore(swapped) {
                assert!(at > 12 && other.iter().eq(cache.iter()), "{policy:?}, {at}");
            }
            let mut twice = rows.clone();
            twice.insert(at, rows[at].clone());
            if let Ok(other) = restore(twice) {
                assert_ne!(other, cache, "{policy:?}: counters twice, at {at}");
            }
        }
        let mut headless = rows.clone();
        headless.remove(0);
        assert_eq!(restore(headless), Err(RestoreError::Row { row: 1 }));
        let mut keyless = rows.clone();
        keyless.remove(1);
        assert_eq!(restore(keyless), Err(RestoreError::Contradiction));
    }
}

proptest! {
    /// A byte that changed never makes the reader panic, and what can be read can be used.
    #[test]
    fn a_changed_byte_is_refused_or_gives_a_cache_that_works(
        policy in 0..POLICIES.len(), at in any::<prop::sample::Index>(), to in any::<u8>(),
    ) {
        let cache = used(POLICIES[policy], 120);
        let mut bytes = cache.snapshot().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(mut other) = Cache::restore(cache.config().clone(), &bytes) {
            let apply = Apply {
                session: SessionId(1),
                sequence: Sequence(121),
                acknowledged: Sequence(1),
                operation: Operation::Put {
                    key: Bytes::from_static(b"new"),
                    value: Bytes::from(vec![0; 300]),
                    ttl: None,
                },
            };
            other.apply(Index(121), &Stamped::plain(Command::Apply(apply)));
            let again = Cache::restore(cache.config().clone(), &other.snapshot());
            prop_assert_eq!(again, Ok(other));
        }
    }
}
