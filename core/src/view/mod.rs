//! The world made visible: plain data for a page, and the one place where events become words.

mod model;

pub use model::{
    CacheEntryView, ClientView, CutView, EntryView, EventView, ExpectationView, Field, FileKind,
    FileView, Frame, Marker, MarkerKind, MessageDetail, MessageKind, MessageView, NodeDetail,
    NodeStatus, NodeView, PositionView, ProgressView, RoleView, Rule, ScenarioInfo, ScenarioView,
    SessionView, SnapshotProgressView, TimerView, ViolationView, VotesView, Weight,
};
