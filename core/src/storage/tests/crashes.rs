//! Crashes at any operation, whatever they leave of what was not durable.

use super::disk::{MemoryDisk, Survives};
use super::server::{
    FRESH, IDENTITY, Promised, Server, at, check_idempotent, check_one_history, commit, entry,
    indexes, recovered, snapshot, term, term_of,
};
use crate::storage::cases::Case;
use crate::storage::{DiskOp, Finding, Identity, Record, SnapshotMark, Trust};
use crate::types::{Incarnation, Position};

/// A server whose operations are executed one by one, each followed by all crashes.
struct Crashes {
    server: Server,
    /// The records of the write under way: any first few of them may be found.
    writing: Vec<Record>,
    tried: u64,
    torn: u64,
}

impl Crashes {
    fn new() -> Crashes {
        let server = Server::new(IDENTITY);
        let (tried, torn) = (0, 0);
        Crashes {
            server,
            writing: Vec::new(),
            tried,
            torn,
        }
    }

    /// Executes one write, crashing everywhere on the way. What it says is promised at its end.
    fn execute(&mut self, ops: &[DiskOp]) {
        for op in ops {
            self.server.disk.execute(std::slice::from_ref(op));
            self.crash_everyhow();
        }
    }

    fn crash_everyhow(&mut self) {
        let disk = &self.server.disk;
        let changes = 1u32 << disk.pending().min(4);
        for change in 0..changes {
            for survives in Survives::ALL {
                let crashed = disk.crash(change, survives);
                self.torn += u64::from(self.check(&crashed));
                self.tried += 1;
            }
        }
        // Killed, not crashed: everything reads back, and not all of it is durable.
        self.check(&self.server.disk);
        self.tried += 1;
    }

    /// Recovers, and tells whether something was torn.
    fn check(&self, disk: &MemoryDisk) -> bool {
        let promised = &self.server.promised;
        // A host gives the first incarnation as long as nothing was ever durable.
        let never = *promised == Promised::default();
        let given = if never { IDENTITY } else { FRESH };
        let state = recovered(disk, given);
        assert_eq!(state.trust, Trust::Kept, "{:#?}", state.report);
        let mut missing = promised.missing_in(&state);
        let mut possible = promised.clone();
        for record in &self.writing {
            possible.note(record);
            missing = missing.filter(|_| possible.missing_in(&state).is_some());
        }
        assert_eq!(missing, None, "{:#?}", state.report);
        check_idempotent(disk, &state);
        let torn =
            |finding: &Finding| matches!(finding.case(), Case::TornTail | Case::SegmentUnwritten);
        state.report.steps.iter().any(torn)
    }

    fn write(&mut self, records: &[Record]) {
        let ops = self.server.wal.append(records);
        self.writing = records.to_vec();
        self.execute(&ops);
        self.writing.clear();
        self.server.promise(records);
    }

    fn save(&mut self, covers: Position) -> SnapshotMark {
        let (mark, ops) = snapshot(self.server.identity, covers);
        self.execute(&ops);
        mark
    }

    fn trim(&mut self) {
        let ops = self.server.wal.trim();
        self.execute(&ops);
    }
}

/// Appends, cuts, rotations, snapshots, an install, trimming and a restart.
#[test]
fn no_crash_loses_what_was_promised() {
    let mut run = Crashes::new();
    run.write(&[term(1)]);
    for index in 1..=12 {
        if index == 7 {
            run.write(&[term(2)]);
        }
        run.write(&[entry(term_of(index), index), commit(index - 1)]);
        if index == 5 || index == 10 {
            let mark = run.save(at(term_of(index / 5 * 4), index / 5 * 4));
            run.write(&[Record::Snapshot(mark)]);
            run.trim();
        }
    }
    run.write(&[term(3), entry(2, 13), entry(2, 14)]);
    run.write(&[entry(3, 13)]);
    let mark = run.save(at(3, 20));
    run.write(&[Record::Reset(mark), commit(20)]);
    run.trim();
    let state = recovered(&run.server.disk, FRESH);
    run.execute(&state.repairs);
    run.server.wal = state.wal;
    for index in 21..=26 {
        run.write(&[entry(3, index)]);
    }
    println!("{} crashes, {} with something torn", run.tried, run.torn);
    assert!(run.tried > 900 && run.torn > 100);
    assert!(
        run.server.disk.names().len() < 10,
        "trimmed: {:?}",
        run.server.disk.names()
    );
}

