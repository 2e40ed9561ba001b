//! One server: consensus, storage and cache behind one function, [`Replica::step`].

mod config;
mod event;
mod io;

pub use config::{Config, Member, SnapshotConfig};
pub use event::{Event, SnapshotReason};
pub use io::{
    ClientId, Effects, Envelope, Input, Lane, Outcome, Request, RequestBody, Response, Write,
    WriteId,
};
