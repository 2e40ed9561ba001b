//! What the server has said in all its runs, and whether it keeps to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;

/// Everything that was heard, by index.
#[derive(Default)]
pub struct Promises {
    /// Writes that were acknowledged: key and value.
    acknowledged: BTreeMap<u64, (String, u64)>,
    /// The newest acknowledged write of each key.
    newest: BTreeMap<String, u64>,
    /// The digest of all entries up to an index that was applied.
    applied: BTreeMap<u64, u64>,
    /// The latest term in which the server led.
    term: u64,
    run: Run,
    pub seen: Seen,
}

/// What was heard in the present run.
#[derive(Default)]
struct Run {
    /// What was applied by the end of recovery, and the end of its log.
    start: Option<(u64, u64)>,
    held: BTreeSet<u64>,
    keys: BTreeSet<String>,
    ready: bool,
}

/// What happened, so that nothing passes because nothing happened.
#[derive(Default)]
pub struct Seen {
    runs_checked: u64,
    writes: u64,
    found_again: u64,
    rotations: u64,
    snapshots: u64,
    removed: u64,
    torn: u64,
    set_aside: u64,
    killed_before_ready: u64,
    last: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} writes acknowledged, log up to {}; {} runs whose whole state was checked, {} killed \
             before; {} acknowledged writes found in recovered logs; {} segments, {} snapshots, {} \
             files removed, {} torn tails, {} files set aside",
            self.writes,
            self.last,
            self.runs_checked,
            self.killed_before_ready,
            self.found_again,
            self.rotations,
            self.snapshots,
            self.removed,
            self.torn,
            self.set_aside
        )
    }
}

impl Seen {
    pub fn assert_that_all_happened(&self) {
        let counts = [
            self.runs_checked,
            self.writes,
            self.found_again,
            self.rotations,
            self.snapshots,
            self.removed,
            self.torn,
            self.set_aside,
            self.killed_before_ready,
        ];
        assert!(
            counts.iter().all(|count| *count > 0),
            "nothing of some: {self}"
        );
    }
}

type Kept = Result<(), String>;

fn ensure(holds: bool, broken: impl FnOnce() -> String) -> Kept {
    if holds { Ok(()) } else { Err(broken()) }
}

fn count(counter: &mut u64) -> Kept {
    *counter += 1;
    Ok(())
}

impl Promises {
    /// Whether nothing was ever promised.
    pub fn is_empty(&self) -> bool {
        self.term == 0
    }

    /// Takes a line, and says which promise it breaks.
    pub fn hear(&mut self, line: &str) -> Kept {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |place: usize| -> Result<u64, String> {
            let word = words.get(place).ok_or("words are missing")?;
            word.parse().map_err(|_| format!("`{word}` is no number"))
        };
        match words[0] {
            "start" => {
                let [applied, digest, commit, last] =
                    [number(4)?, number(5)?, number(6)?, number(7)?];
                self.on_life(number(1)?, number(2)?, number(3)?)?;
                self.on_start(applied, commit, last)?;
                self.on_applied(applied, digest)
            }
            "held" => self.on_held(number(1)?, words[2], number(3)?),
            "leads" => self.on_lead(number(1)?),
            "key" => self.on_key(words[1], number(2)?, number(3)?),
            "ready" => self.on_ready(),
            "applied" => self.on_applied(number(1)?, number(2)?),
            "ack" => self.on_acknowledged(number(1)?, words[2], number(3)?),
            "segment" => count(&mut self.seen.rotations),
            "snapshot" => count(&mut self.seen.snapshots),
            "removed" => count(&mut self.seen.removed),
            "torn" => count(&mut self.seen.torn),
            "aside" => count(&mut self.seen.set_aside),
            other => Err(format!("no line begins with {other}")),
        }
    }

    /// A killed process forgets nothing, so it goes on as who it was; and no term or vote goes
    /// back.
    fn on_life(&mut self, incarnation: u64, term: u64, vote: u64) -> Kept {
        ensure(incarnation == 1, || {
            "it thinks that it forgot something".into()
        })?;
        let led = self.term;
        ensure(term >= led, || format!("it led term {led}"))?;
        ensure(term != led || term == 0 || vote == 1, || {
            format!("it voted for itself in term {led}")
        })
    }

    fn on_start(&mut self, applied: u64, commit: u64, last: u64) -> Kept {
        ensure(applied <= commit && commit <= last, || {
            "out of order".into()
        })?;
        let newest = self.acknowledged.last_key_value();
        let newest = newest.map_or(0, |(index, _)| *index);
        ensure(last >= newest, || {
            format!("entry {newest} was acknowledged")
        })?;
        self.run.start = Some((applied, last));
        self.seen.last = last;
        Ok(())
    }

    fn on_held(&mut self, index: u64, key: &str, value: u64) -> Kept {
        self.run.held.insert(index);
        match self.acknowledged.get(&index) {
            None => Ok(()),
            Some((known, promised)) => {
                self.seen.found_again += 1;
                ensure((key, value) == (known, *promised), || {
                    format!("acknowledged as {known} {promised}")
                })
            }
        }
    }

    fn on_lead(&mut self, term: u64) -> Kept {
        let led = self.term;
        self.term = term;
        ensure(term > led, || format!("it led term {led}"))
    }

    fn on_key(&mut self, key: &str, index: u64, value: u64) -> Kept {
        self.run.keys.insert(key.into());
        let newest = self.newest.get(key).copied().unwrap_or_default();
        ensure(index >= newest, || format!("written again at {newest}"))?;
        match self.acknowledged.get(&index) {
            None => Ok(()),
            Some(known) => ensure((key, value) == (&known.0, known.1), || {
                format!("acknowledged as {} {}", known.0, known.1)
            }),
        }
    }

    /// Everything in the recovered log and all of the state was told.
    fn on_ready(&mut self) -> Kept {
        let missing = self.newest.keys().find(|key| !self.run.keys.contains(*key));
        ensure(missing.is_none(), || format!("{missing:?} is not there"))?;
        let (applied, last) = self.run.start.ok_or("it never started")?;
        let unapplied = (Bound::Excluded(applied), Bound::Included(last));
        let mut promised = self.acknowledged.range(unapplied);
        let lost = promised.find(|(index, _)| !self.run.held.contains(index));
        ensure(lost.is_none(), || format!("{lost:?} is not in the log"))?;
        self.run.ready = true;
        Ok(())
    }

    /// Equal digests mean equal histories, from the first entry on.
    fn on_applied(&mut self, index: u64, digest: u64) -> Kept {
        let known = *self.applied.entry(index).or_insert(digest);
        ensure(known == digest, || format!("its digest was {known}"))
    }

    fn on_acknowledged(&mut self, index: u64, key: &str, value: u64) -> Kept {
        self.seen.writes += 1;
        self.newest.insert(key.into(), index);
        let before = self.acknowledged.insert(index, (key.into(), value));
        ensure(before.is_none(), || "acknowledged before".into())
    }

    pub fn end_of_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.ready {
            self.seen.runs_checked += 1;
        } else {
            self.seen.killed_before_ready += 1;
        }
    }
}
