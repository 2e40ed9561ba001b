//! A disk made of arbitrary bytes, such that small changes of the bytes are small changes of the
//! disk. Checksums and names are made here: guessing them would be all that a fuzzer does.

use bytes::{Buf, Bytes, BytesMut};
use flotilla_core::storage::{
    Disk, DiskError, DiskOp, FileInfo, Identity, Record, save_snapshot, segment_file,
};
use flotilla_core::types::{ClusterId, Incarnation, Index, NodeId, Position, Term};
use std::collections::BTreeMap;

/// Files by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    files: BTreeMap<String, Vec<u8>>,
}

/// What a byte of the description stands for. The description is a row of files, each begun by one
/// of the first four, and each a row of pieces.
mod tag {
    /// A segment; its number follows.
    pub const SEGMENT: u8 = 0;
    /// A snapshot; the index and the term in its name follow.
    pub const SNAPSHOT: u8 = 1;
    /// The same, not finished.
    pub const UNFINISHED: u8 = 2;
    /// A segment that was set aside; its number follows.
    pub const ASIDE: u8 = 3;
    /// A piece: bytes as they are.
    pub const BYTES: u8 = 4;
    /// A piece: the body of a record, which gets its length and checksum.
    pub const RECORD: u8 = 5;
    /// A piece: a whole snapshot; the node, the index and the term that it names come first.
    pub const STATE: u8 = 6;
    /// How many there are.
    pub const COUNT: u8 = 7;
}

/// The longest content of a file: more says nothing new.
const FILE_BYTES: usize = 1 << 16;

impl Image {
    /// The disk that the bytes describe; every description is one.
    #[must_use]
    pub fn described(mut bytes: &[u8]) -> Image {
        let mut image = Image::default();
        let mut file = segment_file(1);
        while bytes.has_remaining() {
            match bytes.get_u8() % tag::COUNT {
                tag::SEGMENT => file = segment_file(number(&mut bytes)),
                tag::SNAPSHOT => file = snapshot_file(position(&mut bytes)),
                tag::UNFINISHED => file = format!("{}.tmp", snapshot_file(position(&mut bytes))),
                tag::ASIDE => file = format!("{}.quarantine", segment_file(number(&mut bytes))),
                tag::BYTES => {
                    let piece = piece(&mut bytes);
                    image.push(&file, piece);
                }
                tag::RECORD => {
                    let body = piece(&mut bytes);
                    image.push(&file, &record(body));
                }
                tag::STATE => {
                    let node = NodeId(number(&mut bytes) as u32);
                    let covers = position(&mut bytes);
                    let state = Bytes::copy_from_slice(piece(&mut bytes));
                    image.push(&file, &snapshot(node, covers, &state));
                }
                _ => unreachable!("a remainder is less"),
            }
        }
        image
    }

    /// A description of the disk; of what is no file of a server, nothing.
    #[must_use]
    pub fn describe(disk: &dyn Disk) -> Vec<u8> {
        let mut described = Vec::new();
        for info in disk.list() {
            let Ok(content) = disk.read(&info.name) else {
                continue;
            };
            let numbers = numbers_in(&info.name);
            match numbers[..] {
                [sequence] => {
                    described.extend([tag::SEGMENT, sequence]);
                    describe_records(&content, &mut described);
                }
                [index, term] => {
                    described.extend([tag::SNAPSHOT, index, term]);
                    describe_bytes(tag::BYTES, &content, &mut described);
                }
                _ => {}
            }
        }
        described
    }

    fn push(&mut self, file: &str, bytes: &[u8]) {
        let content = self.files.entry(file.into()).or_default();
        let room = FILE_BYTES.saturating_sub(content.len());
        content.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self, file: &str) -> Result<Vec<u8>, DiskError> {
        let found = self.files.remove(file);
        found.ok_or_else(|| DiskError::NotFound { file: file.into() })
    }
}

fn number(bytes: &mut &[u8]) -> u64 {
    u64::from(bytes.try_get_u8().unwrap_or_default())
}

fn position(bytes: &mut &[u8]) -> Position {
    let index = Index(number(bytes));
    Position::new(Term(number(bytes)), index)
}

