//! The replicated state machine: the same commands in the same order give the same state.

use super::command::{Answer, Apply, Command, Operation, Refusal, SessionId, Versioned};
use super::limits::Limits;
use super::session::{Seen, Session};
use crate::types::{Fingerprint, Index};
use bytes::Bytes;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// Keys with their values, and the client sessions. Cloning is cheap: maps share structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    limits: Limits,
    keys: OrdMap<Bytes, Versioned>,
    /// The bytes of all keys and values.
    bytes: u64,
    sessions: OrdMap<SessionId, Session>,
}

/// What applying a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What to tell the client.
    pub answer: Answer,
    /// The request was applied before, and this is the first answer again.
    pub duplicate: bool,
}

/// The version of the snapshot format that this build writes and reads.
const FORMAT: u16 = 1;

/// A snapshot: everything that decides a future answer, in the order of its keys, so that equal
/// states give equal bytes.
#[derive(Serialize, Deserialize)]
struct Image<K, V, S> {
    format: u16,
    keys: Vec<(K, V)>,
    sessions: Vec<(SessionId, S)>,
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: Limits) -> Cache {
        Cache {
            limits,
            keys: OrdMap::new(),
            bytes: 0,
            sessions: OrdMap::new(),
        }
    }

    /// Applies the command at `index` of the log. It depends on nothing but the log, and never
    /// fails: what cannot be done is refused, on every server alike.
    pub fn apply(&mut self, index: Index, command: &Command) -> Applied {
        match command {
            Command::OpenSession => {
                let answer = self.open_session(index);
                Applied {
                    answer,
                    duplicate: false,
                }
            }
            Command::Apply(apply) => self.apply_once(index, apply),
        }
    }

    fn open_session(&mut self, index: Index) -> Answer {
        while self.sessions.len() as u64 >= self.limits.sessions {
            let silent = self
                .sessions
                .iter()
                .min_by_key(|(_, session)| session.active_at);
            let Some(id) = silent.map(|(id, _)| *id) else {
                break;
            };
            self.sessions.remove(&id);
        }
        let id = SessionId(index.0);
        self.sessions.insert(id, Session::new(index.0));
        Answer::SessionOpened(id)
    }

    fn apply_once(&mut self, index: Index, apply: &Apply) -> Applied {
        let Some(session) = self.sessions.get_mut(&apply.session) else {
            let refusal = Refusal::SessionExpired {
                session: apply.session,
            };
            return Applied {
                answer: Answer::Refused(refusal),
                duplicate: false,
            };
        };
        session.active_at = index.0;
        if let Seen::Before(answer) = session.seen(apply.sequence) {
            return Applied {
                answer,
                duplicate: true,
            };
        }
        let answer = self.execute(index, &apply.operation);
        if let Some(session) = self.sessions.get_mut(&apply.session) {
            session.forget_below(apply.acknowledged);
            session.remember(apply.sequence, answer.clone(), self.limits.answers);
        }
        Applied {
            answer,
            duplicate: false,
        }
    }

    fn execute(&mut self, index: Index, operation: &Operation) -> Answer {
        if let Some(refusal) = self.limits.refusal(operation) {
            return Answer::Refused(refusal);
        }
        match operation {
            Operation::Put { key, value } => {
                let version = index.0;
                let size = (key.len() + value.len()) as u64;
                let versioned = Versioned {
                    value: value.clone(),
                    version,
                };
                let before = self.keys.insert(key.clone(), versioned);
                self.bytes += size;
                self.bytes -= before.map_or(0, |old| (key.len() + old.value.len()) as u64);
                Answer::Written { version }
            }
            Operation::Delete { key } => {
                let before = self.keys.remove(key);
                let existed = before.is_some();
                self.bytes -= before.map_or(0, |old| (key.len() + old.value.len()) as u64);
                Answer::Deleted { existed }
            }
            Operation::Get { key } => Answer::Found(self.keys.get(key).cloned()),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Versioned> {
        self.keys.get(key)
    }

    /// All keys in order, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Versioned)> {
        self.keys.iter()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The bytes of all keys and values.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The open sessions, oldest first.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions.iter().map(|(id, session)| (*id, session))
    }

    /// The whole state as bytes; equal states give equal bytes.
    #[must_use]
    pub fn snapshot(&self) -> Bytes {
        let sessions = self.sessions.iter().map(|(id, session)| (*id, session));
        let keys = self.keys.iter().collect();
        let image = Image {
            format: FORMAT,
            keys,
            sessions: sessions.collect(),
        };
        let bytes = postcard::to_allocvec(&image);
        bytes
            .expect("the state holds nothing that cannot be encoded")
            .into()
    }

    /// The state that [`Cache::snapshot`] wrote.
    ///
    /// # Errors
    /// The bytes are something else, or of another version.
    pub fn restore(limits: Limits, bytes: &[u8]) -> Result<Cache, RestoreError> {
        let (format, _) =
            postcard::take_from_bytes::<u16>(bytes).map_err(|_| RestoreError::Unreadable)?;
        if format != FORMAT {
            return Err(RestoreError::Format { given: format });
        }
        let (image, rest) = postcard::take_from_bytes::<Image<Bytes, Versioned, Session>>(bytes)
            .map_err(|_| RestoreError::Unreadable)?;
        let ordered = image.keys.is_sorted_by(|a, b| a.0 < b.0)
            && image.sessions.is_sorted_by(|a, b| a.0 < b.0);
        if !rest.is_empty() || !ordered {
            return Err(RestoreError::Unreadable);
        }
        let sizes = image
            .keys
            .iter()
            .map(|(key, value)| (key.len() + value.value.len()) as u64);
        Ok(Cache {
            limits,
            bytes: sizes.sum(),
            keys: image.keys.into_iter().collect(),
            sessions: image.sessions.into_iter().collect(),
        })
    }

    /// A digest of the whole state, equal on servers with equal states.
    #[must_use]
    pub fn digest(&self) -> u64 {
        Fingerprint::of(&(&self.keys, &self.sessions))
    }
}

