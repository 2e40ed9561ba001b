//! One server's cache, and the model service, as drawn.

use super::border;
use serde::Serialize;

border! {
    /// A server's cache.
    pub struct CacheView {
        /// Bytes of all keys and values.
        pub bytes: u64,
        /// Bytes that it holds at most.
        pub capacity: u64,
        /// Keys held, expired ones among them until they are removed.
        pub keys: u64,
        /// Who decides what is evicted.
        pub policy: String,
        /// Log time, as far as it has applied the log.
        pub log_time: u64,
        /// Keys in order; bounded.
        pub entries: Vec<CacheEntryView>,
        /// Who would be evicted next, the first one first; bounded.
        pub victims: Vec<String>,
        /// Client sessions that it remembers.
        pub sessions: Vec<SessionView>,
        /// What a leader knows of the model service, when it asks it.
        pub model: Option<AdvisorView>,
    }

    /// One key of a cache.
    pub struct CacheEntryView {
        /// The key, as text where it is text.
        pub key: String,
        /// The value, as text where it is text.
        pub value: String,
        /// The log index of its last write.
        pub version: u64,
        /// Bytes of key and value.
        pub size: u64,
        /// How often it was used of late, as far as the log tells.
        pub uses: u64,
        /// Uses of the whole cache since its latest one.
        pub idle: u64,
        /// Microseconds of log time until it expires; 0 when it has and is still to be removed.
        pub expires_in: Option<u64>,
    }

    /// One client session.
    pub struct SessionView {
        /// Its id: the log index that opened it.
        pub id: u64,
        /// The newest sequence number that was applied.
        pub newest: u64,
        /// Answers remembered, for requests that come again.
        pub remembered: u64,
        /// Microseconds of log time since it was last heard of.
        pub silent_for: u64,
    }

    /// What a leader knows of the model service.
    pub struct AdvisorView {
        /// Questions that it has asked since it was switched on.
        pub requests: u64,
        /// Whether it waits for an answer.
        pub waiting: bool,
        /// Answers in a row that were of no use.
        pub failures: u32,
        /// Simulated time until which it asks nobody.
        pub paused_until: Option<u64>,
    }

    /// The model service.
    pub struct ServiceView {
        /// How it behaves: `works`, `slow`, ...
        pub mode: String,
        /// The same in words, after "the model service".
        pub says: String,
        /// Ways in which it can behave, with their words.
        pub modes: Vec<ServiceModeView>,
        /// Whether any server evicts by what it says.
        pub wanted: bool,
        /// Questions that have reached it.
        pub asked: u64,
        /// Questions that it has answered.
        pub answered: u64,
        /// Questions that it thinks about.
        pub thinking: u64,
    }

    /// What the reads of all clients found, over time.
    pub struct HitsView {
        /// How long one span is, in microseconds.
        pub span: u64,
        /// Keys that were found, in each span from the start.
        pub hits: Vec<u64>,
        /// Keys that were not.
        pub misses: Vec<u64>,
    }

    /// A way in which the model service can behave.
    pub struct ServiceModeView {
        /// Its name: `slow`.
        pub mode: String,
        /// In words, after "the model service".
        pub says: String,
    }
}
