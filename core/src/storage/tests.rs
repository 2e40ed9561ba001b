//! Crashes between any two operations, torn tails and flipped bits, against the promise: what
//! was reported durable is there after recovery, or recovery refuses.

use super::{
    Config, Disk, DiskError, DiskOp, FileInfo, Finding, HardState, Identity, LogEntry, Record,
    Recovered, RecoveryError, SnapshotProblem, recover, save_snapshot,
};
use crate::types::{ClusterId, Incarnation, Index, NodeId, Position, Term};
use bytes::Bytes;
use std::collections::BTreeMap;

/// A disk whose crash loses exactly what was not synced.
#[derive(Clone, Debug, Default)]
struct MemoryDisk {
    files: BTreeMap<String, Vec<u8>>,
    synced: BTreeMap<String, Vec<u8>>,
    durable: BTreeMap<String, Vec<u8>>,
}

impl MemoryDisk {
    fn execute(&mut self, ops: &[DiskOp]) {
        for op in ops {
            op.execute(self).expect("this disk does not fail");
        }
    }

    fn crashed(&self) -> MemoryDisk {
        let left = self.durable.clone();
        MemoryDisk {
            files: left.clone(),
            synced: left.clone(),
            durable: left,
        }
    }
}

impl Disk for MemoryDisk {
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.files
            .entry(file.into())
            .or_default()
            .extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        let content = self.files[file].clone();
        if let Some(durable) = self.durable.get_mut(file) {
            durable.clone_from(&content);
        }
        self.synced.insert(file.into(), content);
        Ok(())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        let synced = |name: &String| self.synced.get(name).cloned().unwrap_or_default();
        self.durable = self
            .files
            .keys()
            .map(|name| (name.clone(), synced(name)))
            .collect();
        Ok(())
    }

    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        let content = self.files.get(file);
        let missing = || DiskError::NotFound { file: file.into() };
        content
            .map(|bytes| Bytes::copy_from_slice(bytes))
            .ok_or_else(missing)
    }

    fn list(&self) -> Vec<FileInfo> {
        let info = |(name, bytes): (&String, &Vec<u8>)| FileInfo {
            name: name.clone(),
            len: bytes.len() as u64,
        };
        self.files.iter().map(info).collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        for files in [&mut self.files, &mut self.synced] {
            if let Some(content) = files.remove(from) {
                files.insert(to.into(), content);
            }
        }
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.files.remove(file);
        self.synced.remove(file);
        Ok(())
    }
}

const IDENTITY: Identity = Identity {
    cluster: ClusterId(7),
    node: NodeId(1),
    incarnation: Incarnation::FIRST,
};

fn config() -> Config {
    Config { segment_bytes: 256 }
}

fn recovered(disk: &MemoryDisk) -> Recovered {
    recover(disk, IDENTITY, &config()).unwrap_or_else(|error| panic!("{error}"))
}

fn entry(term: u64, index: u64) -> Record {
    let position = Position::new(Term(term), Index(index));
    Record::Entry(LogEntry {
        position,
        kind: 1,
        payload: Bytes::from(format!("entry {index}")),
    })
}

fn term(term: u64) -> Record {
    Record::HardState(HardState {
        term: Term(term),
        vote: Some(NodeId(1)),
    })
}

fn snapshot(at: u64) -> (Record, Vec<DiskOp>) {
    let position = Position::new(Term(1), Index(at));
    let (mark, ops) = save_snapshot(IDENTITY, position, &Bytes::from(vec![at as u8; 50]));
    (Record::Snapshot(mark), ops)
}

fn indexes(state: &Recovered) -> Vec<u64> {
    state
        .entries
        .iter()
        .map(|entry| entry.position.index.0)
        .collect()
}

