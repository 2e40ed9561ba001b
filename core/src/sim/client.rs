//! A client of the simulation: what it is asked to do, what it asks the cluster, and what it learned.
//!
//! How a client of a cluster behaves is [`client::Client`]; here is what only a simulation has. It is
//! told operations by a scenario, a person or a workload, keeps those that wait, and remembers each
//! with its answer.

mod load;
mod result;

use super::scenario::{Operation, Workload};
use crate::cache::SessionId;
use crate::client::{self, CallId, CallResult};
use crate::replica::{ClientId, Request, Response};
use crate::types::{ConfigError, Duration, Instant, NodeId, Rng, Settings, settings};
use imbl::{OrdMap, Vector};
use load::Load;
use serde::Serialize;

pub use crate::client::RetryReason;
pub use result::OperationResult;

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
        /// How many requests of a client may be under way at once. At most as many as a session
        /// remembers answers (cache.answers).
        window: u32 = 1, in 1..=1_024, "requests";
        /// How long a client tries before it gives a request up.
        deadline: Duration = Duration::secs(60), in Duration::millis(1)..=Duration::secs(7 * 86_400);
        /// How long its session may be silent before a client tells the cluster that it is still wanted.
        /// If that is not well below cache.session_timeout, sessions expire.
        keep_alive: Duration = Duration::secs(20), in Duration::millis(1)..=Duration::secs(7 * 86_400);
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

    fn of_one(&self) -> client::Config {
        client::Config {
            window: self.window,
            timeout: self.timeout,
            deadline: self.deadline,
            backoff_min: self.backoff_min,
            backoff_max: self.backoff_max,
            keep_alive: self.keep_alive,
        }
    }
}

/// One client. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Client {
    half: client::Client,
    /// When that half wants to be woken. The world asks at every step, and much has to be looked
    /// through for the answer.
    half_wakes_at: Option<Instant>,
    queue: Vector<Queued>,
    under_way: OrdMap<CallId, UnderWay>,
    history: Vector<Answered>,
    /// Answers that are not in the history any more.
    forgotten: u64,
    load: Option<Load>,
    hits: u64,
    misses: u64,
    shed: u64,
}

/// An operation that waits.
#[derive(Clone, Debug)]
struct Queued {
    operation: Operation,
    /// What is done next if it is a read that finds nothing.
    on_miss: Option<Operation>,
}

/// An operation that was sent.
#[derive(Clone, Debug)]
struct UnderWay {
    operation: Operation,
    on_miss: Option<Operation>,
    invoked_at: Instant,
}

