//! The keys of what was evicted lately.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// Hashes of keys in the order in which they were evicted, bounded by the bytes that their entries had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Ghosts {
    #[serde(skip)]
    places: OrdMap<u64, u64>,
    #[serde(skip)]
    order: OrdMap<u64, (u64, u64)>,
    next: u64,
    #[serde(skip)]
    bytes: u64,
}

impl Ghosts {
    /// Remembers a key, and forgets the oldest ones beyond `bound` bytes. One that is remembered already
    /// keeps its place.
    pub(super) fn insert(&mut self, key_hash: u64, size: u64, bound: u64) {
        if size <= bound && !self.places.contains_key(&key_hash) {
            self.places.insert(key_hash, self.next);
            self.order.insert(self.next, (key_hash, size));
            self.next += 1;
            self.bytes += size;
        }
        self.shrink(bound);
    }

    /// The first key remembered at `place` or behind it, with its place and the bytes that it had.
    pub(super) fn at_or_after(&self, place: u64) -> Option<(u64, (u64, u64))> {
        let mut rest = self.order.range(place..);
        rest.next().map(|(place, ghost)| (*place, *ghost))
    }

    /// Remembers a key at the place that it had before; false if that cannot have been.
    pub(super) fn put_back(&mut self, place: u64, (key_hash, size): (u64, u64)) -> bool {
        let Some(bytes) = self.bytes.checked_add(size) else {
            return false;
        };
        self.bytes = bytes;
        let vacant = self.order.insert(place, (key_hash, size)).is_none();
        self.places.insert(key_hash, place).is_none() && vacant && place < self.next
    }

    /// The sizes that all of them had together.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Forgets a key, and says whether it was remembered.
    pub(super) fn take(&mut self, key_hash: u64) -> bool {
        let Some(place) = self.places.remove(&key_hash) else {
            return false;
        };
        let (_, size) = self.order.remove(&place).expect("every place is in order");
        self.bytes -= size;
        true
    }

    /// Forgets the oldest keys beyond `bound` bytes.
    pub(super) fn shrink(&mut self, bound: u64) {
        while self.bytes > bound {
            let (_, (oldest, _)) = self.order.get_min().expect("bytes belong to keys");
            let oldest = *oldest;
            self.take(oldest);
        }
    }
}
