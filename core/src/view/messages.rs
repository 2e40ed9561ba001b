//! Messages in flight: what is drawn of them, and what they say when they are opened.

use super::explain::cache::{answer_text, command_text, found_text, label, query_text};
use super::explain::server::{busy_text, staleness_text};
use super::model::{Field, MessageDetail, MessageKind, MessageView};
use crate::cache::Command;
use crate::raft::{AppendOutcome, Message, SnapshotOutcome};
use crate::replica::{Consistency, Outcome, RequestBody, Scored};
use crate::sim::{InFlight, Payload as Flying};

pub(super) fn message(message: &InFlight) -> MessageView {
    let (label, term) = match &message.payload {
        Flying::Peer(envelope) => {
            let term = envelope.message.term().0;
            (peer_label(&envelope.message), Some(term))
        }
        Flying::Request(request) => (request_label(&request.body), None),
        Flying::Response(response) => (outcome_label(&response.outcome).into(), None),
        Flying::Question(question) => (format!("which of {}?", question.candidates.len()), None),
        Flying::Advice(advice) => match &advice.scores {
            Ok(scores) => (format!("{} scores", scores.len()), None),
            Err(_) => ("nobody here".into(), None),
        },
    };
    MessageView {
        id: message.id.0,
        from: message.from.to_string(),
        to: message.to.to_string(),
        kind: kind(&message.payload),
        label,
        term,
        sent_at: message.sent_at.0,
        arrives_at: message.arrives_at.0,
    }
}

/// What a message is, by what it carries.
pub(super) fn kind(payload: &Flying) -> MessageKind {
    match payload {
        Flying::Peer(envelope) => peer_kind(&envelope.message),
        Flying::Request(_) => MessageKind::Request,
        Flying::Response(_) => MessageKind::Response,
        Flying::Question(_) => MessageKind::Question,
        Flying::Advice(_) => MessageKind::Advice,
    }
}

fn peer_kind(message: &Message) -> MessageKind {
    match message {
        Message::PreVoteRequest(_) => MessageKind::PreVoteRequest,
        Message::PreVoteResponse(_) => MessageKind::PreVoteResponse,
        Message::TimeoutNow(_) => MessageKind::TimeoutNow,
        Message::VoteRequest(_) => MessageKind::VoteRequest,
        Message::VoteResponse(_) => MessageKind::VoteResponse,
        Message::AppendRequest(request) if request.entries.is_empty() => MessageKind::Heartbeat,
        Message::AppendRequest(_) => MessageKind::Append,
        Message::AppendResponse(_) => MessageKind::AppendResponse,
        Message::SnapshotRequest(_) => MessageKind::Snapshot,
        Message::SnapshotResponse(_) => MessageKind::SnapshotResponse,
        Message::ReadIndexRequest(_) => MessageKind::ReadIndex,
        Message::ReadIndexResponse(_) => MessageKind::ReadIndexResponse,
    }
}

fn peer_label(message: &Message) -> String {
    match message {
        Message::PreVoteRequest(_) => "would you?".into(),
        Message::PreVoteResponse(response) => yes_or_no(response.granted).into(),
        Message::TimeoutNow(_) => "your turn".into(),
        Message::VoteRequest(_) => "vote?".into(),
        Message::VoteResponse(response) => yes_or_no(response.granted).into(),
        Message::AppendRequest(request) if request.entries.is_empty() => String::new(),
        Message::AppendRequest(request) => format!("+{}", request.entries.len()),
        Message::AppendResponse(response) => match &response.outcome {
            AppendOutcome::Accepted { matched } => format!("ok {matched}"),
            AppendOutcome::Rejected(_) => "no".into(),
        },
        Message::SnapshotRequest(request) => {
            let sent = request.offset + request.data.len() as u64;
            let percent = (sent * 100).checked_div(request.total).unwrap_or(100);
            format!("{percent}%")
        }
        Message::SnapshotResponse(response) => match response.outcome {
            SnapshotOutcome::Received { bytes } => format!("{bytes} B"),
            SnapshotOutcome::Installed { matched } => format!("at {matched}"),
        },
        Message::ReadIndexRequest(_) => "read?".into(),
        Message::ReadIndexResponse(response) => response
            .index
            .map_or("no".into(), |index| format!("at {index}")),
    }
}

