//! The world: servers, their disks, the network between them, clients, and the order in which
//! things happen.
//!
//! A discrete-event simulation: [`World::step`] takes the earliest thing that is due and lets it
//! happen. Nothing happens between steps, so simulated time costs nothing to skip. All
//! randomness comes from the scenario's seed, each link, disk, client and server with a stream of
//! its own.
//!
//! The order of things that are due together is part of the format of scenarios:
//! 1. Simulated time grows by at least a microsecond with each step, so a time names a step.
//! 2. An action of the scenario whose time has come goes before everything else: one added by
//!    hand at the moment shown happens right after the step that the person sees.
//! 3. Among the rest the earliest goes first; at equal times arrivals and disks in the order in
//!    which they were scheduled, then servers' deadlines by id, then clients' by id.

use super::client::{Client, ClientOutput};
use super::device::{Device, Progress};
use super::faults::KeptImage;
use super::intake::{Waiting, Waits};
use super::network::{Address, InFlight, MessageId, Network, Payload};
use super::node::{Failure, Node, Status};
use super::scenario::{Action, Keep, Scenario, TimedAction};
use super::service::{ModelService, ServiceMode};
use super::step::{Cause, DuplicationReason, Happening, LossReason, Place, Step, What};
use super::tally::{Different, Found, Tally};
use crate::cache::Taken;
use crate::raft;
use crate::replica::{self, ClientId, Effects, Input, Lane, Member, Replica, Write};
use crate::storage::{self, DiskOp};
use crate::types::{ClusterId, Fingerprint, Incarnation, Index, Instant, NodeId, Rng, Term};
use imbl::OrdMap;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The whole simulated world at one moment. Cloning is cheap, and a clone goes on exactly as the
/// original does.
#[derive(Clone, Debug)]
pub struct World {
    scenario: Arc<Scenario>,
    config: Arc<replica::Config>,
    now: Instant,
    steps: u64,
    queue: BTreeMap<(Instant, u64), Due>,
    scheduled: u64,
    next_action: usize,
    pub(super) nodes: Vec<Node>,
    pub(super) network: Network,
    pub(super) clients: Vec<Client>,
    service: ModelService,
    tally: Tally,
    /// How often the cluster was begun anew.
    pub(super) recreations: u64,
    /// Copies of disks, by name.
    pub(super) images: OrdMap<String, Arc<KeptImage>>,
    /// Terms that had a leader, in each life of the cluster.
    leader_terms: Different<(u64, Term)>,
    lease_reads: u64,
    /// Entries of the log that some server found to have been applied before, in each life of the
    /// cluster.
    repeated: Different<(u64, Index)>,
    fingerprint: Fingerprint,
    pub(super) happenings: Vec<Happening>,
}

/// Something scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Boot(NodeId),
    Arrival(MessageId),
    Disk { node: NodeId, run: u64, lane: Lane },
    Model { number: u64 },
}

/// What the next step is set off by.
enum Next {
    Action,
    Queue((Instant, u64)),
    Node(NodeId),
    Client(ClientId),
}

