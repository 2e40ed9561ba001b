//! What crosses the border of how servers stood over time, and of how they stand beside each other.

use super::border;
use serde::Serialize;

border! {
    /// How each server stood over time, in spans.
    pub struct SeriesView {
        /// When each span ends: the last one at the moment shown.
        pub until: Vec<u64>,
        /// One for each server, by id.
        pub servers: Vec<ServerSeries>,
    }

    /// One server over time: a number for each span, which is none while it does not run.
    pub struct ServerSeries {
        /// Its number.
        pub id: u32,
        /// Its commit index at the end of each span.
        pub commit: Vec<Option<u64>>,
        /// What its cache had taken in.
        pub applied: Vec<Option<u64>>,
        /// Entries that its log held.
        pub entries: Vec<Option<u64>>,
        /// Bytes of its keys and values.
        pub cache_bytes: Vec<Option<u64>>,
        /// Messages that it sent in each span.
        pub sent: Vec<u64>,
        /// Messages that it received.
        pub received: Vec<u64>,
        /// Reads of clients that it answered.
        pub reads: Vec<u64>,
        /// Other requests of clients that it answered.
        pub writes: Vec<u64>,
    }

    /// All servers side by side.
    pub struct ComparisonView {
        /// Their numbers: the columns.
        pub servers: Vec<u32>,
        /// Whom the others are compared with, if somebody leads.
        pub leader: Option<u32>,
        /// One for each measure.
        pub rows: Vec<ComparisonRow>,
    }

    /// One measure of all servers.
    pub struct ComparisonRow {
        /// What it is called.
        pub name: String,
        /// What it counts; empty for texts and plain numbers.
        pub unit: String,
        /// What it means; empty where the name says it.
        pub hint: String,
        /// One for each server.
        pub cells: Vec<CellView>,
    }

    /// A measure of one server.
    pub struct CellView {
        /// What it is, exactly.
        pub text: String,
        /// How much more it is than the leader's, less when negative; absent where there is no difference.
        pub beside_leader: Option<i64>,
    }
}
