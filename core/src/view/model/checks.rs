//! What is checked, and what is hunted: rules, clients' histories, mistakes, runs.

use super::border;
use serde::{Deserialize, Serialize};

border! {
    /// A rule that is checked at every step.
    pub struct RuleInfo {
        /// Its name.
        pub name: String,
        /// Its name where there is little room.
        pub short: String,
        /// What must hold, in a sentence.
        pub says: String,
        /// Where that is written.
        pub source: String,
        /// What is looked at: `votes given`.
        pub counted: String,
    }

    /// How a rule stands at the moment shown; in the order of the rules.
    pub struct RuleState {
        /// Whether it holds.
        pub standing: RuleStanding,
        /// How often it had something to compare until then.
        pub looked: u64,
    }

    /// Whether a rule holds.
    #[derive(Copy)]
    pub enum RuleStanding {
        /// It had nothing to compare yet.
        Nothing,
        /// It has held whenever there was something to compare.
        Holds,
        /// The step shown broke it.
        BrokenHere,
        /// An earlier step broke it.
        BrokenEarlier,
    }

    /// What clients did until the moment shown: the newest operations of those that were asked for.
    pub struct HistoryView {
        /// In the order in which they began.
        pub operations: Vec<OperationView>,
        /// How many fit the question and began before the first of them.
        pub earlier: u64,
        /// How many fit the question and began after the last of them.
        pub later: u64,
        /// How many operations are older than what is kept; one goes back in time to see them.
        pub dropped: u64,
        /// The keys with the most operations, the busiest first; bounded.
        pub keys: Vec<KeyView>,
        /// Histories that nothing explains.
        pub contradictions: Vec<ContradictionView>,
        /// How often the search for an order was given up.
        pub undecided: u64,
    }

    /// A key and how many of the kept operations name it.
    pub struct KeyView {
        /// The key.
        pub key: String,
        /// How many operations.
        pub operations: u64,
    }

    /// An operation of a client, from invocation to answer.
    pub struct OperationView {
        /// Names it within its run: the order in which operations began and ended.
        pub id: u64,
        /// The client's number.
        pub client: u32,
        /// What was asked, as a person would write it.
        pub text: String,
        /// Whether it may change anything.
        pub writes: bool,
        /// When it began.
        pub began: u64,
        /// When the client was told something.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ended: Option<u64>,
        /// The place of that among all beginnings and ends, of which `id` is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ended_id: Option<u64>,
        /// What the client was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub answer: Option<String>,
        /// What the search for an order makes of it.
        pub fate: FateView,
        /// When it took effect in the order that the search has found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub point: Option<u64>,
        /// The end right before which that is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub point_id: Option<u64>,
        /// Its place in that order among the operations listed, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub place: Option<u32>,
    }

    /// What the search for an order makes of an operation.
    #[derive(Copy)]
    pub enum FateView {
        /// It is under way.
        UnderWay,
        /// There is an order that explains its answer.
        Explained,
        /// Nobody knows whether it took effect; it may still.
        Unknown,
        /// It took no effect.
        Void,
        /// It may be stale, so it promises nothing.
        Unjudged,
        /// The search for an order was given up.
        Undecided,
        /// No order explains its answer.
        Contradicted,
    }

    /// A history that nothing explains.
    pub struct ContradictionView {
        /// The step in which it was noticed.
        pub step: u64,
        /// When.
        pub time: u64,
        /// Why no order explains it.
        pub why: String,
        /// The operations that contradict one another, by their ids.
        pub operations: Vec<u64>,
    }

    /// A known way to get Raft wrong.
    pub struct MutantInfo {
        /// Its name in scenario files.
        pub name: String,
        /// What it is about: `elections`.
        pub subject: String,
        /// What is wrong, in a sentence.
        pub says: String,
        /// Where it was met, or is warned of.
        pub source: String,
    }

    /// A mode of hunting: which faults there are.
    pub struct ModeInfo {
        /// Its name.
        pub name: String,
        /// What happens in it.
        pub says: String,
        /// Whether the protocol promises to survive it.
        pub survivable: bool,
    }

    /// What a hunter has done since its last report.
    pub struct HuntReport {
        /// Runs that came to a verdict.
        pub runs: u64,
        /// Steps made.
        pub steps: u64,
        /// Simulated time that has passed, in microseconds.
        pub simulated: u64,
        /// How often each sight was seen in the runs that came to a verdict; in the order of the sights.
        pub sights: Vec<u64>,
        /// How often the search for an order of the clients' operations was given up.
        pub undecided: u64,
        /// The run under way.
        pub mode: String,
        /// Its seed.
        pub seed: u64,
        /// The run that failed, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub found: Option<FoundView>,
    }

    /// A run that failed. The page gives it back to have it made smaller.
    #[derive(Deserialize)]
    pub struct FoundView {
        /// Its mode.
        pub mode: String,
        /// Its seed.
        pub seed: u64,
        /// The rule that was broken; `Progress` or `Rest` when the cluster did not come to rest.
        pub rule: String,
        /// What was seen, in a sentence.
        pub says: String,
        /// The step after which it was seen; none when it is the whole run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub step: Option<u64>,
        /// When it was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub time: Option<u64>,
        /// The run as a scenario file.
        pub toml: String,
        /// How large it is.
        pub size: SizeView,
    }

    /// How large a scenario is.
    #[derive(Copy, Deserialize)]
    pub struct SizeView {
        /// Actions.
        pub actions: u64,
        /// Servers.
        pub nodes: u32,
        /// How far it runs.
        pub end: u64,
    }

    /// How far a failing run was made smaller.
    pub struct ShrinkView {
        /// Runs that it took.
        pub runs: u64,
        /// How small it is by now.
        pub size: SizeView,
    }

    /// A failing run that was made small.
    pub struct ShrunkView {
        /// Runs that it took.
        pub runs: u64,
        /// Whether without any one of its actions it passes.
        pub minimal: bool,
        /// How large it was.
        pub before: SizeView,
        /// What is left, and how it fails.
        pub found: FoundView,
    }

    /// How a scenario comes out when it runs to its end.
    pub struct TrialReport {
        /// How far it has come.
        pub time: u64,
        /// Where it ends.
        pub end: u64,
        /// Whether it came to its end, or a rule was broken.
        pub over: bool,
        /// The first rule that was broken, if one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub broken: Option<super::ViolationView>,
    }
}

/// Which operations of clients somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(default, deny_unknown_fields)]
pub struct HistoryQuery {
    /// Only those that have to do with this key.
    pub key: Option<String>,
    /// Only those that began before the one of this id.
    pub before: Option<u64>,
    /// Only those of the contradiction of this place.
    pub contradiction: Option<u32>,
    /// So many at most; the newest ones.
    pub most: u32,
}
