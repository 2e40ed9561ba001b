//! However many writes there are, a server's disk holds what its configuration says, and no more.
#![cfg(not(target_arch = "wasm32"))]

use bytes::Bytes;
use flotilla_core::cache::{Apply, Command, Operation, Sequence, SessionId, Stamped};
use flotilla_core::replica::{
    ClientId, Config, Effects, Input, Lane, Member, Replica, Request, RequestBody, Write,
};
use flotilla_core::sim::SimDisk;
use flotilla_core::types::{ClusterId, Incarnation, Instant, Mutants, NodeId};
use std::collections::VecDeque;
use std::sync::Arc;

const WRITES: u64 = 1_000_000;
const KEYS: u64 = 500;
const VALUE: usize = 64;
/// The snapshot lane does one operation in so many of the log's: a disk that is slow at it.
const LAZINESS: u64 = 50;
/// Operations of a snapshot: two appends, a sync, a rename, a sync of the directory.
const SNAPSHOT_OPERATIONS: u64 = 5;
/// More than a record adds to its command, with the record of the commit index and the mark of the
/// write that come with it.
const RECORD: u64 = 64;
/// More than a snapshot says of a key besides the key and its value, and more than its head.
const ENTRY: u64 = 32;
const HEAD: u64 = 1_024;

fn command(session: SessionId, number: u64) -> Command {
    let sequence = Sequence(number);
    Command::Apply(Apply {
        session,
        sequence,
        acknowledged: sequence,
        operation: Operation::Put {
            key: Bytes::from(format!("key-{:05}", number % KEYS * 7_919 % KEYS)),
            value: Bytes::from(format!("{number:0VALUE$}")),
            ttl: None,
        },
    })
}

/// What the configuration allows for: two snapshots and one that is being written; the entries
/// since the older of the two, with those that come while one is written; and at either end of the
/// log a segment that is only in part needed.
fn bound(config: &Config) -> u64 {
    let largest = Stamped::plain(command(SessionId(u64::MAX), u64::MAX))
        .encode()
        .len() as u64
        + 8;
    let key = "key-00000".len() as u64;
    let snapshot = HEAD + KEYS * (key + VALUE as u64 + ENTRY);
    let meanwhile = LAZINESS * (SNAPSHOT_OPERATIONS + 1);
    let entries = 2 * config.snapshot.entries + config.raft.trailing_entries + 2 * meanwhile;
    3 * snapshot + entries * (largest + RECORD) + 2 * config.storage.segment_bytes
}

/// The only server of a cluster, with its disk.
struct Server {
    replica: Replica,
    disk: SimDisk,
    log: VecDeque<Write>,
    snapshots: VecDeque<Write>,
    /// Operations done of the first of them.
    done: usize,
    turns: u64,
    most: u64,
}

impl Server {
    fn new(config: &Arc<Config>) -> Server {
        let member = Member {
            cluster: ClusterId(1),
            node: NodeId(1),
            incarnation: Incarnation::FIRST,
            voters: vec![NodeId(1)],
            mutants: Mutants::default(),
        };
        let (disk, mut effects) = (SimDisk::default(), Effects::default());
        let start = (Instant::ZERO, &mut effects);
        let replica = Replica::start(Arc::clone(config), member, 1, &disk, start);
        let mut server = Server {
            replica: replica.expect("the disk is empty"),
            disk,
            log: VecDeque::new(),
            snapshots: VecDeque::new(),
            done: 0,
            turns: 0,
            most: 0,
        };
        server.take(effects);
        let election = server.replica.deadline().expect("a voter waits");
        server.feed(election, Input::Deadline);
        server
    }

    fn ask(&mut self, now: Instant, id: u64, command: Command) {
        let body = RequestBody::Command(command);
        let client = ClientId(1);
        self.feed(now, Input::Request(Request { client, id, body }));
    }

    /// Something happens, and the log lane does all that comes of it.
    fn feed(&mut self, now: Instant, input: Input) {
        self.step(now, input);
        while let Some(write) = self.log.pop_front() {
            for op in &write.ops {
                op.execute(&mut self.disk).expect("there is no end to it");
            }
            self.note();
            self.turns += 1;
            if self.turns.is_multiple_of(LAZINESS) {
                self.write_snapshot(now);
            }
            self.step(now, Input::Durable(write.id));
        }
    }

    fn write_snapshot(&mut self, now: Instant) {
        let Some(write) = self.snapshots.front() else {
            return;
        };
        let (id, ops) = (write.id, write.ops.len());
        write.ops[self.done]
            .execute(&mut self.disk)
            .expect("there is no end to it");
        self.done += 1;
        self.note();
        if self.done == ops {
            self.done = 0;
            self.snapshots.pop_front();
            self.step(now, Input::Durable(id));
        }
    }

    fn step(&mut self, now: Instant, input: Input) {
        let mut effects = Effects::default();
        self.replica.step(now, input, &mut effects);
        self.take(effects);
    }

    fn take(&mut self, effects: Effects) {
        for write in effects.writes {
            match write.id.lane {
                Lane::Log => self.log.push_back(write),
                Lane::Snapshot => self.snapshots.push_back(write),
            }
        }
    }

    fn note(&mut self) {
        self.most = self.most.max(self.disk.used());
    }
}

#[test]
fn a_million_writes_need_no_more_disk_than_the_configuration_says() {
    let config = Arc::new(Config::default());
    let bound = bound(&config);
    let mut server = Server::new(&config);
    let now = server.replica.deadline().expect("a leader has heartbeats");
    server.ask(now, 0, Command::OpenSession);
    let session = server.replica.cache().sessions().map(|(id, _)| id).last();
    let session = session.expect("opened just now");
    let mut written = 0;
    for number in 1..=WRITES {
        let command = command(session, number);
        written += Stamped::plain(command.clone()).encode().len() as u64;
        server.ask(now, number, command);
        assert!(
            server.most <= bound,
            "{} bytes of {bound} after {number} writes: {:?}",
            server.most,
            server.disk.files().collect::<Vec<_>>()
        );
    }
    let (most, applied) = (server.most, server.replica.applied().index.0);
    println!(
        "{WRITES} writes of {written} bytes to {KEYS} keys: at most {most} bytes of disk, bound {bound}"
    );
    assert!(applied > WRITES && server.replica.cache().len() as u64 == KEYS);
    // A bound that is far from what happens would show nothing.
    assert!(most * 3 > bound, "{most} of {bound}");
}
