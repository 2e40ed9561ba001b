//! Every byte of a small data directory changed, and every file cut at every length.

use super::disk::MemoryDisk;
use super::server::{
    FRESH, IDENTITY, Server, at, check_idempotent, check_one_history, commit, config, entry, term,
    term_of,
};
use crate::storage::{Config, LogEntry, Record, Recovered, Trust, recover};
use crate::types::Index;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Two segments and two snapshots, the older segment needed behind the older snapshot; and what
/// was there before the last write, which nobody was told of.
pub(super) fn directory() -> (Server, Recovered, Recovered) {
    let mut server = Server::with_config(IDENTITY, Config::default());
    server.write(&[term(1)]);
    for index in 1..=10 {
        if index == 7 {
            server.write(&[term(2)]);
        }
        server.write(&[entry(term_of(index), index), commit(index - 1)]);
        match index {
            5 => server.snapshot(3),
            9 => server = server.restarted(),
            _ => {}
        }
    }
    server.snapshot(8);
    let before = recover(&server.disk, FRESH, &Config::default()).expect("all is well");
    server.write_unsynced(&[entry(2, 11), commit(10)]);
    let after = recover(&server.disk, FRESH, &Config::default()).expect("all is well");
    (server, before, after)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Same,
    UnsyncedTailMissing,
    EndMissing,
    TrustLost,
    Refused,
}

/// What came of a harmed disk; panics when it is a silently wrong state.
fn judge(disk: &MemoryDisk, (before, after): (&Recovered, &Recovered), place: &str) -> Kind {
    let Ok(state) = recover(disk, FRESH, &Config::default()) else {
        return Kind::Refused;
    };
    check_one_history(&state);
    check_idempotent(disk, &state);
    if state.trust != Trust::Kept {
        return Kind::TrustLost;
    }
    let written = |found: &LogEntry| {
        let index = found.position.index.0;
        Record::Entry(found.clone()) == entry(term_of(index), index)
    };
    let reached = (last(&state), state.commit);
    let no_more = reached.0 <= last(after) && reached.1 <= after.commit;
    assert!(
        no_more && state.entries.iter().all(written),
        "silently wrong: {place}: {state:#?}"
    );
    if state.hard_state == after.hard_state && reached == (last(after), after.commit) {
        Kind::Same
    } else if state.hard_state == before.hard_state
        && reached.0 >= last(before)
        && reached.1 >= before.commit
    {
        Kind::UnsyncedTailMissing
    } else {
        Kind::EndMissing
    }
}

fn last(state: &Recovered) -> Index {
    let covers = state
        .snapshot
        .as_ref()
        .map_or(Index::ZERO, |(covers, _)| covers.index);
    state
        .entries
        .last()
        .map_or(covers, |last| last.position.index)
}

#[test]
fn every_byte_changed_is_noticed() {
    let (server, before, after) = directory();
    let mut counts = BTreeMap::new();
    for file in server.disk.names() {
        for place in 0..server.disk.bytes(&file).len() {
            for bits in [0x01, 0x80, 0xff] {
                let mut disk = server.disk.clone();
                disk.edit(&file, |bytes| bytes[place] ^= bits);
                let name = format!("{file}, byte {place}, {bits:#x}");
                let kind = judge(&disk, (&before, &after), &name);
                *counts.entry((file.clone(), kind)).or_insert(0) += 1;
            }
        }
    }
    for ((file, kind), count) in &counts {
        println!("{file}: {count} {kind:?}");
    }
    let of = |kind| {
        counts
            .iter()
            .filter(|((_, it), _)| *it == kind)
            .map(|(_, n)| *n)
            .sum::<u32>()
    };
    let (same, lost, tail) = (
        of(Kind::Same),
        of(Kind::TrustLost),
        of(Kind::UnsyncedTailMissing),
    );
    println!("{same} same, {lost} lost, {tail} without the tail");
    assert!(same > 300 && lost > 300 && tail > 100);
    assert_eq!((of(Kind::EndMissing), of(Kind::Refused)), (0, 0));
}

