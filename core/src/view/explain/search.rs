//! What a search came to, in words.

use super::{list, ms};
use crate::check::Rule;
use crate::types::{Duration, Instant, NodeId};
use crate::view::session::Interest;
use crate::view::session::quiet::Unrest;

/// Where a run ends by itself.
pub(in crate::view) const NOTHING_LEFT: &str = "Nothing is left to happen";
/// More than so much unrest is not told.
const TOLD: usize = 3;

pub(in crate::view) fn deadline(node: NodeId) -> String {
    format!("a timer of {node} runs out")
}

pub(in crate::view) fn broken(rule: Rule, seen: &str) -> String {
    format!("{} is broken: {seen}", rule.name())
}

pub(in crate::view) fn none_until(interest: Interest, until: Instant) -> String {
    format!("{} until {}", nothing(interest), ms(until.0))
}

pub(in crate::view) fn none_before(interest: Interest) -> String {
    format!("{} before this moment", nothing(interest))
}

fn nothing(interest: Interest) -> String {
    match interest {
        Interest::Node(id) => format!("Nothing happens to {}", NodeId(id)),
        Interest::Message => "No message is on its way".into(),
        Interest::Election => "No server stands for election".into(),
        Interest::Commit => "Nothing is committed".into(),
        Interest::Violation => "No rule is broken".into(),
        Interest::Fault => "Nothing fails".into(),
        Interest::Turn => "No election, commit, fault or broken rule".into(),
    }
}

pub(in crate::view) fn quiet(waited: Duration) -> String {
    match waited.as_micros() {
        0 => "All is quiet already".into(),
        waited => format!("All is quiet after {}", ms(waited)),
    }
}

pub(in crate::view) fn unrest(waited: Duration, waits: &[Unrest]) -> String {
    let told = list(waits.iter().take(TOLD).map(still));
    let more = match waits.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("Not quiet after {}: {told}{more}", ms(waited.as_micros()))
}

fn still(unrest: &Unrest) -> String {
    match unrest {
        Unrest::NoLeader => "no server leads".into(),
        Unrest::Leaders(nodes) => {
            let nodes = list(nodes.iter().map(NodeId::to_string));
            format!("{nodes} all think that they lead")
        }
        Unrest::Behind {
            node,
            applied,
            last,
        } => format!("{node} has applied {applied} of {last} entries"),
        Unrest::Traffic(1) => "a message is on its way".into(),
        Unrest::Traffic(messages) => format!("{messages} messages are on their way"),
        Unrest::Writing(node) => format!("{node} waits for its disk"),
        Unrest::Waiting(client) => format!("{client} waits or has more to ask"),
    }
}
