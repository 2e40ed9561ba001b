//! A server's own monotonic clock: it may run fast or slow beside simulated time, and jump.
//!
//! The world counts in simulated time; a server sees only what its clock shows. Both directions
//! are needed: what the clock shows now, and when it will show a deadline. Between two changes a
//! clock is a straight line through the point of the last change, kept in integers without loss,
//! so that a clock whose rate is changed often does not wander.

use crate::types::{Duration, Instant};

/// Parts in a whole: rates are in parts per million.
const MILLION: i128 = 1_000_000;

/// The clock of one machine, which goes on while the machine is down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// How much faster than simulated time it runs, in parts per million; slower when negative.
    drift_ppm: i64,
    /// When it was changed last, in simulated time.
    since: Instant,
    /// What it showed then, in millionths of a microsecond. Never negative.
    shown: i128,
}

impl Clock {
    /// The most that a clock may drift, either way. Far below a whole million, so a clock never
    /// stands still, and there is a moment for every deadline.
    pub const MOST_DRIFT_PPM: i64 = 500_000;

    /// How much faster than simulated time it runs, in parts per million; slower when negative.
    #[must_use]
    pub fn drift_ppm(&self) -> i64 {
        self.drift_ppm
    }

    /// When it was changed last, in simulated time.
    #[must_use]
    pub fn changed_at(&self) -> Instant {
        self.since
    }

    /// What it shows at a moment of simulated time.
    #[must_use]
    pub fn at(&self, time: Instant) -> Instant {
        if self.is_true() {
            return time;
        }
        instant(self.exactly_at(time) / MILLION)
    }

    /// The first moment of simulated time at which it shows `reading` or more, so who is woken
    /// then is not woken too early. A reading of before the last change is placed as if the clock
    /// had always run as it does now; the beginning of simulated time when it would be earlier.
    #[must_use]
    pub fn when(&self, reading: Instant) -> Instant {
        if self.is_true() {
            return reading;
        }
        let ahead = i128::from(reading.0) * MILLION - self.shown;
        let rate = self.rate();
        let rounded_up = ahead.div_euclid(rate) + i128::from(ahead.rem_euclid(rate) > 0);
        instant(i128::from(self.since.0) + rounded_up)
    }

    /// From `now` on it runs at this rate.
    ///
    /// # Panics
    /// The drift is beyond [`Clock::MOST_DRIFT_PPM`].
    pub fn set_drift(&mut self, now: Instant, ppm: i64) {
        assert!(
            (-Clock::MOST_DRIFT_PPM..=Clock::MOST_DRIFT_PPM).contains(&ppm),
            "a clock must not drift by {ppm} ppm"
        );
        self.settle(now);
        self.drift_ppm = ppm;
    }

    /// It is set forward.
    pub fn jump_forward(&mut self, now: Instant, by: Duration) {
        self.settle(now);
        self.shown += i128::from(by.0) * MILLION;
    }

    /// It is set back; not beyond its start.
    pub fn jump_back(&mut self, now: Instant, by: Duration) {
        self.settle(now);
        self.shown = (self.shown - i128::from(by.0) * MILLION).max(0);
    }

    /// Whether nobody ever touched it: nearly all clocks of nearly all runs, asked at each step.
    fn is_true(&self) -> bool {
        *self == Clock::default()
    }

    /// Begins a new straight line at `now`.
    fn settle(&mut self, now: Instant) {
        self.shown = self.exactly_at(now);
        self.since = now;
    }

    fn exactly_at(&self, time: Instant) -> i128 {
        let passed = i128::from(time.0) - i128::from(self.since.0);
        (self.shown + passed * self.rate()).max(0)
    }

    /// Millionths of a microsecond in a microsecond of simulated time.
    fn rate(&self) -> i128 {
        MILLION + i128::from(self.drift_ppm)
    }
}

