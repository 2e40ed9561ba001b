//! S3-FIFO (Yang and others, "FIFO Queues are All You Need for Cache Eviction", SOSP 2023).
//!
//! Newcomers enter a small queue; those that were used twice when they come to its end move to the main
//! queue, the others go, and their keys are remembered as ghosts. A ghost that comes back enters the
//! main queue at once. The main queue is a clock with two bits.
//!
//! The numbers are those of libCacheSim: a tenth of the capacity is for the small queue, ghosts stand
//! for nine tenths of it. As there, the small queue's surplus enters the main queue as long as nothing
//! was ever evicted, so that a cache that fills for the first time is not judged by its filling.

use super::ghosts::Ghosts;
use super::queue::Queue;
use super::{Policy, Remnant, Seat};
use crate::cache::EntryId;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// Uses in the small queue that an entry needs to move to the main queue.
const USES_TO_STAY: u8 = 2;
/// The most uses that count: two bits.
const USES_COUNTED: u8 = 3;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct S3Fifo {
    capacity: u64,
    #[serde(skip)]
    nodes: OrdMap<EntryId, Node>,
    small: Queue,
    main: Queue,
    ghosts: Ghosts,
    /// Something was evicted once.
    evicted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    key_hash: u64,
    size: u64,
    place: u64,
    uses: u8,
    queue: Which,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Which {
    Small,
    Main,
}

impl S3Fifo {
    pub(super) fn new(capacity: u64) -> S3Fifo {
        S3Fifo {
            capacity,
            nodes: OrdMap::new(),
            small: Queue::default(),
            main: Queue::default(),
            ghosts: Ghosts::default(),
            evicted: false,
        }
    }

    fn small_bound(&self) -> u64 {
        self.capacity / 10
    }

    fn main_bound(&self) -> u64 {
        self.capacity - self.small_bound()
    }

    fn ghost_bound(&self) -> u64 {
        self.capacity / 10 * 9
    }

    fn queue(&mut self, which: Which) -> &mut Queue {
        match which {
            Which::Small => &mut self.small,
            Which::Main => &mut self.main,
        }
    }

    /// Moves an entry to the end of the main queue, with so many uses to its credit.
    fn move_to_main(&mut self, entry: EntryId, uses: u8) {
        let mut node = self.node(entry);
        self.queue(node.queue).remove(node.place, node.size);
        (node.queue, node.uses) = (Which::Main, uses);
        node.place = self.main.push(entry, node.size);
        self.nodes.insert(entry, node);
    }

    fn node(&self, entry: EntryId) -> Node {
        *self
            .nodes
            .get(&entry)
            .expect("what stands in a queue has a node")
    }
}

impl Policy for S3Fifo {
    fn insert(&mut self, entry: EntryId, key_hash: u64, size: u64) {
        let known = self.ghosts.take(key_hash);
        let filling = !self.evicted && self.small.bytes() >= self.small_bound();
        let queue = if known || filling {
            Which::Main
        } else {
            Which::Small
        };
        let place = self.queue(queue).push(entry, size);
        let node = Node {
            key_hash,
            size,
            place,
            uses: 0,
            queue,
        };
        self.nodes.insert(entry, node);
    }

    fn access(&mut self, entry: EntryId) {
        if let Some(node) = self.nodes.get_mut(&entry) {
            node.uses = (node.uses + 1).min(USES_COUNTED);
        }
    }

    fn resize(&mut self, entry: EntryId, size: u64) {
        if let Some(node) = self.nodes.get_mut(&entry) {
            let (from, queue) = (node.size, node.queue);
            node.size = size;
            self.queue(queue).resize(from, size);
        }
    }

    fn remove(&mut self, entry: EntryId) {
        if let Some(node) = self.nodes.remove(&entry) {
            self.queue(node.queue).remove(node.place, node.size);
        }
    }

    fn victim(&mut self) -> Option<EntryId> {
        self.evicted = true;
        loop {
            let from_main = self.main.bytes() > self.main_bound() || self.small.is_empty();
            let queue = if from_main { &self.main } else { &self.small };
            let entry = queue.oldest()?;
            let node = self.node(entry);
            match node.queue {
                Which::Main if node.uses > 0 => self.move_to_main(entry, node.uses - 1),
                Which::Main => return Some(entry),
                Which::Small if node.uses >= USES_TO_STAY => self.move_to_main(entry, 0),
                Which::Small => {
                    let bound = self.ghost_bound();
                    self.ghosts.insert(node.key_hash, node.size, bound);
                    return Some(entry);
                }
            }
        }
    }

    fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.ghosts.shrink(self.ghost_bound());
    }

    fn seat(&self, entry: EntryId) -> Option<Seat> {
        let node = self.nodes.get(&entry)?;
        let queue = match node.queue {
            Which::Small => 0,
            Which::Main => 1,
        };
        Some(Seat::new(queue, node.place, node.uses))
    }

    fn seat_at(&mut self, (entry, key_hash, size): (EntryId, u64, u64), seat: Seat) -> bool {
        let Seat { place, uses, .. } = seat;
        let queue = match seat.queue {
            0 => Which::Small,
            1 => Which::Main,
            _ => return false,
        };
        let node = Node {
            key_hash,
            size,
            place,
            uses,
            queue,
        };
        self.nodes.insert(entry, node);
        self.queue(queue).put_back(place, entry, size) && uses <= USES_COUNTED
    }

    fn remnant_from(&self, from: u64) -> Option<(u64, Remnant)> {
        let (place, (key_hash, size)) = self.ghosts.at_or_after(from)?;
        let ghost = Remnant::Evicted {
            place,
            key_hash,
            size,
        };
        Some((place + 1, ghost))
    }

    fn remember(&mut self, remnant: &Remnant) -> bool {
        let Remnant::Evicted {
            place,
            key_hash,
            size,
        } = *remnant
        else {
            return false;
        };
        self.ghosts.put_back(place, (key_hash, size))
    }

    fn is_whole(&self) -> bool {
        self.ghosts.bytes() <= self.ghost_bound()
    }
}
