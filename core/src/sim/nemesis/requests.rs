//! What clients ask for beside their load: every operation that there is, on few keys.

use super::{opportunity, pick};
use crate::replica::ClientId;
use crate::sim::client::Client;
use crate::sim::scenario::{Action, Operation, ReadPath};
use crate::sim::world::World;
use crate::types::{Duration, NodeId, Rng};

/// Numbers have keys of their own: adding to a text would be refused.
const NUMBERS: u64 = 3;
const KEYS: u64 = 6;

/// What clients may ask for.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    /// Reads by lease.
    pub(super) lease_reads: bool,
    /// Reads of a server of their choice.
    pub(super) chosen_server: bool,
}

pub(super) fn draw(world: &World, allowed: Allowed, rng: &mut Rng) -> Action {
    let clients: Vec<ClientId> = world.clients().iter().map(Client::id).collect();
    let client = pick(rng, &clients).unwrap_or(ClientId(1));
    operation(world, allowed, rng).of(client)
}

/// A read by lease of a server that may lead no more, by a client behind whose operations none waits.
pub(super) fn watch(world: &World, leader: NodeId, rng: &mut Rng) -> Option<Action> {
    let idle = world.clients().iter().filter(|client| client.queued() == 0);
    let idle: Vec<ClientId> = idle.map(Client::id).collect();
    let read = Operation::Get {
        key: format!("k{}", 1 + rng.below(KEYS)),
        node: Some(leader),
        path: ReadPath::Lease,
    };
    Some(read.of(pick(rng, &idle)?))
}

fn operation(world: &World, allowed: Allowed, rng: &mut Rng) -> Operation {
    let key = format!("k{}", 1 + rng.below(KEYS));
    let number = format!("n{}", 1 + rng.below(NUMBERS));
    let ttl = rng
        .chance(250_000)
        .then(|| Duration::millis(rng.between(20, 5_000)));
    let value = format!("x{}", world.steps());
    let paths = [
        ReadPath::Quorum,
        ReadPath::Log,
        ReadPath::Lease,
        ReadPath::Stale,
    ];
    let path = pick(rng, &paths).unwrap_or_default();
    let path = match path {
        ReadPath::Lease if !allowed.lease_reads => ReadPath::Quorum,
        path => path,
    };
    // Who asks a server of its choice may well ask one that leads no more and does not know it.
    let node = match allowed.chosen_server && rng.chance(500_000) {
        true => {
            let leaders = opportunity::leaders(world).map(|(node, ..)| node);
            pick(rng, &leaders.collect::<Vec<_>>())
        }
        false => None,
    };
    match rng.below(12) {
        0 | 1 => Operation::Increment {
            key: number,
            add: rng.between(1, 9) as i64 - 3,
        },
        2 => Operation::Touch { key, ttl },
        3 => Operation::CompareAndSwap {
            key,
            expected: None,
            value,
            ttl,
        },
        4 => {
            // What the key had when somebody saw it last: often right, sometimes not any more.
            let seen = world
                .nodes()
                .iter()
                .filter_map(|node| node.replica())
                .next();
            let held = seen.and_then(|replica| replica.cache().get(key.as_bytes()));
            Operation::CompareAndSwap {
                expected: held.map(|held| held.version),
                key,
                value,
                ttl,
            }
        }
        5 | 6 => Operation::Batch {
            operations: vec![
                Operation::Put { key, value, ttl },
                Operation::Increment {
                    key: number,
                    add: 1,
                },
            ],
        },
        7 => Operation::Delete { key },
        8 => Operation::GetMany {
            of: vec![key, number],
            node,
            path,
        },
        9 => Operation::List {
            prefix: "n".into(),
            after: None,
            limit: 10,
            node,
            path,
        },
        10 => Operation::Put { key, value, ttl },
        _ => Operation::Get {
            key: if rng.chance(500_000) { key } else { number },
            node,
            path,
        },
    }
}
