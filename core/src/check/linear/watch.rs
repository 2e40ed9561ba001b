//! What keys may do by themselves, as far as the surroundings of the clients tell it.

use super::model::Surroundings;
use crate::cache::Command;
use crate::replica::Event;
use crate::sim::{ClientEvent, Happening, Operation, What, World};
use imbl::OrdMap;
use std::sync::Arc;

/// Watches clocks, and how much clients have written. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    around: Surroundings,
    /// The most bytes that each key may have had.
    sizes: OrdMap<Arc<str>, u64>,
    bytes: u64,
    /// The least capacity that any cache had.
    capacity: Option<u64>,
}

/// The longest number that an increment writes.
const NUMBER: u64 = 20;

impl Watch {
    /// What is known now.
    #[must_use]
    pub fn around(&self) -> Surroundings {
        self.around
    }

    /// Something happened.
    pub fn observe(&mut self, world: &World, happening: &Happening) {
        match &happening.what {
            What::ClockSet { .. } => self.around.clocks_set = true,
            What::ClockDrifts { ppm } => {
                let ppm = u64::try_from(*ppm).unwrap_or(0);
                self.around.fastest_ppm = self.around.fastest_ppm.max(ppm);
            }
            What::Client(ClientEvent::Invoked(operation)) => {
                self.count(operation);
                let replicas = world.nodes().iter().filter_map(|node| node.replica());
                let capacity = replicas.map(|replica| replica.cache().capacity()).min();
                self.on_capacity(capacity);
            }
            What::Replica(Event::Applied {
                command: Command::Configure(change),
                ..
            }) => self.on_capacity(change.capacity),
            _ => {}
        }
    }

    fn on_capacity(&mut self, seen: Option<u64>) {
        self.capacity = self.capacity.into_iter().chain(seen).min();
        // A model evicts ahead of need, but never more than half of what fits.
        let is_full = |capacity: u64| self.bytes > capacity / 2;
        self.around.may_evict |= self.capacity.is_some_and(is_full);
    }

    fn count(&mut self, operation: &Operation) {
        let (key, value) = match operation {
            Operation::Put { key, value, .. } | Operation::CompareAndSwap { key, value, .. } => {
                (key, value.len() as u64)
            }
            Operation::Increment { key, .. } => (key, NUMBER),
            Operation::Batch { operations } => {
                for one in operations {
                    self.count(one);
                }
                return;
            }
            Operation::Delete { .. }
            | Operation::Get { .. }
            | Operation::Touch { .. }
            | Operation::GetMany { .. }
            | Operation::List { .. } => return,
        };
        let known = self.sizes.get(key.as_str()).copied().unwrap_or(0);
        let size = key.len() as u64 + value;
        if size > known {
            self.bytes += size - known;
            self.sizes.insert(key.as_str().into(), size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Watch;
    use crate::cache::{Command, Configure, Taken};
    use crate::replica::{ClientId, Event};
    use crate::sim::{ClientEvent, Happening, Operation, Place, Scenario, What, World};
    use crate::types::{Index, Instant, NodeId};
    use std::sync::Arc;

    /// Three servers that run, whose caches hold so many bytes.
    fn world(capacity: u64) -> World {
        let text = format!(
            "flotilla = 1\nname = \"small\"\nend = \"1s\"\nnodes = 3\n\
             cache = {{ capacity_bytes = {capacity} }}"
        );
        let scenario = Scenario::parse(&text).expect("well-formed");
        let mut world = World::new(Arc::new(scenario));
        while world.nodes().iter().any(|node| node.replica().is_none()) {
            world.step().expect("they are switched on");
        }
        world
    }

    fn see(watch: &mut Watch, world: &World, what: What) {
        let place = match what {
            What::Client(_) => Place::Client(ClientId(1)),
            _ => Place::Node(NodeId(1)),
        };
        watch.observe(world, &Happening { place, what });
    }

    /// A client begins to write a key of ten bytes and a value of so many.
    fn write(watch: &mut Watch, world: &World, (key, value): (u64, usize)) -> bool {
        let operation = Operation::Put {
            key: format!("{key:010}"),
            value: "v".repeat(value),
            ttl: None,
        };
        let invoked = What::Client(ClientEvent::Invoked(operation));
        see(watch, world, invoked);
        watch.around().may_evict
    }

    #[test]
    fn a_cache_may_have_been_full_once_more_than_half_of_it_was_written() {
        let world = world(1_024);
        let mut watch = Watch::default();
        assert!(!write(&mut watch, &world, (1, 300)));
        assert!(!write(&mut watch, &world, (2, 192)), "that is a half");
        assert!(write(&mut watch, &world, (3, 0)), "that is more");
        assert!(write(&mut watch, &world, (1, 0)), "and stays so");
    }

    #[test]
    fn a_key_counts_as_the_largest_that_it_ever_was() {
        let world = world(1_024);
        let mut watch = Watch::default();
        for value in [200, 100, 400, 502, 1, 502] {
            assert!(!write(&mut watch, &world, (1, value)), "{value}");
        }
        assert!(write(&mut watch, &world, (1, 503)));
    }

    /// A cache that is made smaller may have evicted at once, and one that is made larger before.
    #[test]
    fn the_least_capacity_that_a_cache_ever_had_counts() {
        let world = world(10_000);
        let mut watch = Watch::default();
        assert!(!write(&mut watch, &world, (1, 1_000)));
        let configure = |capacity| {
            What::Replica(Event::Applied {
                index: Index(9),
                command: Command::Configure(Configure {
                    policy: None,
                    capacity,
                }),
                taken: Taken::Done,
            })
        };
        see(&mut watch, &world, configure(Some(20_000)));
        see(&mut watch, &world, configure(None));
        assert!(!watch.around().may_evict);
        see(&mut watch, &world, configure(Some(2_000)));
        assert!(watch.around().may_evict);
    }

    #[test]
    fn the_fastest_rate_of_any_clock_counts_and_that_one_was_set() {
        let world = world(1_024);
        let mut watch = Watch::default();
        for (ppm, fastest) in [(-300, 0), (200, 200), (100, 200), (400, 400)] {
            see(&mut watch, &world, What::ClockDrifts { ppm });
            assert_eq!(watch.around().fastest_ppm, fastest);
        }
        assert!(!watch.around().clocks_set);
        let (from, to) = (Instant(5), Instant(6));
        see(&mut watch, &world, What::ClockSet { from, to });
        assert!(watch.around().clocks_set);
    }
}
