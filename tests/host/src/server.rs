//! The host's loop around a replica.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::{thread, time};

use bytes::Bytes;
use flotilla_core::cache::{Answer, Apply, Command, Operation, Sequence, SessionId, Stamped};
use flotilla_core::raft::{Payload, Role};
use flotilla_core::replica::{
    ClientId, Config, Effects, Event, Input, Lane, Member, Outcome, Replica, Request, RequestBody,
    Response, StartError, Write, WriteId,
};
use flotilla_core::storage::{Directory, Disk, DiskError, DiskOp, Finding};
use flotilla_core::types::{
    ClusterId, Duration, Fingerprint, Incarnation, Index, Instant, Mutants, NodeId, Rng,
};

const NODE: NodeId = NodeId(1);
/// Few keys, so that most writes overwrite and the state stays small.
const KEYS: u64 = 16;
/// The longest value: some writes fill a segment by themselves.
const VALUE_BYTES: u64 = 300;
/// How many writes wait for their answers at the same time.
const WINDOW: usize = 8;

/// The server, its disk, its clock and its only client.
pub(crate) struct Server {
    replica: Replica,
    disk: Directory,
    log: LaneQueue,
    snapshot: LaneQueue,
    effects: Effects,
    since: time::Instant,
    rng: Rng,
    client: Client,
    /// What is to be printed.
    lines: String,
    applied: Index,
    is_ready: bool,
}

/// Operations of one lane that wait, with the write that each group completes.
#[derive(Default)]
struct LaneQueue {
    steps: VecDeque<Step>,
}

enum Step {
    Do(DiskOp),
    Durable(WriteId),
}

/// The client's side: one session, whose requests are numbered.
#[derive(Default)]
struct Client {
    session: Option<SessionId>,
    sequence: u64,
    /// Requests without an answer, oldest first: their keys and values.
    waiting: VecDeque<(u64, Option<(Bytes, Bytes)>)>,
}

/// Small files and short waits, so that everything happens often.
fn config() -> Config {
    let mut config = Config::default();
    config.raft.election_timeout_min = Duration::millis(4);
    config.raft.election_timeout_max = Duration::millis(8);
    config.raft.heartbeat_interval = Duration::millis(2);
    config.raft.clock_jump_bound = Duration::millis(2);
    config.raft.trailing_entries = 4;
    config.storage.segment_bytes = 1_024;
    config.snapshot.entries = 25;
    config.validate().expect("these settings are possible");
    config
}

impl Server {
    pub(crate) fn start(
        disk: Directory,
        incarnation: Incarnation,
        seed: u64,
    ) -> Result<Server, StartError> {
        let member = Member {
            cluster: ClusterId(7),
            node: NODE,
            incarnation,
            voters: vec![NODE],
            mutants: Mutants::default(),
        };
        let mut effects = Effects::default();
        let start = (Instant::ZERO, &mut effects);
        let replica = Replica::start(Arc::new(config()), member, seed, &disk, start)?;
        let mut server = Server {
            applied: replica.applied().index,
            replica,
            disk,
            log: LaneQueue::default(),
            snapshot: LaneQueue::default(),
            effects,
            since: time::Instant::now(),
            rng: Rng::new(seed),
            client: Client::default(),
            lines: String::new(),
            is_ready: false,
        };
        server.tell_start();
        Ok(server)
    }

    /// Serves until the disk fails, and says how.
    pub(crate) fn serve(&mut self) -> String {
        loop {
            self.carry_out();
            if let Some(failure) = self.replica.failure() {
                return failure.to_string();
            }
            if self.print().is_err() {
                return "nobody listens any more".into();
            }
            let now = self.now();
            if self.replica.deadline().is_some_and(|due| due <= now) {
                self.step(Input::Deadline);
            } else if let Some(input) = self.use_disk() {
                self.step(input);
            } else if let Some(request) = self.next_request() {
                self.step(Input::Request(request));
            } else if self.is_idle() {
                let due = self.replica.deadline().unwrap_or(now + Duration::millis(1));
                thread::sleep(time::Duration::from_micros(due.since(now).as_micros()));
            }
        }
    }

    fn now(&self) -> Instant {
        let passed = self.since.elapsed().as_micros();
        Instant(u64::try_from(passed).expect("the process does not live that long"))
    }

    fn step(&mut self, input: Input) {
        let now = self.now();
        self.replica.step(now, input, &mut self.effects);
        self.check_order();
        self.tell_progress();
    }

