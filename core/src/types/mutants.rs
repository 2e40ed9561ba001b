//! Known ways to get a replicated server wrong, as switches.
//!
//! Tests and the page build them in (feature `mutants`) to show what a rule is good for, and that
//! the checks notice when it is broken. Other builds do not hold them: there, [`Mutants::has`] is
//! always false, and the compiler leaves out what asks for it.

use super::error::ConfigError;
use serde::Serialize;

/// What a mistake is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Who leads.
    Elections,
    /// What is in the log, and what of it is committed.
    Replication,
    /// Reads without an entry of the log.
    Reads,
    /// Who belongs to the cluster.
    Membership,
    /// Disks, snapshots and what a start makes of them.
    Storage,
    /// What is replicated.
    Cache,
}

/// Declares the mistakes: what each is about, its name in scenario files, what is wrong, in a sentence,
/// and where it was met or is warned of.
macro_rules! mutants {
    ($($mutant:ident: $subject:ident, $name:literal, $says:literal, $source:literal;)+) => {
        /// One mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Mutant {
            $(#[doc = $says] $mutant,)+
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &[Mutant] = &[$(Mutant::$mutant),+];

            /// Its name in scenario files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Mutant::$mutant => $name,)+ }
            }

            /// What it is about.
            #[must_use]
            pub fn subject(self) -> Subject {
                match self { $(Mutant::$mutant => Subject::$subject,)+ }
            }

            /// What is wrong, in a sentence.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Mutant::$mutant => $says,)+ }
            }

            /// Where it was met, or is warned of.
            #[must_use]
            pub fn source(self) -> &'static str {
                match self { $(Mutant::$mutant => $source,)+ }
            }
        }
    };
}

