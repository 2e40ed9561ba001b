//! When a server says that something is wrong: thresholds, with units, defaults and accepted
//! ranges.

use crate::types::{Duration, settings};

settings! {
    /// The thresholds of alerts. They decide what is told, never what is done.
    pub struct AlertsConfig {
        /// How long a member may know of no leader. Elections take a few election timeouts, so
        /// much less than that is no news.
        leaderless: Duration = Duration::secs(1),
            in Duration::millis(1)..=Duration::secs(3_600);
        /// How long a leader may not hear from a follower before it counts as silent, for itself
        /// and when the leader reckons how many more failures its quorum survives.
        follower_silence: Duration = Duration::millis(500),
            in Duration::millis(1)..=Duration::secs(3_600);
        /// How many entries a follower may be behind its leader's log. One that was further
        /// behind counts as such until it has come down to half of that.
        follower_lag: u64 = 100, in 1..=100_000_000, "entries";
        /// How long it may be further behind.
        follower_lag_for: Duration = Duration::secs(1),
            in Duration::millis(1)..=Duration::secs(3_600);
        /// How long the state machine may stand still while the commit index is ahead of it.
        apply_stall: Duration = Duration::secs(1),
            in Duration::millis(1)..=Duration::secs(3_600);
        /// How full the disk may be, in percent of its capacity.
        disk_percent: u64 = 90, in 1..=100, "percent";
        /// How long a jump of the own clock is spoken of.
        clock_jump: Duration = Duration::secs(10),
            in Duration::millis(1)..=Duration::secs(3_600);
    }
}

#[cfg(test)]
mod tests {
    use super::AlertsConfig;
    use crate::types::{Duration, Settings};

    #[test]
    fn thresholds_have_ranges() {
        let accepts = |change: fn(&mut AlertsConfig)| {
            let mut config = AlertsConfig::default();
            change(&mut config);
            config.check_ranges().is_ok()
        };
        assert!(accepts(|_| {}));
        assert!(accepts(|config| config.disk_percent = 100));
        assert!(!accepts(|config| config.disk_percent = 101));
        assert!(!accepts(|config| config.follower_lag = 0));
        assert!(!accepts(|config| config.leaderless = Duration::ZERO));
        assert!(!accepts(|config| config.follower_silence = Duration::ZERO));
        assert!(!accepts(
            |config| config.follower_lag_for = Duration::secs(3_601)
        ));
        assert!(!accepts(|config| config.apply_stall = Duration::ZERO));
        assert!(!accepts(|config| config.clock_jump = Duration::ZERO));
    }
}
