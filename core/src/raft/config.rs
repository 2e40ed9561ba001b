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
    /// The most bytes of a snapshot that one message carries. Default 4096; 1 to 64 MiB.
    pub snapshot_chunk_bytes: u64,
    /// How many entries below a new snapshot stay in the log, so that a follower that is only a
    /// little behind needs no snapshot. Default 16; 0 to 1000000.
    pub trailing_entries: u64,
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
            snapshot_chunk_bytes: 4 << 10,
            trailing_entries: 16,
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
        check_range("trailing_entries", self.trailing_entries, 0, 1_000_000)
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
        assert_eq!(
            refused(|c| c.snapshot_chunk_bytes = 0),
            "snapshot_chunk_bytes"
        );
    }
}
