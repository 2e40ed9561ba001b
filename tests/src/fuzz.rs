//! What is fuzzed: every reader of bytes that come from somewhere else. Each function takes any
//! bytes and panics if a promise is broken. `fuzz/` calls them with bytes that a fuzzer makes up,
//! `tests/corpus.rs` with those of `fuzz/corpus/`.

use crate::image::{IDENTITY, Image};
use bytes::{Bytes, BytesMut};
use flotilla_core::cache::{self, Cache, Stamped};
use flotilla_core::replica::Envelope;
use flotilla_core::sim::Scenario;
use flotilla_core::storage::{
    Config, Disk, DiskOp, Identity, Record, Recovered, Survey, Trust, open_snapshot, recover,
    save_snapshot, survey,
};
use flotilla_core::types::{Incarnation, Index};
use flotilla_core::view;

pub use crate::image::Image as DiskImage;

/// A function with the name of its target.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("record", record),
    ("snapshot", snapshot),
    ("message", message),
    ("commands", commands),
    ("scenario", scenario),
    ("recovery", recovery),
];

/// A record that is read is written again as one that reads the same.
pub fn record(bytes: &[u8]) {
    // The frame is only right if the checksum is, which no fuzzer guesses.
    let body = postcard::from_bytes::<Record>(bytes).ok();
    let framed = body.map(|record| encode(&record));
    for bytes in [bytes, framed.as_deref().unwrap_or_default()] {
        if let Ok((record, taken)) = Record::decode(bytes) {
            assert!(taken <= bytes.len(), "it takes {taken} of {}", bytes.len());
            let written = encode(&record);
            let again = Record::decode(&written);
            assert_eq!(again, Ok((record, written.len())));
        }
    }
}

fn encode(record: &Record) -> Bytes {
    let mut bytes = BytesMut::new();
    record.encode(&mut bytes);
    bytes.freeze()
}

/// Neither a snapshot file nor the cache's image in it makes a reader panic, and a cache that could
/// be restored says the same when it is saved again.
pub fn snapshot(bytes: &[u8]) {
    let whole = Bytes::copy_from_slice(bytes);
    let file = open_snapshot("any.snap", &whole);
    if let Ok(read) = &file {
        let (mark, _) = save_snapshot(read.identity, read.mark.position, &read.data);
        assert_eq!(
            (mark.len, mark.checksum),
            (read.mark.len, read.mark.checksum)
        );
    }
    let data = file.map_or(whole, |read| read.data);
    let cache = cache_in(&data).unwrap_or(&data);
    if let Ok(cache) = Cache::restore(cache::Config::default(), cache) {
        let saved = cache.snapshot();
        let again = Cache::restore(cache::Config::default(), &saved);
        let again = again.expect("it was just saved");
        assert_eq!(again.digest(), cache.digest());
        assert_eq!(again.snapshot(), saved, "a snapshot is canonical");
    }
}

/// What stands behind the head of a snapshot, which tells its own length.
#[must_use]
pub fn cache_in(snapshot: &[u8]) -> Option<&[u8]> {
    let (len, rest) = snapshot.split_first_chunk()?;
    rest.get(u32::from_le_bytes(*len) as usize..)
}

/// A message that is read is written again as one that reads the same.
pub fn message(bytes: &[u8]) {
    if let Ok(envelope) = postcard::from_bytes::<Envelope>(bytes) {
        let written = postcard::to_allocvec(&envelope).expect("it was read");
        assert_eq!(postcard::from_bytes(&written), Ok(envelope));
    }
}

/// Whatever stands in a log: what is no command is refused, what is one is applied and breaks no
/// invariant, on two servers alike, of which one restarts from a snapshot half-way.
pub fn commands(bytes: &[u8]) {
    if let Ok(stamped) = Stamped::decode(bytes) {
        assert_eq!(Stamped::decode(&stamped.encode()), Ok(stamped));
    }
    let (mut rest, mut log) = (bytes, Vec::new());
    while let Ok((stamped, more)) = postcard::take_from_bytes::<Stamped>(rest) {
        log.push(stamped);
        rest = more;
    }
    let config = small_cache();
    let (mut one, mut other) = (Cache::new(config.clone()), Cache::new(config.clone()));
    for (at, stamped) in log.iter().enumerate() {
        if at == log.len() / 2 {
            let saved = other.snapshot();
            other = Cache::restore(config.clone(), &saved).expect("it was just saved");
        }
        let index = Index(at as u64 + 1);
        assert_eq!(one.apply(index, stamped), other.apply(index, stamped));
        one.check_invariants();
    }
    assert_eq!(one.digest(), other.digest());
}

