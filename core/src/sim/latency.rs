//! How long things take, drawn in integers so that every target draws the same.

use crate::types::{ConfigError, Duration, Rng};
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

/// The longest delay that is accepted.
const MOST: Duration = Duration::secs(3_600);

impl Latency {
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

    /// Refuses a distribution that cannot be drawn from.
    ///
    /// # Errors
    /// Its bounds are out of order or beyond an hour.
    pub fn validate(&self, field: &str) -> Result<(), ConfigError> {
        let (ordered, most) = match self {
            Latency::Constant(delay) => (true, delay),
            Latency::Uniform(low, high) => (low <= high, high),
            Latency::LongTail { min, median, p99 } => (min <= median && median <= p99, p99),
        };
        if !ordered {
            return Err(ConfigError::new(
                field,
                self,
                "ordered from the shortest to the longest",
            ));
        }
        if *most > MOST {
            return Err(ConfigError::new(field, self, format!("at most {MOST}")));
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
    use crate::types::{Duration, Rng};

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
            .validate("network.latency")
            .expect_err("8 > 2");
        assert_eq!(
            error.to_string(),
            "network.latency is 8ms to 2ms, but must be ordered from the shortest to the longest"
        );
    }
}
