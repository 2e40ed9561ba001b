//! Power that goes, processes that die, disks that fail, and a cluster that is begun anew.

use super::{at, run, world};
use crate::sim::{
    Action, ActionRefusal, Failure, Keep, Latency, Scenario, Status, Step, What, World,
};
use crate::storage::{Disk, DiskError};
use crate::types::{Duration, Instant, NodeId};

const N1: NodeId = NodeId(1);
const N3: NodeId = NodeId(3);

/// Twenty writes at a second, then these.
fn acting(actions: &[(u64, Action)]) -> World {
    world(|scenario| add(scenario, actions))
}

fn add(scenario: &mut Scenario, actions: &[(u64, Action)]) {
    let timed = actions.iter().map(|(ms, action)| at(*ms, action.clone()));
    scenario.actions.extend(timed);
}

fn whats(steps: &[Step]) -> impl Iterator<Item = &What> {
    let happenings = steps.iter().flat_map(|step| &step.happenings);
    happenings.map(|happening| &happening.what)
}

fn refusals(steps: &[Step]) -> Vec<String> {
    let told = whats(steps).filter_map(|what| match what {
        What::ActionRefused { why } => Some(why.to_string()),
        _ => None,
    });
    told.collect()
}

fn disk_bytes(world: &World, id: NodeId) -> u64 {
    world.node(id).device().disk().used()
}

/// Syncs take so long that there is always something that none has reached.
fn slow(actions: &[(u64, Action)]) -> World {
    world(|scenario| {
        scenario.disk.sync_latency = Latency::Constant(Duration::millis(30));
        add(scenario, actions);
    })
}

/// A millisecond after which a crash of the first server takes something.
fn moment() -> u64 {
    let mut world = slow(&[]);
    let unsynced = |world: &World| {
        let appends = world.node(N1).device().disk().unsynced().appends;
        appends.iter().map(|append| append.bytes).sum::<u64>()
    };
    let mut moments = 1_100..2_000;
    let found = moments.find(|ms| {
        run(&mut world, Duration::millis(*ms));
        unsynced(&world) > 10
    });
    found.expect("it writes, and syncs take long")
}

#[test]
fn a_killed_server_leaves_its_page_cache_and_a_crash_takes_it() {
    let (ms, crash) = (moment(), Action::crash(N1));
    let mut world = slow(&[(ms, Action::Kill { node: N1 }), (ms + 100, crash)]);
    run(&mut world, Duration::millis(ms - 1));
    let before = disk_bytes(&world, N1);
    let steps = run(&mut world, Duration::millis(ms + 50));
    let killed = whats(&steps).find_map(|what| match what {
        What::Killed { unsynced } => Some(*unsynced),
        _ => None,
    });
    let unsynced = killed.expect("it ran");
    assert!(unsynced > 0 && disk_bytes(&world, N1) >= before);
    assert!(world.node(N1).is_powered() && world.node(N1).replica().is_none());
    let held = disk_bytes(&world, N1);
    let steps = run(&mut world, Duration::millis(ms + 150));
    assert!(refusals(&steps).is_empty(), "its machine has power to lose");
    assert_eq!(disk_bytes(&world, N1), held - unsynced);
    let last = world.node(N1).last_crash().expect("it crashed");
    assert_eq!(last.report.lost.bytes, unsynced);
}

#[test]
fn what_a_crash_is_told_to_keep_survives() {
    let ms = moment();
    let left = |keep: Keep| {
        let mut world = slow(&[(ms, Action::Crash { node: N1, keep })]);
        let steps = run(&mut world, Duration::millis(ms + 1));
        let told = whats(&steps).any(|what| matches!(what, What::Survived { .. }));
        let report = &world.node(N1).last_crash().expect("it crashed").report;
        (report.lost.bytes, report.kept, told)
    };
    let (all, none, told) = left(Keep::Nothing);
    assert!(all > 10 && none == 0 && !told);
    assert_eq!(left(Keep::Drawn), (all, 0, false), "as the settings say");
    assert_eq!(left(Keep::Everything), (0, all, true));
    let first = Keep::First { bytes: 7, names: 0 };
    assert_eq!(left(first), (all - 7, 7, true));
    let (appends, names) = (vec![1], vec![]);
    assert_eq!(left(Keep::Only { appends, names }), (0, all, true));
}

