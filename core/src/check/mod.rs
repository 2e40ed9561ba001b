//! What must always hold, checked while the world runs.
//!
//! The [`Checker`] follows every step and looks only at what the step changed, so it can stay on.
//! It knows more than any server does: every log, every vote, every answer. A rule that it finds
//! broken is a bug of the core, whatever the network, the disks and the people did.

mod bounds;
mod durable;
mod expected;
mod invariants;
mod leases;
mod linear;
mod rules;
#[cfg(test)]
mod tests;

pub use expected::{expectations, unexpected};
pub use invariants::{Checker, Violation};
pub use linear::{Call, Contradiction, Fate, Moment, Outcome, Point, Record, Recorded};
pub use rules::Rule;
