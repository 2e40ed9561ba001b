//! A key that may be evicted, as a model is asked about it.

use super::command::EntryId;
use super::eviction::Features;
use serde::{Deserialize, Serialize};

/// A key that may be evicted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// The entry.
    pub entry: EntryId,
    /// Its version.
    pub version: u64,
    /// The bytes of key and value.
    pub size: u64,
    /// How it was used.
    pub features: Features,
}
