//! Time as the host tells it: microseconds of a monotonic clock.

use core::fmt;
use core::ops::{Add, Sub};
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment of one monotonic clock, in microseconds since that clock's start.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Instant(pub u64);

impl Instant {
    /// The start of the clock.
    pub const ZERO: Instant = Instant(0);

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_add(rhs.0))
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_sub(rhs.0))
    }
}

/// Written as the duration since the start of the clock, `1.234567 s`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// A moment as the log tells it, in microseconds since the cluster's first stamp. It goes on with
/// the leader's clock from what the log last said, never back, and is the same on every server that
/// has applied the same entries (dissertation, section 6.3, "cluster time").
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LogTime(pub u64);

impl LogTime {
    /// Before anything was stamped.
    pub const ZERO: LogTime = LogTime(0);

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: LogTime) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for LogTime {
    type Output = LogTime;
    fn add(self, rhs: Duration) -> LogTime {
        LogTime(self.0.saturating_add(rhs.0))
    }
}

/// Written as the duration since the cluster's first stamp, `1.234567 s`.
impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Instant(self.0), f)
    }
}

/// A span of time in microseconds. In files it is written with its unit: `"150ms"`, `"2s"`,
/// `"80us"`, `"1.5s"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// What the text of a duration looks like, for people who wrote something else.
    pub const LOOKS: &str = "a number and its unit, one of us, ms, s, min: 150ms, 1.5s";

    /// `n` microseconds.
    #[must_use]
    pub const fn micros(n: u64) -> Duration {
        Duration(n)
    }

    /// `n` milliseconds.
    #[must_use]
    pub const fn millis(n: u64) -> Duration {
        Duration(n * 1_000)
    }

    /// `n` seconds.
    #[must_use]
    pub const fn secs(n: u64) -> Duration {
        Duration(n * 1_000_000)
    }

    /// The span in microseconds.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, rhs: Duration) -> Duration {
        Duration(self.0.saturating_add(rhs.0))
    }
}

/// Written in the largest unit that keeps it exact: `2s`, `150ms`, `1500us`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0ms"),
            us if us.is_multiple_of(1_000_000) => write!(f, "{}s", us / 1_000_000),
            us if us.is_multiple_of(1_000) => write!(f, "{}ms", us / 1_000),
            us => write!(f, "{us}us"),
        }
    }
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} is not a duration: write a number that is not negative and its unit, one of us, ms, s, min (\"150ms\", \"1.5s\")"
)]
pub struct DurationError {
    given: String,
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Duration, DurationError> {
        let error = || DurationError {
            given: text.chars().take(40).collect(),
        };
        let trimmed = text.trim();
        let digits = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
            .ok_or_else(error)?;
        let (number, unit) = trimmed.split_at(digits);
        let unit_us: u64 = match unit.trim() {
            "us" | "µs" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "min" => 60_000_000,
            _ => return Err(error()),
        };
        let number = number.replace('_', "");
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        if whole.is_empty() || fraction.len() > 6 || fraction.contains('.') {
            return Err(error());
        }
        let whole: u64 = whole.parse().map_err(|_| error())?;
        let mut us = whole.checked_mul(unit_us).ok_or_else(error)?;
        let mut place = unit_us;
        for digit in fraction.bytes() {
            if !place.is_multiple_of(10) {
                return Err(error());
            }
            place /= 10;
            us = us
                .checked_add(u64::from(digit - b'0') * place)
                .ok_or_else(error)?;
        }
        Ok(Duration(us))
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Duration;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, as \"150ms\" or \"2s\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn durations_read_back_what_they_write() {
        for us in [
            0,
            1,
            999,
            1_000,
            1_500,
            150_000,
            1_500_000,
            2_000_000,
            3_600_000_000,
        ] {
            let text = Duration(us).to_string();
            assert_eq!(text.parse(), Ok(Duration(us)), "{text}");
        }
    }

    #[test]
    fn fractions_are_exact_or_refused() {
        assert_eq!("1.5s".parse(), Ok(Duration(1_500_000)));
        assert_eq!("0.25ms".parse(), Ok(Duration(250)));
        assert!("0.5us".parse::<Duration>().is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "5",
            "-5ms",
            "5 days",
            "1.2.3s",
            ".5s",
            "99999999999999999999s",
            "ms",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text:?}");
        }
    }
}
