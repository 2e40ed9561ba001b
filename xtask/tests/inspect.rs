//! `cargo xtask inspect` tells what a data directory holds, and leaves it as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::SystemTime;

use bytes::Bytes;
use flotilla_core::storage::{
    Config, Directory, Disk, DiskOp, HardState, Identity, LogEntry, Record, recover, save_snapshot,
};
use flotilla_core::types::{ClusterId, Incarnation, Index, NodeId, Position, Term};
use serde_json::Value;
use tempfile::TempDir;

const IDENTITY: Identity = Identity {
    cluster: ClusterId(0xF1),
    node: NodeId(3),
    incarnation: Incarnation(2),
};

fn execute(disk: &mut Directory, ops: &[DiskOp]) {
    for op in ops {
        op.execute(disk).expect("this disk works");
    }
}

fn entry(index: u64) -> Record {
    Record::Entry(LogEntry {
        position: Position::new(Term(4), Index(index)),
        kind: 1,
        payload: Bytes::from(vec![index as u8; 40]),
    })
}

/// Twenty entries in small segments, two snapshots named by the log, a commit index.
fn data() -> TempDir {
    let place = tempfile::tempdir().expect("a place for temporary files");
    let mut disk = Directory::open(place.path()).expect("nobody else has it");
    let config = Config {
        segment_bytes: 256,
        ..Config::default()
    };
    let fresh = recover(&disk, IDENTITY, &config).expect("it is empty");
    let mut wal = fresh.wal;
    let state = HardState {
        term: Term(4),
        vote: Some(NodeId(3)),
    };
    execute(&mut disk, &wal.append(&[Record::HardState(state)]));
    for index in 1..=12 {
        execute(&mut disk, &wal.append(&[entry(index)]));
        if index % 4 == 0 {
            let covers = Position::new(Term(4), Index(index));
            let state = Bytes::from(vec![0xAB; 100]);
            let (mark, ops) = save_snapshot(IDENTITY, covers, &state);
            execute(&mut disk, &ops);
            execute(&mut disk, &wal.append(&[Record::Snapshot(mark)]));
            execute(&mut disk, &wal.trim());
        }
    }
    for index in 13..=20 {
        execute(&mut disk, &wal.append(&[entry(index)]));
    }
    execute(&mut disk, &wal.append(&[Record::Commit(Index(20))]));
    place
}

fn inspect(path: &Path, options: &[&str]) -> (i32, Output) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.arg("inspect").arg(path).args(options).output();
    let output = output.expect("it starts");
    (output.status.code().expect("it ends by itself"), output)
}

fn text(path: &Path, options: &[&str]) -> (i32, String) {
    let (code, output) = inspect(path, options);
    let errors = String::from_utf8(output.stderr).expect("text");
    let printed = String::from_utf8(output.stdout).expect("text");
    (code, printed + &errors)
}

/// Every name below a directory with its content and its times, and those of the directory.
fn image(path: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let modified = |path: &Path| {
        let found = fs::metadata(path).and_then(|found| found.modified());
        found.expect("the file system keeps times")
    };
    let names = fs::read_dir(path).expect("it is there");
    let mut image: BTreeMap<_, _> = names
        .map(|entry| entry.expect("it can be listed").path())
        .map(|file| {
            let content = fs::read(&file).expect("it can be read");
            (file.display().to_string(), (content, modified(&file)))
        })
        .collect();
    image.insert(".".into(), (Vec::new(), modified(path)));
    image
}

/// A file of the directory whose name begins and ends so; the last by name.
fn file(path: &Path, begins: &str, ends: &str) -> std::path::PathBuf {
    let names = image(path).into_keys();
    let found = names.filter(|name| {
        let name = name.rsplit('/').next().unwrap_or_default();
        name.starts_with(begins) && name.ends_with(ends)
    });
    found.max().expect("there is one").into()
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).expect("it can be read");
    bytes[at] ^= 0x10;
    fs::write(file, bytes).expect("room");
}

#[test]
fn sound_data_is_told_and_left_as_it_was() {
    let place = data();
    fs::remove_file(place.path().join("LOCK")).expect("nobody has it open");
    let before = image(place.path());
    for options in [&[][..], &["--verify"], &["--json"], &["--json", "--verify"]] {
        let (code, printed) = text(place.path(), options);
        assert_eq!(code, 0, "{printed}");
        assert_eq!(image(place.path()), before, "{options:?} changed something");
    }
    let (_, printed) = text(place.path(), &["--verify"]);
    for part in [
        "n3 of cluster 00000000000000f1, incarnation 2",
        "term 4, vote for n3; snapshot 12, committed 20, log up to 20",
        "n3 starts from its snapshot of 12@t4 (100 bytes) [The newest snapshot that the log names",
        "n3 has recovered: snapshot 12, committed 20, log up to 20",
        "wal-00000006.log: entries ",
        "state at 12 of term 4",
        "in use",
        "kept in case the newer one is damaged",
        "100 bytes, as their checksum says",
        "Sound: every record and every checksum is right.",
    ] {
        assert!(printed.contains(part), "`{part}` is missing in\n{printed}");
    }
}

