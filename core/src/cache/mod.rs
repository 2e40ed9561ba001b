//! What is replicated: keys with their values, and the client sessions that make repeated
//! requests harmless.
//!
//! A pure state machine: [`Cache::apply`] takes the commands of the log in order. It knows log
//! indexes as version numbers, and nothing of terms, servers or time. Read `command.rs`, then
//! `state.rs`, then `session.rs`.

mod command;
mod limits;
mod session;
mod state;

pub use command::{
    Answer, Apply, Command, DecodeError, Operation, Refusal, Sequence, SessionId, Versioned,
};
pub use limits::Limits;
pub use session::Session;
pub use state::{Applied, Cache, RestoreError};
