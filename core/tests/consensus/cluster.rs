//! A few servers, their disks and the messages between them, all moved by hand.

use bytes::Bytes;
use flotilla_core::raft::{
    Config, Entry, Event, Membership, Message, Output, Payload, Persist, Raft, ReadId, ReadOutcome,
    Restored, Snapshot,
};
use flotilla_core::types::{Address, Incarnation, Index, Instant, NodeId, Position, Rope, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One machine: a disk that stays, and a server that comes and goes.
pub struct Machine {
    pub server: Option<Raft>,
    /// What the disk would give back after a crash.
    durable: Disk,
    /// Records that are not durable yet, oldest first.
    waiting: Vec<Persist>,
    /// How many records are durable.
    reached: u64,
    /// Records become durable only when a script says so.
    pub slow: bool,
    /// What was applied, and what the state machine remembers: the texts of all commands.
    applied: Index,
    state: Vec<String>,
    runs: u64,
    /// How many reads were asked for in this run: their numbers begin anew in the next one, as
    /// those of a replica do.
    reads: u64,
    /// The life of its server's memory.
    incarnation: Incarnation,
}

/// What a disk holds.
#[derive(Clone, Default)]
struct Disk {
    term: Term,
    vote: Option<NodeId>,
    log: Vec<Entry>,
    snapshot: Option<Snapshot>,
    /// Snapshot files that no record names yet.
    files: Vec<Snapshot>,
}

/// Something to tell.
pub enum Told {
    Event(NodeId, Event),
    Applied(NodeId, Index, String),
    Read(NodeId, ReadId, ReadOutcome),
    Stored(NodeId, Position),
}

/// A message on its way: who sent it, and to whom.
pub type Sent = (Address, NodeId, Message);

pub struct Cluster {
    pub config: Config,
    pub bootstrap: Membership,
    pub machines: BTreeMap<NodeId, Machine>,
    pub messages: Vec<Sent>,
    /// Messages that a script keeps aside.
    pub held: Vec<Sent>,
    pub cuts: BTreeSet<(NodeId, NodeId)>,
    pub now: Instant,
    pub told: Vec<Told>,
}

impl Cluster {
    /// So many voters, and more machines that know of no cluster.
    pub fn new(voters: u32, spares: u32, config: Config) -> Cluster {
        let ids: Vec<NodeId> = (1..=voters).map(NodeId).collect();
        let mut cluster = Cluster {
            config,
            bootstrap: Membership::of_voters(&ids),
            machines: BTreeMap::new(),
            messages: Vec::new(),
            held: Vec::new(),
            cuts: BTreeSet::new(),
            now: Instant::ZERO,
            told: Vec::new(),
        };
        for id in 1..=voters + spares {
            cluster.machines.insert(NodeId(id), Machine::blank());
            cluster.start(NodeId(id));
        }
        cluster
    }

    /// Puts a log on a machine's disk before anything happens.
    pub fn install(&mut self, id: NodeId, terms: &[u64], vote: Option<NodeId>) {
        let entry = |(term, index): (&u64, u64)| Entry {
            position: Position::new(Term(*term), Index(index)),
            payload: Payload::Command(Bytes::from(format!("{term}.{index}"))),
        };
        let mut machine = Machine::blank();
        machine.durable.log = terms.iter().zip(1..).map(entry).collect();
        machine.durable.vote = vote;
        self.machines.insert(id, machine);
        let terms = self.machines.values().flat_map(|m| &m.durable.log);
        let newest = terms
            .map(|entry| entry.position.term)
            .max()
            .unwrap_or_default();
        for id in self.machines.keys().copied().collect::<Vec<_>>() {
            self.machine(id).durable.term = newest;
            self.machine(id).server = None;
            self.start(id);
        }
    }

    /// Switches a machine on.
    pub fn start(&mut self, id: NodeId) {
        let (config, now) = (Arc::new(self.config.clone()), self.now);
        let member = self.bootstrap.voters.contains(&id);
        let bootstrap = if member {
            self.bootstrap.clone()
        } else {
            Membership::default()
        };
        let machine = self.machine(id);
        machine.runs += 1;
        let seed = u64::from(id.0) * 100 + machine.runs;
        let disk = machine.durable.clone();
        let commit = disk
            .snapshot
            .as_ref()
            .map_or(Index::ZERO, |held| held.covers.index);
        machine.applied = commit;
        machine.state = disk.snapshot.as_ref().map(state_of).unwrap_or_default();
        machine.waiting.clear();
        machine.reached = 0;
        machine.reads = 0;
        let restored = Restored {
            incarnation: machine.incarnation,
            unproven: false,
            bootstrap,
            term: disk.term,
            vote: disk.vote,
            commit,
            entries: disk
                .log
                .into_iter()
                .filter(|e| e.position.index > commit)
                .collect(),
            snapshot: disk.snapshot,
        };
        machine.server = Some(Raft::new(id, (config, seed), restored, now));
    }

    pub fn machine(&mut self, id: NodeId) -> &mut Machine {
        self.machines
            .get_mut(&id)
            .expect("the cluster has this machine")
    }

    pub fn server(&mut self, id: NodeId) -> &mut Raft {
        self.machine(id).server.as_mut().expect("the server runs")
    }

    /// Lets something happen to a server, and carries out what it wants.
    pub fn with<T>(
        &mut self,
        id: NodeId,
        work: impl FnOnce(&mut Raft, Instant, &mut Output) -> T,
    ) -> T {
        let mut out = Output::default();
        let now = self.now;
        let result = work(self.server(id), now, &mut out);
        self.carry_out(id, out);
        result
    }

    fn carry_out(&mut self, id: NodeId, mut out: Output) {
        loop {
            self.tell(id, &mut out);
            let machine = self.machine(id);
            machine.waiting.append(&mut out.records);
            if let Some(received) = out.received.take() {
                self.store(id, received.covers, received.data, &mut out);
                continue;
            }
            if out.installed.take().is_some() {
                self.restore(id);
            }
            let machine = self.machine(id);
            if machine.slow || machine.waiting.is_empty() {
                break;
            }
            self.sync(id, usize::MAX, &mut out);
        }
        self.apply(id);
    }

    fn tell(&mut self, id: NodeId, out: &mut Output) {
        self.told
            .extend(out.events.drain(..).map(|event| Told::Event(id, event)));
        let reads = out.reads.drain(..);
        self.told
            .extend(reads.map(|(read, outcome)| Told::Read(id, read, outcome)));
        let from = Address {
            node: id,
            incarnation: self.machine(id).incarnation,
        };
        let messages = out.messages.drain(..);
        self.messages
            .extend(messages.map(|(to, message)| (from, to, message)));
    }

    /// A snapshot arrived whole: it is stored at once, and consensus told.
    fn store(&mut self, id: NodeId, covers: Position, data: Rope, out: &mut Output) {
        let snapshot = self.written(covers, data);
        self.told.push(Told::Stored(id, covers));
        let now = self.now;
        self.machine(id).durable.files.push(snapshot.clone());
        self.server(id).on_snapshot_stored(now, snapshot, out);
    }

    /// The snapshot of which these are the bytes, as the server that took it wrote it. Its
    /// membership is not read from the bytes, which hold the voters for people only: so a script
    /// sees all of a membership travel, and the sizes of snapshots stay small.
    fn written(&self, covers: Position, data: Rope) -> Snapshot {
        let files = self.machines.values().flat_map(|m| &m.durable.files);
        let mut same = files.filter(|file| (file.covers, &file.data) == (covers, &data));
        let origin = same.next().expect("some server took this snapshot");
        Snapshot::new(covers, Arc::clone(&origin.membership), data)
    }

    fn restore(&mut self, id: NodeId) {
        let snapshot = self
            .server(id)
            .snapshot()
            .cloned()
            .expect("installed just now");
        let machine = self.machine(id);
        machine.applied = snapshot.covers.index;
        machine.state = state_of(&snapshot);
    }

    /// The first so many records that wait become durable.
    pub fn sync(&mut self, id: NodeId, count: usize, out: &mut Output) {
        let now = self.now;
        let machine = self.machine(id);
        let count = count.min(machine.waiting.len());
        for record in machine.waiting.drain(..count) {
            machine.durable.write(record);
        }
        machine.reached += count as u64;
        let reached = machine.reached;
        if count > 0 {
            self.server(id).on_durable(now, reached, out);
        }
    }

    /// The same, asked for by a script.
    pub fn durable(&mut self, id: NodeId, count: usize) {
        let mut out = Output::default();
        self.sync(id, count, &mut out);
        self.carry_out(id, out);
    }

    fn apply(&mut self, id: NodeId) {
        let machine = self.machine(id);
        let Some(server) = &machine.server else {
            return;
        };
        let entries: Vec<Entry> = server
            .log()
            .range(machine.applied, server.commit())
            .cloned()
            .collect();
        for entry in entries {
            let machine = self.machine(id);
            machine.applied = entry.position.index;
            if let Payload::Command(bytes) = &entry.payload {
                let text = String::from_utf8_lossy(bytes).into_owned();
                machine.state.push(text.clone());
                self.told
                    .push(Told::Applied(id, entry.position.index, text));
            }
        }
    }

    /// Takes a snapshot of what a server has applied.
    pub fn snapshot(&mut self, id: NodeId) {
        let machine = self.machine(id);
        let (applied, state) = (machine.applied, machine.state.join(","));
        let server = self.server(id);
        let covers = Position::new(server.log().term_at(applied).expect("applied"), applied);
        let membership = Arc::clone(server.membership_at(applied));
        let data = Bytes::from(format!("{}|{state}", numbers(&membership.voters)));
        let snapshot = Snapshot::new(covers, membership, data);
        self.machine(id).durable.files.push(snapshot.clone());
        self.with(id, |server, _, out| server.on_snapshot_taken(snapshot, out));
    }

    /// Cuts all ways between these servers and all others.
    pub fn partition(&mut self, side: &[NodeId]) {
        let others = self.machines.keys().filter(|id| !side.contains(id));
        for other in others {
            let both = side.iter().flat_map(|id| [(*id, *other), (*other, *id)]);
            self.cuts.extend(both);
        }
    }

    /// The disk of a machine loses its log from `from` on, or everything with its term and vote:
    /// its server goes on under another incarnation, unless it does not notice.
    pub fn forget(&mut self, id: NodeId, from: Option<Index>, noticed: bool) {
        let machine = self.machine(id);
        match from {
            Some(from) => machine.durable.log.retain(|e| e.position.index < from),
            None => machine.durable = Disk::default(),
        }
        if noticed {
            machine.incarnation = Incarnation(machine.runs + 1);
        }
    }

    pub fn crash(&mut self, id: NodeId) -> usize {
        let machine = self.machine(id);
        machine.server = None;
        machine.waiting.len()
    }

    pub fn next_read(&mut self, id: NodeId) -> ReadId {
        let machine = self.machine(id);
        machine.reads += 1;
        ReadId(machine.reads)
    }

    /// Hands over one message, unless its way is cut or its receiver down. Tells whether it
    /// arrived.
    pub fn hand_over(&mut self, from: Address, to: NodeId, message: Message) -> bool {
        let down = self.machine(to).server.is_none();
        if down || self.cuts.contains(&(from.node, to)) {
            return false;
        }
        self.with(to, |server, now, out| {
            server.on_message(now, from, message, out)
        });
        true
    }

    pub fn applied_state(&mut self, id: NodeId) -> String {
        self.machine(id).state.join(" ")
    }

    pub fn waiting(&mut self, id: NodeId) -> usize {
        self.machine(id).waiting.len()
    }
}

impl Machine {
    fn blank() -> Machine {
        Machine {
            server: None,
            durable: Disk::default(),
            waiting: Vec::new(),
            reached: 0,
            slow: false,
            applied: Index::ZERO,
            state: Vec::new(),
            runs: 0,
            reads: 0,
            incarnation: Incarnation::FIRST,
        }
    }
}

impl Disk {
    fn write(&mut self, record: Persist) {
        match record {
            Persist::HardState { term, vote } => (self.term, self.vote) = (term, vote),
            Persist::Entry(entry) => {
                self.log
                    .retain(|held| held.position.index < entry.position.index);
                self.log.push(entry);
            }
            Persist::Snapshot(covers) => self.snapshot = self.file(covers),
            Persist::Reset(covers) => {
                self.log.clear();
                self.snapshot = self.file(covers);
            }
        }
    }

    fn file(&self, covers: Position) -> Option<Snapshot> {
        self.files
            .iter()
            .rev()
            .find(|file| file.covers == covers)
            .cloned()
    }
}

fn numbers(nodes: &[NodeId]) -> String {
    let numbers: Vec<String> = nodes.iter().map(|node| node.0.to_string()).collect();
    numbers.join(",")
}

/// Snapshots are written `1,2,3|a,b`: the voters, then what was applied.
fn state_of(snapshot: &Snapshot) -> Vec<String> {
    let text = snapshot.data.to_bytes();
    let text = String::from_utf8_lossy(&text);
    let (_, state) = text
        .split_once('|')
        .expect("written by a snapshot of this harness");
    state
        .split(',')
        .filter(|text| !text.is_empty())
        .map(str::to_string)
        .collect()
}
