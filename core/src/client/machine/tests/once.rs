//! Whatever the network and the servers do: nothing is applied twice, and what is answered was
//! applied once.
//!
//! A toy server stands in for the cluster: the real cache behind one log, three doors of which one is
//! the leader's. It drops, delays, repeats and reorders requests and answers, forgets that it leads,
//! takes a request and says that it does not know what became of it, and lets sessions expire. Each
//! write adds 1 to a counter of its own, so the counters say how often it was applied.

use super::{CONFIG, Call, CallError, CallResult, Client, Config, Event, Output, Reply};
use crate::cache::{Answer, Cache, Command, Operation, Stamped};
use crate::replica::{ClientId, Outcome, Request, RequestBody, Response};
use crate::types::{Duration, Index, Instant, LogTime, NodeId, Rng};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CALLS: u64 = 40;

/// Something on its way.
#[derive(Clone)]
enum Due {
    Request(NodeId, Request),
    Response(NodeId, Response),
}

struct Toy {
    rng: Rng,
    now: Instant,
    cache: Cache,
    index: u64,
    leader: NodeId,
    queue: BTreeMap<(Instant, u64), Due>,
    scheduled: u64,
    /// What there was of what may go wrong.
    seen: Seen,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    duplicates: u64,
    expired: u64,
    given_up: u64,
    late: u64,
}

impl Toy {
    fn new(seed: u64) -> Toy {
        let config = crate::cache::Config {
            answers: 4,
            session_timeout: Duration::secs(3),
            ..Default::default()
        };
        Toy {
            rng: Rng::new(seed),
            now: Instant::ZERO,
            cache: Cache::new(config),
            index: 0,
            leader: NodeId(1),
            queue: BTreeMap::new(),
            scheduled: 0,
            seen: Seen::default(),
        }
    }

    /// Some messages are lost, some come twice, some take very long.
    fn send(&mut self, due: Due) {
        let copies = match self.rng.below(10) {
            0 | 1 => 0,
            2 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let slow = self.rng.below(12) == 0;
            let most = if slow { 4_000_000 } else { 30_000 };
            let at = self.now + Duration::micros(self.rng.between(100, most));
            self.scheduled += 1;
            self.queue.insert((at, self.scheduled), due.clone());
        }
    }

    fn serve(&mut self, at: NodeId, request: Request) {
        if self.rng.below(12) == 0 {
            self.leader = NodeId(self.rng.between(1, 3) as u32);
        }
        let RequestBody::Command(command) = &request.body else {
            unreachable!("the test reads nothing");
        };
        let outcome = if at != self.leader {
            let knows = self.rng.below(2) == 0;
            let leader = knows.then_some(self.leader);
            Outcome::NotLeader { leader }
        } else {
            let (index, answer) = self.apply(command);
            match self.rng.below(8) {
                0 => Outcome::Unknown,
                _ => Outcome::Applied { index, answer },
            }
        };
        let (client, id) = (request.client, request.id);
        let response = Response {
            client,
            id,
            outcome,
        };
        self.send(Due::Response(at, response));
    }

    fn apply(&mut self, command: &Command) -> (Index, Answer) {
        self.index += 1;
        let stamped = Stamped {
            time: LogTime(self.now.0),
            ..Stamped::plain(command.clone())
        };
        let applied = self.cache.apply(Index(self.index), &stamped);
        self.seen.duplicates += u64::from(applied.taken == crate::cache::Taken::Before);
        if let Answer::Refused(refusal) = &applied.answer {
            self.seen.late += u64::from(matches!(
                refusal,
                crate::cache::Refusal::AnswerForgotten { .. }
            ));
        }
        (Index(self.index), applied.answer)
    }

    fn counted(&self, call: u64) -> u64 {
        let held = self.cache.get(&counter(call));
        let text = held.map_or("0".into(), |held| {
            String::from_utf8_lossy(&held.value).into_owned()
        });
        text.parse().expect("counters are numbers")
    }
}

