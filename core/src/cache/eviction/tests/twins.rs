//! The same policies again, deliberately naive: entries in vectors, oldest first, searched from one end to
//! the other. What they say is easy to check against the papers.

use crate::cache::EntryId;
use crate::cache::eviction::sketch::Sketch;

#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    id: EntryId,
    key_hash: u64,
    size: u64,
    uses: u8,
}

pub(super) trait Twin {
    fn insert(&mut self, id: EntryId, key_hash: u64, size: u64);
    fn access(&mut self, id: EntryId);
    fn resize(&mut self, id: EntryId, size: u64);
    fn remove(&mut self, id: EntryId);
    fn victim(&mut self) -> Option<EntryId>;
    fn set_capacity(&mut self, capacity: u64);
}

fn find(items: &[Item], id: EntryId) -> Option<usize> {
    items.iter().position(|item| item.id == id)
}

fn bytes(items: &[Item]) -> u64 {
    items.iter().map(|item| item.size).sum()
}

fn resize(items: &mut [Item], id: EntryId, size: u64) {
    for item in items.iter_mut().filter(|item| item.id == id) {
        item.size = size;
    }
}

fn item(id: EntryId, key_hash: u64, size: u64) -> Item {
    Item {
        id,
        key_hash,
        size,
        uses: 0,
    }
}

#[derive(Default)]
pub(super) struct Lru(Vec<Item>);

impl Twin for Lru {
    fn insert(&mut self, id: EntryId, key_hash: u64, size: u64) {
        self.0.push(item(id, key_hash, size));
    }
    fn access(&mut self, id: EntryId) {
        if let Some(at) = find(&self.0, id) {
            let used = self.0.remove(at);
            self.0.push(used);
        }
    }
    fn resize(&mut self, id: EntryId, size: u64) {
        resize(&mut self.0, id, size);
    }
    fn remove(&mut self, id: EntryId) {
        self.0.retain(|item| item.id != id);
    }
    fn victim(&mut self) -> Option<EntryId> {
        Some(self.0.first()?.id)
    }
    fn set_capacity(&mut self, _: u64) {}
}

#[derive(Default)]
pub(super) struct Sieve {
    items: Vec<Item>,
    /// The slot where the hand looks next; one behind the newest entry is the oldest one again.
    hand: usize,
}

impl Twin for Sieve {
    fn insert(&mut self, id: EntryId, key_hash: u64, size: u64) {
        self.items.push(item(id, key_hash, size));
    }
    fn access(&mut self, id: EntryId) {
        if let Some(at) = find(&self.items, id) {
            self.items[at].uses = 1;
        }
    }
    fn resize(&mut self, id: EntryId, size: u64) {
        resize(&mut self.items, id, size);
    }
    fn remove(&mut self, id: EntryId) {
        let Some(at) = find(&self.items, id) else {
            return;
        };
        self.items.remove(at);
        if at < self.hand {
            self.hand -= 1;
        }
        if self.hand == self.items.len() {
            self.hand = 0;
        }
    }
    fn victim(&mut self) -> Option<EntryId> {
        if self.items.is_empty() {
            return None;
        }
        while self.items[self.hand].uses > 0 {
            self.items[self.hand].uses = 0;
            self.hand = (self.hand + 1) % self.items.len();
        }
        Some(self.items[self.hand].id)
    }
    fn set_capacity(&mut self, _: u64) {}
}

#[derive(Default)]
pub(super) struct S3Fifo {
    capacity: u64,
    small: Vec<Item>,
    main: Vec<Item>,
    ghosts: Vec<Item>,
    evicted: bool,
}