/// A workload goes on while nobody answers; what comes while so many operations wait is left out.
const QUEUE: usize = 10_000;

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
    /// An operation is answered, or given up.
    Answered(Answered),
    /// The cluster has closed its session.
    SessionExpired(SessionId),
    /// It asks for one thing after another from now on.
    WorkloadBegun(Workload),
    /// It does not any more.
    WorkloadEnded,
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
    pub fn new(id: ClientId, config: &ClientConfig, servers: u32, rng: Rng) -> Client {
        Client {
            half: client::Client::new(id, config.of_one(), servers, rng),
            half_wakes_at: None,
            queue: Vector::new(),
            under_way: OrdMap::new(),
            history: Vector::new(),
            forgotten: 0,
            load: None,
            hits: 0,
            misses: 0,
            shed: 0,
        }
    }

    /// Adds operations behind those that wait.
    pub fn enqueue(
        &mut self,
        now: Instant,
        operations: impl IntoIterator<Item = Operation>,
        out: &mut ClientOutput,
    ) {
        let queued = operations.into_iter().map(|operation| Queued {
            operation,
            on_miss: None,
        });
        self.queue.extend(queued);
        self.invoke(now, out);
    }

    /// Begins a workload, in the place of the one before.
    pub fn begin_workload(
        &mut self,
        now: Instant,
        (workload, seed): (&Workload, u64),
        out: &mut ClientOutput,
    ) {
        self.load = Some(Load::new(workload, now, seed));
        out.events
            .push(ClientEvent::WorkloadBegun(workload.clone()));
    }

    /// Ends the workload; what waits is still done. Tells whether there was one.
    pub fn end_workload(&mut self, out: &mut ClientOutput) -> bool {
        let ended = self.load.take().is_some();
        if ended {
            out.events.push(ClientEvent::WorkloadEnded);
        }
        ended
    }

    /// When [`Client::on_deadline`] is wanted.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let load = self.load.as_ref().map(Load::wakes_at);
        self.half_wakes_at.into_iter().chain(load).min()
    }

    /// Does everything whose time has come.
    pub fn on_deadline(&mut self, now: Instant, out: &mut ClientOutput) {
        if self.half_wakes_at.is_some_and(|at| at <= now) {
            self.with_half(now, |half, told| half.on_deadline(now, told), out);
        }
        while let Some(load) = self.load.as_mut().filter(|load| load.wakes_at() <= now) {
            if load.is_over() {
                self.end_workload(out);
                break;
            }
            let (operation, on_miss) = load.draw();
            if self.queue.len() < QUEUE {
                self.queue.push_back(Queued { operation, on_miss });
            } else {
                self.shed += 1;
            }
        }
        self.invoke(now, out);
    }

    /// A server answered.
    pub fn on_response(
        &mut self,
        now: Instant,
        from: NodeId,
        response: Response,
        out: &mut ClientOutput,
    ) {
        self.with_half(
            now,
            |half, told| half.on_response(now, from, response, told),
            out,
        );
        self.invoke(now, out);
    }

    /// Asks for what waits, as far as there is room.
    fn invoke(&mut self, now: Instant, out: &mut ClientOutput) {
        while self.half.has_room() {
            let Some(Queued { operation, on_miss }) = self.queue.pop_front() else {
                return;
            };
            out.events.push(ClientEvent::Invoked(operation.clone()));
            let mut told = client::Output::default();
            let call = self.half.call(now, result::call(&operation), &mut told);
            let under_way = UnderWay {
                operation,
                on_miss,
                invoked_at: now,
            };
            self.under_way.insert(call, under_way);
            self.tell(now, told, out);
        }
    }

    fn with_half(
        &mut self,
        now: Instant,
        tell: impl FnOnce(&mut client::Client, &mut client::Output),
        out: &mut ClientOutput,
    ) {
        let mut told = client::Output::default();
        tell(&mut self.half, &mut told);
        self.tell(now, told, out);
    }

    /// What the other half said, after anything was said to it.
    fn tell(&mut self, now: Instant, told: client::Output, out: &mut ClientOutput) {
        self.half_wakes_at = self.half.deadline();
        out.requests.extend(told.requests);
        for event in told.events {
            match event {
                client::Event::Retried {
                    call: _,
                    attempt,
                    to,
                    why,
                } => out.events.push(ClientEvent::Retried { attempt, to, why }),
                client::Event::SessionOpened(session) => {
                    out.events.push(ClientEvent::SessionOpened(session));
                }
                client::Event::SessionExpired(session) => {
                    out.events.push(ClientEvent::SessionExpired(session));
                }
                client::Event::Answered { call, result } => {
                    self.on_answer(now, (call, result), out)
                }
            }
        }
    }

    fn on_answer(
        &mut self,
        now: Instant,
        (call, result): (CallId, CallResult),
        out: &mut ClientOutput,
    ) {
        let Some(UnderWay {
            operation,
            on_miss,
            invoked_at,
        }) = self.under_way.remove(&call)
        else {
            return;
        };
        let result = OperationResult::of(result);
        let (hits, misses) = result.hits_and_misses();
        self.hits += hits;
        self.misses += misses;
        if let Some(operation) = on_miss.filter(|_| misses > 0) {
            let on_miss = None;
            self.queue.push_front(Queued { operation, on_miss });
        }
        let answered = Answered {
            operation,
            invoked_at,
            answered_at: now,
            result,
        };
        self.history.push_back(answered.clone());
        out.events.push(ClientEvent::Answered(answered));
    }
}

impl Client {
    /// Forgets all but so many of the newest answers.
    pub fn forget_past(&mut self, answers: usize) {
        let old = self.history.len().saturating_sub(answers);
        self.history = self.history.skip(old);
        self.forgotten += old as u64;
    }
}

/// What may be known from outside.
impl Client {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.half.id()
    }

    /// Its session.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.half.session()
    }

    /// The oldest operation under way, and how often it was sent.
    #[must_use]
    pub fn current(&self) -> Option<(&Operation, u64)> {
        let (call, oldest) = self.under_way.get_min()?;
        Some((&oldest.operation, self.half.attempts(*call)))
    }

    /// How many operations are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// How many operations wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Whom it asks next.
    #[must_use]
    pub fn target(&self) -> NodeId {
        self.half.target()
    }

    /// Everything answered so far, oldest first, but what was forgotten.
    #[must_use]
    pub fn history(&self) -> &Vector<Answered> {
        &self.history
    }

    /// How many operations were answered, or given up.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.forgotten + self.history.len() as u64
    }

    /// How many keys its reads have found.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// How many keys its reads have not found.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses
    }

    /// How many operations of its workload were left out because too many waited.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.shed
    }

    /// Whether it has a workload.
    #[must_use]
    pub fn has_workload(&self) -> bool {
        self.load.is_some()
    }
}

#[cfg(test)]
mod tests;
