//! The world made visible: plain data for a page, and the one place where events become words.
//!
//! `model.rs` is what crosses the border to a page, `screen.rs`, `disk.rs` and `cache.rs` make it from the world,
//! `settings.rs` shows what can be set, `session.rs` holds a run that a person plays, steps and changes, `explain/` tells events in
//! sentences, `transcript.rs` writes a whole run as text, `inspection.rs` tells what one disk holds.

mod cache;
mod disk;
mod explain;
mod inspection;
mod messages;
mod metrics;
mod model;
mod screen;
mod session;
mod settings;
mod transcript;

pub use explain::{Told, tell};
pub use inspection::{
    Check, Inspection, Owner, Part, Recovery, SegmentPart, Sentence, SnapshotPart, inspect,
};
pub use model::{
    AdvisorView, AlertSeverity, AlertView, CacheEntryView, CacheView, ClientView, CrashView,
    CutView, DiskView, EntryView, EventView, ExpectationView, Field, FileKind, FileSurvivalView,
    FileView, Frame, HitsView, ImageView, LeaseView, ManifestView, Marker, MarkerKind,
    MembershipView, MessageDetail, MessageKind, MessageView, MetricGroup, MetricRow,
    NameChangeView, NodeDetail, NodeStatus, NodeView, PositionView, ProgressView, PromiseView,
    RecoveryStepView, RoleView, Rule, ScenarioInfo, ScenarioView, ServiceModeView, ServiceView,
    SessionView, SettingChange, SettingKind, SettingRefusal, SettingView, SettingsTable,
    SnapshotProgressView, StandingView, StretchState, StretchView, TimerView, UnsyncedAppendView,
    ViolationView, VotesView, Weight,
};
pub use session::Session;
pub use transcript::transcript;
