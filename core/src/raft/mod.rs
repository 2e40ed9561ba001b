//! Consensus: who leads, and what is committed.

mod config;
mod entry;
mod event;
mod message;

pub use config::Config;
pub use entry::{Entry, Payload};
pub use event::{
    AppendRefusal, CampaignReason, CommitReason, Event, FollowReason, InstalledLog, VoteRefusal,
};
pub use message::{
    AppendOutcome, AppendRequest, AppendResponse, Conflict, Message, ReadIndexRequest,
    ReadIndexResponse, SnapshotOutcome, SnapshotRequest, SnapshotResponse, VoteRequest,
    VoteResponse,
};
