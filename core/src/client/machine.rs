//! The state machine: what a client does when it is told something.

mod patience;

use super::call::{Call, CallError, CallId, CallResult, Config, Event, Output, Reply, RetryReason};
use super::flight::{Flight, Purpose};
use crate::cache::{Answer, Refusal, Sequence, SessionId};
use crate::replica::{Busy, ClientId, Outcome, Request, Response};
use crate::types::{Index, Instant, NodeId, Rng};
use imbl::{OrdMap, Vector};

/// One client of a cluster. Cloning is cheap.
///
/// What makes a write happen at most once, and exactly once when it is answered:
/// 1. A write has one session and one number in it, for as long as it is under way. No other write
///    ever has them.
/// 2. `acknowledged` is the lowest number whose write is under way, and the next number when none
///    is. So the cluster remembers the answer to everything that may still be sent.
/// 3. A write that was given up is not under way, so what is sent later acknowledges past it, once all
///    before it are over too. From when that is applied, the cluster refuses every late copy. The
///    other way, to acknowledge only what was answered, would let one lost write close the window.
#[derive(Clone, Debug)]
pub struct Client {
    id: ClientId,
    config: Config,
    servers: u32,
    rng: Rng,
    session: Option<Open>,
    /// Calls that wait for room in the window or for a session, oldest first.
    waiting: Vector<Waiting>,
    /// Everything under way, by the number of the request.
    flights: OrdMap<u64, Flight>,
    requests: u64,
    calls: u64,
    /// Whom it asks next.
    target: NodeId,
    /// No more calls are taken, and the session is closed when those under way are over.
    ending: bool,
}

/// An open session.
#[derive(Clone, Copy, Debug)]
struct Open {
    id: SessionId,
    /// The number of the next write.
    next: u64,
    /// The cluster has heard of the session at this time or later.
    heard: Instant,
}

/// A call that was not sent yet.
#[derive(Clone, Debug)]
struct Waiting {
    id: CallId,
    call: Call,
    since: Instant,
}

/// How many leaders a client turns to before it pauses.
const REDIRECTS: u32 = 2;

/// What a host tells it.
impl Client {
    /// A client that will ask server 1 first, then 2, and so on, each client another first.
    #[must_use]
    pub fn new(id: ClientId, config: Config, servers: u32, rng: Rng) -> Client {
        Client {
            id,
            config,
            servers,
            rng,
            session: None,
            waiting: Vector::new(),
            flights: OrdMap::new(),
            requests: 0,
            calls: 0,
            target: NodeId((id.0 - 1) % servers + 1),
            ending: false,
        }
    }

    /// Asks for something. Its answer is an [`Event::Answered`], now or later.
    pub fn call(&mut self, now: Instant, call: Call, out: &mut Output) -> CallId {
        self.calls += 1;
        let id = CallId(self.calls);
        if self.ending {
            let result = Err(CallError::ShutDown);
            out.events.push(Event::Answered { call: id, result });
            return id;
        }
        let since = now;
        self.waiting.push_back(Waiting { id, call, since });
        self.begin(now, out);
        id
    }

    /// Takes no more calls, lets those that were sent come to their end, and closes the session. See
    /// [`Client::has_ended`].
    pub fn shut_down(&mut self, now: Instant, out: &mut Output) {
        self.ending = true;
        for Waiting { id: call, .. } in std::mem::take(&mut self.waiting) {
            let result = Err(CallError::ShutDown);
            out.events.push(Event::Answered { call, result });
        }
        self.cancel(|purpose| matches!(purpose, Purpose::OpenSession | Purpose::KeepAlive(_)));
        self.begin(now, out);
    }

