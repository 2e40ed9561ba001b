//! From a step to an earlier one without which it would not have been.

use crate::replica::WriteId;
use crate::sim::{Address, MessageId, Place};
use crate::types::{Duration, Index, Instant, NodeId};
use crate::view::model::MessageKind;

/// A message, from when it set out until it arrives or is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::view) struct Flight {
    pub id: MessageId,
    pub from: Address,
    pub to: Address,
    pub kind: MessageKind,
    pub sent_at: Instant,
    pub sent_step: u64,
    /// When it arrives, as far as is known while it is on its way.
    pub arrives_at: Instant,
    /// The step in which somebody held it back last.
    pub delayed: Option<u64>,
    /// The step in which somebody made it arrive.
    pub hurried: Option<u64>,
    /// For a question to the model service: whose it is, and its number.
    pub question: Option<(u64, u64)>,
}

/// A reason that a step has, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::view) struct Link {
    /// The earlier step.
    pub step: u64,
    /// The happening that it explains, by its place in the later step; all when absent.
    pub about: Option<usize>,
    pub reason: Reason,
}

/// How an earlier step led to a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::view) enum Reason {
    /// The message that arrived, or was lost, set out there.
    Sent(Flight),
    /// The message was held back there.
    Delayed(MessageId),
    /// The message was made to arrive there.
    Hurried(MessageId),
    /// The write that became durable, or one step of it, was begun there.
    Written { node: NodeId, write: WriteId },
    /// The election timer that ran out was set there.
    ElectionTimer { node: NodeId, waited: Duration },
    /// The heartbeat is due because the server has led since.
    Leads { node: NodeId, every: Duration },
    /// Another timer of a server was set there, or became the first to run out.
    Timer { node: NodeId },
    /// A client's timer was set there, or became the first to run out.
    ClientTimer { client: Address },
    /// The server found there that the cluster goes on without it, and starts again.
    Superseded { node: NodeId },
    /// The model service was asked there.
    Asked { node: NodeId },
    /// A vote for the server was counted there.
    Vote { node: NodeId, voter: NodeId },
    /// The leader learned there that a server holds an entry.
    Held {
        leader: NodeId,
        holder: NodeId,
        upto: Index,
    },
    /// The entry was taken into the leader's log there.
    Proposed { leader: NodeId, index: Index },
    /// The server has not run since.
    Down { node: NodeId },
    /// What the server takes came to it there, and has waited since.
    Waited { node: NodeId },
    /// The server went on there after a pause.
    Resumed { node: NodeId },
    /// The server has been paused since.
    Paused { node: NodeId },
    /// The direction has been cut since.
    Cut { from: NodeId, to: NodeId },
    /// A message on that way was lost there.
    Lost { from: Address, to: Address },
    /// The server has not led since.
    SteppedDown { node: NodeId },
    /// A message on that way set out there and has not arrived.
    Late(Flight),
    /// The client asked for it there.
    Invoked { client: Address, at: Instant },
}

impl Reason {
    /// Where the earlier step was and where the later one, which happened at `effect` as far as
    /// the reason does not say otherwise.
    pub fn places(&self, effect: Place) -> (Place, Place) {
        match self {
            Reason::Sent(flight) => (flight.from.into(), flight.to.into()),
            Reason::Late(flight) => (flight.from.into(), effect),
            Reason::Written { node, .. }
            | Reason::ElectionTimer { node, .. }
            | Reason::Leads { node, .. }
            | Reason::Timer { node }
            | Reason::Superseded { node }
            | Reason::Waited { node }
            | Reason::Resumed { node }
            | Reason::Vote { node, .. } => (Place::Node(*node), Place::Node(*node)),
            Reason::Held { leader, .. } | Reason::Proposed { leader, .. } => {
                (Place::Node(*leader), Place::Node(*leader))
            }
            Reason::Down { node } | Reason::Paused { node } | Reason::SteppedDown { node } => {
                (Place::Node(*node), effect)
            }
            Reason::ClientTimer { client } | Reason::Invoked { client, .. } => {
                ((*client).into(), effect)
            }
            Reason::Asked { .. } => (Place::Model, Place::Model),
            Reason::Delayed(_) | Reason::Hurried(_) | Reason::Cut { .. } | Reason::Lost { .. } => {
                (Place::World, effect)
            }
        }
    }
}
