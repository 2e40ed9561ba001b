//! Making a failing scenario small: fewer actions, fewer servers, settings as they usually are, less
//! time. What is left is minimal in that sense that without any one of its actions it does not fail.
//!
//! Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE
//! 2002): large parts are tried first, then smaller ones, then each action alone until none can go.

use crate::sim::{Action, Scenario, TimedAction};
use crate::types::{Duration, Instant, NodeId};

/// How large a scenario is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Actions.
    pub actions: usize,
    /// Servers.
    pub nodes: u32,
    /// How far it runs.
    pub end: Instant,
}

impl Counts {
    /// Those of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Counts {
        Counts {
            actions: scenario.actions.len(),
            nodes: scenario.nodes,
            end: scenario.end,
        }
    }
}

/// Makes a scenario smaller while it fails. `fails` runs a scenario and tells when it failed in the same
/// way as before, if it did.
pub struct Shrinking<F> {
    best: Scenario,
    fails: F,
    runs: u64,
    most_runs: u64,
}

impl<F: FnMut(&Scenario) -> Option<Instant>> Shrinking<F> {
    /// Of a scenario that fails, within so many runs; none if it does not.
    pub fn new(scenario: Scenario, most_runs: u64, fails: F) -> Option<Shrinking<F>> {
        let mut shrinking = Shrinking {
            best: scenario.clone(),
            fails,
            runs: 0,
            most_runs,
        };
        shrinking.attempt(scenario).then_some(shrinking)
    }

    /// How many runs it took so far.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// The smallest that was found so far.
    #[must_use]
    pub fn best(&self) -> &Scenario {
        &self.best
    }

    /// Goes on until nothing can go any more, or there were too many runs; tells which.
    pub fn finish(&mut self) -> bool {
        self.fewer_actions();
        self.fewer_nodes();
        self.usual_settings();
        self.smaller_actions();
        self.rounder_times();
        self.each_action()
    }

    /// Takes this for the best if it fails. Nothing after the failure is needed.
    fn attempt(&mut self, mut candidate: Scenario) -> bool {
        if self.runs >= self.most_runs || !is_possible(&candidate) {
            return false;
        }
        self.runs += 1;
        let Some(at) = (self.fails)(&candidate) else {
            return false;
        };
        if at < candidate.end {
            candidate.actions.retain(|timed| timed.at <= at);
            // To the next tenth of a second, for whoever reads it.
            candidate.end = Instant(at.0.div_ceil(100_000) * 100_000).min(candidate.end);
        }
        self.best = candidate;
        true
    }

    fn try_with(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        candidate != self.best && self.attempt(candidate)
    }

    /// Parts of the actions, from halves down to single ones.
    fn fewer_actions(&mut self) {
        let mut part = self.best.actions.len().div_ceil(2);
        while part > 0 {
            let mut from = 0;
            while from < self.best.actions.len() {
                let gone = self.try_with(|scenario| {
                    let upto = (from + part).min(scenario.actions.len());
                    scenario.actions.drain(from..upto);
                });
                if !gone {
                    from += part;
                }
            }
            part /= 2;
        }
    }

    /// Each action alone, again and again until none can go; false when there were too many runs.
    fn each_action(&mut self) -> bool {
        loop {
            let before = self.best.actions.len();
            let mut place = 0;
            while place < self.best.actions.len() {
                let gone = self.try_with(|scenario| {
                    scenario.actions.remove(place);
                });
                if !gone {
                    place += 1;
                }
            }
            if self.runs >= self.most_runs {
                return false;
            }
            if self.best.actions.len() == before {
                return true;
            }
        }
    }

    /// The last server goes, with what is done to it.
    fn fewer_nodes(&mut self) {
        while self.best.nodes > 1
            && self.try_with(|scenario| {
                let (gone, clients) = (scenario.nodes, scenario.clients.count);
                scenario.nodes -= 1;
                scenario.voters = scenario.voters.filter(|voters| *voters < gone);
                let nodes = scenario.nodes;
                let without = |timed: TimedAction| TimedAction {
                    action: without(timed.action, NodeId(gone)),
                    ..timed
                };
                let actions = std::mem::take(&mut scenario.actions);
                let rest = actions.into_iter().map(without);
                scenario.actions = rest
                    .filter(|timed| timed.action.validate(nodes, clients).is_ok())
                    .collect();
            })
        {}
    }

    fn usual_settings(&mut self) {
        let usual = Scenario::new("usual", 0, 1);
        self.try_with(|scenario| {
            scenario.server = usual.server.clone();
            scenario.network = usual.network.clone();
            scenario.disk = usual.disk.clone();
            scenario.service = usual.service.clone();
        });
        let tables: [fn(&mut Scenario, &Scenario); 10] = [
            |scenario, usual| scenario.server.raft = usual.server.raft.clone(),
            |scenario, usual| scenario.server.storage = usual.server.storage.clone(),
            |scenario, usual| scenario.server.cache = usual.server.cache.clone(),
            |scenario, usual| scenario.server.snapshot = usual.server.snapshot.clone(),
            |scenario, usual| scenario.server.model = usual.server.model.clone(),
            |scenario, usual| scenario.network = usual.network.clone(),
            |scenario, usual| scenario.disk = usual.disk.clone(),
            |scenario, usual| scenario.clients = usual.clients.clone(),
            |scenario, usual| scenario.network.loss_ppm = usual.network.loss_ppm,
            |scenario, usual| scenario.network.duplication_ppm = usual.network.duplication_ppm,
        ];
        for table in tables {
            self.try_with(|scenario| table(scenario, &usual));
        }
    }

    /// Batches of one, loads that end sooner, fewer keys.
    fn smaller_actions(&mut self) {
        for place in 0..self.best.actions.len() {
            while place < self.best.actions.len()
                && self.try_with(|scenario| smaller(&mut scenario.actions[place].action))
            {
            }
        }
    }

    fn rounder_times(&mut self) {
        for unit in [100_000, 10_000, 1_000] {
            self.try_with(|scenario| {
                for timed in &mut scenario.actions {
                    timed.at = Instant(timed.at.0 / unit * unit);
                }
            });
        }
    }
}

/// Half of what an action asks for.
fn smaller(action: &mut Action) {
    match action {
        Action::Batch { operations, .. } if operations.len() > 1 => {
            operations.pop();
        }
        Action::Write { keys, .. } | Action::Read { keys, .. } => *keys = (*keys).div_ceil(2),
        Action::Workload(workload) => {
            workload.lasting = workload
                .lasting
                .map(|lasting| Duration((lasting.0 / 2).max(100_000)));
        }
        _ => {}
    }
}

/// What is left of an action when there is no such server.
fn without(action: Action, gone: NodeId) -> Action {
    let rest = |nodes: Vec<NodeId>| nodes.into_iter().filter(|node| *node != gone).collect();
    match action {
        Action::Partition { groups } => Action::Partition {
            groups: groups.into_iter().map(rest).collect(),
        },
        Action::ChangeMembership { voters, learners } => Action::ChangeMembership {
            voters: rest(voters),
            learners: rest(learners),
        },
        action => action,
    }
}

fn is_possible(scenario: &Scenario) -> bool {
    let (nodes, clients) = (scenario.nodes, scenario.clients.count);
    let mut actions = scenario.actions.iter();
    scenario.validate().is_ok()
        && actions.all(|timed| timed.action.validate(nodes, clients).is_ok())
}
