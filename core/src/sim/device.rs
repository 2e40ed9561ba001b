//! The device in front of a disk: it takes writes in two lanes and needs time for each sync.

use super::disk::{CrashReport, SimDisk, Survivors, Unsynced};
use super::scenario::{DiskConfig, Keep};
use crate::replica::{Lane, Write, WriteId};
use crate::storage::DiskError;
use crate::types::{Duration, Rng};
use std::collections::VecDeque;

/// The device in front of a disk: it takes writes in two lanes and needs time for each sync.
#[derive(Clone, Debug)]
pub struct Device {
    disk: SimDisk,
    config: DiskConfig,
    /// A sync takes so many times as long as the configuration says.
    slowness: u32,
    /// What syncs draw.
    latencies: Rng,
    /// What crashes draw: whether there are any does not shift what syncs draw.
    crashes: Rng,
    log: LaneQueue,
    snapshot: LaneQueue,
}

/// Writes of one lane, the first one under way.
#[derive(Clone, Debug, Default)]
struct LaneQueue {
    writes: VecDeque<Write>,
    /// Operations of the first write that are done.
    done: usize,
}

/// What a lane comes to when it is driven on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits for a sync, so long.
    Waits(Duration),
    /// A write is durable.
    Durable(WriteId),
    /// A write failed.
    Failed(WriteId, DiskError),
    /// Nothing is left to do.
    Idle,
}

impl Device {
    /// An empty disk, with the streams for its latencies and for its crashes.
    #[must_use]
    pub fn new(config: DiskConfig, latencies: Rng, crashes: Rng) -> Device {
        let (log, snapshot) = (LaneQueue::default(), LaneQueue::default());
        Device {
            disk: SimDisk::new(config.capacity_bytes),
            config,
            slowness: 1,
            latencies,
            crashes,
            log,
            snapshot,
        }
    }

    /// The disk behind it.
    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// The disk behind it, to be damaged or filled.
    pub fn disk_mut(&mut self) -> &mut SimDisk {
        &mut self.disk
    }

    /// How many times as long as configured a sync takes.
    #[must_use]
    pub fn slowness(&self) -> u32 {
        self.slowness
    }

    /// From now on a sync takes so many times as long as configured.
    pub fn slow_down(&mut self, factor: u32) {
        self.slowness = factor;
    }

    /// Takes a write. Tells whether its lane was idle and wants to be driven.
    pub fn submit(&mut self, write: Write) -> bool {
        let lane = self.lane(write.id.lane);
        lane.writes.push_back(write);
        lane.writes.len() == 1
    }

    /// Goes on until the lane must wait for the device, or a write is done.
    pub fn drive(&mut self, lane: Lane) -> Progress {
        loop {
            let queue = self.lane(lane);
            let Some(write) = queue.writes.front() else {
                return Progress::Idle;
            };
            let (id, next) = (write.id, write.ops.get(queue.done).cloned());
            match next {
                None => {
                    queue.writes.pop_front();
                    queue.done = 0;
                    return Progress::Durable(id);
                }
                Some(op) if op.is_barrier() => {
                    let drawn = self.config.sync_latency.draw(&mut self.latencies);
                    let slowed = drawn.0.saturating_mul(u64::from(self.slowness));
                    return Progress::Waits(Duration(slowed));
                }
                Some(op) => {
                    queue.done += 1;
                    if let Err(error) = self.disk.execute(op) {
                        return Progress::Failed(id, error);
                    }
                }
            }
        }
    }

    /// The sync for which the lane waited is done.
    pub fn synced(&mut self, lane: Lane) -> Option<(WriteId, DiskError)> {
        let queue = self.lane(lane);
        let write = queue.writes.front()?;
        let (id, op) = (write.id, write.ops.get(queue.done).cloned()?);
        queue.done += 1;
        self.disk.execute(op).err().map(|error| (id, error))
    }

    /// The power goes. What is on its way to the disk is gone; of what the page cache held, what
    /// `keep` says survives.
    pub fn crash(&mut self, keep: &Keep) -> CrashReport {
        self.forget_writes();
        let unsynced = self.disk.unsynced();
        let survivors = match keep {
            Keep::Drawn => self.draw_survivors(&unsynced),
            Keep::Nothing => Survivors::default(),
            Keep::Everything => Survivors::everything(&unsynced),
            Keep::First { bytes, names } => Survivors::first(&unsynced, *bytes, *names),
            Keep::Only { appends, names } => Survivors::only(&unsynced, appends, names),
        };
        self.disk.crash(&survivors)
    }

    /// The server's process is gone, and the machine is not: what was handed to the disk stays in
    /// its page cache, unsynced.
    pub fn forget_writes(&mut self) {
        self.log = LaneQueue::default();
        self.snapshot = LaneQueue::default();
    }

    fn draw_survivors(&mut self, unsynced: &Unsynced) -> Survivors {
        let (config, rng) = (&self.config, &mut self.crashes);
        let appends = unsynced.appends.iter().map(|append| {
            if rng.chance(config.survival_ppm) {
                append.bytes
            } else if rng.chance(config.torn_ppm) {
                rng.below(append.bytes)
            } else {
                0
            }
        });
        let appends = appends.collect();
        let names = unsynced.names.iter();
        let names = names.map(|_| rng.chance(config.name_survival_ppm));
        Survivors {
            appends,
            names: names.collect(),
        }
    }

    fn lane(&mut self, lane: Lane) -> &mut LaneQueue {
        match lane {
            Lane::Log => &mut self.log,
            Lane::Snapshot => &mut self.snapshot,
        }
    }
}