/// Entries 1 to 40, with snapshots at 10, 20 and 30, each named and then trimmed behind.
fn busy_history() -> Vec<Vec<DiskOp>> {
    let mut wal = recovered(&MemoryDisk::default()).wal;
    let mut writes = vec![wal.append(&[term(1)])];
    for index in 1..=40 {
        writes.push(wal.append(&[entry(1, index), Record::Commit(Index(index - 1))]));
        if index % 10 == 5 && index > 10 {
            let (record, ops) = snapshot(index - 5);
            writes.push(ops);
            writes.push(wal.append(&[record]));
            writes.push(wal.trim());
        }
    }
    writes
}

#[test]
fn a_crash_between_any_two_operations_loses_nothing_durable() {
    let ops: Vec<(usize, DiskOp)> = busy_history()
        .into_iter()
        .enumerate()
        .flat_map(|(write, ops)| ops.into_iter().map(move |op| (write, op)))
        .collect();
    let (mut disk, mut tried) = (MemoryDisk::default(), 0);
    let mut promised = 0;
    for (place, (write, op)) in ops.iter().enumerate() {
        disk.execute(std::slice::from_ref(op));
        if ops.get(place + 1).is_none_or(|(next, _)| next != write) {
            promised = recovered(&disk).wal_last();
        }
        let after = recovered(&disk.crashed());
        assert!(
            after.wal_last() >= promised,
            "after {place} operations: {promised} is promised"
        );
        tried += 1;
    }
    assert!(tried > 100, "{tried} crashes");
    assert!(
        disk.files.len() < 12,
        "old segments and snapshots are removed: {:?}",
        disk.list()
    );
}

impl Recovered {
    /// The last index, of an entry or of what the snapshot covers.
    fn wal_last(&self) -> u64 {
        let covers = self
            .snapshot
            .as_ref()
            .map_or(0, |(covers, _)| covers.index.0);
        self.entries
            .last()
            .map_or(covers, |entry| entry.position.index.0)
    }
}

/// The segment that held the snapshot's last entry is gone, and what follows it must stay.
#[test]
fn trimming_what_a_snapshot_covers_keeps_what_follows() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    disk.execute(&wal.append(&[term(1)]));
    for index in 1..=20 {
        disk.execute(&wal.append(&[entry(1, index)]));
    }
    let (record, ops) = snapshot(19);
    disk.execute(&ops);
    disk.execute(&wal.append(&[record]));
    disk.execute(&wal.trim());
    let state = recovered(&disk.crashed());
    assert_eq!((indexes(&state), state.commit), (vec![20], Index(19)));
}

