//! The keys of what was evicted lately.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// Hashes of keys in the order in which they were evicted, bounded by the bytes that their entries had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Ghosts {
    places: OrdMap<u64, u64>,
    order: OrdMap<u64, (u64, u64)>,
    next: u64,
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
