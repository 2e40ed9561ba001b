//! The rules, by name.

use serde::Serialize;

/// Declares the rules: the name, a short one for narrow places, what must hold, where that is written, and
/// what is looked at to know whether it does.
macro_rules! rules {
    ($($rule:ident: $name:literal, $short:literal, $says:literal, $source:literal, $counted:literal;)+) => {
        /// A rule that must hold at every step.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Rule {
            $(#[doc = $says] #[doc = ""] #[doc = $source] $rule,)+
        }

        impl Rule {
            /// All rules.
            pub const ALL: [Rule; RULES] = [$(Rule::$rule),+];

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Rule::$rule => $name,)+ }
            }

            /// Its name where there is little room.
            #[must_use]
            pub fn short(self) -> &'static str {
                match self { $(Rule::$rule => $short,)+ }
            }

            /// What must hold, in a sentence.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Rule::$rule => $says,)+ }
            }

            /// Where that is written.
            #[must_use]
            pub fn source(self) -> &'static str {
                match self { $(Rule::$rule => $source,)+ }
            }

            /// What is looked at: the rule says nothing as long as there was none.
            #[must_use]
            pub fn counted(self) -> &'static str {
                match self { $(Rule::$rule => $counted,)+ }
            }
        }
    };
}

/// How many rules there are.
pub const RULES: usize = 17;

rules! {
    ElectionSafety: "Election Safety", "One leader",
        "At most one leader is elected in a term.",
        "Raft paper, section 5.2",
        "leaders elected";
    OneVotePerTerm: "One vote per term", "One vote",
        "A server votes for at most one candidate in a term, crashes included.",
        "Raft paper, figure 2: votedFor",
        "votes given";
    LeaderAppendOnly: "Leader Append-Only", "Append-only",
        "A leader never overwrites or deletes entries of its log.",
        "Raft paper, section 5.3",
        "logs cut";
    LogMatching: "Log Matching", "Logs match",
        "Logs that hold an entry of the same index and term agree on it and on what precedes it.",
        "Raft paper, section 5.3",
        "entries that several logs held";
    LeaderCompleteness: "Leader Completeness", "Complete",
        "A leader's log holds every entry that was committed in an earlier term.",
        "Raft paper, section 5.4.3",
        "leaders elected after something was committed";
    StateMachineSafety: "State Machine Safety", "Same entries",
        "No two servers commit, or apply, different entries at the same index.",
        "Raft paper, section 5.4.3",
        "entries that several servers committed or applied";
    CommittedIsDurable: "Committed is durable", "Durable",
        "What a leader commits is durable on a majority of the members that count, damaged disks aside.",
        "Raft paper, figure 2 and section 5.3: what an answer rests on is written down before it",
        "commits of leaders";
    CommitMonotonic: "Commit index only grows", "Commit grows",
        "While a server runs, its commit index never goes back.",
        "Raft paper, figure 2: commitIndex increases monotonically",
        "moves of a commit index";
    AcknowledgedIsCommitted: "Acknowledged is committed", "Acknowledged",
        "What a client was told to be written is committed.",
        "Raft paper, section 5.3: an entry is applied, and answered, once it is committed",
        "writes acknowledged";
    FreshReads: "Reads are fresh", "Fresh reads",
        "A linearizable read sees everything that was acknowledged to anyone before it began.",
        "Dissertation, section 6.4",
        "reads that began after a write was acknowledged";
    LeaseExcludes: "A lease excludes others", "Leases",
        "While the lease of a leader lasts by its own clock, nobody is elected in a later term. Nothing is said \
         once a clock was set, or ran faster or slower than the bound.",
        "Dissertation, section 6.4.1",
        "leases that were valid after something happened to their leader";
    ExactlyOnce: "Applied exactly once", "Exactly once",
        "A request of a session is applied at one index only.",
        "Dissertation, section 6.3",
        "requests that several servers applied";
    AppliedIsCommitted: "Applied is committed", "Applied",
        "A server has applied no more than it knows to be committed, so that what it applies next is what \
         follows.",
        "Raft paper, figure 2: lastApplied never exceeds commitIndex",
        "starts from a snapshot";
    KnowsItsFiles: "Knows its files", "Files",
        "A server asks its disk only for files that it has, unless somebody took them away.",
        "Raft paper, section 7: a snapshot is complete before the log it covers goes",
        "disk writes";
    Linearizable: "Linearizable", "Linearizable",
        "There is an order in which each operation of a client takes effect at one moment between its \
         beginning and its end, and that explains all answers. Reads that may be stale are left out.",
        "Herlihy and Wing, Linearizability, TOPLAS 1990",
        "answers to clients";
    ReplicasAgree: "Replicas agree", "Replicas agree",
        "The same entries do the same on every server: they give the same answers, remove the same keys and \
         expire the same sessions.",
        "Schneider, Implementing Fault-Tolerant Services Using the State Machine Approach, 1990",
        "entries that several servers applied";
    WithinBounds: "Within bounds", "Bounds",
        "A server holds no more keys, sessions, log and snapshots than its configuration says.",
        "ARCHITECTURE, what a server may hold",
        "entries after which its size was looked at";
}