fn piece<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let wanted = usize::from(bytes.try_get_u16_le().unwrap_or_default());
    let (piece, rest) = bytes.split_at(wanted.min(bytes.len()));
    *bytes = rest;
    piece
}

fn record(body: &[u8]) -> Bytes {
    let mut framed = BytesMut::new();
    match postcard::from_bytes::<Record>(body) {
        Ok(record) => record.encode(&mut framed),
        Err(_) => framed.extend_from_slice(body),
    }
    framed.freeze()
}

fn snapshot_file(covers: Position) -> String {
    let (index, term) = (covers.index, covers.term);
    format!("snapshot-{:020}-{:010}.snap", index.0, term.0)
}

fn snapshot(node: NodeId, covers: Position, state: &Bytes) -> Vec<u8> {
    let identity = Identity { node, ..IDENTITY };
    let (_, ops) = save_snapshot(identity, covers, state);
    let appended = ops.into_iter().filter_map(|op| match op {
        DiskOp::Append { bytes, .. } => Some(bytes),
        _ => None,
    });
    appended.collect::<Vec<_>>().concat()
}

/// Whose disk it is said to be.
pub const IDENTITY: Identity = Identity {
    cluster: ClusterId(7),
    node: NodeId(1),
    incarnation: Incarnation(2),
};

fn numbers_in(name: &str) -> Vec<u8> {
    let is_ours = name.ends_with(".log") || name.ends_with(".snap");
    let words = name.split(['-', '.']).filter(|_| is_ours);
    words.filter_map(|word| word.parse().ok()).collect()
}

fn describe_records(mut content: &[u8], described: &mut Vec<u8>) {
    while let Ok((record, len)) = Record::decode(content) {
        let body = postcard::to_allocvec(&record).expect("it was decoded");
        describe_bytes(tag::RECORD, &body, described);
        content = &content[len..];
    }
    describe_bytes(tag::BYTES, content, described);
}

fn describe_bytes(tag: u8, content: &[u8], described: &mut Vec<u8>) {
    for part in content.chunks(usize::from(u16::MAX)) {
        described.push(tag);
        described.extend((part.len() as u16).to_le_bytes());
        described.extend_from_slice(part);
    }
}

impl Disk for Image {
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let content = self.files.entry(file.into()).or_default();
        content.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        self.read(file).map(|_| ())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        Ok(())
    }

    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        let found = self.files.get(file);
        let found = found.map(|content| Bytes::copy_from_slice(content));
        found.ok_or_else(|| DiskError::NotFound { file: file.into() })
    }

    fn list(&self) -> Vec<FileInfo> {
        let info = |(name, content): (&String, &Vec<u8>)| FileInfo {
            name: name.clone(),
            len: content.len() as u64,
        };
        self.files.iter().map(info).collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let content = self.take(from)?;
        self.files.insert(to.into(), content);
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.take(file).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::{IDENTITY, Image, record, snapshot};
    use bytes::Bytes;
    use flotilla_core::storage::{Config, Disk, recover};
    use flotilla_core::types::{Index, NodeId, Position, Term};

    #[test]
    fn a_described_disk_is_the_disk() {
        let mut disk = Image::default();
        let fresh = recover(&disk, IDENTITY, &Config::default()).expect("nothing is refused");
        let mut wal = fresh.wal;
        let commit = flotilla_core::storage::Record::Commit(Index::ZERO);
        for op in fresh.repairs.into_iter().chain(wal.append(&[commit])) {
            op.execute(&mut disk).expect("it never fails");
        }
        let covers = Position::new(Term(2), Index(9));
        let state = snapshot(NodeId(1), covers, &Bytes::from_static(b"state"));
        disk.append(&super::snapshot_file(covers), &state)
            .expect("it never fails");
        assert!(disk.list().len() > 1);
        assert_eq!(Image::described(&Image::describe(&disk)), disk);
    }

    #[test]
    fn what_is_no_record_stays_as_it_is() {
        assert_eq!(&record(&[0xFF, 1])[..], [0xFF, 1]);
    }
}
