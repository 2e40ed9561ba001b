//! A run of three real servers, one of which has each operation of its disk written down.

use super::memory::{Memory, records};
use flotilla_core::cache::Command;
use flotilla_core::raft::Role;
use flotilla_core::replica::{
    ClientId, Config, Effects, Envelope, Input, Lane, Member, OperatorCommand, Replica, Request,
    RequestBody, Write,
};
use flotilla_core::sim::SimDisk;
use flotilla_core::storage::{DiskOp, Record};
use flotilla_core::types::{ClusterId, Duration, Incarnation, Instant, Mutants, NodeId};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

pub const CLUSTER: ClusterId = ClusterId(1);
/// The server whose disk is watched.
pub const WATCHED: NodeId = NodeId(1);

/// What a disk may be asked to do, as far as it matters to a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Append,
    /// An entry takes the place of another.
    Truncation,
    /// A segment is begun beside others.
    Rotation,
    /// A snapshot of the server's own.
    OwnSnapshot,
    /// A snapshot of the leader takes the place of the log.
    InstalledSnapshot,
    /// A segment is removed.
    SegmentRemoved,
    /// A snapshot is removed.
    SnapshotRemoved,
    Rename,
    Sync,
    SyncDir,
}

impl Sight {
    pub const ALL: [Sight; 10] = [
        Sight::Append,
        Sight::Truncation,
        Sight::Rotation,
        Sight::OwnSnapshot,
        Sight::InstalledSnapshot,
        Sight::SegmentRemoved,
        Sight::SnapshotRemoved,
        Sight::Rename,
        Sight::Sync,
        Sight::SyncDir,
    ];
}

/// An operation, and what the disk holds after it.
#[derive(Clone, Debug)]
pub struct Step {
    pub op: DiskOp,
    pub disk: SimDisk,
    /// How many records were written.
    pub written: usize,
    /// How many of them are durable for sure: their write is done.
    pub durable: usize,
    pub sights: Vec<Sight>,
}

/// The run as its disk saw it.
pub struct Run {
    pub config: Arc<Config>,
    pub steps: Vec<Step>,
    /// What the server remembers after so many records.
    pub memories: Vec<Memory>,
}

impl Run {
    pub fn record() -> Run {
        let mut cluster = Cluster::new();
        cluster.story();
        let Cluster {
            config,
            steps,
            memories,
            ..
        } = cluster;
        Run {
            config,
            steps,
            memories,
        }
    }

    pub fn sights(&self) -> impl Iterator<Item = Sight> + '_ {
        self.steps.iter().flat_map(|step| step.sights.clone())
    }

    pub fn summary(&self) -> String {
        let (steps, records) = (self.steps.len(), self.memories.len() - 1);
        let counts = Sight::ALL.map(|sight| {
            let times = self.sights().filter(|seen| *seen == sight).count();
            format!("{sight:?} {times}")
        });
        format!(
            "{steps} operations, {records} records: {}",
            counts.join(", ")
        )
    }
}

struct Server {
    replica: Replica,
    disk: SimDisk,
    lanes: [VecDeque<Write>; 2],
    /// Operations done of the first write of each lane.
    done: [usize; 2],
}

struct Cluster {
    config: Arc<Config>,
    now: Instant,
    servers: Vec<Server>,
    messages: VecDeque<Envelope>,
    alone: BTreeSet<NodeId>,
    requests: u64,
    /// Which lane of the watched disk goes next.
    turn: usize,
    steps: Vec<Step>,
    memories: Vec<Memory>,
    durable: usize,
}

impl Cluster {
    fn new() -> Cluster {
        let mut config = Config::default();
        config.storage.segment_bytes = 400;
        config.snapshot.entries = 6;
        config.snapshot.piece_bytes = 150;
        config.raft.trailing_entries = 0;
        let config = Arc::new(config);
        let mut cluster = Cluster {
            config: Arc::clone(&config),
            now: Instant::ZERO,
            servers: Vec::new(),
            messages: VecDeque::new(),
            alone: BTreeSet::new(),
            requests: 0,
            turn: 0,
            steps: Vec::new(),
            memories: vec![Memory::default()],
            durable: 0,
        };
        let voters: Vec<NodeId> = (1..=3).map(NodeId).collect();
        for node in voters.clone() {
            let member = Member {
                cluster: CLUSTER,
                node,
                incarnation: Incarnation::FIRST,
                voters: voters.clone(),
                mutants: Mutants::default(),
            };
            let (disk, mut effects) = (SimDisk::default(), Effects::default());
            let start = (Instant::ZERO, &mut effects);
            let (config, seed) = (Arc::clone(&config), u64::from(node.0));
            let replica = Replica::start(config, member, seed, &disk, start).expect("it is empty");
            cluster.servers.push(Server {
                replica,
                disk,
                lanes: Default::default(),
                done: [0; 2],
            });
            cluster.take(node, effects);
        }
        cluster
    }

    /// The watched server leads, is cut off with entries that nobody else has, and finds them
    /// overwritten; later it is left so far behind that it is sent a snapshot.
    fn story(&mut self) {
        self.pass(Duration::secs(2));
        if self.leader() != WATCHED {
            let transfer = OperatorCommand::TransferLeadership { to: Some(WATCHED) };
            self.feed(self.leader(), Input::Operator(transfer));
            self.pass(Duration::secs(1));
        }
        assert_eq!(self.leader(), WATCHED);
        self.write(4);
        self.alone.insert(WATCHED);
        self.ask(WATCHED, 3);
        self.pass(Duration::secs(2));
        self.write(2);
        self.alone.clear();
        self.pass(Duration::secs(1));
        self.write(20);
        self.alone.insert(WATCHED);
        self.pass(Duration::secs(1));
        self.write(15);
        self.alone.clear();
        self.pass(Duration::secs(2));
        self.write(20);
        let applied = self.servers.iter().map(|server| server.replica.applied());
        let applied: BTreeSet<_> = applied.collect();
        assert_eq!(applied.len(), 1, "all have caught up: {applied:?}");
    }

