//! Scenarios: one run as a readable file with a version.
//!
//! A file comes from anywhere, so it is never trusted: its length is bounded before it is read,
//! every number before it is used, and what is refused is named with what was given and what is
//! accepted.
//!
//! `model.rs` says what a scenario is, `action.rs`, `operation.rs` and `workload.rs` what can be done in
//! it, `possible.rs` what of that is possible. `parse.rs` and `row.rs` read it, `write.rs` writes it,
//! `tables.rs` finds its settings by their paths.

mod action;
mod model;
mod operation;
mod parse;
mod possible;
mod row;
mod syntax;
mod tables;
#[cfg(test)]
mod tests;
mod workload;
mod write;

pub use action::{Action, Keep, ReadPath, TimedAction};
pub use model::{DiskConfig, Expect, Scenario, bounds};
pub use operation::Operation;
pub use parse::{ScenarioError, VERSION};
pub(super) use possible::check_amount;
pub use syntax::SyntaxError;
pub use workload::{Distribution, Gaps, Workload};
pub use write::verb;
