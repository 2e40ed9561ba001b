//! How entries were used: what the model is told, and whom it is asked about.
//!
//! The clock of this history ticks once for each use of the cache, so it is the same on all servers
//! whatever their clocks say. Keys that left are remembered for a while under their hash (ghosts): one
//! that comes back has its history again.

use super::sketch::mix;
use crate::cache::EntryId;
use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

/// How many of the latest gaps between returns are remembered.
pub const GAPS: usize = 3;
/// Ghosts remembered for each live entry, and at least so many.
const GHOSTS_PER_ENTRY: usize = 4;
const GHOSTS_AT_LEAST: usize = 4_096;
/// At so many uses of a key all counts of it are halved, and its age with them: what it was long ago
/// counts less and less, and what a model learned of counts stays true when a cache is older.
const USES_TO_HALVE: u32 = 64;
/// Uses of a key follow each other quickly if fewer uses of others lie between them than this part of the
/// live entries: about the window of W-TinyLFU.
const BURST_PART: u64 = 64;

/// What is known of an entry at some moment. Ticks count uses of the whole cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Features {
    /// Ticks since its latest use.
    pub recency: u64,
    /// For how many ticks its key was used so often.
    pub age: u64,
    /// How often its key was used, also before it left and came back; the insertion counts. Halved with
    /// the age where it gets large, so at most 63.
    pub frequency: u32,
    /// How often it was used again after a while: uses in quick succession count as one.
    pub returns: u32,
    /// Bytes of key and value.
    pub size: u64,
    /// Ticks between its latest returns, the newest gap first.
    pub gaps: [Option<u32>; GAPS],
    /// Microseconds of log time until it expires.
    pub time_to_expiry: Option<u64>,
}

/// The usage of all live entries, and of keys that left lately. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct History {
    /// Uses so far.
    tick: u64,
    #[serde(skip)]
    live: OrdMap<EntryId, Usage>,
    /// All live entries, so that one can be drawn evenly; each knows its slot.
    #[serde(skip)]
    slots: Vector<EntryId>,
    /// Live entries by class and latest use: the first of a class was not used for longest.
    #[serde(skip)]
    classes: OrdMap<(u8, u64), EntryId>,
    #[serde(skip)]
    ghosts: OrdMap<u64, Past>,
    /// Ghosts in the order of their latest use.
    #[serde(skip)]
    ghost_order: OrdMap<u64, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::cache) struct Usage {
    #[serde(skip)]
    key_hash: u64,
    #[serde(skip)]
    size: u64,
    past: Past,
    slot: u64,
}

/// What outlives the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::cache) struct Past {
    /// The tick of the first use that counts.
    first: u64,
    /// The tick of the latest use; no two keys share one.
    last: u64,
    frequency: u32,
    returns: u32,
    gaps: [Option<u32>; GAPS],
}

impl Past {
    /// Used again. Uses that follow each other within `burst` ticks count as one return.
    fn used(&mut self, tick: u64, burst: u64) {
        let gap = tick - self.last;
        if gap > burst {
            self.gaps.rotate_right(1);
            self.gaps[0] = Some(u32::try_from(gap).unwrap_or(u32::MAX));
            self.returns += 1;
        }
        self.last = tick;
        self.frequency += 1;
        if self.frequency >= USES_TO_HALVE {
            self.frequency /= 2;
            self.returns /= 2;
            self.first += (tick - self.first) / 2;
        }
    }
}

impl Usage {
    /// Entries of a class differ little but in recency: the octave of the size, and how often it was
    /// used (once, twice, up to seven times, more).
    fn class(&self) -> (u8, u64) {
        let octave = self.size.max(1).ilog2() as u8;
        let uses = match self.past.frequency {
            0..=1 => 0,
            2 => 1,
            3..=7 => 2,
            8.. => 3,
        };
        (octave * 4 + uses, self.past.last)
    }
}

impl History {
    pub(super) fn insert(&mut self, entry: EntryId, key_hash: u64, size: u64) {
        self.tick += 1;
        let (tick, burst) = (self.tick, self.burst());
        let past = match self.ghosts.remove(&key_hash) {
            Some(mut past) => {
                self.ghost_order.remove(&past.last);
                past.used(tick, burst);
                past
            }
            None => Past {
                first: tick,
                last: tick,
                frequency: 1,
                returns: 0,
                gaps: [None; GAPS],
            },
        };
        let slot = self.slots.len() as u64;
        self.slots.push_back(entry);
        let usage = Usage {
            key_hash,
            size,
            past,
            slot,
        };
        self.classes.insert(usage.class(), entry);
        self.live.insert(entry, usage);
    }

    pub(super) fn access(&mut self, entry: EntryId) {
        let burst = self.burst();
        if let Some(usage) = self.live.get_mut(&entry) {
            self.tick += 1;
            self.classes.remove(&usage.class());
            usage.past.used(self.tick, burst);
            self.classes.insert(usage.class(), entry);
        }
    }

    pub(super) fn resize(&mut self, entry: EntryId, size: u64) {
        if let Some(usage) = self.live.get_mut(&entry) {
            self.classes.remove(&usage.class());
            usage.size = size;
            self.classes.insert(usage.class(), entry);
        }
    }