mutants! {
    RecoveryIgnoresIdentity: Storage, "recovery-ignores-identity",
        "A server takes the newest snapshot on its disk for its state, whoever wrote it, and skips all entries up to that snapshot's index as applied.",
        "openraft issue 1892; hashicorp/raft issue 395; ARCHITECTURE, the case at the start";
    VoteNotDurable: Elections, "vote-not-durable",
        "A server gives its vote without writing it down, and after a restart votes once more in the same term.",
        "Raft paper, figure 2: votedFor is persistent state";
    VotesTwice: Elections, "votes-twice",
        "A server votes for everyone who asks, however often it has voted in the term.",
        "Raft paper, section 5.2: at most one candidate in a term, first come, first served";
    VotesWithoutLogCheck: Elections, "votes-without-log-check",
        "A server votes for a candidate whose log is behind its own.",
        "Raft paper, section 5.4.1: the election restriction";
    VotesDespitePromise: Elections, "votes-despite-promise",
        "A server that has just heard from a leader votes for another one: the leases of the first rest on nothing.",
        "Dissertation, sections 4.2.3 and 6.4.1";
    NoWaitAfterRestart: Elections, "no-wait-after-restart",
        "A server votes as soon as it has started again, though it may have promised a leader to wait just before it stopped.",
        "Dissertation, section 6.4.1: leases rest on every voter's wait, restarts included";
    CommitsOlderTerms: Replication, "commits-older-terms",
        "A leader commits an entry of an earlier term because a majority holds it.",
        "Raft paper, section 5.4.2 and figure 8";
    AcknowledgesBeforeFsync: Replication, "acknowledges-before-fsync",
        "A follower acknowledges entries that a loss of power would still take.",
        "Raft paper, figure 2: persistent state is updated before the answer";
    LeaderCountsUnsynced: Replication, "leader-counts-unsynced",
        "A leader counts its own copy of an entry before that is durable.",
        "Dissertation, section 10.2.1: a leader may write in parallel, and counts itself once the write is done";
    TruncatesOnEveryAppend: Replication, "truncates-on-every-append",
        "A follower cuts its log after what an append names, though it agrees with it: a late append removes what was acknowledged since.",
        "hashicorp/raft pull request 113; Redpanda pull request 17895";
    AcceptsLowerTerm: Replication, "accepts-lower-term",
        "A follower takes entries from a leader of an earlier term.",
        "Raft paper, figure 2: reply false if term < currentTerm";
    AppendsWithoutPreviousCheck: Replication, "appends-without-previous-check",
        "A follower takes entries though the one before them is not the leader's.",
        "Raft paper, section 5.3: the consistency check";
    CommitsBeyondMatch: Replication, "commits-beyond-match",
        "A follower takes the leader's commit index for all of its own log, also for what it has not compared with the leader's.",
        "Raft paper, figure 2: the index of the last new entry is a bound";
    AnswersBeforeCommit: Replication, "answers-before-commit",
        "A leader applies and answers what it has only appended.",
        "Raft paper, section 5.3: an entry is applied once it is committed";
    StaleDiskAcknowledgement: Replication, "stale-disk-acknowledgement",
        "A follower sends a new leader the acknowledgement that an earlier leader's entries are durable.",
        "etcd-io/raft pull request 8 (asynchronous storage writes): the ABA problem";
    ReadsWithoutConfirming: Reads, "reads-without-confirming",
        "A leader answers a read without asking anyone whether it still leads.",
        "Dissertation, section 6.4: a leader may have been superseded without knowing it";
    ReadsBeforeOwnTerm: Reads, "reads-before-own-term",
        "A new leader answers reads before an entry of its own term is committed, when it does not know yet what is.",
        "Dissertation, section 6.4: a leader first commits an entry of its own term";
    FollowerReadsAlone: Reads, "follower-reads-alone",
        "A follower answers a read that must be fresh from what it has, without asking its leader for an index.",
        "Dissertation, section 6.4: reads by followers";
    LeaseFromReceipt: Reads, "lease-from-receipt",
        "A leader counts its lease from when the answers arrive, not from when it asked.",
        "Dissertation, section 6.4.1: from the start of the round of heartbeats";
    DriftIgnored: Reads, "drift-ignored",
        "A leader holds its lease as long as its followers promised to wait, as if all clocks ran alike.",
        "Dissertation, section 6.4.1: clock drift bound";
    TransferKeepsLease: Reads, "transfer-keeps-lease",
        "A leader goes on reading by its lease after it has asked another server to take over.",
        "TiKV issue 1593; raft-rs issue 234";
    SingleStepChange: Membership, "single-step-change",
        "A change of several voters counts at once: a majority of the old ones and one of the new ones need not meet.",
        "Raft paper, section 6 and figure 10";
    RemovedServersVote: Membership, "removed-servers-vote",
        "A candidate asks servers that were removed as well, and their votes count.",
        "Dissertation, section 4.1: a majority of the latest configuration";
    LearnerCounted: Membership, "learner-counted",
        "A leader counts learners among those who hold an entry.",
        "Dissertation, section 4.2.1: non-voting members do not count for commitment";
    RecoveryClampsCommit: Storage, "recovery-clamps-commit",
        "A server whose disk has lost what it acknowledged takes what is left for all that there was, and votes and acknowledges on as before.",
        "Alagappan et al., Protocol-Aware Recovery, FAST 2018";
    SnapshotKeepsSuffix: Storage, "snapshot-keeps-suffix",
        "A follower that installs a snapshot keeps the entries behind it, though they follow another history.",
        "Raft paper, figure 13: discard the log unless it holds the snapshot's last entry";
    InstallKeepsState: Storage, "install-keeps-state",
        "A follower that installs a snapshot takes over its index, and goes on with the state that it had.",
        "Raft paper, figure 13: reset the state machine; the case with which this project began";
    SnapshotWithoutSessions: Storage, "snapshot-without-sessions",
        "A snapshot leaves out the client sessions: who starts from it does not know which requests were applied.",
        "Dissertation, sections 5.1 and 6.3: the session table is part of the snapshot";
    SnapshotNamedBeforeData: Storage, "snapshot-named-before-data",
        "A snapshot counts, and the log that it covers goes, before its file is durable.",
        "etcd issue 22340; Pillai et al., All File Systems Are Not Created Equal, OSDI 2014";
    LogKeptForEver: Storage, "log-kept-for-ever",
        "A server takes snapshots, and keeps the log that they cover in memory.",
        "Dissertation, chapter 5: the log must not grow without bound";
    DuplicateAppliedTwice: Cache, "duplicate-applied-twice",
        "A request that arrives twice in the log is carried out twice.",
        "Dissertation, section 6.3: linearizable semantics";
    ExpiryOnLocalClock: Cache, "expiry-on-local-clock",
        "Each server lets keys and sessions expire by its own clock.",
        "Dissertation, section 6.3: servers must agree on when to expire, so time comes from the log";
    EvictionOnLocalState: Cache, "eviction-on-local-state",
        "Each server evicts by what was read from it.",
        "Schneider, Implementing Fault-Tolerant Services Using the State Machine Approach, ACM Computing Surveys 1990";
}

