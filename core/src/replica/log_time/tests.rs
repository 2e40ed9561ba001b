//! What the leader does when something is to expire.

use crate::cache::{
    Answer, Apply, Command, Found, Operation, Query, Refusal, Sequence, SessionId, Stamped,
    TimeToLive, Touched,
};
use crate::raft::Payload;
use crate::replica::lab::Lab;
use crate::replica::{ClientId, Consistency, Event, Input, Outcome, Request, RequestBody};
use crate::types::{Duration, Index, LogTime, NodeId};
use bytes::Bytes;

const MS: fn(u64) -> Duration = Duration::millis;

fn key() -> Bytes {
    Bytes::from_static(b"key")
}

impl Lab {
    fn ask(&mut self, id: u64, body: RequestBody) {
        let client = ClientId(1);
        self.feed(Input::Request(Request { client, id, body }));
    }

    /// The leader of three, with one key that lives so long.
    fn with_key(ttl: Duration) -> Lab {
        let mut lab = Lab::new(3, |config| config.raft.check_quorum = true);
        lab.wait(MS(700));
        lab.ask(1, RequestBody::Command(Command::OpenSession));
        lab.put(1, ttl);
        lab.told.answers.clear();
        lab
    }

    fn put(&mut self, number: u64, ttl: Duration) {
        let session = self.replica.cache().sessions().map(|(id, _)| id).next();
        let operation = Operation::Put {
            key: key(),
            value: Bytes::from_static(b"value"),
            ttl: Some(TimeToLive(ttl.as_micros())),
        };
        let apply = Apply {
            session: session.expect("opened before"),
            sequence: Sequence(number),
            acknowledged: Sequence(number),
            operation,
        };
        self.ask(number, RequestBody::Command(Command::Apply(apply)));
    }

    fn read(&mut self, id: u64, consistency: Consistency) {
        let query = Query::Get { key: key() };
        self.ask(id, RequestBody::Read { query, consistency });
    }

    /// Whether the reads since the last look found the key.
    fn found(&mut self) -> Vec<bool> {
        let answers = std::mem::take(&mut self.told.answers);
        let found = answers
            .into_iter()
            .filter_map(|answer| match answer.outcome {
                Outcome::Read {
                    found: Found::Value(value),
                    ..
                } => Some(value.is_some()),
                _ => None,
            });
        found.collect()
    }

    /// Entries that did nothing but let time pass.
    fn advances(&self) -> usize {
        let advance = |event: &&Event| {
            matches!(
                event,
                Event::Applied {
                    command: Command::Advance,
                    ..
                }
            )
        };
        self.told.events.iter().filter(advance).count()
    }
}

#[test]
fn a_key_is_found_until_it_expires_and_never_after() {
    for consistency in [Consistency::Lease, Consistency::Quorum] {
        let mut lab = Lab::with_key(MS(50));
        lab.wait(MS(49));
        lab.read(1, consistency);
        assert_eq!(lab.found(), [true]);
        lab.wait(MS(2));
        lab.read(2, consistency);
        assert_eq!(lab.found(), [false]);
    }
}

/// No entry has said that the key is gone, so another leader may still find it: the read waits until one
/// has.
#[test]
fn a_read_of_what_expired_waits_until_the_log_says_so() {
    let mut lab = Lab::with_key(MS(50));
    lab.wait(MS(49));
    assert_eq!(lab.advances(), 0);
    lab.only(&[]);
    lab.now = lab.now + MS(5);
    lab.read(1, Consistency::Lease);
    assert!(lab.found().is_empty());
    assert_eq!(lab.replica.metrics(lab.now).reads, 1);
    lab.only(&[2, 3]);
    lab.wait(MS(60));
    assert_eq!((lab.found(), lab.advances()), (vec![false], 1));
}

#[test]
fn time_passes_by_itself_when_something_is_to_expire_and_not_otherwise() {
    let mut lab = Lab::with_key(MS(300));
    lab.wait(MS(250));
    assert_eq!((lab.replica.cache().len(), lab.advances()), (1, 0));
    lab.wait(MS(100));
    assert_eq!((lab.replica.cache().len(), lab.advances()), (0, 1));
    lab.wait(Duration::secs(10));
    assert_eq!(lab.advances(), 1);
    let timeout = lab.replica.config().cache.session_timeout;
    lab.wait(timeout);
    assert_eq!(
        (lab.replica.cache().sessions().count(), lab.advances()),
        (0, 2)
    );
    lab.put_in_expired_session();
}

impl Lab {
    fn put_in_expired_session(&mut self) {
        let session = SessionId(2);
        let operation = Operation::Delete { key: key() };
        let (sequence, acknowledged) = (Sequence(2), Sequence(2));
        let apply = Apply {
            session,
            sequence,
            acknowledged,
            operation,
        };
        self.told.answers.clear();
        self.ask(9, RequestBody::Command(Command::Apply(apply)));
        let answers: Vec<_> = self
            .told
            .answers
            .iter()
            .map(|answer| &answer.outcome)
            .collect();
        let refused = Answer::Refused(Refusal::SessionExpired { session });
        assert!(
            matches!(answers[..], [Outcome::Applied { answer, .. }] if *answer == refused),
            "{answers:?}"
        );
    }
}

#[test]
fn a_follower_sends_whoever_asks_for_what_expired_to_the_leader() {
    let mut lab = Lab::with_key(MS(50));
    lab.only(&[]);
    lab.read(1, Consistency::Lease);
    assert_eq!(lab.found(), [true]);
    lab.now = lab.now + MS(60);
    lab.read(2, Consistency::Lease);
    // Nobody answers, so it steps down, and knows nobody to send the client to.
    lab.wait(Duration::secs(1));
    let outcomes: Vec<_> = lab
        .told
        .answers
        .iter()
        .map(|answer| &answer.outcome)
        .collect();
    assert!(
        matches!(outcomes[..], [Outcome::NotLeader { leader: None }]),
        "{outcomes:?}"
    );
    assert_eq!(lab.replica.id(), NodeId(1));
}

#[test]
fn a_read_beside_the_log_is_told_with_the_next_entry() {
    let mut lab = Lab::with_key(Duration::secs(60));
    let entry = lab.replica.cache().get(&key()).map(|held| held.entry);
    lab.read(1, Consistency::Lease);
    lab.read(2, Consistency::Quorum);
    lab.ask(3, RequestBody::Command(Command::OpenSession));
    let last = lab.replica.raft().log().last();
    let entries = lab
        .replica
        .raft()
        .log()
        .range(Index(last.index.0 - 1), last.index);
    let touched = entries.filter_map(|entry| match &entry.payload {
        Payload::Command(bytes) => Stamped::decode(bytes).ok(),
        Payload::Noop | Payload::Membership(_) => None,
    });
    let touched: Vec<Touched> = touched.flat_map(|stamped| stamped.touched).collect();
    let entry = entry.expect("it is there");
    assert_eq!(touched, [Touched { entry, times: 2 }]);
}

#[test]
fn log_time_goes_on_with_the_leaders_clock_and_not_with_its_jumps() {
    let mut lab = Lab::with_key(Duration::secs(60));
    let before = lab.replica.log_time(lab.now);
    lab.wait(MS(40));
    assert_eq!(lab.replica.log_time(lab.now), before + MS(40));
    lab.now = lab.now + Duration::secs(3_600);
    lab.feed(Input::Deadline);
    let after = lab.replica.log_time(lab.now);
    assert!(after.since(before) < MS(200), "{before} to {after}");
    assert!(after >= before && before > LogTime::ZERO);
}
