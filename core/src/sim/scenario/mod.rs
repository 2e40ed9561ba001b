//! Scenarios: one run as a readable file with a version.
//!
//! A file comes from anywhere, so it is never trusted: its length is bounded before it is read,
//! every number before it is used, and what is refused is named with what was given and what is
//! accepted.
//!
//! `model.rs` says what a scenario is, `action.rs` what can be done in it, `parse.rs` reads it, `write.rs` writes it, `tables.rs` finds
//! its settings by their paths.

mod action;
mod model;
mod parse;
mod syntax;
mod tables;
#[cfg(test)]
mod tests;
mod write;

pub(super) use action::check_amount;
pub use action::{Action, Keep, ReadPath, TimedAction};
pub use model::{DiskConfig, Expect, Operation, Scenario, bounds};
pub use parse::{ScenarioError, VERSION};
pub use syntax::SyntaxError;
pub use write::verb;
