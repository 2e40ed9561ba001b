//! How consensus state is written as storage records, and read back.

use crate::raft::{Entry, Payload, Persist};
use crate::storage::{HardState, LogEntry, Record, SnapshotMark};
use crate::types::Position;
use bytes::{Bytes, BytesMut};

/// The record of what must survive; `mark` finds the file of the snapshot that covers a position.
pub(super) fn record(persist: Persist, mark: impl FnOnce(Position) -> SnapshotMark) -> Record {
    match persist {
        Persist::HardState { term, vote } => Record::HardState(HardState { term, vote }),
        Persist::Entry(entry) => Record::Entry(LogEntry {
            position: entry.position,
            payload: payload_bytes(entry.payload),
        }),
        Persist::Snapshot(covers) => Record::Snapshot(mark(covers)),
        Persist::Reset(covers) => Record::Reset(mark(covers)),
    }
}

/// An empty payload is the leader's empty entry: no command is encoded as nothing.
fn payload_bytes(payload: Payload) -> Bytes {
    match payload {
        Payload::Noop => Bytes::new(),
        Payload::Command(bytes) => bytes,
    }
}

/// The entry that a storage record holds.
pub(super) fn entry(stored: LogEntry) -> Entry {
    let payload = if stored.payload.is_empty() {
        Payload::Noop
    } else {
        Payload::Command(stored.payload)
    };
    Entry {
        position: stored.position,
        payload,
    }
}

/// What a snapshot holds: the digest of all entries applied, then the cache's own snapshot.
pub(super) fn snapshot(digest: u64, cache: &Bytes) -> Bytes {
    let mut whole = BytesMut::with_capacity(DIGEST_BYTES + cache.len());
    whole.extend_from_slice(&digest.to_le_bytes());
    whole.extend_from_slice(cache);
    whole.freeze()
}

/// Splits what [`snapshot`] joined; none when it is too short to be one.
pub(super) fn split_snapshot(whole: &Bytes) -> Option<(u64, Bytes)> {
    let digest = whole.first_chunk::<DIGEST_BYTES>()?;
    Some((u64::from_le_bytes(*digest), whole.slice(DIGEST_BYTES..)))
}

const DIGEST_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::{entry, record, snapshot, split_snapshot};
    use crate::raft::{Entry, Payload, Persist};
    use crate::storage::Record;
    use crate::types::{Index, Position, Term};
    use bytes::Bytes;

    #[test]
    fn entries_survive_the_way_through_a_record() {
        for payload in [Payload::Noop, Payload::Command(Bytes::from_static(b"x"))] {
            let before = Entry {
                position: Position::new(Term(2), Index(7)),
                payload,
            };
            let no_file = |_| unreachable!("an entry has no file");
            let Record::Entry(stored) = record(Persist::Entry(before.clone()), no_file) else {
                panic!("an entry is written as an entry");
            };
            assert_eq!(entry(stored), before);
        }
    }

    #[test]
    fn a_snapshot_splits_where_it_was_joined() {
        let cache = Bytes::from_static(b"state");
        assert_eq!(split_snapshot(&snapshot(9, &cache)), Some((9, cache)));
        assert_eq!(split_snapshot(&Bytes::from_static(b"short")), None);
    }
}
