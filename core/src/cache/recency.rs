//! Which entries were used when: the least recently used one is evicted first.

use super::command::EntryId;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// Entries in the order of their latest use. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Recency {
    uses: u64,
    order: OrdMap<u64, EntryId>,
    last: OrdMap<EntryId, u64>,
}

impl Recency {
    pub(super) fn used(&mut self, entry: EntryId) {
        self.remove(entry);
        self.uses += 1;
        self.order.insert(self.uses, entry);
        self.last.insert(entry, self.uses);
    }

    pub(super) fn remove(&mut self, entry: EntryId) {
        if let Some(last) = self.last.remove(&entry) {
            self.order.remove(&last);
        }
    }

    /// Entries with how many uses ago each was last used, the least recently used one first.
    pub(super) fn oldest(&self) -> impl Iterator<Item = (EntryId, u64)> {
        self.order
            .iter()
            .map(|(used, entry)| (*entry, self.uses - used))
    }

    pub(super) fn victim(&self) -> Option<EntryId> {
        self.order.get_min().map(|(_, entry)| *entry)
    }
}