impl World {
    /// The world before anything has happened: all servers are about to be switched on, with
    /// empty disks.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>) -> World {
        let seed = scenario.seed;
        let stream = |what: &str, id: u32| Rng::new(Fingerprint::of(&(seed, what, id)));
        let disk = &scenario.disk;
        let device = |id| {
            let (latencies, crashes) = (stream("disk", id), stream("disk crashes", id));
            Device::new(disk.clone(), latencies, crashes)
        };
        let clients = (1..=scenario.clients.count).map(|id| {
            let stream = stream("client", id);
            Client::new(ClientId(id), &scenario.clients, scenario.nodes, stream)
        });
        let mut world = World {
            config: Arc::new(scenario.server.clone()),
            now: Instant::ZERO,
            steps: 0,
            queue: BTreeMap::new(),
            scheduled: 0,
            next_action: 0,
            nodes: (1..=scenario.nodes)
                .map(|id| Node::new(NodeId(id), device(id)))
                .collect(),
            network: Network::new(
                scenario.network.clone(),
                Fingerprint::of(&(seed, "network")),
            ),
            clients: clients.collect(),
            tally: Tally::new(scenario.end),
            service: ModelService::new(scenario.service.clone(), stream("model", 0)),
            recreations: 0,
            images: OrdMap::new(),
            leader_terms: Different::default(),
            lease_reads: 0,
            repeated: Different::default(),
            fingerprint: Fingerprint::default(),
            happenings: Vec::new(),
            scenario,
        };
        for id in 1..=world.scenario.nodes {
            world.schedule(Instant::ZERO, Due::Boot(NodeId(id)));
        }
        world
    }

    /// Lets the earliest thing that is due happen; none when nothing ever will.
    pub fn step(&mut self) -> Option<Step> {
        self.step_before(None)
    }

    /// The same, unless somebody wants to act at this time and the next step is not before.
    pub(super) fn step_before(&mut self, limit: Option<Instant>) -> Option<Step> {
        let (time, next) = self.next()?;
        if limit.is_some_and(|limit| limit <= time) {
            return None;
        }
        self.now = time;
        self.steps += 1;
        let cause = self.carry_out(next)?;
        self.watch_alerts(time);
        let happenings = std::mem::take(&mut self.happenings);
        let step = Step {
            number: self.steps,
            time,
            cause,
            happenings,
        };
        step.hash(&mut self.fingerprint);
        Some(step)
    }

    /// When the next step will be; none when nothing ever will.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        self.next().map(|(time, _)| time)
    }

    fn next(&self) -> Option<(Instant, Next)> {
        let soonest = Instant(self.now.0 + 1);
        let queued = self
            .queue
            .keys()
            .next()
            .map(|key| (key.0, Next::Queue(*key)));
        let nodes = self
            .nodes
            .iter()
            .filter_map(|node| Some((node.wakes_at()?, Next::Node(node.id))));
        let clients = self
            .clients
            .iter()
            .filter_map(|client| Some((client.deadline()?, Next::Client(client.id()))));
        // `min_by_key` keeps the first of equals: the queue, then servers, then clients.
        let earliest = queued
            .into_iter()
            .chain(nodes)
            .chain(clients)
            .map(|(at, next)| (at.max(soonest), next));
        let rest = earliest.min_by_key(|(at, _)| *at);
        let action = self.scenario.actions.get(self.next_action);
        match (action, rest) {
            (Some(action), Some((at, _))) if action.at < at => {
                Some((action.at.max(soonest), Next::Action))
            }
            (Some(action), None) => Some((action.at.max(soonest), Next::Action)),
            (_, rest) => rest,
        }
    }

    fn carry_out(&mut self, next: Next) -> Option<Cause> {
        match next {
            Next::Action => {
                let action = self.scenario.actions.get(self.next_action)?.action.clone();
                self.next_action += 1;
                self.act(&action);
                Some(Cause::Action(action))
            }
            Next::Queue(key) => Some(match self.queue.remove(&key)? {
                Due::Boot(node) => {
                    if matches!(self.node(node).status, Status::Down) {
                        self.start(node);
                    }
                    Cause::Boot(node)
                }
                Due::Arrival(message) => {
                    self.arrive(message);
                    Cause::Arrival(message)
                }
                Due::Disk { node, run, lane } => {
                    self.disk_synced(node, run, lane);
                    Cause::Disk(node, lane)
                }
                Due::Model { number } => {
                    self.model_answers(number);
                    Cause::Model
                }
            }),
            Next::Node(node) => Some(self.wake(node)),
            Next::Client(client) => {
                self.with_client(client, |client, now, out| client.on_deadline(now, out));
                Some(Cause::ClientDeadline(client))
            }
        }
    }

    /// A server takes what has waited longest, or else its timer runs out.
    fn wake(&mut self, id: NodeId) -> Cause {
        let now = self.now;
        let Some(Waiting { what, since }) = self.node_mut(id).intake.take(now) else {
            self.give(id, Input::Deadline);
            return Cause::Deadline(id);
        };
        match what {
            Waits::Message(message) => self.deliver(*message),
            Waits::Input(input) => self.give(id, *input),
        }
        Cause::Turn { node: id, since }
    }

    fn schedule(&mut self, at: Instant, due: Due) {
        self.scheduled += 1;
        self.queue.insert((at, self.scheduled), due);
    }

    pub(super) fn note(&mut self, place: Place, what: What) {
        self.happenings.push(Happening { place, what });
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize - 1]
    }

    /// Switches a server on.
    pub(super) fn start(&mut self, id: NodeId) {
        let now = self.node(id).clock.at(self.now);
        let cluster = self.cluster();
        let first = self.scenario.voters.unwrap_or(self.scenario.nodes);
        // A server that is not among the first is told by their leader who they are.
        let first = if id.0 <= first { first } else { 0 };
        let voters = (1..=first).map(NodeId).collect();
        let member = Member {
            cluster,
            node: id,
            incarnation: self.node(id).next_incarnation(),
            voters,
            mutants: self.scenario.mutants,
        };
        let config = Arc::clone(&self.config);
        let seed = self.scenario.seed;
        let node = self.node_mut(id);
        node.powered = true;
        node.runs += 1;
        let run = node.runs;
        let seed = Fingerprint::of(&(seed, "replica", id, run));
        let mut effects = Effects::default();
        let disk = node.device.disk();
        let started = Replica::start(config, member, seed, disk, (now, &mut effects));
        self.note(Place::Node(id), What::SwitchedOn { run });
        let findings = effects.events.iter().filter_map(|event| match event {
            replica::Event::Recovery(finding) => Some(finding.clone()),
            _ => None,
        });
        let findings = findings.collect();
        let node = self.node_mut(id);
        node.alerts.touch();
        node.recovery = findings;
        match started {
            Ok(replica) => {
                node.status = Status::Up(Arc::new(replica));
                self.carry_out_effects(id, effects);
            }
            Err(error) => {
                node.status = Status::Failed(Failure::Start(error.clone()));
                self.note(Place::Node(id), What::StartFailed { error });
            }
        }
    }

    /// Gives a server an input, if it runs, as soon as it takes one.
    pub(super) fn feed(&mut self, id: NodeId, input: Input) {
        if self.node(id).replica().is_none() {
            return;
        }
        match self.node(id).intake.is_open() {
            true => self.give(id, input),
            false => self.let_wait(id, Waits::Input(Box::new(input))),
        }
    }

    fn let_wait(&mut self, id: NodeId, what: Waits) {
        let (now, since) = (self.now, self.steps);
        let message = match &what {
            Waits::Message(message) => Some(message.id),
            Waits::Input(_) => None,
        };
        let intake = &mut self.node_mut(id).intake;
        let ahead = intake.waiting() as u64;
        intake.wait(now, Waiting { what, since });
        self.note(Place::Node(id), What::InputWaits { message, ahead });
    }

    /// A server takes an input, and what it wants is carried out.
    fn give(&mut self, id: NodeId, input: Input) {
        let now = self.node(id).clock.at(self.now);
        let node = self.node_mut(id);
        let Status::Up(replica) = &mut node.status else {
            return;
        };
        node.alerts.touch();
        let mut effects = Effects::default();
        let replica = Arc::make_mut(replica);
        replica.step(now, input, &mut effects);
        let failure = replica.failure().cloned();
        let (ended, superseded) = (replica.has_ended(), replica.superseded());
        self.carry_out_effects(id, effects);
        if ended {
            // Everything is durable by then, so there is nothing to tell.
            let node = self.node_mut(id);
            node.status = Status::Down;
            node.powered = false;
            node.device.crash(&Keep::Nothing);
            self.lose_waiting(id);
        }
        if let Some(by) = superseded {
            self.start_again(id, by);
        }
        if let Some(error) = failure {
            self.node_mut(id).status = Status::Failed(Failure::Disk(error.clone()));
            self.note(Place::Node(id), What::Stopped { error });
            self.lose_waiting(id);
        }
    }

    /// What a host does with a server that found itself superseded.
    fn start_again(&mut self, id: NodeId, by: Incarnation) {
        let node = self.node_mut(id);
        node.status = Status::Down;
        node.device.forget_writes();
        for op in storage::supersede(by) {
            // A disk that refuses leaves no note; then the server is told again.
            let _ = op.execute(node.device.disk_mut());
        }
        self.lose_waiting(id);
        self.schedule(self.now, Due::Boot(id));
    }

    /// What waited for a server that does not run any more is lost, and its pause is over.
    pub(super) fn lose_waiting(&mut self, id: NodeId) {
        for waiting in self.node_mut(id).intake.close() {
            if let Waits::Message(message) = waiting.what {
                self.note_loss(&message, LossReason::ReceiverDown);
            }
        }
    }

    fn carry_out_effects(&mut self, id: NodeId, effects: Effects) {
        for event in effects.events {
            self.count(id, &event);
            self.note(Place::Node(id), What::Replica(event));
        }
        for write in effects.writes {
            self.submit(id, write);
        }
        for envelope in effects.messages {
            let to = Address::Node(envelope.to);
            self.send(Address::Node(id), to, Payload::Peer(envelope));
        }
        for response in effects.answers {
            let to = Address::Client(response.client);
            self.send(Address::Node(id), to, Payload::Response(response));
        }
        for question in effects.questions {
            self.send(
                Address::Node(id),
                Address::Model,
                Payload::Question(question),
            );
        }
    }

    fn model_answers(&mut self, number: u64) {
        if let Some((node, response)) = self.service.answer(number) {
            self.send(
                Address::Model,
                Address::Node(node),
                Payload::Advice(response),
            );
        }
    }

    pub(super) fn set_service_mode(&mut self, mode: ServiceMode) {
        self.service.set_mode(mode);
        self.note(Place::Model, What::ModelBehaves { mode });
    }

    fn count(&mut self, id: NodeId, event: &replica::Event) {
        match event {
            replica::Event::Raft(raft::Event::BecameLeader { term, .. }) => {
                self.leader_terms.insert((self.recreations, *term));
            }
            replica::Event::Raft(raft::Event::SnapshotInstalled { .. }) => {
                self.node_mut(id).snapshots_installed += 1;
            }
            replica::Event::Raft(raft::Event::LeaseRead { .. }) => self.lease_reads += 1,
            replica::Event::Applied {
                index,
                taken: Taken::Before,
                ..
            } => {
                self.repeated.insert((self.recreations, *index));
            }
            _ => {}
        }
    }

    fn send(&mut self, from: Address, to: Address, payload: Payload) {
        payload.hash(&mut self.fingerprint);
        let sent = self
            .network
            .send((from, to), payload, (self.now, self.steps));
        let (message, at) = (sent.id, sent.arrives_at);
        self.schedule(at, Due::Arrival(message));
        self.note(from.into(), What::Sent { message, to });
        if self.network.wants_copy(from, to) {
            self.duplicate(message, DuplicationReason::Network);
        }
    }

    /// Puts a second copy of a message on its way; tells whether there is such a message.
    pub(super) fn duplicate(&mut self, message: MessageId, why: DuplicationReason) -> bool {
        let Some(copy) = self.network.duplicate(message, (self.now, self.steps)) else {
            return false;
        };
        let (copy, at) = (copy.id, copy.arrives_at);
        self.schedule(at, Due::Arrival(copy));
        self.note(Place::World, What::MessageDuplicated { message, copy, why });
        true
    }

    /// A message has reached its receiver, or what is in its way. One that was delayed or taken
    /// away meanwhile is not due any more.
    fn arrive(&mut self, id: MessageId) {
        let Some(message) = self.network.take(id) else {
            return;
        };
        if let Some(why) = self.in_the_way(&message) {
            return self.note_loss(&message, why);
        }
        match message.to {
            Address::Node(node) if !self.node(node).intake.is_open() => {
                self.let_wait(node, Waits::Message(Box::new(message)));
            }
            _ => self.deliver(message),
        }
    }

    /// Why a message that has come to its receiver does not reach it.
    fn in_the_way(&self, message: &InFlight) -> Option<LossReason> {
        let receiver = match message.to {
            Address::Node(node) => Some(self.node(node)),
            Address::Client(_) | Address::Model => None,
        };
        if self.network.is_cut(message.from, message.to) {
            Some(LossReason::Cut)
        } else if message.doomed {
            Some(LossReason::Network)
        } else if receiver.is_some_and(|node| node.replica().is_none()) {
            Some(LossReason::ReceiverDown)
        } else if receiver.is_some_and(|node| node.intake.is_full()) {
            Some(LossReason::ReceiverFull)
        } else {
            None
        }
    }

    pub(super) fn note_loss(&mut self, message: &InFlight, why: LossReason) {
        let lost = What::MessageLost {
            message: message.id,
            from: message.from,
            to: message.to,
            why,
        };
        self.note(Place::World, lost);
    }

    /// The receiver takes a message.
    fn deliver(&mut self, message: InFlight) {
        let (from, to) = (message.from, message.to);
        let delivered = What::Delivered {
            message: message.id,
            from,
            sent_step: message.sent_step,
        };
        self.note(to.into(), delivered);
        match (from, to, message.payload) {
            (_, Address::Node(node), Payload::Peer(envelope)) => {
                self.give(node, Input::Message(envelope));
            }
            (_, Address::Node(node), Payload::Request(request)) => {
                self.give(node, Input::Request(request));
            }
            (Address::Node(node), Address::Client(client), Payload::Response(response)) => {
                self.with_client(client, |client, now, out| {
                    client.on_response(now, node, response, out);
                });
            }
            (_, Address::Node(node), Payload::Advice(response)) => {
                self.give(node, Input::Model(response));
            }
            (Address::Node(node), Address::Model, Payload::Question(request)) => {
                if let Some(thinking) = self.service.ask(node, &request) {
                    let number = thinking.number;
                    self.schedule(self.now + thinking.time, Due::Model { number });
                }
            }
            (_, Address::Client(_) | Address::Model, _)
            | (_, Address::Node(_), Payload::Response(_) | Payload::Question(_)) => {
                unreachable!("questions go to the model, answers to whoever asked")
            }
        }
    }

    /// Moves the arrival of a message, whose old place in the queue is then empty.
    pub(super) fn reschedule(&mut self, id: MessageId, before: Instant, after: Instant) {
        self.unschedule(id, before);
        self.schedule(after, Due::Arrival(id));
    }

    pub(super) fn unschedule(&mut self, id: MessageId, at: Instant) {
        let at_that_time = self.queue.range((at, 0)..=(at, u64::MAX));
        let place = at_that_time
            .into_iter()
            .find(|(_, due)| **due == Due::Arrival(id));
        if let Some(key) = place.map(|(key, _)| *key) {
            self.queue.remove(&key);
        }
    }

    fn submit(&mut self, id: NodeId, write: Write) {
        let appended = write.ops.iter().map(|op| match op {
            DiskOp::Append { bytes, .. } => bytes.len() as u64,
            _ => 0,
        });
        let (name, bytes) = (write.id, appended.sum());
        self.note(Place::Node(id), What::WriteIssued { write: name, bytes });
        if self.node_mut(id).device.submit(write) {
            self.drive(id, name.lane);
        }
    }

    /// Lets a lane of a disk go on until it waits for the device.
    fn drive(&mut self, id: NodeId, lane: Lane) {
        loop {
            let node = self.node_mut(id);
            let run = node.runs;
            match node.device.drive(lane) {
                Progress::Idle => return,
                Progress::Waits(delay) => {
                    let at = self.now + delay;
                    return self.schedule(
                        at,
                        Due::Disk {
                            node: id,
                            run,
                            lane,
                        },
                    );
                }
                Progress::Durable(write) => {
                    self.note(Place::Node(id), What::WriteDurable { write });
                    self.feed(id, Input::Durable(write));
                }
                Progress::Failed(write, error) => {
                    return self.feed(id, Input::WriteFailed { write, error });
                }
            }
        }
    }

    fn disk_synced(&mut self, id: NodeId, run: u64, lane: Lane) {
        let node = self.node_mut(id);
        if node.runs != run || node.replica().is_none() {
            return;
        }
        match node.device.synced(lane) {
            Some((write, error)) => self.feed(id, Input::WriteFailed { write, error }),
            None => self.drive(id, lane),
        }
    }

    pub(super) fn with_client(
        &mut self,
        id: ClientId,
        tell: impl FnOnce(&mut Client, Instant, &mut ClientOutput),
    ) {
        let mut out = ClientOutput::default();
        let client = &mut self.clients[id.0 as usize - 1];
        let (hits, misses) = (client.hits(), client.misses());
        tell(client, self.now, &mut out);
        let found = Found {
            hits: client.hits() - hits,
            misses: client.misses() - misses,
        };
        self.tally.add(self.now, found);
        for event in out.events {
            self.note(Place::Client(id), What::Client(event));
        }
        for (node, request) in out.requests {
            self.send(
                Address::Client(id),
                Address::Node(node),
                Payload::Request(request),
            );
        }
    }
}

