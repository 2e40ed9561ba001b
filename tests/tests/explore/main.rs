//! Every state that a small cluster of real servers can come to, within bounds.
//!
//! Read in this order: `models.rs` (what is explored), `cluster.rs` (what can happen), `rules.rs`
//! (what must hold, and what must be seen), `digest.rs` (which states count as one), `server.rs`
//! (a server with its clock and disk), `prologue.rs` (where an exploration begins).
#![cfg(not(target_arch = "wasm32"))]

mod cluster;
mod digest;
mod disk;
mod models;
mod prologue;
mod rules;
mod server;
