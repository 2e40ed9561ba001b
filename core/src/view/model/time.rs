//! What crosses the border about finding one's way in time, and about the ways that a run has taken.

use super::{EventView, NodeStatus, RoleView, ViolationView, border};
use serde::Serialize;

border! {
    /// What a search came to.
    pub struct SoughtView {
        /// Whether what was looked for is there.
        pub found: bool,
        /// What is seen there, or why there is nothing to be seen.
        pub sentence: String,
    }

    /// A way that the run has taken.
    pub struct BranchView {
        /// Its number.
        pub id: u32,
        /// What it is called.
        pub name: String,
        /// Whether it is the one shown.
        pub shown: bool,
        /// When it parted from another; none for the first.
        pub parted: Option<u64>,
        /// From which, as that was called then.
        pub from: Option<String>,
        /// The moment shown when it was left.
        pub left: u64,
        /// How many events had happened until then.
        pub left_step: u64,
        /// The furthest moment explored on it.
        pub head: u64,
        /// How many events had happened until then.
        pub head_step: u64,
        /// The digest of everything that had happened until then, in hexadecimal.
        pub fingerprint: String,
    }

    /// Two ways of the run, side by side.
    pub struct BranchComparison {
        /// The moment at which they are compared.
        pub at: u64,
        /// When they part; none when the same is done on both.
        pub parted: Option<u64>,
        /// The last step that both have in common.
        pub common_step: Option<u64>,
        /// Whether the same has happened on both until that moment.
        pub same: bool,
        /// Every server, on both ways.
        pub servers: Vec<ServerDifference>,
        /// The way shown.
        pub ours: SideView,
        /// The other.
        pub theirs: SideView,
    }

    /// What one way has that the other has not.
    pub struct SideView {
        /// What the way is called.
        pub name: String,
        /// What was done only here: why they part.
        pub why: Vec<EventView>,
        /// The first events that happened only here.
        pub events: Vec<EventView>,
        /// Rules that were broken here behind the parting.
        pub violations: Vec<ViolationView>,
    }

    /// A server on two ways.
    pub struct ServerDifference {
        /// Its number.
        pub id: u32,
        /// How it stands on the way shown.
        pub ours: ServerState,
        /// How it stands on the other.
        pub theirs: ServerState,
    }

    /// How a server stands, in a few numbers.
    pub struct ServerState {
        /// Whether it runs.
        pub status: NodeStatus,
        /// Its role while it runs.
        pub role: RoleView,
        /// Its term.
        pub term: u64,
        /// Its commit index.
        pub commit: u64,
        /// Where its log ends.
        pub last: u64,
        /// What its state machine has applied.
        pub applied: u64,
    }
}
