//! A cache that is obviously right: everything that has expired goes at once, nothing is indexed, and
//! every rule is written out where it counts. It does not choose whom to evict: it is told.

use crate::cache::{
    Answer, Apply, Command, Config, Found, Operation, Query, Refusal, RemovalReason, Removed,
    Stamped, TimeToLive, Versioned,
};
use crate::types::{Duration, LogTime};
use bytes::Bytes;
use std::collections::BTreeMap;

pub(super) struct Twin {
    config: Config,
    time: LogTime,
    pub(super) keys: BTreeMap<Bytes, Versioned>,
    sessions: BTreeMap<u64, TwinSession>,
    /// Every request ever done, with when: none is done twice.
    done: BTreeMap<(u64, u64), u64>,
}

struct TwinSession {
    heard: (LogTime, u64),
    acknowledged: u64,
    answers: BTreeMap<u64, Answer>,
}

impl Twin {
    pub(super) fn new(config: Config) -> Twin {
        Twin {
            config,
            time: LogTime::ZERO,
            keys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            done: BTreeMap::new(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        let sizes = self
            .keys
            .iter()
            .map(|(key, held)| (key.len() + held.value.len()) as u64);
        sizes.sum()
    }

    /// What the command at `index` is answered. `removed` is what the machine evicted with it.
    pub(super) fn apply(&mut self, index: u64, stamped: &Stamped, removed: &[Removed]) -> Answer {
        self.time = self.time.max(stamped.time);
        let time = self.time;
        self.keys
            .retain(|_, held| held.expires.is_none_or(|expires| expires > time));
        let timeout = self.config.session_timeout;
        self.sessions
            .retain(|_, session| session.heard.0 + timeout > time);
        for one in removed {
            match one.why {
                RemovalReason::Expired => assert!(!self.keys.contains_key(&one.key), "{one:?}"),
                RemovalReason::Evicted(_) | RemovalReason::Chosen => {
                    assert!(
                        self.keys.remove(&one.key).is_some(),
                        "{one:?} was not there"
                    );
                }
            }
        }
        match &stamped.command {
            Command::OpenSession => {
                while self.sessions.len() as u64 >= self.config.sessions {
                    let silent = self
                        .sessions
                        .iter()
                        .min_by_key(|(_, session)| session.heard);
                    let id = *silent.expect("there are some").0;
                    self.sessions.remove(&id);
                }
                let session = TwinSession {
                    heard: (time, index),
                    acknowledged: 0,
                    answers: BTreeMap::new(),
                };
                self.sessions.insert(index, session);
                Answer::SessionOpened(crate::cache::SessionId(index))
            }
            Command::KeepAlive(session) => match self.sessions.get_mut(&session.0) {
                Some(known) => {
                    known.heard = (time, index);
                    Answer::SessionKept
                }
                None => Answer::Refused(Refusal::SessionExpired { session: *session }),
            },
            Command::CloseSession(session) => {
                self.sessions.remove(&session.0);
                Answer::SessionClosed
            }
            Command::Advance => Answer::Advanced,
            Command::Apply(apply) => self.once(index, apply),
            Command::Evict(_) | Command::Configure(_) => unreachable!("not drawn"),
        }
    }

    fn once(&mut self, index: u64, apply: &Apply) -> Answer {
        let Apply {
            session,
            sequence,
            acknowledged,
            operation,
        } = apply;
        let (window, time) = (self.config.answers, self.time);
        let Some(known) = self.sessions.get_mut(&session.0) else {
            return Answer::Refused(Refusal::SessionExpired { session: *session });
        };
        known.heard = (time, index);
        let below = acknowledged.0.min(sequence.0).saturating_sub(1);
        known.acknowledged = known.acknowledged.max(below);
        let forgotten = known.acknowledged;
        known.answers.retain(|number, _| *number > forgotten);
        if let Some(answer) = known.answers.get(&sequence.0) {
            return answer.clone();
        }
        if sequence.0 == 0 {
            return Answer::Refused(Refusal::SequenceZero);
        }
        if sequence.0 <= forgotten {
            return Answer::Refused(Refusal::AnswerForgotten {
                sequence: *sequence,
            });
        }
        if sequence.0 > forgotten + window {
            let (sequence, limit) = (*sequence, window);
            return Answer::Refused(Refusal::WindowExceeded { sequence, limit });
        }
        let first = self.done.insert((session.0, sequence.0), index);
        assert_eq!(first, None, "{session} #{} is done twice", sequence.0);
        let answer = match self.config.rejection(operation) {
            Some(answer) => answer,
            None => self.execute(index, operation),
        };
        let known = self.sessions.get_mut(&session.0).expect("looked up above");
        known.answers.insert(sequence.0, answer.clone());
        answer
    }

    fn expires(&self, ttl: Option<TimeToLive>) -> Option<LogTime> {
        ttl.map(|ttl| self.time + Duration::micros(ttl.0))
    }

    fn write(&mut self, key: &Bytes, value: Bytes, version: u64, expires: Option<LogTime>) {
        self.keys.insert(
            key.clone(),
            Versioned {
                value,
                version,
                expires,
            },
        );
    }

    fn execute(&mut self, index: u64, operation: &Operation) -> Answer {
        let held = |key: &Bytes| self.keys.get(key).cloned();
        match operation {
            Operation::Put { key, value, ttl } => {
                self.write(key, value.clone(), index, self.expires(*ttl));
                Answer::Written { version: index }
            }
            Operation::Delete { key } => Answer::Deleted {
                existed: self.keys.remove(key).is_some(),
            },
            Operation::Touch { key, ttl } => {
                let expires = self.expires(*ttl);
                let known = self.keys.get_mut(key);
                let existed = known.map(|held| held.expires = expires).is_some();
                Answer::Touched { existed }
            }
            Operation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            } => {
                let current = held(key).map(|held| held.version);
                if current != *expected {
                    return Answer::NotSwapped { current };
                }
                self.write(key, value.clone(), index, self.expires(*ttl));
                Answer::Written { version: index }
            }
            Operation::Increment { key, by } => {
                let before = held(key);
                let text = before.as_ref().map_or("0".into(), |held| {
                    String::from_utf8_lossy(&held.value).into_owned()
                });
                let digits = text.strip_prefix('-').unwrap_or(&text);
                let plain = match digits.bytes().next() {
                    Some(b'1'..=b'9') => true,
                    Some(b'0') => text == "0",
                    _ => false,
                };
                let number = text.parse::<i64>().ok().filter(|_| plain);
                let Some(number) = number else {
                    return Answer::Refused(Refusal::NotANumber);
                };
                let Some(value) = number.checked_add(*by) else {
                    return Answer::Refused(Refusal::Overflow {
                        value: number,
                        by: *by,
                    });
                };
                let expires = before.and_then(|held| held.expires);
                self.write(key, value.to_string().into(), index, expires);
                Answer::Counted {
                    value,
                    version: index,
                }
            }
            Operation::Read(query) => match self.find(query) {
                Ok(found) => Answer::Found(found),
                Err(refusal) => Answer::Refused(refusal),
            },
            Operation::Batch(operations) => {
                let before = self.keys.clone();
                let mut answers = Vec::new();
                let (mut found, limit) = (0, self.config.found_bytes);
                for (operation, at) in operations.iter().zip(0..) {
                    let mut answer = self.execute(index, operation);
                    if let Answer::Found(what) = &answer {
                        found += bytes_of(what);
                        if found > limit {
                            answer = Answer::Refused(Refusal::FoundTooLarge { found, limit });
                        }
                    }
                    if matches!(answer, Answer::NotSwapped { .. } | Answer::Refused(_)) {
                        self.keys = before;
                        let answer = Box::new(answer);
                        return Answer::BatchNotDone { at, answer };
                    }
                    answers.push(answer);
                }
                Answer::Batch(answers)
            }
        }
    }

    pub(super) fn find(&self, query: &Query) -> Result<Found, Refusal> {
        let most = self.config.found_bytes;
        Ok(match query {
            Query::Get { key } => Found::Value(self.keys.get(key).cloned()),
            Query::GetMany { keys } => {
                let values = keys.iter().map(|key| self.keys.get(key).cloned());
                let values = Found::Values(values.collect());
                let (found, limit) = (bytes_of(&values), most);
                if found > limit {
                    return Err(Refusal::FoundTooLarge { found, limit });
                }
                values
            }
            Query::List {
                prefix,
                after,
                limit,
            } => {
                let mut all: Vec<(Bytes, u64)> = Vec::new();
                for (key, held) in &self.keys {
                    let later = after.as_ref().is_none_or(|after| key > after);
                    if key.starts_with(prefix) && later {
                        all.push((key.clone(), held.version));
                    }
                }
                let whole = all.len();
                all.truncate(*limit as usize);
                while all.len() > 1
                    && all.iter().map(|(key, _)| key.len()).sum::<usize>() as u64 > most
                {
                    all.pop();
                }
                let more = all.len() < whole;
                Found::Page { keys: all, more }
            }
        })
    }
}

fn bytes_of(found: &Found) -> u64 {
    let bytes = match found {
        Found::Value(value) => value.iter().map(|held| held.value.len()).sum(),
        Found::Values(values) => values.iter().flatten().map(|held| held.value.len()).sum(),
        Found::Page { keys, .. } => keys.iter().map(|(key, _)| key.len()).sum::<usize>(),
    };
    bytes as u64
}
