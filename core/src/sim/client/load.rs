//! A workload under way at one client: what it asks for next, and when.

use crate::sim::scenario::{Distribution, Gaps, Operation, Workload};
use crate::types::{Duration, Fingerprint, Instant, Rng};
use std::sync::Arc;

/// A workload under way. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Load {
    workload: Arc<Workload>,
    /// For each place in the order of popularity, how often it and those before it are asked for.
    popularity: Arc<[u64]>,
    rng: Rng,
    /// What decides how large the value of each key is.
    sizes: u64,
    began: Instant,
    next: Instant,
    drawn: u64,
}

impl Load {
    pub(super) fn new(workload: &Workload, now: Instant, seed: u64) -> Load {
        let mut load = Load {
            workload: Arc::new(workload.clone()),
            popularity: popularity(workload).into(),
            rng: Rng::new(seed),
            sizes: seed,
            began: now,
            next: now,
            drawn: 0,
        };
        load.next = now + load.gap();
        load
    }

    /// When it asks for the next thing, or ends.
    pub(super) fn wakes_at(&self) -> Instant {
        self.ends_at().map_or(self.next, |end| self.next.min(end))
    }

    /// Whether all that it asks for was asked.
    pub(super) fn is_over(&self) -> bool {
        self.ends_at().is_some_and(|end| self.next >= end)
    }

    fn ends_at(&self) -> Option<Instant> {
        self.workload.lasting.map(|lasting| self.began + lasting)
    }

    /// The next operation, and what is to be done when it is a read that finds nothing.
    pub(super) fn draw(&mut self) -> (Operation, Option<Operation>) {
        let at = self.next;
        self.next = at + self.gap();
        self.drawn += 1;
        let number = self.place(at) + 1;
        let key = format!("{}{number}", self.workload.prefix);
        let put = self.put(&key);
        if self.rng.below(100) >= self.workload.reads_percent {
            return (put, None);
        }
        let path = self.workload.path;
        let get = Operation::Get {
            key,
            node: None,
            path,
        };
        (get, self.workload.read_through.then_some(put))
    }

    fn gap(&mut self) -> Duration {
        let rate = self.workload.rate;
        Duration::micros(match self.workload.gaps {
            Gaps::Constant => (1_000_000 / rate).max(1),
            Gaps::Exponential => exponential(&mut self.rng, rate).max(1),
        })
    }

    /// The number of a key, from 0.
    fn place(&mut self, at: Instant) -> u64 {
        let keys = self.workload.keys;
        match self.workload.distribution {
            Distribution::Uniform => self.rng.below(keys),
            Distribution::Scan => (self.drawn - 1) % keys,
            Distribution::Zipf => self.popular(),
            Distribution::Shifting => {
                let passed = at.since(self.began).as_micros();
                let shifts = passed / self.workload.shift_every.as_micros();
                let by = shifts % keys * (keys / 10).max(1);
                (self.popular() + by) % keys
            }
        }
    }

    fn popular(&mut self) -> u64 {
        let all = self.popularity.last().copied().unwrap_or(1);
        let drawn = self.rng.below(all);
        self.popularity.partition_point(|upto| *upto <= drawn) as u64
    }

    /// A value that says which write it is, as long as the key's values are.
    fn put(&self, key: &str) -> Operation {
        let Workload {
            value_least: least,
            value_most: most,
            long_tail,
            ttl,
            ..
        } = *self.workload;
        let mut rng = Rng::new(Fingerprint::of(&(self.sizes, key)));
        let size = if long_tail {
            // As many between a half and the whole of the range as between a quarter and a half.
            let octave = rng.below(11);
            let span = most - least;
            least + rng.between(span >> (octave + 1), span >> octave)
        } else {
            rng.between(least, most)
        };
        let size = size as usize;
        let mut value = format!("v{}", self.drawn);
        value.truncate(size);
        value.extend(std::iter::repeat_n('.', size - value.len()));
        Operation::Put {
            key: key.into(),
            value,
            ttl,
        }
    }
}

/// The weights of all places, added up; empty when places have none.
fn popularity(workload: &Workload) -> Vec<u64> {
    if !matches!(
        workload.distribution,
        Distribution::Zipf | Distribution::Shifting
    ) {
        return Vec::new();
    }
    let roots = roots();
    let mut upto = 0;
    let weights = (1..=workload.keys).map(|place| {
        let exponent = u128::from(log2(place)) * u128::from(workload.skew) / 100;
        upto += power(exponent, &roots);
        upto
    });
    weights.collect()
}

/// Microseconds until something that happens `rate` times in a second happens again.
fn exponential(rng: &mut Rng, rate: u64) -> u64 {
    /// The natural logarithm of 2, in parts of 2^32.
    const LN_2: u128 = 2_977_044_471;
    let uniform = rng.between(1, 1 << 32);
    let halvings = (32 << 32) - log2(uniform);
    let micros = (u128::from(halvings) * LN_2 * 1_000_000) >> 64;
    micros as u64 / rate
}

/// The binary logarithm in parts of 2^32, in integers only: targets differ in the last digit of
/// those of floats, and one digit would make another history.
fn log2(number: u64) -> u64 {
    let whole = u64::from(number.ilog2());
    // Between 1 and 2, in parts of 2^63.
    let mut rest = u128::from(number << (63 - whole));
    let mut log = whole;
    for _ in 0..32 {
        rest = (rest * rest) >> 63;
        log <<= 1;
        if rest >= 1 << 64 {
            rest >>= 1;
            log |= 1;
        }
    }
    log
}

/// 2 to the power of -1/2, -1/4, -1/8 and so on, in parts of 2^63.
fn roots() -> [u128; 32] {
    let mut root: u128 = 1 << 62;
    std::array::from_fn(|_| {
        root = (root << 63).isqrt();
        root
    })
}

/// 2 to the power of minus `exponent` (in parts of 2^32), in parts of 2^40; at least one part, so
/// that every place has its turn.
fn power(exponent: u128, roots: &[u128; 32]) -> u64 {
    let mut power: u128 = 1 << 63;
    for (place, root) in roots.iter().enumerate() {
        if (exponent >> (31 - place)) & 1 == 1 {
            power = (power * root) >> 63;
        }
    }
    let halvings = (exponent >> 32).min(127) as u32;
    let power = power >> 23;
    (power.checked_shr(halvings).unwrap_or(0) as u64).max(1)
}

#[cfg(test)]
mod tests;
