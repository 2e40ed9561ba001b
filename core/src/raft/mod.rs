//! Consensus: who leads, and what is committed.
//!
//! This is the Raft of the paper (Ongaro and Ousterhout, "In Search of an Understandable
//! Consensus Algorithm", extended version) and of Ongaro's dissertation, as a pure state machine:
//! [`Raft`] takes a message, a deadline, a report of durability or a proposal with the present
//! time, and fills an [`Output`] with what is to be done. It knows entries and snapshots as
//! opaque bytes, and nothing of disks, clients or the cache.
//!
//! | the paper's words | here |
//! |---|---|
//! | currentTerm, votedFor, log[] | [`Raft::term`], [`Raft::vote`], [`Log`] |
//! | commitIndex | [`Raft::commit`]; lastApplied belongs to the replica |
//! | nextIndex, matchIndex | [`Progress`] |
//! | follower, candidate, leader | [`Role`], one type each |
//! | AppendEntries, RequestVote, InstallSnapshot | [`Message`], one type each |
//!
//! Read in this order: [`Message`], `server.rs` (the way every message takes), `election.rs`,
//! `following.rs`, `leading.rs`, `durability.rs`, `snapshot.rs`, `reads.rs`.
//!
//! Not here: pre-vote, check-quorum, leader leases, membership change, leadership transfer.

mod config;
mod durability;
mod election;
mod entry;
mod event;
mod following;
mod leading;
mod log;
mod message;
mod output;
mod progress;
pub mod quorum;
mod reads;
mod role;
mod server;
mod snapshot;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use entry::{Entry, Payload};
pub use event::{
    AppendRefusal, CampaignReason, CommitReason, Event, FollowReason, InstalledLog, VoteRefusal,
};
pub use log::{Fit, Log};
pub use message::{
    AppendOutcome, AppendRequest, AppendResponse, Conflict, Message, ReadIndexRequest,
    ReadIndexResponse, SnapshotOutcome, SnapshotRequest, SnapshotResponse, VoteRequest,
    VoteResponse,
};
pub use output::{Output, Persist, ReadId, ReadOutcome, ReceivedSnapshot};
pub use progress::{Progress, Sending, Transfer};
pub use role::{Candidate, Follower, Incoming, Leader, Role, Timer};
pub use server::{Raft, Restored, Snapshot};
