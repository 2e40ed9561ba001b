//! One server: consensus, storage and cache behind one function, [`Replica::step`].
//!
//! Consensus decides, storage remembers, the cache answers; this floor carries what each says to
//! the others and knows none of their rules. Read `io.rs` (what goes in and what comes out),
//! `server.rs` (the order in which things are done), `serving.rs` (clients), `persistence.rs`
//! (the two lanes to the disk), `snapshots.rs`, `shutdown.rs`.

mod clients;
mod codec;
mod config;
mod event;
mod io;
mod persistence;
mod server;
mod serving;
mod shutdown;
mod snapshots;

pub use config::{Config, Member, SnapshotConfig};
pub use event::{Event, OperatorRefusal, SnapshotReason};
pub use io::{
    Busy, ClientId, Consistency, Effects, Envelope, Input, Lane, OperatorCommand, Outcome, Request,
    RequestBody, Response, Staleness, Write, WriteId,
};
pub use server::{Replica, StartError};
