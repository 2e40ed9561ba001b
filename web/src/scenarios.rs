//! The menu: the files of `tests/scenarios`, part of the build.

use flotilla_core::sim::{Scenario, ScenarioError};
use flotilla_core::view::ScenarioInfo;

macro_rules! menu {
    ($($id:literal),* $(,)?) => {
        [$(($id, include_str!(concat!("../../tests/scenarios/", $id, ".toml")))),*]
    };
}

/// Each scenario's name in links, and its text, in the order of the menu.
pub(crate) const ALL: [(&str, &str); 25] = menu![
    "leader-crash",
    "follower-recovery",
    "behind-a-compacted-log",
    "concurrent-writes",
    "log-conflict",
    "minority-leader",
    "leader-failure-under-load",
    "symmetric-partition",
    "one-way-partition",
    "return-with-pre-vote",
    "return-without-pre-vote",
    "four-ways-to-read",
    "lease-expiry",
    "transfer-under-load",
    "rolling-restart",
    "growing-and-shrinking",
    "removing-the-leader",
    "wiped-disk",
    "majority-forgot",
    "log-lost",
    "log-lost-believed",
    "older-disk",
    "another-life",
    "another-life-believed",
    "rough-weather",
];

/// What the menu shows.
pub(crate) fn infos() -> Result<Vec<ScenarioInfo>, ScenarioError> {
    let info = |(id, text): &(&str, &str)| {
        let scenario = Scenario::parse(text)?;
        Ok(ScenarioInfo {
            id: (*id).into(),
            name: scenario.name,
            about: scenario.about,
        })
    };
    ALL.iter().map(info).collect()
}
