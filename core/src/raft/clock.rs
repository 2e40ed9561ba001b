//! What a server can tell of clocks: that its own jumped, and how fast those of its followers
//! run.
//!
//! The host wakes a server at its deadline. When the time goes back, or the deadline has passed
//! by more than a bound, either the clock jumped or the server was suspended; in both cases what
//! it promised or was promised by that clock is void. A jump back by less than the time since
//! the latest input cannot be seen from within: hosts pass a clock that is monotonic.

use super::event::{ClockJump, Event};
use super::output::Output;
use super::promise::PromiseReason;
use super::role::Role;
use super::server::Raft;
use crate::types::{Duration, Instant};
use serde::Serialize;

/// How fast a follower's clock runs beside the leader's: bounds, in parts per million, between
/// which the truth lies. The leader knows when its question left and when the answer came; the
/// follower read its clock in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ClockRate {
    /// It runs at least so much faster (slower, when negative).
    pub low_ppm: i64,
    /// It runs at most so much faster.
    pub high_ppm: i64,
}

impl ClockRate {
    /// Whether two clocks that both keep to the bound can run so far apart.
    #[must_use]
    pub fn is_within(self, drift_ppm: u64) -> bool {
        // No clock runs slower than not at all.
        let drift = drift_ppm.min(999_999).cast_signed();
        let apart = 2 * drift * 1_000_000 / (1_000_000 - drift);
        self.low_ppm <= apart && self.high_ppm >= -apart
    }
}

/// Readings of a follower's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClockReadings {
    anchor: Option<Reading>,
    rate: Option<ClockRate>,
}

/// One reading: taken between `sent` and `received` by the leader's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reading {
    pub(super) sent: Instant,
    pub(super) received: Instant,
    pub(super) theirs: Instant,
}

impl ClockReadings {
    /// The latest rate; none before there were two readings far enough apart.
    #[must_use]
    pub fn rate(&self) -> Option<ClockRate> {
        self.rate
    }

    pub(super) fn forget(&mut self) {
        *self = ClockReadings::default();
    }

    pub(super) fn add(&mut self, reading: Reading, window: Duration) {
        let Some(anchor) = self.anchor else {
            self.anchor = Some(reading);
            return;
        };
        // The follower read its clock the second time at least `shortest` and at most `longest`
        // after the first.
        let shortest = reading.sent.since(anchor.received).0;
        let longest = reading.received.since(anchor.sent).0;
        if shortest < window.0 {
            return;
        }
        let theirs = reading.theirs.since(anchor.theirs).0;
        let ppm = |ours: u64| {
            let ratio = u128::from(theirs) * 1_000_000 / u128::from(ours.max(1));
            i64::try_from(ratio).unwrap_or(i64::MAX) - 1_000_000
        };
        self.rate = Some(ClockRate {
            low_ppm: ppm(longest),
            high_ppm: ppm(shortest) + 1,
        });
        self.anchor = Some(reading);
    }
}

impl Raft {
    /// Looks at the clock before anything else, and tells whether it jumped; see the module.
    pub fn observe_clock(&mut self, now: Instant, out: &mut Output) -> bool {
        let bound = self.config.clock_jump_bound;
        let jump = if now < self.latest {
            Some(ClockJump::Back {
                by: self.latest.since(now),
            })
        } else {
            let late = self.deadline().map_or(Duration::ZERO, |due| now.since(due));
            (late > bound).then_some(ClockJump::Forward { late })
        };
        self.latest = now;
        if let Some(jump) = jump {
            out.events.push(Event::ClockJumped { jump });
            self.start_clock_anew(now);
        }
        jump.is_some()
    }

