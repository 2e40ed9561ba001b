//! What a read costs, by the way it takes: through the log, by quorum (ReadIndex), by lease, and
//! stale. In the simulated world: messages between servers and latency, with links of one and of
//! fifty milliseconds. In memory: processor time on all servers together.

use bytes::Bytes;
use flotilla_core::cache::{Apply, Command, Operation, Query, Sequence, SessionId};
use flotilla_core::replica::{
    ClientId, Config, Consistency, Effects, Input, Member, Outcome, Replica, Request, RequestBody,
};
use flotilla_core::sim::{
    Action, Address, Latency, ReadPath, Scenario, SimDisk, TimedAction, Timeline, What,
};
use flotilla_core::types::{ClusterId, Duration, Incarnation, Instant, Mutants, NodeId};
use std::collections::VecDeque;
use std::sync::Arc;

const SERVERS: u32 = 3;

/// Prints both tables.
pub(crate) fn compare(reads: u64, rounds: usize) {
    println!("reads of one client that waits for each answer, {SERVERS} servers, leader asked");
    println!(
        "{:>8} {:<8} {:>16} {:>16} {:>16}",
        "link", "path", "messages/read", "client sees", "at the leader"
    );
    for link in [Duration::millis(1), Duration::millis(50)] {
        for path in ReadPath::ALL {
            let seen = simulate(link, path);
            println!(
                "{:>8} {:<8} {:>16.2} {:>13.2} ms {:>13.2} ms",
                link.to_string(),
                path.name(),
                seen.messages,
                seen.client_ms,
                seen.leader_ms
            );
        }
    }
    println!();
    println!("processor time per read, {reads} reads in memory, median of {rounds} runs");
    let mut times = vec![Vec::new(); ReadPath::ALL.len()];
    for _ in 0..rounds {
        for (path, times) in ReadPath::ALL.iter().zip(&mut times) {
            times.push(in_memory(*path, reads));
        }
    }
    let medians: Vec<f64> = times.into_iter().map(super::median).collect();
    let lease = ReadPath::ALL
        .iter()
        .position(|path| *path == ReadPath::Lease);
    for (path, time) in ReadPath::ALL.iter().zip(&medians) {
        let ratio = lease.map_or(1.0, |place| time / medians[place]);
        println!(
            "  {:<8} {time:>8.0} ns, {ratio:.1} times a lease read",
            path.name()
        );
    }
}

/// What one read costs in the simulated world.
struct Seen {
    /// Messages between servers for each read, those of an idle cluster subtracted.
    messages: f64,
    /// From the client's question to its answer.
    client_ms: f64,
    /// The same without the two ways between client and server.
    leader_ms: f64,
}

const SIMULATED_READS: u64 = 200;

fn simulate(link: Duration, path: ReadPath) -> Seen {
    let mut scenario = quiet_world(link);
    let start = Instant::ZERO + Duration::secs(20);
    let end = Instant::ZERO + Duration::secs(80);
    scenario.end = end;
    let read = |leader| Action::Read {
        client: ClientId(1),
        keys: SIMULATED_READS,
        prefix: "k".into(),
        first: 1,
        node: Some(leader),
        path,
    };
    let leader = leader_of(&scenario);
    let idle = messages(scenario.clone(), start, end).0;
    let action = read(leader);
    let at = start;
    scenario.actions.push(TimedAction { at, action });
    let (sent, waits) = messages(scenario, start, end);
    assert_eq!(
        waits.len() as u64,
        SIMULATED_READS,
        "every read is answered"
    );
    let mean = waits.iter().map(|wait| wait.as_micros()).sum::<u64>() as f64 / waits.len() as f64;
    Seen {
        messages: (sent - idle) as f64 / SIMULATED_READS as f64,
        client_ms: mean / 1e3,
        leader_ms: (mean - 2.0 * link.as_micros() as f64) / 1e3,
    }
}

/// Three servers whose links all take exactly as long, with timeouts that allow for it.
fn quiet_world(link: Duration) -> Scenario {
    let text = "flotilla = 1\nname = \"reads\"\nend = \"80s\"\nnodes = 3";
    let mut scenario = Scenario::parse(text).expect("well-formed");
    scenario.network.latency = Latency::Constant(link);
    scenario.network.client_latency = Latency::Constant(link);
    scenario.server.raft.heartbeat_interval = Duration::millis(500);
    scenario.server.raft.election_timeout_min = Duration::millis(1_500);
    scenario.server.raft.election_timeout_max = Duration::millis(3_000);
    scenario.clients.timeout = Duration::secs(5);
    scenario
}

fn leader_of(scenario: &Scenario) -> NodeId {
    let mut timeline = Timeline::new(scenario.clone(), ());
    timeline.run_until(Instant::ZERO + Duration::secs(8), u64::MAX, &mut |_, _| {});
    timeline.world().leader().expect("elected by now")
}

