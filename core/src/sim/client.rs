//! A client of the cluster: one operation at a time, again until there is an answer.
//!
//! Like the core it does nothing by itself: it is told the time and what arrived, and says what
//! to send. It opens a session before its first write, numbers its writes, follows hints to the
//! leader, and backs off between attempts.

use super::scenario::{Operation, ReadPath};
use crate::cache::{self, Answer, Apply, Command, Found, Query, Refusal, Sequence, SessionId};
use crate::replica::{
    Busy, ClientId, Consistency, Outcome, Request, RequestBody, Response, Staleness,
};
use crate::types::{ConfigError, Duration, Instant, NodeId, Rng, Settings, settings};
use bytes::Bytes;
use imbl::Vector;
use serde::Serialize;

settings! {
    /// How clients behave.
    pub struct ClientConfig {
        /// How many clients there are.
        count: u32 = 1, in 1..=64, "clients";
        /// How long a client waits for an answer before it asks the next server.
        timeout: Duration = Duration::millis(500), in Duration::millis(1)..=Duration::secs(600);
        /// The shortest pause before a refused request is sent again; it doubles with each
        /// attempt.
        backoff_min: Duration = Duration::millis(20),
            in Duration::millis(1)..=Duration::secs(600);
        /// The longest such pause; at least the shortest.
        backoff_max: Duration = Duration::millis(500),
            in Duration::millis(1)..=Duration::secs(600);
    }
}

impl ClientConfig {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range, or at odds with another.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_ranges()?;
        if self.backoff_max < self.backoff_min {
            return Err(ConfigError::new(
                "backoff_max",
                self.backoff_max,
                format!("at least backoff_min ({})", self.backoff_min),
            ));
        }
        Ok(())
    }
}

/// One client.
#[derive(Clone, Debug)]
pub struct Client {
    id: ClientId,
    config: ClientConfig,
    servers: u32,
    rng: Rng,
    session: Option<SessionId>,
    next_sequence: u64,
    queue: Vector<Operation>,
    current: Option<Current>,
    next_request: u64,
    target: NodeId,
    history: Vector<Answered>,
}

/// The operation under way.
#[derive(Clone, Debug)]
struct Current {
    operation: Operation,
    invoked_at: Instant,
    /// What is asked, the same each time: an answer to an earlier attempt is an answer.
    request: Option<Request>,
    attempts: u64,
    /// The server that was asked last.
    asked: NodeId,
    /// It pauses before it asks again.
    pausing: bool,
    /// When to give up waiting, or to ask again.
    wake_at: Instant,
    /// Leaders turned to since the last pause: two servers may name each other.
    redirects: u32,
    /// Pauses so far: each is twice as long as the one before.
    pauses: u32,
}

/// How many leaders a client turns to before it pauses.
const REDIRECTS: u32 = 2;

/// An operation and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Answered {
    /// What was asked.
    pub operation: Operation,
    /// When it was first sent.
    pub invoked_at: Instant,
    /// When the answer arrived.
    pub answered_at: Instant,
    /// The answer.
    pub result: OperationResult,
}

/// What a client learns of its operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum OperationResult {
    /// The key is written, in this version.
    Written {
        /// The version.
        version: u64,
    },
    /// The key is gone.
    Deleted {
        /// Whether it had been there.
        existed: bool,
    },
    /// What a read found.
    Found {
        /// The value; none when the key is absent.
        value: Option<Bytes>,
        /// The log index of the state that was read.
        index: u64,
        /// For a read that may be stale, how stale.
        staleness: Option<Staleness>,
    },
    /// The cluster refused it.
    Refused(Refusal),
}

/// Something that happened at a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ClientEvent {
    /// It begins an operation.
    Invoked(Operation),
    /// It sends the operation again.
    Retried {
        /// Which attempt this is, from 2.
        attempt: u64,
        /// Whom it asks now.
        to: NodeId,
        /// Why.
        why: RetryReason,
    },
    /// Its session is open.
    SessionOpened(SessionId),
    /// An operation is answered.
    Answered(Answered),
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
}

/// What a client wants sent, and what happened.
#[derive(Clone, Debug, Default)]
pub struct ClientOutput {
    /// Send these.
    pub requests: Vec<(NodeId, Request)>,
    /// What happened.
    pub events: Vec<ClientEvent>,
}

impl Client {
    /// A client that will ask server 1 first, then 2, and so on, each client another first.
    #[must_use]
    pub fn new(id: ClientId, config: ClientConfig, servers: u32, rng: Rng) -> Client {
        Client {
            id,
            config,
            servers,
            rng,
            session: None,
            next_sequence: 1,
            queue: Vector::new(),
            current: None,
            next_request: 0,
            target: NodeId((id.0 - 1) % servers + 1),
            history: Vector::new(),
        }
    }

    /// Adds operations behind those that wait.
    pub fn enqueue(
        &mut self,
        now: Instant,
        operations: impl IntoIterator<Item = Operation>,
        out: &mut ClientOutput,
    ) {
        self.queue.extend(operations);
        self.begin_next(now, out);
    }