    /// When [`Client::on_deadline`] is wanted.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let flights = self.flights.values();
        let woken = flights.map(|flight| {
            let gives_up = flight.gives_up_at(&self.config);
            gives_up.map_or(flight.wake_at, |at| at.min(flight.wake_at))
        });
        let oldest = self.waiting.front();
        let oldest = oldest.map(|waiting| waiting.since + self.config.deadline);
        woken.chain(oldest).chain(self.keep_alive_at()).min()
    }

    /// Does everything whose time has come.
    pub fn on_deadline(&mut self, now: Instant, out: &mut Output) {
        self.give_up(now, out);
        let due = self.flights.iter();
        let due = due.filter(|(_, flight)| flight.wake_at <= now);
        let due: Vec<u64> = due.map(|(request, _)| *request).collect();
        for request in due {
            let flight = &self.flights[&request];
            if flight.pausing {
                self.send(now, request, out);
            } else {
                self.turn_to(request, self.next_server(flight));
                self.again(now, request, RetryReason::TimedOut, out);
            }
        }
        if let Some(open) = self.session
            && self.keep_alive_at().is_some_and(|at| at <= now)
        {
            self.launch(now, Flight::new(Purpose::KeepAlive(open.id), now), out);
        }
        self.begin(now, out);
    }

    /// A server answered. An answer to what is over is passed over, and so is a refusal of a
    /// server that is not the last one asked.
    pub fn on_response(
        &mut self,
        now: Instant,
        from: NodeId,
        response: Response,
        out: &mut Output,
    ) {
        let request = response.id;
        let Some(flight) = self.flights.get(&request) else {
            return;
        };
        let of_last = flight.asked == from && !flight.pausing;
        match response.outcome {
            Outcome::Applied { index, answer } => {
                // Only the leader answers writes: the next one goes to it.
                self.target = from;
                self.on_applied(now, request, (from, index, answer), out);
            }
            Outcome::Read {
                index,
                found,
                staleness,
            } => {
                let reply = Reply::Found {
                    index,
                    found,
                    staleness,
                };
                self.finish(now, request, Ok(reply), out);
            }
            Outcome::ReadRefused(refusal) => {
                self.finish(now, request, Err(CallError::Refused(refusal)), out);
            }
            Outcome::NotLeader { .. } | Outcome::Unknown | Outcome::Busy(_) if !of_last => {}
            Outcome::Busy(Busy::Uncommitted { .. }) => {
                self.pause(now, request, (from, RetryReason::Busy), out);
            }
            Outcome::Busy(Busy::HandingOver { to }) => {
                let to = if self.may_turn_to(flight, to) {
                    to
                } else {
                    from
                };
                self.pause(now, request, (to, RetryReason::Busy), out);
            }
            Outcome::NotLeader { leader } => self.on_redirect(now, request, leader, out),
            Outcome::Unknown => {
                let next = self.next_server(flight);
                self.pause(now, request, (next, RetryReason::Unknown), out);
            }
        }
    }
}

/// What servers say.
impl Client {
    fn on_redirect(
        &mut self,
        now: Instant,
        request: u64,
        leader: Option<NodeId>,
        out: &mut Output,
    ) {
        let flight = &self.flights[&request];
        let Some(leader) = leader.filter(|leader| self.may_turn_to(flight, *leader)) else {
            let next = self.next_server(flight);
            return self.pause(now, request, (next, RetryReason::NoLeader), out);
        };
        if flight.redirects == REDIRECTS {
            return self.pause(now, request, (leader, RetryReason::Redirected), out);
        }
        if let Some(flight) = self.flights.get_mut(&request) {
            flight.redirects += 1;
        }
        self.turn_to(request, leader);
        self.again(now, request, RetryReason::Redirected, out);
    }

