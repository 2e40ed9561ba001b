//! What crosses the border when somebody asks why.

use super::{EventView, border};
use serde::Serialize;

border! {
    /// Why an event happened: what decided it, and the chain of causes.
    pub struct WhyView {
        /// The event itself: its rule, where that is written, and the numbers.
        pub event: EventView,
        /// For a step that nothing before it led to: what set it off.
        pub origin: Option<String>,
        /// How earlier steps led to the event's own step.
        pub reasons: Vec<ReasonView>,
        /// The steps that led to it, directly or not, the newest first.
        pub causes: Vec<CauseView>,
        /// Whether there are earlier ones.
        pub more: bool,
    }

    /// A step that led to a later one.
    pub struct CauseView {
        /// The step.
        pub step: u64,
        /// When.
        pub time: u64,
        /// What it led to, and how; never empty.
        pub leads_to: Vec<ReasonView>,
        /// What happened in it, as far as it matters.
        pub events: Vec<EventView>,
        /// For a step that nothing before it led to: what set it off.
        pub origin: Option<String>,
    }

    /// How an earlier step led to a later one.
    pub struct ReasonView {
        /// The earlier step.
        pub cause: u64,
        /// When that was.
        pub since: u64,
        /// Where: an address, or `world`.
        pub from: String,
        /// The later step.
        pub effect: u64,
        /// When that was.
        pub until: u64,
        /// Where.
        pub to: String,
        /// In what way.
        pub kind: ReasonKind,
        /// The message that links them, if one does.
        pub message: Option<u64>,
        /// In words, with the numbers.
        pub sentence: String,
    }

    /// In what way a step led to a later one.
    #[derive(Copy)]
    pub enum ReasonKind {
        /// By a message, be it that it was lost.
        Message,
        /// By a write that became durable.
        Disk,
        /// By a timer that ran out.
        Timer,
        /// By what others had said, or are known to hold: a quorum.
        Quorum,
        /// By silence: somebody does not run, is cut off, or was not heard.
        Silence,
        /// By what a client asked for, or a leader took into its log.
        Request,
        /// By being started again, or going on after a pause.
        Restart,
        /// By what had come, and waited until the server took it.
        Waiting,
    }
    /// A part of the trace, for other programs.
    pub struct ExportView {
        /// What to write into a file.
        pub text: String,
        /// The step behind which the next part begins; none at the end.
        pub next: Option<u64>,
    }
}
