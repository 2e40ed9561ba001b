//! The rules, by name.

use serde::Serialize;

/// A rule that must hold at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Rule {
    /// At most one leader is elected in a term (Raft paper, section 5.2).
    ElectionSafety,
    /// A server votes for at most one candidate in a term, crashes included (figure 2).
    OneVotePerTerm,
    /// A leader never overwrites or deletes entries of its log (section 5.3).
    LeaderAppendOnly,
    /// Logs that hold an entry of the same index and term agree on it and on what precedes it
    /// (section 5.3).
    LogMatching,
    /// A leader's log holds every entry that was committed in an earlier term (section 5.4.3).
    LeaderCompleteness,
    /// No two servers commit, or apply, different entries at the same index (section 5.4.3).
    StateMachineSafety,
    /// While a server runs, its commit index never goes back.
    CommitMonotonic,
    /// What a client was told to be written is committed.
    AcknowledgedIsCommitted,
    /// A linearizable read sees everything that was acknowledged to anyone before it began
    /// (dissertation, section 6.4).
    FreshReads,
    /// A request of a session is applied at one index only (dissertation, section 6.3).
    ExactlyOnce,
    /// A server has applied no more than it knows to be committed (figure 2), so that what it
    /// applies next is what follows.
    AppliedIsCommitted,
    /// A server asks its disk only for files that it has, unless somebody took them away.
    KnowsItsFiles,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 12] = [
        Rule::ElectionSafety,
        Rule::OneVotePerTerm,
        Rule::LeaderAppendOnly,
        Rule::LogMatching,
        Rule::LeaderCompleteness,
        Rule::StateMachineSafety,
        Rule::CommitMonotonic,
        Rule::AcknowledgedIsCommitted,
        Rule::FreshReads,
        Rule::ExactlyOnce,
        Rule::AppliedIsCommitted,
        Rule::KnowsItsFiles,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Rule::ElectionSafety => "Election Safety",
            Rule::OneVotePerTerm => "One vote per term",
            Rule::LeaderAppendOnly => "Leader Append-Only",
            Rule::LogMatching => "Log Matching",
            Rule::LeaderCompleteness => "Leader Completeness",
            Rule::StateMachineSafety => "State Machine Safety",
            Rule::CommitMonotonic => "Commit index only grows",
            Rule::AcknowledgedIsCommitted => "Acknowledged is committed",
            Rule::FreshReads => "Reads are fresh",
            Rule::ExactlyOnce => "Applied exactly once",
            Rule::AppliedIsCommitted => "Applied is committed",
            Rule::KnowsItsFiles => "Knows its files",
        }
    }
}
