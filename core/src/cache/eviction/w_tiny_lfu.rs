//! W-TinyLFU (Einziger and others, "TinyLFU: A Highly Efficient Cache Admission Policy", 2017).
//!
//! Newcomers pass through a small window. What comes to its end is admitted to the main part only if it
//! was used more often, by the sketch, than what would have to go from there. The main part is a
//! segmented LRU: a fifth is on probation, and what is used there becomes protected.
//!
//! As in libCacheSim, the window takes a hundredth of the capacity. It may hold more as long as nothing
//! has to go: the main part is filled from it when room is needed for the first time.

use super::queue::Queue;
use super::sketch::Sketch;
use super::{Policy, Remnant, Seat};
use crate::cache::EntryId;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct WTinyLfu {
    capacity: u64,
    #[serde(skip)]
    nodes: OrdMap<EntryId, Node>,
    window: Queue,
    probation: Queue,
    protected: Queue,
    sketch: Sketch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    key_hash: u64,
    size: u64,
    place: u64,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Window,
    Probation,
    Protected,
}

impl WTinyLfu {
    pub(super) fn new(capacity: u64) -> WTinyLfu {
        WTinyLfu {
            capacity,
            nodes: OrdMap::new(),
            window: Queue::default(),
            probation: Queue::default(),
            protected: Queue::default(),
            sketch: Sketch::default(),
        }
    }

    fn main_bound(&self) -> u64 {
        self.capacity - self.capacity / 100
    }

    fn probation_bound(&self) -> u64 {
        self.main_bound() / 5
    }

    fn protected_bound(&self) -> u64 {
        self.main_bound() / 5 * 4
    }

    fn queue(&mut self, part: Part) -> &mut Queue {
        match part {
            Part::Window => &mut self.window,
            Part::Probation => &mut self.probation,
            Part::Protected => &mut self.protected,
        }
    }

    fn node(&self, entry: EntryId) -> Node {
        *self
            .nodes
            .get(&entry)
            .expect("what stands in a queue has a node")
    }

    /// Moves an entry to the newest end of a part.
    fn move_to(&mut self, entry: EntryId, part: Part) {
        let mut node = self.node(entry);
        self.queue(node.part).remove(node.place, node.size);
        node.part = part;
        node.place = self.queue(part).push(entry, node.size);
        self.nodes.insert(entry, node);
    }

    /// Takes an entry of the window into the main part: on probation, unless only the protected segment
    /// has room.
    fn admit(&mut self, entry: EntryId) {
        let size = self.node(entry).size;
        let crowded = self.probation.bytes() + size > self.probation_bound();
        let room = self.protected.bytes() + size <= self.protected_bound();
        let part = if crowded && room {
            Part::Protected
        } else {
            Part::Probation
        };
        self.move_to(entry, part);
    }

    fn frequency(&self, entry: EntryId) -> u64 {
        self.sketch.frequency(self.node(entry).key_hash)
    }
}

impl Policy for WTinyLfu {
    fn insert(&mut self, entry: EntryId, key_hash: u64, size: u64) {
        let place = self.window.push(entry, size);
        let part = Part::Window;
        let node = Node {
            key_hash,
            size,
            place,
            part,
        };
        self.nodes.insert(entry, node);
        self.sketch.fit(self.nodes.len());
        self.sketch.add(key_hash);
    }

    fn access(&mut self, entry: EntryId) {
        let Some(node) = self.nodes.get(&entry).copied() else {
            return;
        };
        match node.part {
            // A burst of uses soon after the insertion says nothing of popularity.
            Part::Window => self.move_to(entry, Part::Window),
            Part::Probation | Part::Protected => {
                self.sketch.add(node.key_hash);
                self.move_to(entry, Part::Protected);
            }
        }
        while self.protected.bytes() > self.protected_bound() {
            let oldest = self.protected.oldest().expect("bytes belong to entries");
            self.move_to(oldest, Part::Probation);
        }
    }

    fn resize(&mut self, entry: EntryId, size: u64) {
        if let Some(node) = self.nodes.get_mut(&entry) {
            let (from, part) = (node.size, node.part);
            node.size = size;
            self.queue(part).resize(from, size);
        }
    }

    fn remove(&mut self, entry: EntryId) {
        if let Some(node) = self.nodes.remove(&entry) {
            self.queue(node.part).remove(node.place, node.size);
        }
    }

    fn victim(&mut self) -> Option<EntryId> {
        loop {
            let resident = self.probation.oldest().or_else(|| self.protected.oldest());
            let Some(newcomer) = self.window.oldest() else {
                return resident;
            };
            let main_bytes = self.probation.bytes() + self.protected.bytes();
            if main_bytes + self.node(newcomer).size <= self.main_bound() {
                self.admit(newcomer);
                continue;
            }
            // The newcomer that wins stays in the window until the main part has room for it.
            let wins = |resident: &EntryId| self.frequency(newcomer) > self.frequency(*resident);
            return Some(resident.filter(wins).unwrap_or(newcomer));
        }
    }

    fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
    }

    fn seat(&self, entry: EntryId) -> Option<Seat> {
        let node = self.nodes.get(&entry)?;
        let queue = match node.part {
            Part::Window => 0,
            Part::Probation => 1,
            Part::Protected => 2,
        };
        Some(Seat::new(queue, node.place, 0))
    }

    fn seat_at(&mut self, (entry, key_hash, size): (EntryId, u64, u64), seat: Seat) -> bool {
        let place = seat.place;
        let part = match seat.queue {
            0 => Part::Window,
            1 => Part::Probation,
            2 => Part::Protected,
            _ => return false,
        };
        let node = Node {
            key_hash,
            size,
            place,
            part,
        };
        self.nodes.insert(entry, node);
        self.queue(part).put_back(place, entry, size) && seat.uses == 0
    }

    fn remnant_from(&self, from: u64) -> Option<(u64, Remnant)> {
        let words = self.sketch.words_from(from);
        let next = from + words.len() as u64;
        (!words.is_empty()).then_some((next, Remnant::Words(words)))
    }

    fn remember(&mut self, remnant: &Remnant) -> bool {
        let Remnant::Words(words) = remnant else {
            return false;
        };
        self.sketch.put_back(words);
        true
    }

    fn is_whole(&self) -> bool {
        self.sketch.is_whole()
    }
}
