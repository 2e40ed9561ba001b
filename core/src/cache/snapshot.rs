//! Snapshots of the cache: written and read piece by piece.
//!
//! A snapshot is a format number and rows: the head, the keys in order with all that is known of them,
//! the sessions in order, what is remembered of entries that left, and the end. Each row is its length
//! in four bytes, lowest first, and then itself as postcard writes it. What can be told from the rows,
//! such as the order of expiry, is not in it. Equal states give equal bytes, whatever the size of the
//! pieces.
//!
//! [`SnapshotWriter`] holds a clone of the cache, which shares all with the original until that goes on;
//! it encodes only what it is asked for. [`SnapshotReader`] holds no more than the row that is not whole
//! yet.

use super::command::SessionId;
use super::config::Config;
use super::eviction::{Cursor, Eviction, Kept, Remnant};
use super::session::Session;
use super::state::{Cache, key_hash};
use super::store::{Held, size};
use crate::types::LogTime;
use bytes::Bytes;
use core::ops::Bound;
use serde::{Deserialize, Serialize};

/// The version of the snapshot format that this build writes and reads.
const FORMAT: u16 = 3;

#[derive(Serialize, Deserialize)]
enum Row {
    Head {
        time: LogTime,
        capacity: u64,
        named: u64,
        eviction: Box<Eviction>,
    },
    Key {
        key: Bytes,
        held: Held,
        kept: Kept,
    },
    Session(SessionId, Session),
    Remnant(Remnant),
    End,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Head,
    /// The keys behind this one.
    Keys(Option<Bytes>),
    Sessions(Option<SessionId>),
    Remnants(Cursor),
    End,
    Nothing,
}

/// Writes a snapshot of the cache as it was when this began.
#[derive(Clone, Debug)]
pub struct SnapshotWriter {
    cache: Cache,
    place: Place,
    /// Encoded, and longer than the pieces so far.
    rest: Vec<u8>,
}

impl SnapshotWriter {
    /// Takes the state of now; encodes nothing yet.
    #[must_use]
    pub fn new(cache: &Cache) -> SnapshotWriter {
        SnapshotWriter {
            cache: cache.clone(),
            place: Place::Head,
            rest: FORMAT.to_le_bytes().into(),
        }
    }

    /// The next piece, of `most` bytes unless it is the last one; none after that. No more is encoded
    /// for it than one row beyond its end.
    pub fn next_piece(&mut self, most: usize) -> Option<Bytes> {
        let most = most.max(1);
        while self.rest.len() < most && self.place != Place::Nothing {
            self.encode_rows(most);
        }
        let behind = self.rest.split_off(most.min(self.rest.len()));
        let piece = core::mem::replace(&mut self.rest, behind);
        (!piece.is_empty()).then(|| piece.into())
    }

    /// Whether all was handed out.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.place == Place::Nothing && self.rest.is_empty()
    }

    /// Encodes rows until there are so many bytes, or until those of one kind are over.
    fn encode_rows(&mut self, most: usize) {
        let state = &self.cache.state;
        match &self.place {
            Place::Head => {
                let (time, capacity, named) = (state.time, state.capacity, state.named);
                let eviction = Box::new(state.eviction.clone());
                let head = Row::Head {
                    time,
                    capacity,
                    named,
                    eviction,
                };
                encode(&head, &mut self.rest);
                self.place = Place::Keys(None);
            }
            Place::Keys(last) => {
                let after = last
                    .as_ref()
                    .map_or(Bound::Unbounded, |last| Bound::Excluded(&last[..]));
                let mut next = Place::Sessions(None);
                for (key, held) in state.store.from(after) {
                    let kept = state.eviction.kept(held.entry);
                    let kept = kept.expect("eviction knows every entry");
                    let (key, held) = (key.clone(), held.clone());
                    let last = Some(key.clone());
                    encode(&Row::Key { key, held, kept }, &mut self.rest);
                    if self.rest.len() >= most {
                        next = Place::Keys(last);
                        break;
                    }
                }
                self.place = next;
            }
            Place::Sessions(last) => {
                let mut next = Place::Remnants(Cursor::START);
                for (id, session) in state.sessions.after(*last) {
                    encode(&Row::Session(id, session.clone()), &mut self.rest);
                    if self.rest.len() >= most {
                        next = Place::Sessions(Some(id));
                        break;
                    }
                }
                self.place = next;
            }
            Place::Remnants(cursor) => match state.eviction.remnant(*cursor) {
                Some((next, remnant)) => {
                    encode(&Row::Remnant(remnant), &mut self.rest);
                    self.place = Place::Remnants(next);
                }
                None => self.place = Place::End,
            },
            Place::End => {
                encode(&Row::End, &mut self.rest);
                self.place = Place::Nothing;
            }
            Place::Nothing => {}
        }
    }
}

fn encode(row: &Row, out: &mut Vec<u8>) {
    let row = postcard::to_allocvec(row).expect("a row holds nothing that cannot be encoded");
    let len = u32::try_from(row.len()).expect("configured limits bound every row");
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&row);
}

/// Reads a snapshot back, as its pieces come.
#[derive(Clone, Debug)]
pub struct SnapshotReader {
    cache: Cache,
    /// What is not a whole row yet.
    rest: Vec<u8>,
    /// Rows read.
    rows: u64,
    stage: Stage,
}

