//! What a client does, one behaviour a test: each says what it is told and what it must send.

use super::super::call::{
    Call, CallError, CallId, CallResult, Config, Event, Output, Reply, RetryReason,
};
use super::Client;
use crate::cache::{Answer, Apply, Command, Found, Operation, Query, Refusal, SessionId};
use crate::replica::{ClientId, Consistency, Outcome, Request, RequestBody, Response};
use crate::types::{Duration, Index, Instant, NodeId, Rng};

mod once;

const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const N3: NodeId = NodeId(3);
const S1: SessionId = SessionId(1);
const S2: SessionId = SessionId(2);

const CONFIG: Config = Config {
    window: 1,
    timeout: Duration::millis(500),
    deadline: Duration::secs(60),
    backoff_min: Duration::millis(20),
    backoff_max: Duration::millis(500),
    keep_alive: Duration::secs(20),
};

type Sent = Vec<(NodeId, Request)>;

/// A client and its clock.
struct Bench {
    client: Client,
    now: Instant,
    out: Output,
}

impl Bench {
    fn new(config: Config) -> Bench {
        Bench {
            client: Client::new(ClientId(1), config, 3, Rng::new(1)),
            now: Instant::ZERO,
            out: Output::default(),
        }
    }

    /// A client with an open session in which nothing is under way.
    fn with_session(config: Config) -> Bench {
        let mut bench = Bench::new(config);
        let open = bench.put("first");
        let first = bench.applied(&open[0], Answer::SessionOpened(S1));
        bench.applied(&first[0], Answer::Written { version: 2 });
        bench.out.events.clear();
        bench
    }

    /// A millisecond later the client is told something: what it sends.
    fn tell(&mut self, tell: impl FnOnce(&mut Client, Instant, &mut Output)) -> Sent {
        self.now = self.now + Duration::millis(1);
        tell(&mut self.client, self.now, &mut self.out);
        std::mem::take(&mut self.out.requests)
    }

    fn call(&mut self, call: Call) -> Sent {
        self.tell(|client, now, out| {
            client.call(now, call, out);
        })
    }

    fn put(&mut self, key: &'static str) -> Sent {
        self.call(Call::Write(put(key)))
    }

    fn get(&mut self, server: Option<NodeId>) -> Sent {
        let key = "a".into();
        self.call(Call::Read {
            query: Query::Get { key },
            consistency: Consistency::Quorum,
            server,
        })
    }

    /// The server that a request was sent to answers it.
    fn answer(&mut self, sent: &(NodeId, Request), outcome: Outcome) -> Sent {
        self.answer_from(sent.0, &sent.1, outcome)
    }

    fn answer_from(&mut self, from: NodeId, request: &Request, outcome: Outcome) -> Sent {
        let (client, id) = (request.client, request.id);
        let response = Response {
            client,
            id,
            outcome,
        };
        self.tell(|client, now, out| client.on_response(now, from, response, out))
    }

    fn applied(&mut self, sent: &(NodeId, Request), answer: Answer) -> Sent {
        let index = Index(9);
        self.answer(sent, Outcome::Applied { index, answer })
    }

    fn written(&mut self, sent: &(NodeId, Request)) -> Sent {
        self.applied(sent, Answer::Written { version: 9 })
    }

    /// Until the client's deadline: what it sends then.
    fn wait(&mut self) -> Sent {
        self.now = self.client.deadline().expect("waits for something");
        self.client.on_deadline(self.now, &mut self.out);
        std::mem::take(&mut self.out.requests)
    }

    /// Until it has given up what it has tried for too long.
    fn wait_for(&mut self, lasting: Duration) {
        let until = self.now + lasting;
        while self.client.deadline().is_some_and(|at| at <= until) {
            self.wait();
        }
    }

    /// What became of calls so far.
    fn results(&self) -> Vec<(u64, CallResult)> {
        let events = self.out.events.iter();
        let results = events.filter_map(|event| match event {
            Event::Answered { call, result } => Some((call.0, result.clone())),
            _ => None,
        });
        results.collect()
    }
}

fn put(key: &'static str) -> Operation {
    Operation::Put {
        key: key.into(),
        value: "v".into(),
        ttl: None,
    }
}

fn sent_to(leader: NodeId) -> Outcome {
    let leader = Some(leader);
    Outcome::NotLeader { leader }
}

