//! What the write-ahead log is made of, and how it is written.
//!
//! A record on disk: the length of its body (u32, little-endian), the CRC-32C of the body (u32,
//! little-endian), the body (postcard). Nothing in it depends on the machine.

use crate::types::{ClusterId, Incarnation, Index, NodeId, Position, Term};
use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// Whose data it is. State of another cluster, or of another server, is never loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The life of the cluster.
    pub cluster: ClusterId,
    /// The server.
    pub node: NodeId,
    /// The life of the server's memory.
    pub incarnation: Incarnation,
}

impl Identity {
    /// Whether both are lives of one server's memory.
    #[must_use]
    pub fn is_same_server(self, other: Identity) -> bool {
        (self.cluster, self.node) == (other.cluster, other.node)
    }
}

impl core::fmt::Display for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} of cluster {}", self.node, self.cluster)
    }
}

/// The term, and the vote in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HardState {
    /// The term.
    pub term: Term,
    /// The vote in it.
    pub vote: Option<NodeId>,
}

/// An entry of the replicated log; what it carries is not this floor's matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogEntry {
    /// Where it stands.
    pub position: Position,
    /// How to read what it carries.
    pub kind: u8,
    /// What it carries.
    pub payload: Bytes,
}

/// Names a snapshot file that is durable, and what must be found in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnapshotMark {
    /// The last entry that it covers.
    pub position: Position,
    /// The file.
    pub file: String,
    /// The size of the snapshot in bytes, without the file's header.
    pub len: u64,
    /// The CRC-32C of the snapshot.
    pub checksum: u32,
}

/// A record of the write-ahead log. Later records prevail over earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// Opens a segment.
    Segment(SegmentHeader),
    /// The term and the vote.
    HardState(HardState),
    /// An entry. If the log reaches its index or beyond, it is cut there first.
    Entry(LogEntry),
    /// So much is known to be committed.
    Commit(Index),
    /// The snapshot is the beginning of the log; entries that follow what it covers stay.
    Snapshot(SnapshotMark),
    /// The snapshot is the beginning of the log, and no earlier entry is part of it any more.
    /// That it did not hold the snapshot's last entry was decided when the snapshot was
    /// installed; a reader could not decide it again once older segments are gone.
    Reset(SnapshotMark),
    /// Begins a write that does not begin a segment.
    Write(WriteMark),
}

/// Where a write begins. Writes of the log wait for each other, so everything before it in the
/// segment was durable when it was made: damage before a mark that can be read is damage, and a
/// bad place behind the last mark is only what a crash left of a write that nobody was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WriteMark {
    /// The segment.
    pub sequence: u64,
    /// Where in it this very record stands, in bytes.
    pub offset: u64,
}

/// Everything that older segments say and that this one must not depend on, so that they can be
/// removed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SegmentHeader {
    /// The version of the format: [`FORMAT`].
    pub format: u16,
    /// Whose log it is.
    pub identity: Identity,
    /// Counts the segments, from 1.
    pub sequence: u64,
    /// The segments before this one that are still there, each with its valid bytes: what
    /// follows those was torn by a crash, and noticed then.
    pub previous: Vec<SegmentLen>,
    /// The term and the vote.
    pub hard_state: HardState,
    /// What is known to be committed.
    pub commit: Index,
    /// Where the log ends. Without the segments before, the log is known from here on only.
    pub last: Position,
    /// The snapshots whose files are kept, the newest last: it is the beginning of the log.
    pub snapshots: Vec<SnapshotMark>,
}

/// How many bytes of a segment are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SegmentLen {
    /// The segment.
    pub sequence: u64,
    /// Its valid bytes, from the start.
    pub len: u64,
}

/// The version of the on-disk format that this build writes and reads.
pub const FORMAT: u16 = 2;

/// The largest body of a record, in bytes: a bound on what a damaged length can ask for.
pub const MAX_BODY: usize = 64 << 20;

const HEAD: usize = 8;

impl Record {
    /// Appends the record's bytes.
    pub fn encode(&self, out: &mut BytesMut) {
        let body =
            postcard::to_allocvec(self).expect("records hold nothing that cannot be encoded");
        out.put_u32_le(u32::try_from(body.len()).expect("payload limits keep records small"));
        out.put_u32_le(crc32c::crc32c(&body));
        out.extend_from_slice(&body);
    }

    /// Reads the record at the start of `bytes`, and how many bytes it takes.
    ///
    /// # Errors
    /// The bytes end before it does, or are not what was written.
    pub fn decode(bytes: &[u8]) -> Result<(Record, usize), RecordError> {
        let body = intact_body(bytes)?;
        match postcard::take_from_bytes::<Record>(body) {
            Ok((record, [])) => Ok((record, HEAD + body.len())),
            Ok(_) | Err(_) => Err(RecordError::Unreadable),
        }
    }

    /// The format of the segment that begins with `bytes`, also of one that this version cannot
    /// read: every format begins its header with the same two fields.
    #[must_use]
    pub fn segment_format(bytes: &[u8]) -> Option<u16> {
        let (&SEGMENT, fields) = intact_body(bytes).ok()?.split_first()? else {
            return None;
        };
        let (format, _) = postcard::take_from_bytes(fields).ok()?;
        Some(format)
    }
}

