//! What is drawn of a server's disk.

use super::explain::faults::name_change;
use super::explain::recovery;
use super::model::{
    CrashView, DiskView, FileKind, FileSurvivalView, FileView, ImageView, ManifestView,
    NameChangeView, RecoveryStepView, StretchState, StretchView, UnsyncedAppendView,
};
use crate::replica::Replica;
use crate::sim::{FileState, LastCrash, NameChange, Node, PieceState, SimDisk, World};
use crate::storage::{Disk, Record, Wal, is_snapshot_file, segment_file, segment_sequence};
use crate::types::Index;

/// The unsynced appends that are listed one by one; the rest is counted.
const SHOWN: usize = 50;

pub(super) fn disk(node: &Node) -> DiskView {
    let disk = node.device().disk();
    let unsynced = disk.unsynced();
    let appends = unsynced.appends.iter().zip(1..);
    DiskView {
        powered: node.is_powered(),
        used: disk.used(),
        capacity: disk.capacity().bytes(),
        slowness: node.device().slowness(),
        failing_syncs: disk.failing_syncs(),
        files: files(node),
        manifest: node.replica().map(|replica| manifest(replica.wal())),
        unsynced_bytes: unsynced.appends.iter().map(|append| append.bytes).sum(),
        unsynced_appends: appends
            .clone()
            .take(SHOWN)
            .map(|(append, number)| UnsyncedAppendView {
                number,
                file: append.file.clone(),
                bytes: append.bytes,
            })
            .collect(),
        unsynced_appends_hidden: appends.skip(SHOWN).count() as u64,
        unsynced_names: unsynced
            .names
            .iter()
            .zip(1..)
            .map(|(change, number)| name(change, number, None))
            .collect(),
        last_crash: node.last_crash().map(crash),
    }
}

fn manifest(wal: &Wal) -> ManifestView {
    let state = wal.hard_state();
    ManifestView {
        term: state.term.0,
        vote: state.vote.map(|vote| vote.0),
        commit: wal.commit().0,
        snapshot: wal.snapshots().last().map(|mark| mark.file.clone()),
    }
}

pub(super) fn images(world: &World) -> Vec<ImageView> {
    let images = world.images().iter();
    let view = images.map(|(name, image)| ImageView {
        name: name.clone(),
        of: image.of.0,
        kept_at: image.kept_at.0,
        files: image.disk.files(),
        bytes: image.disk.bytes(),
    });
    view.collect()
}

pub(super) fn recovery(node: &Node) -> Vec<RecoveryStepView> {
    let steps = node.recovery().iter().map(|finding| {
        let told = recovery::tell(node.id(), finding);
        RecoveryStepView {
            kind: told.kind.into(),
            sentence: told.sentence,
            rule: told.rule,
            outcome: finding.case().outcome().to_string(),
            gravity: finding.case().outcome() as u32,
        }
    });
    steps.collect()
}

fn crash(last: &LastCrash) -> CrashView {
    let report = &last.report;
    CrashView {
        time: last.at.0,
        lost_bytes: report.lost.bytes,
        lost_files: report.lost.files,
        kept_bytes: report.kept,
        files: report
            .files
            .iter()
            .map(|file| FileSurvivalView {
                file: file.file.clone(),
                kept: file.kept,
                lost: file.lost,
                zeros: file.zeros,
            })
            .collect(),
        names: report
            .names
            .iter()
            .zip(1..)
            .map(|((change, kept), number)| name(change, number, Some(*kept)))
            .collect(),
    }
}

fn name(change: &NameChange, number: u64, kept: Option<bool>) -> NameChangeView {
    NameChangeView {
        number,
        change: name_change(change),
        kept,
    }
}

fn files(node: &Node) -> Vec<FileView> {
    let wal = node.replica().map(Replica::wal);
    let disk = node.device().disk();
    let files = disk.files().map(|state| {
        let FileState {
            info,
            synced,
            named,
            stretches,
        } = state;
        let kind = kind(&info.name);
        let segment = wal.and_then(|wal| wal.segments().find(|one| one.file() == info.name));
        let entries = match (kind, segment) {
            (FileKind::Segment, Some(segment)) => segment.entries,
            (FileKind::Segment, None) => written(disk, &info.name),
            _ => None,
        };
        let holds = match kind {
            FileKind::Segment => entries.map_or("no entries".into(), |(first, last)| {
                format!("entries {first} to {last}")
            }),
            FileKind::Snapshot => snapshot_index(&info.name)
                .map_or_else(String::new, |(index, term)| {
                    format!("state at {index}@t{term}")
                }),
            FileKind::Temporary => "not finished".into(),
            FileKind::Quarantine => "set aside".into(),
            FileKind::Other => String::new(),
        };
        FileView {
            kind,
            bytes: info.len,
            synced,
            named,
            stretches: stretches.into_iter().map(stretch).collect(),
            entries: entries.map(|(first, last)| [first.0, last.0]),
            in_use: in_use(node, &info.name),
            holds,
            name: info.name,
        }
    });
    files.collect()
}

