//! Bytes are counted exactly and never go beyond the capacity.

use super::book::{Book, add, delete, put, put_for, refused, written};
use crate::cache::state::{RemovalReason, Removed};
use crate::cache::{Answer, Chosen, Command, Config, Configure, EntryId, Refusal};
use bytes::Bytes;

fn keys(removed: &[Removed]) -> Vec<&[u8]> {
    removed.iter().map(|one| &one.key[..]).collect()
}

#[test]
fn a_write_fills_the_cache_to_its_last_byte_and_evicts_from_there() {
    let mut book = Book::of_capacity(12);
    assert_eq!(book.applies(put("a", "12345")).removed, []);
    assert_eq!(book.applies(put("b", "12345")).removed, []);
    assert_eq!(book.cache.bytes(), 12);
    assert_eq!(keys(&book.applies(put("c", "")).removed), [b"a"]);
    assert_eq!(book.cache.bytes(), 7);
}

#[test]
fn a_value_in_the_place_of_another_counts_for_the_difference() {
    let mut book = Book::of_capacity(12);
    book.does(put("a", "12345"));
    book.does(put("b", "12345"));
    for value in ["54321", "1", "", "12345"] {
        assert_eq!(book.applies(put("b", value)).removed, [], "{value} fits");
        assert_eq!(book.cache.bytes(), 7 + value.len() as u64);
    }
    assert_eq!(keys(&book.applies(put("b", "123456")).removed), [b"a"]);
    assert_eq!(book.cache.bytes(), 7);
}

#[test]
fn a_key_may_have_to_make_room_for_its_own_new_value() {
    let mut book = Book::of_capacity(12);
    book.does(put("a", "12345"));
    book.does(put("b", "12345"));
    let first = book.cache.get(b"a").map(|held| held.entry);
    // It is the least recently used one, and the other one has to go as well.
    let applied = book.applies(put("a", "12345678901"));
    assert_eq!(keys(&applied.removed), [b"a", b"b"]);
    assert_eq!(applied.answer, written(book.version()));
    assert_eq!((book.cache.len(), book.cache.bytes()), (1, 12));
    assert_ne!(
        book.cache.get(b"a").map(|held| held.entry),
        first,
        "it is another entry"
    );
}

#[test]
fn what_does_not_fit_alone_is_refused_and_evicts_nobody() {
    let mut book = Book::of_capacity(12);
    book.does(put("a", "99"));
    book.does(put("counter", "99999"));
    let capacity = 12;
    for operation in [put("b", "123456789012"), put("a", "123456789012")] {
        let applied = book.applies(operation);
        let given = 13;
        let refusal = Refusal::LargerThanCache { given, capacity };
        assert_eq!(
            (applied.answer, applied.removed),
            (refused(refusal), vec![])
        );
    }
    let given = 13;
    book.does(delete("a"));
    let refusal = Refusal::LargerThanCache { given, capacity };
    assert_eq!(book.does(add("counter", 1)), refused(refusal));
    assert_eq!(book.value("counter").as_deref(), Some("99999"));
}

#[test]
fn room_is_made_of_what_has_expired_before_anybody_is_evicted() {
    let config = Config {
        capacity_bytes: 12,
        expired_per_entry: 1,
        ..Config::default()
    };
    let mut book = Book::new(config);
    book.at(10).does(put("old", "1"));
    book.does(put_for(Some(5), "x", "1"));
    book.does(put_for(Some(5), "y", "1"));
    book.does(put_for(Some(5), "z", "1"));
    // x goes with the entry, y and z for the room.
    let applied = book.at(15).applies(put("new", "12345"));
    assert_eq!(keys(&applied.removed), [b"x", b"y", b"z"]);
    let expired = |one: &Removed| one.why == RemovalReason::Expired;
    assert!(applied.removed.iter().all(expired));
    assert_eq!(book.cache.bytes(), 12);
}

#[test]
fn a_smaller_capacity_evicts_at_once_and_one_out_of_range_changes_nothing() {
    let mut book = Book::of_capacity(1 << 20);
    for key in 0..100 {
        book.does(put(&format!("key-{key:03}"), &"x".repeat(93)));
    }
    let configure = |capacity| {
        Command::Configure(Configure {
            policy: None,
            capacity: Some(capacity),
        })
    };
    let (least, most) = (1 << 10, 1 << 40);
    for given in [least - 1, most + 1] {
        let refusal = Refusal::CapacityOutOfRange { given, least, most };
        assert_eq!(book.command(configure(given)).answer, refused(refusal));
        assert_eq!((book.cache.capacity(), book.cache.len()), (1 << 20, 100));
    }
    let applied = book.command(configure(least));
    assert_eq!(applied.answer, Answer::Configured);
    assert_eq!((applied.removed.len(), book.cache.bytes()), (90, 1_000));
}

#[test]
fn only_an_entry_as_it_was_chosen_is_evicted() {
    let mut book = Book::new(Config::default());
    for key in ["a", "b", "c"] {
        book.at(10).does(put(key, "v"));
    }
    book.does(put("b", "again"));
    book.does(put_for(Some(5), "mortal", "v"));
    let chosen = |entry, version| Chosen {
        entry: EntryId(entry),
        version,
    };
    // As chosen; written again meanwhile; named twice; never there; never that version.
    let choice = [(1, 2), (2, 3), (1, 2), (77, 2), (3, 5)];
    let choice = choice
        .map(|(entry, version)| chosen(entry, version))
        .to_vec();
    let applied = book.command(Command::Evict(choice));
    assert_eq!(applied.answer, Answer::Evicted { entries: 1 });
    assert_eq!(keys(&applied.removed), [b"a"]);
    assert_eq!(applied.removed[0].why, RemovalReason::Chosen);
    assert!(book.cache.get(b"b").is_some() && book.cache.get(b"c").is_some());
}

#[test]
fn a_choice_that_comes_too_late_is_told_as_expired() {
    let config = Config {
        expired_per_entry: 1,
        ..Config::default()
    };
    let mut book = Book::new(config);
    book.at(10).does(put_for(Some(5), "a", "v"));
    book.does(put_for(Some(5), "b", "v"));
    let (entry, version) = (EntryId(2), book.version());
    let late = book
        .at(15)
        .command(Command::Evict(vec![Chosen { entry, version }]));
    assert_eq!(late.answer, Answer::Evicted { entries: 0 });
    assert_eq!(keys(&late.removed), [b"a"]);
    assert_eq!(keys(&book.command(Command::Advance).removed), [b"b"]);
}

/// Every entry that leaves is told of once, or somebody deleted it: nothing is lost on the way.
#[test]
fn every_removal_is_told() {
    let config = Config {
        capacity_bytes: 40,
        expired_per_entry: 1,
        ..Config::default()
    };
    let mut book = Book::new(config);
    let (mut told, mut deleted) = (0, 0);
    for round in 0..400_u64 {
        let key = Bytes::from(vec![b'a' + (round * 7 % 11) as u8]);
        let name = std::str::from_utf8(&key).expect("a letter").to_owned();
        let ttl = (round % 3 == 0).then_some(1 + round % 5);
        let operation = match round % 5 {
            4 => delete(&name),
            _ => put_for(ttl, &name, &"x".repeat((round % 13) as usize)),
        };
        let applied = book.at(round).applies(operation);
        told += applied.removed.len();
        deleted += usize::from(applied.answer == Answer::Deleted { existed: true });
    }
    let named = book.cache.state.named as usize;
    assert!(told > 50 && deleted > 3, "{told} and {deleted}");
    assert_eq!(named, told + deleted + book.cache.len());
}
