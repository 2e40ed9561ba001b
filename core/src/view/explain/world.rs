//! What happens in the world around the servers, in words.

use super::cache::answer_text;
use super::{Told, alerts, count, detail, faults, server, story, trace};
use crate::replica::{Lane, Staleness};
use crate::sim::{
    Address, ClientEvent, DuplicationReason, LossReason, MessageId, OperationResult, Place,
    RetryReason, What,
};
use crate::types::{Duration, NodeId};

pub(super) fn tell(place: Place, what: &What) -> Told {
    match what {
        What::Replica(event) => server::tell(node_of(place), event),
        What::Client(event) => client(place, event),
        What::Sent { message, to } => trace("sent", format!("{place} sends {message} to {to}")),
        What::Delivered {
            message,
            from,
            sent_step,
        } => {
            let sentence =
                format!("{place} receives {message} of {from}, sent in step {sent_step}");
            trace("delivered", sentence)
        }
        What::MessageLost {
            message,
            from,
            to,
            why,
        } => lost(*message, (*from, *to), *why),
        What::MessageDelayed { message, until } => story(
            "delayed",
            format!("{message} is held back and will arrive at {until}"),
        ),
        What::MessageHurried {
            message,
            instead_of,
        } => story(
            "hurried",
            format!("{message} arrives at once, by hand, instead of at {instead_of}"),
        ),
        What::MessageDuplicated { message, copy, why } => match why {
            DuplicationReason::Network => detail(
                "duplicated",
                format!("the network delivers {message} twice: {copy} is a copy of it"),
            ),
            DuplicationReason::ByHand => story(
                "duplicated",
                format!("{message} is duplicated by hand: {copy} is a copy of it"),
            ),
        },
        What::WriteIssued { write, bytes } => {
            let lane = lane(write.lane);
            trace(
                "write",
                format!(
                    "{place} begins {lane} write {} of {bytes} bytes",
                    write.number
                ),
            )
        }
        What::WriteDurable { write } => {
            let lane = lane(write.lane);
            trace(
                "durable",
                format!("{place} has {lane} write {} on disk", write.number),
            )
        }
        What::Crashed { lost } => {
            let files = count(lost.files, "file", "files");
            let lost = match (lost.bytes, lost.files) {
                (0, 0) => "its disk loses nothing".to_string(),
                (bytes, 0) => format!("its disk loses {bytes} bytes that were not synced"),
                (bytes, _) => {
                    format!("its disk loses {bytes} bytes and {files} that were not synced")
                }
            };
            story(
                "crashed",
                format!("{place} crashes: its memory is gone, and {lost}"),
            )
        }
        What::SwitchedOn { run: 1 } => detail("started", format!("{place} is switched on")),
        What::SwitchedOn { run } => story(
            "restarted",
            format!("{place} is switched on again, for its run {run}"),
        ),
        What::StartFailed { error } => {
            story("start-failed", format!("{place} does not start: {error}"))
        }
        What::Stopped { error } => story("stopped", format!("{place} has stopped: {error}")),
        What::AlertRaised { alert } => alerts::raised(node_of(place), alert),
        What::AlertCleared { alert, lasted } => alerts::cleared(node_of(place), *alert, *lasted),
        What::NetworkCut { cuts } if cuts.is_empty() => {
            detail("cut", "the network is cut where it was cut already".into())
        }
        What::NetworkCut { cuts } => {
            let cuts = super::list(cuts.iter().map(|(from, to)| format!("{from}→{to}")));
            story("cut", format!("the network is cut: {cuts}"))
        }
        What::NetworkHealed { cuts } => {
            let cuts = count(*cuts, "direction", "directions");
            story(
                "healed",
                format!("the network is whole again: {cuts} mended"),
            )
        }
        What::NetworkMended { from, to } => story(
            "healed",
            format!("the network is mended from {from} to {to}"),
        ),
        What::ClockDrifts { ppm } => story("clock", format!("{place}'s clock {}", rate(*ppm))),
        What::ClockSet { from, to } => {
            let (way, by) = match to >= from {
                true => ("forward", to.since(*from)),
                false => ("back", from.since(*to)),
            };
            let sentence = format!("{place}'s clock jumps {way} by {by}: it shows {to} now");
            story("clock", sentence)
        }
        What::ModelBehaves { mode } => story(
            "model-service",
            format!("the model service {} from now on", mode.says()),
        ),
        What::ActionRefused { why } => detail("refused", format!("nothing is done: {why}")),
        other => faults::tell(place, other).expect("what is left concerns machines and disks"),
    }
}

fn node_of(place: Place) -> NodeId {
    match place {
        Place::Node(node) => node,
        Place::Client(_) | Place::World | Place::Model => unreachable!("replicas live on servers"),
    }
}

/// How a clock runs beside simulated time. A part in a million is a microsecond in a second.
fn rate(ppm: i64) -> String {
    let in_a_second = Duration::micros(ppm.unsigned_abs());
    match ppm {
        0 => "runs as fast as simulated time from now on".into(),
        1.. => format!("runs fast from now on: it gains {in_a_second} in every second"),
        ..0 => format!("runs slow from now on: it loses {in_a_second} in every second"),
    }
}

fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Log => "log",
        Lane::Snapshot => "snapshot",
    }
}

