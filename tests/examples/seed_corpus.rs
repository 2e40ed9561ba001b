//! Writes what the fuzzers begin with: messages, records, snapshots and disks of simulated runs.
//!
//!     cargo run --package flotilla-tests --example seed_corpus
//!
//! The seeds are committed under `fuzz/corpus/`; they are made anew when a format changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use flotilla_core::raft::Message;
use flotilla_core::replica::Envelope;
use flotilla_core::sim::{Payload, Scenario, World};
use flotilla_core::storage::{Disk, Record, is_snapshot_file, open_snapshot, segment_sequence};
use flotilla_tests::FILES;
use flotilla_tests::fuzz::{DiskImage, cache_in};

/// The longest seed: small ones are changed in more telling ways.
const MOST_BYTES: usize = 4 << 10;
/// Steps between two looks at the disks.
const STRIDE: u64 = 97;

/// By target and name.
type Seeds = BTreeMap<(&'static str, String), Vec<u8>>;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut seeds = Seeds::new();
    for file in FILES {
        run(file.id, file.text, &mut seeds);
    }
    for ((target, name), seed) in &seeds {
        write(&folder.join(target), name, seed)?;
    }
    println!("{} seeds in {}", seeds.len(), folder.display());
    Ok(())
}

fn write(folder: &Path, name: &str, seed: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(PathBuf::from(folder).join(name), seed)
}

/// The first of a name stays.
fn keep(seeds: &mut Seeds, target: &'static str, name: String, seed: Vec<u8>) {
    if seed.len() <= MOST_BYTES {
        seeds.entry((target, name)).or_insert(seed);
    }
}

fn run(id: &str, text: &str, seeds: &mut Seeds) {
    let scenario = Scenario::parse(text).expect("the scenarios of the tests are scenarios");
    // A few are enough: they are all of one kind.
    if text.len().is_multiple_of(4) {
        keep(seeds, "scenario", id.into(), text.into());
    }
    let mut world = World::new(Arc::new(scenario));
    let mut shapes = BTreeSet::new();
    for step in 0..30_000 {
        for message in world.network().in_flight() {
            if let Payload::Peer(envelope) = &message.payload {
                keep_message(seeds, envelope);
            }
        }
        if step % STRIDE == 0 {
            let disk = world.nodes()[0].device().disk();
            keep_disk(seeds, id, disk, &mut shapes);
        }
        if world.step().is_none() {
            break;
        }
    }
}

fn keep_message(seeds: &mut Seeds, envelope: &Envelope) {
    let name = match &envelope.message {
        Message::AppendRequest(append) if append.entries.is_empty() => "Heartbeat".into(),
        message => {
            let shown = format!("{message:?}");
            let end = shown.find(|c: char| !c.is_alphanumeric());
            shown[..end.unwrap_or(shown.len())].to_owned()
        }
    };
    let bytes = postcard::to_allocvec(envelope).expect("it was sent");
    keep(seeds, "message", name, bytes);
}

/// A disk for each number of segments and of snapshots that a run shows.
fn keep_disk(seeds: &mut Seeds, id: &str, disk: &dyn Disk, shapes: &mut BTreeSet<(usize, usize)>) {
    let files = disk.list();
    let of = |is: &dyn Fn(&str) -> bool| files.iter().filter(|info| is(&info.name)).count();
    let segments = of(&|name| segment_sequence(name).is_some());
    let snapshots = of(&is_snapshot_file);
    for info in &files {
        let content = disk.read(&info.name).expect("it is listed");
        if segment_sequence(&info.name).is_some() {
            keep_records(seeds, &content);
        } else if let Ok(snapshot) = open_snapshot(&info.name, &content) {
            let cache = cache_in(&snapshot.data).expect("a server wrote it");
            keep(seeds, "snapshot", format!("{id}-file"), content.to_vec());
            keep(seeds, "snapshot", format!("{id}-state"), cache.to_vec());
        }
    }
    if snapshots > 0 && shapes.insert((segments, snapshots)) {
        let name = format!("{id}-{segments}-{snapshots}");
        keep(seeds, "recovery", name, DiskImage::describe(disk));
    }
}

fn keep_records(seeds: &mut Seeds, mut content: &[u8]) {
    while let Ok((record, len)) = Record::decode(content) {
        let shown = format!("{record:?}");
        let end = shown.find(|c: char| !c.is_alphanumeric());
        let name = shown[..end.unwrap_or(shown.len())].to_owned();
        let body = postcard::to_allocvec(&record).expect("it was decoded");
        keep(
            seeds,
            "record",
            format!("{name}-framed"),
            content[..len].to_vec(),
        );
        keep(seeds, "record", name, body);
        content = &content[len..];
    }
}
