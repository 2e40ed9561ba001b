//! A cache with one session and a log, for tests of one behaviour each.

use crate::cache::{
    Answer, Applied, Apply, Cache, Command, Config, Found, Operation, PolicyKind, Query, Refusal,
    Sequence, SessionId, Stamped, TimeToLive,
};
use crate::types::{Index, LogTime};
use bytes::Bytes;

/// The session that every book begins with.
pub(super) const SESSION: u64 = 1;

pub(super) struct Book {
    pub(super) cache: Cache,
    index: u64,
    time: u64,
    sequence: u64,
}

impl Book {
    /// Session 1 is open, at log time 0.
    pub(super) fn new(config: Config) -> Book {
        let mut book = Book {
            cache: Cache::new(config),
            index: 0,
            time: 0,
            sequence: 0,
        };
        let opened = book.command(Command::OpenSession).answer;
        assert_eq!(opened, Answer::SessionOpened(SessionId(SESSION)));
        book
    }

    /// A cache of so many bytes, that evicts what was not used for longest.
    pub(super) fn of_capacity(capacity_bytes: u64) -> Book {
        Book::new(Config {
            capacity_bytes,
            policy: PolicyKind::Lru,
            ..Config::default()
        })
    }

    /// What comes next is stamped with this log time.
    pub(super) fn at(&mut self, time: u64) -> &mut Book {
        self.time = time;
        self
    }

    pub(super) fn command(&mut self, command: Command) -> Applied {
        self.index += 1;
        let stamped = Stamped {
            time: LogTime(self.time),
            touched: Vec::new(),
            command,
        };
        let applied = self.cache.apply(Index(self.index), &stamped);
        self.cache.check_invariants();
        applied
    }

    /// The next request of the session, with everything before it acknowledged.
    pub(super) fn applies(&mut self, operation: Operation) -> Applied {
        self.sequence += 1;
        self.request((SESSION, self.sequence, self.sequence), operation)
    }

    pub(super) fn does(&mut self, operation: Operation) -> Answer {
        self.applies(operation).answer
    }

    pub(super) fn request(
        &mut self,
        (session, sequence, acknowledged): (u64, u64, u64),
        operation: Operation,
    ) -> Applied {
        self.command(Command::Apply(Apply {
            session: SessionId(session),
            sequence: Sequence(sequence),
            acknowledged: Sequence(acknowledged),
            operation,
        }))
    }

    /// The index of the latest entry, which is the version of what it wrote.
    pub(super) fn version(&self) -> u64 {
        self.index
    }

    /// The value of a key, if it can be read.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        let held = self.cache.get(key.as_bytes())?;
        Some(String::from_utf8_lossy(&held.value).into_owned())
    }
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn put(key: &str, value: &str) -> Operation {
    put_for(None, key, value)
}

pub(super) fn put_for(ttl: Option<u64>, key: &str, value: &str) -> Operation {
    Operation::Put {
        key: bytes(key),
        value: bytes(value),
        ttl: ttl.map(TimeToLive),
    }
}

pub(super) fn swap(key: &str, expected: Option<u64>, value: &str) -> Operation {
    Operation::CompareAndSwap {
        key: bytes(key),
        expected,
        value: bytes(value),
        ttl: None,
    }
}

pub(super) fn delete(key: &str) -> Operation {
    Operation::Delete { key: bytes(key) }
}

pub(super) fn touch(key: &str, ttl: Option<u64>) -> Operation {
    let ttl = ttl.map(TimeToLive);
    Operation::Touch {
        key: bytes(key),
        ttl,
    }
}

pub(super) fn add(key: &str, by: i64) -> Operation {
    Operation::Increment {
        key: bytes(key),
        by,
    }
}

pub(super) fn get(key: &str) -> Operation {
    Operation::Read(Query::Get { key: bytes(key) })
}

pub(super) fn get_many(keys: &[&str]) -> Operation {
    let keys = keys.iter().map(|key| bytes(key)).collect();
    Operation::Read(Query::GetMany { keys })
}

pub(super) fn list(prefix: &str, after: Option<&str>, limit: u32) -> Operation {
    Operation::Read(Query::List {
        prefix: bytes(prefix),
        after: after.map(bytes),
        limit,
    })
}

pub(super) fn refused(refusal: Refusal) -> Answer {
    Answer::Refused(refusal)
}

pub(super) fn written(version: u64) -> Answer {
    Answer::Written { version }
}

/// The keys of a page, and whether there are more.
pub(super) fn page(answer: Answer) -> (Vec<String>, bool) {
    let Answer::Found(Found::Page { keys, more }) = answer else {
        panic!("a listing finds a page: {answer:?}");
    };
    let name = |(key, _): (Bytes, u64)| String::from_utf8_lossy(&key).into_owned();
    (keys.into_iter().map(name).collect(), more)
}
