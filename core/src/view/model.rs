//! What crosses the border to a page: plain data, made to be drawn.
//!
//! Times are microseconds of simulated time. Addresses are texts: `n1` is a server, `c1` a
//! client. With the feature `typescript` each type declares itself to TypeScript.

use crate::sim::Expectation;
use serde::{Deserialize, Serialize};

mod cache;
mod causes;
mod checks;
mod diagram;
mod disk;
mod series;
mod time;

pub use cache::{
    AdvisorView, CacheEntryView, CacheView, HitsView, ServiceModeView, ServiceView, SessionView,
};
pub use causes::{CauseView, ExportView, ReasonKind, ReasonView, WhyView};
pub use checks::{
    ContradictionView, FateView, FoundView, HistoryQuery, HistoryView, HuntReport, KeyView,
    ModeInfo, MutantInfo, OperationView, RuleInfo, RuleStanding, RuleState, ShrinkView, ShrunkView,
    SizeView, TrialReport,
};
pub use diagram::{ArrowsView, BandRole, BandView, CutSpanView, MarksView, WindowView};
pub use disk::{
    CrashView, DiskView, FileKind, FileSurvivalView, FileView, ImageView, ManifestView,
    NameChangeView, StretchState, StretchView, UnsyncedAppendView,
};
pub use series::{CellView, ComparisonRow, ComparisonView, SeriesView, ServerSeries};
pub use time::{BranchComparison, BranchView, ServerDifference, ServerState, SideView, SoughtView};

