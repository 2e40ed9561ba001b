//! Every state that a small cluster of real servers can come to, within bounds.
#![cfg(not(target_arch = "wasm32"))]

mod cluster;
mod digest;
mod disk;
mod models;
mod prologue;
mod rules;
mod server;
