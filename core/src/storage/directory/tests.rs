use super::{Directory, DirectoryError, DirectoryReader, LOCK, look_at, parent};
use crate::storage::{Disk, DiskError, FileInfo};
use std::fs::{self, File};
use std::path::Path;
use tempfile::TempDir;

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a place for temporary files")
}

fn opened(path: &Path) -> Directory {
    Directory::open(path).expect("nobody else has it")
}

fn info(name: &str, len: u64) -> FileInfo {
    let name = name.into();
    FileInfo { name, len }
}

#[test]
fn what_was_done_is_there_after_another_opening() {
    let place = scratch();
    let path = place.path().join("n1");
    let mut disk = opened(&path);
    disk.append("a.log", b"one").expect("room");
    disk.append("a.log", b"two").expect("room");
    disk.sync("a.log").expect("it works");
    disk.append("b.tmp", b"three").expect("room");
    disk.rename("b.tmp", "b.snap").expect("it is there");
    disk.append("b.snap", b"four").expect("the new name");
    disk.append("c", b"").expect("room");
    disk.remove("c").expect("it is there");
    disk.sync_dir().expect("it works");
    let listed = [info("a.log", 6), info("b.snap", 9)];
    assert_eq!(disk.list(), listed);
    drop(disk);
    let mut disk = opened(&path);
    assert_eq!(disk.list(), listed);
    assert_eq!(disk.read("a.log").as_deref(), Ok(&b"onetwo"[..]));
    assert_eq!(disk.read("b.snap").as_deref(), Ok(&b"threefour"[..]));
    disk.append("a.log", b"!").expect("room");
    disk.rename("a.log", "b.snap")
        .expect("the other is replaced");
    assert_eq!(disk.read("b.snap").as_deref(), Ok(&b"onetwo!"[..]));
    assert_eq!(disk.list(), [info("b.snap", 7)]);
}

#[test]
fn only_one_opening_lasts_and_the_other_is_told_who_has_it() {
    let place = scratch();
    let first = opened(place.path());
    let error = Directory::open(place.path()).expect_err("it is in use");
    let text = error.to_string();
    assert!(matches!(error, DirectoryError::InUse { .. }), "{text}");
    let process = format!("in use by process {}. ", std::process::id());
    assert!(text.contains(&process), "{text}");
    drop(first);
    opened(place.path());
}

/// A shared lock is that of somebody who looks; a server that starts at that moment must not be
/// turned away for it.
#[test]
fn somebody_who_looks_keeps_no_server_out() {
    let place = scratch();
    drop(opened(place.path()));
    let looks = File::open(place.path().join(LOCK)).expect("it was left there");
    let looking = std::thread::spawn(move || {
        let mut looked = 0;
        while looked < 20 {
            if looks.try_lock_shared().is_ok() {
                looked += 1;
                // As if suspended meanwhile.
                std::thread::sleep(std::time::Duration::from_millis(1));
                looks.unlock().expect("it was locked");
            }
        }
    });
    while !looking.is_finished() {
        opened(place.path());
    }
    looking.join().expect("it only looked");
}

#[test]
fn names_that_lead_elsewhere_are_refused_and_do_no_harm() {
    let place = scratch();
    let mut disk = opened(place.path());
    let names = [
        "", ".", "..", "a/b", "../a", "/a", "a\\b", "a\0", ".a", "ä", LOCK,
    ];
    for name in names {
        let refused = |result: Result<(), DiskError>| {
            let error = result.expect_err(name).to_string();
            assert!(error.contains("no plain file name"), "{error}");
        };
        refused(disk.append(name, b"x"));
        refused(disk.sync(name));
        refused(disk.remove(name));
        refused(disk.rename(name, "b"));
        refused(disk.rename("b", name));
        refused(disk.read(name).map(|_| ()));
    }
    disk.append("a", b"x")
        .expect("a refused name is no failure of the disk");
    assert_eq!(disk.list(), [info("a", 1)]);
}

#[test]
fn what_is_not_there_is_named() {
    let place = scratch();
    let mut disk = opened(place.path());
    let missing = || DiskError::NotFound { file: "a".into() };
    assert_eq!(disk.read("a"), Err(missing()));
    assert_eq!(disk.sync("a"), Err(missing()));
    assert_eq!(disk.remove("a"), Err(missing()));
    assert_eq!(disk.rename("a", "b"), Err(missing()));
    let below = place.path().join("no/such");
    let error = Directory::open(&below)
        .expect_err("its parent is missing")
        .to_string();
    assert!(error.contains("no/such: creating failed: "), "{error}");
    fs::write(place.path().join("file"), "").expect("room");
    let error = Directory::open(&place.path().join("file")).expect_err("no directory");
    assert!(
        matches!(error, DirectoryError::NotADirectory { .. }),
        "{error}"
    );
}

/// Recovery goes on without a snapshot that is not there, and refuses one that cannot be read.
#[test]
fn a_file_that_is_gone_is_told_from_one_that_cannot_be_read() {
    let place = scratch();
    let mut disk = opened(place.path());
    disk.append("a", b"one").expect("room");
    fs::remove_file(place.path().join("a")).expect("it is there");
    let missing = DiskError::NotFound { file: "a".into() };
    assert_eq!(disk.read("a"), Err(missing));
    fs::create_dir(place.path().join("a")).expect("room");
    let error = disk.read("a").expect_err("a directory has no bytes");
    assert!(matches!(error, DiskError::Failed { .. }), "{error}");
}

