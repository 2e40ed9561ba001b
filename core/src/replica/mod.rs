//! One server: consensus, storage and cache behind one function, [`Replica::step`].
//!
//! Consensus decides, storage remembers, the cache answers; this floor carries what each says to
//! the others and knows none of their rules. Read `io.rs` (what goes in and what comes out),
//! `server.rs` (the order in which things are done), `persistence.rs` (the two lanes to the
//! disk).

mod clients;
mod codec;
mod config;
mod event;
mod io;
mod persistence;
mod server;

pub use config::{Config, Member, SnapshotConfig};
pub use event::{Event, SnapshotReason};
pub use io::{
    ClientId, Effects, Envelope, Input, Lane, Outcome, Request, RequestBody, Response, Write,
    WriteId,
};
pub use server::{Replica, StartError};
