//! How long things take, drawn in integers so that every target draws the same.

use crate::types::{ConfigError, Duration, DurationError, Rng, SettingKind, SettingValue};
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// A distribution of delays.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same.
    Constant(Duration),
    /// Anything from the first to the second, alike.
    Uniform(Duration, Duration),
    /// Mostly near the median, rarely much more: straight lines between the minimum, the median,
    /// the 99th percentile and, at most, twice that.
    LongTail {
        /// The shortest.
        min: Duration,
        /// Half are below.
        median: Duration,
        /// All but one in a hundred are below.
        p99: Duration,
    },
}

impl Latency {
    /// The longest delay that is accepted anywhere.
    pub const MOST: Duration = Duration::secs(3_600);

    /// Draws one delay.
    pub fn draw(&self, rng: &mut Rng) -> Duration {
        match self {
            Latency::Constant(delay) => *delay,
            Latency::Uniform(low, high) => {
                Duration::micros(rng.between(low.as_micros(), high.as_micros()))
            }
            Latency::LongTail { min, median, p99 } => {
                let at = rng.below(1_000);
                let (low, high, from, span) = match at {
                    0..500 => (min.0, median.0, 0, 500),
                    500..990 => (median.0, p99.0, 500, 490),
                    _ => (p99.0, p99.0 * 2, 990, 10),
                };
                Duration::micros(low + (high - low) * (at - from) / span)
            }
        }
    }
}

/// What the text of a distribution looks like.
const LOOKS: &str = "a delay with its unit (5ms), a range (2ms to 8ms) or a long tail \
                     (1ms, median 4ms, 99th percentile 60ms)";

impl SettingValue for Latency {
    type Bound = Duration;

    fn kind(_: &str) -> SettingKind {
        SettingKind::Latency
    }

    fn read(text: &str) -> Result<Latency, String> {
        let parts = || -> Result<Latency, DurationError> {
            if let Some((low, high)) = text.split_once(" to ") {
                return Ok(Latency::Uniform(low.parse()?, high.parse()?));
            }
            let Some((min, rest)) = text.split_once(", median ") else {
                return Ok(Latency::Constant(text.parse()?));
            };
            let (median, p99) = rest.split_once(", 99th percentile ").unwrap_or((rest, ""));
            let (min, median, p99) = (min.parse()?, median.parse()?, p99.parse()?);
            Ok(Latency::LongTail { min, median, p99 })
        };
        parts().map_err(|_| LOOKS.into())
    }

    /// Every delay that it names must be in the range, and they must be in order.
    fn check(&self, field: &str, accepted: RangeInclusive<Duration>) -> Result<(), ConfigError> {
        let (ordered, least, most) = match self {
            Latency::Constant(delay) => (true, delay, delay),
            Latency::Uniform(low, high) => (low <= high, low, high),
            Latency::LongTail { min, median, p99 } => (min <= median && median <= p99, min, p99),
        };
        if !ordered {
            return Err(ConfigError::new(
                field,
                self,
                "ordered from the shortest to the longest",
            ));
        }
        let (low, high) = accepted.into_inner();
        if *most > high {
            return Err(ConfigError::new(field, self, format!("at most {high}")));
        }
        if *least < low {
            return Err(ConfigError::new(field, self, format!("at least {low}")));
        }
        Ok(())
    }
}

impl core::fmt::Display for Latency {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Latency::Constant(delay) => write!(f, "{delay}"),
            Latency::Uniform(low, high) => write!(f, "{low} to {high}"),
            Latency::LongTail { min, median, p99 } => {
                write!(f, "{min}, median {median}, 99th percentile {p99}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Latency;
    use crate::types::{Duration, Rng, SettingValue};

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut rng = Rng::new(3);
        let ms = Duration::millis;
        let tail = Latency::LongTail {
            min: ms(1),
            median: ms(5),
            p99: ms(50),
        };
        let mut draws: Vec<u64> = (0..2000).map(|_| tail.draw(&mut rng).as_micros()).collect();
        draws.sort_unstable();
        assert!(draws[0] >= 1_000 && draws[1999] <= 100_000);
        assert!(
            (4_000..6_000).contains(&draws[1000]),
            "median {}",
            draws[1000]
        );
        let uniform = Latency::Uniform(ms(2), ms(3));
        assert!((0..100).all(|_| (2_000..=3_000).contains(&uniform.draw(&mut rng).as_micros())));
    }

    #[test]
    fn disorder_is_refused() {
        let ms = Duration::millis;
        let error = Latency::Uniform(ms(8), ms(2))
            .check("network.latency", Duration::ZERO..=Latency::MOST)
            .expect_err("8 > 2");
        assert_eq!(
            error.to_string(),
            "network.latency is 8ms to 2ms, but must be ordered from the shortest to the longest"
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["5ms", "2ms to 8ms", "1ms, median 4ms, 99th percentile 60ms"] {
            let latency = Latency::read(text).expect(text);
            assert_eq!(latency.to_string(), text);
        }
        for text in ["", "5", "2ms to", "2ms to 8ms to 9ms", "1ms, median 4ms"] {
            assert!(Latency::read(text).is_err(), "{text:?}");
        }
    }
}
