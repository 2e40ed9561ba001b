//! One real server with its clock and its disk, as a part of a state.

use super::disk::MemoryDisk;
use super::rules::{Rule, Rules};
use flotilla_core::raft::{AppendOutcome, Message};
use flotilla_core::replica::{
    Config, Effects, Envelope, Event, Input, Lane, Member, Outcome, Replica, Response, Write,
};
use flotilla_core::storage::{self, HardState, Identity, LogEntry};
use flotilla_core::types::{ClusterId, Incarnation, Index, Instant, Mutants, NodeId, Position};
use std::sync::Arc;

pub const CLUSTER: ClusterId = ClusterId(1);

/// When a write is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disks {
    /// Before anything else happens.
    AtOnce,
    /// When the explorer says so; until then a crash loses it.
    Later,
}

/// What a restart would find on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    pub hard_state: HardState,
    pub commit: Index,
    pub covers: Position,
    pub entries: Vec<LogEntry>,
}

impl Durable {
    pub fn last(&self) -> Index {
        let last = self.entries.last();
        last.map_or(self.covers.index, |entry| entry.position.index)
    }

    /// Whether the entry, and by Log Matching everything before it, would be there.
    pub fn holds(&self, position: Position) -> bool {
        let held = self.entries.iter().any(|entry| entry.position == position);
        held || position.index <= self.covers.index
    }
}

/// A write that the server asked for and the disk has not done.
#[derive(Clone)]
pub struct Pending {
    pub write: Write,
    /// The newest record of consensus that it reaches.
    pub upto: u64,
}

/// A request without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    pub id: u64,
    /// How many entries were committed when it was asked.
    pub floor: Index,
}

/// What a server said while something happened to it.
#[derive(Default)]
pub struct Told {
    pub messages: Vec<Envelope>,
    pub answers: Vec<(Asked, Outcome)>,
    pub events: Vec<Event>,
    pub broken: Rules,
    /// The server started again.
    pub restarted: bool,
    /// A crash lost a write that was under way.
    pub lost_a_write: bool,
}

/// A server that runs. Cloning shares logs, caches and files.
#[derive(Clone)]
pub struct Server {
    pub replica: Replica,
    pub clock: Instant,
    pub durable: Arc<Durable>,
    pub writes: Vec<Pending>,
    pub asked: Vec<Asked>,
    disk: MemoryDisk,
}

impl Server {
    /// A server that starts with what is on its disk.
    pub fn start(
        (config, node, voters): (&Arc<Config>, NodeId, &[NodeId]),
        incarnation: Incarnation,
        (disk, clock): (MemoryDisk, Instant),
        disks: Disks,
        told: &mut Told,
    ) -> Server {
        let member = Member {
            cluster: CLUSTER,
            node,
            incarnation,
            voters: voters.to_vec(),
            mutants: Mutants::default(),
        };
        let mut effects = Effects::default();
        let start = (clock, &mut effects);
        let replica = Replica::start(Arc::clone(config), member, u64::from(node.0), &disk, start)
            .expect("a crash alone leaves nothing that a start refuses");
        let mut server = Server {
            replica,
            clock,
            durable: Arc::new(Durable::default()),
            writes: Vec::new(),
            asked: Vec::new(),
            disk,
        };
        server.read_disk();
        server.take(effects, told);
        server.finish_writes(disks, told);
        server
    }

    /// The server as it starts again after a crash, which lost what was not durable.
    pub fn crash(&self, voters: &[NodeId], disks: Disks, told: &mut Told) -> Server {
        let config = Arc::new(self.replica.config().clone());
        let who = (&config, self.replica.id(), voters);
        let incarnation = self.replica.raft().incarnation();
        let disk = (self.disk.clone(), self.clock);
        Server::start(who, incarnation, disk, disks, told)
    }