#[test]
fn the_same_is_told_as_json() {
    let place = data();
    let (_, output) = inspect(place.path(), &["--json", "--verify"]);
    let whole: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(whole["sound"], true);
    assert_eq!(whole["inUseBy"], Value::Null);
    assert_eq!(whole["owner"]["node"], 3);
    assert_eq!(whole["recovery"]["commit"], 20);
    let told: Vec<&str> = whole["report"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|told| told["sentence"].as_str())
        .collect();
    let (_, printed) = text(place.path(), &[]);
    assert!(
        told.len() > 3 && told.iter().all(|told| printed.contains(told)),
        "{told:?}"
    );
    let segments = whole["segments"].as_array().expect("a list");
    let checks = whole["checks"].as_array().expect("a list");
    let snapshots = whole["snapshots"].as_array().expect("a list");
    assert_eq!(checks.len(), segments.len() + snapshots.len());
    assert_eq!(snapshots.len(), 2);
    assert_eq!(segments.last().expect("there is one")["last"], 20);
}

#[test]
fn a_damaged_record_is_told_with_its_offset() {
    let place = data();
    let segment = file(place.path(), "wal-", ".log");
    // The header is the first record; the second one follows it.
    let header = Record::decode(&fs::read(&segment).expect("it is there"));
    let (_, second) = header.expect("it opens with its header");
    flip(&segment, second + 9);
    let (code, printed) = text(place.path(), &["--verify"]);
    assert_eq!(code, 1, "{printed}");
    let offset = format!("the checksum does not fit the record, from byte {second} on");
    assert!(printed.contains(&offset), "{printed}");
    assert!(printed.contains("Not sound"), "{printed}");
}

#[test]
fn a_log_with_a_hole_is_not_trusted() {
    let place = data();
    fs::remove_file(place.path().join("wal-00000006.log")).expect("it is there");
    let before = image(place.path());
    let (code, printed) = text(place.path(), &[]);
    assert_eq!(code, 1, "{printed}");
    let problems = printed.split("Problems").nth(1).expect("there are some");
    assert!(problems.contains("wal-00000006.log"), "{printed}");
    assert_eq!(image(place.path()), before);
}

#[test]
fn a_torn_tail_is_no_damage() {
    let place = data();
    let segment = file(place.path(), "wal-", ".log");
    let bytes = fs::read(&segment).expect("it is there");
    fs::write(&segment, [&bytes[..], b"torn"].concat()).expect("room");
    let (code, printed) = text(place.path(), &["--verify"]);
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("4 of them after the intact records"),
        "{printed}"
    );
    let cut = format!(
        "then a write that a crash cut off, from byte {} on",
        bytes.len()
    );
    assert!(printed.contains(&cut), "{printed}");
}

#[test]
fn a_bad_snapshot_is_found_whether_it_is_needed_or_not() {
    let place = data();
    let newest = file(place.path(), "snapshot-", ".snap");
    // The last byte of the data stands before the footer of 16 bytes.
    let len = fs::read(&newest).expect("it is there").len();
    let parts = [
        (
            len - 17,
            format!("its checksum is wrong, from byte {} on", len - 116),
        ),
        (
            len - 1,
            format!(
                "its footer is damaged or missing, from byte {} on",
                len - 16
            ),
        ),
    ];
    for (byte, said) in parts {
        flip(&newest, byte);
        let (code, printed) = text(place.path(), &["--verify"]);
        assert_eq!(code, 1, "{printed}");
        assert!(printed.contains(&said), "{said}\n{printed}");
        flip(&newest, byte);
    }
    assert_eq!(text(place.path(), &["--verify"]).0, 0, "whole again");

    // Recovery does not need the older one, so only the full check reads it.
    let older = file(place.path(), "snapshot-00000000000000000008-", ".snap");
    flip(&older, 3);
    assert_eq!(text(place.path(), &[]).0, 0);
    let (code, printed) = text(place.path(), &["--verify"]);
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains("its header is damaged, from byte 0 on"),
        "{printed}"
    );
}

#[test]
fn what_is_no_data_directory_is_told_as_such() {
    let place = tempfile::tempdir().expect("a place for temporary files");
    fs::write(place.path().join("notes.txt"), "mine").expect("room");
    let (code, printed) = text(place.path(), &[]);
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("is no data directory of a Flotilla server"),
        "{printed}"
    );
    let (code, printed) = text(&place.path().join("notes.txt"), &[]);
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("is not a directory"), "{printed}");
    let (code, printed) = text(&place.path().join("missing"), &["--json"]);
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("missing: opening failed: "), "{printed}");
    assert_eq!(text(place.path(), &["--nonsense"]).0, 2);
}

#[test]
fn a_server_that_runs_is_named_and_not_disturbed() {
    let place = data();
    let mut server = Directory::open(place.path()).expect("nobody else has it");
    let before = image(place.path());
    let (code, printed) = text(place.path(), &["--verify"]);
    assert_eq!(code, 0, "{printed}");
    let holder = format!("process {} has it open", std::process::id());
    assert!(printed.contains(&holder), "{printed}");
    assert_eq!(image(place.path()), before);
    server.append("wal-99999999.log", b"").expect("it goes on");
}
