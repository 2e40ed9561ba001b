//! What a crash may leave: of each unsynced append nothing, everything or a part, and of the
//! changes of names any.

use super::memory::records;
use flotilla_core::sim::{SimDisk, Survivors, Unsynced};
use flotilla_core::storage::Disk;
use std::collections::BTreeMap;

/// The most combinations at one crash; more than the run needs.
const MOST: usize = 20_000;

/// Every combination.
pub fn all(disk: &SimDisk) -> Vec<Survivors> {
    let unsynced = disk.unsynced();
    let mut combinations = vec![Survivors::default()];
    for cuts in cuts(disk, &unsynced) {
        combinations = product(&combinations, &cuts, |survivors, cut| {
            survivors.appends.push(*cut);
        });
    }
    for _ in &unsynced.names {
        combinations = product(&combinations, &[false, true], |survivors, kept| {
            survivors.names.push(*kept);
        });
    }
    let count = combinations.len();
    assert!(count <= MOST, "{count} combinations of {unsynced:?}");
    combinations
}

fn product<T>(
    combinations: &[Survivors],
    choices: &[T],
    choose: impl Fn(&mut Survivors, &T),
) -> Vec<Survivors> {
    let extended = combinations.iter().flat_map(|survivors| {
        let choose = &choose;
        choices.iter().map(move |choice| {
            let mut survivors = survivors.clone();
            choose(&mut survivors, choice);
            survivors
        })
    });
    extended.collect()
}

/// Where each unsynced append may be torn: before it, after its first byte, after its first
/// record, in the middle, before its last byte, and not at all.
fn cuts(disk: &SimDisk, unsynced: &Unsynced) -> Vec<Vec<u64>> {
    // The unsynced appends of a file are its end.
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for append in unsynced.appends.iter().rev() {
        let whole = disk.read(&append.file).unwrap_or_default();
        let end = ends.entry(&append.file).or_insert(whole.len() as u64);
        let start = end.saturating_sub(append.bytes);
        let bytes = whole.slice(start as usize..*end as usize);
        *end = start;
        let first = records(&bytes).first().map_or(0, |(_, end)| *end as u64);
        let len = append.bytes;
        let mut cuts = vec![0, 1, first, len / 2, len - 1, len];
        cuts.sort_unstable();
        cuts.dedup();
        all.push(cuts);
    }
    all.reverse();
    all
}
