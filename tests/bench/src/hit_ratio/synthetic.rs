//! Made-up traces, each the same for ever: what policies differ in, without a file.

use super::trace::{Request, Trace};
use flotilla_core::types::Rng;

const REQUESTS: u64 = 200_000;
const OBJECTS: u64 = 20_000;

/// All of them.
pub(super) fn all() -> Vec<Trace> {
    vec![zipf(), zipf_with_scans(), shifting_zipf()]
}

/// A popularity that falls with the rank to the power of 0.9, drawn by binary search in its sums.
struct Zipf(Vec<u64>);

impl Zipf {
    fn new(objects: u64) -> Zipf {
        let mut sum = 0.0;
        let sums = (1..=objects).map(|rank| {
            sum += 1e9 / (rank as f64).powf(0.9);
            sum as u64
        });
        Zipf(sums.collect())
    }

    fn draw(&self, rng: &mut Rng) -> u64 {
        let point = rng.below(self.0.last().copied().unwrap_or(1));
        self.0.partition_point(|sum| *sum <= point) as u64
    }
}

/// Sizes from 64 bytes to 32 KiB, small ones more often; an object always has the same.
fn sized(object: u64) -> Request {
    let mut rng = Rng::new(object);
    let octave = rng.below(10).min(rng.below(10));
    let size = rng.between(64 << octave, (128 << octave) - 1);
    Request { object, size }
}

fn zipf() -> Trace {
    let (mut rng, popular) = (Rng::new(1), Zipf::new(OBJECTS));
    let draws = (0..REQUESTS).map(|_| sized(popular.draw(&mut rng)));
    Trace {
        name: "Zipf".into(),
        requests: draws.collect(),
    }
}

/// Now and then somebody reads through many objects, once each.
fn zipf_with_scans() -> Trace {
    let (mut rng, popular) = (Rng::new(2), Zipf::new(OBJECTS));
    let mut requests = Vec::new();
    let mut scanned = OBJECTS;
    while (requests.len() as u64) < REQUESTS {
        for _ in 0..rng.between(5_000, 15_000) {
            requests.push(sized(popular.draw(&mut rng)));
        }
        for _ in 0..rng.between(500, 4_000) {
            scanned += 1;
            requests.push(sized(scanned));
        }
    }
    Trace {
        name: "Zipf with scans".into(),
        requests,
    }
}

/// Every so often other objects become the popular ones.
fn shifting_zipf() -> Trace {
    let (mut rng, popular) = (Rng::new(3), Zipf::new(OBJECTS));
    let draws = (0..REQUESTS).map(|number| {
        let shift = number / 20_000 * 1_000;
        sized((popular.draw(&mut rng) + shift) % OBJECTS)
    });
    Trace {
        name: "Zipf whose popularity shifts".into(),
        requests: draws.collect(),
    }
}
