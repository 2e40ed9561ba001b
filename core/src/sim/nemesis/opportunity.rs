//! Moments in which a fault does most harm: a nemesis that strikes at random rarely meets them.

use super::pick;
use crate::raft::{Leader, Message, Raft, Role};
use crate::sim::network::{MessageId, Payload};
use crate::sim::world::World;
use crate::types::{Index, NodeId, Rng};

fn running(world: &World) -> impl Iterator<Item = (NodeId, &Raft)> {
    let nodes = world.nodes().iter();
    nodes.filter_map(|node| Some((node.id(), node.replica()?.raft())))
}

fn stands(raft: &Raft) -> bool {
    matches!(raft.role(), Role::Candidate(_) | Role::PreCandidate(_))
}

/// While some server stands for election: one of those that it asks, or asked just now.
pub(super) fn voter(world: &World, rng: &mut Rng) -> Option<NodeId> {
    let candidate = running(world).find(|(_, raft)| stands(raft))?.0;
    let asked = running(world).filter(|(node, raft)| *node != candidate && !stands(raft));
    let asked: Vec<NodeId> = asked.map(|(node, _)| node).collect();
    pick(rng, &asked)
}

/// All who think that they lead.
pub(super) fn leaders(world: &World) -> impl Iterator<Item = (NodeId, &Raft, &Leader)> {
    running(world).filter_map(|(node, raft)| match raft.role() {
        Role::Leader(leader) => Some((node, raft, leader)),
        Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => None,
    })
}

fn leader_that(world: &World, is_it: impl Fn(&Raft, &Leader) -> bool) -> Option<NodeId> {
    let found = leaders(world).find(|(_, raft, leader)| is_it(raft, leader));
    found.map(|(node, ..)| node)
}

/// A leader that has committed nothing of its term.
pub(super) fn new_leader(world: &World) -> Option<NodeId> {
    leader_that(world, |raft, leader| raft.commit() < leader.first_of_term)
}

/// A leader whose newest entry nobody else has yet, as far as it knows.
pub(super) fn alone(world: &World) -> Option<NodeId> {
    leader_that(world, last_is_own)
}

/// A leader of whose term nobody else has anything yet, while a majority holds what an earlier leader
/// left: that must not be committed (Raft paper, figure 8).
pub(super) fn heir(world: &World) -> Option<NodeId> {
    let inherits = |leader: &Leader| leader.withheld > Index::ZERO;
    leader_that(world, |raft, leader| {
        inherits(leader) && last_is_own(raft, leader)
    })
}

fn last_is_own(raft: &Raft, leader: &Leader) -> bool {
    let last = raft.log().last().index;
    last > raft.commit() && leader.progress.iter().all(|one| one.matched < last)
}

/// A leader in whose place another server is about to come: one stands for election, or is asked to.
pub(super) fn deposed(world: &World) -> Option<NodeId> {
    let leader = world.leader()?;
    let raft = world.node(leader).replica()?.raft();
    let hands_over = match raft.role() {
        Role::Leader(leader) => leader.hand_over.as_ref().is_some_and(|one| one.asked),
        Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => false,
    };
    let mut others = running(world);
    let deposed = hands_over || others.any(|(_, raft)| stands(raft));
    deposed.then_some(leader)
}

/// A leader, and a voter that just promised it not to help elect another, while a third one stands.
pub(super) fn asked_against_its_promise(world: &World, rng: &mut Rng) -> Option<(NodeId, NodeId)> {
    let leader = world.leader()?;
    let voter = voter(world, rng).filter(|voter| *voter != leader)?;
    Some((leader, voter))
}

/// A follower's answer on its way to the leader: who sent it, who waits for it, and its number.
pub(super) fn answer(world: &World) -> Option<(NodeId, NodeId, MessageId)> {
    let leader = world.leader()?;
    world.network().in_flight().find_map(|message| {
        let Payload::Peer(envelope) = &message.payload else {
            return None;
        };
        let is_answer = matches!(envelope.message, Message::AppendResponse(_));
        (is_answer && envelope.to == leader).then_some((envelope.from, leader, message.id))
    })
}

/// Whether some leader has proposed other members, and they are not committed.
pub(super) fn is_changing(world: &World) -> bool {
    leader_that(world, |raft, _| raft.membership_index() > raft.commit()).is_some()
}
