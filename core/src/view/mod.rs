//! The world made visible: plain data for a page, and the one place where events become words.
//!
//! `model.rs` is what crosses the border to a page, `screen.rs`, `disk.rs` and `cache.rs` make it from the world,
//! `settings.rs` shows what can be set, `session.rs` holds a run that a person plays, steps and changes, with its searches and
//! branches in `session/`, `saved.rs` makes a test of it,
//! `hunter.rs` looks through runs for failures,
//! `explain/` tells events in sentences, `causes/` follows what led to an event, `diagram/` is the run as a space-time diagram,
//! `export.rs` writes the trace for other programs, `transcript.rs` writes a whole run as text, `inspection.rs` tells what one disk holds.

mod cache;
mod causes;
mod diagram;
mod disk;
mod explain;
mod export;
mod hunter;
mod inspection;
mod messages;
mod metrics;
mod model;
mod saved;
mod screen;
mod series;
mod session;
mod settings;
mod transcript;

pub use diagram::WindowAsked;
pub use explain::{Told, tell};
pub use hunter::{Hunter, Share, Trial, modes, mutants, shrink, sights};
pub use inspection::{
    Check, Inspection, Owner, Part, Recovery, SegmentPart, Sentence, SnapshotPart, inspect,
};
pub use model::{
    AdvisorView, AlertSeverity, AlertView, ArrowsView, BandRole, BandView, BranchComparison,
    BranchView, CacheEntryView, CacheView, CauseView, CellView, ClientView, ComparisonRow,
    ComparisonView, ContradictionView, CrashView, CutSpanView, CutView, DiskView, EntryView,
    EventView, ExpectationView, ExportView, FateView, Field, FileKind, FileSurvivalView, FileView,
    FoundView, Frame, HistoryQuery, HistoryView, HitsView, HuntReport, ImageView, KeyView,
    LeaseView, ManifestView, Marker, MarkerKind, MarksView, MembershipView, MessageDetail,
    MessageKind, MessageView, MetricGroup, MetricRow, ModeInfo, MutantInfo, NameChangeView,
    NodeDetail, NodeStatus, NodeView, OperationView, PositionView, ProgressView, PromiseView,
    ReasonKind, ReasonView, RecoveryStepView, RoleView, Rule, RuleInfo, RuleStanding, RuleState,
    SavedTest, ScenarioInfo, ScenarioView, Seen, SeriesView, ServerDifference, ServerSeries,
    ServerState, ServiceModeView, ServiceView, SessionView, SettingChange, SettingKind,
    SettingRefusal, SettingView, SettingsTable, ShrinkView, ShrunkView, SideView, SizeView,
    SnapshotProgressView, SoughtView, StandingView, StretchState, StretchView, TimerView,
    TrialReport, UnsyncedAppendView, ViolationView, VotesView, Weight, WhyView, WindowView,
};
pub use session::checks::rules;
pub use session::{Interest, Session};
pub use transcript::transcript;
