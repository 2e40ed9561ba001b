//! From the world to what is drawn of it: plain data, without memory of what was drawn before.

use super::explain::server::{command_text, text};
use super::explain::world::result_text;
use super::explain::{recovery, server};
use super::model::{
    CacheEntryView, ClientView, CutView, EntryView, Field, FileKind, FileView, MessageDetail,
    MessageKind, MessageView, NodeDetail, NodeStatus, NodeView, PositionView, ProgressView,
    RoleView, SessionView, SnapshotProgressView, TimerView, VotesView,
};
use crate::cache::Command;
use crate::raft::{
    AppendOutcome, Message, Payload as EntryPayload, Progress, Raft, Role, Sending, SnapshotOutcome,
};
use crate::replica::{Outcome, Replica, RequestBody};
use crate::sim::{Client, InFlight, Node, Payload, Status, World};
use crate::storage::{is_snapshot_file, segment_file, segment_sequence};
use crate::types::{Index, Position};

/// The newest entries, keys, ... that a server's details show; the rest is counted.
const SHOWN: usize = 200;

pub(super) fn node(node: &Node) -> NodeView {
    let failure = match node.status() {
        Status::Failed(failure) => Some(failure.to_string()),
        Status::Up(_) | Status::Down => None,
    };
    match node.replica() {
        Some(replica) => running(node, replica),
        None => NodeView {
            id: node.id().0,
            status: if failure.is_some() {
                NodeStatus::Failed
            } else {
                NodeStatus::Down
            },
            failure,
            role: RoleView::Follower,
            term: 0,
            voted_for: None,
            leader: None,
            first: 0,
            last: 0,
            last_term: 0,
            recent_terms: Vec::new(),
            durable: 0,
            commit: 0,
            applied: 0,
            snapshot: None,
            timer: None,
            votes: None,
            progress: Vec::new(),
            keys: 0,
            writes_pending: 0,
        },
    }
}

fn running(node: &Node, replica: &Replica) -> NodeView {
    let raft = replica.raft();
    let (role, timer) = match raft.role() {
        Role::Follower(follower) => (RoleView::Follower, Some(follower.timer)),
        Role::Candidate(candidate) => (RoleView::Candidate, Some(candidate.timer)),
        Role::Leader(_) => (RoleView::Leader, None),
    };
    let last = raft.log().last();
    NodeView {
        id: node.id().0,
        status: NodeStatus::Up,
        failure: None,
        role,
        term: raft.term().0,
        voted_for: raft.vote().map(|node| node.0),
        leader: raft.leader().map(|node| node.0),
        first: raft.log().first().0,
        last: last.index.0,
        last_term: last.term.0,
        recent_terms: recent_terms(raft),
        durable: raft.durable_last().0,
        commit: raft.commit().0,
        applied: replica.applied().index.0,
        snapshot: raft.snapshot().map(|snapshot| position(snapshot.covers)),
        timer: timer.map(|timer| TimerView {
            set_at: timer.set_at.0,
            fires_at: timer.fires_at.0,
        }),
        votes: votes(raft),
        progress: progress(raft),
        keys: replica.cache().len() as u64,
        writes_pending: replica.writes_pending(),
    }
}

/// Logs are compared side by side over so many entries.
const COMPARED: u64 = 48;

fn recent_terms(raft: &Raft) -> Vec<u64> {
    let last = raft.log().last().index;
    let after = Index(last.0.saturating_sub(COMPARED));
    raft.log()
        .range(after, last)
        .map(|entry| entry.position.term.0)
        .collect()
}

fn position(position: Position) -> PositionView {
    PositionView {
        index: position.index.0,
        term: position.term.0,
    }
}

fn votes(raft: &Raft) -> Option<VotesView> {
    match raft.role() {
        Role::Candidate(candidate) => Some(VotesView {
            granted: candidate.granted().map(|node| node.0).collect(),
            refused: candidate.refused().map(|node| node.0).collect(),
            needed: crate::raft::quorum::majority(raft.voters().len()) as u64,
        }),
        Role::Follower(_) | Role::Leader(_) => None,
    }
}

fn progress(raft: &Raft) -> Vec<ProgressView> {
    let Role::Leader(leader) = raft.role() else {
        return Vec::new();
    };
    let one = |progress: &Progress| {
        let (state, snapshot) = match &progress.state {
            Sending::Probe { .. } => ("probe", None),
            Sending::Replicate { .. } => ("replicate", None),
            Sending::Snapshot(transfer) => {
                let (sent, total) = (transfer.acknowledged, transfer.total);
                ("snapshot", Some(SnapshotProgressView { sent, total }))
            }
        };
        ProgressView {
            node: progress.node.0,
            state: state.into(),
            matched: progress.matched.0,
            next: progress.next.0,
            inflight: progress.inflight() as u64,
            snapshot,
        }
    };
    leader.progress.iter().map(one).collect()
}