/// A file cut short is noticed, with one exception: the open segment, cut where nothing on the
/// disk says that more was there, is a disk of an earlier moment. No disk can tell that of itself.
#[test]
fn every_file_cut_anywhere_is_noticed_or_is_an_earlier_moment() {
    let (server, before, after) = directory();
    let open = server.disk.named(".log").pop().expect("two");
    let mut counts = BTreeMap::new();
    for file in server.disk.names() {
        for len in 0..server.disk.bytes(&file).len() {
            let mut disk = server.disk.clone();
            disk.edit(&file, |bytes| bytes.truncate(len));
            let name = format!("{file} cut to {len}");
            let kind = judge(&disk, (&before, &after), &name);
            assert!(kind != Kind::EndMissing || file == open, "{name}");
            *counts.entry((file.clone(), kind)).or_insert(0) += 1;
        }
    }
    for ((file, kind), count) in &counts {
        println!("{file}: {count} {kind:?}");
    }
    let seen = |kind| counts.keys().any(|(_, it)| *it == kind);
    assert!(seen(Kind::TrustLost) && seen(Kind::EndMissing) && seen(Kind::UnsyncedTailMissing));
    assert!(!seen(Kind::Refused));
}

/// A way to harm a disk.
#[derive(Clone, Debug)]
enum Harm {
    Flip(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index, prop::sample::Index),
    Delete(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Garbage(prop::sample::Index, Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), index()).prop_map(|(file, place)| Harm::Flip(file, place)),
        (index(), index()).prop_map(|(file, len)| Harm::Cut(file, len)),
        index().prop_map(Harm::Delete),
        (index(), index()).prop_map(|(one, other)| Harm::Swap(one, other)),
        (index(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(file, bytes)| Harm::Garbage(file, bytes)),
    ]
}

fn do_harm(server: &mut Server, harm: &Harm) {
    let names = server.disk.names();
    if names.is_empty() {
        return;
    }
    let name = |index: &prop::sample::Index| names[index.index(names.len())].clone();
    match harm {
        Harm::Flip(file, place) => {
            let (file, len) = (name(file), server.disk.bytes(&name(file)).len());
            if len > 0 {
                server.flip(&file, place.index(len));
            }
        }
        Harm::Cut(file, len) => {
            let place = len.index(server.disk.bytes(&name(file)).len() + 1);
            server.disk.edit(&name(file), |bytes| bytes.truncate(place));
        }
        Harm::Delete(file) => server.disk.delete(&name(file)),
        Harm::Swap(one, other) => {
            let (one, other) = (name(one), name(other));
            let (a, b) = (
                server.disk.bytes(&one).to_vec(),
                server.disk.bytes(&other).to_vec(),
            );
            server.disk.put(&one, b);
            server.disk.put(&other, a);
        }
        Harm::Garbage(file, bytes) => {
            server
                .disk
                .edit(&name(file), |content| content.extend_from_slice(bytes));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Several harms at once: one history comes out, and recovering it again changes nothing.
    #[test]
    fn recovery_is_idempotent(
        harms in prop::collection::vec(harm(), 0..4), installed in any::<bool>(), trimmed in any::<bool>(),
    ) {
        let mut server = Server::with_history(IDENTITY);
        if installed {
            server.install(at(2, 20));
            server.write(&[entry(2, 21)]);
        }
        if trimmed {
            server.trim();
        }
        harms.iter().for_each(|harm| do_harm(&mut server, harm));
        if let Ok(state) = recover(&server.disk, FRESH, &config()) {
            check_one_history(&state);
            check_idempotent(&server.disk, &state);
        }
    }

    /// Not even one that is made of bytes at random.
    #[test]
    fn no_bytes_make_recovery_panic(
        files in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4),
    ) {
        let mut disk = MemoryDisk::default();
        for (number, bytes) in files.into_iter().enumerate() {
            let name = match number % 2 {
                0 => format!("wal-{number:08}.log"),
                _ => format!("snapshot-{number:020}-{number:010}.snap"),
            };
            disk.put(&name, bytes);
        }
        if let Ok(state) = recover(&disk, FRESH, &config()) {
            check_one_history(&state);
        }
    }
}
