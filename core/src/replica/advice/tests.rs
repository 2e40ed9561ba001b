//! What the leader makes of each thing that a model service can say.

use super::Flaw;
use crate::cache::{
    Apply, Candidate, Command, EntryId, Operation, PolicyKind, RemovalReason, Sequence,
};
use crate::replica::lab::Lab;
use crate::replica::{
    ClientId, Event, Input, ModelError, ModelRequest, ModelResponse, Request, RequestBody, Score,
    Scored,
};
use crate::types::Duration;
use bytes::Bytes;

const MS: fn(u64) -> Duration = Duration::millis;

impl Lab {
    /// A leader whose cache holds ten keys of 100 bytes and has room for no more than the reserve.
    fn nearly_full() -> Lab {
        let mut lab = Lab::new(3, |config| {
            config.cache.policy = PolicyKind::Learned;
            config.cache.capacity_bytes = 1_100;
            config.model.reserve_ppm = 200_000;
            config.model.deadline = MS(500);
            config.model.warm_up = 0;
        });
        lab.wait(MS(700));
        let body = RequestBody::Command(Command::OpenSession);
        lab.feed(Input::Request(Request {
            client: ClientId(1),
            id: 0,
            body,
        }));
        (1..=8).for_each(|number| lab.put_value(number));
        assert_eq!(lab.told.questions, []);
        lab.put_value(9);
        lab
    }

    fn put_value(&mut self, number: u64) {
        let session = self.replica.cache().sessions().map(|(id, _)| id).next();
        let operation = Operation::Put {
            key: Bytes::from(format!("key{number:03}")),
            value: Bytes::from(vec![b'x'; 94]),
            ttl: None,
        };
        let apply = Apply {
            session: session.expect("opened before"),
            sequence: Sequence(number),
            acknowledged: Sequence(number),
            operation,
        };
        let body = RequestBody::Command(Command::Apply(apply));
        self.feed(Input::Request(Request {
            client: ClientId(1),
            id: number,
            body,
        }));
    }

    /// The question that waits for an answer.
    fn question(&mut self) -> ModelRequest {
        let questions = std::mem::take(&mut self.told.questions);
        let [question] = &questions[..] else {
            panic!("one question at a time: {questions:?}")
        };
        question.clone()
    }

    fn answer_model(&mut self, id: u64, scores: Result<Vec<Scored>, ModelError>) {
        let run = 1;
        self.feed(Input::Model(ModelResponse { run, id, scores }));
    }

    /// What was wrong with answers since the last look.
    fn flaws(&mut self) -> Vec<Flaw> {
        let events = std::mem::take(&mut self.told.events);
        let flaws = events.iter().filter_map(|event| match event {
            Event::ModelOfNoUse { flaw, .. } => Some(*flaw),
            _ => None,
        });
        flaws.collect()
    }

    fn removed(&mut self) -> Vec<(Bytes, RemovalReason)> {
        let events = std::mem::take(&mut self.told.events);
        let removed = events.into_iter().filter_map(|event| match event {
            Event::KeysRemoved { removed, .. } => Some(removed),
            _ => None,
        });
        removed
            .flatten()
            .map(|removed| (removed.key, removed.why))
            .collect()
    }
}

fn scored(candidate: &Candidate, score: f64) -> Scored {
    Scored {
        entry: candidate.entry,
        score: Score(score),
    }
}

/// The newest is worth least.
fn newest_first(question: &ModelRequest) -> Vec<Scored> {
    let scores = question.candidates.iter();
    scores
        .map(|candidate| scored(candidate, candidate.entry.0 as f64 / 100.0))
        .collect()
}

#[test]
fn what_the_model_finds_worth_least_goes_through_the_log_ahead_of_need() {
    let mut lab = Lab::nearly_full();
    let question = lab.question();
    assert_eq!(question.candidates.len(), 9);
    lab.told.events.clear();
    lab.answer_model(question.id, Ok(newest_first(&question)));
    let removed = lab.removed();
    assert_eq!(removed, [(Bytes::from("key009"), RemovalReason::Chosen)]);
    assert_eq!(lab.replica.cache().bytes(), 800);
}

#[test]
fn a_key_that_was_written_meanwhile_stays() {
    let mut lab = Lab::nearly_full();
    let question = lab.question();
    let mut again = question.clone();
    again.candidates[8].version -= 1;
    // The leader chose by the version that it asked about.
    lab.put_value(10);
    lab.told.events.clear();
    let body = RequestBody::Command(Command::Evict(vec![crate::cache::Chosen {
        entry: again.candidates[8].entry,
        version: again.candidates[8].version,
    }]));
    lab.feed(Input::Request(Request {
        client: ClientId(1),
        id: 99,
        body,
    }));
    assert_eq!(lab.removed(), []);
    assert!(lab.replica.cache().get(b"key009").is_some());
}

