//! Digests of what a server has applied, by which replicas are compared.

use crate::cache::Applied;
use crate::raft::Entry;
use crate::types::Fingerprint;
use serde::{Deserialize, Serialize};

/// Two digests of all that was applied up to an index, through snapshots too: servers that have applied
/// the same index have the same.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct AppliedDigest {
    /// Of the entries.
    pub entries: u64,
    /// Of what they did: answers, keys that had to go, sessions that expired.
    pub effects: u64,
}

impl AppliedDigest {
    pub(super) fn note_entry(&mut self, entry: &Entry) {
        self.entries = Fingerprint::of(&(self.entries, entry));
    }

    pub(super) fn note_effects(&mut self, applied: &Applied) {
        self.effects = Fingerprint::of(&(self.effects, applied));
    }
}