/// An error that the device reports for a file is told only to those who have it open.
#[test]
fn a_file_stays_open_until_it_is_synced_and_the_one_synced_last_beyond() {
    let place = scratch();
    let mut disk = opened(place.path());
    let open = |disk: &Directory| disk.open.keys().cloned().collect::<Vec<_>>();
    disk.append("a", b"x").expect("room");
    disk.append("b", b"x").expect("room");
    assert_eq!(open(&disk), ["a", "b"]);
    disk.sync("a").expect("it works");
    assert_eq!(open(&disk), ["a", "b"], "b has bytes that no sync covers");
    disk.sync("b").expect("it works");
    assert_eq!(open(&disk), ["b"]);
}

#[test]
fn a_new_directory_is_durable_with_the_one_that_holds_its_name() {
    let of = |path| parent(Path::new(path));
    assert_eq!(of("/var/n1"), Path::new("/var"));
    assert_eq!(of("data/n1"), Path::new("data"));
    assert_eq!(of("n1"), Path::new("."));
}

#[test]
fn a_file_that_another_program_changed_is_not_read_as_ours() {
    let place = scratch();
    let mut disk = opened(place.path());
    disk.append("a", b"one").expect("room");
    fs::write(place.path().join("a"), b"longer").expect("room");
    let error = disk.read("a").expect_err("it changed").to_string();
    assert!(error.contains("6 bytes instead of 3"), "{error}");
}

/// Devices that fail the way that a real disk does, under the name of a file.
#[cfg(target_os = "linux")]
mod failing {
    use super::*;

    fn with_device(device: &str) -> (TempDir, Directory) {
        let place = scratch();
        std::os::unix::fs::symlink(device, place.path().join("a")).expect("a link");
        let disk = opened(place.path());
        (place, disk)
    }

    fn refuses_everything(disk: &mut Directory, first: &DiskError) {
        let results = [
            disk.append("b", b"x"),
            disk.sync("a"),
            disk.sync_dir(),
            disk.rename("a", "b"),
            disk.remove("a"),
        ];
        for result in results {
            let error = result.expect_err("nothing is written after a failure");
            assert!(error.to_string().ends_with(&first.to_string()), "{error}");
        }
        assert_eq!(disk.list(), [info("a", 0)], "nothing was changed");
    }

    #[test]
    fn a_full_disk_ends_all_writing() {
        let (_place, mut disk) = with_device("/dev/full");
        let full = disk.append("a", b"x").expect_err("it is full");
        assert_eq!(full, DiskError::Full { file: "a".into() });
        refuses_everything(&mut disk, &full);
    }

    #[test]
    fn a_failed_fsync_is_not_tried_again() {
        let (place, mut disk) = with_device("/dev/null");
        let error = disk.sync("a").expect_err("it cannot be synced");
        let text = error.to_string();
        let path = place.path().display().to_string();
        for part in ["the disk failed on a: fsync in ", &path, "os error 22"] {
            assert!(text.contains(part), "{text}");
        }
        refuses_everything(&mut disk, &error);
    }
}

#[test]
fn looking_changes_nothing_and_tells_who_has_it() {
    let place = scratch();
    fs::write(place.path().join("a"), b"one").expect("room");
    let mut reader = DirectoryReader::open(place.path()).expect("it can be read");
    assert_eq!(reader.list(), [info("a", 3)]);
    assert_eq!(reader.read("a").as_deref(), Ok(&b"one"[..]));
    assert_eq!(reader.holder(), None);
    let refused = [
        reader.append("a", b"x"),
        reader.sync("a"),
        reader.sync_dir(),
        reader.rename("a", "b"),
        reader.remove("a"),
    ];
    assert!(refused.iter().all(Result::is_err));
    let names = fs::read_dir(place.path()).expect("it is there");
    assert_eq!(names.count(), 1, "not even a lock file");

    let server = opened(place.path());
    let reader = DirectoryReader::open(place.path()).expect("it can be read meanwhile");
    let holder = reader.holder().expect("the server").to_string();
    assert_eq!(holder, format!("process {}", std::process::id()));
    drop(server);
    let reader = DirectoryReader::open(place.path()).expect("it can be read");
    assert_eq!(
        reader.holder(),
        None,
        "a lock file that is left means nothing"
    );
}

/// Links are what a person makes of a directory: one that does not lead to its file may hide a
/// segment, or the lock of a server that runs.
#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_file_that_was_just_removed_is_told_from_a_link_that_leads_nowhere() {
        let place = scratch();
        let path = place.path().join("a");
        assert!(matches!(look_at(&path), Ok(None)));
        symlink(place.path().join("no such"), &path).expect("a link");
        look_at(&path).expect_err("what it stands for is not there");
        let error = Directory::open(place.path()).expect_err("a file is missing");
        assert!(error.to_string().contains("a: opening failed: "), "{error}");
    }

    #[test]
    fn a_lock_that_cannot_be_looked_at_may_be_held() {
        let place = scratch();
        symlink(LOCK, place.path().join(LOCK)).expect("a link to itself");
        let error = DirectoryReader::open(place.path()).expect_err("nobody knows");
        assert!(
            error.to_string().contains("LOCK: opening failed: "),
            "{error}"
        );
    }
}

#[test]
fn directories_and_odd_names_are_left_alone() {
    let place = scratch();
    fs::create_dir(place.path().join("lost-found")).expect("room");
    fs::write(place.path().join("my notes.txt"), "").expect("room");
    fs::write(place.path().join("a"), "").expect("room");
    assert_eq!(opened(place.path()).list(), [info("a", 0)]);
}

#[cfg(unix)]
#[test]
fn names_are_not_durable_in_a_directory_that_is_gone() {
    let place = scratch();
    let path = place.path().join("n1");
    let mut disk = opened(&path);
    fs::remove_dir_all(&path).expect("it is there");
    disk.sync_dir().expect_err("there is nothing to sync");
}
