//! Snapshot files: written piece by piece under a temporary name, synced, renamed, and the directory
//! synced, so that a file of the final name is whole. It counts only once the write-ahead log names it.
//!
//! The length and the checksum of what it holds stand in a footer, for they are known last.

use super::disk::{Disk, DiskError, DiskOp};
use super::record::{Identity, SnapshotMark};
use crate::types::Position;
use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"FLOTSNAP";
/// The version of the format of these files.
const FORMAT: u16 = 3;
/// A length in 8 bytes, a checksum in 4, and the checksum of these two in 4.
pub(crate) const FOOTER_BYTES: usize = 16;

#[derive(Serialize, Deserialize)]
struct Header {
    format: u16,
    identity: Identity,
    position: Position,
}

/// Says which operations write a snapshot file, as its pieces come.
#[derive(Clone, Debug)]
pub struct SnapshotFileWriter {
    mark: SnapshotMark,
}

impl SnapshotFileWriter {
    /// Begins the file of the snapshot that covers `position`.
    #[must_use]
    pub fn begin(identity: Identity, position: Position) -> (SnapshotFileWriter, DiskOp) {
        let header = Header {
            format: FORMAT,
            identity,
            position,
        };
        let header = postcard::to_allocvec(&header).expect("a header can always be encoded");
        let mut head = BytesMut::from(&MAGIC[..]);
        head.put_u32_le(u32::try_from(header.len()).expect("a header is a few dozen bytes"));
        head.put_u32_le(crc32c::crc32c(&header));
        head.extend_from_slice(&header);
        let mark = SnapshotMark {
            position,
            file: file_name(position),
            len: 0,
            checksum: 0,
        };
        let writer = SnapshotFileWriter { mark };
        let begins = writer.write(head.freeze());
        (writer, begins)
    }

    /// The next piece of what the file holds.
    pub fn append(&mut self, piece: Bytes) -> DiskOp {
        self.mark.len += piece.len() as u64;
        self.mark.checksum = crc32c::crc32c_append(self.mark.checksum, &piece);
        self.write(piece)
    }

    /// Makes durable what was written so far.
    #[must_use]
    pub fn sync(&self) -> DiskOp {
        let file = self.temporary();
        DiskOp::Sync { file }
    }

    /// All pieces are written: how a record of the log names the file, and what makes it count.
    #[must_use]
    pub fn finish(self) -> (SnapshotMark, Vec<DiskOp>) {
        let mut footer = BytesMut::with_capacity(FOOTER_BYTES);
        footer.put_u64_le(self.mark.len);
        footer.put_u32_le(self.mark.checksum);
        footer.put_u32_le(crc32c::crc32c(&footer));
        let rename = DiskOp::Rename {
            from: self.temporary(),
            to: self.mark.file.clone(),
        };
        let footer = self.write(footer.freeze());
        let ops = vec![footer, self.sync(), rename, DiskOp::SyncDir];
        (self.mark, ops)
    }

    /// Removes what was written: the file is not wanted any more.
    #[must_use]
    pub fn abandon(self) -> DiskOp {
        let file = self.temporary();
        DiskOp::Remove { file }
    }

    fn write(&self, bytes: Bytes) -> DiskOp {
        let file = self.temporary();
        DiskOp::Append { file, bytes }
    }

    fn temporary(&self) -> String {
        format!("{}.tmp", self.mark.file)
    }
}

/// A whole snapshot file at once: how a record of the log names it, and the operations that write it.
#[must_use]
pub fn save(identity: Identity, position: Position, data: &Bytes) -> (SnapshotMark, Vec<DiskOp>) {
    let (mut writer, begins) = SnapshotFileWriter::begin(identity, position);
    let piece = writer.append(data.clone());
    let (mark, finishes) = writer.finish();
    let ops = [begins, piece].into_iter().chain(finishes);
    (mark, ops.collect())
}

fn file_name(position: Position) -> String {
    format!(
        "snapshot-{:020}-{:010}.snap",
        position.index.0, position.term.0
    )
}

/// Whether a file is a snapshot, finished or not.
#[must_use]
pub fn is_snapshot_file(name: &str) -> bool {
    name.starts_with("snapshot-") && (name.ends_with(".snap") || name.ends_with(".snap.tmp"))
}

/// Whether a snapshot file has its final name.
#[must_use]
pub fn is_finished(name: &str) -> bool {
    is_snapshot_file(name) && !name.ends_with(".tmp")
}

/// A snapshot as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Who wrote it.
    pub identity: Identity,
    /// How a record of the log names it.
    pub mark: SnapshotMark,
    /// The snapshot.
    pub data: Bytes,
}

