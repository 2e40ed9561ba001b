//! What a crash leaves, and what does not fit.

use super::{Capacity, DamageError, Lost, NameChange, PieceState, SimDisk, Survivors, Unsynced};
use crate::storage::{Disk, DiskError, Record};
use crate::types::Index;
use bytes::BytesMut;

const NOTHING: Survivors = Survivors {
    appends: Vec::new(),
    names: Vec::new(),
};

fn disk() -> SimDisk {
    let mut disk = SimDisk::default();
    disk.append("a", b"one").expect("room");
    disk.sync("a").expect("there");
    disk.sync_dir().expect("works");
    disk
}

#[test]
fn a_crash_takes_what_was_not_synced() {
    let mut disk = disk();
    disk.append("a", b"two").expect("room");
    assert_eq!(disk.crash(&NOTHING).lost, Lost { bytes: 3, files: 0 });
    assert_eq!(disk.read("a").as_deref(), Ok(&b"one"[..]));
}

#[test]
fn a_name_that_was_not_synced_is_lost_with_its_file() {
    let mut disk = disk();
    disk.append("b", b"two").expect("room");
    disk.sync("b").expect("there");
    assert_eq!(disk.crash(&NOTHING).lost, Lost { bytes: 0, files: 1 });
    assert_eq!(
        disk.read("b"),
        Err(DiskError::NotFound { file: "b".into() })
    );
}

#[test]
fn what_does_not_fit_is_not_written_at_all() {
    let mut disk = SimDisk::new(Capacity::Bytes(8));
    disk.append("a", b"12345").expect("five of eight");
    let full = |file: &str| Err(DiskError::Full { file: file.into() });
    assert_eq!(disk.append("a", b"6789"), full("a"));
    assert_eq!(disk.append("b", b"6789"), full("b"));
    assert_eq!((disk.used(), disk.list().len()), (5, 1));
    disk.append("b", b"678").expect("eight of eight");
    assert_eq!(disk.append("b", b"9"), full("b"));
    assert_eq!(disk.capacity().bytes(), Some(disk.used()));
}

#[test]
fn a_removed_file_leaves_its_room_once_the_directory_is_synced() {
    let mut disk = SimDisk::new(Capacity::Bytes(8));
    disk.append("a", b"12345678").expect("room");
    disk.sync("a").expect("there");
    disk.sync_dir().expect("works");
    disk.remove("a").expect("there");
    assert!(disk.append("b", b"1").is_err());
    assert_eq!(disk.used(), 8);
    disk.sync_dir().expect("works");
    assert_eq!(disk.used(), 0);
    disk.append("b", b"12345678").expect("room");
    disk.crash(&NOTHING);
    assert_eq!(disk.used(), 0);
}

#[test]
fn a_rename_is_undone_by_a_crash_until_the_directory_is_synced() {
    let mut renamed = disk();
    renamed.rename("a", "b").expect("there");
    let mut synced = renamed.clone();
    renamed.crash(&NOTHING);
    assert_eq!(renamed.read("a").as_deref(), Ok(&b"one"[..]));
    synced.sync_dir().expect("works");
    synced.crash(&NOTHING);
    assert_eq!(synced.read("b").as_deref(), Ok(&b"one"[..]));
}

/// `a` has six durable bytes, then `-`, `12` and `345` that no sync followed.
fn unsynced() -> SimDisk {
    let mut disk = disk();
    disk.append("a", b"two").expect("room");
    disk.sync("a").expect("there");
    for piece in [&b"-"[..], b"12", b"345"] {
        disk.append("a", piece).expect("room");
    }
    disk
}

fn after(disk: &SimDisk, appends: &[u64], names: &[bool]) -> SimDisk {
    let mut crashed = disk.clone();
    crashed.crash(&Survivors {
        appends: appends.to_vec(),
        names: names.to_vec(),
    });
    crashed
}

fn text(disk: &SimDisk, file: &str) -> String {
    let bytes = disk.read(file).expect("there");
    String::from_utf8_lossy(&bytes).replace('\0', "_")
}

#[test]
fn of_each_unsynced_append_any_part_may_survive_without_the_ones_before() {
    let disk = unsynced();
    for (appends, left) in [
        (vec![], "onetwo"),
        (vec![1, 2, 3], "onetwo-12345"),
        (vec![1, 1, 0], "onetwo-1"),
        (vec![0, 2, 0], "onetwo_12"),
        (vec![0, 0, 1], "onetwo___3"),
        (vec![1, 1, 2], "onetwo-1_34"),
    ] {
        let crashed = after(&disk, &appends, &[]);
        assert_eq!(text(&crashed, "a"), left, "{appends:?}");
        assert_eq!(crashed.unsynced(), Unsynced::default());
        assert_eq!(text(&after(&crashed, &[], &[]), "a"), left, "for good");
    }
}

