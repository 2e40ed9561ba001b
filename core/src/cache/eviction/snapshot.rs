//! What a snapshot says of eviction: with each entry what is known of it, then what is remembered of
//! entries that left.

use super::history::{Past, Usage};
use super::{Eviction, PolicyKind, Rule};
use crate::cache::EntryId;
use serde::{Deserialize, Serialize};

/// Where a policy has an entry: which of its queues, at which place there, and how many uses count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cache) struct Seat {
    pub(super) queue: u8,
    pub(super) place: u64,
    pub(super) uses: u8,
}

impl Seat {
    pub(super) fn new(queue: u8, place: u64, uses: u8) -> Seat {
        Seat { queue, place, uses }
    }
}

/// All that eviction knows of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cache) struct Kept {
    seat: Seat,
    usage: Usage,
}

/// Something that is remembered, though not of a live entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cache) enum Remnant {
    /// S3-FIFO evicted a key.
    Evicted {
        place: u64,
        key_hash: u64,
        size: u64,
    },
    /// Counters of the sketch of W-TinyLFU.
    Words(Vec<u64>),
    /// The usage history of a key that left.
    Ghost { key_hash: u64, past: Past },
}

/// How far the remnants were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cache) enum Cursor {
    OfPolicy(u64),
    OfHistory(u64),
    End,
}

impl Cursor {
    pub(in crate::cache) const START: Cursor = Cursor::OfPolicy(0);
}

impl Eviction {
    /// What is known of an entry.
    pub(in crate::cache) fn kept(&self, entry: EntryId) -> Option<Kept> {
        let seat = self.rule.as_policy().seat(entry)?;
        let usage = self.history.usage(entry)?;
        Some(Kept { seat, usage })
    }

    /// The next thing that is remembered, and from where to go on.
    pub(in crate::cache) fn remnant(&self, cursor: Cursor) -> Option<(Cursor, Remnant)> {
        let from = match cursor {
            Cursor::OfPolicy(from) => match self.rule.as_policy().remnant_from(from) {
                Some((next, remnant)) => return Some((Cursor::OfPolicy(next), remnant)),
                None => 0,
            },
            Cursor::OfHistory(from) => from,
            Cursor::End => return None,
        };
        let (key_hash, past) = self.history.ghost_from(from)?;
        let next = key_hash.checked_add(1);
        let next = next.map_or(Cursor::End, Cursor::OfHistory);
        Some((next, Remnant::Ghost { key_hash, past }))
    }

    /// Takes back what was known of an entry, given the hash of its key and its size; false if that
    /// cannot have been.
    pub(in crate::cache) fn put_back(&mut self, entry: (EntryId, u64, u64), kept: Kept) -> bool {
        let seated = self.rule.policy().seat_at(entry, kept.seat);
        self.history.put_back(entry, kept.usage) && seated
    }

    /// Takes back what was remembered; false if that cannot have been.
    pub(in crate::cache) fn remember(&mut self, remnant: &Remnant) -> bool {
        match remnant {
            Remnant::Ghost { key_hash, past } => self.history.put_back_ghost(*key_hash, *past),
            Remnant::Evicted { .. } | Remnant::Words(_) => self.rule.policy().remember(remnant),
        }
    }

    /// Whether all that came back fits together.
    pub(in crate::cache) fn finish(&mut self) -> bool {
        self.history.fill_slots() && self.rule.is_of(self.kind) && self.rule.as_policy().is_whole()
    }
}

impl Rule {
    /// Whether this is the rule by which `kind` decides.
    fn is_of(&self, kind: PolicyKind) -> bool {
        let other = Rule::new(kind, 0);
        core::mem::discriminant(self) == core::mem::discriminant(&other)
    }
}
