//! The cluster as a model: its states, and what can happen in each.
//!
//! Any message on its way may be the next one to arrive, so messages are reordered freely. They
//! are lost freely too, without an action for it: one that never arrives is lost. Copies are
//! counted. A crash and the start after it are one action, because a server that is down is one
//! that nothing reaches. Snapshots are taken in prologues only.

use super::digest::{self, Clocks};
use super::disk::MemoryDisk;
use super::rules::{self, Flags, History, Rule, Rules, Sight};
use super::server::{Asked, Disks, Server, Told};
use bytes::Bytes;
use flotilla_core::cache::{Apply, Command, Operation, Query, Sequence, SessionId};
use flotilla_core::raft::{MembershipChange, Message, Role};
use flotilla_core::replica::{
    ClientId, Config, Consistency, Envelope, Input, Lane, OperatorCommand, Request, RequestBody,
};
use flotilla_core::types::{Fingerprint, Incarnation, Instant, NodeId, Term};
use stateright::{Model, Property};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What may still happen, counted. It bounds the exploration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// How often servers stand for election, or ask in advance whether they should.
    pub elections: u8,
    pub heartbeats: u8,
    pub proposals: u8,
    pub duplicates: u8,
    pub crashes: u8,
    pub reads: u8,
    pub changes: u8,
    pub transfers: u8,
    /// How often a disk is lost with all that it held.
    pub disk_losses: u8,
}

/// A cluster to explore.
#[derive(Clone)]
pub struct Cluster {
    pub name: &'static str,
    pub config: Arc<Config>,
    pub nodes: u32,
    pub voters: Vec<NodeId>,
    pub clocks: Clocks,
    pub disks: Disks,
    /// Nobody stands for election in a later term.
    pub last_term: Term,
    /// No shared clock goes beyond this.
    pub end: Instant,
    pub budget: Budget,
    /// What the change of membership, if there is one, is to.
    pub change: MembershipChange,
    /// What has happened already where the exploration begins.
    pub prologue: fn(&Cluster, &mut State),
    pub sights: &'static [Sight],
}

/// A message on its way.
#[derive(Clone)]
pub struct Parcel {
    digest: u64,
    pub envelope: Arc<Envelope>,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Envelope {
            from, to, message, ..
        } = &*self.envelope;
        write!(f, "{from} to {to}: {message:?}")
    }
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Parcel) -> bool {
        self.digest == other.digest
    }
}

/// All that the future of the cluster depends on, and what it has decided so far.
#[derive(Clone)]
pub struct State {
    pub servers: Vec<Arc<Server>>,
    digests: Vec<u64>,
    /// Sorted, and a set: a message that is sent again while it is on its way is lost.
    network: Vec<Parcel>,
    pub history: Arc<History>,
    pub left: Budget,
    pub broken: Rules,
    pub now: Instant,
    pub voters_are_fixed: bool,
    /// What the step to this state showed, of what the model looks out for. It is a part of the
    /// state, so that a step that shows something is looked at even where it leads to a state that
    /// is known.
    pub seen: Flags,
}

/// Something that can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Deadline(NodeId),
    PromiseLapses(NodeId),
    TimePasses(Instant),
    Deliver(Parcel),
    DeliverACopy(Parcel),
    Persist(NodeId, Lane),
    Crash(NodeId),
    CrashAfterWriting(NodeId, Lane),
    LoseDisk(NodeId),
    Propose(NodeId),
    Read(NodeId),
    TakeSnapshot(NodeId),
    ChangeMembership(NodeId),
    TransferLeadership(NodeId),
}

impl Parcel {
    fn new(envelope: Envelope, clocks: Clocks) -> Parcel {
        let envelope = Envelope {
            message: digest::plain(envelope.message, clocks),
            ..envelope
        };
        Parcel {
            digest: Fingerprint::of(&envelope),
            envelope: Arc::new(envelope),
        }
    }
}

impl State {
    /// The model's beginning: servers that were never switched on before.
    fn new(cluster: &Cluster) -> State {
        let mut state = State {
            servers: Vec::new(),
            digests: Vec::new(),
            network: Vec::new(),
            history: Arc::default(),
            left: cluster.budget,
            broken: Rules::default(),
            now: Instant::ZERO,
            voters_are_fixed: cluster.change == MembershipChange::default()
                && cluster.budget.disk_losses == 0,
            seen: Flags::default(),
        };
        for node in (1..=cluster.nodes).map(NodeId) {
            let who = (&cluster.config, node, cluster.voters_known_to(node));
            let nothing = (MemoryDisk::default(), Instant::ZERO);
            let first = Incarnation::FIRST;
            let server = Server::start(who, first, nothing, cluster.disks, &mut Told::default());
            state.digests.push(digest::of(&server, cluster.clocks));
            state.servers.push(Arc::new(server));
        }
        state
    }