    pub(super) fn remove(&mut self, entry: EntryId) {
        let Some(usage) = self.live.remove(&entry) else {
            return;
        };
        self.classes.remove(&usage.class());
        let newest = self.slots.pop_back().expect("a live entry has a slot");
        if newest != entry {
            self.slots.set(usage.slot as usize, newest);
            let moved = self.live.get_mut(&newest);
            moved.expect("what has a slot is live").slot = usage.slot;
        }
        if let Some(former) = self.ghosts.insert(usage.key_hash, usage.past) {
            self.ghost_order.remove(&former.last);
        }
        self.ghost_order.insert(usage.past.last, usage.key_hash);
        let bound = GHOSTS_AT_LEAST.max(GHOSTS_PER_ENTRY * self.live.len());
        while self.ghosts.len() > bound {
            let oldest = self.ghost_order.get_min().copied();
            let (last, key_hash) = oldest.expect("every ghost stands in the order");
            self.ghost_order.remove(&last);
            self.ghosts.remove(&key_hash);
        }
    }

    /// How near uses must be to count as one return.
    fn burst(&self) -> u64 {
        self.live.len() as u64 / BURST_PART
    }

    /// Uses so far.
    pub(super) fn tick(&self) -> u64 {
        self.tick
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// When an entry was used last.
    pub(super) fn last_used(&self, entry: EntryId) -> Option<u64> {
        Some(self.live.get(&entry)?.past.last)
    }

    pub(super) fn key_hash(&self, entry: EntryId) -> Option<u64> {
        Some(self.live.get(&entry)?.key_hash)
    }

    pub(super) fn size(&self, entry: EntryId) -> Option<u64> {
        Some(self.live.get(&entry)?.size)
    }

    pub(super) fn features(&self, entry: EntryId, time_to_expiry: Option<u64>) -> Option<Features> {
        let usage = self.live.get(&entry)?;
        Some(Features {
            recency: self.tick - usage.past.last,
            age: self.tick - usage.past.first,
            frequency: usage.past.frequency,
            returns: usage.past.returns,
            size: usage.size,
            gaps: usage.past.gaps,
            time_to_expiry,
        })
    }

    /// The entry of each class that was not used for longest: if one of its class should go, it is that
    /// one. Where there are more classes than are asked for, another part of them comes at each tick.
    pub(super) fn oldest_of_classes(&self) -> Vec<EntryId> {
        let mut found = Vec::new();
        let mut from = (0, 0);
        while let Some(((class, _), entry)) = self.classes.range(from..).next() {
            found.push(*entry);
            let Some(next) = class.checked_add(1) else {
                break;
            };
            from = (next, 0);
        }
        if !found.is_empty() {
            let first = self.tick % found.len() as u64;
            found.rotate_left(first as usize);
        }
        found
    }

    /// Live entries drawn evenly, others at each tick; some may come twice.
    pub(super) fn drawn(&self) -> impl Iterator<Item = EntryId> {
        let slots = self.slots.len() as u64;
        let draws = (0..slots).map(move |draw| {
            let bits = mix(mix(self.tick).wrapping_add(draw));
            ((u128::from(bits) * u128::from(slots)) >> 64) as usize
        });
        draws.map(|slot| self.slots[slot])
    }
}

/// Snapshots.
impl History {
    pub(super) fn usage(&self, entry: EntryId) -> Option<Usage> {
        self.live.get(&entry).copied()
    }

    /// The first ghost whose key hash is this or higher.
    pub(super) fn ghost_from(&self, key_hash: u64) -> Option<(u64, Past)> {
        let mut rest = self.ghosts.range(key_hash..);
        rest.next().map(|(key_hash, past)| (*key_hash, *past))
    }

    /// Takes back what was known of a live entry; false if that cannot have been. The slots come last.
    pub(super) fn put_back(
        &mut self,
        (entry, key_hash, size): (EntryId, u64, u64),
        usage: Usage,
    ) -> bool {
        let usage = Usage {
            key_hash,
            size,
            ..usage
        };
        let alone = self.classes.insert(usage.class(), entry).is_none();
        self.live.insert(entry, usage);
        alone && self.knows(usage.past)
    }

    /// Takes back a ghost; false if that cannot have been.
    pub(super) fn put_back_ghost(&mut self, key_hash: u64, past: Past) -> bool {
        let alone = self.ghost_order.insert(past.last, key_hash).is_none();
        self.ghosts.insert(key_hash, past).is_none() && alone && self.knows(past)
    }

    fn knows(&self, past: Past) -> bool {
        let counts = past.returns < past.frequency && past.frequency < USES_TO_HALVE;
        past.first <= past.last && past.last <= self.tick && counts
    }

    /// Gives every live entry its slot again; false unless there is one entry for each, and no two keys
    /// were used at the same tick.
    pub(super) fn fill_slots(&mut self) -> bool {
        let live = self.live.len();
        let slots = self.live.iter().map(|(entry, known)| (known.slot, *entry));
        let slots: OrdMap<u64, EntryId> = slots.collect();
        self.slots = slots.values().copied().collect();
        let filled = slots.get_max().is_none_or(|(last, _)| *last < live as u64);
        let uses: OrdSet<u64> = self.live.values().map(|known| known.past.last).collect();
        let apart = uses.iter().all(|tick| !self.ghost_order.contains_key(tick));
        slots.len() == live && filled && uses.len() == live && apart
    }
}