/// The kind of the latest row, and its key: keys rise within a kind, and kinds follow each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Format,
    Nothing,
    Head,
    Key(Bytes),
    Session(SessionId),
    /// Of those, each is refused if it is there already.
    Remnant,
    End,
}

impl SnapshotReader {
    /// Nothing came yet.
    #[must_use]
    pub fn new(config: Config) -> SnapshotReader {
        SnapshotReader {
            cache: Cache::new(config),
            rest: Vec::new(),
            rows: 0,
            stage: Stage::Format,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// It is not what the writer wrote there. Nothing more can be read then.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), RestoreError> {
        if self.rest.is_empty() {
            let read = self.read(piece)?;
            self.rest.extend_from_slice(&piece[read..]);
        } else {
            self.rest.extend_from_slice(piece);
            let pending = core::mem::take(&mut self.rest);
            let read = self.read(&pending)?;
            self.rest = pending;
            self.rest.drain(..read);
        }
        Ok(())
    }

    /// The cache, when all pieces were read.
    ///
    /// # Errors
    /// Something is missing, or the rows contradict each other.
    pub fn finish(mut self) -> Result<Cache, RestoreError> {
        if self.stage != Stage::End || !self.rest.is_empty() {
            return Err(RestoreError::CutShort { rows: self.rows });
        }
        let fits = self.cache.bytes() <= self.cache.capacity();
        if !fits || !self.cache.state.eviction.finish() {
            return Err(RestoreError::Contradiction);
        }
        Ok(self.cache)
    }

    /// Reads what is whole of these bytes, and says how many that were.
    fn read(&mut self, bytes: &[u8]) -> Result<usize, RestoreError> {
        let mut read = 0;
        if self.stage == Stage::Format {
            let Some(format) = bytes.first_chunk() else {
                return Ok(0);
            };
            let given = u16::from_le_bytes(*format);
            if given != FORMAT {
                return Err(RestoreError::Format { given });
            }
            self.stage = Stage::Nothing;
            read = format.len();
        }
        while let Some((len, behind)) = bytes[read..].split_first_chunk() {
            let len = u32::from_le_bytes(*len) as usize;
            let Some(row) = behind.get(..len) else {
                break;
            };
            self.rows += 1;
            self.take(row).ok_or(RestoreError::Row { row: self.rows })?;
            read += size_of::<u32>() + len;
        }
        Ok(read)
    }

    /// Takes a row; none if it cannot come here.
    fn take(&mut self, row: &[u8]) -> Option<()> {
        let (row, rest) = postcard::take_from_bytes::<Row>(row).ok()?;
        let stage = match &row {
            Row::Head { .. } => Stage::Head,
            Row::Key { key, .. } => Stage::Key(key.clone()),
            Row::Session(id, _) => Stage::Session(*id),
            Row::Remnant(_) => Stage::Remnant,
            Row::End => Stage::End,
        };
        let again = stage == Stage::Remnant && self.stage == Stage::Remnant;
        let begun = stage == Stage::Head || self.stage >= Stage::Head;
        if !rest.is_empty() || !begun || !(stage > self.stage || again) {
            return None;
        }
        self.stage = stage;
        self.restore(row).then_some(())
    }

    /// Puts into the cache what a row says; false if it cannot be.
    fn restore(&mut self, row: Row) -> bool {
        let state = &mut self.cache.state;
        match row {
            Row::Head {
                time,
                capacity,
                named,
                mut eviction,
            } => {
                eviction.set_capacity(capacity);
                (state.time, state.capacity, state.named) = (time, capacity, named);
                state.eviction = *eviction;
                true
            }
            Row::Key { key, held, kept } => {
                let entry = held.entry;
                let alone = state.store.key_of(entry).is_none() && entry.0 <= state.named;
                let known = (entry, key_hash(&key), size(&key, &held));
                alone && state.eviction.put_back(known, kept) && {
                    state.store.insert(key, held);
                    true
                }
            }
            Row::Session(id, session) => {
                let session = session.restored();
                session.is_some_and(|session| {
                    state.sessions.insert(id, session);
                    true
                })
            }
            Row::Remnant(remnant) => state.eviction.remember(&remnant),
            Row::End => true,
        }
    }
}

/// Why bytes are not a cache.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Another version wrote them, or they are something else.
    #[error("it has format {given}, and this version reads {FORMAT}")]
    Format {
        /// The version found.
        given: u16,
    },
    /// A row is something else, out of order, or contradicts those before.
    #[error("its row {row} is damaged or out of place")]
    Row {
        /// Which one, from 1.
        row: u64,
    },
    /// The end is missing, or more came behind it.
    #[error("it does not end after its {rows} whole rows")]
    CutShort {
        /// Rows read.
        rows: u64,
    },
    /// Each row is right, and together they are not.
    #[error("its rows contradict each other")]
    Contradiction,
}

impl Cache {
    /// The whole state as bytes, in one piece; equal states give equal bytes.
    #[must_use]
    pub fn snapshot(&self) -> Bytes {
        let mut writer = SnapshotWriter::new(self);
        writer.next_piece(usize::MAX).unwrap_or_default()
    }

    /// The state that [`Cache::snapshot`] wrote.
    ///
    /// # Errors
    /// The bytes are something else, or of another version.
    pub fn restore(config: Config, bytes: &[u8]) -> Result<Cache, RestoreError> {
        let mut reader = SnapshotReader::new(config);
        reader.push(bytes)?;
        reader.finish()
    }
}

#[cfg(test)]
mod tests;
