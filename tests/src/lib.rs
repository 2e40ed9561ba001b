//! The scenario files with their golden transcripts, embedded so that every target runs the same
//! bytes; and what is fuzzed.

pub mod fuzz;
mod image;

macro_rules! files {
    ($($id:literal),* $(,)?) => {
        &[$(File {
            id: $id,
            text: include_str!(concat!("../scenarios/", $id, ".toml")),
            golden: include_str!(concat!("../golden/", $id, ".txt")),
        }),*]
    };
}

/// A scenario file and what its run must look like.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// The stem of both files' names.
    pub id: &'static str,
    /// The scenario.
    pub text: &'static str,
    /// The transcript of its run.
    pub golden: &'static str,
}

/// Every file of `scenarios/`.
pub const FILES: &[File] = files![
    "another-life",
    "another-life-believed",
    "behind-a-compacted-log",
    "cache-aside",
    "concurrent-writes",
    "exactly-once",
    "expiry",
    "follower-recovery",
    "four-ways-to-read",
    "growing-and-shrinking",
    "leader-crash",
    "leader-failure-under-load",
    "lease-expiry",
    "log-conflict",
    "log-lost",
    "log-lost-believed",
    "majority-forgot",
    "minority-leader",
    "model-advises",
    "model-down",
    "model-invents",
    "model-lies",
    "model-not-a-number",
    "model-out-of-range",
    "model-partial",
    "model-repeats",
    "model-silent",
    "model-slow",
    "older-disk",
    "one-way-partition",
    "paused-leader",
    "removing-the-leader",
    "return-with-pre-vote",
    "return-without-pre-vote",
    "rolling-restart",
    "rough-weather",
    "saved-from-the-page",
    "snapshot-in-pieces",
    "snapshots-in-turn",
    "symmetric-partition",
    "transfer-under-load",
    "wiped-disk",
];

/// The transcript that is compared: the turns of the story, whether the scenario's expectations
/// came true, and the fingerprint of the whole history.
///
/// # Panics
/// The file is no scenario.
#[must_use]
pub fn transcript(file: &File) -> String {
    let scenario = flotilla_core::sim::Scenario::parse(file.text)
        .unwrap_or_else(|error| panic!("{}: {error}", file.id));
    flotilla_core::view::transcript(&scenario, flotilla_core::view::Weight::Story)
}
