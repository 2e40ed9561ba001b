//! What servers say of themselves when the world asks, told as it begins and as it ends.
//!
//! A server is asked after every step that concerns it, and after the first step at or beyond
//! the moment at which time alone changes its answer. No step is added for that, so a history
//! takes the same course whatever the thresholds are.

use super::node::{Node, Status};
use super::step::{Place, What};
use super::world::World;
use crate::replica::{Alert, DiskUsage};
use crate::types::Instant;

/// What a server has said, and when it is to be asked again.
#[derive(Clone, Debug, Default)]
pub(super) struct AlertBoard {
    raised: Vec<RaisedAlert>,
    /// Something has happened to it since it was asked.
    stale: bool,
    /// When time alone changes its answer.
    due: Option<Instant>,
}

/// An alert of a server that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaisedAlert {
    /// The alert, with its numbers when it was raised.
    pub alert: Alert,
    /// When it was raised.
    pub at: Instant,
}

impl AlertBoard {
    /// Something has happened to the server.
    pub(super) fn touch(&mut self) {
        self.stale = true;
    }

    pub(super) fn raised(&self) -> &[RaisedAlert] {
        &self.raised
    }

    fn is_due(&self, now: Instant) -> bool {
        self.stale || self.due.is_some_and(|due| due <= now)
    }

    /// Takes in what the server says now: returns what is new, and what is over.
    fn update(&mut self, now: Instant, alerts: Vec<Alert>) -> Vec<What> {
        let mut news = Vec::new();
        self.raised.retain(|raised| {
            let goes_on = alerts.iter().any(|new| new.key() == raised.alert.key());
            if !goes_on {
                let (alert, lasted) = (raised.alert.key(), now.since(raised.at));
                news.push(What::AlertCleared { alert, lasted });
            }
            goes_on
        });
        for alert in alerts {
            let known = |raised: &RaisedAlert| raised.alert.key() == alert.key();
            if !self.raised.iter().any(known) {
                let told = alert.clone();
                news.push(What::AlertRaised { alert: told });
                self.raised.push(RaisedAlert { alert, at: now });
            }
        }
        news
    }
}

impl World {
    /// Asks the servers whose answer may be another than before.
    pub(super) fn watch_alerts(&mut self, now: Instant) {
        for place in 0..self.nodes.len() {
            let node = &mut self.nodes[place];
            // Who is paused says nothing, and whoever goes on first hears what has waited.
            let silent = node.intake.is_paused() || node.intake.is_due(now);
            if silent || !node.alerts.is_due(now) {
                continue;
            }
            let news = ask(node, now);
            let id = node.id;
            for what in news {
                self.note(Place::Node(id), what);
            }
        }
    }
}

fn ask(node: &mut Node, now: Instant) -> Vec<What> {
    node.alerts.stale = false;
    let Status::Up(replica) = &node.status else {
        // The crash is told; what the server would say now, nobody knows.
        node.alerts = AlertBoard::default();
        return Vec::new();
    };
    // A server reckons by its own clock.
    let its_now = node.clock.at(now);
    let due = replica.alert_deadline(its_now);
    node.alerts.due = due.map(|due| node.clock.when(due));
    let disk = node.device.disk();
    let usage = disk.capacity().bytes().map(|capacity| DiskUsage {
        used: disk.used(),
        capacity,
    });
    let alerts = replica.alerts(its_now, usage);
    if alerts.is_empty() && node.alerts.raised.is_empty() {
        return Vec::new();
    }
    node.alerts.update(now, alerts)
}

#[cfg(test)]
mod tests;
