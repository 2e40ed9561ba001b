//! What can be set about storage.

use crate::types::{ConfigError, Settings, settings};

settings! {
    /// Sizes of what is written.
    pub struct Config {
        /// A segment of the write-ahead log that has grown beyond this is closed, and a new one
        /// begun.
        segment_bytes: u64 = 64 << 10, in 256..=1 << 30, "bytes";
    }
}

impl Config {
    /// Refuses sizes that cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_ranges()
    }
}
