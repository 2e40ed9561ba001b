//! One request under way, from its first attempt until it is answered or given up.

use super::call::{CallId, Config};
use crate::cache::{Apply, Command, Operation, Query, Sequence, SessionId};
use crate::replica::{Consistency, RequestBody};
use crate::types::{Duration, Instant, NodeId, Rng};

/// A request and its attempts.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) purpose: Purpose,
    /// When its program asked for it.
    pub(super) since: Instant,
    /// When it was first sent: whatever it does to the session happens after that.
    pub(super) first_sent: Instant,
    pub(super) attempts: u64,
    /// The server that was asked last.
    pub(super) asked: NodeId,
    /// It pauses before it asks again.
    pub(super) pausing: bool,
    /// When to give up waiting for the server, or to ask again.
    pub(super) wake_at: Instant,
    /// Leaders turned to since the last pause: two servers may name each other.
    pub(super) redirects: u32,
    /// Pauses so far: each is twice as long as the one before.
    pauses: u32,
}

/// What a request is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    OpenSession,
    KeepAlive(SessionId),
    CloseSession(SessionId),
    Write {
        call: CallId,
        session: SessionId,
        sequence: Sequence,
        operation: Operation,
    },
    Read {
        call: CallId,
        query: Query,
        consistency: Consistency,
        server: Option<NodeId>,
    },
}

impl Purpose {
    /// The call that waits for the answer.
    pub(super) fn call(&self) -> Option<CallId> {
        match self {
            Purpose::Write { call, .. } | Purpose::Read { call, .. } => Some(*call),
            Purpose::OpenSession | Purpose::KeepAlive(_) | Purpose::CloseSession(_) => None,
        }
    }

    /// The only server that may be asked.
    pub(super) fn pinned(&self) -> Option<NodeId> {
        match self {
            Purpose::Read { server, .. } => *server,
            _ => None,
        }
    }

    /// The session that an answer shows to be open.
    pub(super) fn session(&self) -> Option<SessionId> {
        match self {
            Purpose::Write { session, .. }
            | Purpose::KeepAlive(session)
            | Purpose::CloseSession(session) => Some(*session),
            Purpose::OpenSession | Purpose::Read { .. } => None,
        }
    }

    /// What is sent. Attempts differ in nothing but in what they acknowledge, and all bear the
    /// number of the same request: an answer to an earlier one is an answer.
    pub(super) fn body(&self, acknowledged: Sequence) -> RequestBody {
        RequestBody::Command(match self {
            Purpose::OpenSession => Command::OpenSession,
            Purpose::KeepAlive(session) => Command::KeepAlive(*session),
            Purpose::CloseSession(session) => Command::CloseSession(*session),
            Purpose::Write {
                call: _,
                session,
                sequence,
                operation,
            } => Command::Apply(Apply {
                session: *session,
                sequence: *sequence,
                acknowledged,
                operation: operation.clone(),
            }),
            Purpose::Read {
                call: _,
                query,
                consistency,
                server: _,
            } => {
                return RequestBody::Read {
                    query: query.clone(),
                    consistency: *consistency,
                };
            }
        })
    }
}

impl Flight {
    pub(super) fn new(purpose: Purpose, since: Instant) -> Flight {
        Flight {
            purpose,
            since,
            first_sent: since,
            attempts: 0,
            asked: NodeId(0),
            pausing: false,
            wake_at: since,
            redirects: 0,
            pauses: 0,
        }
    }

    /// It is sent now.
    pub(super) fn sent(&mut self, to: NodeId, now: Instant, timeout: Duration) {
        if self.attempts == 0 {
            self.first_sent = now;
        }
        self.attempts += 1;
        self.asked = to;
        self.pausing = false;
        self.wake_at = now + timeout;
    }

    /// It waits before it asks again: twice as long each time, with a random part so that clients do
    /// not come back together.
    pub(super) fn pause(&mut self, now: Instant, config: &Config, rng: &mut Rng) {
        let (min, max) = (config.backoff_min.0, config.backoff_max.0);
        let longest = min.saturating_mul(1 << self.pauses.min(20)).min(max);
        let pause = Duration::micros(rng.between(longest / 2, longest).max(1));
        self.pausing = true;
        self.pauses += 1;
        self.redirects = 0;
        self.wake_at = now + pause;
    }

    /// When it is given up; never a request for a session, which goes when nobody waits for it.
    pub(super) fn gives_up_at(&self, config: &Config) -> Option<Instant> {
        let patient = matches!(self.purpose, Purpose::OpenSession);
        (!patient).then(|| self.since + config.deadline)
    }
}
