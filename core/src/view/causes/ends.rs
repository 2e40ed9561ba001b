//! What has begun and not ended, and in which step it began: from that follows what led to each
//! step.
//!
//! It travels in time with the run, so any replay knows the causes of its steps from its first
//! one on, however long ago they were.

use super::link::{Flight, Link, Reason};
use crate::check::Checker;
use crate::raft::{self, CampaignReason, CommitReason, FollowReason, Role, Timer};
use crate::replica::{self, Lane, WriteId};
use crate::sim::{
    Address, Cause, ClientEvent, Happening, InFlight, LossReason, MessageId, Node, Observer,
    Payload, Place, RetryReason, Step, What, World,
};
use crate::types::{Index, Instant, NodeId};
use crate::view::messages;
use crate::view::series::Series;
use imbl::OrdMap;
use std::collections::{BTreeMap, VecDeque};

/// Whoever follows a run on a screen: the checker, what leads to what, and how servers stood over time.
#[derive(Clone, Debug, Default)]
pub(in crate::view) struct Witness {
    pub checker: Checker,
    pub ends: LooseEnds,
    pub series: Series,
}

impl Observer for Witness {
    fn observe(&mut self, world: &World, step: &Step) {
        self.checker.observe(world, step);
        self.ends.observe(world, step);
        self.series.observe(world, step);
    }
}

/// What has begun and not ended.
#[derive(Clone, Debug, Default)]
pub(in crate::view) struct LooseEnds {
    servers: Vec<ServerEnds>,
    clients: Vec<ClientEnds>,
    /// Messages on their way.
    flying: OrdMap<MessageId, Flight>,
    /// The step in which a message was last lost, for each way.
    lost: OrdMap<(Address, Address), u64>,
    /// The step in which each direction that is cut was cut.
    cuts: BTreeMap<(NodeId, NodeId), u64>,
    /// The step in which the model service heard each question that it thinks about.
    asked: BTreeMap<(u64, u64), u64>,
    /// What led to the latest step.
    links: Vec<Link>,
    /// Messages that arrived or were lost in the latest step.
    landed: Vec<Landed>,
}

/// A message whose way is over.
#[derive(Clone, Debug)]
pub(in crate::view) struct Landed {
    pub flight: Flight,
    /// None when it arrived.
    pub lost: Option<LossReason>,
}

/// More questions than this are not remembered.
const ASKED: usize = 64;

/// A value, and the step since which it is so.
#[derive(Clone, Copy, Debug)]
struct Since<T> {
    value: T,
    step: u64,
}

fn settle<T: PartialEq>(slot: &mut Option<Since<T>>, value: Option<T>, step: u64) {
    if slot.as_ref().map(|known| &known.value) != value.as_ref() {
        *slot = value.map(|value| Since { value, step });
    }
}

#[derive(Clone, Debug, Default)]
struct ServerEnds {
    /// When it wants to be woken, by its own clock.
    deadline: Option<Since<Instant>>,
    election_timer: Option<Since<Timer>>,
    heartbeat: Option<Since<Instant>>,
    leads: Option<Since<()>>,
    stopped_leading: Option<u64>,
    /// Since when it does not run.
    down: Option<u64>,
    superseded: Option<u64>,
    /// Since when it is paused.
    paused: Option<u64>,
    /// When it went on after its latest pause.
    resumed: Option<u64>,
    /// Whom it follows, or followed last.
    leader: Option<NodeId>,
    /// Who said yes to it, in this vote.
    votes: Vec<(NodeId, u64)>,
    /// Writes under way, oldest first.
    writes: VecDeque<(WriteId, u64)>,
    /// What each voter holds, as this leader knows.
    held: Vec<(NodeId, Since<Index>)>,
    /// Where its log ends.
    log_end: Index,
    /// What it took into its log as a leader, and is not committed: first, last, and in which step.
    proposed: VecDeque<(Index, Index, u64)>,
}

#[derive(Clone, Debug, Default)]
struct ClientEnds {
    deadline: Option<Since<Instant>>,
    /// Whom it asked last.
    asked: Option<NodeId>,
}

impl LooseEnds {
    /// What led to the latest step: the one thing that set it off first.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Messages whose way ended in the latest step.
    pub fn landed(&self) -> &[Landed] {
        &self.landed
    }