    /// When [`Client::on_deadline`] is wanted.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.current.as_ref().map(|current| current.wake_at)
    }

    /// Gives up waiting for an answer, or ends a pause.
    pub fn on_deadline(&mut self, now: Instant, out: &mut ClientOutput) {
        let Some(current) = &self.current else { return };
        if current.pausing {
            self.send(now, out);
        } else {
            self.target = self.next_server();
            self.again(now, RetryReason::TimedOut, out);
        }
    }

    /// A server answered. An answer to what is over is passed over, and so is a refusal of a
    /// server that is not the last one asked.
    pub fn on_response(
        &mut self,
        now: Instant,
        from: NodeId,
        response: Response,
        out: &mut ClientOutput,
    ) {
        let Some(current) = &self.current else { return };
        if current.request.as_ref().map(|request| request.id) != Some(response.id) {
            return;
        }
        let of_last = current.asked == from && !current.pausing;
        match response.outcome {
            Outcome::Applied { index, answer } => {
                // Only the leader answers writes: the next one goes to it.
                self.target = from;
                self.on_answer(now, index.0, answer, out);
            }
            Outcome::Read {
                index,
                found,
                staleness,
            } => {
                self.on_found(now, found, (index.0, staleness), out);
            }
            Outcome::ReadRefused(refusal) => {
                self.finish(now, OperationResult::Refused(refusal), out);
            }
            Outcome::NotLeader { .. } | Outcome::Unknown | Outcome::Busy(_) if !of_last => {}
            Outcome::Busy(Busy::Uncommitted { .. }) => {
                self.pause(now, from, RetryReason::Busy, out);
            }
            Outcome::Busy(Busy::HandingOver { to }) => {
                let to = if self.may_turn_to(to) { to } else { from };
                self.pause(now, to, RetryReason::Busy, out);
            }
            Outcome::NotLeader { leader } => self.on_redirect(now, leader, out),
            Outcome::Unknown => self.pause(now, self.next_server(), RetryReason::Unknown, out),
        }
    }

    fn on_redirect(&mut self, now: Instant, leader: Option<NodeId>, out: &mut ClientOutput) {
        let Some(leader) = leader.filter(|leader| self.may_turn_to(*leader)) else {
            return self.pause(now, self.next_server(), RetryReason::NoLeader, out);
        };
        let redirects = self.current.as_ref().map_or(0, |current| current.redirects);
        if redirects == REDIRECTS {
            return self.pause(now, leader, RetryReason::Redirected, out);
        }
        if let Some(current) = &mut self.current {
            current.redirects += 1;
        }
        self.target = leader;
        self.again(now, RetryReason::Redirected, out);
    }

    fn on_answer(&mut self, now: Instant, index: u64, answer: Answer, out: &mut ClientOutput) {
        match answer {
            Answer::SessionOpened(session) => {
                self.session = Some(session);
                self.next_sequence = 1;
                out.events.push(ClientEvent::SessionOpened(session));
                if let Some(current) = &mut self.current {
                    current.request = None;
                }
                self.send(now, out);
            }
            Answer::Written { version } => {
                self.finish(now, OperationResult::Written { version }, out);
            }
            Answer::Deleted { existed } => {
                self.finish(now, OperationResult::Deleted { existed }, out);
            }
            Answer::Found(found) => self.on_found(now, found, (index, None), out),
            // It asks for nothing that is answered so.
            Answer::SessionKept
            | Answer::SessionClosed
            | Answer::Touched { .. }
            | Answer::NotSwapped { .. }
            | Answer::Counted { .. }
            | Answer::Batch(_)
            | Answer::BatchNotDone { .. }
            | Answer::Advanced
            | Answer::Evicted { .. }
            | Answer::Configured => {}
            Answer::Refused(refusal) => {
                if matches!(refusal, Refusal::SessionExpired { .. }) {
                    self.session = None;
                }
                self.finish(now, OperationResult::Refused(refusal), out);
            }
        }
    }

    fn on_found(
        &mut self,
        now: Instant,
        found: Found,
        (index, staleness): (u64, Option<Staleness>),
        out: &mut ClientOutput,
    ) {
        let Found::Value(value) = found else { return };
        let value = value.map(|versioned| versioned.value);
        let found = OperationResult::Found {
            value,
            index,
            staleness,
        };
        self.finish(now, found, out);
    }

    fn finish(&mut self, now: Instant, result: OperationResult, out: &mut ClientOutput) {
        let Some(current) = self.current.take() else {
            return;
        };
        let Current {
            operation,
            invoked_at,
            ..
        } = current;
        let answered = Answered {
            operation,
            invoked_at,
            answered_at: now,
            result,
        };
        self.history.push_back(answered.clone());
        out.events.push(ClientEvent::Answered(answered));
        self.begin_next(now, out);
    }

    fn begin_next(&mut self, now: Instant, out: &mut ClientOutput) {
        if self.current.is_some() {
            return;
        }
        let Some(operation) = self.queue.pop_front() else {
            return;
        };
        out.events.push(ClientEvent::Invoked(operation.clone()));
        if let Operation::Get {
            node: Some(node), ..
        } = operation
        {
            self.target = node;
        }
        self.current = Some(Current {
            operation,
            invoked_at: now,
            request: None,
            attempts: 0,
            asked: self.target,
            pausing: false,
            wake_at: now,
            redirects: 0,
            pauses: 0,
        });
        self.send(now, out);
    }

    /// Asks for the current operation, or first for the session that it needs.
    fn send(&mut self, now: Instant, out: &mut ClientOutput) {
        let Some(mut current) = self.current.take() else {
            return;
        };
        let request = current.request.take();
        let request = request.unwrap_or_else(|| self.request(&current.operation));
        out.requests.push((self.target, request.clone()));
        self.current = Some(Current {
            request: Some(request),
            attempts: current.attempts + 1,
            asked: self.target,
            pausing: false,
            wake_at: now + self.config.timeout,
            ..current
        });
    }

    fn request(&mut self, operation: &Operation) -> Request {
        let body = match (operation, self.session) {
            (Operation::Get { key, path, .. }, _) if *path != ReadPath::Log => RequestBody::Read {
                query: get(key),
                consistency: consistency(*path),
            },
            (_, None) => RequestBody::Command(Command::OpenSession),
            (operation, Some(session)) => {
                let sequence = Sequence(self.next_sequence);
                self.next_sequence += 1;
                let operation = write(operation);
                // One operation at a time: everything before this one is answered.
                let acknowledged = sequence;
                let apply = Apply {
                    session,
                    sequence,
                    acknowledged,
                    operation,
                };
                RequestBody::Command(Command::Apply(apply))
            }
        };
        self.next_request += 1;
        let (client, id) = (self.id, self.next_request);
        Request { client, id, body }
    }

    fn again(&mut self, now: Instant, why: RetryReason, out: &mut ClientOutput) {
        let attempt = self
            .current
            .as_ref()
            .map_or(1, |current| current.attempts + 1);
        out.events.push(ClientEvent::Retried {
            attempt,
            to: self.target,
            why,
        });
        self.send(now, out);
    }

    /// Waits before it asks again: twice as long each time, with a random part so that clients do
    /// not come back together.
    fn pause(&mut self, now: Instant, to: NodeId, why: RetryReason, out: &mut ClientOutput) {
        let (min, max) = (self.config.backoff_min.0, self.config.backoff_max.0);
        let Some(current) = &mut self.current else {
            return;
        };
        let longest = min.saturating_mul(1 << current.pauses.min(20)).min(max);
        let pause = Duration::micros(self.rng.between(longest / 2, longest).max(1));
        current.pausing = true;
        current.pauses += 1;
        current.redirects = 0;
        current.wake_at = now + pause;
        self.target = to;
        let attempt = current.attempts + 1;
        out.events.push(ClientEvent::Retried { attempt, to, why });
    }

    /// A read of one server is asked of that server only.
    fn pinned(&self) -> Option<NodeId> {
        match self.current.as_ref().map(|current| &current.operation) {
            Some(Operation::Get { node, .. }) => *node,
            _ => None,
        }
    }

    fn may_turn_to(&self, leader: NodeId) -> bool {
        self.pinned().is_none() && leader != self.target && (1..=self.servers).contains(&leader.0)
    }

    fn next_server(&self) -> NodeId {
        self.pinned()
            .unwrap_or(NodeId(self.target.0 % self.servers + 1))
    }
}