/// The mistakes that are switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mutants {
    #[cfg(feature = "mutants")]
    switched_on: u64,
}

impl Mutants {
    /// Those of these names.
    ///
    /// # Errors
    /// A name that is not known, or any name in a build without mutants.
    pub fn named(names: &[String]) -> Result<Mutants, ConfigError> {
        let mut mutants = Mutants::default();
        for name in names {
            let known = Mutant::ALL.iter().find(|mutant| mutant.name() == name);
            let Some(mutant) = known else {
                let all: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
                let accepted = format!("any of {}", all.join(", "));
                return Err(ConfigError::new("mutants", format!("\"{name}\""), accepted));
            };
            mutants.switch_on(*mutant)?;
        }
        Ok(mutants)
    }

    #[cfg(feature = "mutants")]
    fn switch_on(&mut self, mutant: Mutant) -> Result<(), ConfigError> {
        self.switched_on |= 1 << mutant as u64;
        Ok(())
    }

    #[cfg(not(feature = "mutants"))]
    fn switch_on(&mut self, mutant: Mutant) -> Result<(), ConfigError> {
        let accepted = "none in this build: it was made without the feature `mutants`";
        Err(ConfigError::new("mutants", mutant.name(), accepted))
    }

    /// Whether any mistake is made.
    #[must_use]
    pub fn any(self) -> bool {
        self != Mutants::default()
    }

    /// Whether the mistake is made.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub fn has(self, mutant: Mutant) -> bool {
        self.switched_on & (1 << mutant as u64) != 0
    }

    /// Whether the mistake is made.
    #[cfg(not(feature = "mutants"))]
    #[must_use]
    pub fn has(self, _mutant: Mutant) -> bool {
        false
    }

    /// All that are made.
    pub fn iter(self) -> impl Iterator<Item = Mutant> {
        Mutant::ALL
            .iter()
            .copied()
            .filter(move |mutant| self.has(*mutant))
    }
}

#[cfg(test)]
mod tests {
    use super::{Mutant, Mutants};

    #[test]
    fn an_unknown_name_is_refused_with_those_that_are_known() {
        let names = ["no-such-thing".to_string()];
        let error = Mutants::named(&names).expect_err("unknown").to_string();
        assert!(error.contains("recovery-ignores-identity"), "{error}");
    }

    #[test]
    fn what_is_named_is_switched_on_where_it_is_built_in() {
        let names: Vec<String> = Mutant::ALL.iter().map(|m| m.name().into()).collect();
        match Mutants::named(&names) {
            Ok(mutants) => assert!(mutants.iter().eq(Mutant::ALL.iter().copied())),
            Err(error) => assert!(error.to_string().contains("feature"), "{error}"),
        }
        assert_eq!(Mutants::default().iter().count(), 0);
    }
}
