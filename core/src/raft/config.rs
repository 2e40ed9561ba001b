//! What can be set about consensus: timeouts and limits, with units, defaults and accepted ranges.

use crate::types::{ConfigError, Duration, check_range};
use serde::{Deserialize, Serialize};

/// Timeouts and limits of one server. The servers of a cluster should agree on them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The shortest time without a word from a leader after which a follower campaigns. Each
    /// wait is drawn at random between this and [`Config::election_timeout_max`] (Raft paper,
    /// section 5.2). Default 150ms; at least twice the heartbeat interval, at most 1min.
    pub election_timeout_min: Duration,
    /// The longest such wait. Default 300ms; above the shortest, at most 2min.
    pub election_timeout_max: Duration,
    /// How often an idle leader shows that it lives. Default 50ms; 1ms to 30s.
    pub heartbeat_interval: Duration,
    /// The most payload bytes that one append message carries; one entry always fits. Default
    /// 65536; 1 to 64 MiB.
    pub append_bytes: u64,
    /// The most entries that one append message carries. Default 256; 1 to 65536.
    pub append_entries: u64,
    /// How many append messages may be under way to one follower before the leader waits for an
    /// acknowledgement. Default 64; 1 to 65536.
    pub inflight_appends: u64,
    /// The most payload bytes under way to one follower; one append always may be. Default
    /// 1 MiB; 1 to 1 GiB.
    pub inflight_bytes: u64,
    /// The most payload bytes that a leader holds uncommitted before it answers that it is busy;
    /// one batch always fits. Default 16 MiB; 1 to 4 GiB.
    pub uncommitted_bytes: u64,
    /// The most bytes of a snapshot that one message carries. Default 4096; 1 to 64 MiB.
    pub snapshot_chunk_bytes: u64,
    /// How many such messages may be under way to one follower. Default 4; 1 to 1024.
    pub snapshot_inflight: u64,
    /// The most bytes of snapshots that a leader sends in a second, to all followers together.
    /// Default 16 MiB; 1024 to 1 TiB.
    pub snapshot_bytes_per_second: u64,
    /// How many entries below a new snapshot stay in the log, so that a follower that is only a
    /// little behind needs no snapshot. Default 16; 0 to 1000000.
    pub trailing_entries: u64,
    /// Whether a server first asks who would vote for it, before it stands for election in a new
    /// term (dissertation, section 9.6). Default true.
    pub pre_vote: bool,
    /// Whether a leader that has not heard from a quorum for `election_timeout_max` steps down,
    /// and servers that heard from a leader within `election_timeout_min` give no vote
    /// (dissertation, sections 4.2.3 and 6.2). Leases need it. Default true.
    pub check_quorum: bool,
    /// How much faster or slower than true time any server's clock may run, in parts per
    /// million. Default 10000 (one percent); 0 to 500000.
    pub clock_drift_ppm: u64,
    /// How late a deadline may come before the clock counts as having jumped; leases are shorter
    /// by this. Default 20ms; at most half of `election_timeout_min`.
    pub clock_jump_bound: Duration,
    /// How far apart two readings of a follower's clock are from which its leader tells how fast
    /// it runs. Default 5s; 100ms to 1h.
    pub clock_window: Duration,
    /// How long a leader that hands over refuses proposals before it gives the attempt up.
    /// Default 300ms; 1ms to 10min.
    pub transfer_timeout: Duration,
    /// How many entries a learner may be behind to count as caught up. Default 16; 0 to 1000000.
    pub promotion_lag: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            election_timeout_min: Duration::millis(150),
            election_timeout_max: Duration::millis(300),
            heartbeat_interval: Duration::millis(50),
            append_bytes: 64 << 10,
            append_entries: 256,
            inflight_appends: 64,
            inflight_bytes: 1 << 20,
            uncommitted_bytes: 16 << 20,
            snapshot_chunk_bytes: 4 << 10,
            snapshot_inflight: 4,
            snapshot_bytes_per_second: 16 << 20,
            trailing_entries: 16,
            pre_vote: true,
            check_quorum: true,
            clock_drift_ppm: 10_000,
            clock_jump_bound: Duration::millis(20),
            clock_window: Duration::secs(5),
            transfer_timeout: Duration::millis(300),
            promotion_lag: 16,
        }
    }
}

impl Config {
    /// Refuses a configuration that cannot work, naming the field, what was given and what is
    /// accepted.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ms = Duration::millis;
        let heartbeat = self.heartbeat_interval;
        check_range("heartbeat_interval", heartbeat, ms(1), Duration::secs(30))?;
        if self.election_timeout_min.as_micros() < heartbeat.as_micros() * 2 {
            return Err(ConfigError::new(
                "election_timeout_min",
                self.election_timeout_min,
                format!(
                    "at least twice heartbeat_interval ({heartbeat}), or followers campaign against a living leader"
                ),
            ));
        }
        check_range(
            "election_timeout_min",
            self.election_timeout_min,
            ms(2),
            Duration::secs(60),
        )?;
        if self.election_timeout_max <= self.election_timeout_min {
            return Err(ConfigError::new(
                "election_timeout_max",
                self.election_timeout_max,
                format!(
                    "above election_timeout_min ({}), or votes split for ever",
                    self.election_timeout_min
                ),
            ));
        }
        check_range(
            "election_timeout_max",
            self.election_timeout_max,
            ms(2),
            Duration::secs(120),
        )?;
        check_range("append_bytes", self.append_bytes, 1, 64 << 20)?;
        check_range("append_entries", self.append_entries, 1, 65_536)?;
        check_range("inflight_appends", self.inflight_appends, 1, 65_536)?;
        check_range(
            "snapshot_chunk_bytes",
            self.snapshot_chunk_bytes,
            1,
            64 << 20,
        )?;
        check_range("inflight_bytes", self.inflight_bytes, 1, 1 << 30)?;
        check_range("uncommitted_bytes", self.uncommitted_bytes, 1, 4 << 30)?;
        check_range("snapshot_inflight", self.snapshot_inflight, 1, 1_024)?;
        check_range(
            "snapshot_bytes_per_second",
            self.snapshot_bytes_per_second,
            1_024,
            1 << 40,
        )?;
        check_range("trailing_entries", self.trailing_entries, 0, 1_000_000)?;
        check_range("promotion_lag", self.promotion_lag, 0, 1_000_000)?;
        check_range(
            "transfer_timeout",
            self.transfer_timeout,
            ms(1),
            Duration::secs(600),
        )?;
        self.validate_clock()
    }

    fn validate_clock(&self) -> Result<(), ConfigError> {
        check_range("clock_drift_ppm", self.clock_drift_ppm, 0, 500_000)?;
        let (low, high) = (Duration::millis(100), Duration::secs(3_600));
        check_range("clock_window", self.clock_window, low, high)?;
        if self.clock_jump_bound.0 > self.election_timeout_min.0 / 2 {
            return Err(ConfigError::new(
                "clock_jump_bound",
                self.clock_jump_bound,
                format!(
                    "at most half of election_timeout_min ({}), or no lease would be left",
                    self.election_timeout_min
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
