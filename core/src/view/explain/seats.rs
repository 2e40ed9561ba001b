//! Servers that may have forgotten what they promised, in words.

use super::{Told, detail, list, story};
use crate::raft::Event;
use crate::types::NodeId;

pub(super) const CHAPTER: &str = "ARCHITECTURE, seats and incarnations";

/// What a person can do when too many seats are vacant, in one wording for events and alerts.
pub(super) fn lost(vacant: &[NodeId], needed: u64) -> String {
    let who = list(vacant.iter().map(ToString::to_string));
    format!(
        "{who} may have forgotten what they acknowledged, and those who have not are fewer than the \
         {needed} that decide: whoever was elected now could lack committed writes. Put back the \
         data directory of one of them, or begin a new cluster"
    )
}

pub(super) fn tell(node: NodeId, event: &Event) -> Told {
    match event {
        Event::IncarnationHeard { from, former } => {
            let (who, new) = (from.node, from.incarnation);
            let sentence = format!(
                "{node} hears {who} speak as incarnation {new}, no longer {former}: {who} may have forgotten \
                 what it promised, so its votes and acknowledgements do not count for now"
            );
            story("incarnation", sentence).by("A vote counts for one memory", CHAPTER)
        }
        Event::FormerIncarnationRefused { from, known } => {
            let sentence = format!(
                "{node} refuses a message of {} in its incarnation {}: {known} is known",
                from.node, from.incarnation
            );
            detail("incarnation", sentence).by("A vote counts for one memory", CHAPTER)
        }
        Event::AcknowledgedDenied {
            follower,
            matched,
            last,
        } => {
            let who = follower.node;
            let sentence = format!(
                "{node} hears {who} deny what it acknowledged: its log ends at index {last}, and it had \
                 acknowledged index {matched}. So {who} has lost it, and is not counted on any more"
            );
            story("denied", sentence).by("A vote counts for one memory", CHAPTER)
        }
        Event::SeatsLost { vacant, needed } => {
            let sentence = format!("{node} cannot be elected: {}", lost(vacant, *needed));
            story("seats-lost", sentence).by("Stop rather than lose writes", CHAPTER)
        }
        Event::SeatEarned {
            address,
            matched,
            last,
        } => {
            let sentence = format!(
                "{node} finds that {} has caught up: it holds index {matched} of {last}, so its \
                 incarnation {} gets the seat",
                address.node, address.incarnation
            );
            story("seat", sentence).by("The seat is given back", CHAPTER)
        }
        _ => unreachable!("sorted by the caller"),
    }
}
