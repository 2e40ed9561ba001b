//! Bytes that came in pieces.

use bytes::{Bytes, BytesMut};
use core::hash::{Hash, Hasher};
use imbl::OrdMap;

/// A string of bytes in pieces, none of which is copied to join them. Cloning is cheap. Two are equal if
/// their bytes are, whatever the pieces.
#[derive(Clone, Debug, Default)]
pub struct Rope {
    /// By the offset at which they begin; none is empty.
    pieces: OrdMap<u64, Bytes>,
    len: u64,
    checksum: u32,
}

impl Rope {
    /// Adds a piece at the end.
    pub fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        self.checksum = crc32c::crc32c_append(self.checksum, &piece);
        let offset = self.len;
        self.len += piece.len() as u64;
        self.pieces.insert(offset, piece);
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The CRC-32C of all bytes.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        self.checksum
    }

    /// The pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        self.pieces.values()
    }

    /// The bytes from `start` on, at most so many, fewer only at the end. They are copied only where
    /// they lie in more than one piece.
    #[must_use]
    pub fn slice(&self, start: u64, most: u64) -> Bytes {
        let end = start.saturating_add(most).min(self.len);
        if start >= end {
            return Bytes::new();
        }
        let first = self
            .pieces
            .get_prev(&start)
            .map_or(0, |(offset, _)| *offset);
        let within = self.pieces.range(first..end).map(|(offset, piece)| {
            let from = start.saturating_sub(*offset) as usize;
            let to = (end - offset).min(piece.len() as u64) as usize;
            piece.slice(from..to)
        });
        join(within)
    }

    /// All bytes in one piece.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        join(self.pieces().cloned())
    }
}

fn join(mut pieces: impl Iterator<Item = Bytes>) -> Bytes {
    let first = pieces.next().unwrap_or_default();
    let Some(second) = pieces.next() else {
        return first;
    };
    let mut joined = BytesMut::from(first);
    joined.extend_from_slice(&second);
    pieces.for_each(|piece| joined.extend_from_slice(&piece));
    joined.freeze()
}

impl From<Bytes> for Rope {
    fn from(piece: Bytes) -> Rope {
        let mut rope = Rope::default();
        rope.push(piece);
        rope
    }
}

impl PartialEq for Rope {
    fn eq(&self, other: &Rope) -> bool {
        let bytes = |rope| Rope::pieces(rope).flatten();
        (self.len, self.checksum) == (other.len, other.checksum) && bytes(self).eq(bytes(other))
    }
}

impl Eq for Rope {}

impl Hash for Rope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.len, self.checksum).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::Rope;
    use bytes::Bytes;

    #[test]
    fn what_is_sliced_is_what_was_pushed() {
        let whole: Vec<u8> = (0..60).collect();
        for piece in [1, 7, 20, 60] {
            let mut rope = Rope::default();
            assert!(rope.is_empty() && rope.to_bytes().is_empty());
            for piece in whole.chunks(piece) {
                rope.push(Bytes::copy_from_slice(piece));
                rope.push(Bytes::new());
            }
            assert_eq!(rope.len(), 60);
            assert_eq!(rope.pieces().count(), 60_usize.div_ceil(piece));
            assert_eq!(rope.checksum(), crc32c::crc32c(&whole));
            assert_eq!(rope, Rope::from(Bytes::copy_from_slice(&whole)));
            assert_eq!(rope.to_bytes(), whole);
            for start in 0..65 {
                for most in [0, 1, 6, 7, 8, 33, u64::MAX] {
                    let end = (start as u64).saturating_add(most).min(60) as usize;
                    let expected = whole.get(start..end).unwrap_or_default();
                    assert_eq!(rope.slice(start as u64, most), expected, "{start}, {most}");
                }
            }
        }
    }

    #[test]
    fn other_bytes_are_not_equal() {
        let rope = |text: &'static str| Rope::from(Bytes::from_static(text.as_bytes()));
        assert_ne!(rope("abc"), rope("abd"));
        assert_ne!(rope("abc"), rope("ab"));
    }
}
