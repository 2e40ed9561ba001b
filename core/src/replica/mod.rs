//! One server: consensus, storage and cache behind one function, [`Replica::step`].
//!
//! Consensus decides, storage remembers, the cache answers; this floor carries what each says to
//! the others and knows none of their rules. Read `io.rs` (what goes in and what comes out),
//! `server.rs` (the order in which things are done), `serving.rs` (clients), `persistence.rs` and
//! `snapshot_lane.rs` (the two lanes to the disk), `snapshots.rs`, `shutdown.rs`; then `watch.rs`,
//! `metrics.rs` and `alerts.rs` for what is told to those who watch.

mod advice;
mod alerts;
mod alerts_config;
mod clients;
mod codec;
mod config;
mod digest;
mod event;
mod io;
#[cfg(test)]
mod lab;
mod log_clock;
mod log_time;
mod metrics;
mod mistakes;
mod persistence;
mod server;
mod serving;
mod shutdown;
mod snapshot_lane;
mod snapshots;
mod touches;
mod watch;

pub use advice::{Flaw, ModelConfig, ModelState};
pub use alerts::{Alert, AlertKey, AlertKind, DiskUsage, QuorumCount, Severity};
pub use alerts_config::AlertsConfig;
pub use config::{Config, Member, SnapshotConfig};
pub use digest::AppliedDigest;
pub use event::{Event, OperatorRefusal, SnapshotReason};
pub use io::{
    Busy, ClientId, Consistency, Effects, Envelope, Input, Lane, ModelError, ModelRequest,
    ModelResponse, OperatorCommand, Outcome, Request, RequestBody, Response, Score, Scored,
    Staleness, Write, WriteId,
};
pub use log_time::LogTimeConfig;
pub use metrics::{FollowerMetrics, Metrics, RoleKind, Sent};
pub use server::{Replica, StartError};
pub use touches::DigestConfig;
