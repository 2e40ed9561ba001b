//! What can be set about consensus: timeouts and limits, with units, defaults and accepted ranges.

use crate::types::{ConfigError, Duration, Settings, settings};

settings! {
    /// Timeouts and limits of one server. The servers of a cluster should agree on them.
    pub struct Config {
        /// The shortest time without a word from a leader after which a follower campaigns; at
        /// least twice the heartbeat interval. Each wait is drawn at random between this and the
        /// longest (Raft paper, section 5.2).
        election_timeout_min: Duration = Duration::millis(150),
            in Duration::millis(2)..=Duration::secs(60);
        /// The longest such wait; above the shortest.
        election_timeout_max: Duration = Duration::millis(300),
            in Duration::millis(2)..=Duration::secs(120);
        /// How often an idle leader shows that it lives.
        heartbeat_interval: Duration = Duration::millis(50),
            in Duration::millis(1)..=Duration::secs(30);
        /// The most payload bytes that one append message carries; one entry always fits.
        append_bytes: u64 = 64 << 10, in 1..=64 << 20, "bytes";
        /// The most entries that one append message carries.
        append_entries: u64 = 256, in 1..=65_536, "entries";
        /// How many append messages may be under way to one follower before the leader waits for
        /// an acknowledgement.
        inflight_appends: u64 = 64, in 1..=65_536, "messages";
        /// The most payload bytes under way to one follower; one append always may be.
        inflight_bytes: u64 = 1 << 20, in 1..=1 << 30, "bytes";
        /// The most payload bytes that a leader holds uncommitted before it answers that it is
        /// busy; one batch always fits.
        uncommitted_bytes: u64 = 16 << 20, in 1..=4 << 30, "bytes";
        /// The most bytes of a snapshot that one message carries.
        snapshot_chunk_bytes: u64 = 4 << 10, in 1..=64 << 20, "bytes";
        /// How many such messages may be under way to one follower.
        snapshot_inflight: u64 = 4, in 1..=1_024, "messages";
        /// The most bytes of snapshots that a leader sends in a second, to all followers together.
        snapshot_bytes_per_second: u64 = 16 << 20, in 1_024..=1 << 40, "bytes";
        /// How many entries below a new snapshot stay in the log, so that a follower that is only
        /// a little behind needs no snapshot.
        trailing_entries: u64 = 16, in 0..=1_000_000, "entries";
        /// Whether a server first asks who would vote for it, before it stands for election in a
        /// new term (dissertation, section 9.6).
        pre_vote: bool = true;
        /// Whether a leader that has not heard from a quorum for `election_timeout_max` steps
        /// down, and servers that heard from a leader within `election_timeout_min` give no vote
        /// (dissertation, sections 4.2.3 and 6.2). Leases need it.
        check_quorum: bool = true;
        /// How much faster or slower than true time any server's clock may run.
        clock_drift_ppm: u64 = 10_000, in 0..=500_000, "ppm";
        /// How late a deadline may come before the clock counts as having jumped; leases are
        /// shorter by this. At most half of `election_timeout_min`.
        clock_jump_bound: Duration = Duration::millis(20),
            in Duration::ZERO..=Duration::secs(30);
        /// How far apart two readings of a follower's clock are from which its leader tells how
        /// fast it runs.
        clock_window: Duration = Duration::secs(5),
            in Duration::millis(100)..=Duration::secs(3_600);
        /// How long a leader that hands over refuses proposals before it gives the attempt up.
        transfer_timeout: Duration = Duration::millis(300),
            in Duration::millis(1)..=Duration::secs(600);
        /// How many entries a learner may be behind to count as caught up.
        promotion_lag: u64 = 16, in 0..=1_000_000, "entries";
    }
}

impl Config {
    /// Refuses a configuration that cannot work, naming the field, what was given and what is
    /// accepted.
    ///
    /// # Errors
    /// The first field that is out of its range, or at odds with another.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_ranges()?;
        let (shortest, longest) = (self.election_timeout_min, self.election_timeout_max);
        let heartbeat = self.heartbeat_interval;
        if shortest.as_micros() < heartbeat.as_micros() * 2 {
            return Err(ConfigError::new(
                "election_timeout_min",
                shortest,
                format!(
                    "at least twice heartbeat_interval ({heartbeat}), or followers campaign against a living leader"
                ),
            ));
        }
        if longest <= shortest {
            return Err(ConfigError::new(
                "election_timeout_max",
                longest,
                format!("above election_timeout_min ({shortest}), or votes split for ever"),
            ));
        }
        if self.clock_jump_bound.0 > shortest.0 / 2 {
            return Err(ConfigError::new(
                "clock_jump_bound",
                self.clock_jump_bound,
                format!(
                    "at most half of election_timeout_min ({shortest}), or no lease would be left"
                ),
            ));
        }
        Ok(())
    }

    /// How long a lease lasts from the sending of the messages that a quorum answered: followers
    /// wait `election_timeout_min` by their clocks before they vote, which on a fast clock is
    /// over sooner than a slow leader thinks (dissertation, section 6.4.1).
    #[must_use]
    pub fn lease(&self) -> Duration {
        let (promised, ppm) = (self.election_timeout_min.0, self.clock_drift_ppm);
        let shared = promised.saturating_mul(1_000_000 - ppm) / (1_000_000 + ppm);
        Duration(shared.saturating_sub(self.clock_jump_bound.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Config;
    use crate::types::Duration;

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    /// A follower's fastest clock has counted `election_timeout_min` no earlier than a leader's
    /// slowest has counted the lease.
    #[test]
    fn the_lease_ends_before_any_promise_does() {
        for ppm in [0, 500, 10_000, 500_000] {
            let config = Config {
                clock_drift_ppm: ppm,
                clock_jump_bound: Duration::ZERO,
                ..Config::default()
            };
            let true_time_of_lease = config.lease().0 as f64 / (1e6 - ppm as f64);
            let true_time_of_promise = 150_000.0 / (1e6 + ppm as f64);
            assert!(true_time_of_lease <= true_time_of_promise, "{ppm} ppm");
        }
        let default = Config::default().lease();
        assert_eq!(default, Duration::micros(127_029));
    }

    #[test]
    fn settings_at_the_very_bound_are_accepted() {
        let config = Config {
            heartbeat_interval: Duration::millis(75),
            election_timeout_min: Duration::millis(150),
            election_timeout_max: Duration::micros(150_001),
            clock_jump_bound: Duration::millis(75),
            ..Config::default()
        };
        assert_eq!(config.validate(), Ok(()));
    }

    #[test]
    fn impossible_settings_are_named() {
        let refused = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.validate().expect_err("out of range").field
        };
        assert_eq!(
            refused(|c| c.election_timeout_min = Duration::millis(60)),
            "election_timeout_min"
        );
        assert_eq!(
            refused(|c| c.election_timeout_max = Duration::millis(150)),
            "election_timeout_max"
        );
        assert_eq!(
            refused(|c| c.heartbeat_interval = Duration::ZERO),
            "heartbeat_interval"
        );
        assert_eq!(refused(|c| c.append_entries = 0), "append_entries");
        assert_eq!(refused(|c| c.clock_drift_ppm = 600_000), "clock_drift_ppm");
        assert_eq!(
            refused(|c| c.clock_jump_bound = Duration::millis(80)),
            "clock_jump_bound"
        );
        assert_eq!(
            refused(|c| c.snapshot_chunk_bytes = 0),
            "snapshot_chunk_bytes"
        );
    }
}