/// What may be known from outside.
impl World {
    /// The scenario that runs.
    #[must_use]
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Lets the world go on under a scenario that differs only in actions that are still to
    /// come.
    pub(super) fn set_scenario(&mut self, scenario: Arc<Scenario>) {
        self.scenario = scenario;
    }

    /// Adds an action behind all others; its time must not have come yet.
    pub(super) fn add_action(&mut self, action: TimedAction) {
        Arc::make_mut(&mut self.scenario).actions.push(action);
    }

    /// Forgets what only a full account of the run needs: the actions that are done, and all but so many
    /// of the newest answers of each client. What is yet to come stays as it is.
    pub(super) fn forget_past(&mut self, answers: usize) {
        let done = std::mem::take(&mut self.next_action);
        Arc::make_mut(&mut self.scenario).actions.drain(..done);
        for client in &mut self.clients {
            client.forget_past(answers);
        }
    }

    /// How many actions have been done.
    #[must_use]
    pub fn actions_done(&self) -> usize {
        self.next_action
    }

    /// The time of the latest step.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How many steps there were.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All servers, by id.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One server.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize - 1]
    }

    /// Who leads: of several that think so, the one of the highest term.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        let running = self.nodes.iter().filter_map(Node::replica);
        let leading =
            running.filter(|replica| matches!(replica.raft().role(), raft::Role::Leader(_)));
        let latest = leading.max_by_key(|replica| replica.term());
        latest.map(Replica::id)
    }

    /// The life of the cluster in which servers start now.
    #[must_use]
    pub fn cluster(&self) -> ClusterId {
        let seed = self.scenario.seed;
        ClusterId(match self.recreations {
            0 => Fingerprint::of(&(seed, "cluster")),
            times => Fingerprint::of(&(seed, "cluster", times)),
        })
    }

    /// Copies of disks that were kept, by name.
    #[must_use]
    pub fn images(&self) -> &OrdMap<String, Arc<KeptImage>> {
        &self.images
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What reads found, over time.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The model service.
    #[must_use]
    pub fn service(&self) -> &ModelService {
        &self.service
    }

    /// All clients, by id.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// In how many terms a leader was elected.
    #[must_use]
    pub fn elections(&self) -> u64 {
        self.leader_terms.count()
    }

    /// How many reads were answered by a lease.
    #[must_use]
    pub fn lease_reads(&self) -> u64 {
        self.lease_reads
    }

    /// How many entries of the log were requests that had been applied before.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated.count()
    }

    /// A digest of everything that has happened: equal histories have equal digests, on every
    /// target.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.finish()
    }
}

impl World {
    /// Does what a scenario or a person says.
    fn act(&mut self, action: &Action) {
        super::actions::act(self, action);
    }
}

#[cfg(test)]
mod tests;
