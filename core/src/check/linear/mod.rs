//! Whether what clients were told can be explained at all: linearizability.
//!
//! A history is linearizable if each operation can be thought to take effect at one moment between its
//! beginning and its end, so that every answer is what a single cache would have said (Herlihy and Wing,
//! "Linearizability", TOPLAS 1990). This looks at nothing but what clients asked and were told: it knows
//! no log, no leader and no server, so no mistake of theirs can fool it.
//!
//! The search is that of Wing and Gong with Lowe's just-in-time order and memoization ("Testing for
//! linearizability", 2017), made incremental: operations that touch no common key are looked at apart
//! (locality), answers are followed as they come, and the past is folded into the states that it may
//! have left. Reads that may be stale promise nothing and are left out. What a client gave up may take
//! effect at any time after it began, or never. A key that has a time to live may be gone once that much
//! time can have passed on the fastest clock, and any key once the cache may have been full.
//!
//! A search that becomes too large is given up as *undecided*: nothing is claimed of these operations,
//! and what follows is checked from a state of which nothing is known.
//!
//! Read `call.rs` (operations and answers), `model.rs` (what one cache would say), `search.rs`, then
//! `history.rs` (how it is followed), `contradiction.rs` (the smallest one), `record.rs` (what is kept to be
//! shown), `watch.rs` (what is known of clocks and capacity).

mod call;
mod contradiction;
mod history;
mod model;
mod numbers;
mod record;
mod search;
#[cfg(test)]
mod tests;
mod watch;

pub use call::{Call, Moment, Outcome};
pub use contradiction::Contradiction;
pub use history::History;
pub use record::{Fate, Point, Record, Recorded};
pub use watch::Watch;
