//! A stretch of the run as arrows, marks and bands, and how many become few.

use crate::raft::Role;
use crate::sim::{Address, Happening, Node, Place, Status, Step, What, World};
use crate::types::Instant;
use crate::view::causes::{Flight, Witness};
use crate::view::explain::tell;
use crate::view::model::{BandRole, MessageKind, Weight};
use std::collections::{BTreeMap, BTreeSet};

/// Who has a lane, in order: servers, clients, the model service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lanes {
    pub servers: u16,
    pub clients: u16,
}

impl Lanes {
    pub fn of(world: &World) -> Lanes {
        Lanes {
            servers: world.nodes().len() as u16,
            clients: world.clients().len() as u16,
        }
    }

    fn of_place(self, place: Place) -> Option<u16> {
        match place {
            Place::Node(node) => Some(node.0 as u16 - 1),
            Place::Client(client) => Some(self.servers + client.0 as u16 - 1),
            Place::Model => Some(self.servers + self.clients),
            Place::World => None,
        }
    }

    fn of_address(self, address: Address) -> u16 {
        let lane = self.of_place(address.into());
        lane.expect("every address has a lane")
    }

    pub fn names(self) -> Vec<String> {
        let servers = (1..=self.servers).map(|id| format!("n{id}"));
        let clients = (1..=self.clients).map(|id| format!("c{id}"));
        servers.chain(clients).chain(["model".into()]).collect()
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Arrived,
    Lost,
    Flying,
}

/// A message, or several that are drawn as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrow {
    pub id: u64,
    pub from: u16,
    pub to: u16,
    pub kind: MessageKind,
    pub fate: Fate,
    pub sent_at: Instant,
    pub landed_at: Instant,
    pub sent_step: u64,
    pub landed_step: u64,
    pub count: u64,
}

impl Arrow {
    fn new(lanes: Lanes, flight: &Flight, fate: Fate, (step, at): (u64, Instant)) -> Arrow {
        Arrow {
            id: flight.id.0,
            from: lanes.of_address(flight.from),
            to: lanes.of_address(flight.to),
            kind: flight.kind,
            fate,
            sent_at: flight.sent_at,
            landed_at: at,
            sent_step: flight.sent_step,
            landed_step: step,
            count: 1,
        }
    }

    /// A message on its way.
    pub fn flying(lanes: Lanes, flight: &Flight) -> Arrow {
        Arrow::new(lanes, flight, Fate::Flying, (0, flight.arrives_at))
    }
}

/// An event, or several that are drawn as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub id: u64,
    pub time: Instant,
    /// None for the network and for what is done by hand.
    pub lane: Option<u16>,
    pub kind: &'static str,
    pub weight: Weight,
    pub count: u64,
}

/// A server becomes something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub lane: u16,
    pub time: Instant,
    pub state: LaneState,
}

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaneState {
    pub role: BandRole,
    pub term: u64,
}

impl LaneState {
    fn of(node: &Node) -> LaneState {
        let (role, term) = match node.status() {
            Status::Down => (BandRole::Down, 0),
            Status::Failed(_) => (BandRole::Failed, 0),
            Status::Up(replica) => {
                let role = match replica.raft().role() {
                    Role::Follower(_) => BandRole::Follower,
                    Role::PreCandidate(_) | Role::Candidate(_) => BandRole::Candidate,
                    Role::Leader(_) => BandRole::Leader,
                };
                (role, replica.term().0)
            }
        };
        LaneState { role, term }
    }
}

/// A direction is cut or mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cutting {
    pub way: (u16, u16),
    pub time: Instant,
    pub cut: bool,
}

/// So many steps are one slice.
pub(super) const STEPS: u64 = 4_096;

/// A stretch of the run. Messages belong to the slice in which their way ends.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub begins: Instant,
    pub ends: Instant,
    /// When the first of its messages was sent.
    pub earliest: Instant,
    /// How things stood before it.
    pub states: Vec<LaneState>,
    pub cuts: BTreeSet<(u16, u16)>,
    pub arrows: Vec<Arrow>,
    pub marks: Vec<Mark>,
    pub turns: Vec<Turn>,
    pub cuttings: Vec<Cutting>,
}

impl Slice {
    /// A slice that begins after what the world shows.
    pub fn after(world: &World) -> Slice {
        let lanes = Lanes::of(world);
        Slice {
            begins: world.now(),
            ends: world.now(),
            earliest: world.now(),
            states: world.nodes().iter().map(LaneState::of).collect(),
            cuts: cuts(lanes, world),
            arrows: Vec::new(),
            marks: Vec::new(),
            turns: Vec::new(),
            cuttings: Vec::new(),
        }
    }
}

fn cuts(lanes: Lanes, world: &World) -> BTreeSet<(u16, u16)> {
    let cuts = world.network().cuts();
    cuts.map(|(from, to)| {
        let lane = |node| lanes.of_address(Address::Node(node));
        (lane(from), lane(to))
    })
    .collect()
}

/// Writes steps down in a slice.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub slice: Slice,
    lanes: Lanes,
    states: Vec<LaneState>,
    cuts: BTreeSet<(u16, u16)>,
}

impl Writer {
    pub fn after(world: &World) -> Writer {
        let slice = Slice::after(world);
        Writer {
            lanes: Lanes::of(world),
            states: slice.states.clone(),
            cuts: slice.cuts.clone(),
            slice,
        }
    }

