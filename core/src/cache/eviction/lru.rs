//! LRU: what was not used for longest goes first.

use super::queue::Queue;
use super::{Policy, Seat};
use crate::cache::EntryId;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// One queue in the order of the latest use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Lru {
    #[serde(skip)]
    nodes: OrdMap<EntryId, Node>,
    queue: Queue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    size: u64,
    place: u64,
}

impl Policy for Lru {
    fn insert(&mut self, entry: EntryId, _: u64, size: u64) {
        let place = self.queue.push(entry, size);
        self.nodes.insert(entry, Node { size, place });
    }

    fn access(&mut self, entry: EntryId) {
        if let Some(node) = self.nodes.get_mut(&entry) {
            self.queue.remove(node.place, node.size);
            node.place = self.queue.push(entry, node.size);
        }
    }

    fn resize(&mut self, entry: EntryId, size: u64) {
        if let Some(node) = self.nodes.get_mut(&entry) {
            self.queue.resize(node.size, size);
            node.size = size;
        }
    }

    fn remove(&mut self, entry: EntryId) {
        if let Some(node) = self.nodes.remove(&entry) {
            self.queue.remove(node.place, node.size);
        }
    }

    fn victim(&mut self) -> Option<EntryId> {
        self.queue.oldest()
    }

    fn set_capacity(&mut self, _: u64) {}

    fn seat(&self, entry: EntryId) -> Option<Seat> {
        let node = self.nodes.get(&entry)?;
        Some(Seat::new(0, node.place, 0))
    }

    fn seat_at(&mut self, (entry, _, size): (EntryId, u64, u64), seat: Seat) -> bool {
        let place = seat.place;
        self.nodes.insert(entry, Node { size, place });
        self.queue.put_back(place, entry, size) && seat == Seat::new(0, place, 0)
    }
}
