//! What a server holds only while it plays a role.

use super::lease::Lease;
use super::progress::Progress;
use super::reads::{AskedReads, LeaderReads};
use super::transfer::HandOver;
use crate::types::{Index, Instant, NodeId, Position, Rope};

/// The role of a server in its term (Raft paper, figure 4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Follows a leader, or waits for one.
    Follower(Follower),
    /// Asks who would vote for it, before it stands for election.
    PreCandidate(PreCandidate),
    /// Stands for election.
    Candidate(Candidate),
    /// Leads.
    Leader(Leader),
}

/// A server that follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Follower {
    /// Who leads the term, once it has been heard.
    pub leader: Option<NodeId>,
    /// When it will stand for election unless it hears from a leader.
    pub timer: Timer,
    /// Reads for which the leader was asked.
    pub reads: AskedReads,
}

/// A server that asks who would vote for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PreCandidate {
    /// What each voter said, itself first.
    pub votes: Vec<(NodeId, bool)>,
    /// When it asks again.
    pub timer: Timer,
}

/// A server that stands for election.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// What each voter said. Its own vote appears once it is durable.
    pub votes: Vec<(NodeId, bool)>,
    /// The record that makes its own vote durable.
    pub own_vote: u64,
    /// When it gives this election up and begins another.
    pub timer: Timer,
}

/// A server that leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader {
    /// Everyone it sends to, by id: the other members, and for a while those who left.
    pub progress: Vec<Progress>,
    /// The first entry of its term: nothing is known to be committed before that is.
    pub first_of_term: Index,
    /// Reads that wait for proof that it still leads.
    pub reads: LeaderReads,
    /// Since when a quorum is known to follow.
    pub lease: Lease,
    /// The server that is to lead next, while leadership is handed over.
    pub hand_over: Option<HandOver>,
    /// Payload bytes of entries that are not committed.
    pub uncommitted_bytes: u64,
    /// When the next piece of a snapshot may leave, by the configured bandwidth.
    pub snapshot_paced_until: Instant,
    /// When the next heartbeat is due.
    pub heartbeat_at: Instant,
    /// The newest entry of an earlier term that a majority was seen to hold; it does not count as committed.
    pub withheld: Index,
}

/// An election timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timer {
    /// When it was set.
    pub set_at: Instant,
    /// When it fires.
    pub fires_at: Instant,
}

/// A snapshot that arrives in pieces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Incoming {
    /// What it covers.
    pub covers: Position,
    /// Its size.
    pub total: u64,
    /// The CRC-32C of the whole.
    pub checksum: u32,
    /// What arrived without gaps.
    pub data: Rope,
}

impl Incoming {
    /// Whether all bytes are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.data.len() == self.total
    }
}
