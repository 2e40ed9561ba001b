//! What can be set about storage.

use crate::types::{ConfigError, Duration, Settings, settings};

settings! {
    /// Sizes of what is written, and what is kept of what could not be used.
    pub struct Config {
        /// A segment of the write-ahead log that has grown beyond this is closed, and a new one
        /// begun.
        segment_bytes: u64 = 64 << 10, in 256..=1 << 30, "bytes";
        /// Files that recovery set aside are removed, the oldest first, while all together are
        /// larger than this, and only while the server has its seat in the membership.
        quarantine_bytes: u64 = 256 << 20, in 0..=1 << 40, "bytes";
        /// No file that was set aside is removed before the server has known it for so long in
        /// this run.
        quarantine_age: Duration = Duration::secs(86_400),
            in Duration::ZERO..=Duration::secs(366 * 86_400);
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