    fn say(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.lines, "{line}").expect("a text takes every line");
    }

    /// Whole lines at once: a kill cuts none in two, unless they fill a pipe.
    fn print(&mut self) -> io::Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        out.write_all(self.lines.as_bytes())?;
        self.lines.clear();
        out.flush()
    }

    fn carry_out(&mut self) {
        let mut effects = std::mem::take(&mut self.effects);
        for event in effects.events.drain(..) {
            self.tell_event(&event);
        }
        for response in effects.answers.drain(..) {
            self.take_answer(response);
        }
        for write in effects.writes.drain(..) {
            self.submit(write);
        }
        assert!(effects.messages.is_empty(), "there is nobody to talk to");
        self.effects = effects;
    }
}

/// The disk.
impl Server {
    fn submit(&mut self, write: Write) {
        let mut steps = VecDeque::new();
        for op in write.ops {
            match op {
                DiskOp::Append { file, bytes } => self.split(&file, bytes, &mut steps),
                other => steps.push_back(Step::Do(other)),
            }
        }
        steps.push_back(Step::Durable(write.id));
        let queue = match write.id.lane {
            Lane::Log => &mut self.log,
            Lane::Snapshot => &mut self.snapshot,
        };
        queue.steps.append(&mut steps);
    }

    /// What is appended goes to the disk in a few pieces.
    fn split(&mut self, file: &str, mut rest: Bytes, steps: &mut VecDeque<Step>) {
        while !rest.is_empty() {
            let most = rest.len() as u64;
            let len = self.rng.between(1, most.max(64)).min(most);
            let bytes = rest.split_to(len as usize);
            let file = file.into();
            steps.push_back(Step::Do(DiskOp::Append { file, bytes }));
        }
    }

    /// Executes the next operation of a lane; what the server is to hear of it.
    fn use_disk(&mut self) -> Option<Input> {
        let snapshot_first = self.rng.chance(500_000);
        let lanes = match snapshot_first {
            true => [Lane::Snapshot, Lane::Log],
            false => [Lane::Log, Lane::Snapshot],
        };
        let (lane, step) = lanes.into_iter().find_map(|lane| {
            let queue = match lane {
                Lane::Log => &mut self.log,
                Lane::Snapshot => &mut self.snapshot,
            };
            queue.steps.pop_front().map(|step| (lane, step))
        })?;
        match step {
            Step::Durable(write) => Some(Input::Durable(write)),
            Step::Do(op) => match self.execute(&op) {
                Ok(()) => None,
                Err(error) => {
                    let number = 0;
                    let write = WriteId { lane, number };
                    Some(Input::WriteFailed { write, error })
                }
            },
        }
    }

    fn execute(&mut self, op: &DiskOp) -> Result<(), DiskError> {
        let is_new = |file: &str| self.disk.list().iter().all(|info| info.name != file);
        match op {
            DiskOp::Append { file, .. } if file.starts_with("wal-") && is_new(file) => {
                self.say(format_args!("segment {file}"));
            }
            DiskOp::Remove { file } => self.say(format_args!("removed {file}")),
            _ => {}
        }
        op.execute(&mut self.disk)
    }

    fn is_idle(&self) -> bool {
        self.log.steps.is_empty() && self.snapshot.steps.is_empty()
    }
}

/// The client.
impl Server {
    fn next_request(&mut self) -> Option<Request> {
        let leads = matches!(self.replica.raft().role(), Role::Leader(_));
        if !self.is_ready || !leads || self.client.waiting.len() >= WINDOW {
            return None;
        }
        let client = &mut self.client;
        let Some(session) = client.session else {
            if !client.waiting.is_empty() {
                return None;
            }
            client.waiting.push_back((0, None));
            return Some(request(0, Command::OpenSession));
        };
        client.sequence += 1;
        let sequence = client.sequence;
        let key = Bytes::from(format!("key-{}", self.rng.below(KEYS)));
        let len = self.rng.below(VALUE_BYTES);
        let value: Bytes = (0..len).map(|_| self.rng.bits() as u8).collect();
        let oldest = client.waiting.front().map_or(sequence, |(id, _)| *id);
        let written = (key.clone(), value.clone());
        client.waiting.push_back((sequence, Some(written)));
        let command = Command::Apply(Apply {
            session,
            sequence: Sequence(sequence),
            acknowledged: Sequence(oldest),
            operation: Operation::Put {
                key,
                value,
                ttl: None,
            },
        });
        Some(request(sequence, command))
    }