/// Declares plain data for the border: camel case, and a TypeScript declaration where asked.
macro_rules! border {
    ($($(#[$meta:meta])* pub $kind:tt $name:ident $body:tt)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
        #[serde(rename_all = "camelCase")]
        pub $kind $name $body
    )*};
}
use border;

border! {
    /// What is to be seen of the moment shown that was not told before.
    pub struct Seen {
        /// The screen.
        pub frame: Frame,
        /// Servers that stand otherwise than before, opened; none where they are not looked at.
        pub details: Vec<NodeDetail>,
        /// The message that is looked at, while it is on its way.
        pub message: Option<MessageDetail>,
    }

    /// What changed on the screen since the last frame.
    pub struct Frame {
        /// The moment shown: everything due until then has happened.
        pub time: u64,
        /// How many events have happened until then.
        pub step: u64,
        /// The furthest moment explored; beyond it nothing is known yet.
        pub head_time: u64,
        /// How many events have happened until the furthest moment.
        pub head_step: u64,
        /// When the scenario says that it is over.
        pub end_time: u64,
        /// Servers that look different now.
        pub nodes: Vec<NodeView>,
        /// Clients that look different now.
        pub clients: Vec<ClientView>,
        /// The model service.
        pub service: ServiceView,
        /// What reads found, over time.
        pub found: HitsView,
        /// Messages in flight that are new or look different now, oldest first.
        pub messages: Vec<MessageView>,
        /// The numbers of those that are not in flight any more.
        pub messages_gone: Vec<u64>,
        /// Every pair of servers between which messages are cut, per direction.
        pub cuts: Vec<CutView>,
        /// Whether `events` takes the place of the list, rather than continuing it.
        pub events_replaced: bool,
        /// Events in order, the newest last; bounded.
        pub events: Vec<EventView>,
        /// Whether `markers` takes the place of the marks, rather than continuing them.
        pub markers_replaced: bool,
        /// Moments worth a mark on the timeline.
        pub markers: Vec<Marker>,
        /// Rules that were broken until now; empty in a healthy run.
        pub violations: Vec<ViolationView>,
        /// How each rule stands.
        pub rules: Vec<RuleState>,
        /// The scenario's expectations, when its end is reached.
        pub expectations: Vec<ExpectationView>,
    }

    /// One server, as drawn in the cluster.
    pub struct NodeView {
        /// Its number: 1, 2, ...
        pub id: u32,
        /// Whether it runs.
        pub status: NodeStatus,
        /// Why it does not run, when it failed.
        pub failure: Option<String>,
        /// Its role while it runs.
        pub role: RoleView,
        /// How it takes part in the cluster, as far as its own log says.
        pub standing: StandingView,
        /// The life of its memory, from 1: a later one began when it may have forgotten something.
        pub incarnation: u64,
        /// The members that count for it.
        pub membership: MembershipView,
        /// Its clock beside simulated time.
        pub clock: ClockView,
        /// Its term.
        pub term: u64,
        /// Whom it voted for in its term.
        pub voted_for: Option<u32>,
        /// Who leads, as far as it knows.
        pub leader: Option<u32>,
        /// The first index its log holds (one past a compacted prefix).
        pub first: u64,
        /// Where its log ends.
        pub last: u64,
        /// The term of its last entry.
        pub last_term: u64,
        /// The terms of its newest entries, the last one at `last`; bounded.
        pub recent_terms: Vec<u64>,
        /// Where what is durable of its log ends.
        pub durable: u64,
        /// Its commit index.
        pub commit: u64,
        /// What its state machine has applied.
        pub applied: u64,
        /// What its newest durable snapshot covers.
        pub snapshot: Option<PositionView>,
        /// Its election timer while it follows or stands for election.
        pub timer: Option<TimerView>,
        /// Votes for it while it stands for election, or asks in advance.
        pub votes: Option<VotesView>,
        /// Its lease, valid or over, while it leads.
        pub lease: Option<LeaseView>,
        /// What it promised, while it does not lead.
        pub promise: Option<PromiseView>,
        /// Who is to lead next, while it hands leadership over.
        pub handing_over_to: Option<u32>,
        /// Whether it is shutting down.
        pub ending: bool,
        /// Its followers' progress while it leads.
        pub progress: Vec<ProgressView>,
        /// Keys in its cache.
        pub keys: u64,
        /// Writes that are not durable yet.
        pub writes_pending: u64,
        /// Whether it is paused: it takes nothing, and what comes waits.
        pub paused: bool,
        /// How many milliseconds each input takes it; 1 when it is not slowed down, and takes no time.
        pub slowness: u32,
        /// How many inputs wait for it.
        pub waiting: u64,
        /// What is wrong, as far as it can tell, the worst first; empty while it does not run.
        pub alerts: Vec<AlertView>,
    }

    /// Something that is wrong.
    pub struct AlertView {
        /// Its kind, for filters: `quorum-at-risk`.
        pub name: String,
        /// Its kind in a word or two.
        pub title: String,
        /// The follower that it speaks of.
        pub follower: Option<u32>,
        /// How bad it is.
        pub severity: AlertSeverity,
        /// When it was raised.
        pub since: u64,
        /// What is wrong, with the numbers of that moment.
        pub sentence: String,
    }

    /// How bad an alert is.
    pub enum AlertSeverity {
        /// The service goes on, with less to spare.
        Warning,
        /// The service, or the promise that it rests on, fails now.
        Critical,
    }

    /// Whether a server runs.
    pub enum NodeStatus {
        /// It runs.
        Up,
        /// It crashed and was not restarted.
        Down,
        /// It could not start, or stopped because its disk failed.
        Failed,
    }

    /// A server's role.
    pub enum RoleView {
        /// It follows a leader, or waits for one.
        Follower,
        /// It asks who would vote for it.
        PreCandidate,
        /// It stands for election.
        Candidate,
        /// It leads.
        Leader,
    }

    /// How a server takes part in the cluster.
    pub enum StandingView {
        /// It votes.
        Voter,
        /// It receives the log without a vote.
        Learner,
        /// It is no member, or does not know that it is.
        Outsider,
        /// It may have forgotten what it promised: its vote does not count for now.
        Unseated,
    }

    /// The members of the cluster, as one server's log says.
    #[derive(Default)]
    pub struct MembershipView {
        /// The entry that says so; 0 for the members that the cluster began with.
        pub index: u64,
        /// Whether the server knows that entry to be committed.
        pub committed: bool,
        /// Who votes; during a change, who will.
        pub voters: Vec<u32>,
        /// During a change, the voters of before, who decide as well.
        pub outgoing: Vec<u32>,
        /// Who receives the log without a vote.
        pub learners: Vec<u32>,
        /// The voters that a change is on its way to.
        pub wanted: Option<Vec<u32>>,
        /// Numbers that are never used again.
        pub retired: Vec<u32>,
        /// Voters whose seats are vacant, as far as the server knows: their votes do not count.
        pub vacant: Vec<u32>,
    }

    /// A server's own clock. A server knows no other time; what is drawn of its timers is
    /// converted to simulated time.
    pub struct ClockView {
        /// How much faster than simulated time it runs, in parts per million; slower when
        /// negative.
        pub drift_ppm: i64,
        /// When it was changed last.
        pub changed_at: u64,
        /// How far it was ahead of simulated time just then, in microseconds; behind when
        /// negative.
        pub ahead: i64,
    }

    /// A leader's lease.
    pub struct LeaseView {
        /// When it ends; in the past when it is over.
        pub until: u64,
        /// How long a fresh one lasts.
        pub length: u64,
    }

    /// A server's promise to vote for nobody.
    pub struct PromiseView {
        /// When it ends; in the past when it is over.
        pub until: u64,
    }

    /// A place in a log.
    pub struct PositionView {
        /// The index.
        pub index: u64,
        /// The term.
        pub term: u64,
    }

    /// A timer that runs.
    pub struct TimerView {
        /// When it was set.
        pub set_at: u64,
        /// When it fires.
        pub fires_at: u64,
    }

    /// Votes of an election.
    pub struct VotesView {
        /// Who voted for it.
        pub granted: Vec<u32>,
        /// Who refused.
        pub refused: Vec<u32>,
        /// How many make a majority.
        pub needed: u64,
    }

    /// What a leader knows of a follower.
    pub struct ProgressView {
        /// The follower.
        pub node: u32,
        /// `probe`, `replicate` or `snapshot`.
        pub state: String,
        /// What it holds for sure.
        pub matched: u64,
        /// The next entry to send to it.
        pub next: u64,
        /// Appends under way to it.
        pub inflight: u64,
        /// Whether it has left the cluster, and is only told so.
        pub departing: bool,
        /// Bytes of a snapshot that it has, and the snapshot's size.
        pub snapshot: Option<SnapshotProgressView>,
    }

    /// How far a snapshot transfer is.
    pub struct SnapshotProgressView {
        /// Bytes acknowledged.
        pub acknowledged: u64,
        /// Bytes sent, acknowledged or not.
        pub sent: u64,
        /// Bytes in all.
        pub total: u64,
    }

    /// One client, as drawn beside the cluster.
    pub struct ClientView {
        /// Its number: 1, 2, ...
        pub id: u32,
        /// Its session, once opened.
        pub session: Option<u64>,
        /// What it waits for, as a person would write it: `put k1 = v1`.
        pub current: Option<String>,
        /// How often it has sent that.
        pub attempts: u64,
        /// Operations that wait behind it.
        pub queued: u64,
        /// Operations answered.
        pub answered: u64,
        /// Its last answer, in words.
        pub last_answer: Option<String>,
        /// The server it asks next.
        pub target: u32,
        /// Operations that were sent and are not answered.
        pub under_way: u64,
        /// Keys that its reads have found.
        pub hits: u64,
        /// Keys that its reads have not found.
        pub misses: u64,
        /// Whether it is busy with a workload.
        pub busy: bool,
    }

    /// One message in flight.
    pub struct MessageView {
        /// Its number, unique in the run.
        pub id: u64,
        /// The sender's address.
        pub from: String,
        /// The receiver's address.
        pub to: String,
        /// What it is.
        pub kind: MessageKind,
        /// A few characters to draw beside it: `+3`, `yes`, `#7`.
        pub label: String,
        /// The sender's term; none for clients.
        pub term: Option<u64>,
        /// When it was sent.
        pub sent_at: u64,
        /// When it arrives.
        pub arrives_at: u64,
    }

    /// The kinds of messages, for colours and filters.
    #[derive(Copy)]
    pub enum MessageKind {
        /// A server asks who would vote for it.
        PreVoteRequest,
        /// It is told.
        PreVoteResponse,
        /// The leader asks a follower to take its place.
        TimeoutNow,
        /// A vote is asked for.
        VoteRequest,
        /// A vote is given or refused.
        VoteResponse,
        /// Entries.
        Append,
        /// An append without entries.
        Heartbeat,
        /// Entries acknowledged or refused.
        AppendResponse,
        /// A piece of a snapshot.
        Snapshot,
        /// A piece of a snapshot acknowledged.
        SnapshotResponse,
        /// A read index is asked for.
        ReadIndex,
        /// A read index is given.
        ReadIndexResponse,
        /// A client asks.
        Request,
        /// A client is answered.
        Response,
        /// The leader asks the model service.
        Question,
        /// The model service answers.
        Advice,
    }

    /// A message opened for reading.
    pub struct MessageDetail {
        /// What is drawn of it.
        pub view: MessageView,
        /// What it says, in a sentence.
        pub sentence: String,
        /// Its fields, by name.
        pub fields: Vec<Field>,
    }

    /// A name and a value, to be shown as a row.
    pub struct Field {
        /// The name.
        pub name: String,
        /// The value.
        pub value: String,
    }

    /// A direction in which messages between two servers are cut.
    pub struct CutView {
        /// From this server
        pub from: u32,
        /// to this one.
        pub to: u32,
    }

    /// Something that happened.
    pub struct EventView {
        /// Its number in the run's trace: the step times 1000, plus its place in the step.
        pub id: u64,
        /// The step in which it happened.
        pub step: u64,
        /// When.
        pub time: u64,
        /// At whom: `n1`, `c1`, or `world` for the network and for hand-made faults.
        pub place: String,
        /// Its kind in a word or two, for icons and filters: `became-leader`.
        pub kind: String,
        /// How much it matters to the story.
        pub weight: Weight,
        /// What happened and why, in a sentence.
        pub sentence: String,
        /// The rule that decided it.
        pub rule: Option<Rule>,
    }

    /// How much an event matters to the story.
    #[derive(Copy)]
    pub enum Weight {
        /// A turn of the story: elections, crashes, recoveries, snapshots.
        Story,
        /// A step on the way: votes, commits, answers.
        Detail,
        /// Traffic: messages, writes, entries applied.
        Trace,
    }

    /// A rule of the protocol, and where it stands.
    pub struct Rule {
        /// Its name: `Election restriction`.
        pub name: String,
        /// Where it is written: `Raft paper, section 5.4.1`.
        pub source: String,
    }

    /// A moment worth a mark on the timeline.
    pub struct Marker {
        /// When.
        pub time: u64,
        /// What.
        pub kind: MarkerKind,
        /// In a few words.
        pub label: String,
    }

    /// What a mark stands for.
    pub enum MarkerKind {
        /// A leader was elected.
        Election,
        /// A server crashed or failed.
        Crash,
        /// A server started again.
        Restart,
        /// The network was cut or healed.
        Network,
        /// A snapshot was installed.
        Snapshot,
        /// A hand-made or scenario request.
        Request,
        /// A rule was broken.
        Violation,
        /// A server raised an alert.
        Alert,
        /// Data was damaged, lost or swapped.
        Disk,
    }

    /// A broken rule.
    pub struct ViolationView {
        /// The step after which the rule did not hold.
        pub step: u64,
        /// When.
        pub time: u64,
        /// The rule.
        pub rule: String,
        /// The servers that it concerns, as far as somebody knows.
        pub nodes: Vec<u32>,
        /// What was seen, with the numbers.
        pub sentence: String,
    }

    /// What a scenario expects, and whether it came true.
    pub struct ExpectationView {
        /// The expectation in words.
        pub what: String,
        /// Whether it holds now.
        pub met: bool,
        /// What was found.
        pub found: String,
    }

    /// A session as a test.
    pub struct SavedTest {
        /// The stem of a name for its file.
        pub name: String,
        /// The file: a scenario that expects what is true at its end.
        pub toml: String,
        /// When it ends.
        pub end: u64,
        /// How many events happen until then.
        pub steps: u64,
        /// Rules that are broken though no known mistake is switched on: the test fails by them.
        pub fails: Vec<String>,
        /// What it expects; all of it is met.
        pub expectations: Vec<ExpectationView>,
    }

    /// One server, opened.
    pub struct NodeDetail {
        /// The server.
        pub id: u32,
        /// The newest entries of its log, oldest first; bounded.
        pub log: Vec<EntryView>,
        /// Entries of the log that are not in `log`.
        pub log_hidden: u64,
        /// Its cache; none while it does not run.
        pub cache: Option<CacheView>,
        /// Its disk, also while it does not run.
        pub disk: DiskView,
        /// Copies of disks that were kept, of any server.
        pub images: Vec<ImageView>,
        /// What its last recovery found and decided, step by step.
        pub recovery: Vec<RecoveryStepView>,
        /// Its metrics; empty while it does not run.
        pub metrics: Vec<MetricGroup>,
    }

    /// Metrics that belong together.
    pub struct MetricGroup {
        /// What they are about.
        pub name: String,
        /// One row each.
        pub rows: Vec<MetricRow>,
    }

    /// One metric.
    pub struct MetricRow {
        /// What it is called.
        pub name: String,
        /// What it is now.
        pub value: String,
        /// What the value counts; empty for texts and plain numbers.
        pub unit: String,
        /// What it means; empty where the name says it.
        pub hint: String,
    }

    /// One entry of a log.
    pub struct EntryView {
        /// Its index.
        pub index: u64,
        /// Its term.
        pub term: u64,
        /// What it carries, as a person would write it.
        pub text: String,
        /// Whether it is durable on this server.
        pub durable: bool,
        /// Whether this server knows it to be committed.
        pub committed: bool,
        /// Whether it is applied.
        pub applied: bool,
    }

    /// One step of a recovery.
    pub struct RecoveryStepView {
        /// Its kind in a word or two: `torn-tail`.
        pub kind: String,
        /// What was found and decided.
        pub sentence: String,
        /// The rule that decided it.
        pub rule: Option<Rule>,
        /// What becomes of it, by the table of cases: `set aside`.
        pub outcome: String,
        /// How grave that is, from 0 for what is as it should be.
        pub gravity: u32,
    }

    /// A scenario of the menu.
    pub struct ScenarioInfo {
        /// Its file's stem: `follower-recovery`.
        pub id: String,
        /// What it is about, in a word: scenarios of one group follow one another.
        pub group: String,
        /// Its name.
        pub name: String,
        /// What it shows.
        pub about: String,
    }

    /// The scenario that is open.
    pub struct ScenarioView {
        /// Its name.
        pub name: String,
        /// What it shows.
        pub about: String,
        /// Its seed, below 2^53.
        pub seed: u64,
        /// How many servers it has.
        pub nodes: u32,
        /// How many timed actions it has.
        pub actions: u64,
        /// The mistakes that its servers make on purpose, by name.
        pub mutants: Vec<String>,
    }

    /// A table of settings, as in the scenario's file.
    pub struct SettingsTable {
        /// Its name: `raft`.
        pub name: String,
        /// What it is about.
        pub about: String,
        /// Its settings, in the order in which they are best read.
        pub settings: Vec<SettingView>,
    }

    /// One setting and what there is to say of it. Values are texts, as a person writes them.
    pub struct SettingView {
        /// Its path: `raft.heartbeat_interval`.
        pub path: String,
        /// Its name in its table.
        pub name: String,
        /// What it decides.
        pub about: String,
        /// How it is written.
        pub kind: SettingKind,
        /// What a number counts; empty when the value says its unit itself.
        pub unit: String,
        /// What it is set to.
        pub given: String,
        /// What it is when the scenario does not say.
        pub default: String,
        /// The lowest value accepted.
        pub low: String,
        /// The highest value accepted.
        pub high: String,
        /// What there is to choose from, if only a few words are accepted.
        pub choices: Vec<String>,
    }

    /// How a setting is written.
    pub enum SettingKind {
        /// A span of time with its unit.
        Duration,
        /// A distribution of spans of time.
        Latency,
        /// A number of bytes.
        Bytes,
        /// A share, in millionths.
        Ppm,
        /// A number of anything else.
        Count,
        /// On or off: `true` or `false`.
        Switch,
        /// One of a few words.
        Choice,
    }

    /// Why a setting is refused.
    pub struct SettingRefusal {
        /// The path of the setting that cannot be: not always the one that was changed.
        pub path: String,
        /// What was given and what is accepted, as a sentence.
        pub sentence: String,
    }
}

impl From<Expectation> for ExpectationView {
    fn from(Expectation { what, met, found }: Expectation) -> ExpectationView {
        ExpectationView { what, met, found }
    }
}

impl MessageKind {
    /// All of them, in order.
    pub const ALL: [MessageKind; 16] = [
        MessageKind::PreVoteRequest,
        MessageKind::PreVoteResponse,
        MessageKind::TimeoutNow,
        MessageKind::VoteRequest,
        MessageKind::VoteResponse,
        MessageKind::Append,
        MessageKind::Heartbeat,
        MessageKind::AppendResponse,
        MessageKind::Snapshot,
        MessageKind::SnapshotResponse,
        MessageKind::ReadIndex,
        MessageKind::ReadIndexResponse,
        MessageKind::Request,
        MessageKind::Response,
        MessageKind::Question,
        MessageKind::Advice,
    ];
}

/// A setting as a person wishes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// Its path: `raft.heartbeat_interval`.
    pub path: String,
    /// Its value: `80ms`.
    pub value: String,
}
