//! What a scenario could expect, because it has come true: how a run becomes a test.

use super::expect::{against, leads, reads_that, running};
use super::scenario::{Action, Expect};
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// A cache with more keys than this is held to their number, not to their values.
const VALUES: usize = 12;
/// Longer values are not written down, in bytes.
const VALUE: usize = 64;

/// The strictest expectations that the world meets as it is. Broken rules are not among them: who
/// follows the run knows those.
#[must_use]
pub fn truth(world: &World) -> Expect {
    let mut truth = Expect::default();
    let mut try_out = |fill: &dyn Fn(&mut Expect)| {
        let mut tried = truth.clone();
        fill(&mut tried);
        if against(&tried, world).iter().all(|one| one.met) {
            truth = tried;
        }
    };
    try_out(&|expect| expect.leader = true);
    try_out(&|expect| expect.answered = true);
    try_out(&|expect| expect.equal = true);
    let keys = running(world).next();
    let keys = keys.map(|(_, replica)| replica.cache().len() as u64);
    try_out(&|expect| expect.keys = keys.filter(|keys| *keys > 0));
    try_out(&|expect| expect.values = values(world));
    let (found, absent) = (
        reads_that(world, |value| value.is_some()),
        reads_that(world, |value| value.is_none()),
    );
    try_out(&|expect| expect.reads_found = some(found));
    try_out(&|expect| expect.reads_absent = some(absent));
    try_out(&|expect| {
        expect.elections = some(world.elections());
        expect.elections_at_most = expect.elections;
    });
    try_out(&|expect| expect.lease_reads = some(world.lease_reads()));
    try_out(&|expect| expect.repeated_at_least = some(world.repeated()));
    try_out(&|expect| {
        let nodes = world.nodes().iter();
        let installed = nodes.filter(|node| node.snapshots_installed() > 0);
        expect.snapshot_installed = installed.map(|node| node.id()).collect();
    });
    try_out(&|expect| {
        let all = running(world).flat_map(|(node, _)| node.alerts());
        let kinds: BTreeSet<&str> = all.map(|raised| raised.alert.key().kind.name()).collect();
        expect.alerts = kinds.into_iter().map(String::from).collect();
    });
    let mut actions = world.scenario().actions.iter();
    if actions.any(|timed| matches!(timed.action, Action::ChangeMembership { .. })) {
        try_out(&|expect| {
            let leader = leads(world);
            expect.voters =
                leader.map_or_else(Vec::new, |leader| leader.raft().membership().voters.clone());
        });
    }
    truth
}

/// None of something is nothing to expect.
fn some(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

/// What a small cache holds, where all of it is text; nothing otherwise.
fn values(world: &World) -> BTreeMap<String, String> {
    let Some((_, replica)) = running(world).next() else {
        return BTreeMap::new();
    };
    let cache = replica.cache();
    if cache.len() > VALUES {
        return BTreeMap::new();
    }
    let text = |bytes: &[u8]| {
        let text = core::str::from_utf8(bytes).ok()?;
        (text.len() <= VALUE && !text.chars().any(char::is_control)).then(|| text.to_string())
    };
    let pairs = cache.iter();
    let pairs: Option<_> = pairs
        .map(|(key, held)| Some((text(key)?, text(&held.value)?)))
        .collect();
    pairs.unwrap_or_default()
}