    /// The server as it starts again with a new disk in the place of one that was lost.
    pub fn lose_disk(&self, voters: &[NodeId], disks: Disks, told: &mut Told) -> Server {
        let config = Arc::new(self.replica.config().clone());
        let who = (&config, self.replica.id(), voters);
        let Incarnation(former) = self.replica.raft().incarnation();
        let disk = (MemoryDisk::default(), self.clock);
        Server::start(who, Incarnation(former + 1), disk, disks, told)
    }

    /// Something happens to the server.
    pub fn step(&mut self, input: Input, disks: Disks, told: &mut Told) {
        let mut effects = Effects::default();
        self.replica.step(self.clock, input, &mut effects);
        self.take(effects, told);
        self.finish_writes(disks, told);
    }

    /// The oldest write of a lane becomes durable.
    pub fn persist(&mut self, lane: Lane, told: &mut Told) {
        self.execute(lane);
        let mut effects = Effects::default();
        if let Some(done) = self.writes.iter().position(|p| p.write.id.lane == lane) {
            let id = self.writes.remove(done).write.id;
            self.replica
                .step(self.clock, Input::Durable(id), &mut effects);
        }
        self.take(effects, told);
    }

    /// The disk does the oldest write of a lane, and tells nobody yet.
    pub fn execute(&mut self, lane: Lane) {
        let oldest = self.writes.iter().find(|p| p.write.id.lane == lane);
        for op in oldest.iter().flat_map(|pending| &pending.write.ops) {
            op.execute(&mut self.disk).expect("this disk never fails");
        }
        self.read_disk();
    }

    fn finish_writes(&mut self, disks: Disks, told: &mut Told) {
        while let (Disks::AtOnce, Some(next)) = (disks, self.writes.first()) {
            self.persist(next.write.id.lane, told);
        }
    }

    fn read_disk(&mut self) {
        let identity = Identity {
            cluster: CLUSTER,
            node: self.replica.id(),
            incarnation: self.replica.raft().incarnation(),
        };
        let found = storage::recover(&self.disk, identity, &self.replica.config().storage)
            .expect("no write leaves what a start refuses");
        let covers = found.snapshot.map_or(Position::ZERO, |(covers, _)| covers);
        self.durable = Arc::new(Durable {
            hard_state: found.hard_state,
            commit: found.commit,
            covers,
            entries: found.entries,
        });
    }

    /// Takes what one step of the server led to. This is the moment at which its messages leave,
    /// so what they promise must be on the disk.
    fn take(&mut self, effects: Effects, told: &mut Told) {
        for envelope in effects.messages {
            if !self.may_leave(&envelope) {
                told.broken.insert(Rule::DurableBeforeSent);
            }
            told.messages.push(envelope);
        }
        let upto = self.replica.raft().records_issued();
        let writes = effects.writes.into_iter();
        self.writes
            .extend(writes.map(|write| Pending { write, upto }));
        for Response { id, outcome, .. } in effects.answers {
            if let Some(place) = self.asked.iter().position(|asked| asked.id == id) {
                told.answers.push((self.asked.remove(place), outcome));
            }
        }
        told.events.extend(effects.events);
    }

    fn may_leave(&self, envelope: &Envelope) -> bool {
        let HardState { term, vote } = self.durable.hard_state;
        // In a later term the server answers nobody in this one any more.
        if term > envelope.message.term() {
            return true;
        }
        let this_term = term == envelope.message.term();
        match &envelope.message {
            Message::VoteRequest(_) => this_term && vote == Some(envelope.from),
            Message::VoteResponse(answer) if answer.granted => {
                this_term && vote == Some(envelope.to)
            }
            Message::AppendResponse(answer) => match answer.outcome {
                AppendOutcome::Accepted { matched } => this_term && self.durable.last() >= matched,
                AppendOutcome::Rejected(_) => this_term,
            },
            Message::VoteResponse(_) | Message::SnapshotResponse(_) => this_term,
            Message::PreVoteRequest(_)
            | Message::PreVoteResponse(_)
            | Message::AppendRequest(_)
            | Message::SnapshotRequest(_)
            | Message::ReadIndexRequest(_)
            | Message::ReadIndexResponse(_)
            | Message::TimeoutNow(_) => true,
        }
    }
}
