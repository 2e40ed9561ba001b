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
//! `requests.rs` (what clients ask by the way), then this file; `endurance.rs` is a run for days.

mod cluster;
mod endurance;
mod faults;
mod mode;
mod opportunity;
mod requests;

pub use endurance::Endurance;
pub use mode::{FaultKind, Mode};

use super::network::{InFlight, Payload};
use super::scenario::{Action, TimedAction};
use super::step::Step;
use super::world::World;
use crate::raft::{AppendOutcome, Message};
use crate::types::{Duration, Fingerprint, Instant, Mutants, NodeId, Rng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When trouble begins: by then most clusters have a leader.
const BEGINS: Instant = Instant(400_000);
/// How long it lasts.
const LASTS: Duration = Duration::secs(10);
/// Once it is over, and everything is mended, a cluster must come to rest within this.
pub const REST_WITHIN: Duration = Duration::secs(60);
/// A server that is asked to shut down takes a moment, so servers are restarted once more after this.
const MEND_AGAIN: Duration = Duration::secs(5);

/// So many reads go to a leader that may be deposed.
const WATCHES: u64 = 40;

/// How often a long run forgets its past, and how many answers of each client it keeps.
const FORGETS_EVERY: Instant = Instant(60_000_000);
const ANSWERS_KEPT: usize = 100;

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
    /// A fault that waits for its moment.
    lurking: Option<FaultKind>,
    /// What will be undone, and when.
    undo: BTreeMap<(Instant, u64), Action>,
    undone: u64,
    lease_reads: bool,
    /// Whether leaders that may be deposed are asked, and the one that is.
    watches: bool,
    watch: Option<Watch>,
    ends: Instant,
    mended: u32,
}

/// Reads by lease of a server that may lead no more.
#[derive(Clone, Debug)]
struct Watch {
    leader: NodeId,
    next: Instant,
    gap: Duration,
    left: u64,
}

