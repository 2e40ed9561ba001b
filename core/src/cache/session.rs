//! What makes a repeated request harmless (dissertation, section 6.3).

use super::command::{Answer, Sequence, SessionId};
use super::config::Config;
use super::refusal::Refusal;
use crate::types::LogTime;
use core::ops::Bound;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is remembered of one client session.
///
/// Every number up to `forgotten` was applied or given up by the client, and is never applied
/// again; above it, exactly the numbers in `answers` were applied. No number beyond `forgotten` plus
/// the window is applied, so nothing that the client may still ask for is ever given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    forgotten: u64,
    answers: BTreeMap<u64, Answer>,
    /// The bytes of all answers, as they are written.
    #[serde(skip)]
    bytes: u64,
    /// Log time when it was last heard of.
    active: LogTime,
    /// The log index of that: of sessions heard of at the same time, the lower one is older.
    heard_at: u64,
}

/// What a session says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is new.
    Never,
    /// It was applied, and this was the answer.
    Before(Answer),
    /// It is new, and cannot be taken now.
    Refused(Refusal),
}

impl Session {
    fn new((active, heard_at): (LogTime, u64)) -> Session {
        Session {
            forgotten: 0,
            answers: BTreeMap::new(),
            bytes: 0,
            active,
            heard_at,
        }
    }

    /// The session that a snapshot tells of; none if it cannot have been.
    pub(super) fn restored(self) -> Option<Session> {
        let next = self.answers.first_key_value().map(|(next, _)| *next);
        let bytes = self.answers.values().map(size).sum();
        let possible = next.is_none_or(|next| next > self.forgotten);
        possible.then_some(Session { bytes, ..self })
    }

    fn seen(&self, sequence: Sequence, config: &Config) -> Seen {
        if sequence.0 == 0 {
            return Seen::Refused(Refusal::SequenceZero);
        }
        if let Some(answer) = self.answers.get(&sequence.0) {
            return Seen::Before(answer.clone());
        }
        if sequence.0 <= self.forgotten {
            return Seen::Before(Answer::Refused(Refusal::AnswerForgotten { sequence }));
        }
        let limit = config.answers;
        if sequence.0 - self.forgotten > limit {
            return Seen::Refused(Refusal::WindowExceeded { sequence, limit });
        }
        let (held, limit) = (self.bytes, config.answer_bytes);
        if held > limit {
            return Seen::Refused(Refusal::AnswersTooLarge { held, limit });
        }
        Seen::Never
    }

    /// The client has all answers below `acknowledged`.
    fn forget_below(&mut self, acknowledged: Sequence) {
        let below = acknowledged.0.saturating_sub(1);
        if below > self.forgotten {
            self.forgotten = below;
            let kept = self.answers.split_off(&acknowledged.0);
            let gone = std::mem::replace(&mut self.answers, kept);
            self.bytes -= gone.values().map(size).sum::<u64>();
        }
    }

    fn remember(&mut self, sequence: Sequence, answer: Answer) {
        self.bytes += size(&answer);
        self.answers.insert(sequence.0, answer);
    }

    /// The newest number that was applied.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.answers
            .last_key_value()
            .map_or(self.forgotten, |(newest, _)| *newest)
    }

    /// How many answers it remembers.
    #[must_use]
    pub fn remembered(&self) -> u64 {
        self.answers.len() as u64
    }

    /// The bytes of the answers that it remembers.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Log time when it was last heard of.
    #[must_use]
    pub fn active(&self) -> LogTime {
        self.active
    }
}

/// What an answer counts for: the bytes in which it is written.
fn size(answer: &Answer) -> u64 {
    let size = postcard::serialize_with_flavor(answer, postcard::ser_flavors::Size::default());
    size.expect("answers hold nothing that cannot be encoded") as u64
}

/// All open sessions. Cloning is cheap.
///
/// Invariant: `order` holds exactly when each of `open` was last heard of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Sessions {
    open: OrdMap<SessionId, Session>,
    /// The one that was silent for longest first.
    order: OrdSet<(LogTime, u64, SessionId)>,
}

impl Sessions {
    /// Closes the session that was silent for longest, if there is no room for another one.
    pub(super) fn make_room(&mut self, config: &Config) -> Option<SessionId> {
        if (self.open.len() as u64) < config.sessions {
            return None;
        }
        let (_, _, silent) = self.order.get_min().copied()?;
        self.close(silent);
        Some(silent)
    }

