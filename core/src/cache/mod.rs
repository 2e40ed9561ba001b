//! What is replicated: keys with their values, and the client sessions that make repeated
//! requests harmless.
//!
//! A pure state machine: [`Cache::apply`] takes the commands of the log in order. It knows log
//! indexes as version numbers and log time as its clock, and nothing of terms, servers or the time
//! on any wall. Read `command.rs` and `query.rs`, then `state.rs`, then `session.rs`.

mod command;
mod config;
mod features;
mod nesting;
mod query;
mod recency;
mod refusal;
mod session;
mod state;
mod store;

pub use command::{
    Answer, Apply, Chosen, Command, Configure, DecodeError, EntryId, Operation, Sequence,
    SessionId, Stamped, TimeToLive, Touched,
};
pub use config::{Config, PolicyKind};
pub use features::{Candidate, Features};
pub use query::{Found, Query, Versioned};
pub use refusal::Refusal;
pub use session::Session;
pub use state::{Applied, Cache, RemovalReason, Removed, RestoreError};
pub use store::Held;
