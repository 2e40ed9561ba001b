//! How consensus state is written as storage records, and read back.

use super::digest::AppliedDigest;
use crate::cache::{self, Cache, RestoreError, SnapshotReader, SnapshotWriter};
use crate::raft::{Entry, Membership, Payload, Persist};
use crate::storage::{HardState, LogEntry, Record, SnapshotMark};
use crate::types::{ClusterId, Position, Rope};
use bytes::Bytes;
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
    /// The digests of all that was applied.
    pub(super) digest: AppliedDigest,
    /// The members at the last of them.
    pub(super) membership: Membership,
}

/// Writes a snapshot piece by piece: the length of its head in four bytes, lowest first, the head, then
/// the cache's own snapshot.
#[derive(Clone, Debug)]
pub(super) struct SnapshotEncoder {
    /// Until the first piece.
    head: Bytes,
    cache: SnapshotWriter,
}

impl SnapshotEncoder {
    pub(super) fn new(head: &SnapshotHead, cache: &Cache) -> SnapshotEncoder {
        let head =
            postcard::to_allocvec(head).expect("a head holds nothing that cannot be encoded");
        let len = u32::try_from(head.len()).expect("a membership has few servers");
        SnapshotEncoder {
            head: [&len.to_le_bytes()[..], &head].concat().into(),
            cache: SnapshotWriter::new(cache),
        }
    }

    /// The next piece, of `most` bytes unless it is the first or the last; none after that.
    pub(super) fn next_piece(&mut self, most: usize) -> Option<Bytes> {
        let head = std::mem::take(&mut self.head);
        let more = self.cache.next_piece(most.saturating_sub(head.len()));
        match more {
            Some(more) if head.is_empty() => Some(more),
            Some(more) => Some([head, more].concat().into()),
            None => (!head.is_empty()).then_some(head),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.head.is_empty() && self.cache.is_done()
    }
}

/// What a snapshot holds beside the cache's own, and where that begins; none when it is cut short, or
/// not a snapshot of this version.
pub(super) fn snapshot_head(data: &Rope) -> Option<(SnapshotHead, u64)> {
    let len = u32::from_le_bytes(*data.slice(0, 4).first_chunk()?);
    let end = 4 + u64::from(len);
    match postcard::take_from_bytes(&data.slice(4, u64::from(len))) {
        Ok((head, [])) => Some((head, end)),
        Ok(_) | Err(_) => None,
    }
}

/// The cache in a snapshot: what stands there from `start` on.
pub(super) fn snapshot_cache(
    config: &cache::Config,
    data: &Rope,
    start: u64,
) -> Result<Cache, RestoreError> {
    let mut reader = SnapshotReader::new(config.clone());
    let mut before = start;
    for piece in data.pieces() {
        let skipped = before.min(piece.len() as u64);
        before -= skipped;
        reader.push(&piece[skipped as usize..])?;
    }
    reader.finish()
}

#[cfg(test)]
mod tests {
    use super::{SnapshotEncoder, SnapshotHead, entry, record, snapshot_cache, snapshot_head};
    use crate::cache::{self, Cache, Command, Stamped};
    use crate::raft::{Entry, Membership, MembershipChange, Payload, Persist};
    use crate::replica::AppliedDigest;
    use crate::storage::Record;
    use crate::types::{ClusterId, Index, NodeId, Position, Rope, Term};
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
    fn a_snapshot_reads_back_whatever_its_pieces() {
        let config = cache::Config::default();
        let mut cache = Cache::new(config.clone());
        cache.apply(Index(7), &Stamped::plain(Command::OpenSession));
        let head = SnapshotHead {
            cluster: ClusterId(3),
            digest: AppliedDigest {
                entries: 9,
                effects: 1 << 40,
            },
            membership: membership(),
        };
        let rope = |most| {
            let mut encoder = SnapshotEncoder::new(&head, &cache);
            let mut rope = Rope::default();
            while let Some(piece) = encoder.next_piece(most) {
                rope.push(piece);
            }
            assert!(encoder.is_done());
            rope
        };
        let whole = rope(1 << 20);
        assert_eq!(whole.pieces().count(), 1);
        for most in [1, 3, 30, 64] {
            let pieces = rope(most);
            assert_eq!(pieces, whole);
            let (read, start) = snapshot_head(&pieces).expect("it was just written");
            assert_eq!(read, head);
            assert_eq!(snapshot_cache(&config, &pieces, start).as_ref(), Ok(&cache));
        }
        assert_eq!(snapshot_head(&Rope::from(whole.slice(0, 12))), None);
        assert_eq!(snapshot_head(&Rope::default()), None);
    }
}