fn apply(sent: &(NodeId, Request)) -> &Apply {
    match &sent.1.body {
        RequestBody::Command(Command::Apply(apply)) => apply,
        other => panic!("{other:?} is no write"),
    }
}

/// The number of a write, and what it acknowledges.
fn numbers(sent: &(NodeId, Request)) -> (u64, u64) {
    let apply = apply(sent);
    (apply.sequence.0, apply.acknowledged.0)
}

fn command(sent: &(NodeId, Request)) -> &Command {
    match &sent.1.body {
        RequestBody::Command(command) => command,
        other => panic!("{other:?} is no command"),
    }
}

fn done(version: u64) -> CallResult {
    let (index, answer) = (Index(9), Answer::Written { version });
    Ok(Reply::Applied { index, answer })
}

fn expired(session: SessionId) -> Answer {
    Answer::Refused(Refusal::SessionExpired { session })
}

#[test]
fn the_first_write_opens_a_session_and_the_second_uses_it() {
    let mut bench = Bench::new(CONFIG);
    let open = bench.put("a");
    assert_eq!(command(&open[0]), &Command::OpenSession);
    let first = bench.applied(&open[0], Answer::SessionOpened(S1));
    assert_eq!(numbers(&first[0]), (1, 1));
    bench.written(&first[0]);
    assert_eq!(bench.results(), [(1, done(9))]);
    assert_eq!(numbers(&bench.put("b")[0]), (2, 2));
}

#[test]
fn a_read_beside_the_log_needs_no_session() {
    let mut bench = Bench::new(CONFIG);
    let read = bench.get(None);
    assert!(matches!(read[0].1.body, RequestBody::Read { .. }));
    let found = Outcome::Read {
        index: Index(4),
        found: Found::Value(None),
        staleness: None,
    };
    bench.answer(&read[0], found);
    let reply = Reply::Found {
        index: Index(4),
        found: Found::Value(None),
        staleness: None,
    };
    assert_eq!(bench.results(), [(1, Ok(reply))]);
    assert_eq!(bench.client.session(), None);
}

/// On a slow network the answer to the first attempt arrives after the second was sent. It is an
/// answer: a client that waits for that of its last attempt waits for ever.
#[test]
fn without_an_answer_the_next_server_is_asked_the_same_and_any_answer_counts() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    let second = bench.wait();
    assert_eq!((first[0].0, second[0].0), (N1, N2));
    assert_eq!(first[0].1, second[0].1);
    bench.written(&first[0]);
    assert_eq!(bench.results(), [(2, done(9))]);
    assert_eq!(bench.put("b")[0].0, N1, "who answers writes leads");
}

#[test]
fn a_named_leader_is_asked_at_once_but_two_that_name_each_other_are_not_for_ever() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    let second = bench.answer(&first[0], sent_to(N3));
    assert_eq!(second[0].0, N3);
    let third = bench.answer(&second[0], sent_to(N1));
    assert_eq!(third[0].0, N1);
    assert!(bench.answer(&third[0], sent_to(N3)).is_empty(), "it pauses");
    assert_eq!(bench.wait()[0].0, N3);
}

#[test]
fn a_server_that_there_is_not_is_never_asked() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    assert!(bench.answer(&first[0], sent_to(NodeId(9))).is_empty());
    assert_eq!(bench.wait()[0].0, N2);
}

#[test]
fn pauses_grow_to_their_limit() {
    let mut bench = Bench::with_session(CONFIG);
    let mut sent = bench.put("a");
    for doublings in 0..10 {
        bench.answer(&sent[0], Outcome::NotLeader { leader: None });
        let pause = bench.client.deadline().expect("pauses").since(bench.now);
        let longest = (CONFIG.backoff_min.0 << doublings).min(CONFIG.backoff_max.0);
        let accepted = longest / 2..=longest;
        assert!(accepted.contains(&pause.0), "{pause} after {doublings}");
        sent = bench.wait();
    }
}

#[test]
fn a_refusal_of_a_server_asked_before_is_passed_over() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    bench.wait();
    let before = bench.client.deadline();
    assert!(bench.answer(&first[0], sent_to(N3)).is_empty());
    assert_eq!(bench.client.deadline(), before);
}

