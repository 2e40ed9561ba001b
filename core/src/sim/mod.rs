//! The world: a deterministic simulation of servers, disks, network and clients.
//!
//! One scenario gives one history, on every target. Read in this order: `scenario/` (what a run
//! is made of), `world.rs` (the order in which things happen), `step.rs` (what a step tells),
//! `network.rs`, `disk.rs`, `device.rs`, `clock.rs`, `intake.rs`, `client.rs` (the parts), `actions.rs`, `faults.rs` and
//! `timers.rs` (what people do),
//! `alerts.rs` (what servers say of themselves), `timeline.rs` (going back), `expect.rs` (what must
//! have come true), `truth.rs` (what could be expected), `nemesis/` (trouble by a seed).

mod actions;
mod alerts;
mod capacity;
mod client;
mod clock;
mod device;
mod disk;
mod expect;
mod faults;
mod intake;
mod latency;
mod nemesis;
mod network;
mod node;
mod scenario;
mod service;
mod step;
mod tally;
mod timeline;
mod timers;
mod truth;
mod way;
mod world;

pub use alerts::RaisedAlert;
pub use capacity::Capacity;
pub use client::{
    Answered, Client, ClientConfig, ClientEvent, ClientOutput, OperationResult, RetryReason,
};
pub use clock::Clock;
pub use device::{Device, Progress};
pub use disk::{
    CrashReport, DamageError, DiskImage, FileState, FileSurvival, Lost, NameChange, PieceState,
    SimDisk, Survivors, Unsynced, UnsyncedAppend,
};
pub use expect::{Expectation, expectations};
pub use faults::KeptImage;
pub use intake::Intake;
pub use latency::Latency;
pub use nemesis::{Endurance, FaultKind, Mode, REST_WITHIN, Troubled, is_mended};
pub use network::{Address, InFlight, MessageId, Network, NetworkConfig, Payload};
pub use node::{Failure, LastCrash, Node, Status};
pub use scenario::{
    Action, DiskConfig, Distribution, Expect, Gaps, Keep, Operation, ReadPath, Scenario,
    ScenarioError, SyntaxError, TimedAction, VERSION, Workload, bounds, verb,
};
pub use service::{ModelService, ServiceConfig, ServiceMode};
pub use step::{ActionRefusal, Cause, DuplicationReason, Happening, LossReason, Place, Step, What};
pub use tally::{Found, Tally};
pub use timeline::{Observer, Replay, Timeline};
pub use truth::truth;
pub use way::{Way, parting};
pub use world::World;
