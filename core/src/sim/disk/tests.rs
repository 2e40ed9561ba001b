//! What a crash leaves, and what does not fit.

use super::{Capacity, Lost, SimDisk};
use crate::storage::{Disk, DiskError};

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
    assert_eq!(disk.crash(), Lost { bytes: 3, files: 0 });
    assert_eq!(disk.read("a").as_deref(), Ok(&b"one"[..]));
}

#[test]
fn a_name_that_was_not_synced_is_lost_with_its_file() {
    let mut disk = disk();
    disk.append("b", b"two").expect("room");
    disk.sync("b").expect("there");
    assert_eq!(disk.crash(), Lost { bytes: 0, files: 1 });
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
    disk.crash();
    assert_eq!(disk.used(), 0);
}

#[test]
fn a_rename_is_undone_by_a_crash_until_the_directory_is_synced() {
    let mut renamed = disk();
    renamed.rename("a", "b").expect("there");
    let mut synced = renamed.clone();
    renamed.crash();
    assert_eq!(renamed.read("a").as_deref(), Ok(&b"one"[..]));
    synced.sync_dir().expect("works");
    synced.crash();
    assert_eq!(synced.read("b").as_deref(), Ok(&b"one"[..]));
}
