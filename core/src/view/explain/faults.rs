//! What happens to machines and their disks, in words.

use super::{Told, count, detail, story, trace};
use crate::sim::{NameChange, Place, What};
use crate::types::NodeId;

/// Tells what happened to a machine or its disk; none of anything else.
pub(super) fn tell(place: Place, what: &What) -> Option<Told> {
    Some(match what {
        What::Survived {
            bytes,
            names,
            zeros,
        } => survived(place, *bytes, *names, *zeros),
        What::Killed { unsynced } => story(
            "killed",
            format!(
                "{place} is killed: its memory is gone, and its machine goes on with {} in the page \
                 cache that a crash would take",
                bytes_text(*unsynced)
            ),
        ),
        What::BitFlipped { file, offset, bit } => story(
            "damaged",
            format!("bit {bit} of byte {offset} of {file} on {place}'s disk turns over"),
        ),
        What::FileTorn { file, bytes } => {
            let bytes = bytes_text(*bytes);
            let sentence = format!("{file} on {place}'s disk loses its last {bytes}");
            story("damaged", sentence)
        }
        What::FileRemoved { file } => {
            story("damaged", format!("{file} is removed from {place}'s disk"))
        }
        What::DiskWiped { files, bytes } => {
            let (files, bytes) = (count(*files, "file", "files"), bytes_text(*bytes));
            let sentence = format!("{place}'s disk is wiped: {files} with {bytes} are gone");
            story("damaged", sentence)
        }
        What::ImageKept {
            image,
            files,
            bytes,
        } => {
            let (files, bytes) = (count(*files, "file", "files"), bytes_text(*bytes));
            let sentence = format!(
                "a copy of {place}'s disk is kept under the name {image}: {files} with {bytes}"
            );
            story("image", sentence)
        }
        What::ImageRestored { image, of, kept_at } => {
            let of = if Place::Node(*of) == place {
                String::new()
            } else {
                format!(" of {of}'s disk")
            };
            let sentence = format!(
                "the copy {image}{of}, kept at {kept_at}, takes the place of everything on {place}'s disk"
            );
            story("image", sentence)
        }
        What::ClusterRecreated { cluster, except } => recreated(&cluster.to_string(), except),
        _ => return pace(place, what).or_else(|| ways(place, what)),
    })
}

/// When servers take what comes to them.
fn pace(place: Place, what: &What) -> Option<Told> {
    Some(match what {
        What::Paused => story(
            "paused",
            format!(
                "{place} is paused: it takes nothing, what comes to it waits, and its clock goes on"
            ),
        ),
        What::Resumed { waiting: 0 } => story(
            "resumed",
            format!("{place} goes on after its pause; nothing has come to it meanwhile"),
        ),
        What::Resumed { waiting } => {
            let waiting = count(*waiting, "input", "inputs");
            let sentence = format!(
                "{place} goes on after its pause: it takes the {waiting} that came meanwhile, then \
                 looks at its timers"
            );
            story("resumed", sentence)
        }
        What::ServerSlowed { factor: 1 } => story(
            "server-pace",
            format!("{place} takes each input at once from now on"),
        ),
        What::ServerSlowed { factor } => story(
            "server-pace",
            format!("{place} is slow from now on: each input takes it {factor} ms"),
        ),
        What::InputWaits { message, ahead } => {
            let what = message.map_or("what its disk or an operator says".into(), |message| {
                message.to_string()
            });
            let others = match ahead {
                0 => String::new(),
                1 => ": another waits before it".into(),
                more => format!(": {more} others wait before it"),
            };
            trace("waits", format!("{place} does not take {what} yet{others}"))
        }
        What::TimersSet { timers } => {
            let timers = timers.iter().map(|(node, at)| format!("{node}'s at {at}"));
            let timers = super::list(timers);
            story(
                "timers",
                format!("election timers are set by hand to run out: {timers}"),
            )
        }
        _ => return None,
    })
}

/// How a disk works from now on.
fn ways(place: Place, what: &What) -> Option<Told> {
    let sentence = match what {
        What::DiskResized {
            capacity: None,
            used: _,
        } => format!("{place}'s disk has no end from now on"),
        What::DiskResized {
            capacity: Some(capacity),
            used,
        } => {
            let (capacity, used) = (bytes_text(*capacity), bytes_text(*used));
            format!("{place}'s disk holds {capacity} from now on, and {used} are used")
        }
        What::DiskSlowed { factor: 1 } => {
            format!("{place}'s disk is as fast as configured from now on")
        }
        What::DiskSlowed { factor } => {
            format!("{place}'s disk takes {factor} times as long for each sync from now on")
        }
        What::SyncsWillFail { count: 0 } => format!("no sync of {place}'s disk will fail"),
        What::SyncsWillFail { count: times } => {
            let syncs = count(*times, "sync", "syncs");
            format!(
                "the next {syncs} of {place}'s disk will fail, and what they were to make durable \
                 never will be"
            )
        }
        _ => return None,
    };
    Some(story("disk", sentence))
}

fn survived(place: Place, bytes: u64, names: u64, zeros: u64) -> Told {
    let mut parts = Vec::new();
    if bytes > 0 {
        parts.push(bytes_text(bytes));
    }
    if names > 0 {
        parts.push(count(names, "change of a name", "changes of names"));
    }
    let mut sentence = format!(
        "{place}'s disk keeps {} that were not synced",
        parts.join(" and ")
    );
    if zeros > 0 {
        let zeros = bytes_text(zeros);
        sentence += &format!("; {zeros} before them are lost and read as zeros");
    }
    detail("survived", sentence)
}

fn recreated(cluster: &str, except: &[NodeId]) -> Told {
    let sentence =
        format!("the cluster is begun anew as {cluster}: its servers start with empty disks");
    let sentence = match except {
        [] => sentence,
        [one] => format!("{sentence}, but {one}, which is down and keeps its disk"),
        some => {
            let some = super::list(some.iter().map(ToString::to_string));
            format!("{sentence}, but {some}, which are down and keep their disks")
        }
    };
    story("recreated", sentence)
}

/// `1 byte`, `20 bytes`.
fn bytes_text(bytes: u64) -> String {
    count(bytes, "byte", "bytes")
}

/// A change of a name, in words.
pub(in crate::view) fn name_change(change: &NameChange) -> String {
    match change {
        NameChange::Created { file } => format!("{file} created"),
        NameChange::Renamed { from, to } => format!("{from} renamed to {to}"),
        NameChange::Removed { file } => format!("{file} removed"),
    }
}
