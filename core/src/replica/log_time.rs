//! The leader lets log time pass: it stamps what it proposes, and proposes an entry that does nothing
//! else when something is to expire and nobody writes.
//!
//! A key expires when the log says so, on all servers alike. But a leader whose clock has passed a key's
//! expiry must not return it, though no entry says so yet; nor may it hide the key on its own, because
//! the next leader might still find it. So such a read waits until an entry has let time pass.

use super::clients::Asker;
use super::io::Effects;
use super::server::Replica;
use crate::cache::{Command, Query, Stamped};
use crate::raft::Role;
use crate::types::{Duration, Index, Instant, LogTime, Term, settings};

settings! {
    /// How log time passes.
    pub struct LogTimeConfig {
        /// How finely log time is told: everything expires late by at most so much.
        resolution: Duration = Duration::millis(1),
            in Duration::micros(1)..=Duration::secs(86_400);
        /// How long the leader waits at least between two entries that do nothing but let time pass. A
        /// read that asks for what has expired meanwhile does not wait for it.
        advance_interval: Duration = Duration::millis(100),
            in Duration::millis(1)..=Duration::secs(3_600);
    }
}

/// What the leader does about time.
#[derive(Clone, Debug, Default)]
pub(super) struct Passing {
    /// The newest entry that lets time pass, until it is applied.
    under_way: Option<(Term, Index)>,
    /// When the next one may be proposed, unless something waits for it.
    not_before: Instant,
    /// When the next one may be proposed though something waits for it: after a refusal, later.
    again_at: Instant,
    /// Reads that wait until log time has passed a moment.
    waiting: Vec<(LogTime, Asker, Query)>,
}

impl Passing {
    /// The entry at `index` is applied.
    pub(super) fn applied(&mut self, index: Index) {
        if self
            .under_way
            .is_some_and(|(_, proposed)| proposed <= index)
        {
            self.under_way = None;
        }
    }

    /// How many reads wait.
    pub(super) fn len(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Everyone who waits.
    pub(super) fn give_up(&mut self) -> Vec<Asker> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|(_, asker, _)| asker).collect()
    }
}

impl Replica {
    /// Log time at `now`, as this server would stamp it.
    #[must_use]
    pub fn log_time(&self, now: Instant) -> LogTime {
        let estimate = self.log_clock.estimate(now).max(self.cache.time()).0;
        LogTime(estimate - estimate % self.config.log_time.resolution.as_micros())
    }

    /// What only the leader knows of the moment goes with the command.
    pub(super) fn stamped(&mut self, now: Instant, command: Command) -> Stamped {
        Stamped {
            time: self.log_time(now),
            touched: self.touches.take(&self.config.digest),
            command,
        }
    }

    /// When the leader is to let time pass, if nothing else does.
    pub(super) fn advance_at(&self) -> Option<Instant> {
        let Role::Leader(_) = self.raft.role() else {
            return None;
        };
        if self.passing.under_way.is_some() || self.raft.handing_over_to().is_some() {
            return None;
        }
        let wanted = self.passing.waiting.iter().map(|(until, _, _)| *until);
        // What has expired and is still held needs no time, only another entry.
        let held = self.cache.next_expiry().into_iter();
        let due = held.chain(self.cache.next_session_expiry()).min();
        let overdue = due.is_some_and(|due| due <= self.cache.time());
        if overdue || wanted.min().is_some() {
            return Some(self.passing.again_at);
        }
        let resolution = self.config.log_time.resolution.as_micros();
        let told = LogTime(due?.0.div_ceil(resolution) * resolution);
        Some(self.log_clock.instant_of(told).max(self.passing.not_before))
    }

    /// Lets time pass if the leader is to.
    pub(super) fn advance_if_due(&mut self, now: Instant) {
        if self.advance_at().is_none_or(|at| at > now) {
            return;
        }
        let advance = [self.stamped(now, Command::Advance).encode()];
        self.passing.not_before = now + self.config.log_time.advance_interval;
        match self.raft.propose(now, &advance, &mut self.output) {
            Ok(at) => self.passing.under_way = Some((at.term, at.index)),
            // A leader that is busy writes enough to let time pass.
            Err(_) => self.passing.again_at = self.passing.not_before,
        }
    }

    /// Whether a read has to wait: it asks for what has expired by this server's clock, and has not in
    /// the log. Gives it back otherwise.
    pub(super) fn waits_for_time(
        &mut self,
        now: Instant,
        (asker, query): (Asker, Query),
        out: &mut Effects,
    ) -> Option<(Asker, Query)> {
        let until = self.log_time(now);
        if !self.cache.expires_by(&query, until) {
            return Some((asker, query));
        }
        if matches!(self.raft.role(), Role::Leader(_)) {
            self.passing.waiting.push((until, asker, query));
        } else {
            // Only the leader can let time pass.
            self.redirect(asker, out);
        }
        None
    }

    /// Reads for which enough time has passed; all others, if this server does not lead any more, learn
    /// nothing here.
    pub(super) fn timely_reads(&mut self, out: &mut Effects) -> Vec<(Asker, Query)> {
        if !matches!(self.raft.role(), Role::Leader(_)) {
            for asker in self.passing.give_up() {
                self.redirect(asker, out);
            }
            self.passing.under_way = None;
        }
        let time = self.cache.time();
        let timely = self
            .passing
            .waiting
            .extract_if(.., |(until, _, _)| *until <= time);
        timely.map(|(_, asker, query)| (asker, query)).collect()
    }
}

#[cfg(test)]
mod tests;
