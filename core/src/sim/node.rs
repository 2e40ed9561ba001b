//! One simulated machine: a disk and a clock that stay, and a replica that comes and goes.

use super::alerts::{AlertBoard, RaisedAlert};
use super::clock::Clock;
use super::device::Device;
use super::disk::CrashReport;
use super::intake::Intake;
use super::scenario::Keep;
use crate::replica::{Replica, StartError};
use crate::storage::{DiskError, Finding};
use crate::types::{Incarnation, Instant, NodeId};
use std::sync::Arc;

/// One simulated machine. Cloning is cheap: the replica is shared until it changes.
#[derive(Clone, Debug)]
pub struct Node {
    pub(super) id: NodeId,
    pub(super) status: Status,
    pub(super) device: Device,
    pub(super) clock: Clock,
    pub(super) intake: Intake,
    pub(super) runs: u64,
    pub(super) recovery: Vec<Finding>,
    pub(super) snapshots_installed: u64,
    pub(super) alerts: AlertBoard,
    /// Whether the machine has power: that of a killed server has.
    pub(super) powered: bool,
    pub(super) last_crash: Option<Arc<LastCrash>>,
}

/// What the power's end made of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastCrash {
    /// When it was.
    pub at: Instant,
    /// What was lost, and what survived.
    pub report: CrashReport,
}

/// Whether a machine runs.
#[derive(Clone, Debug)]
pub enum Status {
    /// It runs.
    Up(Arc<Replica>),
    /// It has no power, or its process was killed.
    Down,
    /// It has power, but the server does not run.
    Failed(Failure),
}

/// Why a server does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Recovery refused.
    #[error("{0}")]
    Start(StartError),
    /// Its disk failed.
    #[error("its disk failed: {0}")]
    Disk(DiskError),
}

impl Node {
    pub(super) fn new(id: NodeId, device: Device) -> Node {
        let (status, recovery) = (Status::Down, Vec::new());
        Node {
            id,
            status,
            device,
            clock: Clock::default(),
            intake: Intake::default(),
            runs: 0,
            recovery,
            snapshots_installed: 0,
            alerts: AlertBoard::default(),
            powered: false,
            last_crash: None,
        }
    }

    /// The power goes: only the disk and the clock are left.
    pub(super) fn lose_power(&mut self, now: Instant, keep: &Keep) -> CrashReport {
        self.status = Status::Down;
        self.powered = false;
        self.alerts.touch();
        let report = self.device.crash(keep);
        let last = LastCrash {
            at: now,
            report: report.clone(),
        };
        self.last_crash = Some(Arc::new(last));
        report
    }

    /// When its server takes what waits, or wants to be woken, in simulated time.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        if self.intake.is_paused() {
            return None;
        }
        let deadline = || Some(self.clock.when(self.replica()?.deadline()?));
        self.intake.turn_at().or_else(deadline)
    }

    /// Sets when its server's election timer runs out, in simulated time.
    pub(super) fn set_election_timer(&mut self, fires_at: Instant) {
        let fires_at = self.clock.at(fires_at);
        if let Status::Up(replica) = &mut self.status {
            Arc::make_mut(replica).set_election_timer(fires_at);
        }
    }

    /// The incarnation under which its server goes on should it find that its disk has lost
    /// something: the machine counts how often it was switched on. As long as nothing was ever
    /// durable, no other server was told anything.
    pub(super) fn next_incarnation(&self) -> Incarnation {
        if self.device.disk().was_written() {
            Incarnation(self.runs + 1)
        } else {
            Incarnation::FIRST
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Whether it runs.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The server, while it runs.
    #[must_use]
    pub fn replica(&self) -> Option<&Replica> {
        match &self.status {
            Status::Up(replica) => Some(replica),
            Status::Down | Status::Failed(_) => None,
        }
    }

    /// Its disk, with and without power.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Whether the machine has power, be it that its server was killed.
    #[must_use]
    pub fn is_powered(&self) -> bool {
        self.powered
    }

    /// What its latest crash took and left.
    #[must_use]
    pub fn last_crash(&self) -> Option<&LastCrash> {
        self.last_crash.as_deref()
    }

    /// Its clock, which runs on without power.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What waits for its server, and why.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// How often it was switched on.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// What its latest recovery found.
    #[must_use]
    pub fn recovery(&self) -> &[Finding] {
        &self.recovery
    }

    /// The alerts that it has raised and not cleared, oldest first; none while it does not run.
    #[must_use]
    pub fn alerts(&self) -> &[RaisedAlert] {
        self.alerts.raised()
    }

    /// How many snapshots of leaders it has installed, in all its runs.
    #[must_use]
    pub fn snapshots_installed(&self) -> u64 {
        self.snapshots_installed
    }
}