    /// Messages on their way, oldest first.
    pub fn flying(&self) -> impl Iterator<Item = &Flight> {
        self.flying.values()
    }

    /// A message that is on its way, or was until the latest step.
    pub fn message(&self, id: MessageId) -> Option<&Flight> {
        let landed = self.landed.iter().map(|landed| &landed.flight);
        let landed = landed.into_iter().find(|flight| flight.id == id);
        landed.or_else(|| self.flying.get(&id))
    }

    fn observe(&mut self, world: &World, step: &Step) {
        self.servers
            .resize_with(world.nodes().len(), Default::default);
        self.clients
            .resize_with(world.clients().len(), Default::default);
        self.links.clear();
        self.landed.clear();
        self.trigger(world, step);
        for (place, happening) in step.happenings.iter().enumerate() {
            self.explain(world, (step.number, place), happening);
            self.note(world, step.number, happening);
        }
        for node in world.nodes() {
            self.servers[node.id().0 as usize - 1].look_at(node, step.number);
        }
        for client in world.clients() {
            let ends = &mut self.clients[client.id().0 as usize - 1];
            settle(&mut ends.deadline, client.deadline(), step.number);
        }
    }

    fn server(&mut self, id: NodeId) -> &mut ServerEnds {
        &mut self.servers[id.0 as usize - 1]
    }

    fn link(&mut self, step: u64, about: Option<usize>, reason: Reason) {
        self.links.push(Link {
            step,
            about,
            reason,
        });
    }

    /// What set the step off, by what was known before it.
    fn trigger(&mut self, world: &World, step: &Step) {
        match &step.cause {
            Cause::Action(_) => {}
            Cause::Boot(node) => {
                if let Some(step) = self.server(*node).superseded.take() {
                    self.link(step, None, Reason::Superseded { node: *node });
                }
            }
            Cause::Arrival(message) => {
                if let Some(flight) = self.flying.get(message).cloned() {
                    if let Some(step) = flight.hurried {
                        self.link(step, None, Reason::Hurried(*message));
                    }
                    if let Some(step) = flight.delayed {
                        self.link(step, None, Reason::Delayed(*message));
                    }
                    self.link(flight.sent_step, None, Reason::Sent(flight));
                }
            }
            Cause::Deadline(node) => self.deadline(world, *node),
            Cause::ClientDeadline(client) => {
                let ends = &self.clients[client.0 as usize - 1];
                if let Some(since) = ends.deadline {
                    let client = Address::Client(*client);
                    self.link(since.step, None, Reason::ClientTimer { client });
                }
            }
            Cause::Disk(node, lane) => self.synced(*node, *lane),
            Cause::Model => self.advised(world, step),
            Cause::Turn { node, since } => self.turn(*node, *since),
        }
    }

    /// A server takes what came in an earlier step, once a pause is over in which that came.
    fn turn(&mut self, node: NodeId, since: u64) {
        let resumed = self.server(node).resumed;
        if let Some(step) = resumed.filter(|step| since < *step) {
            self.link(step, None, Reason::Resumed { node });
        }
        self.link(since, None, Reason::Waited { node });
    }

    fn deadline(&mut self, world: &World, node: NodeId) {
        let ends = self.server(node);
        let due = ends.deadline.map(|deadline| deadline.value);
        let timer = ends.election_timer;
        let timer = timer.filter(|timer| Some(timer.value.fires_at) == due);
        let heartbeat = ends.heartbeat.filter(|at| Some(at.value) == due);
        let (leads, deadline) = (ends.leads, ends.deadline);
        if let Some(timer) = timer {
            let waited = timer.value.fires_at.since(timer.value.set_at);
            self.link(timer.step, None, Reason::ElectionTimer { node, waited });
        } else if let (Some(_), Some(leads)) = (heartbeat, leads) {
            let every = world.scenario().server.raft.heartbeat_interval;
            self.link(leads.step, None, Reason::Leads { node, every });
        } else if let Some(deadline) = deadline {
            self.link(deadline.step, None, Reason::Timer { node });
        }
    }

    fn synced(&mut self, node: NodeId, lane: Lane) {
        let mut writes = self.server(node).writes.iter();
        if let Some((write, step)) = writes.find(|(write, _)| write.lane == lane).copied() {
            self.link(step, None, Reason::Written { node, write });
        }
    }