    fn on_applied(
        &mut self,
        now: Instant,
        request: u64,
        (from, index, answer): (NodeId, Index, Answer),
        out: &mut Output,
    ) {
        let flight = &self.flights[&request];
        let heard = flight.first_sent;
        match (&flight.purpose, answer) {
            (Purpose::OpenSession, Answer::SessionOpened(id)) => {
                self.flights.remove(&request);
                self.session = Some(Open { id, next: 1, heard });
                out.events.push(Event::SessionOpened(id));
                self.begin(now, out);
            }
            (
                Purpose::Write { session, .. }
                | Purpose::KeepAlive(session)
                | Purpose::CloseSession(session),
                Answer::Refused(Refusal::SessionExpired { .. }),
            ) => {
                let session = *session;
                self.forget_session(session, out);
                self.finish(
                    now,
                    request,
                    Err(CallError::SessionExpired { session }),
                    out,
                );
            }
            (Purpose::KeepAlive(_), Answer::SessionKept) => self.over(now, request, out),
            (Purpose::CloseSession(_), Answer::SessionClosed) => {
                self.session = None;
                self.over(now, request, out);
            }
            // It was not applied, and may be once something else is acknowledged.
            (
                Purpose::Write { .. },
                Answer::Refused(Refusal::WindowExceeded { .. } | Refusal::AnswersTooLarge { .. }),
            ) => {
                if !flight.pausing {
                    let why = RetryReason::Unacknowledged;
                    self.pause(now, request, (from, why), out);
                }
            }
            (Purpose::Write { .. }, Answer::Refused(refusal)) => {
                self.finish(now, request, Err(CallError::Refused(refusal)), out);
            }
            // It asks for nothing that is answered so.
            (
                Purpose::OpenSession
                | Purpose::KeepAlive(_)
                | Purpose::CloseSession(_)
                | Purpose::Read { .. },
                _,
            )
            | (
                Purpose::Write { .. },
                Answer::SessionOpened(_)
                | Answer::SessionKept
                | Answer::SessionClosed
                | Answer::Advanced
                | Answer::Evicted { .. }
                | Answer::Configured,
            ) => {}
            (Purpose::Write { .. }, answer) => {
                self.finish(now, request, Ok(Reply::Applied { index, answer }), out);
            }
        }
    }

    /// The cluster has closed it. Writes of it that are under way go on under it, so that each
    /// learns what became of it: an answer that was given before may still be on its way.
    fn forget_session(&mut self, session: SessionId, out: &mut Output) {
        if self.session.is_some_and(|open| open.id == session) {
            self.session = None;
            out.events.push(Event::SessionExpired(session));
        }
    }

    fn finish(&mut self, now: Instant, request: u64, result: CallResult, out: &mut Output) {
        let flight = self.flights.get(&request);
        if let Some(call) = flight.and_then(|flight| flight.purpose.call()) {
            out.events.push(Event::Answered { call, result });
        }
        self.over(now, request, out);
    }

    /// It is answered, so the cluster has heard of its session.
    fn over(&mut self, now: Instant, request: u64, out: &mut Output) {
        if let Some(flight) = self.flights.remove(&request)
            && let Some(open) = &mut self.session
            && flight.purpose.session() == Some(open.id)
        {
            open.heard = open.heard.max(flight.first_sent);
        }
        self.begin(now, out);
    }
}

/// What it sends, and when.
impl Client {
    /// Sends what can be sent, in the order in which it was asked for.
    fn begin(&mut self, now: Instant, out: &mut Output) {
        while let Some(first) = self.waiting.front() {
            if self.under_way() >= self.config.window as usize {
                return;
            }
            let (call, since) = (first.id, first.since);
            let purpose = match (&first.call, self.session) {
                (Call::Read { .. }, _) => None,
                (Call::Write(_), None) => return self.open_session(now, out),
                (Call::Write(_), Some(open)) => {
                    let window = u64::from(self.config.window);
                    if open.next >= self.acknowledged(open.id).0 + window {
                        return;
                    }
                    Some((open.id, Sequence(open.next)))
                }
            };
            let Some(first) = self.waiting.pop_front() else {
                return;
            };
            let purpose = match (first.call, purpose) {
                (Call::Write(operation), Some((session, sequence))) => {
                    self.session = self.session.map(|open| Open {
                        next: open.next + 1,
                        ..open
                    });
                    Purpose::Write {
                        call,
                        session,
                        sequence,
                        operation,
                    }
                }
                (
                    Call::Read {
                        query,
                        consistency,
                        server,
                    },
                    _,
                ) => Purpose::Read {
                    call,
                    query,
                    consistency,
                    server,
                },
                (Call::Write(_), None) => unreachable!("it waits for a session"),
            };
            self.launch(now, Flight::new(purpose, since), out);
        }
        if self.ending {
            self.close_session(now, out);
        }
    }

    fn open_session(&mut self, now: Instant, out: &mut Output) {
        let opens = |flight: &Flight| matches!(flight.purpose, Purpose::OpenSession);
        if !self.flights.values().any(opens) {
            self.launch(now, Flight::new(Purpose::OpenSession, now), out);
        }
    }

