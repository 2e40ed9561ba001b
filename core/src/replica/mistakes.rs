//! What a server does when it makes a known mistake on purpose (see [`Mutant`]).

use super::codec;
use super::config::{Config, Member};
use super::snapshots::{RestoredSnapshot, restore};
use crate::storage::{self, Disk};
use crate::types::Mutant;

/// The state machine of a server that believes the newest snapshot on its disk, whoever wrote it
/// and whatever the log says; none for a server that does not make this mistake, or finds none.
pub(super) fn believed(
    config: &Config,
    member: &Member,
    disk: &dyn Disk,
) -> Option<RestoredSnapshot> {
    if !member.mutants.has(Mutant::RecoveryIgnoresIdentity) {
        return None;
    }
    let names = disk.list().into_iter().map(|info| info.name);
    let whole = names.filter_map(|name| {
        let bytes = disk.read(&name).ok()?;
        storage::open_snapshot(&name, &bytes).ok()
    });
    let newest = whole.max_by_key(|file| file.mark.position.index)?;
    let (head, _) = codec::split_snapshot(&newest.data)?;
    restore(config, head.cluster, newest.mark.position, &newest.data).ok()
}
