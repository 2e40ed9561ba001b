//! The device in front of a disk: it takes writes in two lanes and needs time for each sync.

use super::capacity::Capacity;
use super::disk::{Lost, SimDisk};
use super::latency::Latency;
use crate::replica::{Lane, Write, WriteId};
use crate::storage::DiskError;
use crate::types::{Duration, Rng};
use std::collections::VecDeque;

/// The device in front of a disk: it takes writes in two lanes and needs time for each sync.
#[derive(Clone, Debug)]
pub struct Device {
    disk: SimDisk,
    latency: Latency,
    rng: Rng,
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
    /// An empty disk.
    #[must_use]
    pub fn new(latency: Latency, capacity: Capacity, rng: Rng) -> Device {
        let (log, snapshot) = (LaneQueue::default(), LaneQueue::default());
        Device {
            disk: SimDisk::new(capacity),
            latency,
            rng,
            log,
            snapshot,
        }
    }

    /// The disk behind it.
    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.disk
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
                    return Progress::Waits(self.latency.draw(&mut self.rng));
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

    /// The power goes.
    pub fn crash(&mut self) -> Lost {
        self.log = LaneQueue::default();
        self.snapshot = LaneQueue::default();
        self.disk.crash()
    }

    fn lane(&mut self, lane: Lane) -> &mut LaneQueue {
        match lane {
            Lane::Log => &mut self.log,
            Lane::Snapshot => &mut self.snapshot,
        }
    }
}