#[test]
fn what_survives_is_counted_in_the_order_of_writing() {
    let mut disk = unsynced();
    disk.append("b", b"xyz").expect("room");
    disk.append("a", b"6").expect("room");
    let unsynced = disk.unsynced();
    let sizes: Vec<u64> = unsynced.appends.iter().map(|append| append.bytes).collect();
    assert_eq!(sizes, [1, 2, 3, 3, 1]);
    assert_eq!(unsynced.appends[3].file, "b");
    let first = Survivors::first(&unsynced, 7, 1);
    assert_eq!(first.appends, [1, 2, 3, 1, 0]);
    let report = disk.clone().crash(&first);
    assert_eq!((report.lost.bytes, report.kept), (3, 7));
    let only = Survivors::only(&unsynced, &[2, 5], &[]);
    assert_eq!(only.appends, [0, 2, 0, 0, 1]);
    let report = disk.crash(&only);
    assert_eq!((report.files.len(), report.files[0].zeros), (1, 4));
    assert_eq!(report.lost, Lost { bytes: 4, files: 1 });
    assert_eq!(text(&disk, "a"), "onetwo_12___6");
}

#[test]
fn changes_of_names_survive_each_on_its_own() {
    let mut disk = disk();
    disk.append("b.tmp", b"new").expect("room");
    disk.sync("b.tmp").expect("there");
    disk.rename("b.tmp", "b").expect("there");
    disk.remove("a").expect("there");
    let listed = |names: &[bool]| {
        let files = after(&disk, &[], names).list();
        let names: Vec<String> = files.into_iter().map(|info| info.name).collect();
        names.join(" ")
    };
    assert_eq!(listed(&[]), "a");
    assert_eq!(listed(&[true]), "a b.tmp");
    assert_eq!(listed(&[true, true]), "a b");
    assert_eq!(listed(&[false, true]), "a b");
    assert_eq!(listed(&[false, false, true]), "");
    assert_eq!(listed(&[true, false, true]), "b.tmp");
    let (from, to) = ("b.tmp".into(), "b".into());
    assert_eq!(disk.unsynced().names[1], NameChange::Renamed { from, to });
    disk.sync_dir().expect("works");
    assert_eq!(listed_names(&after(&disk, &[], &[])), ["b"]);
}

fn listed_names(disk: &SimDisk) -> Vec<String> {
    disk.list().into_iter().map(|info| info.name).collect()
}

/// After a sync that failed, later ones work and mean nothing for what it should have written.
#[test]
fn what_a_failed_sync_gave_up_is_lost_whatever_later_syncs_say() {
    let mut disk = unsynced();
    disk.fail_syncs(1);
    assert!(disk.sync("a").is_err());
    assert_eq!(text(&disk, "a"), "onetwo-12345", "it still reads back");
    disk.sync("a").expect("works again");
    disk.append("a", b"!").expect("room");
    disk.sync("a").expect("works again");
    let state = disk.files().next().expect("a");
    let stretches = [
        (PieceState::Durable, 6),
        (PieceState::GivenUp, 6),
        (PieceState::Durable, 1),
    ];
    assert_eq!((state.stretches, state.synced), (stretches.into(), 7));
    assert_eq!(text(&after(&disk, &[9, 9, 9], &[]), "a"), "onetwo______!");
    disk.fail_syncs(1);
    assert!(disk.sync_dir().is_err(), "names as well");
    disk.sync_dir().expect("works again");
}

#[test]
fn damage_is_durable_at_once() {
    let mut disk = unsynced();
    disk.flip("a", 1, 0).expect("there");
    disk.flip("a", 7, 1).expect("there");
    assert_eq!(text(&disk, "a"), "ooetwo-32345");
    disk.tear("a", 7).expect("there are twelve");
    assert_eq!(text(&after(&disk, &[], &[]), "a"), "ooetw");
    assert_eq!(disk.tear("a", 6), Err(DamageError::BeyondEnd { len: 5 }));
    assert_eq!(disk.flip("a", 5, 0), Err(DamageError::BeyondEnd { len: 5 }));
    assert_eq!(disk.flip("b", 0, 0), Err(DamageError::NoSuchFile));
    disk.rename("a", "b").expect("there");
    disk.lose("b").expect("there");
    assert!(after(&disk, &[], &[true]).list().is_empty());
    assert!(disk.list().is_empty() && disk.used() == 0);
}

#[test]
fn an_image_takes_the_place_of_everything() {
    let mut disk = unsynced();
    let image = disk.image();
    assert_eq!((image.files(), image.bytes()), (1, 12));
    disk.append("b", b"later").expect("room");
    disk.tear("a", 9).expect("there are twelve");
    disk.put_back(&image);
    let crashed = after(&disk, &[], &[]);
    assert_eq!(listed_names(&crashed), ["a"]);
    assert_eq!(text(&crashed, "a"), "onetwo-12345");
}

#[test]
fn that_a_log_was_durable_is_remembered_until_the_disk_is_replaced() {
    let mut disk = disk();
    assert!(!disk.was_written(), "another file says nothing");
    let mut record = BytesMut::new();
    Record::Commit(Index(1)).encode(&mut record);
    for (bytes, written) in [
        (&b""[..], false),
        (&record[..3], false),
        (&record[3..], true),
    ] {
        disk.append("wal-00000001.log", bytes).expect("room");
        disk.sync("wal-00000001.log").expect("there");
        disk.sync_dir().expect("works");
        assert_eq!(disk.was_written(), written, "{bytes:?}");
    }
    disk.wipe();
    assert!(disk.was_written() && disk.used() == 0);
    disk.replace();
    assert!(!disk.was_written());
}
