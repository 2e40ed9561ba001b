//! Events of one replica in words.

use super::cache::command_text;
use super::{Told, consensus, count, detail, eviction, ms, recovery, story, trace};
use crate::cache::Taken;
use crate::replica::{Busy, Event, SnapshotReason, Staleness};
use crate::types::NodeId;
use bytes::Bytes;

pub(super) fn tell(node: NodeId, event: &Event) -> Told {
    match event {
        Event::Raft(event) => consensus::tell(node, event),
        Event::Recovery(finding) => recovery::tell(node, finding),
        Event::Started { last, commit } => trace(
            "started",
            format!("{node} follows, with a log up to {last} and commit {commit}"),
        ),
        Event::Applied {
            index,
            command,
            taken: Taken::Done,
        } => trace(
            "applied",
            format!("{node} applies index {index}: {}", command_text(command)),
        ),
        Event::Applied {
            index,
            command,
            taken: Taken::Before,
        } => {
            let sentence = format!(
                "{node} meets {} again at index {index}: it was applied before, so it gives the first answer \
                 again",
                command_text(command)
            );
            detail("duplicate", sentence).by("Client sessions", "Raft dissertation, section 6.3")
        }
        Event::Applied {
            index,
            command,
            taken: Taken::Refused,
        } => {
            let sentence = format!(
                "{node} refuses index {index}, {}: its session is over, or the request is out of its window. \
                 Nothing is changed",
                command_text(command)
            );
            detail("refused", sentence).by("Client sessions", "Raft dissertation, section 6.3")
        }
        Event::CommandUnreadable { index, error } => {
            story("unreadable", format!("{node} skips index {index}: {error}"))
        }
        Event::ReadServed {
            client,
            index,
            staleness,
        } => {
            let stale = staleness.map_or(String::new(), |staleness| {
                format!("; {}", staleness_text(staleness))
            });
            let sentence =
                format!("{node} answers a read of {client} from the state at index {index}{stale}");
            trace("read", sentence)
        }
        Event::RequestPutOff { client, why } => detail(
            "busy",
            format!("{node} puts a request of {client} off: {}", busy_text(*why)),
        )
        .by("Bounded queues", "ARCHITECTURE, consensus"),
        Event::OperatorRefused { why } => story("refused", format!("{node} refuses: {why}")),
        Event::ShutdownStarted { successor } => {
            let successor =
                successor.map_or(String::new(), |to| format!(" and hands leadership to {to}"));
            story(
                "ending",
                format!("{node} begins to shut down, takes no more requests{successor}"),
            )
        }
        Event::ShutDown => story(
            "ended",
            format!("{node} has ended in order: everything is answered, and on its disk"),
        ),
        Event::RequestRedirected { client, leader } => {
            let hint = leader.map_or("knows no leader".into(), |leader| format!("names {leader}"));
            detail(
                "redirected",
                format!("{node} takes no requests of {client} and {hint}"),
            )
            .by("Clients find the leader", "Raft paper, section 8")
        }
        Event::RequestsAbandoned { requests } => {
            let requests = count(*requests, "request", "requests");
            let sentence = format!(
                "{node} leads no more with {requests} under way: what became of them it cannot know"
            );
            story("abandoned", sentence)
        }
        Event::SnapshotTaken { covers, bytes, why } => {
            let why = match why {
                SnapshotReason::Threshold { entries, threshold } => {
                    format!("{entries} entries since the last one, {threshold} are configured")
                }
                SnapshotReason::Requested => "somebody asked for it".into(),
            };
            story(
                "snapshot-taken",
                format!(
                    "{node} takes a snapshot of {covers} ({bytes} bytes of keys and values): {why}"
                ),
            )
            .by("Log compaction", "Raft paper, section 7")
        }
        Event::SnapshotDurable { covers } => {
            let sentence = format!("{node} has its snapshot of {covers} on disk, named in the log");
            detail("snapshot-durable", sentence).by(
                "A snapshot counts once the log names it",
                "ARCHITECTURE, storage",
            )
        }
        Event::SnapshotAbandoned { covers } => {
            let sentence = format!(
                "{node} gives up its own snapshot of {covers}, not yet whole on disk: the leader's covers more"
            );
            story("snapshot-abandoned", sentence).by("Log compaction", "Raft paper, section 7")
        }
        Event::QuarantineTrimmed { files, bytes } => {
            let files = count(*files, "file", "files");
            let sentence = format!(
                "{node} removes {files} ({bytes} bytes) that recovery once set aside: it is a voter, so \
                 the cluster has all that they could say"
            );
            story("quarantine", sentence).by("Quarantine is bounded", "ARCHITECTURE, recovery")
        }
        Event::ForeignMessageRefused { from, cluster } => {
            let sentence =
                format!("{node} refuses a message of {from}: it belongs to cluster {cluster}");
            story("foreign", sentence)
                .by("Every message names its cluster", "ARCHITECTURE, identity")
        }
        Event::KeysRemoved { .. }
        | Event::SessionsExpired { .. }
        | Event::ModelAsked { .. }
        | Event::ModelAnswered { .. }
        | Event::ModelOfNoUse { .. }
        | Event::ModelPaused { .. }
        | Event::ModelBack => eviction::tell(node, event),
        Event::Superseded { by } => {
            let sentence = format!(
                "{node} learns that the cluster listens to no incarnation of it before {by}: its disk is an older \
                 copy, or has lost what it had acknowledged. It leaves a note on its disk and starts again"
            );
            story("superseded", sentence).by(
                "A vote counts for one memory",
                "ARCHITECTURE, seats and incarnations",
            )
        }
        Event::Mistaken {
            mutant,
            covers,
            cluster,
        } => {
            let sentence = format!(
                "{node} believes the newest snapshot on its disk, of {covers} in cluster {cluster}, without \
                 asking whose it is: this mistake is switched on. {}",
                mutant.says()
            );
            story("mistake", sentence).by(mutant.name(), mutant.source())
        }
        Event::DiskFailed { error } => story(
            "disk-failed",
            format!("{node} stops: {error}, so it cannot know what is durable"),
        ),
        Event::RestoreFailed { covers, error } => story(
            "restore-failed",
            format!("{node} cannot use the snapshot of {covers}: {error}"),
        ),
    }
}

/// Why a request is put off, in words.
pub(in crate::view) fn busy_text(busy: Busy) -> String {
    match busy {
        Busy::Uncommitted { bytes, limit } => {
            format!("{bytes} bytes wait to be committed, and {limit} may; ask again later")
        }
        Busy::HandingOver { to } => {
            format!("leadership is being handed to {to}; ask again later")
        }
    }
}

/// How stale an answer may be, in words.
pub(in crate::view) fn staleness_text(staleness: Staleness) -> String {
    let behind = count(staleness.entries, "entry", "entries");
    let known = match staleness.entries {
        0 => "nothing that it knows to be committed is missing".into(),
        _ => format!("{behind} that it knows to be committed are missing"),
    };
    match staleness.silence {
        Some(silence) => {
            let silence = ms(silence.as_micros());
            format!("it may be stale: {known}, and it last heard of the cluster {silence} ago")
        }
        None => format!("it may be stale: {known}, and it never heard of the cluster"),
    }
}

/// Bytes as text where they are text, cut to what can be shown.
pub(in crate::view) fn text(bytes: &Bytes) -> String {
    const MOST: usize = 40;
    match core::str::from_utf8(bytes) {
        Ok(text) if text.chars().count() <= MOST => text.into(),
        Ok(text) => format!("{}…", text.chars().take(MOST).collect::<String>()),
        Err(_) => format!("({} bytes)", bytes.len()),
    }
}