impl S3Fifo {
    pub(super) fn new(capacity: u64) -> S3Fifo {
        S3Fifo {
            capacity,
            ..S3Fifo::default()
        }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Item> {
        self.small.iter_mut().chain(&mut self.main)
    }

    fn forget_ghosts(&mut self) {
        while bytes(&self.ghosts) > self.capacity / 10 * 9 {
            self.ghosts.remove(0);
        }
    }
}

impl Twin for S3Fifo {
    fn insert(&mut self, id: EntryId, key_hash: u64, size: u64) {
        let ghosts = self.ghosts.len();
        self.ghosts.retain(|ghost| ghost.key_hash != key_hash);
        let known = self.ghosts.len() < ghosts;
        let small_is_full = bytes(&self.small) >= self.capacity / 10;
        if known || (!self.evicted && small_is_full) {
            self.main.push(item(id, key_hash, size));
        } else {
            self.small.push(item(id, key_hash, size));
        }
    }
    fn access(&mut self, id: EntryId) {
        for item in self.all().filter(|item| item.id == id) {
            item.uses = 3.min(item.uses + 1);
        }
    }
    fn resize(&mut self, id: EntryId, size: u64) {
        resize(&mut self.small, id, size);
        resize(&mut self.main, id, size);
    }
    fn remove(&mut self, id: EntryId) {
        self.small.retain(|item| item.id != id);
        self.main.retain(|item| item.id != id);
    }
    fn victim(&mut self) -> Option<EntryId> {
        self.evicted = true;
        loop {
            let main_bound = self.capacity - self.capacity / 10;
            if bytes(&self.main) > main_bound || self.small.is_empty() {
                let mut first = *self.main.first()?;
                if first.uses == 0 {
                    return Some(first.id);
                }
                first.uses -= 1;
                self.main.remove(0);
                self.main.push(first);
                continue;
            }
            let mut first = self.small[0];
            if first.uses < 2 {
                let known = |ghost: &Item| ghost.key_hash == first.key_hash;
                if !self.ghosts.iter().any(known) && first.size <= self.capacity / 10 * 9 {
                    self.ghosts.push(first);
                }
                self.forget_ghosts();
                return Some(first.id);
            }
            first.uses = 0;
            self.small.remove(0);
            self.main.push(first);
        }
    }
    fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.forget_ghosts();
    }
}

/// Counts with the same sketch, which has tests of its own.
#[derive(Default)]
pub(super) struct WTinyLfu {
    capacity: u64,
    window: Vec<Item>,
    probation: Vec<Item>,
    protected: Vec<Item>,
    sketch: Sketch,
}

impl WTinyLfu {
    pub(super) fn new(capacity: u64) -> WTinyLfu {
        WTinyLfu {
            capacity,
            ..WTinyLfu::default()
        }
    }

    fn main_bound(&self) -> u64 {
        self.capacity - self.capacity / 100
    }

    fn protect(&mut self, item: Item) {
        self.sketch.add(item.key_hash);
        self.protected.push(item);
    }
}

impl Twin for WTinyLfu {
    fn insert(&mut self, id: EntryId, key_hash: u64, size: u64) {
        self.window.push(item(id, key_hash, size));
        let entries = self.window.len() + self.probation.len() + self.protected.len();
        self.sketch.fit(entries);
        self.sketch.add(key_hash);
    }
    fn access(&mut self, id: EntryId) {
        if let Some(at) = find(&self.window, id) {
            let used = self.window.remove(at);
            self.window.push(used);
        } else if let Some(at) = find(&self.probation, id) {
            let used = self.probation.remove(at);
            self.protect(used);
        } else if let Some(at) = find(&self.protected, id) {
            let used = self.protected.remove(at);
            self.protect(used);
        } else {
            return;
        }
        while bytes(&self.protected) > self.main_bound() / 5 * 4 {
            let oldest = self.protected.remove(0);
            self.probation.push(oldest);
        }
    }
    fn resize(&mut self, id: EntryId, size: u64) {
        for part in [&mut self.window, &mut self.probation, &mut self.protected] {
            resize(part, id, size);
        }
    }
    fn remove(&mut self, id: EntryId) {
        for part in [&mut self.window, &mut self.probation, &mut self.protected] {
            part.retain(|item| item.id != id);
        }
    }
    fn victim(&mut self) -> Option<EntryId> {
        loop {
            let resident = self.probation.first().or(self.protected.first()).copied();
            let Some(newcomer) = self.window.first().copied() else {
                return Some(resident?.id);
            };
            let (probation, protected) = (bytes(&self.probation), bytes(&self.protected));
            if probation + protected + newcomer.size > self.main_bound() {
                let uses = |item: &Item| self.sketch.frequency(item.key_hash);
                let loser = resident.filter(|resident| uses(&newcomer) > uses(resident));
                return Some(loser.unwrap_or(newcomer).id);
            }
            self.window.remove(0);
            let crowded = probation + newcomer.size > self.main_bound() / 5;
            let room = protected + newcomer.size <= self.main_bound() / 5 * 4;
            if crowded && room {
                self.protected.push(newcomer);
            } else {
                self.probation.push(newcomer);
            }
        }
    }
    fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
    }
}