#[test]
fn an_answer_to_what_is_over_is_passed_over() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    bench.written(&first[0]);
    bench.put("b");
    bench.written(&first[0]);
    assert_eq!(bench.results(), [(2, done(9))]);
}

#[test]
fn a_read_of_one_server_asks_no_other_and_leads_nobody_astray() {
    let mut bench = Bench::with_session(Config {
        window: 2,
        ..CONFIG
    });
    let read = bench.get(Some(N3));
    assert_eq!(read[0].0, N3);
    assert!(bench.answer(&read[0], sent_to(N2)).is_empty(), "it pauses");
    assert_eq!(
        bench.put("a")[0].0,
        N1,
        "only the read is bound to its server"
    );
    assert_eq!(bench.wait()[0].0, N3);
    let no_leader = Event::Retried {
        call: Some(CallId(2)),
        attempt: 2,
        to: N3,
        why: RetryReason::NoLeader,
    };
    assert!(bench.out.events.contains(&no_leader));
}

#[test]
fn a_window_of_writes_is_under_way_and_the_lowest_open_one_holds_it() {
    let mut bench = Bench::with_session(Config {
        window: 3,
        ..CONFIG
    });
    let sent: Sent = ["a", "b", "c", "d"]
        .into_iter()
        .flat_map(|key| bench.put(key))
        .collect();
    let all: Vec<_> = sent.iter().map(numbers).collect();
    assert_eq!(all, [(2, 2), (3, 2), (4, 2)], "the fourth waits");
    assert!(bench.written(&sent[1]).is_empty(), "2 is still open");
    assert!(bench.written(&sent[2]).is_empty());
    let next = bench.written(&sent[0]);
    assert_eq!(numbers(&next[0]), (5, 5));
}

#[test]
fn when_the_leader_is_gone_all_under_way_turn_to_one_server() {
    let mut bench = Bench::with_session(Config {
        window: 3,
        ..CONFIG
    });
    for key in ["a", "b", "c"] {
        bench.put(key);
    }
    let asked: Vec<NodeId> = (0..3)
        .flat_map(|_| bench.wait())
        .map(|(to, _)| to)
        .collect();
    assert_eq!(asked, [N2, N2, N2]);
}

#[test]
fn what_is_sent_again_acknowledges_what_was_answered_meanwhile() {
    let mut bench = Bench::with_session(Config {
        window: 2,
        ..CONFIG
    });
    let (first, second) = (bench.put("a"), bench.put("b"));
    assert_eq!(numbers(&second[0]), (3, 2));
    bench.written(&first[0]);
    assert_eq!(numbers(&bench.wait()[0]), (3, 3));
}

#[test]
fn a_session_that_remembers_too_much_is_asked_again_after_a_pause() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    let (held, limit) = (9, 5);
    let refused = Answer::Refused(Refusal::AnswersTooLarge { held, limit });
    assert!(bench.applied(&first[0], refused).is_empty());
    let again = bench.wait();
    assert_eq!(again[0].1, first[0].1);
    bench.written(&again[0]);
    assert_eq!(bench.results(), [(2, done(9))]);
}

#[test]
fn a_refusal_of_the_cache_is_an_answer() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    bench.applied(&first[0], Answer::Refused(Refusal::KeyEmpty));
    let refused = Err(CallError::Refused(Refusal::KeyEmpty));
    assert_eq!(bench.results(), [(2, refused)]);
}

#[test]
fn a_write_of_an_expired_session_is_never_repeated_in_another() {
    let mut bench = Bench::with_session(Config {
        window: 2,
        ..CONFIG
    });
    let (first, second) = (bench.put("a"), bench.put("b"));
    assert!(bench.applied(&first[0], expired(S1)).is_empty());
    let over = Err(CallError::SessionExpired { session: S1 });
    assert_eq!(bench.results(), [(2, over)]);
    assert!(bench.out.events.contains(&Event::SessionExpired(S1)));
    // The other one goes on in the old session until it is told, and what comes later waits for the
    // new one.
    let open = bench.put("c");
    assert_eq!(command(&open[0]), &Command::OpenSession);
    let third = bench.applied(&open[0], Answer::SessionOpened(S2));
    assert_eq!((apply(&third[0]).session, numbers(&third[0])), (S2, (1, 1)));
    let again = bench.wait();
    assert_eq!((apply(&again[0]).session, numbers(&again[0])), (S1, (3, 3)));
    bench.applied(&second[0], expired(S1));
    assert_eq!(
        bench.client.session(),
        Some(S2),
        "the old one says nothing of the new one"
    );
}