/// Whether the running server reads or writes this file, or would after a restart.
fn in_use(node: &Node, name: &str) -> bool {
    let wal = node.replica().map(Replica::wal);
    wal.is_some_and(|wal| {
        let mut segments = wal.segments();
        segments.any(|segment| segment.file() == name)
            || wal.snapshots().any(|mark| mark.file == name)
    })
}

fn stretch((state, bytes): (PieceState, u64)) -> StretchView {
    StretchView {
        state: match state {
            PieceState::Durable => StretchState::Synced,
            PieceState::Unsynced => StretchState::Unsynced,
            PieceState::GivenUp => StretchState::GivenUp,
        },
        bytes,
    }
}

fn kind(name: &str) -> FileKind {
    if name.contains(".quarantine") {
        return FileKind::Quarantine;
    }
    if name.ends_with(".tmp") {
        return FileKind::Temporary;
    }
    match segment_sequence(name) {
        Some(sequence) if segment_file(sequence) == name => FileKind::Segment,
        _ if is_snapshot_file(name) => FileKind::Snapshot,
        _ => FileKind::Other,
    }
}

/// What a segment holds as far as it can be read: the lowest and the highest index.
fn written(disk: &SimDisk, file: &str) -> Option<(Index, Index)> {
    let bytes = disk.read(file).ok()?;
    let (mut offset, mut held) = (0, None::<(Index, Index)>);
    while let Ok((record, len)) = Record::decode(&bytes[offset..]) {
        if let Record::Entry(entry) = record {
            let index = entry.position.index;
            let (low, high) = held.unwrap_or((index, index));
            held = Some((low.min(index), high.max(index)));
        }
        offset += len;
    }
    held
}

/// What a snapshot's name says that it covers.
fn snapshot_index(name: &str) -> Option<(u64, u64)> {
    let middle = name.strip_prefix("snapshot-")?.strip_suffix(".snap")?;
    let (index, term) = middle.split_once('-')?;
    Some((index.parse().ok()?, term.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use crate::types::Instant;
    use crate::view::{FileKind, NodeDetail, Session, StretchState};

    /// Syncs take a second, so the first write of each server waits for one at the crash.
    const SCENARIO: &str = "flotilla = 1\nname = \"x\"\nend = \"9s\"\nnodes = 1\n\
        actions = [\n\
          { at = \"1s\", do = \"put\", client = 1, key = \"a\", value = \"b\" },\n\
          { at = \"6s\", do = \"put\", client = 1, key = \"a\", value = \"c\" },\n\
          { at = \"6100ms\", do = \"keep_image\", node = 1, image = \"copy\" },\n\
          { at = \"6200ms\", do = \"crash\", node = 1, keep = { first = { bytes = 5 } } },\n\
          { at = \"7s\", do = \"restart\", node = 1 },\n\
        ]\n[disk]\nsync_latency = { constant = \"500ms\" }\n";

    fn at(session: &mut Session, ms: u64) -> NodeDetail {
        session.run_until(Instant(ms * 1_000), u64::MAX);
        session.details(usize::MAX).swap_remove(0)
    }

    #[test]
    fn a_disk_shows_what_a_crash_would_take_and_what_it_took() {
        let mut session = Session::parse(SCENARIO).expect("a scenario");
        let before = at(&mut session, 6_150).disk;
        let (log, waiting) = (&before.files[0], before.unsynced_bytes);
        assert_eq!(
            (log.kind, log.named, log.in_use),
            (FileKind::Segment, true, true)
        );
        assert!(waiting > 5 && log.synced + waiting == log.bytes);
        let states: Vec<_> = log.stretches.iter().map(|one| one.state).collect();
        assert_eq!(states, [StretchState::Synced, StretchState::Unsynced]);
        let [first, last] = log.entries.expect("there are some");
        assert_eq!(log.holds, format!("entries {first} to {last}"));
        assert_eq!(before.unsynced_appends[0].bytes, waiting);
        assert!(before.last_crash.is_none() && before.powered);

        let detail = at(&mut session, 6_500);
        let after = detail.disk;
        let crash = after.last_crash.expect("there was one");
        assert_eq!((crash.kept_bytes, crash.lost_bytes), (5, waiting - 5));
        assert_eq!(
            (after.files[0].bytes, after.powered),
            (log.synced + 5, false)
        );
        assert_eq!(after.files[0].entries, Some([first, last - 1]));
        assert_eq!(
            (detail.images[0].of, detail.images[0].bytes),
            (1, log.bytes)
        );

        let steps = at(&mut session, 7_500).recovery;
        let torn = steps.iter().find(|step| step.kind == "torn-tail");
        assert!(torn.is_some_and(|step| step.rule.is_some()), "{steps:?}");
    }
}
