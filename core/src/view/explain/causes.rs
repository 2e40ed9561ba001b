//! How one step led to another, in words.

use super::ms;
use crate::sim::{Cause, verb};
use crate::types::Instant;
use crate::view::causes::{Flight, Reason};
use crate::view::model::{MessageKind, ReasonKind};

/// What a reason is called, its message, and its sentence. The two instants are those of the
/// earlier and of the later step.
pub(in crate::view) fn reason(
    reason: &Reason,
    (from, to): (Instant, Instant),
) -> (ReasonKind, Option<u64>, String) {
    let after = ms(to.since(from).as_micros());
    let message = match reason {
        Reason::Sent(flight) | Reason::Late(flight) => Some(flight.id.0),
        Reason::Delayed(message) | Reason::Hurried(message) => Some(message.0),
        _ => None,
    };
    let (kind, sentence) = match reason {
        Reason::Sent(flight) => {
            let sentence = format!("{} set out here, {after} before", carried(flight));
            (ReasonKind::Message, sentence)
        }
        Reason::Delayed(message) => {
            let sentence = format!("{message} was held back here, or it would have come earlier");
            (ReasonKind::Message, sentence)
        }
        Reason::Hurried(message) => {
            let sentence =
                format!("{message} was made to arrive here, or it would have come later");
            (ReasonKind::Message, sentence)
        }
        Reason::Written { node, write } => {
            let sentence = format!(
                "{node} gave write {} to its disk here, which took {after} to be durable",
                write.number
            );
            (ReasonKind::Disk, sentence)
        }
        Reason::ElectionTimer { node, waited } => {
            let waited = ms(waited.as_micros());
            let sentence = format!("{node} set its election timer here, for {waited}");
            (ReasonKind::Timer, sentence)
        }
        Reason::Leads { node, every } => {
            let every = ms(every.as_micros());
            let sentence = format!("{node} leads since then, and sends heartbeats every {every}");
            (ReasonKind::Timer, sentence)
        }
        Reason::Timer { node } => {
            let sentence = format!("{node} set the timer here that ran out {after} later");
            (ReasonKind::Timer, sentence)
        }
        Reason::ClientTimer { client } => {
            let sentence = format!("{client} set the timer here that ran out {after} later");
            (ReasonKind::Timer, sentence)
        }
        other => rare(other, &after),
    };
    (kind, message, sentence)
}

fn rare(reason: &Reason, after: &str) -> (ReasonKind, String) {
    match reason {
        Reason::Superseded { node } => (
            ReasonKind::Restart,
            format!("{node} found here that the cluster goes on without it"),
        ),
        Reason::Asked { node } => (
            ReasonKind::Request,
            format!("the model service was asked by {node} here, and thought for {after}"),
        ),
        Reason::Vote { node, voter } if node == voter => (
            ReasonKind::Quorum,
            format!("{node} counted its own vote here, {after} before"),
        ),
        Reason::Vote { node, voter } => (
            ReasonKind::Quorum,
            format!("{node} counted the vote of {voter} here, {after} before"),
        ),
        Reason::Held {
            leader,
            holder,
            upto,
        } if leader == holder => (
            ReasonKind::Quorum,
            format!("{leader} had everything up to index {upto} on its own disk here"),
        ),
        Reason::Held {
            leader,
            holder,
            upto,
        } => (
            ReasonKind::Quorum,
            format!("{leader} learned here that {holder} holds everything up to index {upto}"),
        ),
        Reason::Proposed { leader, index } => (
            ReasonKind::Request,
            format!("{leader} took index {index} into its log here"),
        ),
        Reason::Down { node } => (
            ReasonKind::Silence,
            format!("{node} does not run since then, so nothing was heard of it"),
        ),
        Reason::Waited { node } => (
            ReasonKind::Waiting,
            format!("it came to {node} here, and waited for {after} until {node} took it"),
        ),
        Reason::Resumed { node } => (
            ReasonKind::Restart,
            format!("{node} went on here after its pause, {after} before"),
        ),
        Reason::Paused { node } => (
            ReasonKind::Silence,
            format!("{node} is paused since then, so nothing was heard of it"),
        ),
        Reason::Cut { from, to } => (
            ReasonKind::Silence,
            format!("messages from {from} to {to} are cut since then"),
        ),
        Reason::Lost { from, to } => (
            ReasonKind::Silence,
            format!("a message from {from} to {to} was lost here"),
        ),
        Reason::SteppedDown { node } => (
            ReasonKind::Silence,
            format!("{node} leads no more since then"),
        ),
        Reason::Late(flight) => (
            ReasonKind::Silence,
            format!("{} set out here and had not arrived", carried(flight)),
        ),
        Reason::Invoked { client, .. } => (
            ReasonKind::Request,
            format!("{client} asked for it here, {after} before"),
        ),
        Reason::Sent(_)
        | Reason::Delayed(_)
        | Reason::Hurried(_)
        | Reason::Written { .. }
        | Reason::ElectionTimer { .. }
        | Reason::Leads { .. }
        | Reason::Timer { .. }
        | Reason::ClientTimer { .. } => unreachable!("told by the caller"),
    }
}

/// `n2's vote #31 to n1`.
fn carried(flight: &Flight) -> String {
    let Flight {
        id, from, to, kind, ..
    } = flight;
    format!("{from}'s {} {id} to {to}", kind_name(*kind))
}

/// What a message is called.
pub(in crate::view) fn kind_name(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::PreVoteRequest => "pre-vote request",
        MessageKind::PreVoteResponse => "pre-vote answer",
        MessageKind::TimeoutNow => "request to take over",
        MessageKind::VoteRequest => "vote request",
        MessageKind::VoteResponse => "vote answer",
        MessageKind::Append => "append",
        MessageKind::Heartbeat => "heartbeat",
        MessageKind::AppendResponse => "append answer",
        MessageKind::Snapshot => "snapshot piece",
        MessageKind::SnapshotResponse => "snapshot answer",
        MessageKind::ReadIndex => "read index request",
        MessageKind::ReadIndexResponse => "read index answer",
        MessageKind::Request => "request",
        MessageKind::Response => "answer",
        MessageKind::Question => "question",
        MessageKind::Advice => "advice",
    }
}

/// What set off a step that nothing before it led to.
pub(in crate::view) fn origin(cause: &Cause) -> String {
    match cause {
        Cause::Action(action) => {
            let verb = verb(action).replace('_', " ");
            format!("By hand, or by the scenario: {verb}")
        }
        Cause::Boot(node) => format!("{node} is switched on when the run begins"),
        Cause::Arrival(message) => format!("{message} arrived"),
        Cause::Deadline(node) => format!("A timer of {node} ran out"),
        Cause::ClientDeadline(client) => format!("A timer of {client} ran out"),
        Cause::Disk(node, _) => format!("The disk of {node} finished a sync"),
        Cause::Turn { node, .. } => format!("{node} took what had waited for it"),
        Cause::Model => "The model service had thought about a question".into(),
    }
}