    pub fn write(&mut self, world: &World, witness: &Witness, step: &Step) {
        self.slice.ends = step.time;
        for landed in witness.ends.landed() {
            let fate = match landed.lost {
                None => Fate::Arrived,
                Some(_) => Fate::Lost,
            };
            let at = (step.number, step.time);
            let arrow = Arrow::new(self.lanes, &landed.flight, fate, at);
            self.slice.earliest = self.slice.earliest.min(arrow.sent_at);
            self.slice.arrows.push(arrow);
        }
        for (place, happening) in step.happenings.iter().enumerate() {
            self.mark(step, (place, happening));
        }
        self.turn(world, step.time);
    }

    fn mark(&mut self, step: &Step, (place, happening): (usize, &Happening)) {
        // These are the ends of arrows.
        if matches!(happening.what, What::Sent { .. } | What::Delivered { .. }) {
            return;
        }
        let told = tell(happening);
        self.slice.marks.push(Mark {
            id: crate::view::session::event_id(step.number, place),
            time: step.time,
            lane: self.lanes.of_place(happening.place),
            kind: told.kind,
            weight: told.weight,
            count: 1,
        });
    }

    fn turn(&mut self, world: &World, time: Instant) {
        for (lane, node) in world.nodes().iter().enumerate() {
            let state = LaneState::of(node);
            if self.states[lane] != state {
                self.states[lane] = state;
                let lane = lane as u16;
                self.slice.turns.push(Turn { lane, time, state });
            }
        }
        let cuts = cuts(self.lanes, world);
        if cuts == self.cuts {
            return;
        }
        for (ways, cut) in [(&cuts - &self.cuts, true), (&self.cuts - &cuts, false)] {
            let cuttings = ways.into_iter().map(|way| Cutting { way, time, cut });
            self.slice.cuttings.extend(cuttings);
        }
        self.cuts = cuts;
    }
}

/// Arrows of one kind and way as one where both their ends are within `within` of each other.
pub(super) fn merge_arrows(arrows: &[Arrow], within: u64) -> Vec<Arrow> {
    let mut merged: Vec<Arrow> = Vec::new();
    let mut newest: BTreeMap<_, usize> = BTreeMap::new();
    for arrow in arrows {
        let key = (arrow.from, arrow.to, arrow.kind as u8, arrow.fate);
        let near = newest.get(&key).copied();
        let near = near.filter(|place| {
            let known = &merged[*place];
            known.sent_at.0.abs_diff(arrow.sent_at.0) < within
                && known.landed_at.0.abs_diff(arrow.landed_at.0) < within
        });
        match near {
            Some(place) => merged[place].count += arrow.count,
            None => {
                newest.insert(key, merged.len());
                merged.push(arrow.clone());
            }
        }
    }
    merged
}

/// Marks of one kind and lane as one where they are within `within` of each other.
pub(super) fn merge_marks(marks: &[Mark], within: u64) -> Vec<Mark> {
    let mut merged: Vec<Mark> = Vec::new();
    let mut newest: BTreeMap<_, usize> = BTreeMap::new();
    for mark in marks {
        let key = (mark.lane, mark.kind);
        let near = newest.get(&key).copied();
        let near = near.filter(|place| mark.time.0 - merged[*place].time.0 < within);
        match near {
            Some(place) => merged[place].count += mark.count,
            None => {
                newest.insert(key, merged.len());
                merged.push(mark.clone());
            }
        }
    }
    merged
}

/// Of turns of one server within `within` of each other only the last.
fn merge_turns(turns: &[Turn], within: u64) -> Vec<Turn> {
    let mut merged: Vec<Turn> = Vec::new();
    let mut newest: BTreeMap<_, usize> = BTreeMap::new();
    for turn in turns {
        let near = newest.get(&turn.lane).copied();
        let near = near.filter(|place| turn.time.0 - merged[*place].time.0 < within);
        match near {
            Some(place) => merged[place].state = turn.state,
            None => {
                newest.insert(turn.lane, merged.len());
                merged.push(*turn);
            }
        }
    }
    merged
}

/// Makes few of many: `merge` with wider and wider gaps, until there are `most` at most. Tells the
/// gap.
pub(super) fn thin<T>(
    all: Vec<T>,
    most: usize,
    first: u64,
    merge: impl Fn(&[T], u64) -> Vec<T>,
) -> (Vec<T>, u64) {
    let (mut few, mut within) = (all, 0);
    while few.len() > most {
        let before = few.len();
        within = if within == 0 {
            first.max(1)
        } else {
            within * 2
        };
        few = merge(&few, within);
        // Everything is one already, and there are more kinds than room.
        if few.len() == before && within > u64::MAX / 4 {
            break;
        }
    }
    (few, within)
}

/// What is remembered of a slice for good.
const FEW: usize = 160;
const TURNS: u64 = 64;

/// The slice with so little in it that all of them can be kept.
pub(super) fn coarse(slice: &Slice) -> Slice {
    let span = slice.ends.0 - slice.begins.0;
    let story = slice.marks.iter();
    let story = story.filter(|mark| !matches!(mark.weight, Weight::Trace));
    let marks: Vec<Mark> = story.cloned().collect();
    Slice {
        arrows: thin(slice.arrows.clone(), FEW, span / 256, merge_arrows).0,
        marks: thin(marks, FEW, span / 256, merge_marks).0,
        turns: merge_turns(&slice.turns, span / TURNS),
        states: slice.states.clone(),
        cuts: slice.cuts.clone(),
        cuttings: slice.cuttings.clone(),
        ..*slice
    }
}