#[test]
fn writes_never_wait_for_the_model() {
    let mut lab = Lab::nearly_full();
    lab.told.events.clear();
    (10..=13).for_each(|number| lab.put_value(number));
    let removed = lab.removed();
    assert_eq!(removed.len(), 2, "{removed:?}");
    let by_rule = RemovalReason::Evicted(PolicyKind::Learned);
    assert!(removed.iter().all(|(_, why)| *why == by_rule));
    assert_eq!(lab.replica.cache().bytes(), 1_100);
}

/// Each answer is of no use as a whole, however right most of it is.
#[test]
fn an_answer_that_makes_no_sense_is_not_used_at_all() {
    type Spoil = fn(&mut Vec<Scored>);
    type Expected = fn(EntryId) -> Flaw;
    let cases: [(Spoil, Expected); 7] = [
        (
            |scores| scores[3].score = Score(f64::NAN),
            |entry| Flaw::NotANumber { entry },
        ),
        (
            |scores| scores[3].score = Score(f64::INFINITY),
            |entry| Flaw::OutOfRange { entry },
        ),
        (
            |scores| scores[3].score = Score(1.001),
            |entry| Flaw::OutOfRange { entry },
        ),
        (
            |scores| scores[3].score = Score(-0.5),
            |entry| Flaw::OutOfRange { entry },
        ),
        (
            |scores| scores.insert(4, scores[3]),
            |entry| Flaw::Repeated { entry },
        ),
        (
            |scores| scores[3].entry = EntryId(4_000),
            |_| Flaw::Unknown {
                entry: EntryId(4_000),
            },
        ),
        (
            |scores| scores.truncate(8),
            |_| Flaw::Missing {
                scored: 8,
                asked: 9,
            },
        ),
    ];
    for (spoil, flaw) in cases {
        let mut lab = Lab::nearly_full();
        let question = lab.question();
        let mut scores = newest_first(&question);
        let third = scores[3].entry;
        spoil(&mut scores);
        lab.answer_model(question.id, Ok(scores));
        assert_eq!(lab.flaws(), [flaw(third)]);
        assert_eq!(lab.replica.cache().bytes(), 900);
    }
}

#[test]
fn a_late_answer_is_given_up_and_changes_nothing_when_it_comes() {
    let mut lab = Lab::nearly_full();
    let question = lab.question();
    lab.wait(MS(500));
    let waited = MS(500);
    assert_eq!(lab.flaws(), [Flaw::Late { waited }]);
    lab.answer_model(question.id, Ok(newest_first(&question)));
    assert_eq!((lab.flaws(), lab.replica.cache().bytes()), (vec![], 900));
}

#[test]
fn after_some_failures_in_a_row_it_stops_asking_and_tries_again_later() {
    let mut lab = Lab::nearly_full();
    for _ in 0..3 {
        let question = lab.question();
        lab.answer_model(question.id, Err(ModelError::Unreachable));
    }
    assert_eq!(lab.flaws(), [Flaw::Unreachable; 3]);
    lab.wait(MS(1_900));
    assert_eq!(lab.told.questions, [], "the breaker is open");
    lab.wait(MS(200));
    let question = lab.question();
    lab.answer_model(question.id, Err(ModelError::Unreachable));
    lab.wait(MS(1_900));
    assert_eq!(lab.told.questions, [], "one failure is enough now");
    lab.wait(MS(200));
    let question = lab.question();
    lab.answer_model(question.id, Ok(newest_first(&question)));
    assert!(lab.told.events.contains(&Event::ModelBack));
    assert_eq!(lab.replica.model_state().failures, 0);
    assert_eq!(lab.replica.cache().bytes(), 800);
}

#[test]
fn nobody_is_asked_while_there_is_room_or_the_policy_is_another() {
    let mut lab = Lab::nearly_full();
    lab.question();
    let change = crate::cache::Configure {
        policy: Some(PolicyKind::Lru),
        capacity: None,
    };
    let body = RequestBody::Command(Command::Configure(change));
    lab.feed(Input::Request(Request {
        client: ClientId(1),
        id: 50,
        body,
    }));
    lab.wait(Duration::secs(1));
    lab.put_value(10);
    assert_eq!(lab.told.questions, []);
}
