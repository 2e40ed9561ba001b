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
        /// The most bytes of a snapshot that one message carries.
        snapshot_chunk_bytes: u64 = 4 << 10, in 1..=64 << 20, "bytes";
        /// How many entries below a new snapshot stay in the log, so that a follower that is only
        /// a little behind needs no snapshot.
        trailing_entries: u64 = 16, in 0..=1_000_000, "entries";
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
        Ok(())
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
