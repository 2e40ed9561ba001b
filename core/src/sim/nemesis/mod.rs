//! Trouble by a seed: a nemesis that watches a world and does things to it, within what the protocol
//! promises to survive, or deliberately beyond it.
//!
//! Whatever it does is an action of the scenario, at its moment, as if a person had done it. So a run
//! with a nemesis leaves a scenario behind that runs alike without one, that can be read, shortened and
//! opened in the page.
//!
//! Each seed draws a cluster, a workload and a subset of the faults of its mode: a run with few kinds of
//! faults goes deeper into each than one with all of them (Groce and others, "Swarm testing", ISSTA 2012).
//!
//! Read `mode.rs` (which faults a mode knows), `cluster.rs` (what is drawn before anything happens),
//! `requests.rs` (what clients ask by the way), then this file.

mod cluster;
mod faults;
mod mode;
mod requests;

pub use mode::{FaultKind, Mode};

use super::network::InFlight;
use super::scenario::{Action, TimedAction};
use super::step::Step;
use super::world::World;
use crate::types::{Duration, Fingerprint, Instant, Mutants, NodeId, Rng};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When trouble begins: by then most clusters have a leader.
const BEGINS: Instant = Instant(400_000);
/// How long it lasts.
const LASTS: Duration = Duration::secs(10);
/// Once it is over, and everything is mended, a cluster must come to rest within this.
pub const REST_WITHIN: Duration = Duration::secs(30);
/// A server that is asked to shut down takes a moment, so servers are restarted once more after this.
const MEND_AGAIN: Duration = Duration::secs(5);

/// Watches a world and troubles it.
#[derive(Clone, Debug)]
pub struct Nemesis {
    rng: Rng,
    kinds: Vec<FaultKind>,
    /// Whose disks may lose what was durable.
    victims: Vec<NodeId>,
    /// The mean time between two faults, and between two requests, in microseconds.
    gap: u64,
    request_gap: u64,
    next_fault: Instant,
    next_request: Instant,
    /// What will be undone, and when.
    undo: BTreeMap<(Instant, u64), Action>,
    undone: u64,
    lease_reads: bool,
    ends: Instant,
    mended: u32,
}

/// A world with a nemesis in it. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Troubled {
    world: World,
    nemesis: Nemesis,
}

impl Troubled {
    /// The run of this mode and seed, before anything has happened. All servers make these mistakes.
    #[must_use]
    pub fn new(mode: Mode, seed: u64, mutants: Mutants) -> Troubled {
        let mut rng = Rng::new(Fingerprint::of(&("nemesis", mode.name(), seed)));
        let mut drawn = cluster::draw(mode, seed, &mut rng);
        drawn.scenario.mutants = mutants;
        let ends = BEGINS + LASTS;
        let nemesis = Nemesis {
            kinds: drawn.kinds,
            victims: drawn.victims,
            gap: rng.between(80_000, 1_500_000),
            request_gap: rng.between(30_000, 400_000),
            next_fault: BEGINS,
            next_request: BEGINS,
            undo: BTreeMap::new(),
            undone: 0,
            lease_reads: drawn.lease_reads,
            ends,
            mended: 0,
            rng,
        };
        Troubled {
            world: World::new(Arc::new(drawn.scenario)),
            nemesis,
        }
    }

    /// Lets what is due happen, after the nemesis has had its say; none when nothing ever will.
    pub fn step(&mut self) -> Option<Step> {
        while let Some(at) = self.nemesis.acts_at()
            && self.world.next_time().is_none_or(|next| at <= next)
        {
            for action in self.nemesis.act(at, &self.world) {
                self.world.add_action(TimedAction { at, action });
            }
        }
        self.world.step()
    }

    /// The world as it is.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// When everything is mended.
    #[must_use]
    pub fn ends(&self) -> Instant {
        self.nemesis.ends
    }

    /// Whether nobody will trouble it any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let world = &self.world;
        self.nemesis.acts_at().is_none() && world.actions_done() == world.scenario().actions.len()
    }
}

impl Nemesis {
    /// When it does something next; none when it is done.
    fn acts_at(&self) -> Option<Instant> {
        match self.mended {
            0 => {
                let undo = self.undo.keys().next().map(|(at, _)| *at);
                let next = self.next_fault.min(self.next_request);
                Some(undo.map_or(next, |undo| undo.min(next)).min(self.ends))
            }
            1 => Some(self.ends + MEND_AGAIN),
            _ => None,
        }
    }

    fn act(&mut self, now: Instant, world: &World) -> Vec<Action> {
        if now >= self.ends {
            self.mended += 1;
            return match self.mended {
                1 => faults::mend_everything(world),
                _ => restarts(world).collect(),
            };
        }
        let mut actions = Vec::new();
        while let Some(first) = self.undo.first_entry().filter(|e| e.key().0 <= now) {
            let action = first.remove();
            actions.extend(faults::still_makes_sense(&action, world).then_some(action));
        }
        if self.next_request <= now {
            let gap = self.rng.between(1, 2 * self.request_gap);
            self.next_request = now + Duration::micros(gap);
            actions.push(requests::draw(world, self.lease_reads, &mut self.rng));
        }
        if self.next_fault <= now {
            let gap = self.rng.between(1, 2 * self.gap);
            self.next_fault = now + Duration::micros(gap);
            actions.extend(self.trouble(now, world));
        }
        actions
    }

    /// One of the faults that it has drawn.
    fn trouble(&mut self, now: Instant, world: &World) -> Option<Action> {
        let drawn = self.rng.below(self.kinds.len() as u64);
        let kind = *self.kinds.get(drawn as usize)?;
        let (action, undo) = faults::draw(kind, (world, &self.victims), &mut self.rng)?;
        if let Some(undo) = undo {
            // Mostly soon, sometimes long after.
            let octave = self.rng.below(7);
            let later = Duration::micros(self.rng.between(20_000, 60_000 << octave));
            self.undone += 1;
            self.undo.insert((now + later, self.undone), undo);
        }
        Some(action)
    }
}

/// Every server that does not run is switched on.
fn restarts(world: &World) -> impl Iterator<Item = Action> + '_ {
    let down = world.nodes().iter().filter(|node| node.replica().is_none());
    down.map(|node| Action::Restart { node: node.id() })
}

/// One of these, evenly.
fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> Option<T> {
    from.get(rng.below(from.len() as u64) as usize).copied()
}

/// A message on its way, evenly.
fn in_flight<'w>(rng: &mut Rng, world: &'w World) -> Option<&'w InFlight> {
    let many = world.network().in_flight().count() as u64;
    let place = rng.below(many) as usize;
    world.network().in_flight().nth(place)
}

#[cfg(test)]
mod tests;
