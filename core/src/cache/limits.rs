//! What the cache accepts.

use super::command::{Operation, Refusal};
use crate::types::{ConfigError, check_range};
use serde::{Deserialize, Serialize};

/// Limits of the cache. They decide answers, so all servers of a cluster must agree on them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest key, in bytes. Default 256; 1 to 65536.
    pub key_bytes: u64,
    /// The longest value, in bytes. Default 65536; 1 to 16 MiB.
    pub value_bytes: u64,
    /// How many client sessions may be open; one more expires the session that was silent for
    /// longest. Default 1000; 1 to 1000000.
    pub sessions: u64,
    /// How many answers a session remembers for requests that come again, besides those that
    /// the client has acknowledged. Default 64; 1 to 65536.
    pub answers: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            key_bytes: 256,
            value_bytes: 64 << 10,
            sessions: 1_000,
            answers: 64,
        }
    }
}

impl Limits {
    /// Refuses limits that cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_range("key_bytes", self.key_bytes, 1, 65_536)?;
        check_range("value_bytes", self.value_bytes, 1, 16 << 20)?;
        check_range("sessions", self.sessions, 1, 1_000_000)?;
        check_range("answers", self.answers, 1, 65_536)
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
