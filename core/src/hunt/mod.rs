//! Hunting for failures: a seed makes a world with trouble in it, every rule is checked at every step,
//! and once the trouble is over the cluster must come to rest. A failure is a scenario that anyone can
//! open, and [`shrink`](Shrinking) makes it small.
//!
//! Read `verdict.rs` (what counts as a failure), `sights.rs` (what a run has come across), then this
//! file, then `shrink.rs`.

mod shrink;
mod sights;
#[cfg(test)]
mod tests;
mod verdict;

pub use shrink::{Counts, Shrinking};
pub use sights::{Sight, Sights};
pub use verdict::{Failure, stuck};

use crate::check::Checker;
use crate::sim::{self, Endurance, Mode, Observer, Scenario, Step, Troubled, World};
use crate::types::{Duration, Instant, Mutants};
use std::sync::Arc;

/// A run with more steps than this does not come to rest: none of those that do comes near.
const MOST_STEPS: u64 = 400_000;
/// How often one looks whether a cluster has come to rest.
const LOOK: Duration = Duration::millis(500);

/// One run under scrutiny, from its beginning to a verdict.
#[derive(Clone, Debug)]
pub struct Hunt {
    run: Run,
    /// The mode, which says which rules may be broken; none for a scenario of its own.
    mode: Option<Mode>,
    checker: Checker,
    sights: Sights,
    look_at: Instant,
    most_steps: u64,
}

/// What makes steps.
#[derive(Clone, Debug)]
enum Run {
    Troubled(Box<Troubled>),
    Plain(Box<World>),
}

/// How a run came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every rule held, and the cluster came to rest.
    Passed,
    /// It did not.
    Failed(Failure),
}

impl Hunt {
    /// The run of this mode and seed, whose servers make these mistakes.
    #[must_use]
    pub fn new(mode: Mode, seed: u64, mutants: Mutants) -> Hunt {
        let troubled = Troubled::new(mode, seed, mutants);
        let look_at = troubled.ends() + LOOK;
        Hunt {
            run: Run::Troubled(Box::new(troubled)),
            mode: Some(mode),
            checker: Checker::default(),
            sights: Sights::default(),
            look_at,
            most_steps: MOST_STEPS,
        }
    }

    /// A run for days, in memory that does not grow with them.
    #[must_use]
    pub fn enduring(endurance: &Endurance) -> Hunt {
        let troubled = Troubled::enduring(endurance);
        let look_at = troubled.ends() + LOOK;
        Hunt {
            run: Run::Troubled(Box::new(troubled)),
            mode: Some(Mode::FlakyNetwork),
            checker: Checker::default(),
            sights: Sights::default(),
            look_at,
            most_steps: u64::MAX,
        }
    }

    /// A run of a scenario that a hunt has left behind, or one like it: it has until its end to come to
    /// rest, from its last action on. The mode says which rules may be broken.
    #[must_use]
    pub fn again(scenario: Scenario, mode: Option<Mode>) -> Hunt {
        let last = scenario.actions.last().map(|timed| timed.at);
        Hunt {
            run: Run::Plain(Box::new(World::new(Arc::new(scenario)))),
            mode,
            checker: Checker::default(),
            sights: Sights::default(),
            look_at: last.unwrap_or(Instant::ZERO) + LOOK,
            most_steps: MOST_STEPS,
        }
    }

    /// Goes on for so many steps at most; the verdict when there is one.
    pub fn run(&mut self, most: u64) -> Option<Verdict> {
        for _ in 0..most {
            if let Some(verdict) = self.step() {
                return Some(verdict);
            }
        }
        None
    }

    /// Goes on until there is a verdict.
    pub fn finish(&mut self) -> Verdict {
        loop {
            if let Some(verdict) = self.step() {
                return verdict;
            }
        }
    }

    fn step(&mut self) -> Option<Verdict> {
        if self.may_rest() && self.is_time_to_look() {
            let why = stuck(self.world());
            let survivable = self.mode.is_none_or(Mode::is_survivable);
            let end = self.world().scenario().end;
            let over = self.look_at >= end || self.run.next_time().is_none();
            let demanded = survivable && self.is_mended();
            if why.is_empty() || (over && !demanded) {
                return Some(Verdict::Passed);
            }
            if over {
                let at = self.world().now();
                return Some(Verdict::Failed(Failure::Stuck { at, why }));
            }
            self.look_at = self.look_at + LOOK;
            return None;
        }
        let step = self.run.step()?;
        self.checker.observe(self.run.world(), &step);
        self.sights.observe(self.run.world(), &step);
        let mode = self.mode;
        let mut violations = self.checker.violations().iter();
        let broken = violations.find(|seen| !verdict::is_allowed(mode, seen.rule));
        if let Some(violation) = broken {
            let failure = Failure::Broken(violation.clone());
            return Some(Verdict::Failed(failure));
        }
        (step.number >= self.most_steps)
            .then_some(Verdict::Failed(Failure::Restless { steps: step.number }))
    }

    /// Whether everything before the next look has happened.
    fn is_time_to_look(&self) -> bool {
        let look = self.look_at.min(self.world().scenario().end);
        self.run.next_time().is_none_or(|next| next > look)
    }

    /// Whether a cluster can be expected to come to rest. A nemesis mends all that it broke; of a
    /// scenario nobody knows that.
    fn is_mended(&self) -> bool {
        match &self.run {
            Run::Troubled(_) => true,
            Run::Plain(world) => sim::is_mended(world),
        }
    }

    /// Whether the trouble is over.
    fn may_rest(&self) -> bool {
        match &self.run {
            Run::Troubled(troubled) => troubled.is_over(),
            Run::Plain(world) => world.actions_done() == world.scenario().actions.len(),
        }
    }

    /// The world as it is.
    #[must_use]
    pub fn world(&self) -> &World {
        self.run.world()
    }

    /// What it has come across.
    #[must_use]
    pub fn sights(&self) -> &Sights {
        &self.sights
    }

    /// What was checked.
    #[must_use]
    pub fn checker(&self) -> &Checker {
        &self.checker
    }
}

impl Run {
    fn world(&self) -> &World {
        match self {
            Run::Troubled(troubled) => troubled.world(),
            Run::Plain(world) => world,
        }
    }

    fn step(&mut self) -> Option<Step> {
        match self {
            Run::Troubled(troubled) => troubled.step(),
            Run::Plain(world) => world.step(),
        }
    }

    fn next_time(&self) -> Option<Instant> {
        self.world().next_time()
    }
}