#[test]
fn an_idle_session_is_kept_alive_and_a_busy_one_keeps_itself() {
    let mut bench = Bench::with_session(CONFIG);
    let idle_since = bench.now;
    let keep = bench.wait();
    assert_eq!(command(&keep[0]), &Command::KeepAlive(S1));
    let waited = bench.now.since(idle_since);
    assert!(waited <= CONFIG.keep_alive && waited + Duration::millis(5) >= CONFIG.keep_alive);
    bench.applied(&keep[0], Answer::SessionKept);
    let next = bench.client.deadline().expect("the next keep-alive");
    assert!(next > bench.now + Duration::secs(19));
    bench.put("a");
    let next = bench.client.deadline().expect("its timeout");
    assert_eq!(next, bench.now + CONFIG.timeout);
}

#[test]
fn a_keep_alive_that_comes_too_late_ends_the_session() {
    let mut bench = Bench::with_session(CONFIG);
    let keep = bench.wait();
    bench.applied(&keep[0], expired(S1));
    assert_eq!(bench.client.session(), None);
    assert_eq!(
        bench.client.deadline(),
        None,
        "nobody wants another one yet"
    );
    assert_eq!(command(&bench.put("a")[0]), &Command::OpenSession);
}

#[test]
fn a_client_without_a_session_keeps_nothing_alive() {
    let mut bench = Bench::new(CONFIG);
    assert_eq!(bench.client.deadline(), None);
    let read = bench.get(None);
    bench.answer(&read[0], Outcome::ReadRefused(Refusal::KeyEmpty));
    assert_eq!(bench.client.deadline(), None);
}

#[test]
fn a_write_given_up_is_acknowledged_past_and_its_number_never_used_again() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    bench.wait_for(CONFIG.deadline);
    let given_up = Err(CallError::DeadlineExceeded {
        may_have_been_applied: true,
    });
    assert_eq!(bench.results(), [(2, given_up)]);
    let next = bench.put("b");
    assert_eq!((numbers(&first[0]), numbers(&next[0])), ((2, 2), (3, 3)));
    bench.written(&first[0]);
    assert_eq!(bench.results().len(), 1, "its answer comes too late");
}

#[test]
fn a_write_given_up_behind_an_open_one_is_acknowledged_only_with_it() {
    let mut bench = Bench::with_session(Config {
        window: 2,
        ..CONFIG
    });
    let first = bench.put("a");
    bench.now = bench.now + Duration::secs(30);
    bench.put("b");
    bench.wait_for(Duration::secs(31));
    assert_eq!(bench.results().len(), 1, "only the older one is given up");
    let third = bench.put("c");
    assert_eq!(numbers(&third[0]), (4, 3));
    assert_eq!(numbers(&first[0]), (2, 2));
}

#[test]
fn what_was_never_sent_was_not_applied() {
    let mut bench = Bench::new(CONFIG);
    bench.put("a");
    bench.wait_for(CONFIG.deadline);
    let never = Err(CallError::DeadlineExceeded {
        may_have_been_applied: false,
    });
    assert_eq!(bench.results(), [(1, never)]);
    assert_eq!(
        bench.client.deadline(),
        None,
        "nobody waits for a session any more"
    );
}

#[test]
fn a_client_that_is_shut_down_finishes_what_it_sent_and_closes_its_session() {
    let mut bench = Bench::with_session(CONFIG);
    let first = bench.put("a");
    bench.put("b");
    assert!(
        bench
            .tell(|client, now, out| client.shut_down(now, out))
            .is_empty()
    );
    assert_eq!(bench.results(), [(3, Err(CallError::ShutDown))]);
    let close = bench.written(&first[0]);
    assert_eq!(command(&close[0]), &Command::CloseSession(S1));
    bench.put("c");
    assert_eq!(bench.results().last(), Some(&(4, Err(CallError::ShutDown))));
    assert!(!bench.client.has_ended());
    let again = bench.wait();
    bench.applied(&again[0], Answer::SessionClosed);
    assert!(bench.client.has_ended());
    assert_eq!(bench.client.deadline(), None);
}
