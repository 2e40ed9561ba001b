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
        let size = key.len() as u64 + value;
        let known = self.sizes.get(key.as_str()).copied().unwrap_or(0);
        if size > known {
            self.bytes += size - known;
            self.sizes.insert(key.as_str().into(), size);
        }
    }
}
