//! A queue of entries that knows its size in bytes.

use crate::cache::EntryId;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// Entries in the order in which they came, the oldest first. Cloning is cheap.
///
/// A place is a number that only grows, so an entry leaves from the middle without a search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Queue {
    #[serde(skip)]
    order: OrdMap<u64, EntryId>,
    next: u64,
    #[serde(skip)]
    bytes: u64,
}

impl Queue {
    /// Appends an entry, and says where it stands.
    pub(super) fn push(&mut self, entry: EntryId, size: u64) -> u64 {
        let place = self.next;
        self.next += 1;
        self.order.insert(place, entry);
        self.bytes += size;
        place
    }

    /// Puts an entry where it stood before; false if that cannot have been.
    pub(super) fn put_back(&mut self, place: u64, entry: EntryId, size: u64) -> bool {
        self.bytes += size;
        self.order.insert(place, entry).is_none() && place < self.next
    }

    /// Takes out what stands there, which has this size.
    pub(super) fn remove(&mut self, place: u64, size: u64) {
        let removed = self.order.remove(&place);
        assert!(removed.is_some(), "no entry stands at place {place}");
        self.bytes -= size;
    }

    /// An entry in it has another size now.
    pub(super) fn resize(&mut self, from: u64, to: u64) {
        self.bytes = self.bytes - from + to;
    }

    /// The entry that came first.
    pub(super) fn oldest(&self) -> Option<EntryId> {
        self.order.get_min().map(|(_, entry)| *entry)
    }

    /// The first entry that stands at `place` or behind it.
    pub(super) fn at_or_after(&self, place: u64) -> Option<(u64, EntryId)> {
        let mut rest = self.order.range(place..);
        rest.next().map(|(place, entry)| (*place, *entry))
    }

    /// The sizes of all entries together.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
