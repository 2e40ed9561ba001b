//! Scenarios: one run as a readable file with a version.
//!
//! A file comes from anywhere, so it is never trusted: its length is bounded before it is read,
//! every number before it is used, and what is refused is named with what was given and what is
//! accepted.
//!
//! `model.rs` says what a scenario is, `parse.rs` reads it, `write.rs` writes it, `tables.rs` finds
//! its settings by their paths.

mod model;
mod parse;
mod syntax;
mod tables;
#[cfg(test)]
mod tests;
mod write;

pub(super) use model::check_amount;
pub use model::{Action, DiskConfig, Expect, Operation, ReadPath, Scenario, TimedAction, bounds};
pub use parse::{ScenarioError, VERSION};
pub use syntax::SyntaxError;
pub use write::verb;
