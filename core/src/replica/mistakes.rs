//! What a server does when it makes a known mistake on purpose (see [`Mutant`]).

use super::codec;
use super::config::{Config, Member};
use super::event::Event;
use super::io::{Effects, Lane, Write};
use super::server::Replica;
use super::snapshots::{RestoredSnapshot, restore};
use crate::cache::{Cache, Command, Query, Stamped};
use crate::raft::Role;
use crate::storage::{self, Disk, DiskOp, is_snapshot_file};
use crate::types::{Index, Instant, Mutant, Rope};
use std::borrow::Cow;

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

/// Snapshot files are written without waiting for the disk, and named as if they were durable.
pub(super) fn forget_syncs(writes: &mut [Write]) {
    let snapshots = writes
        .iter_mut()
        .filter(|write| write.id.lane == Lane::Snapshot);
    snapshots.for_each(|write| write.ops.retain(|op| !op.is_barrier()));
}

impl Replica {
    pub(super) fn makes(&self, mutant: Mutant) -> bool {
        self.member.mutants.has(mutant)
    }

    /// Up to where entries are applied: what is committed, unless it does not wait for that.
    pub(super) fn applies_up_to(&self) -> Index {
        let leads = matches!(self.raft.role(), Role::Leader(_));
        if leads && self.makes(Mutant::AnswersBeforeCommit) {
            return self.raft.log().last().index;
        }
        self.raft.commit()
    }

    /// An entry's command as it is about to be applied.
    pub(super) fn with_mistakes(&mut self, now: Instant, mut stamped: Stamped) -> Stamped {
        if self.makes(Mutant::ExpiryOnLocalClock) {
            stamped.time = stamped.time.max(self.log_clock.estimate(now));
        }
        if let Command::Apply(apply) = &stamped.command
            && self.makes(Mutant::DuplicateAppliedTwice)
        {
            self.cache.forget_answer(apply.session, apply.sequence);
        }
        stamped
    }

    /// The cache as a snapshot is to hold it.
    pub(super) fn cache_for_snapshot(&self) -> Cow<'_, Cache> {
        if !self.makes(Mutant::SnapshotWithoutSessions) {
            return Cow::Borrowed(&self.cache);
        }
        let mut cache = self.cache.clone();
        cache.forget_sessions();
        Cow::Owned(cache)
    }

    /// A server that evicts by its own reads remembers them at once.
    pub(super) fn touch_by_mistake(&mut self, query: &Query) {
        if !self.makes(Mutant::EvictionOnLocalState) {
            return;
        }
        for key in query.keys() {
            self.cache.touch_unlogged(key);
        }
    }
}
