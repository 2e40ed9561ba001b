//! When a server says that something is wrong: thresholds, with units, defaults and accepted
//! ranges.

use crate::types::{ConfigError, Duration, check_range};
use serde::{Deserialize, Serialize};

/// The thresholds of alerts. They decide what is told, never what is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// How long a member may know of no leader. Elections take a few election timeouts, so much
    /// less than that is no news. Default 1s; 1ms to 1h.
    pub leaderless: Duration,
    /// How long a leader may not hear from a follower before it counts as silent, for itself and
    /// when the leader reckons how many more failures its quorum survives. Default 500ms; 1ms to
    /// 1h.
    pub follower_silence: Duration,
    /// How many entries a follower may be behind its leader's log. One that was further behind
    /// counts as such until it has come down to half of that. Default 100 entries; 1 to
    /// 100000000.
    pub follower_lag: u64,
    /// How long it may be further behind. Default 1s; 1ms to 1h.
    pub follower_lag_for: Duration,
    /// How long the state machine may stand still while the commit index is ahead of it. Default
    /// 1s; 1ms to 1h.
    pub apply_stall: Duration,
    /// How full the disk may be, in percent of its capacity. Default 90 percent; 1 to 100.
    pub disk_percent: u64,
    /// How long a jump of the own clock is spoken of. Default 10s; 1ms to 1h.
    pub clock_jump: Duration,
}

impl Default for AlertsConfig {
    fn default() -> AlertsConfig {
        AlertsConfig {
            leaderless: Duration::secs(1),
            follower_silence: Duration::millis(500),
            follower_lag: 100,
            follower_lag_for: Duration::secs(1),
            apply_stall: Duration::secs(1),
            disk_percent: 90,
            clock_jump: Duration::secs(10),
        }
    }
}

impl AlertsConfig {
    /// Refuses thresholds that cannot work.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let (low, high) = (Duration::millis(1), Duration::secs(3_600));
        check_range("leaderless", self.leaderless, low, high)?;
        check_range("follower_silence", self.follower_silence, low, high)?;
        check_range("follower_lag", self.follower_lag, 1, 100_000_000)?;
        check_range("follower_lag_for", self.follower_lag_for, low, high)?;
        check_range("apply_stall", self.apply_stall, low, high)?;
        check_range("disk_percent", self.disk_percent, 1, 100)?;
        check_range("clock_jump", self.clock_jump, low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::AlertsConfig;
    use crate::types::Duration;

    #[test]
    fn thresholds_have_ranges() {
        let accepts = |change: fn(&mut AlertsConfig)| {
            let mut config = AlertsConfig::default();
            change(&mut config);
            config.validate().is_ok()
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
