//! Two ways of one run, side by side: where they part, what was done differently, and what came of it.

use super::branches::Tag;
use super::{Session, checks, views};
use crate::sim::{Cause, Replay, Step, Way, parting};
use crate::types::{ConfigError, Instant};
use crate::view::causes::Witness;
use crate::view::model::{
    BranchComparison, EventView, ServerDifference, ServerState, SideView, Weight,
};
use crate::view::screen;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many events of each way are told that the other has not.
const TOLD: usize = 24;
/// So many of each way are compared, from the parting on.
const COMPARED: usize = 2_000;

/// A comparison, under way or at its end.
#[derive(Debug)]
pub(super) struct Comparison {
    other: Tag,
    ways: [Way; 2],
    /// The moment at which they are compared.
    at: Instant,
    /// The last step in common and when they part; none when they are the same.
    parted: Option<(u64, Instant)>,
    /// The way shown, and the other.
    sides: [Side; 2],
    done: bool,
}

/// One way, followed from the parting on.
#[derive(Debug)]
struct Side {
    replay: Replay<Witness>,
    /// Places of the actions that the other way has not.
    own: BTreeSet<usize>,
    /// What those did.
    why: Vec<EventView>,
    /// What happened and is no mere traffic, from the parting on.
    events: Vec<EventView>,
    violations: usize,
}

impl Side {
    fn new(replay: Replay<Witness>, own: BTreeSet<usize>) -> Side {
        Side {
            violations: replay.observer().checker.violations().len(),
            replay,
            own,
            why: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Goes on to `until`, at most `most` steps; true when it is there.
    fn go(&mut self, until: Instant, most: u64) -> bool {
        for _ in 0..most {
            let Some(step) = self.replay.onward(until) else {
                return true;
            };
            self.note(&step);
        }
        false
    }

    fn note(&mut self, step: &Step) {
        if matches!(step.cause, Cause::Action(_)) {
            let done = self.replay.world().actions_done();
            if done
                .checked_sub(1)
                .is_some_and(|place| self.own.contains(&place))
            {
                self.why.extend(views(step).next());
            }
        }
        if self.events.len() < COMPARED {
            let matters = |event: &EventView| !matches!(event.weight, Weight::Trace);
            self.events.extend(views(step).filter(matters));
        }
    }

    /// The moment until which all events are known.
    fn known_until(&self) -> u64 {
        let full = self.events.len() >= COMPARED;
        let last = self.events.last().filter(|_| full);
        last.map_or(u64::MAX, |event| event.time)
    }

    /// What happened here and not on the other way, whenever.
    fn apart_from(&self, other: &Side) -> Vec<EventView> {
        let until = self.known_until().min(other.known_until());
        let mut same: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &other.events {
            *same.entry(&event.sentence).or_default() += 1;
        }
        let apart = self.events.iter().filter(|event| {
            let left = same.get_mut(event.sentence.as_str());
            let shared = left.filter(|left| **left > 0).map(|left| *left -= 1);
            shared.is_none() && event.time <= until
        });
        apart.take(TOLD).cloned().collect()
    }

    fn view(&self, name: &str, other: &Side) -> SideView {
        let violations = self.replay.observer().checker.violations().iter();
        SideView {
            name: name.into(),
            why: self.why.clone(),
            events: self.apart_from(other),
            violations: violations
                .skip(self.violations)
                .map(checks::violation)
                .collect(),
        }
    }

    fn servers(&self) -> impl Iterator<Item = (u32, ServerState)> + '_ {
        self.replay.world().nodes().iter().map(|node| {
            let view = screen::node(node);
            let state = ServerState {
                status: view.status,
                role: view.role,
                term: view.term,
                commit: view.commit,
                last: view.last,
                applied: view.applied,
            };
            (view.id, state)
        })
    }
}

impl Session {
    /// Compares the way shown with another at the moment shown, or as far as both are explored where that
    /// is before they part. At most `most` steps of each; true when it is done. The next call goes on.
    ///
    /// # Errors
    /// There is no such branch, or it is the one shown.
    pub fn compare(&mut self, id: u32, most: u64) -> Result<bool, ConfigError> {
        let branch = self.branches.get(id)?;
        let ours = self.timeline.way();
        let known = self.comparison.take().filter(|known| {
            let same =
                |place: usize, way: &Way| Arc::ptr_eq(known.ways[place].scenario(), way.scenario());
            !known.done && same(0, &ours) && same(1, &branch.way)
        });
        let mut comparison = match known {
            Some(known) => known,
            None => {
                let known = self.timeline.head().min(branch.head());
                self.begin_comparison(&branch.tag, [ours, branch.way.clone()], known)
            }
        };
        let at = comparison.at;
        comparison.done = true;
        for side in &mut comparison.sides {
            comparison.done &= side.go(at, most);
        }
        let done = comparison.done;
        self.comparison = Some(comparison);
        Ok(done)
    }

    fn begin_comparison(&self, other: &Tag, ways: [Way; 2], known: Instant) -> Comparison {
        let timeline = &self.timeline;
        let [ours, theirs] = &ways;
        let time = parting(ours.scenario(), theirs.scenario());
        let another = timeline.replay_of(theirs);
        let common = another.world().steps();
        let parted = time.filter(|time| *time < Instant(u64::MAX));
        let parted = parted.map(|time| (common, time));
        let at = match parted {
            Some((_, time)) if timeline.cursor() <= time => known,
            _ => timeline.cursor(),
        };
        let sides = [
            Side::new(timeline.replay_from(common), ours.own_actions(theirs)),
            Side::new(another, theirs.own_actions(ours)),
        ];
        Comparison {
            other: other.clone(),
            ways,
            at,
            parted,
            sides,
            done: false,
        }
    }

    /// What the last comparison came to; none while it is under way.
    #[must_use]
    pub fn branch_comparison(&self) -> Option<BranchComparison> {
        let known = self.comparison.as_ref().filter(|known| known.done)?;
        let [ours, theirs] = &known.sides;
        let pairs = ours.servers().zip(theirs.servers());
        let servers = pairs.map(|((id, ours), (_, theirs))| ServerDifference { id, ours, theirs });
        let fingerprint = |side: &Side| side.replay.world().fingerprint();
        Some(BranchComparison {
            at: known.at.0,
            parted: known.parted.map(|(_, time)| time.0),
            common_step: known.parted.map(|(step, _)| step),
            same: fingerprint(ours) == fingerprint(theirs),
            servers: servers.collect(),
            ours: ours.view(&self.branches.shown().name, theirs),
            theirs: theirs.view(&known.other.name, ours),
        })
    }
}

#[cfg(test)]
mod tests;