/// Crashes of many runs, with probabilities in between.
#[test]
fn what_survives_is_drawn_as_the_settings_say() {
    let (mut whole, mut torn, mut gone) = (0, 0, 0);
    for seed in 0..200 {
        let ms = 1_050 + seed % 50;
        let mut world = world(|scenario| {
            scenario.seed = seed;
            scenario.disk.survival_ppm = 400_000;
            scenario.disk.torn_ppm = 500_000;
            add(scenario, &[(ms, Action::crash(N1))]);
        });
        run(&mut world, Duration::millis(ms + 1));
        let report = &world.node(N1).last_crash().expect("it crashed").report;
        match (report.kept, report.lost.bytes) {
            (0, 0) => {}
            (0, _) => gone += 1,
            (_, 0) => whole += 1,
            (_, _) => torn += 1,
        }
    }
    assert!(whole > 5 && torn > 5 && gone > 5, "{whole} {torn} {gone}");
}

#[test]
fn syncs_that_fail_stop_the_server_and_a_slow_disk_does_not() {
    let mut world = acting(&[
        (900, Action::FailSyncs { node: N1, count: 1 }),
        (
            900,
            Action::SlowDisk {
                node: N3,
                factor: 20,
            },
        ),
    ]);
    run(&mut world, Duration::secs(4));
    let failed = |status: &Status| {
        matches!(
            status,
            Status::Failed(Failure::Disk(DiskError::Failed { .. }))
        )
    };
    assert!(failed(world.node(N1).status()));
    assert_eq!(world.node(N1).device().disk().failing_syncs(), 0);
    assert_eq!(world.node(N3).device().slowness(), 20);
    assert!(world.node(N3).replica().is_some());
    assert_eq!(world.clients()[0].history().len(), 20, "two are enough");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let file = || "wal-00000001.log".to_owned();
    let (offset, bit) = (1 << 30, 0);
    let mut world = acting(&[
        (3_000, Action::WipeDisk { node: N1 }),
        (
            3_000,
            Action::Tear {
                node: N1,
                file: file(),
                bytes: 1,
            },
        ),
        (
            3_000,
            Action::Corrupt {
                node: N1,
                file: file(),
                offset,
                bit,
            },
        ),
        (
            3_000,
            Action::RemoveFile {
                node: N1,
                file: "no".into(),
            },
        ),
        (3_001, Action::Kill { node: N1 }),
        (3_001, Action::Kill { node: N1 }),
        (
            3_001,
            Action::RemoveFile {
                node: N1,
                file: "no".into(),
            },
        ),
        (
            3_001,
            Action::RestoreImage {
                node: N1,
                image: "old".into(),
            },
        ),
    ]);
    let steps = run(&mut world, Duration::secs(4));
    let len = world.node(N1).device().disk().list()[0].len;
    let must_not = ActionRefusal::MustNotRun { node: N1 }.to_string();
    let expected = [
        must_not.clone(),
        must_not.clone(),
        format!("wal-00000001.log of n1 has only {len} bytes"),
        must_not,
        "n1 is down already".into(),
        "the disk of n1 has no file no".into(),
        "no copy of a disk was kept under the name old".into(),
    ];
    assert_eq!(refusals(&steps), expected);
}

#[test]
fn a_kept_image_is_put_back_and_an_older_life_goes_on() {
    let image = || "old".to_owned();
    let mut world = acting(&[
        (
            1_100,
            Action::KeepImage {
                node: N1,
                image: image(),
            },
        ),
        (3_000, Action::crash(N1)),
        (
            3_100,
            Action::RestoreImage {
                node: N1,
                image: image(),
            },
        ),
    ]);
    run(&mut world, Duration::millis(2_900));
    let grown = disk_bytes(&world, N1);
    run(&mut world, Duration::secs(4));
    let kept = &world.images()["old"];
    assert_eq!((kept.of, kept.kept_at), (N1, Instant(1_100_000)));
    assert_eq!(disk_bytes(&world, N1), kept.disk.bytes());
    assert!(disk_bytes(&world, N1) < grown);
}

#[test]
fn a_wiped_disk_is_not_one_that_was_never_written() {
    let mut world = acting(&[
        (2_000, Action::crash(N1)),
        (2_100, Action::WipeDisk { node: N1 }),
    ]);
    run(&mut world, Duration::secs(3));
    assert_eq!(disk_bytes(&world, N1), 0);
    assert_eq!(world.node(N1).next_incarnation().0, 2);
}