fn yes_or_no(granted: bool) -> &'static str {
    if granted { "yes" } else { "no" }
}

fn request_label(body: &RequestBody) -> String {
    match body {
        RequestBody::Command(Command::OpenSession) => "open".into(),
        RequestBody::Command(Command::Apply(apply)) => label(apply.operation.key()),
        RequestBody::Command(Command::KeepAlive(_)) => "keep".into(),
        RequestBody::Command(Command::CloseSession(_)) => "close".into(),
        RequestBody::Command(Command::Advance) => "time".into(),
        RequestBody::Command(Command::Evict(_)) => "evict".into(),
        RequestBody::Command(Command::Configure(_)) => "configure".into(),
        RequestBody::Read { query, .. } => format!("{}?", label(query.keys().first())),
    }
}

fn outcome_label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "done",
        Outcome::Read { found, .. } if found.is_something() => "value",
        Outcome::Read { .. } => "none",
        Outcome::ReadRefused(_) => "refused",
        Outcome::NotLeader { .. } => "not me",
        Outcome::Busy(_) => "busy",
        Outcome::Unknown => "unknown",
    }
}

/// A message opened for reading.
pub(super) fn message_detail(flying: &InFlight) -> MessageDetail {
    let view = message(flying);
    let (sentence, mut fields) = match &flying.payload {
        Flying::Peer(envelope) => peer_detail(flying, &envelope.message),
        Flying::Request(request) => {
            let what = match &request.body {
                RequestBody::Command(command) => command_text(command),
                RequestBody::Read { query, consistency } => {
                    let how = match consistency {
                        Consistency::Quorum => "",
                        Consistency::Lease => " by lease",
                        Consistency::Stale => ", stale allowed",
                    };
                    format!("{}{how}", query_text(query))
                }
            };
            let sentence = format!("{} asks {}: {what}", flying.from, flying.to);
            (sentence, vec![field("request", request.id)])
        }
        Flying::Response(response) => {
            let sentence = format!(
                "{} answers {}: {}",
                flying.from,
                flying.to,
                outcome(&response.outcome)
            );
            (sentence, vec![field("request", response.id)])
        }
        Flying::Question(question) => {
            let sentence = format!(
                "{} asks the model service which of {} keys to evict",
                flying.from,
                question.candidates.len()
            );
            (sentence, vec![field("question", question.id)])
        }
        Flying::Advice(advice) => {
            let says = match &advice.scores {
                Ok(scores) => format!("scores {} keys: {}", scores.len(), score_text(scores)),
                Err(error) => error.to_string(),
            };
            let sentence = format!("the model service answers {}: {says}", flying.to);
            (sentence, vec![field("question", advice.id)])
        }
    };
    fields.push(field("sent", flying.sent_at));
    fields.push(field("arrives", flying.arrives_at));
    if let Some(original) = flying.copy_of {
        fields.push(field("copy of", original));
    }
    MessageDetail {
        view,
        sentence,
        fields,
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { index, answer } => {
            format!("applied at index {index}: {}", answer_text(answer))
        }
        Outcome::ReadRefused(refusal) => format!("refused: {refusal}"),
        Outcome::Read {
            index,
            found,
            staleness,
        } => {
            let found = format!("{}, from the state at index {index}", found_text(found));
            match staleness {
                Some(staleness) => format!("{found}; {}", staleness_text(*staleness)),
                None => found,
            }
        }
        Outcome::Busy(busy) => busy_text(*busy),
        Outcome::NotLeader {
            leader: Some(leader),
        } => format!("ask {leader}, the leader"),
        Outcome::NotLeader { leader: None } => "no leader is known here".into(),
        Outcome::Unknown => "leadership was lost, what became of the request is not known".into(),
    }
}