fn counter(call: u64) -> Bytes {
    format!("call-{call}").into()
}

/// Lets a client count to the end of all its calls: what became of each, and the toy.
fn run(seed: u64, window: u32) -> (BTreeMap<u64, CallResult>, Toy) {
    let mut toy = Toy::new(seed);
    let config = Config {
        window,
        timeout: Duration::millis(50),
        deadline: Duration::millis(600),
        // Half of the clients never keep their session alive.
        keep_alive: Duration::millis(900 + seed % 2 * 60_000),
        ..CONFIG
    };
    let mut client = Client::new(ClientId(1), config, 3, Rng::new(seed ^ 1));
    let (mut results, mut called) = (BTreeMap::new(), 0);
    let mut next_call = Instant::ZERO;
    while results.len() < CALLS as usize || !toy.queue.is_empty() {
        let queued = toy.queue.first_key_value().map(|((at, _), _)| *at);
        let calls = (called < CALLS).then_some(next_call);
        let deadline = client.deadline().filter(|_| results.len() < CALLS as usize);
        let due = [queued, calls, deadline].into_iter().flatten().min();
        toy.now = toy
            .now
            .max(due.expect("something is due until all is over"));
        let mut out = Output::default();
        if queued.is_some_and(|at| at <= toy.now) {
            match toy.queue.pop_first().map(|(_, due)| due) {
                Some(Due::Request(at, request)) => toy.serve(at, request),
                Some(Due::Response(from, response)) => {
                    client.on_response(toy.now, from, response, &mut out);
                }
                None => {}
            }
        } else if calls.is_some_and(|at| at <= toy.now) {
            called += 1;
            let (key, by) = (counter(called), 1);
            client.call(
                toy.now,
                Call::Write(Operation::Increment { key, by }),
                &mut out,
            );
            // Now and then so long a silence that the session may expire.
            let most = if toy.rng.below(10) == 0 { 5_000 } else { 40 };
            next_call = toy.now + Duration::millis(toy.rng.between(0, most));
        } else {
            client.on_deadline(toy.now, &mut out);
        }
        for (to, request) in out.requests {
            toy.send(Due::Request(to, request));
        }
        for event in out.events {
            if let Event::Answered { call, result } = event {
                assert!(results.insert(call.0, result).is_none(), "told twice");
            }
        }
    }
    (results, toy)
}

fn check(seed: u64, window: u32) -> Seen {
    let (results, mut toy) = run(seed, window);
    for (call, result) in results {
        let times = toy.counted(call);
        match result {
            Ok(Reply::Applied {
                answer: Answer::Counted { value, .. },
                ..
            }) => assert_eq!((value, times), (1, 1), "call {call} of seed {seed}"),
            Err(CallError::DeadlineExceeded {
                may_have_been_applied,
            }) => {
                toy.seen.given_up += 1;
                assert!(
                    times <= u64::from(may_have_been_applied),
                    "call {call} of seed {seed}"
                );
            }
            Err(CallError::SessionExpired { .. }) => {
                toy.seen.expired += 1;
                assert!(times <= 1, "call {call} of seed {seed}");
            }
            other => panic!("call {call} of seed {seed}: {other:?}"),
        }
    }
    toy.seen
}

proptest! {
    #[test]
    fn every_write_is_applied_at_most_once_and_each_answered_one_exactly_once(
        seed: u64, window in 1..=4_u32,
    ) {
        check(seed, window);
    }
}

/// Without these the test above might hold only because nothing went wrong.
#[test]
fn the_toy_server_does_all_that_it_is_there_for() {
    let mut all = Seen::default();
    for seed in 0..60 {
        let seen = check(seed, 4);
        all.duplicates += seen.duplicates;
        all.expired += seen.expired;
        all.given_up += seen.given_up;
        all.late += seen.late;
    }
    let counts = [all.duplicates, all.expired, all.given_up, all.late];
    assert!(counts.iter().all(|count| *count > 0), "{all:?}");
}
