//! What servers say to each other: one type per message.
//!
//! | message | sent by | Raft paper |
//! |---|---|---|
//! | [`PreVoteRequest`], [`PreVoteResponse`] | pre-candidate, voter | dissertation, section 9.6 |
//! | [`VoteRequest`], [`VoteResponse`] | candidate, voter | figure 2, RequestVote |
//! | [`AppendRequest`], [`AppendResponse`] | leader, follower | figure 2, AppendEntries |
//! | [`SnapshotRequest`], [`SnapshotResponse`] | leader, follower | figure 13, InstallSnapshot |
//! | [`ReadIndexRequest`], [`ReadIndexResponse`] | follower, leader | dissertation, section 6.4 |
//! | [`TimeoutNow`] | leader | dissertation, section 3.10 |

use super::entry::Entry;
use crate::types::{Index, Instant, Position, Term};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Any message between two servers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Message {
    /// A server asks who would vote for it.
    PreVoteRequest(PreVoteRequest),
    /// The answer to it.
    PreVoteResponse(PreVoteResponse),
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
    /// The leader asks a follower to take its place.
    TimeoutNow(TimeoutNow),
}

impl Message {
    /// The sender's term when it sent the message.
    #[must_use]
    pub fn term(&self) -> Term {
        match self {
            Message::PreVoteRequest(m) => m.term,
            Message::PreVoteResponse(m) => m.term,
            Message::TimeoutNow(m) => m.term,
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

/// A server asks who would vote for it in the term after its own. Nobody's term changes by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PreVoteRequest {
    /// The asking server's present term; it would stand in the next one.
    pub term: Term,
    /// The last entry of its log.
    pub last: Position,
}

/// The answer to a [`PreVoteRequest`]; it promises nothing, so it waits for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PreVoteResponse {
    /// The answering server's term.
    pub term: Term,
    /// The term of the request that this answers.
    pub asked: Term,
    /// Whether it would vote for the asking server.
    pub granted: bool,
}

/// A candidate asks for a vote.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoteRequest {
    /// The candidate's term.
    pub term: Term,
    /// The last entry of the candidate's log.
    pub last: Position,
    /// What entitles it to stand.
    pub mandate: Mandate,
}

/// What entitles a candidate to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mandate {
    /// It heard from no leader. Voters that did hear from one refuse.
    Silence,
    /// The leader itself asked it to, and gave up its lease before: voters need not wait.
    Transfer,
}

/// The leader asks a follower whose log is complete to stand for election at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeoutNow {
    /// The leader's term.
    pub term: Term,
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
    /// read knows that its leader was still leader after the read arrived, and a lease when it
    /// began.
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
    /// The follower's clock when it took the request, from which the leader tells how fast it
    /// runs.
    pub clock: Instant,
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
    /// The CRC-32C of the whole snapshot: pieces of equal snapshots of two leaders fit together.
    pub checksum: u32,
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
    pub read: ReadTag,
    /// How the leader may make sure that it still leads.
    pub via: ReadVia,
}

/// Names a read that a follower asks its leader about. Numbers begin anew when the follower starts
/// again, and an answer to the same number of its former run would let it read what was committed
/// long ago; so the run is part of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadTag {
    /// Tells the runs of one server apart.
    pub run: u64,
    /// The number that the server's host chose in this run.
    pub number: u64,
}

/// How a leader makes sure that it still leads when a read arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReadVia {
    /// By a round of messages to a quorum: independent of clocks.
    Quorum,
    /// By its lease while it holds one: no message, but clocks must keep to their bound.
    Lease,
}

/// The leader's answer to a [`ReadIndexRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadIndexResponse {
    /// The answering server's term.
    pub term: Term,
    /// The follower's choice.
    pub read: ReadTag,
    /// What must be applied before the read is answered; none when the asked server is not, or
    /// not any more, the leader.
    pub index: Option<Index>,
}