    fn advised(&mut self, world: &World, step: &Step) {
        for happening in &step.happenings {
            let What::Sent { message, to } = happening.what else {
                continue;
            };
            let (Some(sent), Address::Node(node)) = (world.network().get(message), to) else {
                continue;
            };
            if let Payload::Advice(advice) = &sent.payload
                && let Some(step) = self.asked.remove(&(advice.run, advice.id))
            {
                self.link(step, None, Reason::Asked { node });
            }
        }
    }

    /// What led to a happening besides what set its step off.
    fn explain(&mut self, world: &World, at: (u64, usize), happening: &Happening) {
        let about = Some(at.1);
        match (&happening.what, happening.place) {
            (What::Replica(replica::Event::Raft(event)), Place::Node(node)) => {
                self.explain_consensus(world, (node, at), event);
            }
            (What::MessageLost { to, why, .. }, _) if *why == LossReason::ReceiverDown => {
                if let Address::Node(node) = to
                    && let Some(step) = self.server(*node).down
                {
                    self.link(step, about, Reason::Down { node: *node });
                }
            }
            (What::MessageLost { from, to, why, .. }, _) if *why == LossReason::Cut => {
                self.cut(*from, *to, about);
            }
            (What::Client(ClientEvent::Retried { why, .. }), Place::Client(client))
                if *why == RetryReason::TimedOut =>
            {
                let ends = &self.clients[client.0 as usize - 1];
                let since = ends.deadline.map_or(0, |deadline| deadline.step);
                if let Some(server) = ends.asked {
                    self.silence((server, Address::Client(client)), since, about);
                }
            }
            (What::Client(ClientEvent::Answered(answered)), Place::Client(client)) => {
                let (client, at) = (Address::Client(client), answered.invoked_at);
                // The step is found by its time.
                self.link(0, about, Reason::Invoked { client, at });
            }
            _ => {}
        }
    }

    fn explain_consensus(
        &mut self,
        world: &World,
        (node, (step, place)): (NodeId, (u64, usize)),
        event: &raft::Event,
    ) {
        let about = Some(place);
        match event {
            raft::Event::BecamePreCandidate { why, .. }
            | raft::Event::BecameCandidate { why, .. } => match why {
                CampaignReason::NoLeader { .. } => {
                    let ends = self.server(node);
                    let since = ends.election_timer.map_or(0, |timer| timer.step);
                    if let Some(leader) = ends.leader.filter(|leader| *leader != node) {
                        self.silence((leader, Address::Node(node)), since, about);
                    }
                }
                CampaignReason::PreVoteWon { .. } => self.votes(node, step, about),
                CampaignReason::NoMajority { .. } | CampaignReason::AskedByLeader { .. } => {}
            },
            raft::Event::BecameLeader { .. } => self.votes(node, step, about),
            raft::Event::BecameFollower {
                why: FollowReason::QuorumLost { heard, .. },
                ..
            } => {
                let voters = world.node(node).replica();
                let voters = voters.map(|server| server.raft().membership().voters.clone());
                let voters = voters.unwrap_or_default().into_iter();
                for silent in voters.filter(|voter| !heard.contains(voter)) {
                    self.silence((silent, Address::Node(node)), 0, about);
                }
            }
            raft::Event::CommitAdvanced {
                to,
                why: CommitReason::Quorum { matched, .. },
                ..
            } => self.committed((node, *to), matched, (step, place)),
            _ => {}
        }
    }

    /// The other votes of the quorum.
    fn votes(&mut self, node: NodeId, step: u64, about: Option<usize>) {
        let votes = self.server(node).votes.clone();
        for (voter, counted) in votes.into_iter().filter(|(_, counted)| *counted < step) {
            self.link(counted, about, Reason::Vote { node, voter });
        }
    }

