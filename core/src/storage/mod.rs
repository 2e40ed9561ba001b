//! What survives a crash: the write-ahead log, snapshots, and recovery.
//!
//! This floor knows records, not their meaning: entries and snapshots are opaque bytes with a
//! position. It does no I/O of its own: [`Wal`] and [`save_snapshot`] say which operations to
//! execute, and [`recover`] reads what a [`Disk`] holds.
//!
//! | file | holds |
//! |---|---|
//! | `wal-00000001.log`, ... | [`Record`]s; each segment opens with all that older ones say |
//! | `snapshot-INDEX-TERM.snap` | one snapshot; it counts once a [`Record::Snapshot`] names it |
//! | `*.quarantine` | what recovery could not use; never deleted, never read |
//!
//! Read in this order: `disk.rs`, `record.rs`, `wal.rs`, `snapshot.rs`; then `cases.rs`, `replay.rs`,
//! `segments.rs` and `recover.rs`; then `quarantine.rs`. With the feature
//! `directory` there is a real disk as well, for hosts: `directory.rs`.

pub mod cases;
mod config;
#[cfg(feature = "directory")]
mod directory;
mod disk;
mod quarantine;
mod record;
mod recover;
mod replay;
mod report;
mod segments;
mod snapshot;
mod survey;
#[cfg(test)]
mod tests;
mod wal;

pub use config::Config;
#[cfg(feature = "directory")]
pub use directory::{Directory, DirectoryError, DirectoryReader, Holder};
pub use disk::{Disk, DiskError, DiskOp, FileInfo};
pub use quarantine::{Quarantine, Quarantined, list as list_quarantine};
pub use record::{
    FORMAT, HardState, Identity, LogEntry, MAX_BODY, Record, RecordError, SegmentHeader,
    SegmentLen, SnapshotMark, WriteMark,
};
pub use recover::{Recovered, Trust, recover, supersede};
pub use report::{AsideReason, Fault, Finding, RecoveryError, Report};
pub(crate) use snapshot::FOOTER_BYTES as SNAPSHOT_FOOTER_BYTES;
pub use snapshot::{
    SnapshotError, SnapshotFile, SnapshotFileWriter, is_snapshot_file, load as load_snapshot,
    open as open_snapshot, save as save_snapshot,
};
pub use survey::{Ending, Survey, SurveyedSegment, SurveyedSnapshot, survey};
pub use wal::{Segment, Wal, segment_file, segment_sequence};

#[cfg(all(feature = "directory", target_arch = "wasm32"))]
compile_error!("the feature `directory` needs a file system, and wasm has none");
