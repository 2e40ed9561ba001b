//! A server's cache and the model service, as drawn.

use super::explain::server::text;
use super::model::{
    AdvisorView, CacheEntryView, CacheView, HitsView, ServiceModeView, ServiceView, SessionView,
};
use crate::cache::{Cache, Held, PolicyKind};
use crate::replica::Replica;
use crate::sim::{Node, ServiceMode, World};
use bytes::Bytes;

/// Keys and sessions beyond so many are counted, not drawn.
const SHOWN: usize = 300;
/// So many of those who would be evicted next are named.
const VICTIMS: usize = 8;

/// The cache of a server; none while it does not run.
pub(super) fn cache(node: &Node) -> Option<CacheView> {
    let replica = node.replica()?;
    let cache = replica.cache();
    let victims = cache.upcoming(VICTIMS).into_iter();
    let sessions = cache
        .sessions()
        .take(SHOWN)
        .map(|(id, session)| SessionView {
            id: id.0,
            newest: session.newest(),
            remembered: session.remembered(),
            silent_for: cache.time().since(session.active()).as_micros(),
        });
    Some(CacheView {
        bytes: cache.bytes(),
        capacity: cache.capacity(),
        keys: cache.len() as u64,
        policy: cache.policy().to_string(),
        log_time: cache.time().0,
        entries: cache
            .iter()
            .take(SHOWN)
            .map(|held| entry(cache, held))
            .collect(),
        victims: victims
            .filter_map(|entry| cache.key_of(entry))
            .map(text)
            .collect(),
        sessions: sessions.collect(),
        model: (cache.policy() == PolicyKind::Learned).then(|| advisor(node, replica)),
    })
}

fn entry(cache: &Cache, (key, held): (&Bytes, &Held)) -> CacheEntryView {
    let expires = held.expires.map(|expires| expires.since(cache.time()));
    let known = cache.features(held.entry);
    CacheEntryView {
        key: text(key),
        value: text(&held.value),
        version: held.version,
        size: (key.len() + held.value.len()) as u64,
        uses: known.map_or(0, |known| u64::from(known.frequency)),
        idle: known.map_or(0, |known| known.recency),
        expires_in: expires.map(|expires| expires.as_micros()),
    }
}

fn advisor(node: &Node, replica: &Replica) -> AdvisorView {
    let state = replica.model_state();
    AdvisorView {
        requests: state.requests,
        waiting: state.waiting,
        failures: state.failures,
        paused_until: state.paused_until.map(|until| node.clock().when(until).0),
    }
}

/// What reads found, over time.
pub(super) fn found(world: &World) -> HitsView {
    let tally = world.tally();
    HitsView {
        span: tally.span().as_micros(),
        hits: tally.counts().map(|found| found.hits).collect(),
        misses: tally.counts().map(|found| found.misses).collect(),
    }
}

/// The model service.
pub(super) fn service(world: &World) -> ServiceView {
    let service = world.service();
    let mut running = world.nodes().iter().filter_map(Node::replica);
    let learned = |replica: &Replica| replica.cache().policy() == PolicyKind::Learned;
    let modes = ServiceMode::ALL.map(|mode| ServiceModeView {
        mode: mode.name().into(),
        says: mode.says().into(),
    });
    ServiceView {
        mode: service.mode().name().into(),
        says: service.mode().says().into(),
        modes: modes.into(),
        wanted: running.any(learned),
        asked: service.asked(),
        answered: service.answered(),
        thinking: service.thinking(),
    }
}