    fn close_session(&mut self, now: Instant, out: &mut Output) {
        if let Some(open) = self.session
            && self.flights.is_empty()
        {
            self.launch(now, Flight::new(Purpose::CloseSession(open.id), now), out);
        }
    }

    /// Every write of the session below this number is over.
    fn acknowledged(&self, session: SessionId) -> Sequence {
        let numbers = self.flights.values();
        let numbers = numbers.filter_map(|flight| match &flight.purpose {
            Purpose::Write {
                session: of,
                sequence,
                ..
            } if *of == session => Some(*sequence),
            _ => None,
        });
        let next = self.session.filter(|open| open.id == session);
        let next = next.map_or(u64::MAX, |open| open.next);
        numbers.min().unwrap_or(Sequence(next))
    }

    fn launch(&mut self, now: Instant, flight: Flight, out: &mut Output) {
        self.requests += 1;
        self.flights.insert(self.requests, flight);
        self.send(now, self.requests, out);
    }

    fn send(&mut self, now: Instant, request: u64, out: &mut Output) {
        let purpose = &self.flights[&request].purpose;
        let acknowledged = purpose.session().map(|session| self.acknowledged(session));
        let body = purpose.body(acknowledged.unwrap_or(Sequence(0)));
        let to = purpose.pinned().unwrap_or(self.target);
        let (client, id) = (self.id, request);
        out.requests.push((to, Request { client, id, body }));
        if let Some(flight) = self.flights.get_mut(&request) {
            flight.sent(to, now, self.config.timeout);
        }
    }

    fn again(&mut self, now: Instant, request: u64, why: RetryReason, out: &mut Output) {
        self.tell_retry(request, why, out);
        self.send(now, request, out);
    }

    fn pause(
        &mut self,
        now: Instant,
        request: u64,
        (to, why): (NodeId, RetryReason),
        out: &mut Output,
    ) {
        self.turn_to(request, to);
        if let Some(flight) = self.flights.get_mut(&request) {
            flight.pause(now, &self.config, &mut self.rng);
        }
        self.tell_retry(request, why, out);
    }

    fn tell_retry(&self, request: u64, why: RetryReason, out: &mut Output) {
        let flight = &self.flights[&request];
        out.events.push(Event::Retried {
            call: flight.purpose.call(),
            attempt: flight.attempts + 1,
            to: flight.purpose.pinned().unwrap_or(self.target),
            why,
        });
    }

    /// From here on everything goes to this server, but for a read that is asked of one only.
    fn turn_to(&mut self, request: u64, to: NodeId) {
        if self.flights[&request].purpose.pinned().is_none() {
            self.target = to;
        }
    }

    fn may_turn_to(&self, flight: &Flight, leader: NodeId) -> bool {
        flight.purpose.pinned().is_none()
            && leader != flight.asked
            && (1..=self.servers).contains(&leader.0)
    }

    /// Whom to ask after the one that this request was sent to: when others have turned away from
    /// that one already, whom they turned to.
    fn next_server(&self, flight: &Flight) -> NodeId {
        if flight.asked == self.target {
            NodeId(self.target.0 % self.servers + 1)
        } else {
            self.target
        }
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
        self.session.map(|open| open.id)
    }

    /// Whom it asks next.
    #[must_use]
    pub fn target(&self) -> NodeId {
        self.target
    }

    /// Whether the next call can be sent without waiting for an answer to another.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.under_way() + self.waiting.len() < self.config.window as usize
    }

    /// How many calls are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        let calls = self.flights.values();
        calls
            .filter(|flight| flight.purpose.call().is_some())
            .count()
    }

    /// How often a call under way was sent; none when it is not.
    #[must_use]
    pub fn attempts(&self, call: CallId) -> u64 {
        let mut flights = self.flights.values();
        let flight = flights.find(|flight| flight.purpose.call() == Some(call));
        flight.map_or(0, |flight| flight.attempts)
    }

    /// Whether it was shut down and nothing of it is left.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ending && self.session.is_none() && self.flights.is_empty()
    }
}

#[cfg(test)]
mod tests;