/// The first few scores.
fn score_text(scores: &[Scored]) -> String {
    const MOST: usize = 4;
    let told = scores.iter().take(MOST);
    let told = told.map(|one| format!("{} {:.2}", one.entry, one.score.0));
    let more = if scores.len() > MOST { ", …" } else { "" };
    format!("{}{more}", told.collect::<Vec<_>>().join(", "))
}

fn field(name: &str, value: impl ToString) -> Field {
    Field {
        name: name.into(),
        value: value.to_string(),
    }
}

fn peer_detail(flying: &InFlight, message: &Message) -> (String, Vec<Field>) {
    let (from, to) = (flying.from, flying.to);
    let mut fields = vec![field("term", message.term())];
    let sentence = match message {
        Message::PreVoteRequest(m) => {
            fields.push(field("last entry", m.last));
            let term = m.term.next();
            format!("{from} asks {to} whether it would vote for it in term {term}")
        }
        Message::PreVoteResponse(m) => {
            fields.push(field("granted", m.granted));
            let verb = if m.granted { "would" } else { "would not" };
            format!("{from} tells {to} that it {verb} vote for it")
        }
        Message::TimeoutNow(_) => {
            format!("{from}, the leader, asks {to} to take its place at once")
        }
        Message::VoteRequest(m) => {
            fields.push(field("last entry", m.last));
            format!("{from} asks {to} for its vote; its log ends at {}", m.last)
        }
        Message::VoteResponse(m) => {
            fields.push(field("granted", m.granted));
            let verb = if m.granted { "gives" } else { "refuses" };
            format!("{from} {verb} {to} its vote")
        }
        Message::AppendRequest(m) => {
            fields.push(field("previous entry", m.previous));
            fields.push(field("entries", m.entries.len()));
            fields.push(field("commit", m.commit));
            fields.push(field("round", m.round));
            match m.entries.as_slice() {
                [] => format!("{from} shows {to} that it leads; commit index {}", m.commit),
                [first, ..] => format!(
                    "{from} sends {to} {} from {} on, to follow {}",
                    m.entries.len(),
                    first.position,
                    m.previous
                ),
            }
        }
        Message::AppendResponse(m) => {
            fields.push(field("round", m.round));
            fields.push(field("own clock", m.clock));
            match &m.outcome {
                AppendOutcome::Accepted { matched } => {
                    fields.push(field("matched", matched));
                    format!("{from} tells {to} that it holds everything up to index {matched}")
                }
                AppendOutcome::Rejected(conflict) => {
                    fields.push(field("refused", conflict.previous));
                    fields.push(field("last index", conflict.last));
                    format!("{from} tells {to} that it lacks {}", conflict.previous)
                }
            }
        }
        Message::SnapshotRequest(m) => {
            fields.push(field("covers", m.covers));
            fields.push(field("offset", m.offset));
            fields.push(field("checksum", format!("{:08x}", m.checksum)));
            fields.push(field("bytes", format!("{} of {}", m.data.len(), m.total)));
            format!("{from} sends {to} a piece of the snapshot of {}", m.covers)
        }
        Message::SnapshotResponse(m) => {
            fields.push(field("covers", m.covers));
            match m.outcome {
                SnapshotOutcome::Received { bytes } => {
                    format!("{from} tells {to} that it has {bytes} bytes of the snapshot")
                }
                SnapshotOutcome::Installed { matched } => {
                    format!("{from} tells {to} that it holds everything up to index {matched}")
                }
            }
        }
        Message::ReadIndexRequest(m) => {
            fields.push(field("read", m.read.number));
            format!("{from} asks {to} which index it must see applied to answer a read")
        }
        Message::ReadIndexResponse(m) => {
            fields.push(field("read", m.read.number));
            match m.index {
                Some(index) => format!("{from} tells {to} to read at index {index} or later"),
                None => format!("{from} tells {to} that it does not lead"),
            }
        }
    };
    (sentence, fields)
}
