//! What servers say to each other: one type per message.
//!
//! | message | sent by | Raft paper |
//! |---|---|---|
//! | [`VoteRequest`], [`VoteResponse`] | candidate, voter | figure 2, RequestVote |
//! | [`AppendRequest`], [`AppendResponse`] | leader, follower | figure 2, AppendEntries |
//! | [`SnapshotRequest`], [`SnapshotResponse`] | leader, follower | figure 13, InstallSnapshot |
//! | [`ReadIndexRequest`], [`ReadIndexResponse`] | follower, leader | dissertation, section 6.4 |

use super::entry::Entry;
use crate::types::{Index, Position, Term};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Any message between two servers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Message {
    /// A candidate asks for a vote.
    VoteRequest(VoteRequest),
    /// The answer to it.
    VoteResponse(VoteResponse),
    /// The leader replicates entries, or shows that it lives when there are none.
    AppendRequest(AppendRequest),
    /// The answer to it.
    AppendResponse(AppendResponse),
    /// A piece of a snapshot, for a follower whose next entry the leader no longer holds.
    SnapshotRequest(SnapshotRequest),
    /// The answer to it.
    SnapshotResponse(SnapshotResponse),
    /// A follower asks up to where it must have applied before it may answer a read.
    ReadIndexRequest(ReadIndexRequest),
    /// The answer to it.
    ReadIndexResponse(ReadIndexResponse),
}

impl Message {
    /// The sender's term when it sent the message.
    #[must_use]
    pub fn term(&self) -> Term {
        match self {
            Message::VoteRequest(m) => m.term,
            Message::VoteResponse(m) => m.term,
            Message::AppendRequest(m) => m.term,
            Message::AppendResponse(m) => m.term,
            Message::SnapshotRequest(m) => m.term,
            Message::SnapshotResponse(m) => m.term,
            Message::ReadIndexRequest(m) => m.term,
            Message::ReadIndexResponse(m) => m.term,
        }
    }
}

/// A candidate asks for a vote.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoteRequest {
    /// The candidate's term.
    pub term: Term,
    /// The last entry of the candidate's log.
    pub last: Position,
}

/// A voter's answer; it leaves only after the vote is durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoteResponse {
    /// The voter's term.
    pub term: Term,
    /// Whether the vote is the candidate's.
    pub granted: bool,
}

/// Entries, and the proof that they follow what the follower holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AppendRequest {
    /// The leader's term.
    pub term: Term,
    /// The entry just before `entries`: the follower must hold it.
    pub previous: Position,
    /// Contiguous, the first at `previous.index + 1`; none in a pure heartbeat.
    pub entries: Vec<Entry>,
    /// The leader's commit index.
    pub commit: Index,
    /// Counts the leader's confirmations of its leadership; echoed by the answer, so that a
    /// read knows that its leader was still leader after the read arrived.
    pub round: u64,
}

/// The answer to an [`AppendRequest`]; an acknowledgement leaves only after the entries are
/// durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AppendResponse {
    /// The follower's term.
    pub term: Term,
    /// The round of the request.
    pub round: u64,
    /// Whether the entries fit.
    pub outcome: AppendOutcome,
}

/// Whether the entries of an append fit the follower's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AppendOutcome {
    /// The follower's log equals the leader's up to here, durably.
    Accepted {
        /// The last index of which the follower is sure.
        matched: Index,
    },
    /// The follower lacks the previous entry.
    Rejected(Conflict),
}

/// Why an append did not fit, with what the leader needs to skip the whole difference at once
/// (Raft paper, end of section 5.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Conflict {
    /// The previous entry that the follower lacks, to tell this refusal from an older one.
    pub previous: Position,
    /// The last index of the follower's log.
    pub last: Index,
    /// When the follower holds an entry of another term there: that term, and the first index
    /// at which the follower holds it.
    pub conflicting: Option<Position>,
}

/// A piece of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnapshotRequest {
    /// The leader's term.
    pub term: Term,
    /// As in [`AppendRequest::round`].
    pub round: u64,
    /// The last entry that the snapshot covers.
    pub covers: Position,
    /// Where in the snapshot `data` starts, in bytes.
    pub offset: u64,
    /// The size of the whole snapshot in bytes.
    pub total: u64,
    /// The piece.
    pub data: Bytes,
}

/// The answer to a [`SnapshotRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnapshotResponse {
    /// The follower's term.
    pub term: Term,
    /// The round of the request.
    pub round: u64,
    /// The last entry that the snapshot covers.
    pub covers: Position,
    /// How far the follower is with it.
    pub outcome: SnapshotOutcome,
}

/// How far a follower is with a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SnapshotOutcome {
    /// It holds this many bytes from the start: send the next piece from there.
    Received {
        /// Bytes held without a gap.
        bytes: u64,
    },
    /// It has the snapshot, or everything that the snapshot covers, durably.
    Installed {
        /// The last index of which the follower is sure.
        matched: Index,
    },
}

/// A follower's read asks the leader for a read index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadIndexRequest {
    /// The follower's term.
    pub term: Term,
    /// Chosen by the follower, echoed by the answer.
    pub read: u64,
}

/// The leader's answer to a [`ReadIndexRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadIndexResponse {
    /// The answering server's term.
    pub term: Term,
    /// The follower's choice.
    pub read: u64,
    /// What must be applied before the read is answered; none when the asked server is not, or
    /// not any more, the leader.
    pub index: Option<Index>,
}