/// How [`Record::Segment`] begins.
const SEGMENT: u8 = 0;

fn intact_body(bytes: &[u8]) -> Result<&[u8], RecordError> {
    let head = bytes.first_chunk::<HEAD>().ok_or(RecordError::CutShort)?;
    let [l0, l1, l2, l3, c0, c1, c2, c3] = *head;
    let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if len > MAX_BODY {
        return Err(RecordError::Length { len });
    }
    let body = bytes[HEAD..].get(..len).ok_or(RecordError::CutShort)?;
    if crc32c::crc32c(body) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(RecordError::Checksum);
    }
    Ok(body)
}

impl WriteMark {
    /// The largest body of its record: a tag and two integers of at most ten bytes.
    const MAX_BODY: u32 = 21;

    /// The first mark of segment `sequence` that stands at `from` or behind, and where.
    #[must_use]
    pub fn find(sequence: u64, bytes: &[u8], from: usize) -> Option<usize> {
        (from..bytes.len()).find(|start| {
            let rest = &bytes[*start..];
            // Looked at first, so that a file of plausible lengths does not cost its square.
            let len = rest.first_chunk().map(|len| u32::from_le_bytes(*len));
            len.is_some_and(|len| len <= WriteMark::MAX_BODY)
                && matches!(
                    Record::decode(rest),
                    Ok((Record::Write(mark), _)) if mark.is_at(sequence, *start)
                )
        })
    }

    /// Whether it says of itself that it stands there.
    #[must_use]
    pub fn is_at(self, sequence: u64, offset: usize) -> bool {
        (self.sequence, self.offset) == (sequence, offset as u64)
    }
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum RecordError {
    /// The bytes end first.
    #[error("the record is cut short")]
    CutShort,
    /// The length cannot be right.
    #[error("a record of {len} bytes is longer than any that is written")]
    Length {
        /// What the length field says.
        len: usize,
    },
    /// The checksum is wrong.
    #[error("the checksum does not fit the record")]
    Checksum,
    /// The checksum is right, but this build does not understand the record.
    #[error("the record is intact but not one that this version knows")]
    Unreadable,
}

#[cfg(test)]
mod tests {
    use super::{HardState, LogEntry, MAX_BODY, Record, RecordError, WriteMark};
    use crate::types::{Index, NodeId, Position, Term};
    use bytes::{Bytes, BytesMut};
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = Record> {
        let entry = (
            any::<u64>(),
            any::<u64>(),
            prop::collection::vec(any::<u8>(), 0..50),
        );
        prop_oneof![
            (any::<u64>(), any::<Option<u32>>()).prop_map(|(term, vote)| {
                Record::HardState(HardState {
                    term: Term(term),
                    vote: vote.map(NodeId),
                })
            }),
            entry.prop_map(|(term, index, payload)| {
                Record::Entry(LogEntry {
                    position: Position::new(Term(term), Index(index)),
                    kind: (index % 3) as u8,
                    payload: Bytes::from(payload),
                })
            }),
            any::<u64>().prop_map(|commit| Record::Commit(Index(commit))),
            any::<(u64, u64)>()
                .prop_map(|(sequence, offset)| Record::Write(WriteMark { sequence, offset })),
        ]
    }

    #[test]
    fn a_length_beyond_the_largest_body_is_no_length() {
        let told = |len: usize| Record::decode(&(len as u64).to_le_bytes());
        assert_eq!(told(MAX_BODY), Err(RecordError::CutShort));
        let len = MAX_BODY + 1;
        assert_eq!(told(len), Err(RecordError::Length { len }));
    }

    proptest! {
        #[test]
        fn records_read_back_as_written(record in record()) {
            let mut bytes = BytesMut::new();
            record.encode(&mut bytes);
            prop_assert_eq!(Record::decode(&bytes), Ok((record, bytes.len())));
        }

        #[test]
        fn a_cut_or_changed_record_is_never_read(
            record in record(), cut in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let mut bytes = BytesMut::new();
            record.encode(&mut bytes);
            let place = cut.index(bytes.len());
            prop_assert_eq!(Record::decode(&bytes[..place]), Err(RecordError::CutShort));
            bytes[place] ^= 1 << bit;
            prop_assert!(Record::decode(&bytes).is_err());
        }

        /// A mark counts only in the place that it names, wherever its bytes got to.
        #[test]
        fn a_mark_is_found_where_it_says_it_stands(
            before in prop::collection::vec(any::<u8>(), 0..64), sequence in any::<u64>(), off in 0u64..2,
        ) {
            let mut bytes = BytesMut::from(&before[..]);
            let offset = before.len() as u64 + off;
            Record::Write(WriteMark { sequence, offset }).encode(&mut bytes);
            let found = (off == 0).then_some(before.len());
            prop_assert_eq!(WriteMark::find(sequence, &bytes, 0), found);
            prop_assert_eq!(WriteMark::find(sequence ^ 1, &bytes, 0), None);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Record::decode(&bytes);
        }
    }
}
