//! What the log is made of.

use super::membership::Membership;
use crate::types::Position;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Its index, and the term of the leader that made it.
    pub position: Position,
    /// What it carries.
    pub payload: Payload,
}

/// What an entry carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Payload {
    /// Nothing: a new leader's first entry, which lets it commit what earlier terms left
    /// (Raft paper, sections 5.4.2 and 8).
    Noop,
    /// A command of the replicated state machine, opaque here.
    Command(Bytes),
    /// The members of the cluster from here on.
    Membership(Arc<Membership>),
}

impl Payload {
    /// The bytes that count against the limits of an append message.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Payload::Noop | Payload::Membership(_) => 0,
            Payload::Command(bytes) => bytes.len() as u64,
        }
    }

    /// Whether it carries no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Payload;
    use bytes::Bytes;
    use std::sync::Arc;

    #[test]
    fn only_commands_count_against_the_limits() {
        let payloads = [
            Payload::Noop,
            Payload::Membership(Arc::default()),
            Payload::Command(Bytes::new()),
            Payload::Command(Bytes::from_static(b"put")),
        ];
        let sizes = payloads.map(|payload| (payload.len(), payload.is_empty()));
        assert_eq!(sizes, [(0, true), (0, true), (0, true), (3, false)]);
    }
}
