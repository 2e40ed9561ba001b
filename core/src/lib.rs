//! Flotilla's core: a Raft-replicated cache without a host.
//!
//! The one rule: **the core does nothing by itself.** It has no I/O, no clock, no thread, no
//! global state and no source of randomness. A host calls [`replica::Replica::step`] with an
//! input and the present time; the replica changes its state and returns effects. So it is the
//! same program in a browser, in a test and behind a socket, and one seed gives one history.

pub mod cache;
pub mod check;
pub mod client;
pub mod hunt;
pub mod raft;
pub mod replica;
pub mod sim;
pub mod storage;
pub mod types;
pub mod view;
