//! The words that every floor shares: ids, positions, time, seeded randomness, digests.
//!
//! This is the ground under the house: it imports nothing of it.

mod error;
mod fingerprint;
mod ids;
mod mutants;
mod rng;
mod rope;
mod settings;
mod time;

pub use error::{ConfigError, check_range};
pub use fingerprint::Fingerprint;
pub use ids::{Address, ClusterId, Incarnation, Index, NodeId, Position, Term};
pub use mutants::{Mutant, Mutants, Subject};
pub use rng::Rng;
pub use rope::Rope;
pub use settings::{Setting, SettingKind, SettingValue, Settings};
pub(crate) use settings::{prose, settings};
pub use time::{Duration, DurationError, Instant, LogTime};
