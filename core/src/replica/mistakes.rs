//! What a server does when it makes a known mistake on purpose (see [`Mutant`]).

use super::codec;
use super::config::{Config, Member};
use super::event::Event;
use super::io::Effects;
use super::snapshots::{RestoredSnapshot, restore};
use crate::storage::{self, Disk, DiskOp, is_snapshot_file};
use crate::types::{Mutant, Rope};

/// The state machine of a server that believes the newest snapshot on its disk, whoever wrote it
/// and whatever the log says; none for a server that does not make this mistake, or finds none.
pub(super) fn believed(
    config: &Config,
    member: &Member,
    disk: &dyn Disk,
    out: &mut Effects,
) -> Option<RestoredSnapshot> {
    let mutant = Mutant::RecoveryIgnoresIdentity;
    if !member.mutants.has(mutant) {
        return None;
    }
    let names = disk.list().into_iter().map(|info| info.name);
    let whole = names.filter_map(|name| {
        let bytes = disk.read(&name).ok()?;
        storage::open_snapshot(&name, &bytes).ok()
    });
    let newest = whole.max_by_key(|file| file.mark.position.index)?;
    let data = Rope::from(newest.data);
    let (head, _) = codec::snapshot_head(&data)?;
    let (cluster, covers) = (head.cluster, newest.mark.position);
    let restored = restore(config, cluster, covers, &data).ok()?;
    out.events.push(Event::Mistaken {
        mutant,
        covers,
        cluster,
    });
    Some(restored)
}

/// Whoever believes a snapshot does not set it aside.
pub(super) fn leave_snapshots(repairs: &mut Vec<DiskOp>) {
    let is_snapshot =
        |op: &DiskOp| matches!(op, DiskOp::Rename { from, .. } if is_snapshot_file(from));
    repairs.retain(|op| !is_snapshot(op));
}