    /// Nothing that was measured before means anything now.
    fn start_clock_anew(&mut self, now: Instant) {
        let promise = self.config.election_timeout_min;
        self.promise
            .renew(now + promise, PromiseReason::ClockJumped);
        self.reset_election_timer(now);
        match &mut self.role {
            Role::Leader(leader) => {
                leader.lease.void();
                leader.heartbeat_at = now;
                leader.snapshot_paced_until = now;
                if let Some(hand_over) = &mut leader.hand_over {
                    hand_over.until = now + self.config.transfer_timeout;
                }
                for progress in &mut leader.progress {
                    progress.clock.forget();
                    progress.heard_at = now;
                    progress.departing_since = progress.departing_since.map(|_| now);
                    progress.forget_snapshot_time();
                }
            }
            Role::Follower(follower) => follower.reads.ask_anew(now),
            Role::PreCandidate(_) | Role::Candidate(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockRate, ClockReadings, Reading};
    use crate::types::{Duration, Instant};

    fn rate(readings: &[(u64, u64, u64)]) -> Option<ClockRate> {
        let mut clock = ClockReadings::default();
        for (sent, received, theirs) in readings {
            let ms = |ms: &u64| Instant(ms * 1_000);
            let reading = Reading {
                sent: ms(sent),
                received: ms(received),
                theirs: ms(theirs),
            };
            clock.add(reading, Duration::secs(1));
        }
        clock.rate()
    }

    #[test]
    fn the_truth_lies_between_the_bounds() {
        assert_eq!(rate(&[(0, 10, 505)]), None);
        assert_eq!(rate(&[(0, 10, 505), (500, 510, 1_005)]), None);
        let exact = rate(&[(0, 10, 505), (10_000, 10_010, 10_505)]).expect("far apart");
        assert!(exact.low_ppm <= 0 && 0 <= exact.high_ppm, "{exact:?}");
        assert!(exact.is_within(0));
        // Ten percent fast, seen over ten seconds with ten milliseconds of doubt.
        let fast = rate(&[(0, 10, 505), (10_000, 10_010, 11_505)]).expect("far apart");
        assert!(
            fast.low_ppm <= 100_000 && 100_000 <= fast.high_ppm,
            "{fast:?}"
        );
        assert!(!fast.is_within(10_000));
        assert!(fast.is_within(100_000));
    }

    /// Two seconds passed for the follower while one and a half did for its leader.
    #[test]
    fn bounds_are_rounded_away_from_the_truth() {
        let rate = rate(&[(0, 0, 0), (1_500, 1_500, 2_000)]).expect("far apart");
        let truth = 1.0 / 3.0 * 1e6;
        assert!(
            (rate.low_ppm as f64) < truth && truth < rate.high_ppm as f64,
            "{rate:?}"
        );
    }

    #[test]
    fn readings_just_as_far_apart_as_the_window_are_far_enough() {
        assert_eq!(rate(&[(0, 10, 0), (1_009, 1_009, 1_000)]), None);
        assert!(rate(&[(0, 10, 0), (1_010, 1_010, 1_000)]).is_some());
    }

    /// The fastest clock beside the slowest: 1.01 to 0.99, 1.5 to 0.5.
    #[test]
    fn two_clocks_may_run_apart_as_far_as_both_keep_to_the_bound() {
        for (drift_ppm, apart) in [(0, 0), (10_000, 20_202), (500_000, 2_000_000)] {
            let exactly = |ppm| ClockRate {
                low_ppm: ppm,
                high_ppm: ppm,
            };
            for (ppm, within) in [
                (apart, true),
                (-apart, true),
                (apart + 1, false),
                (-apart - 1, false),
            ] {
                assert_eq!(
                    exactly(ppm).is_within(drift_ppm),
                    within,
                    "{ppm} ppm, bound {drift_ppm} ppm"
                );
            }
        }
    }

    #[test]
    fn a_clock_that_went_back_is_beyond_any_bound() {
        let back = rate(&[(0, 10, 9_000), (2_000, 2_010, 5_000)]).expect("far apart");
        assert!(!back.is_within(300_000), "{back:?}");
    }
}