/// Messages between servers in a span of time, and how long each read in it took.
fn messages(scenario: Scenario, start: Instant, end: Instant) -> (u64, Vec<Duration>) {
    let mut sent = 0;
    let mut timeline = Timeline::new(scenario, ());
    timeline.run_until(end, u64::MAX, &mut |_, step| {
        let peer = |what: &What| {
            matches!(
                what,
                What::Sent {
                    to: Address::Node(_),
                    ..
                }
            )
        };
        let by_server = |place| matches!(place, flotilla_core::sim::Place::Node(_));
        let happenings = step.happenings.iter();
        let peers = happenings.filter(|h| by_server(h.place) && peer(&h.what));
        sent += if step.time >= start {
            peers.count() as u64
        } else {
            0
        };
    });
    let history = timeline.world().clients()[0].history();
    let reads = history
        .iter()
        .filter(|answered| answered.invoked_at >= start);
    let waits = reads.map(|answered| answered.answered_at.since(answered.invoked_at));
    (sent, waits.collect())
}

/// Servers in one thread: messages are handed over at once, disks are durable at once.
struct Cluster {
    servers: Vec<Replica>,
    now: Instant,
    answers: u64,
}

/// Nanoseconds for each read, on all servers together.
fn in_memory(path: ReadPath, reads: u64) -> f64 {
    let mut cluster = Cluster::new();
    let session = cluster.open_session();
    cluster.ask(command(
        session,
        1,
        Operation::Put {
            key: key(),
            value: key(),
            ttl: None,
        },
    ));
    let before = cluster.answers;
    let start = std::time::Instant::now();
    for number in 0..reads {
        let body = match path {
            ReadPath::Log => command(
                session,
                number + 2,
                Operation::Read(Query::Get { key: key() }),
            ),
            ReadPath::Quorum => read(Consistency::Quorum),
            ReadPath::Lease => read(Consistency::Lease),
            ReadPath::Stale => read(Consistency::Stale),
        };
        cluster.ask(body);
    }
    let elapsed = start.elapsed();
    assert_eq!(
        cluster.answers - before,
        reads,
        "every read is answered at once"
    );
    elapsed.as_nanos() as f64 / reads as f64
}

fn key() -> Bytes {
    Bytes::from_static(b"key")
}

fn read(consistency: Consistency) -> RequestBody {
    let query = Query::Get { key: key() };
    RequestBody::Read { query, consistency }
}

fn command(session: SessionId, number: u64, operation: Operation) -> RequestBody {
    let sequence = Sequence(number);
    RequestBody::Command(Command::Apply(Apply {
        session,
        sequence,
        acknowledged: sequence,
        operation,
    }))
}

impl Cluster {
    fn new() -> Cluster {
        let voters: Vec<NodeId> = (1..=SERVERS).map(NodeId).collect();
        let config = Arc::new(Config::default());
        let mut cluster = Cluster {
            servers: Vec::new(),
            now: Instant::ZERO,
            answers: 0,
        };
        let disk = SimDisk::default();
        for node in &voters {
            let member = Member {
                cluster: ClusterId(1),
                node: *node,
                incarnation: Incarnation::FIRST,
                voters: voters.clone(),
                mutants: Mutants::default(),
            };
            let mut out = Effects::default();
            let start = (cluster.now, &mut out);
            let server = Replica::start(Arc::clone(&config), member, 7, &disk, start);
            cluster.servers.push(server.expect("an empty disk"));
        }
        let deadline = cluster.servers[0].deadline().expect("a voter waits");
        cluster.now = deadline;
        cluster.feed(0, Input::Deadline);
        // A round after the election, so that there is a lease.
        cluster.now = cluster.servers[0]
            .deadline()
            .expect("a leader has heartbeats");
        cluster.feed(0, Input::Deadline);
        cluster
    }

    fn open_session(&mut self) -> SessionId {
        self.ask(RequestBody::Command(Command::OpenSession));
        let sessions = self.servers[0].cache().sessions();
        sessions.map(|(id, _)| id).last().expect("opened just now")
    }

    fn ask(&mut self, body: RequestBody) {
        let (client, id) = (ClientId(1), 1);
        self.feed(0, Input::Request(Request { client, id, body }));
    }

    /// Gives a server an input, and carries out everything that it leads to, on all servers.
    fn feed(&mut self, place: usize, input: Input) {
        let mut inputs = VecDeque::from([(place, input)]);
        let mut out = Effects::default();
        while let Some((place, input)) = inputs.pop_front() {
            self.servers[place].step(self.now, input, &mut out);
            for write in out.writes.drain(..) {
                inputs.push_back((place, Input::Durable(write.id)));
            }
            for envelope in out.messages.drain(..) {
                inputs.push_back((envelope.to.0 as usize - 1, Input::Message(envelope)));
            }
            for answer in out.answers.drain(..) {
                let done = !matches!(answer.outcome, Outcome::NotLeader { .. } | Outcome::Busy(_));
                self.answers += u64::from(done);
            }
            out.clear();
        }
    }
}