    pub fn server(&self, node: NodeId) -> &Server {
        &self.servers[node.0 as usize - 1]
    }

    pub fn network(&self) -> &[Parcel] {
        &self.network
    }

    /// Everything on its way is lost.
    pub fn lose_messages(&mut self) {
        self.network.clear();
    }

    fn send(&mut self, parcel: Parcel) {
        if let Err(place) = self.place(&parcel) {
            self.network.insert(place, parcel);
        }
    }

    fn place(&self, parcel: &Parcel) -> Result<usize, usize> {
        self.network
            .binary_search_by_key(&parcel.digest, |sent| sent.digest)
    }

    fn remove(&mut self, parcel: &Parcel) {
        if let Ok(place) = self.place(parcel) {
            self.network.remove(place);
        }
    }

    /// Answers that their receiver would ignore whatever else happens may as well be lost: the
    /// term or the role in which they meant something does not come back.
    fn lose_what_is_ignored(&mut self) {
        let mut network = std::mem::take(&mut self.network);
        network.retain(|parcel| !self.is_ignored(&parcel.envelope));
        self.network = network;
    }

    fn is_ignored(&self, envelope: &Envelope) -> bool {
        let server = self.server(envelope.to);
        let (raft, term) = (server.replica.raft(), envelope.message.term());
        // What is not durable may be forgotten, and the same term begin again.
        if term > raft.term() || term > server.durable.hard_state.term {
            return false;
        }
        match (&envelope.message, raft.role()) {
            (Message::VoteResponse(_), Role::Candidate(_)) => term < raft.term(),
            (Message::AppendResponse(_) | Message::SnapshotResponse(_), Role::Leader(_)) => {
                term < raft.term()
            }
            (Message::VoteResponse(_), _)
            | (Message::AppendResponse(_) | Message::SnapshotResponse(_), _) => true,
            (Message::PreVoteResponse(answer), _) => answer.asked < raft.term(),
            _ => false,
        }
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::of(self)
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.digests.hash(to);
        self.network.len().hash(to);
        for parcel in &self.network {
            parcel.digest.hash(to);
        }
        (&self.history, self.left, self.broken, self.now, self.seen).hash(to);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

/// What can happen.
impl Cluster {
    /// Who joins a cluster is told by its leader who the voters are.
    fn voters_known_to(&self, node: NodeId) -> &[NodeId] {
        if self.voters.contains(&node) {
            &self.voters
        } else {
            &[]
        }
    }

    fn actions_of(&self, state: &State, node: NodeId, actions: &mut Vec<Action>) {
        let server = state.server(node);
        let raft = server.replica.raft();
        let leads = matches!(raft.role(), Role::Leader(_));
        if self.deadline_may_come(state, node) {
            actions.push(Action::Deadline(node));
        }
        if self.clocks == Clocks::Own && self.promise_matters(state, node) {
            actions.push(Action::PromiseLapses(node));
        }
        for lane in [Lane::Log, Lane::Snapshot] {
            if server
                .writes
                .iter()
                .any(|pending| pending.write.id.lane == lane)
            {
                actions.push(Action::Persist(node, lane));
                if state.left.crashes > 0 {
                    actions.push(Action::CrashAfterWriting(node, lane));
                }
            }
        }
        if state.left.crashes > 0 {
            actions.push(Action::Crash(node));
        }
        if state.left.disk_losses > 0 {
            actions.push(Action::LoseDisk(node));
        }
        let wishes = [
            (state.left.proposals, Action::Propose(node)),
            (state.left.reads, Action::Read(node)),
            (state.left.changes, Action::ChangeMembership(node)),
            (state.left.transfers, Action::TransferLeadership(node)),
        ];
        let wishes = wishes.into_iter().filter(|(left, _)| leads && *left > 0);
        actions.extend(wishes.map(|(_, action)| action));
    }

    fn deadline_may_come(&self, state: &State, node: NodeId) -> bool {
        let raft = state.server(node).replica.raft();
        // Servers that never heard of each other are alike, so it may as well be the first.
        let untouched = |server: &Arc<Server>| server.replica.term() == Term::ZERO;
        if node != self.voters[0] && state.network.is_empty() && state.servers.iter().all(untouched)
        {
            return false;
        }
        let allowed = match raft.role() {
            Role::Leader(_) => self.clocks == Clocks::Shared || state.left.heartbeats > 0,
            _ => raft.term() < self.last_term && state.left.elections > 0,
        };
        let deadline = raft.deadline();
        let come = |at: Instant| self.clocks == Clocks::Own || at <= state.now;
        allowed && deadline.is_some_and(come)
    }

    /// Whether the server is asked something that it would answer differently later.
    fn promise_matters(&self, state: &State, node: NodeId) -> bool {
        let server = state.server(node);
        let asked = |parcel: &Parcel| {
            let question = matches!(parcel.envelope.message, Message::PreVoteRequest(_));
            question && parcel.envelope.to == node
        };
        let leads = matches!(server.replica.raft().role(), Role::Leader(_));
        let bound = server.clock < server.replica.raft().promise().until;
        !leads && bound && state.network.iter().any(asked)
    }

    /// The next instant at which something changes by itself; none while a deadline that has
    /// come waits for its server, and beyond the end.
    fn next_instant(&self, state: &State) -> Option<Instant> {
        let rafts = || state.servers.iter().map(|server| server.replica.raft());
        if rafts().any(|raft| raft.deadline().is_some_and(|at| at <= state.now)) {
            return None;
        }
        let matters = rafts().flat_map(|raft| {
            let (deadline, lease) = (raft.deadline(), raft.lease_until());
            [deadline, lease, Some(raft.promise().until)]
        });
        let next = matters.flatten().filter(|at| *at > state.now).min();
        next.filter(|at| *at <= self.end)
    }
}

/// How it happens.
impl Cluster {
    /// Lets something happen to one server; whoever breaks an assertion by it stays as it was.
    fn happens(
        &self,
        state: &State,
        node: NodeId,
        work: impl FnOnce(&mut Server, &mut Told),
    ) -> State {
        let mut next = state.clone();
        next.seen = Flags::default();
        let place = node.0 as usize - 1;
        let mut server = Server::clone(&state.servers[place]);
        if self.clocks == Clocks::Shared {
            server.clock = state.now;
        }
        let mut told = Told::default();
        let worked = catch_unwind(AssertUnwindSafe(|| work(&mut server, &mut told)));
        if worked.is_err() {
            next.broken.insert(Rule::NoAssertionFails);
            return next;
        }
        next.digests[place] = digest::of(&server, self.clocks);
        next.servers[place] = Arc::new(server);
        rules::check(&mut next, node, &state.servers[place], &told);
        for envelope in told.messages {
            next.send(Parcel::new(envelope, self.clocks));
        }
        next.lose_what_is_ignored();
        next.seen
            .keep(self.sights.iter().map(|sight| *sight as u32));
        next
    }

    fn input(&self, state: &State, node: NodeId, input: Input) -> State {
        self.happens(state, node, |server, told| {
            server.step(input, self.disks, told)
        })
    }

    fn request(&self, state: &State, node: NodeId, id: u64, body: RequestBody) -> State {
        let floor = state.history.commit();
        let request = Request {
            client: ClientId(1),
            id,
            body,
        };
        self.happens(state, node, |server, told| {
            server.asked.push(Asked { id, floor });
            server.step(Input::Request(request), self.disks, told);
        })
    }

    fn propose(&self, state: &State, node: NodeId) -> State {
        let term = state.server(node).replica.term().0;
        let number = 10 * term + u64::from(state.left.proposals);
        let command = Command::Apply(Apply {
            session: SessionId(1),
            sequence: Sequence(number),
            acknowledged: Sequence(0),
            operation: Operation::Delete {
                key: Bytes::from_static(b"k"),
            },
        });
        self.request(state, node, number, RequestBody::Command(command))
    }

    fn read(&self, state: &State, node: NodeId) -> State {
        let number = 100 + u64::from(self.budget.reads - state.left.reads);
        let body = RequestBody::Read {
            query: Query::Get {
                key: Bytes::from_static(b"k"),
            },
            consistency: Consistency::Lease,
        };
        self.request(state, node, number, body)
    }

    fn deadline(&self, state: &State, node: NodeId) -> State {
        self.happens(state, node, |server, told| {
            let due = server.replica.deadline().unwrap_or(server.clock);
            server.clock = server.clock.max(due);
            server.step(Input::Deadline, self.disks, told);
        })
    }

    fn crash(&self, state: &State, node: NodeId, written: Option<Lane>) -> State {
        self.happens(state, node, |server, told| {
            if let Some(lane) = written {
                server.execute(lane);
            }
            told.lost_a_write = !server.writes.is_empty();
            *server = server.crash(self.voters_known_to(node), self.disks, told);
            told.restarted = true;
        })
    }

    fn lose_disk(&self, state: &State, node: NodeId) -> State {
        self.happens(state, node, |server, told| {
            *server = server.lose_disk(self.voters_known_to(node), self.disks, told);
            told.restarted = true;
        })
    }

    pub fn after(&self, state: &State, action: &Action) -> State {
        let operator = |node, command| self.input(state, node, Input::Operator(command));
        let mut next = match action {
            Action::Deadline(node) => self.deadline(state, *node),
            Action::PromiseLapses(node) => self.happens(state, *node, |server, _| {
                server.clock = server.replica.raft().promise().until;
            }),
            Action::TimePasses(now) => State {
                now: *now,
                seen: Flags::default(),
                ..state.clone()
            },
            Action::Deliver(parcel) | Action::DeliverACopy(parcel) => {
                let envelope = Envelope::clone(&parcel.envelope);
                let mut sent = state.clone();
                if matches!(action, Action::Deliver(_)) {
                    sent.remove(parcel);
                }
                self.input(&sent, parcel.envelope.to, Input::Message(envelope))
            }
            Action::Persist(node, lane) => {
                self.happens(state, *node, |server, told| server.persist(*lane, told))
            }
            Action::Crash(node) => self.crash(state, *node, None),
            Action::CrashAfterWriting(node, lane) => self.crash(state, *node, Some(*lane)),
            Action::LoseDisk(node) => self.lose_disk(state, *node),
            Action::Propose(node) => self.propose(state, *node),
            Action::Read(node) => self.read(state, *node),
            Action::TakeSnapshot(node) => operator(*node, OperatorCommand::TakeSnapshot),
            Action::ChangeMembership(node) => operator(
                *node,
                OperatorCommand::ChangeMembership(self.change.clone()),
            ),
            Action::TransferLeadership(node) => {
                operator(*node, OperatorCommand::TransferLeadership { to: None })
            }
        };
        self.charge(action, state, &mut next.left);
        next
    }

    fn charge(&self, action: &Action, before: &State, left: &mut Budget) {
        let cost = match action {
            Action::Deadline(node) => match before.server(*node).replica.raft().role() {
                Role::Leader(_) if self.clocks == Clocks::Shared => return,
                Role::Leader(_) => &mut left.heartbeats,
                _ => &mut left.elections,
            },
            Action::DeliverACopy(_) => &mut left.duplicates,
            Action::Crash(_) | Action::CrashAfterWriting(..) => &mut left.crashes,
            Action::LoseDisk(_) => &mut left.disk_losses,
            Action::Propose(_) => &mut left.proposals,
            Action::Read(_) => &mut left.reads,
            Action::ChangeMembership(_) => &mut left.changes,
            Action::TransferLeadership(_) => &mut left.transfers,
            Action::TakeSnapshot(_)
            | Action::PromiseLapses(_)
            | Action::TimePasses(_)
            | Action::Deliver(_)
            | Action::Persist(..) => return,
        };
        *cost = cost.saturating_sub(1);
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State::new(self);
        (self.prologue)(self, &mut state);
        state.left = self.budget;
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for node in (1..=self.nodes).map(NodeId) {
            self.actions_of(state, node, actions);
        }
        if self.clocks == Clocks::Shared {
            actions.extend(self.next_instant(state).map(Action::TimePasses));
        }
        for parcel in &state.network {
            actions.push(Action::Deliver(parcel.clone()));
            if state.left.duplicates > 0 {
                actions.push(Action::DeliverACopy(parcel.clone()));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(self.after(state, &action))
    }

    fn properties(&self) -> Vec<Property<Cluster>> {
        let rules = Rule::ALL
            .iter()
            .map(|(name, kept)| Property::always(name, *kept));
        let sights = Sight::ALL
            .iter()
            .filter(|(sight, ..)| self.sights.contains(sight));
        let sights = sights.map(|(_, name, seen)| Property::sometimes(name, *seen));
        rules.chain(sights).collect()
    }
}
