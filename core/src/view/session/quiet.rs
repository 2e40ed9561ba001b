//! What is still going on in a cluster that shall come to rest.

use crate::raft::Role;
use crate::replica::{ClientId, Replica};
use crate::sim::World;
use crate::types::{Index, NodeId};
use crate::view::messages::kind;
use crate::view::model::MessageKind;

/// Something that is still going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::view) enum Unrest {
    /// No server leads.
    NoLeader,
    /// More than one server thinks that it leads.
    Leaders(Vec<NodeId>),
    /// A member has not applied all that the leader has.
    Behind {
        /// The member.
        node: NodeId,
        /// What it has applied.
        applied: Index,
        /// Where the leader's log ends.
        last: Index,
    },
    /// Messages are on their way that may change something.
    Traffic(u64),
    /// A server waits for its disk.
    Writing(NodeId),
    /// A client waits for an answer, or has more to ask.
    Waiting(ClientId),
}

/// What is still going on; nothing where all is quiet.
pub(super) fn unrest(world: &World) -> Vec<Unrest> {
    let running = || world.nodes().iter().filter_map(|node| node.replica());
    let mut all = lagging(running().collect());
    let flying = world.network().in_flight();
    let telling = flying.filter(|message| {
        let idle = [MessageKind::Heartbeat, MessageKind::AppendResponse];
        !idle.contains(&kind(&message.payload))
    });
    match telling.count() as u64 {
        0 => {}
        messages => all.push(Unrest::Traffic(messages)),
    }
    let writing = running().filter(|replica| replica.writes_pending() > 0);
    all.extend(writing.map(|replica| Unrest::Writing(replica.id())));
    let waiting = world.clients().iter();
    let waiting = waiting
        .filter(|client| client.has_workload() || client.under_way() > 0 || client.queued() > 0);
    all.extend(waiting.map(|client| Unrest::Waiting(client.id())));
    all
}

/// Who does not agree with the one leader yet.
fn lagging(running: Vec<&Replica>) -> Vec<Unrest> {
    let leads = |replica: &&&Replica| matches!(replica.raft().role(), Role::Leader(_));
    let leaders: Vec<&Replica> = running.iter().filter(leads).copied().collect();
    let [leader] = leaders[..] else {
        return vec![match leaders[..] {
            [] => Unrest::NoLeader,
            _ => Unrest::Leaders(leaders.iter().map(|leader| leader.id()).collect()),
        }];
    };
    let last = leader.raft().log().last().index;
    let members = leader.raft().membership().members();
    let members = running
        .into_iter()
        .filter(|replica| members.contains(&replica.id()));
    let behind = members.filter(|replica| replica.applied().index < last);
    behind
        .map(|replica| Unrest::Behind {
            node: replica.id(),
            applied: replica.applied().index,
            last,
        })
        .collect()
}
