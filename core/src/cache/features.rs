//! What a model is told of a key.

use super::command::EntryId;
use serde::{Deserialize, Serialize};

/// What is known of a key when it is asked whether to evict it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Features {
    /// Uses of the cache since this key was last used.
    pub recency: u64,
    /// How often it was used.
    pub frequency: u32,
}

/// A key that may be evicted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// The entry.
    pub entry: EntryId,
    /// Its version.
    pub version: u64,
    /// The bytes of key and value.
    pub size: u64,
    /// What is known of it.
    pub features: Features,
}