pub(super) fn client(client: &Client) -> ClientView {
    let (current, attempts) = match client.current() {
        Some((operation, attempts)) => (Some(operation.to_string()), attempts),
        None => (None, 0),
    };
    let last = client.history().last();
    ClientView {
        id: client.id().0,
        session: client.session().map(|session| session.0),
        current,
        attempts,
        queued: client.queued() as u64,
        answered: client.history().len() as u64,
        last_answer: last.map(|last| format!("{}: {}", last.operation, result_text(&last.result))),
        target: client.target().0,
    }
}

pub(super) fn messages(world: &World) -> Vec<MessageView> {
    world.network().in_flight().map(message).collect()
}

pub(super) fn cuts(world: &World) -> Vec<CutView> {
    world
        .network()
        .cuts()
        .map(|(from, to)| CutView {
            from: from.0,
            to: to.0,
        })
        .collect()
}

fn message(message: &InFlight) -> MessageView {
    let (kind, label, term) = match &message.payload {
        Payload::Peer(envelope) => {
            let (kind, label) = peer_label(&envelope.message);
            (kind, label, Some(envelope.message.term().0))
        }
        Payload::Request(request) => (MessageKind::Request, request_label(&request.body), None),
        Payload::Response(response) => (
            MessageKind::Response,
            outcome_label(&response.outcome).into(),
            None,
        ),
    };
    MessageView {
        id: message.id.0,
        from: message.from.to_string(),
        to: message.to.to_string(),
        kind,
        label,
        term,
        sent_at: message.sent_at.0,
        arrives_at: message.arrives_at.0,
    }
}

fn peer_label(message: &Message) -> (MessageKind, String) {
    match message {
        Message::VoteRequest(_) => (MessageKind::VoteRequest, "vote?".into()),
        Message::VoteResponse(response) => {
            let label = if response.granted { "yes" } else { "no" };
            (MessageKind::VoteResponse, label.into())
        }
        Message::AppendRequest(request) if request.entries.is_empty() => {
            (MessageKind::Heartbeat, String::new())
        }
        Message::AppendRequest(request) => {
            (MessageKind::Append, format!("+{}", request.entries.len()))
        }
        Message::AppendResponse(response) => {
            let label = match &response.outcome {
                AppendOutcome::Accepted { matched } => format!("ok {matched}"),
                AppendOutcome::Rejected(_) => "no".into(),
            };
            (MessageKind::AppendResponse, label)
        }
        Message::SnapshotRequest(request) => {
            let sent = request.offset + request.data.len() as u64;
            let percent = (sent * 100).checked_div(request.total).unwrap_or(100);
            (MessageKind::Snapshot, format!("{percent}%"))
        }
        Message::SnapshotResponse(response) => {
            let label = match response.outcome {
                SnapshotOutcome::Received { bytes } => format!("{bytes} B"),
                SnapshotOutcome::Installed { matched } => format!("at {matched}"),
            };
            (MessageKind::SnapshotResponse, label)
        }
        Message::ReadIndexRequest(_) => (MessageKind::ReadIndex, "read?".into()),
        Message::ReadIndexResponse(response) => {
            let label = response
                .index
                .map_or("no".into(), |index| format!("at {index}"));
            (MessageKind::ReadIndexResponse, label)
        }
    }
}

fn request_label(body: &RequestBody) -> String {
    match body {
        RequestBody::Command(Command::OpenSession) => "open".into(),
        RequestBody::Command(Command::Apply(apply)) => text(apply.operation.key()),
        RequestBody::Read { key } => format!("{}?", text(key)),
    }
}

fn outcome_label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "done",
        Outcome::Read { value: Some(_), .. } => "value",
        Outcome::Read { value: None, .. } => "none",
        Outcome::NotLeader { .. } => "not me",
        Outcome::Unknown => "unknown",
    }
}

