//! Disks that are full.

use super::{at, run, world};
use crate::replica::{AlertKind, ClientId};
use crate::sim::{Action, Capacity, Failure, Scenario, Status, TimedAction, What, World};
use crate::storage::DiskError;
use crate::types::Duration;

const CAPACITY: u64 = 64 << 10;

/// Forty writes of four kilobytes to one key, on disks that hold sixteen of them.
fn small(change: impl FnOnce(&mut Scenario)) -> World {
    let put = |n: u64| -> TimedAction {
        let (client, key) = (ClientId(1), "k".into());
        let value = n.to_string().repeat(4_096 / n.to_string().len());
        let put = Action::Put {
            client,
            key,
            value,
            ttl: None,
        };
        at(1_000 + n, put)
    };
    world(|scenario| {
        scenario.disk.capacity_bytes = Capacity::Bytes(CAPACITY);
        scenario.server.storage.segment_bytes = 8 << 10;
        scenario.actions = (0..40).map(put).collect();
        change(scenario);
    })
}

fn used(world: &World) -> Vec<u64> {
    let nodes = world.nodes().iter();
    nodes.map(|node| node.device().disk().used()).collect()
}

#[test]
fn a_disk_that_is_full_stops_its_server() {
    let mut world = small(|_| ());
    let steps = run(&mut world, Duration::secs(4));
    let happenings = steps.iter().flat_map(|step| &step.happenings);
    let full = |error: &DiskError| matches!(error, DiskError::Full { .. });
    let warned = |what: &What| match what {
        What::AlertRaised { alert } => alert.key().kind == AlertKind::DiskNearlyFull,
        _ => false,
    };
    let warnings = happenings
        .clone()
        .filter(|happening| warned(&happening.what));
    assert_eq!(warnings.count(), 3, "all are told before it is too late");
    let stops = happenings
        .filter(|happening| matches!(&happening.what, What::Stopped { error } if full(error)));
    assert!(stops.count() >= 2, "no quorum is left");
    let failed = |status: &Status| matches!(status, Status::Failed(Failure::Disk(e)) if full(e));
    let failed = world.nodes().iter().filter(|node| failed(node.status()));
    assert!(failed.count() >= 2, "nobody goes on without a disk");
    let used = used(&world);
    assert!(used.iter().all(|bytes| *bytes <= CAPACITY), "{used:?}");
    assert!(world.clients()[0].queued() > 0, "nobody can answer");
}

/// The same writes fit when snapshots let the log be trimmed.
#[test]
fn a_log_that_is_trimmed_keeps_within_its_disk() {
    let mut world = small(|scenario| {
        scenario.server.snapshot.entries = 4;
        scenario.server.raft.trailing_entries = 0;
    });
    run(&mut world, Duration::secs(5));
    assert!(world.nodes().iter().all(|node| node.replica().is_some()));
    assert_eq!(world.clients()[0].history().len(), 40);
    assert!(
        used(&world).iter().all(|bytes| *bytes <= CAPACITY),
        "{:?}",
        used(&world)
    );
}