/// What lies beyond the range of times is at its end.
fn instant(us: i128) -> Instant {
    Instant(u64::try_from(us.max(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use crate::types::{Duration, Instant};
    use proptest::prelude::*;

    const MOST: i64 = Clock::MOST_DRIFT_PPM;

    fn drifting(ppm: i64) -> Clock {
        let mut clock = Clock::default();
        clock.set_drift(Instant::ZERO, ppm);
        clock
    }

    #[test]
    fn a_clock_that_nobody_touched_shows_simulated_time() {
        let clock = Clock::default();
        for us in [0, 1, 999_999, 1 << 40, u64::MAX] {
            assert_eq!(clock.at(Instant(us)), Instant(us));
            assert_eq!(clock.when(Instant(us)), Instant(us));
        }
    }

    #[test]
    fn a_fast_clock_shows_more_and_reaches_a_deadline_sooner() {
        for (ppm, second, when) in [
            (10_000, 1_010_000, 990_100),
            (-10_000, 990_000, 1_010_102),
            (500_000, 1_500_000, 666_667),
            (-500_000, 500_000, 2_000_000),
        ] {
            let clock = drifting(ppm);
            assert_eq!(clock.at(Instant(1_000_000)), Instant(second), "{ppm}");
            assert_eq!(clock.when(Instant(1_000_000)), Instant(when), "{ppm}");
        }
    }

    #[test]
    fn a_clock_jumps_both_ways_but_not_beyond_its_start() {
        let (mut clock, second) = (Clock::default(), Instant(1_000_000));
        clock.jump_forward(second, Duration::millis(400));
        assert_eq!(clock.at(second), Instant(1_400_000));
        assert_eq!(clock.when(Instant(1_500_000)), Instant(1_100_000));
        clock.jump_back(second, Duration::millis(900));
        assert_eq!(clock.at(Instant(1_000_001)), Instant(500_001));
        clock.jump_back(second, Duration::secs(3_600));
        assert_eq!(clock.at(second), Instant::ZERO);
        assert_eq!(clock.when(Instant(7)), Instant(1_000_007));
    }

    /// A thousand changes to the same rate are none: nothing is lost to rounding.
    #[test]
    fn a_clock_that_is_changed_often_does_not_wander() {
        let (mut often, never) = (drifting(333_333), drifting(333_333));
        for at in 1..1_000 {
            often.set_drift(Instant(at * 7), 333_333);
        }
        assert_eq!(often.at(Instant(10_000_001)), never.at(Instant(10_000_001)));
    }

    /// A clock after some changes, and the moment of the last one.
    fn changed() -> impl Strategy<Value = (Clock, u64)> {
        let change = (0..10_000_000u64, -MOST..=MOST, 0..3u8, 0..4_000_000_000u64);
        prop::collection::vec(change, 0..8).prop_map(|changes| {
            let (mut clock, mut now) = (Clock::default(), 0);
            for (later, ppm, what, by) in changes {
                now += later;
                match what {
                    0 => clock.set_drift(Instant(now), ppm),
                    1 => clock.jump_forward(Instant(now), Duration(by)),
                    _ => clock.jump_back(Instant(now), Duration(by)),
                }
            }
            (clock, now)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn who_is_woken_is_never_early_and_never_later_than_needed(
            (clock, now) in changed(),
            ahead in 1..5_000_000_000u64,
        ) {
            let deadline = Instant(clock.at(Instant(now)).0 + ahead);
            let wake = clock.when(deadline);
            prop_assert!(wake.0 > now);
            prop_assert!(clock.at(wake) >= deadline);
            prop_assert!(clock.at(Instant(wake.0 - 1)) < deadline);
        }

        #[test]
        fn between_changes_a_clock_never_goes_back(
            (clock, now) in changed(),
            times in prop::collection::vec(0..u64::MAX, 2..6),
        ) {
            let mut times: Vec<u64> = times.iter().map(|time| now.saturating_add(*time)).collect();
            times.sort_unstable();
            prop_assert!(times.iter().map(|time| clock.at(Instant(*time))).is_sorted());
        }
    }

    #[test]
    fn no_time_is_too_large() {
        for ppm in [-MOST, 0, MOST] {
            let mut clock = drifting(ppm);
            clock.jump_forward(Instant(u64::MAX), Duration(u64::MAX));
            assert_eq!(clock.at(Instant(u64::MAX)), Instant(u64::MAX));
            clock.jump_back(Instant(u64::MAX), Duration(u64::MAX));
            assert_eq!(drifting(ppm).when(Instant::ZERO), Instant::ZERO);
        }
        assert_eq!(drifting(-MOST).when(Instant(u64::MAX)), Instant(u64::MAX));
    }
}
