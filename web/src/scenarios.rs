//! The menu: the files of `tests/scenarios`, part of the build.

use flotilla_core::sim::{Scenario, ScenarioError};
use flotilla_core::view::ScenarioInfo;

macro_rules! menu {
    ($($group:literal: [$($id:literal),* $(,)?]),* $(,)?) => {
        &[$($(File {
            group: $group,
            id: $id,
            text: include_str!(concat!("../../tests/scenarios/", $id, ".toml")),
        }),*),*]
    };
}

/// A scenario of the menu.
pub(crate) struct File {
    /// Where it stands in the menu.
    group: &'static str,
    /// Its name in links.
    pub(crate) id: &'static str,
    /// The scenario.
    pub(crate) text: &'static str,
}

/// In the order of the menu.
pub(crate) const ALL: &[File] = menu![
    "Elections": [
        "leader-crash",
        "return-with-pre-vote",
        "return-without-pre-vote",
        "transfer-under-load",
        "leader-failure-under-load",
    ],
    "Replication": [
        "follower-recovery",
        "log-conflict",
        "behind-a-compacted-log",
        "snapshot-in-pieces",
        "snapshots-in-turn",
        "concurrent-writes",
    ],
    "Partitions": ["minority-leader", "symmetric-partition", "one-way-partition"],
    "Reads": ["four-ways-to-read", "lease-expiry"],
    "The cache": ["exactly-once", "expiry", "cache-aside"],
    "A model that advises": [
        "model-advises",
        "model-slow",
        "model-silent",
        "model-down",
        "model-partial",
        "model-not-a-number",
        "model-out-of-range",
        "model-repeats",
        "model-invents",
        "model-lies",
    ],
    "Membership": ["growing-and-shrinking", "removing-the-leader", "rolling-restart"],
    "Disks that forget": [
        "wiped-disk",
        "older-disk",
        "majority-forgot",
        "log-lost",
        "log-lost-believed",
        "another-life",
        "another-life-believed",
    ],
    "Everything at once": ["rough-weather"],
];

/// What the menu shows.
pub(crate) fn infos() -> Result<Vec<ScenarioInfo>, ScenarioError> {
    let info = |file: &File| {
        let scenario = Scenario::parse(file.text)?;
        Ok(ScenarioInfo {
            group: file.group.into(),
            id: file.id.into(),
            name: scenario.name,
            about: scenario.about,
        })
    };
    ALL.iter().map(info).collect()
}
