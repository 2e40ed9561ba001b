//! What a client of the simulation is asked, in which order, and what it remembers.

use super::{Client, ClientConfig, ClientEvent, ClientOutput, OperationResult};
use crate::cache::{Answer, Found, SessionId, Versioned};
use crate::replica::{ClientId, Outcome, Request, RequestBody, Response};
use crate::sim::{Operation, ReadPath, Workload};
use crate::types::{Duration, Index, Instant, NodeId, Rng};

/// A client and its clock.
struct Bench {
    client: Client,
    now: Instant,
    out: ClientOutput,
}

impl Bench {
    fn new(window: u32) -> Bench {
        let config = ClientConfig {
            window,
            ..ClientConfig::default()
        };
        Bench {
            client: Client::new(ClientId(1), &config, 3, Rng::new(1)),
            now: Instant::ZERO,
            out: ClientOutput::default(),
        }
    }

    /// A millisecond later the client is told something: what it sends.
    fn tell(&mut self, tell: impl FnOnce(&mut Client, Instant, &mut ClientOutput)) -> Vec<Request> {
        self.now = self.now + Duration::millis(1);
        tell(&mut self.client, self.now, &mut self.out);
        let requests = std::mem::take(&mut self.out.requests);
        requests.into_iter().map(|(_, request)| request).collect()
    }

    fn enqueue(&mut self, operations: impl IntoIterator<Item = Operation>) -> Vec<Request> {
        self.tell(|client, now, out| client.enqueue(now, operations, out))
    }

    fn answer(&mut self, request: &Request, outcome: Outcome) -> Vec<Request> {
        let (client, id) = (request.client, request.id);
        let response = Response {
            client,
            id,
            outcome,
        };
        self.tell(|client, now, out| client.on_response(now, NodeId(1), response, out))
    }

    fn applied(&mut self, request: &Request, answer: Answer) -> Vec<Request> {
        let index = Index(9);
        self.answer(request, Outcome::Applied { index, answer })
    }

    fn found(&mut self, request: &Request, value: Option<&'static str>) -> Vec<Request> {
        let held = value.map(|value| Versioned {
            value: value.into(),
            version: 3,
            expires: None,
        });
        let read = Outcome::Read {
            index: Index(9),
            found: Found::Value(held),
            staleness: None,
        };
        self.answer(request, read)
    }

    fn wait(&mut self) -> Vec<Request> {
        let at = self.client.deadline().expect("waits for something");
        self.now = Instant(at.0 - 1_000);
        self.tell(|client, now, out| client.on_deadline(now, out))
    }
}

fn put(key: &str) -> Operation {
    Operation::Put {
        key: key.into(),
        value: "v".into(),
        ttl: None,
    }
}

#[test]
fn many_keys_are_written_one_after_the_other() {
    let mut bench = Bench::new(1);
    let sent = bench.enqueue((1..=30).map(|n| put(&format!("a-{n}"))));
    let mut sent = bench.applied(&sent[0], Answer::SessionOpened(SessionId(1)));
    for left in (0..30).rev() {
        assert_eq!(
            (sent.len(), bench.client.queued()),
            (usize::from(left < 30), left)
        );
        if left == 0 {
            break;
        }
        sent = bench.applied(&sent[0], Answer::Written { version: 9 });
    }
    bench.applied(&sent[0], Answer::Written { version: 9 });
    let last = bench.client.history().last().expect("30 are over");
    assert_eq!(last.operation, put("a-30"));
    assert_eq!(bench.client.under_way(), 0);
}

#[test]
fn as_many_are_under_way_as_the_window_says() {
    let mut bench = Bench::new(4);
    let sent = bench.enqueue((1..=30).map(|n| put(&format!("a-{n}"))));
    let sent = bench.applied(&sent[0], Answer::SessionOpened(SessionId(1)));
    assert_eq!(
        (sent.len(), bench.client.under_way(), bench.client.queued()),
        (4, 4, 26)
    );
    let (oldest, attempts) = bench.client.current().expect("four are under way");
    assert_eq!((oldest, attempts), (&put("a-1"), 1));
}

fn cache_aside() -> Workload {
    Workload {
        lasting: Some(Duration::secs(2)),
        reads_percent: 100,
        read_through: true,
        ..Workload::new(100, 10)
    }
}

/// A client with a workload, when it has sent the first read of it.
fn busy(workload: &Workload) -> (Bench, Vec<Request>) {
    let mut bench = Bench::new(1);
    bench.tell(|client, now, out| client.begin_workload(now, (workload, 7), out));
    let sent = bench.wait();
    (bench, sent)
}

#[test]
fn a_miss_is_followed_by_a_write_of_that_key_before_anything_else() {
    let (mut bench, sent) = busy(&cache_aside());
    assert!(matches!(sent[0].body, RequestBody::Read { .. }));
    bench.enqueue([put("later")]);
    bench.found(&sent[0], None);
    let Some((Operation::Put { key, .. }, _)) = bench.client.current() else {
        panic!("no write follows: {:?}", bench.client.current());
    };
    let read = bench.client.history()[0].operation.clone();
    let path = ReadPath::Quorum;
    let (key, node) = (key.clone(), None);
    assert_eq!(read, Operation::Get { key, node, path });
    assert_eq!((bench.client.hits(), bench.client.misses()), (0, 1));
}

#[test]
fn a_hit_is_counted_and_nothing_is_written() {
    let (mut bench, sent) = busy(&cache_aside());
    assert!(bench.found(&sent[0], Some("x")).is_empty());
    assert_eq!((bench.client.hits(), bench.client.misses()), (1, 0));
    assert!(matches!(
        bench.client.history()[0].result,
        OperationResult::Found { .. }
    ));
}

#[test]
fn a_workload_ends_by_itself_or_is_stopped() {
    let (mut bench, mut sent) = busy(&cache_aside());
    let mut asked = 0;
    while bench.client.has_workload() {
        asked += sent.len();
        for request in sent {
            bench.found(&request, Some("x"));
        }
        sent = bench.wait();
    }
    assert!(bench.out.events.contains(&ClientEvent::WorkloadEnded));
    assert!(
        (150..250).contains(&asked),
        "{asked} at 100 in a second for 2 s"
    );
    assert!(bench.now >= Instant::ZERO + Duration::secs(2));
    let (mut bench, _) = busy(&cache_aside());
    let mut stopped = Vec::new();
    for _ in 0..2 {
        bench.tell(|client, _, out| stopped.push(client.end_workload(out)));
    }
    assert_eq!(stopped, [true, false]);
}