    /// Opens the session that is named after the log index `index`.
    pub(super) fn open(&mut self, (time, index): (LogTime, u64)) -> SessionId {
        let id = SessionId(index);
        self.insert(id, Session::new((time, index)));
        id
    }

    pub(super) fn insert(&mut self, id: SessionId, session: Session) {
        self.order.insert((session.active, session.heard_at, id));
        self.open.insert(id, session);
    }

    pub(super) fn close(&mut self, id: SessionId) -> bool {
        let Some(session) = self.open.remove(&id) else {
            return false;
        };
        self.order.remove(&(session.active, session.heard_at, id));
        true
    }

    /// The session is heard of; false when there is none.
    pub(super) fn hear(&mut self, id: SessionId, (time, index): (LogTime, u64)) -> bool {
        let Some(session) = self.open.get_mut(&id) else {
            return false;
        };
        self.order.remove(&(session.active, session.heard_at, id));
        (session.active, session.heard_at) = (time, index);
        self.order.insert((time, index, id));
        true
    }

    /// What an open session says of a request, after it has forgotten what the client has
    /// acknowledged.
    pub(super) fn seen(
        &mut self,
        id: SessionId,
        (sequence, acknowledged): (Sequence, Sequence),
        config: &Config,
    ) -> Seen {
        let Some(session) = self.open.get_mut(&id) else {
            return Seen::Refused(Refusal::SessionExpired { session: id });
        };
        // A copy of an old request acknowledges less than the session knows, which says nothing. And no
        // request acknowledges itself.
        session.forget_below(acknowledged.min(sequence));
        session.seen(sequence, config)
    }

    pub(super) fn remember(&mut self, id: SessionId, sequence: Sequence, answer: Answer) {
        if let Some(session) = self.open.get_mut(&id) {
            session.remember(sequence, answer);
        }
    }

    /// A request counts as one that was never made; only a server that makes a mistake asks for that.
    pub(super) fn forget_answer(&mut self, id: SessionId, sequence: Sequence) {
        if let Some(session) = self.open.get_mut(&id) {
            let gone = session.answers.remove(&sequence.0);
            session.bytes -= gone.as_ref().map_or(0, size);
            session.forgotten = session.forgotten.min(sequence.0.saturating_sub(1));
        }
    }

    /// Closes a session that was silent for so long that it has expired.
    pub(super) fn expire_one(&mut self, time: LogTime, config: &Config) -> Option<SessionId> {
        let (_, _, id) = self.order.get_min().copied()?;
        if self.next_expiry(config)? > time {
            return None;
        }
        self.close(id);
        Some(id)
    }

    /// When the next session expires unless it is heard of.
    pub(super) fn next_expiry(&self, config: &Config) -> Option<LogTime> {
        let (active, _, _) = self.order.get_min()?;
        Some(*active + config.session_timeout)
    }

    /// Whether a session has expired, removed or not.
    pub(super) fn is_expired(&self, id: SessionId, time: LogTime, config: &Config) -> bool {
        let session = self.open.get(&id);
        session.is_none_or(|session| session.active + config.session_timeout <= time)
    }

    /// The sessions behind one, in order.
    pub(super) fn after(
        &self,
        last: Option<SessionId>,
    ) -> impl Iterator<Item = (SessionId, &Session)> {
        let after = last.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.open.range((after, Bound::Unbounded));
        rest.map(|(id, session)| (*id, session))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.open.iter().map(|(id, session)| (*id, session))
    }
}

impl Sessions {
    /// The invariants of the type, and of each session.
    pub(super) fn check_invariants(&self, config: &Config) {
        assert!(self.open.len() as u64 <= config.sessions);
        let order = self
            .open
            .iter()
            .map(|(id, one)| (one.active, one.heard_at, *id));
        assert_eq!(self.order, order.collect());
        for session in self.open.values() {
            assert_eq!(
                session.bytes,
                session.answers.values().map(size).sum::<u64>()
            );
            let window = session.forgotten..=session.forgotten.saturating_add(config.answers);
            let mut numbers = session.answers.keys();
            assert!(numbers.all(|number| *number > session.forgotten && window.contains(number)));
        }
    }
}
