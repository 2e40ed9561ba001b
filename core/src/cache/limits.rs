//! What the cache accepts.

use super::command::{Operation, Refusal};
use crate::types::{ConfigError, Settings, settings};

settings! {
    /// Limits of the cache. They decide answers, so all servers of a cluster must agree on them.
    pub struct Limits {
        /// The longest key.
        key_bytes: u64 = 256, in 1..=65_536, "bytes";
        /// The longest value.
        value_bytes: u64 = 64 << 10, in 1..=16 << 20, "bytes";
        /// How many client sessions may be open; one more expires the session that was silent for
        /// longest.
        sessions: u64 = 1_000, in 1..=1_000_000, "sessions";
        /// How many answers a session remembers for requests that come again, besides those that
        /// the client has acknowledged.
        answers: u64 = 64, in 1..=65_536, "answers";
    }
}

impl Limits {
    /// Refuses limits that cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_ranges()
    }

    /// Why an operation is not accepted, if it is not.
    #[must_use]
    pub fn refusal(&self, operation: &Operation) -> Option<Refusal> {
        let given = operation.key().len() as u64;
        if given == 0 {
            return Some(Refusal::KeyEmpty);
        }
        if given > self.key_bytes {
            return Some(Refusal::KeyTooLong {
                given,
                limit: self.key_bytes,
            });
        }
        match operation {
            Operation::Put { value, .. } if value.len() as u64 > self.value_bytes => {
                let (given, limit) = (value.len() as u64, self.value_bytes);
                Some(Refusal::ValueTooLong { given, limit })
            }
            Operation::Put { .. } | Operation::Delete { .. } | Operation::Get { .. } => None,
        }
    }
}
