//! The client's half of the protocol: how a program asks the cluster so that what it asks is done once.
//!
//! A pure state machine like the replica: [`Client`] is told the time, what its program calls and
//! what arrived, and says what to send. It does four things that every client of a Raft cluster
//! must do, and that are easy to get wrong (dissertation, chapter 6):
//!
//! - it *finds the leader*: it follows hints, but not for ever, turns to the next server when one is
//!   silent, and backs off with a random part so that clients do not come back together;
//! - it *numbers its writes* in a session, sends each again under the same number until there is an
//!   answer, and tells the cluster below which number it has all answers (`acknowledged`), so that
//!   the cluster may forget those;
//! - it *keeps its session* while it has nothing to write, and opens another one when the cluster
//!   has closed it. A write that was under way then is never sent in another session;
//! - it *gives up* at a deadline, and then says whether the write may have been applied.
//!
//! Several requests may be under way at once, as many as the window says. They may be applied in any
//! order; whoever needs an order waits for the answer.
//!
//! It knows nothing of networks, of how its program names keys, or of what a workload is. Read
//! `call.rs`, then `machine.rs`, then `flight.rs`.

mod call;
mod flight;
mod machine;

pub use call::{Call, CallError, CallId, CallResult, Config, Event, Output, Reply, RetryReason};
pub use machine::Client;
