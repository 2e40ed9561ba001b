//! What is replicated: keys with their values, and the client sessions that make repeated
//! requests harmless.
//!
//! A pure state machine: [`Cache::apply`] takes the commands of the log in order. It knows log
//! indexes as version numbers and log time as its clock, and nothing of terms, servers or the time
//! on any wall. Read `command.rs` and `query.rs`, then `state.rs`, then
//! `session.rs`, then `snapshot.rs`.

mod candidate;
mod command;
mod config;
pub mod eviction;
mod mistakes;
pub mod model;
mod nesting;
mod query;
mod refusal;
mod session;
mod snapshot;
mod state;
mod store;

pub use candidate::Candidate;
pub use command::{
    Answer, Apply, Chosen, Command, Configure, DecodeError, EntryId, Operation, Sequence,
    SessionId, Stamped, TimeToLive, Touched,
};
pub use config::{Config, PolicyKind};
pub use query::{Found, Query, Versioned};
pub use refusal::Refusal;
pub use session::Session;
pub use snapshot::{RestoreError, SnapshotReader, SnapshotWriter};
pub(crate) use state::key_hash;
pub use state::{Applied, Cache, RemovalReason, Removed, Taken};
pub use store::Held;
