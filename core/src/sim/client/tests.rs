//! Sessions, redirections, pauses, and what is never done twice.

use super::{Client, ClientConfig, ClientEvent, ClientOutput, OperationResult, RetryReason};
use crate::cache::{Answer, Command, Refusal, SessionId};
use crate::replica::{ClientId, Outcome, Request, RequestBody, Response};
use crate::sim::{Operation, ReadPath};
use crate::types::{Duration, Index, Instant, NodeId, Rng};

const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const N3: NodeId = NodeId(3);
const S1: SessionId = SessionId(1);

type Sent = Vec<(NodeId, Request)>;

/// A client and its clock.
struct Bench {
    client: Client,
    now: Instant,
    out: ClientOutput,
}

impl Bench {
    fn new() -> Bench {
        let client = Client::new(ClientId(1), ClientConfig::default(), 3, Rng::new(1));
        Bench {
            client,
            now: Instant::ZERO,
            out: ClientOutput::default(),
        }
    }

    fn with_session() -> Bench {
        let mut bench = Bench::new();
        bench.put("first");
        bench.applied(N1, Answer::SessionOpened(S1));
        bench.applied(N1, Answer::Written { version: 2 });
        bench.out.events.clear();
        bench
    }

    /// A millisecond later the client is told something: what it sends.
    fn tell(&mut self, tell: impl FnOnce(&mut Client, Instant, &mut ClientOutput)) -> Sent {
        self.now = self.now + Duration::millis(1);
        tell(&mut self.client, self.now, &mut self.out);
        std::mem::take(&mut self.out.requests)
    }

    fn enqueue(&mut self, operations: impl IntoIterator<Item = Operation>) -> Sent {
        self.tell(|client, now, out| client.enqueue(now, operations, out))
    }

    fn put(&mut self, key: &str) -> Sent {
        self.enqueue([put(key)])
    }

    /// `from` answers the request that the client made last.
    fn answer(&mut self, from: NodeId, outcome: Outcome) -> Sent {
        self.answer_to(self.client.next_request, from, outcome)
    }

    fn answer_to(&mut self, id: u64, from: NodeId, outcome: Outcome) -> Sent {
        let client = ClientId(1);
        let response = Response {
            client,
            id,
            outcome,
        };
        self.tell(|client, now, out| client.on_response(now, from, response, out))
    }

    fn applied(&mut self, from: NodeId, answer: Answer) -> Sent {
        let index = Index(1);
        self.answer(from, Outcome::Applied { index, answer })
    }

    /// Until the client's deadline: what it sends then.
    fn wait(&mut self) -> Sent {
        self.now = self.client.deadline().expect("waits for something");
        self.client.on_deadline(self.now, &mut self.out);
        std::mem::take(&mut self.out.requests)
    }

    fn last_result(&self) -> Option<&OperationResult> {
        self.client
            .history()
            .last()
            .map(|answered| &answered.result)
    }
}

fn put(key: &str) -> Operation {
    let (key, value) = (key.into(), "v".into());
    Operation::Put { key, value }
}

fn sent_to(leader: NodeId) -> Outcome {
    let leader = Some(leader);
    Outcome::NotLeader { leader }
}

/// The sequence number of a write.
fn sequence(request: &Request) -> u64 {
    match &request.body {
        RequestBody::Command(Command::Apply(apply)) => apply.sequence.0,
        other => panic!("{other:?} is no write"),
    }
}

#[test]
fn the_first_write_opens_a_session() {
    let mut bench = Bench::new();
    let sent = bench.put("a");
    assert_eq!(sent[0].1.body, RequestBody::Command(Command::OpenSession));
    let sent = bench.applied(N1, Answer::SessionOpened(S1));
    assert_eq!(sequence(&sent[0].1), 1);
    bench.applied(N1, Answer::Written { version: 2 });
    assert_eq!(bench.client.history().len(), 1);
    assert_eq!(sequence(&bench.put("b")[0].1), 2);
}