/// A message opened for reading.
pub(super) fn message_detail(flying: &InFlight) -> MessageDetail {
    let view = message(flying);
    let (sentence, mut fields) = match &flying.payload {
        Payload::Peer(envelope) => peer_detail(flying, &envelope.message),
        Payload::Request(request) => {
            let what = match &request.body {
                RequestBody::Command(command) => command_text(command),
                RequestBody::Read { key } => format!("read {}", text(key)),
            };
            let sentence = format!("{} asks {}: {what}", flying.from, flying.to);
            (sentence, vec![field("request", request.id)])
        }
        Payload::Response(response) => {
            let sentence = format!(
                "{} answers {}: {}",
                flying.from,
                flying.to,
                outcome(&response.outcome)
            );
            (sentence, vec![field("request", response.id)])
        }
    };
    fields.push(field("sent", flying.sent_at));
    fields.push(field("arrives", flying.arrives_at));
    MessageDetail {
        view,
        sentence,
        fields,
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { index, .. } => format!("applied at index {index}"),
        Outcome::Read {
            index,
            value: Some(held),
        } => {
            format!("{}, from the state at index {index}", text(&held.value))
        }
        Outcome::Read { index, value: None } => format!("no such key at index {index}"),
        Outcome::NotLeader {
            leader: Some(leader),
        } => format!("ask {leader}, the leader"),
        Outcome::NotLeader { leader: None } => "no leader is known here".into(),
        Outcome::Unknown => "leadership was lost, what became of the request is not known".into(),
    }
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
            fields.push(field("read", m.read));
            format!("{from} asks {to} which index it must see applied to answer a read")
        }
        Message::ReadIndexResponse(m) => {
            fields.push(field("read", m.read));
            match m.index {
                Some(index) => format!("{from} tells {to} to read at index {index} or later"),
                None => format!("{from} tells {to} that it does not lead"),
            }
        }
    };
    (sentence, fields)
}

/// One server, opened.
pub(super) fn node_detail(node: &Node) -> NodeDetail {
    let (log, log_hidden) = node.replica().map(log).unwrap_or_default();
    let (mut cache, mut sessions, mut cache_bytes, mut keys) = (Vec::new(), Vec::new(), 0, 0);
    if let Some(replica) = node.replica() {
        let held = replica.cache();
        (cache_bytes, keys) = (held.bytes(), held.len());
        cache = held
            .iter()
            .take(SHOWN)
            .map(|(key, held)| CacheEntryView {
                key: text(key),
                value: text(&held.value),
                version: held.version,
            })
            .collect();
        sessions = held
            .sessions()
            .take(SHOWN)
            .map(|(id, session)| SessionView {
                id: id.0,
                newest: session.newest(),
                remembered: session.remembered(),
            })
            .collect();
    }
    NodeDetail {
        id: node.id().0,
        log,
        log_hidden,
        cache_hidden: (keys - cache.len()) as u64,
        cache,
        cache_bytes,
        sessions,
        files: files(node),
        recovery: node
            .recovery()
            .iter()
            .map(|finding| recovery::tell(node.id(), finding).sentence)
            .collect(),
    }
}

fn log(replica: &Replica) -> (Vec<EntryView>, u64) {
    let raft = replica.raft();
    let last = raft.log().last().index;
    let after = Index(last.0.saturating_sub(SHOWN as u64)).max(raft.log().base().index);
    let entries = raft.log().range(after, last).map(|entry| {
        let index = entry.position.index;
        EntryView {
            index: index.0,
            term: entry.position.term.0,
            text: match &entry.payload {
                EntryPayload::Noop => "start of the term".into(),
                EntryPayload::Command(bytes) => match Command::decode(bytes) {
                    Ok(command) => server::command_text(&command),
                    Err(error) => error.to_string(),
                },
            },
            durable: index <= raft.durable_last(),
            committed: index <= raft.commit(),
            applied: index <= replica.applied().index,
        }
    });
    (entries.collect(), after.since(raft.log().base().index))
}

fn files(node: &Node) -> Vec<FileView> {
    let wal = node.replica().map(Replica::wal);
    let holds = |name: &str| {
        let segment = wal?.segments().find(|segment| segment.file() == name)?;
        let held = segment
            .entries
            .map_or("no entries".into(), |(first, last)| {
                format!("entries {first} to {last}")
            });
        Some(held)
    };
    let snapshot = |name: &str| {
        let mark = wal?.snapshots().find(|mark| mark.file == name)?;
        Some(format!("state at {}", mark.position))
    };
    let disk = node.device().disk();
    let files = disk.files().map(|(info, synced)| {
        let name = info.name;
        let kind = match segment_sequence(&name) {
            Some(sequence) if segment_file(sequence) == name => FileKind::Segment,
            _ if is_snapshot_file(&name) => FileKind::Snapshot,
            _ => FileKind::Other,
        };
        let holds = holds(&name).or_else(|| snapshot(&name)).unwrap_or_default();
        FileView {
            kind,
            bytes: info.len,
            synced,
            holds,
            name,
        }
    });
    files.collect()
}