/// A crash while the fresh incarnation writes what is left: what comes of it is as good, and
/// nothing that the fresh incarnation promised is ever lost.
#[test]
fn a_crash_within_the_repairs_ends_in_the_same_or_another_fresh_incarnation() {
    let mut server = Server::with_history(IDENTITY);
    let (file, place) = server.find(10);
    server.flip(&file, place + 9);
    let lost = recovered(&server.disk, FRESH);
    let (mut kept, mut again) = (0, 0);
    for op in &lost.repairs {
        server.disk.execute(std::slice::from_ref(op));
        for changes in 0..1u32 << server.disk.pending().min(6) {
            for survives in Survives::ALL {
                let crashed = server.disk.crash(changes, survives);
                let incarnation = Incarnation(6);
                let next = Identity {
                    incarnation,
                    ..IDENTITY
                };
                let state = recovered(&crashed, next);
                check_one_history(&state);
                check_idempotent(&crashed, &state);
                match state.trust {
                    Trust::Kept => kept += 1,
                    Trust::Lost(_) => again += 1,
                }
                let own = if state.trust == Trust::Kept {
                    FRESH
                } else {
                    next
                };
                assert_eq!(state.identity, own);
                assert!(
                    state.commit.0 >= 8,
                    "at least the snapshot: {}",
                    state.commit
                );
            }
        }
    }
    println!("{kept} went on as incarnation 5, {again} as 6");
    assert!(kept > 100 && again > 10);
}

#[test]
fn a_tail_torn_at_any_byte_is_passed_over_for_ever() {
    let mut server = Server::new(IDENTITY);
    server.write(&[term(1), entry(1, 1)]);
    let whole = server.disk.bytes("wal-00000001.log").len();
    let promised = server.promised.clone();
    server.write_unsynced(&[entry(1, 2)]);
    let longer = server.disk.bytes("wal-00000001.log").len();
    for cut in whole..longer {
        let mut torn = server.disk.clone();
        torn.edit("wal-00000001.log", |bytes| bytes.truncate(cut));
        assert_eq!(indexes(&recovered(&torn, FRESH)), [1], "cut at {cut}");
        // Life goes on in a new segment, and the tear is remembered for what it is.
        let mut server = Server::start(torn, FRESH, promised.clone());
        server.write(&[entry(1, 2)]);
        let state = recovered(&server.disk, FRESH);
        assert_eq!(
            (indexes(&state), state.trust),
            (vec![1, 2], Trust::Kept),
            "cut at {cut}"
        );
    }
}

/// What only the older snapshot needs is still there, and what nothing needs is gone.
#[test]
fn trimming_leaves_what_the_older_snapshot_needs() {
    let mut server = Server::with_history(IDENTITY);
    server.snapshot(11);
    server.trim();
    let disk = server.disk.crashed();
    let state = recovered(&disk, FRESH);
    assert_eq!((indexes(&state), state.commit.0), (vec![12], 11));
    assert_eq!((disk.named(".snap").len(), server.find(9).1 > 0), (2, true));
    assert!(!disk.names().contains(&"wal-00000001.log".into()));

    let newest = disk.named(".snap").pop().expect("two");
    server.flip(&newest, 60);
    let state = recovered(&server.disk, FRESH);
    assert_eq!(
        (indexes(&state), state.trust),
        (vec![9, 10, 11, 12], Trust::Kept)
    );
}

/// A segment that begins between the naming of a snapshot and the trimming tells of three snapshots,
/// the first of which is gone soon after. No later run may look for it.
#[test]
fn what_was_trimmed_is_not_trimmed_again_in_the_next_run() {
    let mut server = Server::with_history(IDENTITY);
    server.snapshot(11);
    for index in 13..=18 {
        server.write(&[entry(2, index), commit(index - 1)]);
    }
    server.trim();
    assert_eq!(server.disk.named(".snap").len(), 2);
    let mut server = server.restarted();
    server.snapshot(15);
    server.trim();
    assert_eq!(server.disk.named(".snap").len(), 2);
    let state = recovered(&server.disk, FRESH);
    assert_eq!(
        (indexes(&state), state.trust),
        (vec![16, 17, 18], Trust::Kept)
    );
}