#[test]
fn many_keys_are_written_one_after_the_other() {
    let mut bench = Bench::with_session();
    let mut sent = bench.enqueue((1..=30).map(|n| put(&format!("a-{n}"))));
    for left in (0..30).rev() {
        assert_eq!((sent.len(), bench.client.queued()), (1, left));
        sent = bench.applied(N1, Answer::Written { version: 9 });
    }
    assert!(sent.is_empty());
    let last = bench.client.history().last().expect("31 are over");
    assert_eq!(last.operation, put("a-30"));
    assert_eq!(bench.client.deadline(), None);
}

/// On a slow network the answer to the first attempt arrives after the second was sent. It is an
/// answer: a client that waits for that of its last attempt waits for ever.
#[test]
fn without_an_answer_the_next_server_is_asked_the_same_and_any_answer_counts() {
    let mut bench = Bench::with_session();
    let first = bench.put("a");
    let second = bench.wait();
    assert_eq!((first[0].0, second[0].0), (N1, N2));
    assert_eq!(first[0].1, second[0].1);
    bench.applied(N1, Answer::Written { version: 9 });
    let written = OperationResult::Written { version: 9 };
    assert_eq!(bench.last_result(), Some(&written));
    assert_eq!(bench.put("b")[0].0, N1, "who answers writes leads");
}

#[test]
fn a_named_leader_is_asked_at_once_but_two_that_name_each_other_are_not_for_ever() {
    let mut bench = Bench::with_session();
    bench.put("a");
    assert_eq!(bench.answer(N1, sent_to(N3))[0].0, N3);
    assert_eq!(bench.answer(N3, sent_to(N1))[0].0, N1);
    assert!(bench.answer(N1, sent_to(N3)).is_empty(), "it pauses");
    assert_eq!(bench.wait()[0].0, N3);
}

#[test]
fn pauses_grow_to_their_limit() {
    let mut bench = Bench::with_session();
    bench.put("a");
    let config = ClientConfig::default();
    for doublings in 0..10 {
        bench.answer(bench.client.target(), Outcome::NotLeader { leader: None });
        let pause = bench.client.deadline().expect("pauses").since(bench.now);
        let longest = (config.backoff_min.0 << doublings).min(config.backoff_max.0);
        let accepted = longest / 2..=longest;
        assert!(accepted.contains(&pause.0), "{pause} after {doublings}");
        bench.wait();
    }
}

#[test]
fn a_refusal_of_a_server_asked_before_is_passed_over() {
    let mut bench = Bench::with_session();
    bench.put("a");
    bench.wait();
    let before = bench.client.deadline();
    assert!(bench.answer(N1, sent_to(N3)).is_empty());
    assert_eq!(bench.client.deadline(), before);
}

#[test]
fn an_answer_to_what_is_over_is_passed_over() {
    let mut bench = Bench::with_session();
    bench.put("a");
    let over = bench.client.next_request - 1;
    let (index, answer) = (Index(1), Answer::Written { version: 2 });
    bench.answer_to(over, N1, Outcome::Applied { index, answer });
    assert_eq!(bench.client.history().len(), 1);
}

#[test]
fn a_write_of_an_expired_session_is_never_repeated_in_another() {
    let mut bench = Bench::with_session();
    bench.put("a");
    let expired = Refusal::SessionExpired { session: S1 };
    let sent = bench.applied(N1, Answer::Refused(expired.clone()));
    assert!(sent.is_empty());
    let refused = OperationResult::Refused(expired);
    assert_eq!(bench.last_result(), Some(&refused));
    let sent = bench.put("b");
    assert_eq!(sent[0].1.body, RequestBody::Command(Command::OpenSession));
}

#[test]
fn a_read_of_one_server_asks_no_other() {
    let mut bench = Bench::new();
    let (key, node) = ("a".into(), Some(N3));
    let sent = bench.enqueue([Operation::Get {
        key,
        node,
        path: ReadPath::default(),
    }]);
    assert_eq!(sent[0].0, N3);
    assert!(bench.answer(N3, sent_to(N1)).is_empty(), "it pauses");
    assert_eq!(bench.wait()[0].0, N3);
    assert_eq!(bench.wait()[0].0, N3);
    let timed_out = ClientEvent::Retried {
        attempt: 3,
        to: N3,
        why: RetryReason::TimedOut,
    };
    assert!(bench.out.events.contains(&timed_out));
}
