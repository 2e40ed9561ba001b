//! Where what a leader has just committed is durable, by what each server knows of its own disk and whatever
//! the leader was told.

use crate::raft::{Fit, Raft};
use crate::sim::World;
use crate::types::{Index, NodeId, Position};
use imbl::OrdSet;

/// What is amiss with what `leader` has committed up to `index`, in a sentence; none when a majority holds
/// it durably. Nothing is said of a server that is down, nor of one whose disk was `harmed`: it may have
/// held the entry when it said so.
pub(super) fn missing(
    world: &World,
    leader: NodeId,
    index: Index,
    harmed: &OrdSet<NodeId>,
) -> Option<String> {
    let leading = world.node(leader).replica()?.raft();
    let committed = Position::new(leading.log().term_at(index)?, index);
    let holds = |node: NodeId| {
        let running = world.nodes().iter().find(|one| one.id() == node);
        let running = running.and_then(|one| one.replica());
        harmed.contains(&node) || running.is_none_or(|one| is_durable(one.raft(), committed))
    };
    let truth = |node| if holds(node) { index } else { Index::ZERO };
    // A leader may propose other members in the very step in which it commits.
    let memberships = [leading.membership(), leading.membership_at(index)];
    let enough = |members: &crate::raft::Membership| members.quorum().committed(truth) >= index;
    if memberships.iter().any(|members| enough(members)) {
        return None;
    }
    let voters = leading.membership().all_voters();
    let without: Vec<String> = voters
        .iter()
        .filter(|voter| !holds(**voter))
        .map(NodeId::to_string)
        .collect();
    Some(format!(
        "{leader} commits {committed}, which is not durable on {}: {} of {} voters",
        without.join(", "),
        without.len(),
        voters.len()
    ))
}

fn is_durable(raft: &Raft, entry: Position) -> bool {
    match raft.log().fit(entry) {
        Fit::BelowBase => true,
        // Who has just started cannot tell yet what of its log would outlast a loss of power; we neither.
        Fit::Holds => raft.durable_last() >= entry.index || raft.is_unproven(),
        Fit::Missing | Fit::Conflict(_) => false,
    }
}
