//! How consensus state is written as storage records, and read back.

use crate::raft::{Entry, Membership, Payload, Persist};
use crate::storage::{HardState, LogEntry, Record, SnapshotMark};
use crate::types::{ClusterId, Position};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The record of what must survive; `mark` finds the file of the snapshot that covers a position.
pub(super) fn record(persist: Persist, mark: impl FnOnce(Position) -> SnapshotMark) -> Record {
    match persist {
        Persist::HardState { term, vote } => Record::HardState(HardState { term, vote }),
        Persist::Entry(entry) => {
            let (kind, payload) = written(entry.payload);
            let position = entry.position;
            Record::Entry(LogEntry {
                position,
                kind,
                payload,
            })
        }
        Persist::Snapshot(covers) => Record::Snapshot(mark(covers)),
        Persist::Reset(covers) => Record::Reset(mark(covers)),
    }
}

/// What the kinds of a stored entry mean.
mod kind {
    pub(super) const NOOP: u8 = 0;
    pub(super) const COMMAND: u8 = 1;
    pub(super) const MEMBERSHIP: u8 = 2;
}

fn written(payload: Payload) -> (u8, Bytes) {
    match payload {
        Payload::Noop => (kind::NOOP, Bytes::new()),
        Payload::Command(bytes) => (kind::COMMAND, bytes),
        Payload::Membership(membership) => (kind::MEMBERSHIP, encode(&membership)),
    }
}

fn encode(membership: &Membership) -> Bytes {
    let bytes = postcard::to_allocvec(membership);
    bytes
        .expect("a membership holds nothing that cannot be encoded")
        .into()
}

/// The entry that a storage record holds; none when this version cannot read it.
pub(super) fn entry(stored: LogEntry) -> Option<Entry> {
    let payload = match stored.kind {
        kind::NOOP => Payload::Noop,
        kind::COMMAND => Payload::Command(stored.payload),
        kind::MEMBERSHIP => {
            Payload::Membership(Arc::new(postcard::from_bytes(&stored.payload).ok()?))
        }
        _ => return None,
    };
    let position = stored.position;
    Some(Entry { position, payload })
}

/// What a snapshot holds beside the cache's own: what else decides the future.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SnapshotHead {
    /// The life of the cluster whose history it is: the file says it too, but a leader sends only
    /// what is in the snapshot.
    pub(super) cluster: ClusterId,
    /// The digest of all entries applied.
    pub(super) digest: u64,
    /// The members at the last of them.
    pub(super) membership: Membership,
}

/// A snapshot: its head, then the cache's own snapshot.
pub(super) fn snapshot(head: &SnapshotHead, cache: &Bytes) -> Bytes {
    let head = postcard::to_allocvec(head).expect("a head holds nothing that cannot be encoded");
    let mut whole = BytesMut::with_capacity(head.len() + cache.len());
    whole.extend_from_slice(&head);
    whole.extend_from_slice(cache);
    whole.freeze()
}

/// Splits what [`snapshot`] joined; none when it is not one.
pub(super) fn split_snapshot(whole: &Bytes) -> Option<(SnapshotHead, Bytes)> {
    let (head, cache) = postcard::take_from_bytes(whole).ok()?;
    Some((head, whole.slice_ref(cache)))
}

#[cfg(test)]
mod tests {
    use super::{SnapshotHead, entry, record, snapshot, split_snapshot};
    use crate::raft::{Entry, Membership, MembershipChange, Payload, Persist};
    use crate::storage::Record;
    use crate::types::{ClusterId, Index, NodeId, Position, Term};
    use bytes::Bytes;
    use std::sync::Arc;

    fn membership() -> Membership {
        Membership {
            wanted: Some(MembershipChange {
                voters: vec![NodeId(1), NodeId(5)],
                learners: Vec::new(),
            }),
            ..Membership::of_voters(&[NodeId(1), NodeId(2), NodeId(4)])
        }
    }

    #[test]
    fn entries_survive_the_way_through_a_record() {
        let payloads = [
            Payload::Noop,
            Payload::Command(Bytes::from_static(b"x")),
            Payload::Command(Bytes::new()),
            Payload::Membership(Arc::new(membership())),
        ];
        for payload in payloads {
            let before = Entry {
                position: Position::new(Term(2), Index(7)),
                payload,
            };
            let no_file = |_| unreachable!("an entry has no file");
            let Record::Entry(mut stored) = record(Persist::Entry(before.clone()), no_file) else {
                panic!("an entry is written as an entry");
            };
            assert_eq!(entry(stored.clone()), Some(before));
            stored.kind = 9;
            assert_eq!(entry(stored), None);
        }
    }

    #[test]
    fn a_snapshot_splits_where_it_was_joined() {
        let cache = Bytes::from_static(b"state");
        let head = SnapshotHead {
            cluster: ClusterId(3),
            digest: 9,
            membership: membership(),
        };
        let whole = snapshot(&head, &cache);
        assert_eq!(split_snapshot(&whole), Some((head, cache)));
        assert_eq!(split_snapshot(&whole.slice(..2)), None);
    }
}
