//! What a client does when it has waited for long enough: it gives up, or keeps its session alive.

use super::{Client, Open, Waiting};
use crate::client::call::{Call, CallError, Event, Output};
use crate::client::flight::{Flight, Purpose};
use crate::types::Instant;

impl Client {
    /// What has waited for too long is told so, sent or not.
    pub(super) fn give_up(&mut self, now: Instant, out: &mut Output) {
        let config = self.config;
        while let Some(first) = self.waiting.front() {
            if first.since + config.deadline > now {
                break;
            }
            out.events.push(Event::Answered {
                call: first.id,
                result: Err(CallError::DeadlineExceeded {
                    may_have_been_applied: false,
                }),
            });
            self.waiting.pop_front();
        }
        let late = self.flights.iter();
        let late =
            late.filter(|(_, flight)| flight.gives_up_at(&config).is_some_and(|at| at <= now));
        let late: Vec<u64> = late.map(|(request, _)| *request).collect();
        for request in late {
            if let Some(flight) = self.flights.remove(&request) {
                self.gave_up(now, &flight.purpose, out);
            }
        }
        let writes = |waiting: &Waiting| matches!(waiting.call, Call::Write(_));
        if !self.waiting.iter().any(writes) {
            self.cancel(|purpose| matches!(purpose, Purpose::OpenSession));
        }
    }

    /// Nobody waits for these any more.
    pub(super) fn cancel(&mut self, unwanted: impl Fn(&Purpose) -> bool) {
        let flights = self.flights.iter();
        let flights = flights.filter(|(_, flight)| unwanted(&flight.purpose));
        let flights: Vec<u64> = flights.map(|(request, _)| *request).collect();
        for request in flights {
            self.flights.remove(&request);
        }
    }

    fn gave_up(&mut self, now: Instant, purpose: &Purpose, out: &mut Output) {
        match purpose {
            Purpose::Write { call, .. } | Purpose::Read { call, .. } => {
                let may_have_been_applied = matches!(purpose, Purpose::Write { .. });
                out.events.push(Event::Answered {
                    call: *call,
                    result: Err(CallError::DeadlineExceeded {
                        may_have_been_applied,
                    }),
                });
            }
            // If it has expired, the next write learns that.
            Purpose::KeepAlive(_) => {
                self.session = self.session.map(|open| Open { heard: now, ..open });
            }
            // Then it expires.
            Purpose::CloseSession(_) => self.session = None,
            Purpose::OpenSession => {}
        }
    }

    /// When an idle session has to be heard of: none while something of it is under way.
    pub(super) fn keep_alive_at(&self) -> Option<Instant> {
        let open = self.session.filter(|_| !self.ending)?;
        let busy = |flight: &Flight| flight.purpose.session() == Some(open.id);
        let idle = !self.flights.values().any(busy);
        idle.then(|| open.heard + self.config.keep_alive)
    }
}