/// Reads the snapshot that a record of the log names.
///
/// # Errors
/// It is not there, not whole, or not the one named.
pub fn load(
    disk: &dyn Disk,
    identity: Identity,
    mark: &SnapshotMark,
) -> Result<SnapshotFile, SnapshotError> {
    let whole = disk.read(&mark.file).map_err(SnapshotError::Disk)?;
    let header = read_header(&whole)?.0;
    if !header.identity.is_same_server(identity) {
        return Err(SnapshotError::Foreign {
            found: header.identity,
        });
    }
    let read = open(&mark.file, &whole)?;
    if read.mark != *mark {
        return Err(SnapshotError::NotTheNamed {
            found: header.position,
        });
    }
    Ok(read)
}

/// Reads any snapshot, given the content of its file.
///
/// # Errors
/// It is not whole.
pub fn open(file: &str, whole: &Bytes) -> Result<SnapshotFile, SnapshotError> {
    let (header, start) = read_header(whole)?;
    let footer = whole[start..].last_chunk::<FOOTER_BYTES>();
    let (expected, checksum) = footer.and_then(read_footer).ok_or(SnapshotError::Footer)?;
    let data = whole.slice(start..whole.len() - FOOTER_BYTES);
    let found = data.len() as u64;
    if found != expected {
        return Err(SnapshotError::Length { found, expected });
    }
    if crc32c::crc32c(&data) != checksum {
        return Err(SnapshotError::Checksum);
    }
    let mark = SnapshotMark {
        position: header.position,
        file: file.into(),
        len: expected,
        checksum,
    };
    Ok(SnapshotFile {
        identity: header.identity,
        mark,
        data,
    })
}

/// The length and the checksum that a footer tells.
fn read_footer(footer: &[u8; FOOTER_BYTES]) -> Option<(u64, u32)> {
    let (told, check) = footer.split_last_chunk::<4>()?;
    let (len, checksum) = told.split_first_chunk::<8>()?;
    let checksum = u32::from_le_bytes(checksum.try_into().ok()?);
    let intact = crc32c::crc32c(told) == u32::from_le_bytes(*check);
    intact.then_some((u64::from_le_bytes(*len), checksum))
}

/// Whose snapshot it is, given the content of its file.
///
/// # Errors
/// The header is damaged, or of another format.
pub fn owner(whole: &[u8]) -> Result<Identity, SnapshotError> {
    read_header(whole).map(|(header, _)| header.identity)
}

fn read_header(whole: &[u8]) -> Result<(Header, usize), SnapshotError> {
    let (header, end) = intact_header(whole).ok_or(SnapshotError::Header)?;
    // Every format begins its header with its number.
    let (given, _) = postcard::take_from_bytes(header).map_err(|_| SnapshotError::Header)?;
    if given != FORMAT {
        return Err(SnapshotError::Format { given });
    }
    match postcard::take_from_bytes(header) {
        Ok((header, [])) => Ok((header, end)),
        Ok(_) | Err(_) => Err(SnapshotError::Header),
    }
}

/// Where the snapshot begins in its file, if the header is whole.
pub(super) fn data_at(whole: &[u8]) -> Option<u64> {
    intact_header(whole).map(|(_, end)| end as u64)
}

fn intact_header(whole: &[u8]) -> Option<(&[u8], usize)> {
    let rest = whole.strip_prefix(MAGIC)?;
    let (head, rest) = rest.split_at_checked(8)?;
    let len = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let checksum = u32::from_le_bytes(head[4..].try_into().ok()?);
    let header = rest.get(..len)?;
    (crc32c::crc32c(header) == checksum).then_some((header, MAGIC.len() + 8 + len))
}

/// Why a snapshot cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum SnapshotError {
    /// The file cannot be read.
    #[error("{0}")]
    Disk(DiskError),
    /// The header is damaged.
    #[error("its header is damaged")]
    Header,
    /// Another version wrote it.
    #[error("it has format {given}, and this version reads {FORMAT}")]
    Format {
        /// The version found.
        given: u16,
    },
    /// It belongs to another server or another cluster.
    #[error("it belongs to {found}")]
    Foreign {
        /// Whose it is.
        found: Identity,
    },
    /// It is another snapshot than the log names.
    #[error("it covers {found}, which is not what the log names")]
    NotTheNamed {
        /// What it covers.
        found: Position,
    },
    /// It is longer or shorter than written.
    #[error("it has {found} bytes instead of {expected}")]
    Length {
        /// Bytes found.
        found: u64,
        /// Bytes written.
        expected: u64,
    },
    /// A byte changed.
    #[error("its checksum is wrong")]
    Checksum,
    /// The footer is damaged, or not there.
    #[error("its footer is damaged or missing")]
    Footer,
}
