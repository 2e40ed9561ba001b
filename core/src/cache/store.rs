//! Keys with their values, in order, with exact bytes, and when they expire.

use super::command::EntryId;
use super::query::Versioned;
use crate::types::LogTime;
use bytes::Bytes;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

/// A key's value, and what else is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Held {
    /// Its name for as long as it stays.
    pub entry: EntryId,
    /// The value.
    pub value: Bytes,
    /// The log index of the write.
    pub version: u64,
    /// When it expires, if ever.
    pub expires: Option<LogTime>,
}

impl Held {
    /// Whether it is there no more at `time`, removed or not.
    #[must_use]
    pub fn is_expired(&self, time: LogTime) -> bool {
        self.expires.is_some_and(|expires| expires <= time)
    }

    /// What a reader is told.
    #[must_use]
    pub fn versioned(&self) -> Versioned {
        Versioned {
            value: self.value.clone(),
            version: self.version,
            expires: self.expires,
        }
    }
}

/// All keys, expired ones among them until they are removed. Cloning is cheap.
///
/// Invariants: `names` and `expiries` hold exactly what `keys` says, and `bytes` is the sum of the
/// lengths of all keys and values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Store {
    keys: OrdMap<Bytes, Held>,
    names: OrdMap<EntryId, Bytes>,
    expiries: OrdSet<(LogTime, EntryId)>,
    bytes: u64,
}

impl Store {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Held> {
        self.keys.get(key)
    }

    /// The key of an entry.
    pub(super) fn key_of(&self, entry: EntryId) -> Option<&Bytes> {
        self.names.get(&entry)
    }

    /// Writes a key, in the place of what it held.
    pub(super) fn insert(&mut self, key: Bytes, held: Held) {
        self.remove(&key);
        self.bytes += size(&key, &held);
        if let Some(expires) = held.expires {
            self.expiries.insert((expires, held.entry));
        }
        self.names.insert(held.entry, key.clone());
        self.keys.insert(key, held);
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Held> {
        let (key, held) = self.keys.remove_with_key(key)?;
        self.bytes -= size(&key, &held);
        if let Some(expires) = held.expires {
            self.expiries.remove(&(expires, held.entry));
        }
        self.names.remove(&held.entry);
        Some(held)
    }

    /// The keys from `from` on, in order.
    pub(super) fn from<'a>(
        &'a self,
        from: core::ops::Bound<&'a [u8]>,
    ) -> impl Iterator<Item = (&'a Bytes, &'a Held)> {
        self.keys
            .range::<_, [u8]>((from, core::ops::Bound::Unbounded))
    }

    /// All keys in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Held)> {
        self.keys.iter()
    }

    /// Keys held, expired ones among them.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When the next key expires; in the past while expired ones wait to be removed.
    pub(super) fn next_expiry(&self) -> Option<LogTime> {
        self.expiries.get_min().map(|(expires, _)| *expires)
    }

    /// Whether a key expires after `time`, and by `until`.
    pub(super) fn expires_between(&self, time: LogTime, until: LogTime) -> bool {
        let after = (time, EntryId(u64::MAX));
        let next = self.expiries.get_next(&after);
        next.is_some_and(|(expires, _)| *expires > time && *expires <= until)
    }

    /// The entry that expired first, if any has.
    pub(super) fn first_expired(&self, time: LogTime) -> Option<EntryId> {
        let (expires, entry) = self.expiries.get_min()?;
        (*expires <= time).then_some(*entry)
    }
}

/// What a key counts for.
pub(super) fn size(key: &[u8], held: &Held) -> u64 {
    (key.len() + held.value.len()) as u64
}

impl Store {
    /// The invariants of the type; no entry has a name that was not given yet.
    pub(super) fn check_invariants(&self, named: u64) {
        assert!(
            self.names
                .get_max()
                .is_none_or(|(newest, _)| newest.0 <= named)
        );
        let bytes: u64 = self.keys.iter().map(|(key, held)| size(key, held)).sum();
        assert_eq!(self.bytes, bytes);
        let names = self
            .keys
            .iter()
            .map(|(key, held)| (held.entry, key.clone()));
        assert_eq!(self.names, names.collect());
        let mortal = self
            .keys
            .iter()
            .filter_map(|(_, held)| Some((held.expires?, held.entry)));
        assert_eq!(self.expiries, mortal.collect());
    }
}