    fn take_answer(&mut self, response: Response) {
        let waiting = self.client.waiting.pop_front();
        let (id, written) = waiting.expect("whoever is answered has asked");
        assert_eq!(id, response.id, "one leader answers in order");
        let Outcome::Applied { index, answer } = response.outcome else {
            panic!("request {id} came to {:?}", response.outcome);
        };
        match (answer, written) {
            (Answer::SessionOpened(session), None) => self.client.session = Some(session),
            (Answer::Written { version }, Some((key, value))) => {
                assert_eq!(version, index.0, "a version is the index of its write");
                self.tell_write("ack", index, &key, &value);
            }
            (answer, _) => panic!("request {id} is answered by {answer:?}"),
        }
    }
}

fn request(id: u64, command: Command) -> Request {
    let (client, body) = (ClientId(1), RequestBody::Command(command));
    Request { client, id, body }
}

/// What is printed.
impl Server {
    fn tell_start(&mut self) {
        let raft = self.replica.raft();
        let vote = raft.vote().map_or(0, |vote| vote.0);
        let (incarnation, term) = (raft.incarnation(), raft.term());
        let (commit, last) = (raft.commit(), raft.log().last().index);
        let digest = Fingerprint::of(&self.replica.applied_digest());
        let applied = self.applied;
        let held: Vec<_> = raft
            .log()
            .range(raft.log().base().index, last)
            .filter_map(|entry| {
                let Payload::Command(bytes) = &entry.payload else {
                    return None;
                };
                let command = Stamped::decode(bytes).expect("this host wrote it").command;
                Some((entry.position.index, command))
            })
            .collect();
        self.say(format_args!(
            "start {incarnation} {term} {vote} {applied} {digest} {commit} {last}"
        ));
        for (index, command) in held {
            if let Command::Apply(apply) = command
                && let Operation::Put { key, value, .. } = apply.operation
            {
                self.tell_write("held", index, &key, &value);
            }
        }
        self.check_order();
    }

    fn tell_write(&mut self, verb: &str, index: Index, key: &Bytes, value: &Bytes) {
        let (key, digest) = (String::from_utf8_lossy(key), Fingerprint::of(value));
        self.say(format_args!("{verb} {index} {key} {digest}"));
    }

    fn tell_event(&mut self, event: &Event) {
        match event {
            Event::Recovery(Finding::TornTail { file, .. }) => {
                self.say(format_args!("torn {file}"))
            }
            Event::Recovery(Finding::SetAside { file, .. }) => {
                self.say(format_args!("aside {file}"));
            }
            Event::SnapshotDurable { covers } => {
                self.say(format_args!("snapshot {}", covers.index));
            }
            _ => {}
        }
    }

    fn tell_progress(&mut self) {
        let applied = self.replica.applied().index;
        if applied > self.applied {
            self.applied = applied;
            let digest = Fingerprint::of(&self.replica.applied_digest());
            self.say(format_args!("applied {applied} {digest}"));
        }
        let raft = self.replica.raft();
        let leads = matches!(raft.role(), Role::Leader(_));
        if !self.is_ready && leads && applied == raft.log().last().index {
            self.is_ready = true;
            self.say(format_args!("leads {}", self.replica.term()));
            self.tell_state();
        }
    }

    /// The state, and the session in which the requests of earlier runs were made.
    fn tell_state(&mut self) {
        let cache = self.replica.cache();
        let session = cache.sessions().next();
        let session = session.map(|(id, session)| (id, session.newest()));
        if let Some((id, newest)) = session {
            self.client.session = Some(id);
            self.client.sequence = newest;
        }
        let state: Vec<_> = cache
            .iter()
            .map(|(key, held)| (key.clone(), held.clone()))
            .collect();
        for (key, held) in state {
            let (key, digest) = (String::from_utf8_lossy(&key), Fingerprint::of(&held.value));
            self.say(format_args!("key {key} {} {digest}", held.version));
        }
        self.say(format_args!("ready"));
    }

    fn check_order(&self) {
        let raft = self.replica.raft();
        let covers = raft
            .snapshot()
            .map_or(Index::ZERO, |held| held.covers.index);
        let (applied, commit) = (self.replica.applied().index, raft.commit());
        let last = raft.log().last().index;
        assert!(
            covers <= applied && applied <= commit && commit <= last,
            "snapshot {covers} <= applied {applied} <= commit {commit} <= last {last}"
        );
    }
}
