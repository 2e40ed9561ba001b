//! What a server may hold at most, in memory and on its disk.

use crate::raft;
use crate::replica::{Event, Replica};
use crate::sim::{SimDisk, World};
use crate::storage::is_snapshot_file;
use crate::types::NodeId;

/// The log names the two newest snapshots. Where the disk is slow, a few more wait to be named, and those
/// that are not needed any more to be removed.
const SNAPSHOTS: usize = 8;

/// What a server holds beyond its bounds, looked at when it has grown or was to shrink; none when all is
/// well.
pub(super) fn exceeded(world: &World, node: NodeId, event: &Event) -> Option<String> {
    let on = world.node(node);
    let replica = on.replica()?;
    let what = match event {
        Event::Applied { .. } => state(replica),
        Event::Raft(raft::Event::LogCompacted { .. }) => log(replica),
        Event::SnapshotTaken { .. } => disk(replica, on.device().disk()),
        _ => None,
    }?;
    Some(format!("{node} holds {what}"))
}

/// What is replicated.
fn state(replica: &Replica) -> Option<String> {
    let cache = replica.cache();
    let (bytes, capacity) = (cache.bytes(), cache.capacity());
    if bytes > capacity {
        return Some(format!(
            "{bytes} bytes of keys and values, and may hold {capacity}"
        ));
    }
    let (sessions, most) = (cache.sessions().count() as u64, cache.config().sessions);
    (sessions > most).then(|| format!("{sessions} client sessions, and may hold {most}"))
}

/// The log in memory, right after it was cut behind a snapshot.
fn log(replica: &Replica) -> Option<String> {
    let covers = replica.raft().snapshot()?.covers.index;
    let (first, most) = (
        replica.raft().log().first(),
        replica.config().raft.trailing_entries,
    );
    let before = (covers.0 + 1).saturating_sub(first.0);
    let seen = || format!("{before} entries that its snapshot covers, and may hold {most}");
    (before > most).then(seen)
}

/// Snapshots on the disk, when one more is begun.
fn disk(replica: &Replica, disk: &SimDisk) -> Option<String> {
    let is_snapshot = |name: &str| is_snapshot_file(name);
    let files = disk.files().filter(|file| is_snapshot(&file.info.name));
    let (files, named) = (files.count(), replica.wal().snapshots().count());
    let seen =
        || format!("{files} snapshot files, {named} of them named, and may hold {SNAPSHOTS}");
    (files.max(named) > SNAPSHOTS).then(seen)
}
