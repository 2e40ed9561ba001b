//! Names of things: servers, clusters, terms and log positions.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A server of the cluster. Ids start at 1 and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// One life of one cluster: every data directory and every message bears it, so that state of
/// another life is recognised and never mixed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterId(pub u64);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// One life of one server's memory. A server that may have forgotten what it promised goes on under
/// a new one, so that its old votes and acknowledgements and its new ones are never taken for those
/// of one server (as the recovery protocol of Viewstamped Replication Revisited, section 4.3, tells
/// apart the answers to each recovery).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// That of a server which starts for the first time.
    pub const FIRST: Incarnation = Incarnation(1);
}

impl Default for Incarnation {
    fn default() -> Incarnation {
        Incarnation::FIRST
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A server, and the life of its memory that a message comes from or is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The server.
    pub node: NodeId,
    /// Its incarnation.
    pub incarnation: Incarnation,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.incarnation {
            Incarnation::FIRST => self.node.fmt(f),
            later => write!(f, "{}#{later}", self.node),
        }
    }
}

/// A server that has never forgotten anything.
impl From<NodeId> for Address {
    fn from(node: NodeId) -> Address {
        Address {
            node,
            incarnation: Incarnation::FIRST,
        }
    }
}

/// Raft's logical clock (Raft paper, section 5.1). `Term::ZERO` is the term before any election.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Term(pub u64);

impl Term {
    /// The term of a fresh server, and of the empty prefix of a log.
    pub const ZERO: Term = Term(0);

    /// The term that a candidate enters from this one.
    #[must_use]
    pub fn next(self) -> Term {
        Term(
            self.0
                .checked_add(1)
                .expect("terms grow by elections, which take time: 2^64 of them cannot happen"),
        )
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A prefix of the log, named by its length: the first entry is at index 1, and `Index::ZERO`
/// is the empty prefix that every log holds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Index(pub u64);

impl Index {
    /// The empty prefix.
    pub const ZERO: Index = Index(0);

    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Index {
        Index(
            self.0
                .checked_add(1)
                .expect("a log of 2^64 entries cannot be written"),
        )
    }

    /// The position before this one; the empty prefix has none.
    #[must_use]
    pub fn prev(self) -> Option<Index> {
        self.0.checked_sub(1).map(Index)
    }

    /// How many entries lie in `(other, self]`; 0 when `other` is not before `self`.
    #[must_use]
    pub fn since(self, other: Index) -> u64 {
        self.0.saturating_sub(other.0)
    }

    /// The position `count` entries further.
    #[must_use]
    pub fn plus(self, count: u64) -> Index {
        Index(
            self.0
                .checked_add(count)
                .expect("a log of 2^64 entries cannot be written"),
        )
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An entry's place in one lineage: two logs that agree on a position agree on all before it
/// (Log Matching, Raft paper, section 5.3).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// The term in which the entry was made.
    pub term: Term,
    /// Where it stands. Ordered after `term`, so that `Ord` is the "up-to-date" order of votes
    /// (Raft paper, section 5.4.1).
    pub index: Index,
}

impl Position {
    /// The position of the empty prefix.
    pub const ZERO: Position = Position {
        term: Term::ZERO,
        index: Index::ZERO,
    };

    /// The position of entry `index` of term `term`.
    #[must_use]
    pub fn new(term: Term, index: Index) -> Position {
        Position { term, index }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@t{}", self.index, self.term)
    }
}
