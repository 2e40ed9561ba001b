//! Election timers that a person sets, to show what their randomness is for: all at one moment, so
//! that votes split, or evenly spread, so that they do not.

use super::node::Node;
use super::step::{ActionRefusal, Place, What};
use super::world::World;
use crate::types::{Duration, Instant, NodeId};

/// The election timer of a server, in simulated time.
struct Running {
    node: NodeId,
    set_at: Instant,
    fires_at: Instant,
}

impl World {
    /// All election timers run out with the last of them: none of them is shorter than it was.
    pub(super) fn align_timers(&mut self) {
        let running = self.running_timers();
        let last = running.iter().map(|timer| timer.fires_at).max();
        let at = last.unwrap_or_default();
        self.set_timers(running.iter().map(|timer| (timer.node, at)).collect());
    }

    /// Election timers run out in the order in which they would have, at equal distances over the
    /// range of election timeouts. The newest of them begins the range, so none is too short.
    pub(super) fn spread_timers(&mut self) {
        let mut running = self.running_timers();
        running.sort_by_key(|timer| (timer.fires_at, timer.node));
        let raft = &self.scenario().server.raft;
        let (least, most) = (raft.election_timeout_min, raft.election_timeout_max);
        let newest = running.iter().map(|timer| timer.set_at).max();
        let first = newest.unwrap_or_default() + least;
        let gap = (most.0 - least.0) / running.len().saturating_sub(1).max(1) as u64;
        let timers = running.iter().zip(0..);
        let timers = timers.map(|(timer, place)| (timer.node, first + Duration(gap * place)));
        self.set_timers(timers.collect());
    }

    fn running_timers(&self) -> Vec<Running> {
        self.nodes.iter().filter_map(running).collect()
    }

    fn set_timers(&mut self, timers: Vec<(NodeId, Instant)>) {
        if timers.is_empty() {
            return self.refuse(ActionRefusal::NoTimers);
        }
        for (id, at) in &timers {
            self.node_mut(*id).set_election_timer(*at);
        }
        self.note(Place::World, What::TimersSet { timers });
    }
}

fn running(node: &Node) -> Option<Running> {
    let timer = node.replica()?.raft().election_timer()?;
    Some(Running {
        node: node.id(),
        set_at: node.clock().when(timer.set_at),
        fires_at: node.clock().when(timer.fires_at),
    })
}
