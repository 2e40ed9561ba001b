//! Crashes at every operation, and crashes again while recovery repairs.

use super::memory::Memory;
use super::run::{CLUSTER, Run, WATCHED};
use super::survivors;
use flotilla_core::sim::SimDisk;
use flotilla_core::storage::{
    Disk, DiskOp, HardState, Identity, Record, Recovered, Trust, recover,
};
use flotilla_core::types::Incarnation;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What was tried, and what went wrong.
#[derive(Default)]
pub struct Tally {
    /// Crashes, each with one combination of what survived.
    pub crashes: usize,
    /// Among them, disks that differ in what they hold.
    pub disks: usize,
    /// Crashes while recovery repaired, and in the first write after it.
    pub second_crashes: usize,
    /// How often recovery began a fresh incarnation.
    pub lost_trust: usize,
    pub failures: Vec<String>,
}

impl core::fmt::Display for Tally {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{} crashes, {} different disks, {} second crashes, {} fresh incarnations, {} failures",
            self.crashes,
            self.disks,
            self.second_crashes,
            self.lost_trust,
            self.failures.len()
        )
    }
}

/// What recovery may find after a crash.
#[derive(Clone)]
enum Expected {
    /// What the server remembered after so many records.
    AfterRecords(RangeInclusive<usize>),
    /// Exactly this: the server went on with it, and may have promised it.
    Exactly(Box<Memory>),
}

/// Where a crash comes, for whoever reads of a failure.
#[derive(Clone, Debug)]
struct Place(String);

pub struct Crashes<'a> {
    run: &'a Run,
    /// Whether recovery may begin a fresh incarnation rather than find everything.
    may_lose_trust: bool,
    pub tally: Tally,
}