    /// The leader of the newest term among those who are not alone.
    fn leader(&self) -> NodeId {
        let leading = self.servers.iter().map(|server| &server.replica);
        let leading = leading.filter(|replica| {
            let leads = matches!(replica.raft().role(), Role::Leader(_));
            leads && !self.alone.contains(&replica.id())
        });
        let newest = leading.max_by_key(|replica| replica.term());
        newest.expect("somebody leads").id()
    }

    /// So many entries, one after the other.
    fn write(&mut self, entries: u64) {
        for _ in 0..entries {
            self.ask(self.leader(), 1);
            self.pass(Duration::millis(60));
        }
    }

    fn ask(&mut self, node: NodeId, times: u64) {
        for _ in 0..times {
            self.requests += 1;
            let request = Request {
                client: ClientId(1),
                id: self.requests,
                body: RequestBody::Command(Command::OpenSession),
            };
            self.feed(node, Input::Request(request));
        }
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            self.settle();
            let deadlines = self.servers.iter();
            let deadlines = deadlines.filter_map(|server| server.replica.deadline());
            let next = deadlines.min().filter(|next| *next <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            for id in (1..=3).map(NodeId) {
                let due = self.server(id).replica.deadline();
                if due.is_some_and(|due| due <= self.now) {
                    self.feed(id, Input::Deadline);
                }
            }
        }
        self.now = end;
    }

    /// One message, one operation, and so on, until nothing is under way.
    fn settle(&mut self) {
        loop {
            let message = self.messages.pop_front();
            let moved = message.is_some();
            if let Some(envelope) = message {
                let alone = |node| self.alone.contains(&node);
                if !alone(envelope.from) && !alone(envelope.to) {
                    self.feed(envelope.to, Input::Message(envelope));
                }
            }
            let mut worked = false;
            for id in (1..=3).map(NodeId) {
                worked |= self.work(id);
            }
            if !moved && !worked {
                break;
            }
        }
    }

    fn server(&mut self, id: NodeId) -> &mut Server {
        &mut self.servers[id.0 as usize - 1]
    }

    fn feed(&mut self, id: NodeId, input: Input) {
        let (now, mut effects) = (self.now, Effects::default());
        self.server(id).replica.step(now, input, &mut effects);
        self.take(id, effects);
    }

    fn take(&mut self, id: NodeId, effects: Effects) {
        self.messages.extend(effects.messages);
        for write in effects.writes {
            let lane = usize::from(write.id.lane == Lane::Snapshot);
            self.server(id).lanes[lane].push_back(write);
        }
    }

    /// The next operation of a server's disk, its lanes by turns; tells whether there was one.
    fn work(&mut self, id: NodeId) -> bool {
        self.turn = 1 - self.turn;
        let turn = self.turn;
        let server = self.server(id);
        let lane = [turn, 1 - turn]
            .into_iter()
            .find(|lane| !server.lanes[*lane].is_empty());
        let Some(lane) = lane else { return false };
        let write = &server.lanes[lane][0];
        let (name, ops, op) = (
            write.id,
            write.ops.len(),
            write.ops[server.done[lane]].clone(),
        );
        op.execute(&mut server.disk).expect("there is room");
        server.done[lane] += 1;
        let done = server.done[lane] == ops;
        if done {
            server.done[lane] = 0;
            server.lanes[lane].pop_front();
        }
        if id == WATCHED {
            self.note(op, (lane == 0).then_some(done));
        }
        if done {
            self.feed(id, Input::Durable(name));
        }
        true
    }

    /// Writes down an operation; `log` tells whether a write of the log lane is done with it.
    fn note(&mut self, op: DiskOp, log: Option<bool>) {
        let mut sights = Vec::new();
        match &op {
            DiskOp::Append { file, bytes } => {
                sights.push(Sight::Append);
                if file.ends_with(".log") {
                    records(bytes)
                        .iter()
                        .for_each(|(record, _)| self.learn(record, &mut sights));
                }
            }
            DiskOp::Remove { file } if file.ends_with(".log") => sights.push(Sight::SegmentRemoved),
            DiskOp::Remove { .. } => sights.push(Sight::SnapshotRemoved),
            DiskOp::Rename { .. } => sights.push(Sight::Rename),
            DiskOp::Sync { .. } => sights.push(Sight::Sync),
            DiskOp::SyncDir => sights.push(Sight::SyncDir),
        }
        let written = self.memories.len() - 1;
        if log == Some(true) {
            self.durable = written;
        }
        let durable = self.durable;
        let disk = self.server(WATCHED).disk.clone();
        self.steps.push(Step {
            op,
            disk,
            written,
            durable,
            sights,
        });
    }

    fn learn(&mut self, record: &Record, sights: &mut Vec<Sight>) {
        let mut memory = self.memories.last().expect("the first is empty").clone();
        match record {
            Record::Segment(header) if !header.previous.is_empty() => sights.push(Sight::Rotation),
            Record::Entry(entry) if entry.position.index <= memory.last() => {
                sights.push(Sight::Truncation);
            }
            Record::Snapshot(_) => sights.push(Sight::OwnSnapshot),
            Record::Reset(_) => sights.push(Sight::InstalledSnapshot),
            _ => {}
        }
        memory.learn(record);
        self.memories.push(memory);
    }
}