    /// Where the entry came from, and how its leader knows that others hold it.
    fn committed(
        &mut self,
        (leader, to): (NodeId, Index),
        matched: &[(NodeId, Index)],
        (step, place): (u64, usize),
    ) {
        let about = Some(place);
        let ends = self.server(leader);
        let proposed = ends.proposed.iter();
        let proposed = proposed
            .rev()
            .find(|(first, last, _)| (*first..=*last).contains(&to))
            .map(|(_, _, step)| *step);
        let holders = matched.iter().filter(|(_, upto)| *upto >= to);
        let known = holders.filter_map(|(holder, _)| {
            let held = ends.held.iter().find(|(node, _)| node == holder)?;
            (held.1.value >= to).then_some((*holder, held.1))
        });
        let known: Vec<(NodeId, Since<Index>)> = known.collect();
        for (holder, since) in known.into_iter().filter(|(_, since)| since.step < step) {
            let reason = Reason::Held {
                leader,
                holder,
                upto: since.value,
            };
            self.link(since.step, about, reason);
        }
        if let Some(proposed) = proposed.filter(|proposed| *proposed < step) {
            self.link(proposed, about, Reason::Proposed { leader, index: to });
        }
    }

    /// Why nothing was heard of a server since step `since`.
    fn silence(&mut self, (from, to): (NodeId, Address), since: u64, about: Option<usize>) {
        let way = (Address::Node(from), to);
        if let Some(step) = self.server(from).down {
            return self.link(step, about, Reason::Down { node: from });
        }
        if let Some(step) = self.server(from).paused {
            return self.link(step, about, Reason::Paused { node: from });
        }
        if self.cut(way.0, to, about) {
            return;
        }
        if let Some(step) = self.lost.get(&way).filter(|step| **step > since) {
            let (from, to) = way;
            return self.link(*step, about, Reason::Lost { from, to });
        }
        let back = (way.1, way.0);
        if let Some(step) = self.lost.get(&back).filter(|step| **step > since) {
            let (from, to) = back;
            return self.link(*step, about, Reason::Lost { from, to });
        }
        if let Some(step) = self.server(from).stopped_leading {
            return self.link(step, about, Reason::SteppedDown { node: from });
        }
        let late = self.flying.values().find(|it| (it.from, it.to) == way);
        if let Some(late) = late.cloned() {
            self.link(late.sent_step, about, Reason::Late(late));
        }
    }

    fn cut(&mut self, from: Address, to: Address, about: Option<usize>) -> bool {
        let (Address::Node(from), Address::Node(to)) = (from, to) else {
            return false;
        };
        let Some(step) = self.cuts.get(&(from, to)).copied() else {
            return false;
        };
        self.link(step, about, Reason::Cut { from, to });
        true
    }

    /// What begins and ends with a happening.
    fn note(&mut self, world: &World, step: u64, happening: &Happening) {
        match (&happening.what, happening.place) {
            (What::Sent { message, to }, place) => {
                self.sets_out(world.network().get(*message));
                if let (Place::Client(client), Address::Node(node)) = (place, to) {
                    self.clients[client.0 as usize - 1].asked = Some(*node);
                }
            }
            (What::MessageDuplicated { copy, .. }, _) => self.sets_out(world.network().get(*copy)),
            (What::Delivered { message, .. }, _) => self.lands(*message, step, None),
            (
                What::MessageLost {
                    message,
                    from,
                    to,
                    why,
                },
                _,
            ) => {
                self.lost.insert((*from, *to), step);
                self.lands(*message, step, Some(*why));
            }
            (What::MessageDelayed { message, until }, _) => {
                if let Some(flight) = self.flying.get_mut(message) {
                    flight.arrives_at = *until;
                    flight.delayed = Some(step);
                }
            }
            (What::MessageHurried { message, .. }, _) => {
                if let Some(flight) = self.flying.get_mut(message) {
                    flight.arrives_at = world.now();
                    flight.hurried = Some(step);
                }
            }
            (What::NetworkCut { cuts }, _) => {
                self.cuts.extend(cuts.iter().map(|cut| (*cut, step)));
            }
            (What::NetworkMended { from, to }, _) => {
                self.cuts.remove(&(*from, *to));
            }
            (What::NetworkHealed { .. }, _) => self.cuts.clear(),
            (what, Place::Node(node)) => self.server(node).note(step, what),
            _ => {}
        }
    }