impl<'a> Crashes<'a> {
    pub fn new(run: &'a Run) -> Crashes<'a> {
        Crashes {
            run,
            may_lose_trust: false,
            tally: Tally::default(),
        }
    }

    /// The power goes after each operation.
    pub fn at_every_operation(&mut self) {
        for (number, step) in self.run.steps.iter().enumerate() {
            let place = Place(format!("after operation {number} ({})", name(&step.op)));
            let expected = Expected::AfterRecords(step.durable..=step.written);
            for disk in self.crashed(&step.disk, &place) {
                if let Some(recovered) = self.recovered(&disk.0, &expected, &disk.1) {
                    self.crash_again(&disk.0, recovered, &expected, &disk.1);
                }
            }
        }
    }

    /// The process dies after each operation, and starts again on the same page cache.
    pub fn after_a_kill_at_every_operation(&mut self) {
        for (number, step) in self.run.steps.iter().enumerate() {
            let place = Place(format!(
                "killed after operation {number} ({})",
                name(&step.op)
            ));
            let all = Expected::AfterRecords(step.written..=step.written);
            self.tally.crashes += 1;
            if let Some(recovered) = self.recovered(&step.disk, &all, &place) {
                let expected = Expected::AfterRecords(step.durable..=step.written);
                self.crash_again(&step.disk, recovered, &expected, &place);
            }
        }
    }

    /// Each sync fails once; the server stops, and starts again on the same page cache.
    pub fn after_a_failed_sync_at_every_barrier(&mut self) {
        self.may_lose_trust = true;
        for (number, steps) in self.run.steps.windows(2).enumerate() {
            let [before, step] = steps else { continue };
            if !step.op.is_barrier() {
                continue;
            }
            let mut disk = before.disk.clone();
            disk.fail_syncs(1);
            assert!(step.op.execute(&mut disk).is_err());
            let place = Place(format!(
                "operation {} ({}) failed",
                number + 1,
                name(&step.op)
            ));
            let all = Expected::AfterRecords(step.written..=step.written);
            self.tally.crashes += 1;
            if let Some(recovered) = self.recovered(&disk, &all, &place) {
                let expected = Expected::AfterRecords(before.durable..=step.written);
                self.crash_again(&disk, recovered, &expected, &place);
            }
        }
    }

    /// Every different disk that a crash may leave.
    fn crashed(&mut self, disk: &SimDisk, place: &Place) -> Vec<(SimDisk, Place)> {
        let (mut seen, mut left) = (BTreeSet::new(), Vec::new());
        for survivors in survivors::all(disk) {
            self.tally.crashes += 1;
            let mut crashed = disk.clone();
            crashed.crash(&survivors);
            let files = crashed.list().into_iter();
            let contents = files.map(|info| (crashed.read(&info.name), info.name));
            let contents: Vec<_> = contents
                .map(|(bytes, name)| (name, bytes.expect("it is listed")))
                .collect();
            if seen.insert(contents) {
                self.tally.disks += 1;
                left.push((crashed, place.and(&survivors)));
            }
        }
        left
    }

    /// Recovers, and compares what comes of it with what must.
    fn recovered(
        &mut self,
        disk: &SimDisk,
        expected: &Expected,
        place: &Place,
    ) -> Option<Recovered> {
        let found = match recover(disk, self.identity(disk), &self.run.config.storage) {
            Ok(found) => found,
            Err(error) => {
                self.fail(place, format!("start refused: {error}"));
                return None;
            }
        };
        let memory = Memory::of(&found);
        if !memory.is_in_order() {
            self.fail(place, format!("not in order: {memory:?}"));
        }
        if let Trust::Lost(cases) = &found.trust {
            self.tally.lost_trust += 1;
            if !self.may_lose_trust {
                let cases: Vec<String> = cases.iter().map(ToString::to_string).collect();
                self.fail(place, format!("trust lost: {}", cases.join(", ")));
            }
            return None;
        }
        let met = match expected {
            Expected::AfterRecords(range) => range
                .clone()
                .any(|count| self.run.memories[count] == memory),
            Expected::Exactly(wanted) => **wanted == memory,
        };
        if !met {
            let wanted = match expected {
                Expected::AfterRecords(range) => {
                    let (low, high) = (*range.start(), *range.end());
                    let first = told(&self.run.memories[low]);
                    format!("records {low} to {high}, {first} or later")
                }
                Expected::Exactly(wanted) => told(wanted),
            };
            self.fail(
                place,
                format!("found {}, but wanted {wanted}", told(&memory)),
            );
            return None;
        }
        Some(found)
    }

    /// The power goes while recovery repairs, and while the server writes for the first time.
    fn crash_again(
        &mut self,
        disk: &SimDisk,
        mut recovered: Recovered,
        expected: &Expected,
        place: &Place,
    ) {
        let promised = Memory::of(&recovered);
        let next = HardState {
            term: promised.hard_state.term.next(),
            vote: None,
        };
        let repairs = std::mem::take(&mut recovered.repairs);
        let first_write = recovered.wal.append(&[Record::HardState(next)]);
        let mut disk = disk.clone();
        self.crashes_during(&mut disk, &repairs, expected, &place.and(&"repairing"));
        // From here on the server may have promised what it recovered.
        let kept = Expected::Exactly(Box::new(promised.clone()));
        let place = place.and(&"repaired");
        self.second_crash(&disk, &kept, &place);
        let mut written = promised;
        written.hard_state = next;
        let writing = first_write.len() - 1;
        for (number, op) in first_write.iter().enumerate() {
            op.execute(&mut disk).expect("there is room");
            let either = [kept.clone(), Expected::Exactly(Box::new(written.clone()))];
            let allowed = if number == writing {
                &either[1..]
            } else {
                &either[..]
            };
            let place = place.and(&format!("first write {number} ({})", name(op)));
            self.any_of(&disk, allowed, &place);
        }
    }

    fn crashes_during(
        &mut self,
        disk: &mut SimDisk,
        ops: &[DiskOp],
        expected: &Expected,
        place: &Place,
    ) {
        for (number, op) in ops.iter().enumerate() {
            op.execute(disk).expect("repairs are possible");
            let place = place.and(&format!("operation {number} ({})", name(op)));
            self.second_crash(disk, expected, &place);
        }
    }

    fn second_crash(&mut self, disk: &SimDisk, expected: &Expected, place: &Place) {
        self.any_of(disk, std::slice::from_ref(expected), place);
    }

    fn any_of(&mut self, disk: &SimDisk, allowed: &[Expected], place: &Place) {
        let (crashes, disks) = (self.tally.crashes, self.tally.disks);
        for (crashed, place) in self.crashed(disk, place) {
            let before = self.tally.failures.len();
            let met = allowed.iter().any(|expected| {
                let failed = self.tally.failures.len();
                self.recovered(&crashed, expected, &place);
                self.tally.failures.len() == failed
            });
            if met {
                self.tally.failures.truncate(before);
            }
        }
        self.tally.second_crashes += self.tally.crashes - crashes;
        (self.tally.crashes, self.tally.disks) = (crashes, disks);
    }

    /// Who the server is, as its host knows it: nobody was told anything before something was
    /// durable.
    fn identity(&self, disk: &SimDisk) -> Identity {
        let incarnation = if disk.was_written() {
            Incarnation(2)
        } else {
            Incarnation::FIRST
        };
        Identity {
            cluster: CLUSTER,
            node: WATCHED,
            incarnation,
        }
    }

    fn fail(&mut self, place: &Place, what: String) {
        self.tally.failures.push(format!("{}: {what}", place.0));
    }
}

impl Place {
    fn and(&self, what: &impl core::fmt::Debug) -> Place {
        Place(format!("{}, {what:?}", self.0))
    }
}

fn told(memory: &Memory) -> String {
    let HardState { term, vote } = memory.hard_state;
    let (covers, commit, last) = (memory.covers, memory.commit, memory.last());
    format!("term {term} vote {vote:?} snapshot {covers} commit {commit} last {last}")
}

fn name(op: &DiskOp) -> String {
    match op {
        DiskOp::Append { file, bytes } => format!("append {} bytes to {file}", bytes.len()),
        DiskOp::Sync { file } => format!("sync {file}"),
        DiskOp::SyncDir => "sync the directory".into(),
        DiskOp::Rename { from, to } => format!("rename {from} to {to}"),
        DiskOp::Remove { file } => format!("remove {file}"),
    }
}
