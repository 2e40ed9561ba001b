//! One line for everything that a script can see.

use crate::cluster::{Cluster, Sent, Told};
use flotilla_core::raft::{
    AppendOutcome, Entry, Mandate, Message, Payload, Progress, Raft, ReadOutcome, ReadVia, Role,
    Sending, SnapshotOutcome,
};
use flotilla_core::replica;
use flotilla_core::sim::{Happening, Place, What};
use flotilla_core::types::NodeId;
use flotilla_core::view::tell;

pub fn told(told: &Told) -> String {
    match told {
        Told::Event(node, event) => {
            let what = What::Replica(replica::Event::Raft(event.clone()));
            let place = Place::Node(*node);
            tell(&Happening { place, what }).sentence
        }
        Told::Applied(node, index, text) => format!("{node} applies {text} at index {index}"),
        Told::Stored(node, covers) => format!("{node} has stored the snapshot of {covers}"),
        Told::Read(node, read, ReadOutcome::At(index)) => {
            format!("{node} may answer read {} at index {index}", read.0)
        }
        Told::Read(node, read, ReadOutcome::Failed) => {
            format!("{node} cannot answer read {}", read.0)
        }
    }
}

fn entry(entry: &Entry) -> String {
    let what = match &entry.payload {
        Payload::Noop => "noop".to_string(),
        Payload::Command(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Payload::Membership(membership) => {
            let numbers = |nodes: &[NodeId]| {
                let all: Vec<String> = nodes.iter().map(|node| node.0.to_string()).collect();
                all.join(",")
            };
            let joint = if membership.is_joint() {
                format!("&{}", numbers(&membership.outgoing))
            } else {
                String::new()
            };
            let learners = match &membership.learners[..] {
                [] => String::new(),
                learners => format!("+{}", numbers(learners)),
            };
            let returned = membership.returned.iter().map(|r| {
                let (node, life) = (r.address.node.0, r.address.incarnation);
                let seat = if r.seated { "" } else { " vacant" };
                format!(" {node}#{life}{seat}")
            });
            let returned: String = returned.collect();
            let voters = numbers(&membership.voters);
            format!("members({voters}{joint}{learners}{returned})")
        }
    };
    format!("{}:{what}", entry.position)
}

pub fn message(message: &Message) -> String {
    let term = message.term();
    let body = match message {
        Message::PreVoteRequest(m) => format!("pre-vote? last {}", m.last),
        Message::PreVoteResponse(m) => format!("pre-vote {}", yes(m.granted)),
        Message::VoteRequest(m) => {
            let mandate = match m.mandate {
                Mandate::Silence => "",
                Mandate::Transfer => ", sent by the leader",
            };
            format!("vote? last {}{mandate}", m.last)
        }
        Message::VoteResponse(m) => format!("vote {}", yes(m.granted)),
        Message::AppendRequest(m) => {
            let entries: Vec<String> = m.entries.iter().map(entry).collect();
            let entries = entries.join(" ");
            format!(
                "append after {} [{entries}] commit {}",
                m.previous, m.commit
            )
        }
        Message::AppendResponse(m) => match &m.outcome {
            AppendOutcome::Accepted { matched } => format!("appended to {matched}"),
            // Who holds the entry refuses for another reason: the term of the request is over.
            AppendOutcome::Rejected(conflict)
                if conflict.conflicting.is_none() && conflict.previous.index <= conflict.last =>
            {
                format!("refuses what is after {}", conflict.previous)
            }
            AppendOutcome::Rejected(conflict) => {
                let held = conflict.conflicting.map_or(String::new(), |held| {
                    format!(", holds term {} from {}", held.term, held.index)
                });
                format!(
                    "lacks {}, ends at {}{held}",
                    conflict.previous, conflict.last
                )
            }
        },
        Message::SnapshotRequest(m) => {
            let end = m.offset + m.data.len() as u64;
            format!(
                "snapshot of {} bytes {}..{end} of {}",
                m.covers, m.offset, m.total
            )
        }
        Message::SnapshotResponse(m) => match m.outcome {
            SnapshotOutcome::Received { bytes } => format!("snapshot: {bytes} bytes held"),
            SnapshotOutcome::Installed { matched } => format!("snapshot: holds all to {matched}"),
        },
        Message::ReadIndexRequest(m) => {
            let via = match m.via {
                ReadVia::Quorum => "",
                ReadVia::Lease => " by lease",
            };
            format!("read index?{via}")
        }
        Message::ReadIndexResponse(m) => match m.index {
            Some(index) => format!("read index {index}"),
            None => "no read index".into(),
        },
        Message::TimeoutNow(_) => "stand now".into(),
    };
    format!("{body} (term {term})")
}

fn yes(granted: bool) -> &'static str {
    if granted { "yes" } else { "no" }
}

pub fn status(server: &Raft) -> String {
    let role = match server.role() {
        Role::Follower(_) => "follower",
        Role::PreCandidate(_) => "pre-candidate",
        Role::Candidate(_) => "candidate",
        Role::Leader(_) => "leader",
    };
    let vote = server.vote().map_or("none".into(), |vote| vote.to_string());
    let log = server.log();
    format!(
        "{} {role} term {} vote {vote} log {}..{} commit {}",
        server.id(),
        server.term(),
        log.first(),
        log.last(),
        server.commit()
    )
}

pub fn log(server: &Raft) -> String {
    let log = server.log();
    let entries: Vec<String> = log
        .range(log.base().index, log.last().index)
        .map(entry)
        .collect();
    let base = match log.base().index.0 {
        0 => String::new(),
        _ => format!("({}) ", log.base()),
    };
    format!("{} {base}{}", server.id(), entries.join(" "))
}

pub fn progress(progress: &Progress) -> String {
    let state = match &progress.state {
        Sending::Probe { waiting: true } => "probe, one under way".into(),
        Sending::Probe { waiting: false } => "probe".to_string(),
        Sending::Replicate { inflight } => {
            format!(
                "replicate, {} under way of {} bytes",
                inflight.len(),
                inflight.bytes()
            )
        }
        Sending::Snapshot(transfer) => format!(
            "snapshot, {} of {} bytes acknowledged, {} under way",
            transfer.acknowledged,
            transfer.total,
            transfer.under_way()
        ),
    };
    let leaving = if progress.departing_since.is_some() {
        ", leaving"
    } else {
        ""
    };
    let (node, matched, next) = (progress.node, progress.matched, progress.next);
    format!("{node} match {matched} next {next}: {state}{leaving}")
}

pub fn pending(cluster: &Cluster) -> String {
    let line = |(from, to, sent): &Sent| format!("{from} to {to}: {}", message(sent));
    let lines: Vec<String> = cluster.messages.iter().map(line).collect();
    lines.join("\n")
}
