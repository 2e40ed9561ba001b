//! SIEVE (Zhang and others, "SIEVE is Simpler than LRU", NSDI 2024).
//!
//! One queue in the order of insertion, and a hand that moves from the oldest entry to the newest. What
//! was used since the hand came by last is passed over once; the first that was not is the victim. The
//! hand stays where it is between evictions, so newcomers are judged soon and old favourites late.

use super::queue::Queue;
use super::{Policy, Seat};
use crate::cache::EntryId;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Sieve {
    #[serde(skip)]
    nodes: OrdMap<EntryId, Node>,
    queue: Queue,
    /// Where the hand looks next; without one, at the oldest entry. It always points at an entry.
    hand: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    size: u64,
    place: u64,
    visited: bool,
}

impl Policy for Sieve {
    fn insert(&mut self, entry: EntryId, _: u64, size: u64) {
        let place = self.queue.push(entry, size);
        let visited = false;
        self.nodes.insert(
            entry,
            Node {
                size,
                place,
                visited,
            },
        );
    }

    fn access(&mut self, entry: EntryId) {
        if let Some(node) = self.nodes.get_mut(&entry) {
            node.visited = true;
        }
    }

    fn resize(&mut self, entry: EntryId, size: u64) {
        if let Some(node) = self.nodes.get_mut(&entry) {
            self.queue.resize(node.size, size);
            node.size = size;
        }
    }

    fn remove(&mut self, entry: EntryId) {
        let Some(node) = self.nodes.remove(&entry) else {
            return;
        };
        self.queue.remove(node.place, node.size);
        if self.hand == Some(node.place) {
            // Behind the newest entry the hand begins anew: what comes later stands where it was.
            self.hand = self.queue.at_or_after(node.place).map(|(place, _)| place);
        }
    }

    fn victim(&mut self) -> Option<EntryId> {
        let mut hand = self.hand.unwrap_or(0);
        loop {
            let at_hand = self.queue.at_or_after(hand);
            let (place, entry) = at_hand.or_else(|| self.queue.at_or_after(0))?;
            let node = self.nodes.get_mut(&entry);
            let node = node.expect("what stands in the queue has a node");
            if !node.visited {
                self.hand = Some(place);
                return Some(entry);
            }
            node.visited = false;
            hand = place + 1;
        }
    }

    fn set_capacity(&mut self, _: u64) {}

    fn seat(&self, entry: EntryId) -> Option<Seat> {
        let node = self.nodes.get(&entry)?;
        Some(Seat::new(0, node.place, u8::from(node.visited)))
    }

    fn seat_at(&mut self, (entry, _, size): (EntryId, u64, u64), seat: Seat) -> bool {
        let (place, visited) = (seat.place, seat.uses == 1);
        let node = Node {
            size,
            place,
            visited,
        };
        self.nodes.insert(entry, node);
        let known = seat.queue == 0 && seat.uses <= 1;
        self.queue.put_back(place, entry, size) && known
    }

    fn is_whole(&self) -> bool {
        let hand = self.hand.map(|hand| (self.queue.at_or_after(hand), hand));
        hand.is_none_or(|(entry, hand)| entry.is_some_and(|(place, _)| place == hand))
    }
}
