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
//! `promise.rs`, `following.rs`, `leading.rs`, `durability.rs`, `snapshot.rs`, `reads.rs`,
//! `lease.rs`, `membership.rs`, `reconfigure.rs`, `transfer.rs`, `clock.rs`.

mod clock;
mod config;
mod durability;
mod election;
mod entry;
mod event;
mod following;
mod leading;
mod lease;
mod log;
mod membership;
mod message;
mod mistakes;
mod output;
mod progress;
mod promise;
pub mod quorum;
mod reads;
mod reconfigure;
mod role;
mod seats;
mod server;
mod snapshot;
#[cfg(test)]
mod tests;
mod transfer;

pub use clock::{ClockRate, ClockReadings};
pub use config::Config;
pub use entry::{Entry, Payload};
pub use event::{
    AppendRefusal, CampaignReason, ClockJump, CommitReason, Event, FollowReason, InstalledLog,
    LeaseRefusal, TransferRefusal, VoteRefusal,
};
pub use log::{Fit, Log};
pub use membership::{ChangeRefusal, Membership, MembershipChange, Standing};
pub use message::{
    AppendOutcome, AppendRequest, AppendResponse, Conflict, Mandate, Message, PreVoteRequest,
    PreVoteResponse, ReadIndexRequest, ReadIndexResponse, ReadTag, ReadVia, SnapshotOutcome,
    SnapshotRequest, SnapshotResponse, TimeoutNow, VoteRequest, VoteResponse,
};
pub use output::{Output, Persist, ReadId, ReadOutcome, ReceivedSnapshot};
pub use progress::{Inflight, Progress, Sending, Transfer};
pub use promise::{Promise, PromiseReason};
pub use role::{Candidate, Follower, Incoming, Leader, PreCandidate, Role, Timer};
pub use seats::Return;
pub use server::{ProposeRefusal, Raft, Restored, Snapshot};
pub use transfer::HandOver;