/// A world with a nemesis in it. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Troubled {
    world: World,
    nemesis: Nemesis,
    /// When the past is forgotten next; never in a run of which an account is wanted.
    forgets_at: Option<Instant>,
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
            victims: drawn.victims,
            // Mostly one after the other, sometimes many at once.
            gap: 15_000 << rng.below(7),
            request_gap: rng.between(60_000, 600_000),
            next_fault: BEGINS,
            next_request: BEGINS,
            lurking: None,
            undo: BTreeMap::new(),
            undone: 0,
            lease_reads: drawn.lease_reads,
            // Who asks a server that is no member any more waits for ever.
            watches: drawn.lease_reads && !drawn.kinds.contains(&FaultKind::Membership),
            kinds: drawn.kinds,
            watch: None,
            ends,
            mended: 0,
            rng,
        };
        Troubled {
            world: World::new(Arc::new(drawn.scenario)),
            nemesis,
            forgets_at: None,
        }
    }

    /// A long run, before anything has happened. It forgets its past, so it leaves no scenario behind:
    /// the same endurance is the same run.
    #[must_use]
    pub fn enduring(endurance: &Endurance) -> Troubled {
        let mut rng = Rng::new(Fingerprint::of(&("endurance", endurance.seed)));
        let ends = endurance.ends();
        let nemesis = Nemesis {
            kinds: Mode::FlakyNetwork.knows().to_vec(),
            victims: Vec::new(),
            gap: endurance.between_faults.as_micros(),
            request_gap: endurance.between_requests.as_micros(),
            next_fault: BEGINS,
            next_request: BEGINS,
            lurking: None,
            undo: BTreeMap::new(),
            undone: 0,
            lease_reads: true,
            watches: false,
            watch: None,
            ends,
            mended: 0,
            rng: rng.clone(),
        };
        Troubled {
            world: World::new(Arc::new(endurance.scenario(&mut rng))),
            nemesis,
            forgets_at: Some(FORGETS_EVERY),
        }
    }

    /// Lets what is due happen, after the nemesis has had its say; none when nothing ever will.
    pub fn step(&mut self) -> Option<Step> {
        let step = loop {
            let acts_at = self.nemesis.acts_at();
            if let Some(step) = self.world.step_before(acts_at) {
                break step;
            }
            let at = acts_at?;
            for action in self.nemesis.act(at, &self.world) {
                self.world.add_action(TimedAction { at, action });
            }
        };
        let at = self.world.now();
        if self.forgets_at.is_some_and(|due| due <= at) {
            self.world.forget_past(ANSWERS_KEPT);
            self.forgets_at = Some(Instant(at.0 + FORGETS_EVERY.0));
        }
        for action in self.nemesis.seize(&self.world) {
            self.world.add_action(TimedAction { at, action });
        }
        Some(step)
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
                let next = self
                    .watch
                    .as_ref()
                    .map_or(next, |watch| next.min(watch.next));
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
        actions.extend(self.watching(now, world));
        if self.next_request <= now {
            let gap = self.rng.between(1, 2 * self.request_gap);
            self.next_request = now + Duration::micros(gap);
            // Who asks a server that is no member any more waits for ever.
            let stays = !self.kinds.contains(&FaultKind::Membership);
            let allowed = requests::Allowed {
                lease_reads: self.lease_reads,
                chosen_server: stays,
            };
            actions.push(requests::draw(world, allowed, &mut self.rng));
        }
        if self.next_fault <= now {
            let gap = self.rng.between(1, 2 * self.gap);
            self.next_fault = now + Duration::micros(gap);
            let drawn = self.rng.below(self.kinds.len() as u64);
            let kind = self.kinds.get(drawn as usize).copied();
            actions.extend(
                kind.map(|kind| self.trouble(kind, now, world))
                    .unwrap_or_default(),
            );
        }
        actions
    }

    /// What it does because of what has just happened.
    fn seize(&mut self, world: &World) -> Vec<Action> {
        match self.lurking.take() {
            Some(kind) if self.mended == 0 => self.trouble(kind, world.now(), world),
            _ => Vec::new(),
        }
    }

    /// Clients ask the leader by lease, close together, while it may be deposed without knowing it.
    fn watch(&mut self, now: Instant, world: &World) {
        let Some(leader) = world.leader().filter(|_| self.watch.is_none()) else {
            return;
        };
        let gap = Duration::micros(self.rng.between(2_000, 12_000));
        self.watch = Some(Watch {
            leader,
            next: now + gap,
            gap,
            left: WATCHES,
        });
    }

    /// The next read of a leader that is watched, if it is due and no operation of some client waits.
    fn watching(&mut self, now: Instant, world: &World) -> Option<Action> {
        let watch = self.watch.as_mut().filter(|watch| watch.next <= now)?;
        let leader = watch.leader;
        watch.next = now + watch.gap;
        watch.left -= 1;
        if watch.left == 0 {
            self.watch = None;
        }
        requests::watch(world, leader, &mut self.rng)
    }

    /// A fault of this kind; one whose moment has not come lurks.
    fn trouble(&mut self, kind: FaultKind, now: Instant, world: &World) -> Vec<Action> {
        let Some((actions, undo)) = faults::draw(kind, (world, &self.victims), &mut self.rng)
        else {
            if kind.lurks() {
                self.lurking = Some(kind);
            }
            return Vec::new();
        };
        let next = pick(&mut self.rng, kind.goes_on());
        self.lurking = next.filter(|_| self.rng.chance(750_000)).or(self.lurking);
        if kind.strands_leader() && self.watches {
            self.watch(now, world);
        }
        for undo in undo {
            // Sometimes at once, mostly soon, sometimes long after.
            let octave = self.rng.below(7);
            let later = match self.rng.chance(200_000) {
                true => self.rng.between(1_000, 20_000),
                false => self.rng.between(20_000, 60_000 << octave),
            };
            let later = Duration::micros(later);
            self.undone += 1;
            self.undo.insert((now + later, self.undone), undo);
        }
        actions
    }
}

/// Whether nothing is left broken that somebody broke, and what cannot be mended, the memory of
/// disks, was touched on a minority of them at most: only then a cluster can be expected to come to rest.
#[must_use]
pub fn is_mended(world: &World) -> bool {
    let actions = world.scenario().actions.iter();
    let touched: BTreeSet<NodeId> = actions
        .filter_map(|timed| match timed.action {
            Action::Corrupt { node, .. }
            | Action::Tear { node, .. }
            | Action::RemoveFile { node, .. }
            | Action::RestoreImage { node, .. }
            | Action::WipeDisk { node } => Some(node),
            _ => None,
        })
        .collect();
    let spared = world.nodes().len() - touched.len();
    faults::mend_everything(world).is_empty() && 2 * spared > world.nodes().len()
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

/// A message on its way: of two drawn evenly, the one that is rarer.
fn in_flight<'w>(rng: &mut Rng, world: &'w World) -> Option<&'w InFlight> {
    let many = world.network().in_flight().count() as u64;
    let mut drawn = || world.network().in_flight().nth(rng.below(many) as usize);
    let (one, other) = (drawn()?, drawn()?);
    Some(if is_common(one) { other } else { one })
}

/// Whether it is of the kinds that are on their way all the time.
fn is_common(message: &InFlight) -> bool {
    match &message.payload {
        Payload::Peer(envelope) => match &envelope.message {
            Message::AppendRequest(request) => request.entries.is_empty(),
            Message::AppendResponse(response) => {
                matches!(response.outcome, AppendOutcome::Accepted { .. })
            }
            _ => false,
        },
        Payload::Request(_) | Payload::Response(_) | Payload::Question(_) | Payload::Advice(_) => {
            true
        }
    }
}

#[cfg(test)]
mod tests;
