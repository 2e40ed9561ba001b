//! What a server may hold at most, in memory and on its disk.

use crate::cache::Cache;
use crate::raft;
use crate::replica::{Event, Replica};
use crate::sim::{SimDisk, World};
use crate::storage::is_snapshot_file;
use crate::types::NodeId;

/// The log names the two newest snapshots. Where the disk is slow, a few more wait to be named, and those
/// that are not needed any more to be removed.
const SNAPSHOTS: u64 = 8;

/// How much there is of something of which a server may hold only so much.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Measure {
    held: u64,
    of: &'static str,
    most: u64,
}

impl Measure {
    fn exceeded(&self) -> Option<String> {
        let Measure { held, of, most } = self;
        (held > most).then(|| format!("{held} {of}, and may hold {most}"))
    }
}

/// What a server holds beyond its bounds, looked at when it has grown or was to shrink; none when all is
/// well.
pub(super) fn exceeded(world: &World, node: NodeId, event: &Event) -> Option<String> {
    let measures = measures(world, node, event);
    let what = measures.iter().find_map(Measure::exceeded)?;
    Some(format!("{node} holds {what}"))
}

fn measures(world: &World, node: NodeId, event: &Event) -> Vec<Measure> {
    let on = world.node(node);
    let Some(replica) = on.replica() else {
        return Vec::new();
    };
    match event {
        Event::Applied { .. } => state(replica.cache()).into(),
        Event::Raft(raft::Event::LogCompacted { .. }) => log(replica).into_iter().collect(),
        Event::SnapshotTaken { .. } => disk(replica, on.device().disk()).into(),
        _ => Vec::new(),
    }
}

/// What is replicated.
fn state(cache: &Cache) -> [Measure; 2] {
    let keys = Measure {
        held: cache.bytes(),
        of: "bytes of keys and values",
        most: cache.capacity(),
    };
    let sessions = Measure {
        held: cache.sessions().count() as u64,
        of: "client sessions",
        most: cache.config().sessions,
    };
    [keys, sessions]
}

/// The log in memory, right after it was cut behind a snapshot.
fn log(replica: &Replica) -> Option<Measure> {
    let covers = replica.raft().snapshot()?.covers.index;
    let first = replica.raft().log().first();
    Some(Measure {
        held: (covers.0 + 1).saturating_sub(first.0),
        of: "entries that its snapshot covers",
        most: replica.config().raft.trailing_entries,
    })
}

/// Snapshots on the disk, when one more is begun.
fn disk(replica: &Replica, disk: &SimDisk) -> [Measure; 2] {
    let files = disk
        .files()
        .filter(|file| is_snapshot_file(&file.info.name));
    let files = Measure {
        held: files.count() as u64,
        of: "snapshot files",
        most: SNAPSHOTS,
    };
    let named = Measure {
        held: replica.wal().snapshots().count() as u64,
        of: "snapshots that its log names",
        most: SNAPSHOTS,
    };
    [files, named]
}

#[cfg(test)]
mod tests {
    use super::{Measure, SNAPSHOTS, measures};
    use crate::raft;
    use crate::replica::Event;
    use crate::sim::{Place, Scenario, What, World};
    use crate::types::{Duration, Instant, NodeId};
    use std::sync::Arc;

    #[test]
    fn a_bound_is_exceeded_by_what_is_beyond_it() {
        let sessions = |held| Measure {
            held,
            of: "client sessions",
            most: 3,
        };
        assert_eq!(sessions(2).exceeded(), None);
        assert_eq!(sessions(3).exceeded(), None);
        let seen = sessions(4).exceeded();
        assert_eq!(seen.as_deref(), Some("4 client sessions, and may hold 3"));
    }

    const GROWING: &str = "flotilla = 1
        name = \"growing\"
        end = \"4s\"
        nodes = 3
        actions = [{ at = \"1s\", do = \"write\", client = 1, keys = 60, prefix = \"k\" }]
        cache = { capacity_bytes = 5000 }
        snapshot = { entries = 10 }
        raft = { trailing_entries = 2 }";

    /// What is measured of each server when it has applied an entry, cut its log, taken a snapshot.
    fn each(text: &str, mut see: impl FnMut(&World, NodeId, &Event, &[Measure])) {
        let scenario = Scenario::parse(text).expect("well-formed");
        let end = Instant::ZERO + Duration::secs(4);
        let mut world = World::new(Arc::new(scenario));
        while let Some(step) = world.step().filter(|step| step.time < end) {
            for happening in &step.happenings {
                if let (Place::Node(node), What::Replica(event)) =
                    (happening.place, &happening.what)
                {
                    see(&world, node, event, &measures(&world, node, event));
                }
            }
        }
    }

    #[test]
    fn what_a_server_holds_is_measured_whenever_it_has_grown_or_was_to_shrink() {
        let (mut bytes, mut sessions, mut trailing, mut files) = (0, 0, 0, 0);
        each(GROWING, |world, node, event, found| {
            let replica = world.node(node).replica().expect("nothing stops");
            match event {
                Event::Applied { .. } => {
                    let [keys, open] = found else {
                        panic!("{found:?}")
                    };
                    assert_eq!((keys.most, open.most), (5_000, 1_000));
                    (bytes, sessions) = (bytes.max(keys.held), sessions.max(open.held));
                }
                Event::Raft(raft::Event::LogCompacted { first, covers, .. }) => {
                    let left = covers.index.0 - first.0 + 1;
                    let [log] = found else { panic!("{found:?}") };
                    assert_eq!((log.held, log.most), (left, 2));
                    trailing = trailing.max(left);
                }
                Event::SnapshotTaken { .. } => {
                    let [on_disk, named] = found else {
                        panic!("{found:?}")
                    };
                    assert_eq!(named.held, replica.wal().snapshots().count() as u64);
                    assert_eq!((on_disk.most, named.most), (SNAPSHOTS, SNAPSHOTS));
                    files = files.max(on_disk.held);
                }
                _ => assert_eq!(found, []),
            }
        });
        // Sixty keys of two or three bytes, with values that are as long.
        let digits = (1..=60).map(|n: u64| n.to_string().len() as u64);
        assert_eq!(bytes, digits.map(|digits| 2 * (1 + digits)).sum::<u64>());
        assert_eq!((sessions, trailing), (1, 2));
        assert!(files >= 2, "{files} snapshot files");
    }
}