/// Why bytes are not a cache.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// They are something else, or damaged.
    #[error("it is not a snapshot of a cache, or damaged")]
    Unreadable,
    /// Another version wrote them.
    #[error("it has format {given}, and this version reads {FORMAT}")]
    Format {
        /// The version found.
        given: u16,
    },
}

#[cfg(test)]
mod tests {
    use super::{Cache, RestoreError};
    use crate::cache::{Answer, Apply, Command, Limits, Operation, Refusal, Sequence, SessionId};
    use crate::types::Index;
    use bytes::Bytes;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn put(session: u64, sequence: u64, key: &str, value: &str) -> Command {
        apply(
            session,
            sequence,
            1,
            Operation::Put {
                key: text(key),
                value: text(value),
            },
        )
    }

    fn apply(session: u64, sequence: u64, acknowledged: u64, operation: Operation) -> Command {
        Command::Apply(Apply {
            session: SessionId(session),
            sequence: Sequence(sequence),
            acknowledged: Sequence(acknowledged),
            operation,
        })
    }

    fn text(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    fn run(limits: Limits, commands: &[Command]) -> (Cache, Vec<Answer>) {
        let mut cache = Cache::new(limits);
        let answers = commands
            .iter()
            .zip(1..)
            .map(|(command, index)| cache.apply(Index(index), command).answer)
            .collect();
        (cache, answers)
    }

    #[test]
    fn a_repeated_request_gets_the_first_answer_and_changes_nothing() {
        let commands = [
            Command::OpenSession,
            put(1, 1, "k", "a"),
            put(1, 2, "k", "b"),
            put(1, 1, "k", "a"),
        ];
        let (cache, answers) = run(Limits::default(), &commands);
        assert_eq!(answers[3], answers[1]);
        assert_eq!(
            cache.get(b"k").map(|held| held.value.clone()),
            Some(text("b"))
        );
    }

    #[test]
    fn an_expired_session_is_refused_and_never_applied() {
        let limits = Limits {
            sessions: 1,
            ..Limits::default()
        };
        let commands = [
            Command::OpenSession,
            Command::OpenSession,
            put(1, 1, "k", "a"),
        ];
        let (cache, answers) = run(limits, &commands);
        let refusal = Refusal::SessionExpired {
            session: SessionId(1),
        };
        assert_eq!(answers[2], Answer::Refused(refusal));
        assert!(cache.is_empty());
    }

    #[test]
    fn the_session_that_was_silent_for_longest_expires_first() {
        let limits = Limits {
            sessions: 2,
            ..Limits::default()
        };
        let commands = [
            Command::OpenSession,
            Command::OpenSession,
            put(1, 1, "k", "a"),
            Command::OpenSession,
        ];
        let (cache, _) = run(limits, &commands);
        let open: Vec<u64> = cache.sessions().map(|(id, _)| id.0).collect();
        assert_eq!(open, [1, 4]);
    }

    #[test]
    fn a_forgotten_answer_is_never_an_excuse_to_apply_again() {
        let limits = Limits {
            answers: 2,
            ..Limits::default()
        };
        let mut commands = vec![Command::OpenSession];
        commands.extend((1..=4).map(|n| put(1, n, "k", &n.to_string())));
        commands.push(put(1, 1, "k", "again"));
        let (cache, answers) = run(limits, &commands);
        let refusal = Refusal::AnswerForgotten {
            sequence: Sequence(1),
        };
        assert_eq!(answers[5], Answer::Refused(refusal));
        assert_eq!(
            cache.get(b"k").map(|held| held.value.clone()),
            Some(text("4"))
        );
    }

    #[test]
    fn bytes_are_counted_exactly() {
        let delete = |n, key| apply(1, n, 1, Operation::Delete { key: text(key) });
        let commands = [
            Command::OpenSession,
            put(1, 1, "key", "four"),
            put(1, 2, "key", "of5by"),
            put(1, 3, "other", ""),
            delete(4, "other"),
            delete(5, "absent"),
        ];
        let (cache, _) = run(Limits::default(), &commands);
        assert_eq!(cache.bytes(), 8);
    }

    #[test]
    fn limits_are_refused_with_the_numbers() {
        let limits = Limits {
            key_bytes: 2,
            value_bytes: 3,
            ..Limits::default()
        };
        let commands = [
            Command::OpenSession,
            put(1, 1, "abc", ""),
            put(1, 2, "ab", "abcd"),
            put(1, 3, "", "x"),
        ];
        let (_, answers) = run(limits, &commands);
        let refusals = [
            Refusal::KeyTooLong { given: 3, limit: 2 },
            Refusal::ValueTooLong { given: 4, limit: 3 },
            Refusal::KeyEmpty,
        ];
        assert_eq!(answers[1..], refusals.map(Answer::Refused));
    }

    #[test]
    fn snapshots_of_other_versions_and_garbage_are_refused() {
        let (cache, _) = run(
            Limits::default(),
            &[Command::OpenSession, put(1, 1, "k", "v")],
        );
        let good = cache.snapshot();
        assert_eq!(Cache::restore(Limits::default(), &good), Ok(cache));
        let mut newer = good.to_vec();
        newer[0] = 9;
        let restore = |bytes: &[u8]| Cache::restore(Limits::default(), bytes);
        assert_eq!(restore(&newer), Err(RestoreError::Format { given: 9 }));
        for cut in 0..good.len() {
            assert!(restore(&good[..cut]).is_err(), "cut at {cut}");
        }
    }

    fn command() -> impl Strategy<Value = Command> {
        let operation = prop_oneof![
            (0..4u8, 0..4u8).prop_map(|(key, value)| Operation::Put {
                key: Bytes::from(vec![key]),
                value: Bytes::from(vec![value]),
            }),
            (0..4u8).prop_map(|key| Operation::Delete {
                key: Bytes::from(vec![key])
            }),
            (0..4u8).prop_map(|key| Operation::Get {
                key: Bytes::from(vec![key])
            }),
        ];
        prop_oneof![
            1 => Just(Command::OpenSession),
            9 => (1..4u64, 1..9u64, 1..5u64, operation)
                .prop_map(|(s, n, ack, operation)| apply(s, n, ack, operation)),
        ]
    }

    proptest! {
        /// The naive twin keeps every request ever applied, for ever.
        #[test]
        fn nothing_is_ever_applied_twice(
            commands in prop::collection::vec(command(), 0..80), answers in 1..4u64,
        ) {
            let limits = Limits { answers, sessions: 3, ..Limits::default() };
            let mut cache = Cache::new(limits);
            let mut applied = BTreeSet::new();
            let mut keys: BTreeMap<Bytes, Bytes> = BTreeMap::new();
            for (command, index) in commands.iter().zip(1..) {
                let outcome = cache.apply(Index(index), command);
                let Command::Apply(request) = command else { continue };
                let fresh = !outcome.duplicate && !matches!(outcome.answer, Answer::Refused(_));
                if fresh {
                    prop_assert!(applied.insert((request.session, request.sequence)));
                    match &request.operation {
                        Operation::Put { key, value } => {
                            keys.insert(key.clone(), value.clone());
                        }
                        Operation::Delete { key } => {
                            keys.remove(key);
                        }
                        Operation::Get { key } => {
                            let found = match &outcome.answer {
                                Answer::Found(found) => found.as_ref().map(|held| &held.value),
                                other => panic!("a read finds: {other:?}"),
                            };
                            prop_assert_eq!(found, keys.get(key));
                        }
                    }
                }
            }
            let held: BTreeMap<Bytes, Bytes> =
                cache.iter().map(|(key, held)| (key.clone(), held.value.clone())).collect();
            prop_assert_eq!(held, keys);
        }

        /// A server that restarted from a snapshot answers as one that did not.
        #[test]
        fn snapshots_carry_everything_that_decides_an_answer(
            commands in prop::collection::vec(command(), 0..60), at in 0..60usize,
        ) {
            let limits = Limits { answers: 2, sessions: 3, ..Limits::default() };
            let mut straight = Cache::new(limits.clone());
            let mut restarted = Cache::new(limits.clone());
            for (place, (command, index)) in commands.iter().zip(1..).enumerate() {
                if place == at {
                    let image = restarted.snapshot();
                    restarted = Cache::restore(limits.clone(), &image).expect("just written");
                    prop_assert_eq!(restarted.snapshot(), image);
                }
                let answers = (straight.apply(Index(index), command), restarted.apply(Index(index), command));
                prop_assert_eq!(answers.0, answers.1);
            }
            prop_assert_eq!(straight.digest(), restarted.digest());
        }
    }
}
