//! What can be set about storage.

use crate::types::{ConfigError, check_range};
use serde::{Deserialize, Serialize};

/// Sizes of what is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A segment of the write-ahead log that has grown beyond this many bytes is closed, and a
    /// new one begun. Default 65536; 256 to 1 GiB.
    pub segment_bytes: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            segment_bytes: 64 << 10,
        }
    }
}

impl Config {
    /// Refuses sizes that cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_range("segment_bytes", self.segment_bytes, 256, 1 << 30)
    }
}
