//! Who knows the future: what no policy can beat.

use super::simulate::Missed;
use super::trace::Trace;
use flotilla_core::types::Rng;
use std::collections::{BTreeSet, HashMap};

/// Stands for "never again": later than any request, yet small enough to be multiplied by a size.
const NEVER: u64 = 1 << 40;
/// How many objects the size-aware one compares for each eviction, as in libCacheSim.
const COMPARED: usize = 128;

/// Belady's MIN: what is asked for last goes first. It misses least when all objects have one size.
pub(super) fn belady(trace: &Trace, capacity: u64) -> Missed {
    let mut missed = Missed::default();
    let mut held: HashMap<u64, (u64, u64)> = HashMap::new();
    let mut order: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut bytes = 0;
    for (asked, next) in trace.requests.iter().zip(trace.next_requests()) {
        let next = next.unwrap_or(NEVER);
        let former = held.get(&asked.object).copied();
        missed.count(*asked, former.is_some());
        let size = match former {
            Some((size, former_next)) => {
                order.remove(&(former_next, asked.object));
                size
            }
            None if asked.size > capacity => continue,
            None => {
                while bytes + asked.size > capacity {
                    let (_, victim) = order.pop_last().expect("bytes belong to objects");
                    let gone = held.remove(&victim);
                    bytes -= gone.expect("what is in order is held").0;
                }
                bytes += asked.size;
                asked.size
            }
        };
        held.insert(asked.object, (size, next));
        order.insert((next, asked.object));
    }
    missed
}

/// What takes most bytes for longest until it is asked for again goes first, of a sample; what never is
/// does not enter. Nobody knows the true optimum for objects of different sizes; this comes near.
pub(super) fn size_aware(trace: &Trace, capacity: u64) -> Missed {
    let mut missed = Missed::default();
    let mut held: HashMap<u64, (u64, u64)> = HashMap::new();
    let mut objects: Vec<u64> = Vec::new();
    let (mut rng, mut bytes) = (Rng::new(capacity), 0);
    let requests = trace.requests.iter().zip(trace.next_requests());
    for (now, (asked, next)) in (0_u64..).zip(requests) {
        let former = held.get_mut(&asked.object);
        missed.count(*asked, former.is_some());
        if let Some((_, former_next)) = former {
            *former_next = next.unwrap_or(NEVER);
            continue;
        }
        let Some(next) = next.filter(|_| asked.size <= capacity) else {
            continue;
        };
        while bytes + asked.size > capacity {
            let draw = |_| rng.below(objects.len() as u64) as usize;
            let cost = |slot: &usize| {
                let (size, next) = held[&objects[*slot]];
                size * (next - now)
            };
            let drawn: Vec<usize> = (0..COMPARED).map(draw).collect();
            let worst = drawn.into_iter().max_by_key(cost);
            let victim = objects.swap_remove(worst.expect("some were drawn"));
            bytes -= held.remove(&victim).expect("what is listed is held").0;
        }
        bytes += asked.size;
        objects.push(asked.object);
        held.insert(asked.object, (asked.size, next));
    }
    missed
}
