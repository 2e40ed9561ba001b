//! What a program asks of its client, and what the client tells it.

use crate::cache::{Answer, Found, Operation, Query, Refusal, SessionId};
use crate::replica::{Consistency, Request, Staleness};
use crate::types::{Duration, Index, NodeId};
use serde::Serialize;

/// How a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many requests may be under way at once, at least one. The server refuses writes further
    /// ahead of the first one without an answer than its `cache.answers`.
    pub window: u32,
    /// How long it waits for an answer before it asks the next server.
    pub timeout: Duration,
    /// How long it tries before it gives a request up.
    pub deadline: Duration,
    /// The shortest pause before a refused request is sent again; it doubles with each attempt.
    pub backoff_min: Duration,
    /// The longest such pause.
    pub backoff_max: Duration,
    /// How long a session may be silent before the client tells the cluster that it is still wanted;
    /// well below the time after which the cluster closes it.
    pub keep_alive: Duration,
}

/// Names a call of one client, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// What a program asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Something that goes through the log, once, in the client's session. Also a read that wants its
    /// turn among the writes.
    Write(Operation),
    /// A read beside the log.
    Read {
        /// What is asked for.
        query: Query,
        /// How fresh the answer must be.
        consistency: Consistency,
        /// The only server to ask; any when absent.
        server: Option<NodeId>,
    },
}

/// What the cluster says to a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// The write is committed and applied.
    Applied {
        /// Where the answer was given: for a write sent again, the place of its last copy.
        index: Index,
        /// What the state machine said to the first copy.
        answer: Answer,
    },
    /// What a read beside the log found.
    Found {
        /// The state that was read.
        index: Index,
        /// What was found.
        found: Found,
        /// For a read that may be stale, how stale.
        staleness: Option<Staleness>,
    },
}

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallError {
    /// The cluster refused it, and nothing was changed.
    #[error("{0}")]
    Refused(Refusal),
    /// The cluster closed the session while the write was under way. An earlier copy may have been
    /// applied; none will be any more.
    #[error("session {session} has expired: whether the write was applied cannot be known")]
    SessionExpired {
        /// The session.
        session: SessionId,
    },
    /// There was no answer in time.
    #[error("no answer in time: {}", match may_have_been_applied {
        true => "it may have been applied, or may still be",
        false => "nothing was changed",
    })]
    DeadlineExceeded {
        /// Whether a copy of a write was sent. A server that refused it says nothing of other
        /// copies: the network may have made one. Late copies are refused from when the cluster has
        /// applied a write that was first sent when neither this one nor any before it was under way.
        may_have_been_applied: bool,
    },
    /// The client was shut down before it was sent.
    #[error("the client was shut down before the request was sent")]
    ShutDown,
}

/// What becomes of a call.
pub type CallResult = Result<Reply, CallError>;

/// Something that happened at a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It will send a request again, at once or after a pause.
    Retried {
        /// The call; none when it is about the session itself.
        call: Option<CallId>,
        /// Which attempt this is, from 2.
        attempt: u64,
        /// Whom it asks now.
        to: NodeId,
        /// Why.
        why: RetryReason,
    },
    /// Its session is open.
    SessionOpened(SessionId),
    /// The cluster has closed its session.
    SessionExpired(SessionId),
    /// A call is over. This is told once of each.
    Answered {
        /// The call.
        call: CallId,
        /// What became of it.
        result: CallResult,
    },
}

/// Why a client sends again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum RetryReason {
    /// No answer came in time.
    TimedOut,
    /// The server named the leader.
    Redirected,
    /// The server knows no leader.
    NoLeader,
    /// The server lost its leadership with the request under way.
    Unknown,
    /// The server takes no requests for a while.
    Busy,
    /// The session remembers as many answers as it may, until the client acknowledges some.
    Unacknowledged,
}

/// What a client wants sent, and what happened.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Send these. They may be lost, delayed, repeated and reordered.
    pub requests: Vec<(NodeId, Request)>,
    /// What happened, in order.
    pub events: Vec<Event>,
}