fn lost(message: MessageId, (from, to): (Address, Address), why: LossReason) -> Told {
    let way = format!("{message} from {from} to {to}");
    match why {
        LossReason::Network => detail("lost", format!("{way} is lost by the network")),
        LossReason::Cut => trace("lost", format!("{way} is lost: the link is cut")),
        LossReason::ReceiverDown => trace("lost", format!("{way} is lost: {to} does not run")),
        LossReason::ClusterGone => trace("lost", format!("{way} is lost with its cluster")),
        LossReason::ReceiverFull => trace(
            "lost",
            format!("{way} is lost: more waits at {to} than it has room for"),
        ),
        LossReason::ByHand => story("dropped", format!("{way} is dropped by hand")),
    }
}

fn client(place: Place, event: &ClientEvent) -> Told {
    match event {
        ClientEvent::Invoked(operation) => detail("asks", format!("{place} asks: {operation}")),
        ClientEvent::Retried { attempt, to, why } => {
            let why = match why {
                RetryReason::TimedOut => "no answer came",
                RetryReason::Redirected => "it was named as the leader",
                RetryReason::NoLeader => "nobody was named as the leader",
                RetryReason::Busy => "the one that was asked takes no requests for a while",
                RetryReason::Unknown => "what became of the request is not known",
                RetryReason::Unacknowledged => {
                    "the session remembers as many answers as it may until some are acknowledged"
                }
            };
            let sentence = format!("{place} turns to {to} for attempt {attempt}: {why}");
            detail("retries", sentence).by("Clients find the leader", "Raft paper, section 8")
        }
        ClientEvent::SessionOpened(session) => {
            detail("session", format!("{place} has opened session {session}"))
                .by("Client sessions", "Raft dissertation, section 6.3")
        }
        ClientEvent::SessionExpired(session) => {
            let sentence = format!(
                "session {session} of {place} has expired: a write that was under way in it is never \
                 sent again in another"
            );
            story("session", sentence).by("Client sessions", "Raft dissertation, section 6.3")
        }
        ClientEvent::WorkloadBegun(workload) => {
            let (rate, keys) = (workload.rate, count(workload.keys, "key", "keys"));
            let reads = workload.reads_percent;
            let sentence = format!(
                "{place} asks for {rate} operations a second from now on, {reads} % of them reads, of {keys}"
            );
            story("workload", sentence)
        }
        ClientEvent::WorkloadEnded => story("workload", format!("the workload of {place} ends")),
        ClientEvent::Answered(answered) => {
            let result = result_text(&answered.result);
            let ms = answered.answered_at.since(answered.invoked_at).as_micros() / 1_000;
            let sentence = format!(
                "{place} is answered after {ms} ms: {}, {result}",
                answered.operation
            );
            detail("answered", sentence)
        }
    }
}

/// A client's answer in words.
pub(in crate::view) fn result_text(result: &OperationResult) -> String {
    match result {
        OperationResult::Written { version } => format!("written at index {version}"),
        OperationResult::Deleted { existed: true } => "deleted".into(),
        OperationResult::Deleted { existed: false } => "it was not there".into(),
        OperationResult::Found {
            value,
            index,
            staleness,
        } => {
            let found = match value {
                Some(value) => format!("found {} at index {index}", server::text(value)),
                None => format!("no value at index {index}"),
            };
            however_stale(found, *staleness)
        }
        OperationResult::FoundMany {
            values,
            index,
            staleness,
        } => {
            let found = values.iter().flatten().count();
            let asked = count(values.len() as u64, "key", "keys");
            let told = told(values.iter().map(|value| match value {
                Some(value) => server::text(value),
                None => "nothing".into(),
            }));
            however_stale(
                format!("found {found} of {asked}{told} at index {index}"),
                *staleness,
            )
        }
        OperationResult::Listed {
            keys,
            more,
            index,
            staleness,
        } => {
            let listed = count(keys.len() as u64, "key", "keys");
            let told = told(keys.iter().map(server::text));
            let more = if *more { " and there are more," } else { "" };
            however_stale(
                format!("{listed}{told},{more} at index {index}"),
                *staleness,
            )
        }
        OperationResult::Touched { existed: true } => "touched".into(),
        OperationResult::Touched { existed: false } => "there was no such key".into(),
        OperationResult::NotSwapped { current: None } => {
            "not written, for the key is absent".into()
        }
        OperationResult::NotSwapped {
            current: Some(version),
        } => format!("not written, for the key has version {version}"),
        OperationResult::Counted { value, version } => {
            format!("it is {value} now, written at index {version}")
        }
        OperationResult::BatchDone { answers, index } => {
            let done = count(answers.len() as u64, "operation", "operations");
            format!("{done} done at once, by index {index}")
        }
        OperationResult::BatchNotDone { at, answer } => {
            let (number, why) = (at + 1, answer_text(answer));
            format!("nothing of it is done, because of operation {number}: {why}")
        }
        OperationResult::GivenUp {
            may_have_been_applied: true,
        } => "given up without an answer: it may have been done, or may still be".into(),
        OperationResult::GivenUp {
            may_have_been_applied: false,
        } => "given up without an answer: nothing was changed".into(),
        OperationResult::Refused(refusal) => format!("refused, {refusal}"),
    }
}

/// So many keys or values of an answer are told.
const TOLD: usize = 5;

fn told(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = if all.len() > TOLD { ", …" } else { "" };
    match all.len() {
        0 => String::new(),
        _ => format!(" ({}{more})", all.take(TOLD).collect::<Vec<_>>().join(", ")),
    }
}

fn however_stale(found: String, staleness: Option<Staleness>) -> String {
    match staleness {
        Some(staleness) => format!("{found}; {}", server::staleness_text(staleness)),
        None => found,
    }
}
