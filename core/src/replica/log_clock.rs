//! Where log time stands, by this server's own clock.
//!
//! The log says what time it was when an entry was proposed. From there a server goes on with its own
//! clock: a follower from the newest entry that it applied, so that what its clock drifts does not add
//! up; a leader from where it began to lead. So log time does not depend on what any clock shows, only
//! on how fast it runs, and a new leader goes on where the former one was (LogCabin's cluster time;
//! dissertation, section 6.3). While no server runs, it stands still.

use crate::types::{Instant, LogTime};

/// One reading of both clocks, from which log time is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogClock {
    time: LogTime,
    at: Instant,
}

impl LogClock {
    pub(super) fn new(time: LogTime, at: Instant) -> LogClock {
        LogClock { time, at }
    }

    /// Log time at `now`.
    pub(super) fn estimate(self, now: Instant) -> LogTime {
        self.time + now.since(self.at)
    }

    /// When it will be `time`; in the past if it has been.
    pub(super) fn instant_of(self, time: LogTime) -> Instant {
        self.at + time.since(self.time)
    }

    /// An entry with this stamp was applied. A leader's own entries are stamped by this very clock, and
    /// took a while to be committed: only a stamp ahead of it says something new.
    pub(super) fn observe(&mut self, stamp: LogTime, now: Instant, leads: bool) {
        if !leads || stamp > self.estimate(now) {
            *self = LogClock::new(stamp, now);
        }
    }

    /// The own clock jumped at some time since `before`, when it was last known to be right: what it
    /// shows of the time between counts for nothing.
    pub(super) fn jumped(&mut self, before: Instant, now: Instant) {
        *self = LogClock::new(self.estimate(before), now);
    }
}

#[cfg(test)]
mod tests {
    use super::LogClock;
    use crate::types::{Instant, LogTime};

    #[test]
    fn a_follower_follows_the_log_and_a_leader_its_own_clock() {
        let mut clock = LogClock::new(LogTime(0), Instant(1_000));
        clock.observe(LogTime(500), Instant(2_000), false);
        assert_eq!(clock.estimate(Instant(2_100)), LogTime(600));
        clock.observe(LogTime(400), Instant(2_200), true);
        assert_eq!(clock.estimate(Instant(2_200)), LogTime(700));
        clock.observe(LogTime(900), Instant(2_200), true);
        assert_eq!(clock.estimate(Instant(2_201)), LogTime(901));
        assert_eq!(clock.instant_of(LogTime(950)), Instant(2_250));
        assert_eq!(clock.instant_of(LogTime(1)), Instant(2_200));
    }

    #[test]
    fn a_clock_that_jumps_takes_log_time_nowhere() {
        let mut clock = LogClock::new(LogTime(0), Instant(1_000));
        clock.jumped(Instant(1_100), Instant(9_000_000));
        assert_eq!(clock.estimate(Instant(9_000_050)), LogTime(150));
        clock.jumped(Instant(9_000_050), Instant(10));
        assert_eq!(clock.estimate(Instant(20)), LogTime(160));
    }
}
