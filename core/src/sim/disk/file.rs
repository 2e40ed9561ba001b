//! A file of a simulated disk: the pieces in which it was written, and what became of each.

use bytes::{Bytes, BytesMut};
use imbl::Vector;

/// A file's content. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    pieces: Vector<Piece>,
    len: u64,
    durable: u64,
    /// So many pieces at the start wait for no sync: a sync need not look at them again.
    settled: usize,
}

/// What one append wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    bytes: Bytes,
    state: PieceState,
    /// Its place among all appends to the disk.
    number: u64,
}

/// Whether a crash leaves a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceState {
    /// It is in the page cache; what a crash leaves of it is chance.
    Unsynced,
    /// A sync has made it durable.
    Durable,
    /// A sync of it failed. The page cache holds it as clean, so it reads back fine and later
    /// syncs pass it over: a crash takes it whatever they said (Rebello et al., "Can applications
    /// recover from fsync failures?", USENIX ATC 2020).
    GivenUp,
}

/// What a crash made of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Bytes that were not durable and survive.
    pub(super) kept: u64,
    /// Bytes that are gone.
    pub(super) lost: u64,
    /// Bytes that read as zeros now, because something behind them survives.
    pub(super) zeros: u64,
}

impl File {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How many of its bytes a crash leaves for sure.
    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    pub(super) fn append(&mut self, bytes: Bytes, number: u64) {
        self.push(bytes, PieceState::Unsynced, number);
    }

    fn push(&mut self, bytes: Bytes, state: PieceState, number: u64) {
        self.len += bytes.len() as u64;
        if state == PieceState::Durable {
            self.durable += bytes.len() as u64;
        }
        let piece = Piece {
            bytes,
            state,
            number,
        };
        self.pieces.push_back(piece);
    }

    /// What waits for a sync has waited: it is durable, or never will be.
    pub(super) fn settle(&mut self, state: PieceState) {
        for place in self.settled..self.pieces.len() {
            let piece = &mut self.pieces[place];
            if piece.state == PieceState::Unsynced {
                piece.state = state;
                if state == PieceState::Durable {
                    self.durable += piece.bytes.len() as u64;
                }
            }
        }
        self.settled = self.pieces.len();
    }

    /// The pieces that wait for a sync, with their sizes.
    pub(super) fn unsynced(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let waiting = self.pieces.iter().skip(self.settled);
        let waiting = waiting.filter(|piece| piece.state == PieceState::Unsynced);
        waiting.map(|piece| (piece.number, piece.bytes.len() as u64))
    }

    /// The bytes in order, in stretches of one state.
    pub(super) fn stretches(&self) -> Vec<(PieceState, u64)> {
        let mut stretches: Vec<(PieceState, u64)> = Vec::new();
        for piece in &self.pieces {
            let len = piece.bytes.len() as u64;
            match stretches.last_mut() {
                Some((state, so_far)) if *state == piece.state => *so_far += len,
                _ => stretches.push((piece.state, len)),
            }
        }
        stretches
    }

    /// What the power's end leaves: what is durable, and of each unsynced piece as many bytes as
    /// `survive` says. What is missing before something that survives reads as zeros.
    pub(super) fn cut(&self, mut survive: impl FnMut(u64) -> u64) -> (File, Cut) {
        let (mut left, mut cut, mut missing) = (File::default(), Cut::default(), 0u64);
        for piece in &self.pieces {
            let len = piece.bytes.len() as u64;
            let kept = match piece.state {
                PieceState::Durable => len,
                PieceState::Unsynced => survive(piece.number).min(len),
                PieceState::GivenUp => 0,
            };
            if kept > 0 {
                if missing > 0 {
                    let zeros = Bytes::from(vec![0; missing as usize]);
                    left.push(zeros, PieceState::Durable, piece.number);
                    cut.zeros += std::mem::take(&mut missing);
                }
                let bytes = piece.bytes.slice(..kept as usize);
                left.push(bytes, PieceState::Durable, piece.number);
            }
            if piece.state != PieceState::Durable {
                cut.kept += kept;
            }
            cut.lost += len - kept;
            missing += len - kept;
        }
        left.settled = left.pieces.len();
        (left, cut)
    }

    /// The file as it reads, all of it durable: a copy of it on another disk.
    pub(super) fn copied(&self) -> File {
        let mut copy = self.clone();
        copy.pieces
            .iter_mut()
            .for_each(|piece| piece.state = PieceState::Durable);
        copy.durable = copy.len;
        copy.settled = copy.pieces.len();
        copy
    }

    /// Turns one bit over; tells whether there is such a byte.
    pub(super) fn flip(&mut self, offset: u64, bit: u8) -> bool {
        let mut start = 0;
        for piece in self.pieces.iter_mut() {
            let end = start + piece.bytes.len() as u64;
            if offset < end {
                let mut bytes = BytesMut::from(&piece.bytes[..]);
                bytes[(offset - start) as usize] ^= 1 << bit;
                piece.bytes = bytes.freeze();
                return true;
            }
            start = end;
        }
        false
    }

    /// Cuts so many bytes off its end; it must have them.
    pub(super) fn cut_tail(&mut self, mut bytes: u64) {
        while let Some(mut piece) = self.pieces.pop_back() {
            let len = piece.bytes.len() as u64;
            let cut = len.min(bytes);
            self.len -= cut;
            if piece.state == PieceState::Durable {
                self.durable -= cut;
            }
            bytes -= cut;
            if cut < len {
                piece.bytes.truncate((len - cut) as usize);
                self.pieces.push_back(piece);
                break;
            }
        }
        self.settled = self.settled.min(self.pieces.len());
    }

    pub(super) fn read(&self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.len as usize);
        self.pieces
            .iter()
            .for_each(|piece| whole.extend_from_slice(&piece.bytes));
        whole.freeze()
    }
}