/// So small that a few commands meet every limit.
fn small_cache() -> cache::Config {
    cache::Config {
        capacity_bytes: 1 << 10,
        key_bytes: 64,
        value_bytes: 512,
        expired_per_entry: 2,
        sessions: 3,
        answers: 4,
        answer_bytes: 600,
        found_bytes: 700,
        ..cache::Config::default()
    }
}

/// A scenario that is accepted is written again as one that reads the same; one that is refused
/// is refused with a reason.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Scenario::parse(text) {
        Ok(scenario) => {
            let again = Scenario::parse(&scenario.to_toml());
            let again = again.unwrap_or_else(|error| panic!("written, then refused: {error}"));
            assert_eq!(again, scenario);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Whatever files a disk holds, recovery ends in a history without gaps or refuses; it removes
/// nothing; and what it repaired it finds again.
pub fn recovery(bytes: &[u8]) {
    let mut disk = Image::described(bytes);
    let surveyed = survey(&disk).expect("this disk can be read");
    let files = disk.list().len();
    let found = surveyed.segments.len() + surveyed.snapshots.len();
    let rest = surveyed.quarantine.len() + surveyed.others.len();
    assert_eq!(found + rest, files, "every file is told once");
    view::inspect(&disk, true).expect("this disk can be read");

    let Some(identity) = next_life(&surveyed) else {
        return;
    };
    let Ok(recovered) = recover(&disk, identity, &Config::default()) else {
        return;
    };
    assert_one_history(&recovered);
    for op in &recovered.repairs {
        assert!(!matches!(op, DiskOp::Remove { .. }), "{op:?}");
        op.execute(&mut disk)
            .unwrap_or_else(|error| panic!("{op:?}: {error}"));
    }
    assert!(
        disk.list().len() >= files,
        "no file took the place of another"
    );
    let after = Identity {
        incarnation: Incarnation(identity.incarnation.0 + 1),
        ..identity
    };
    let again = recover(&disk, after, &Config::default());
    let again = again.unwrap_or_else(|error| panic!("repaired, then refused: {error}"));
    assert_one_history(&again);
    assert_eq!(
        again.trust,
        Trust::Kept,
        "it is lost once: {:#?}",
        again.report
    );
    assert_eq!(
        state(&again),
        state(&recovered),
        "what was recovered is found again: {:#?}\nthen {:#?}",
        recovered.report,
        again.report
    );
}

/// As a host would start the server that wrote the oldest segment: whatever incarnations it had,
/// another one. None for a number that no server lives to see.
fn next_life(survey: &Survey) -> Option<Identity> {
    let headers = survey
        .segments
        .iter()
        .filter_map(|found| found.header.as_ref());
    let wrote = headers.map(|header| header.identity);
    let saved = survey.snapshots.iter();
    let saved = saved.filter_map(|found| found.content.as_ref().ok());
    let seen: Vec<_> = wrote.chain(saved.map(|found| found.identity)).collect();
    let owner = seen.first().copied().unwrap_or(IDENTITY);
    let newest = seen.iter().map(|identity| identity.incarnation.0).max();
    let newest = newest.unwrap_or_default().max(owner.incarnation.0);
    let incarnation = Incarnation(newest.checked_add(1).filter(|next| *next < u64::MAX)?);
    Some(Identity {
        incarnation,
        ..owner
    })
}

fn assert_one_history(recovered: &Recovered) {
    let covered = recovered.snapshot.as_ref().map(|(at, _)| at.index);
    let mut last = covered.unwrap_or(Index::ZERO);
    assert!(last <= recovered.commit, "snapshot <= commit");
    for entry in &recovered.entries {
        let position = entry.position;
        assert_eq!(position.index, last.next(), "entries follow each other");
        assert!(position.term <= recovered.hard_state.term, "{position}");
        last = position.index;
    }
    assert!(recovered.commit <= last, "commit <= last");
}

/// What a server would start with.
fn state(recovered: &Recovered) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        recovered.identity,
        recovered.hard_state,
        recovered.commit,
        recovered.snapshot.clone(),
        recovered.entries.clone(),
    )
}
