//! Scenarios: one run as a readable file with a version.
//!
//! `model.rs` says what a scenario is, `parse.rs` reads it, `write.rs` writes it.

mod model;
mod parse;
#[cfg(test)]
mod tests;
mod write;

pub use model::{Action, DiskConfig, Expect, Operation, Scenario, TimedAction, bounds};
pub use parse::{ScenarioError, VERSION};
pub use write::verb;