/// What may be known from outside.
impl Client {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// Its session.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The operation under way, and how often it was sent.
    #[must_use]
    pub fn current(&self) -> Option<(&Operation, u64)> {
        self.current
            .as_ref()
            .map(|current| (&current.operation, current.attempts))
    }

    /// How many operations wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Whom it asks next.
    #[must_use]
    pub fn target(&self) -> NodeId {
        self.target
    }

    /// Everything answered so far, oldest first.
    #[must_use]
    pub fn history(&self) -> &Vector<Answered> {
        &self.history
    }
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn write(operation: &Operation) -> cache::Operation {
    match operation {
        Operation::Put { key, value } => cache::Operation::Put {
            key: text(key),
            value: text(value),
            ttl: None,
        },
        Operation::Delete { key } => cache::Operation::Delete { key: text(key) },
        Operation::Get { key, .. } => cache::Operation::Read(get(key)),
    }
}

fn get(key: &str) -> Query {
    Query::Get { key: text(key) }
}

/// How fresh a read must be that does not go through the log.
fn consistency(path: ReadPath) -> Consistency {
    match path {
        ReadPath::Lease => Consistency::Lease,
        ReadPath::Stale => Consistency::Stale,
        ReadPath::Quorum | ReadPath::Log => Consistency::Quorum,
    }
}

#[cfg(test)]
mod tests;