    fn sets_out(&mut self, message: Option<&InFlight>) {
        let Some(message) = message else {
            return;
        };
        let question = match &message.payload {
            Payload::Question(question) => Some((question.run, question.id)),
            _ => None,
        };
        let flight = Flight {
            id: message.id,
            from: message.from,
            to: message.to,
            kind: messages::kind(&message.payload),
            sent_at: message.sent_at,
            sent_step: message.sent_step,
            arrives_at: message.arrives_at,
            delayed: None,
            hurried: None,
            question,
        };
        self.flying.insert(message.id, flight);
    }

    fn lands(&mut self, message: MessageId, step: u64, lost: Option<LossReason>) {
        let Some(flight) = self.flying.remove(&message) else {
            return;
        };
        if let Some(question) = flight.question.filter(|_| lost.is_none()) {
            self.asked.insert(question, step);
            // A service that is silent answers none of them.
            while self.asked.len() > ASKED {
                self.asked.pop_first();
            }
        }
        self.landed.push(Landed { flight, lost });
    }
}

impl ServerEnds {
    fn note(&mut self, step: u64, what: &What) {
        match what {
            What::WriteIssued { write, .. } => self.writes.push_back((*write, step)),
            What::WriteDurable { write } => self.writes.retain(|(known, _)| known != write),
            What::Crashed { .. }
            | What::Killed { .. }
            | What::Stopped { .. }
            | What::StartFailed { .. }
            | What::Replica(replica::Event::ShutDown) => self.stop(step),
            What::Replica(replica::Event::Superseded { .. }) => {
                self.stop(step);
                self.superseded = Some(step);
            }
            What::Paused => self.paused = Some(step),
            What::Resumed { .. } => {
                self.paused = None;
                self.resumed = Some(step);
            }
            What::SwitchedOn { .. } => *self = ServerEnds::default(),
            What::Replica(replica::Event::Raft(event)) => self.note_consensus(step, event),
            _ => {}
        }
    }

    fn stop(&mut self, step: u64) {
        let down = Some(self.down.unwrap_or(step));
        *self = ServerEnds {
            down,
            ..ServerEnds::default()
        };
    }

    fn note_consensus(&mut self, step: u64, event: &raft::Event) {
        match event {
            raft::Event::BecamePreCandidate { .. } | raft::Event::BecameCandidate { .. } => {
                self.votes.clear();
            }
            raft::Event::VoteCounted { from, granted, .. }
            | raft::Event::PreVoteCounted { from, granted, .. }
                if *granted =>
            {
                self.votes.push((*from, step));
            }
            raft::Event::CommitAdvanced { to, .. } => {
                self.proposed.retain(|(_, last, _)| last > to);
            }
            raft::Event::BecameFollower { .. } => {
                self.votes.clear();
                self.proposed.clear();
            }
            _ => {}
        }
    }

    /// What the server looks like after a step.
    fn look_at(&mut self, node: &Node, step: u64) {
        let Some(replica) = node.replica() else {
            return;
        };
        let raft = replica.raft();
        settle(&mut self.deadline, replica.deadline(), step);
        let (timer, heartbeat) = match raft.role() {
            Role::Follower(follower) => (Some(follower.timer), None),
            Role::PreCandidate(asking) => (Some(asking.timer), None),
            Role::Candidate(candidate) => (Some(candidate.timer), None),
            Role::Leader(leader) => (None, Some(leader.heartbeat_at)),
        };
        settle(&mut self.election_timer, timer, step);
        settle(&mut self.heartbeat, heartbeat, step);
        self.leader = raft.leader().or(self.leader);
        let (before, end) = (self.log_end, raft.log().last().index);
        self.log_end = end;
        let Role::Leader(leader) = raft.role() else {
            if self.leads.take().is_some() {
                self.stopped_leading = Some(step);
                self.held.clear();
            }
            return;
        };
        settle(&mut self.leads, Some(()), step);
        self.stopped_leading = None;
        if end > before {
            self.proposed.push_back((before.next(), end, step));
        }
        self.hold(replica.id(), raft.durable_last(), step);
        for progress in &leader.progress {
            self.hold(progress.node, progress.matched, step);
        }
    }

    fn hold(&mut self, holder: NodeId, upto: Index, step: u64) {
        let since = Since { value: upto, step };
        match self.held.iter_mut().find(|(node, _)| *node == holder) {
            Some((_, known)) if known.value != upto => *known = since,
            Some(_) => {}
            None => self.held.push((holder, since)),
        }
    }
}