#[test]
fn recovery_is_idempotent() {
    let mut disk = MemoryDisk::default();
    busy_history().iter().for_each(|ops| disk.execute(ops));
    let mut once = recovered(&disk);
    for run in 0..3 {
        disk.execute(&once.repairs);
        disk.execute(&once.wal.append(&[Record::Commit(Index(39))]));
        disk = disk.crashed();
        let again = recovered(&disk);
        assert_eq!(again.entries, once.entries, "run {run}");
        assert_eq!(again.snapshot, once.snapshot, "run {run}");
        assert_eq!(again.hard_state, once.hard_state, "run {run}");
        once = again;
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_passed_over() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    disk.execute(&wal.append(&[term(1), entry(1, 1)]));
    let whole = disk.files["wal-00000001.log"].len();
    disk.execute(&wal.append(&[entry(1, 2)]));
    let longer = disk.files["wal-00000001.log"].len();
    for cut in whole..longer {
        let mut torn = disk.clone();
        torn.files
            .get_mut("wal-00000001.log")
            .expect("there")
            .truncate(cut);
        let mut state = recovered(&torn);
        assert_eq!(indexes(&state), [1], "cut at {cut}");
        // Life goes on in a new segment, and the tear is remembered for what it is.
        torn.execute(&state.wal.append(&[entry(1, 2)]));
        assert_eq!(indexes(&recovered(&torn)), [1, 2], "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_is_never_taken_for_data() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    disk.execute(&wal.append(&[term(3), entry(1, 1), entry(2, 2)]));
    let (record, ops) = snapshot(1);
    disk.execute(&ops);
    disk.execute(&wal.append(&[record, entry(3, 3), Record::Commit(Index(3))]));
    let good = recovered(&disk);
    let (mut refused, mut set_aside, mut shorter) = (0, 0, 0);
    for (name, content) in &disk.files {
        for place in 0..content.len() * 8 {
            let mut flipped = disk.clone();
            flipped.files.get_mut(name).expect("there")[place / 8] ^= 1 << (place % 8);
            match recover(&flipped, IDENTITY, &config()) {
                Err(_) => refused += 1,
                // The very last record: not told apart from a tail that the crash tore.
                Ok(state) if state.commit < good.commit => shorter += 1,
                Ok(state) => {
                    assert_eq!(state.hard_state, good.hard_state, "{name}, bit {place}");
                    let kept = state.snapshot.is_none() || state.snapshot == good.snapshot;
                    assert!(kept, "{name}, bit {place}");
                    set_aside += 1;
                }
            }
        }
    }
    assert!(
        refused > 100 && shorter > 0,
        "{refused} refused, {shorter} shorter, {set_aside} same"
    );
}

#[test]
fn a_snapshot_that_no_record_names_is_set_aside_and_kept() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    disk.execute(&wal.append(&[term(1), entry(1, 1)]));
    disk.execute(&snapshot(1).1);
    let state = recovered(&disk);
    assert!(state.report.steps.iter().any(|step| matches!(
        step,
        Finding::SnapshotSetAside {
            why: SnapshotProblem::NotNamed,
            ..
        }
    )));
    assert_eq!((indexes(&state), state.snapshot.is_none()), (vec![1], true));
    let before = disk.files.len();
    disk.execute(&state.repairs);
    assert_eq!(disk.files.len(), before, "nothing is deleted");
    assert!(
        disk.files
            .keys()
            .any(|name| name.ends_with(".snap.quarantine"))
    );
}

#[test]
fn an_older_snapshot_serves_when_the_newest_is_damaged() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    disk.execute(&wal.append(&[term(1)]));
    for index in 1..=4 {
        disk.execute(&wal.append(&[entry(1, index)]));
    }
    for at in [2, 3] {
        let (record, ops) = snapshot(at);
        disk.execute(&ops);
        disk.execute(&wal.append(&[record]));
    }
    let newest = disk
        .files
        .keys()
        .rfind(|name| name.ends_with(".snap"))
        .cloned();
    let newest = newest.expect("there are two");
    disk.files.get_mut(&newest).expect("there").pop();
    let state = recovered(&disk);
    assert_eq!(
        state.snapshot.as_ref().map(|(covers, _)| covers.index),
        Some(Index(2))
    );
    assert_eq!(indexes(&state), [3, 4]);
}

#[test]
fn another_clusters_data_is_refused_and_left_alone() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    disk.execute(&wal.append(&[term(1), entry(1, 1)]));
    let other = Identity {
        cluster: ClusterId(8),
        ..IDENTITY
    };
    let refused = recover(&disk, other, &config());
    assert!(matches!(
        refused,
        Err(RecoveryError::ForeignIdentity {
            found: IDENTITY,
            ..
        })
    ));
}

#[test]
fn a_lost_committed_tail_is_never_clamped_silently() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    disk.execute(&wal.append(&[term(1), entry(1, 1), Record::Commit(Index(2))]));
    let expected = RecoveryError::CommitBeyondLog {
        commit: Index(2),
        last: Index(1),
    };
    assert_eq!(recover(&disk, IDENTITY, &config()), Err(expected));
}

#[test]
fn a_missing_segment_is_named() {
    let mut disk = MemoryDisk::default();
    let mut wal = recovered(&disk).wal;
    for index in 1..=30 {
        disk.execute(&wal.append(&[entry(0, index)]));
    }
    disk.files.remove("wal-00000002.log");
    let missing = "wal-00000002.log".into();
    let refused = recover(&disk, IDENTITY, &config());
    assert_eq!(refused, Err(RecoveryError::SegmentMissing { missing }));
}
