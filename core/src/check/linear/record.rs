//! What clients did lately, kept to be shown: each operation with what became of it, and the moment at
//! which the search let it take effect.

use super::call::{Call, Moment};
use crate::sim::OperationResult;
use imbl::OrdMap;
use std::sync::Arc;

/// So many operations are kept. Who wants to see older ones goes back in time: the record travels along.
const KEPT: usize = 4_096;

/// The newest operations. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Record {
    calls: OrdMap<u64, Arc<Recorded>>,
    dropped: u64,
}

/// One operation, and what became of it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What was asked, by whom, and when it began.
    pub call: Arc<Call>,
    /// When the client was told something, and what.
    pub told: Option<(Moment, OperationResult)>,
    /// What the search makes of it.
    pub fate: Fate,
    /// When it took effect in the order that the search has found.
    pub point: Option<Point>,
}

/// What the search makes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is under way.
    UnderWay,
    /// There is an order that explains its answer.
    Explained,
    /// Nobody knows whether it took effect; it may still.
    Unknown,
    /// It took no effect.
    Void,
    /// It may be stale, so it promises nothing.
    Unjudged,
    /// The search for an order was given up.
    Undecided,
    /// No order explains its answer.
    Contradicted,
}

/// A moment in the order that the search has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Right before the answer at this moment,
    pub before: Moment,
    /// as the so-manieth operation, from 0.
    pub place: u32,
}

impl Record {
    /// The operations that are kept, in the order in which they began.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Recorded> {
        self.calls.values().map(|call| &**call)
    }

    /// How many older ones are not kept any more.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn begin(&mut self, call: Arc<Call>) {
        let recorded = Recorded {
            told: None,
            fate: Fate::UnderWay,
            point: None,
            call,
        };
        self.calls
            .insert(recorded.call.number(), Arc::new(recorded));
        if self.calls.len() > KEPT {
            let oldest = self.calls.get_min().map(|(number, _)| *number);
            self.dropped += u64::from(oldest.is_some_and(|one| self.calls.remove(&one).is_some()));
        }
    }

    fn change(&mut self, number: u64, change: impl FnOnce(&mut Recorded)) {
        if let Some(recorded) = self.calls.get_mut(&number) {
            change(Arc::make_mut(recorded));
        }
    }

    pub(super) fn end(&mut self, number: u64, told: (Moment, OperationResult), fate: Fate) {
        self.change(number, |one| {
            (one.told, one.fate) = (Some(told), fate);
            if fate == Fate::Void {
                one.point = None;
            }
        });
    }

    pub(super) fn judge(&mut self, number: u64, fate: Fate) {
        self.change(number, |one| (one.fate, one.point) = (fate, None));
    }

    /// The search has found an order without it.
    pub(super) fn withdraw(&mut self, number: u64) {
        if self
            .calls
            .get(&number)
            .is_some_and(|one| one.point.is_some())
        {
            self.change(number, |one| one.point = None);
        }
    }

    /// Takes over what a way says of when calls took effect.
    pub(super) fn place(&mut self, path: &Path) {
        for taken in path.iter() {
            self.change(taken.call, |one| one.point = Some(taken.point));
        }
    }
}

/// The calls that took effect on a way, the last one first. Two ways that lead to the same are one way,
/// however they went: so all paths are equal. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Option<Arc<Taken>>);

/// A call that took effect.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    call: u64,
    point: Point,
    earlier: Path,
}

impl Path {
    /// This path, and then the call, right before the answer at this moment.
    pub(super) fn then(&self, call: u64, before: Moment) -> Path {
        let last = self.0.as_ref().map(|last| last.point);
        let last = last.filter(|last| last.before == before);
        let place = last.map_or(0, |last| last.place + 1);
        Path(Some(Arc::new(Taken {
            call,
            point: Point { before, place },
            earlier: self.clone(),
        })))
    }

    /// This path and another one, of other keys.
    pub(super) fn and(&self, other: &Path) -> Path {
        let mut others: Vec<&Taken> = other.iter().collect();
        others.reverse();
        others.into_iter().fold(self.clone(), |path, taken| {
            Path(Some(Arc::new(Taken {
                earlier: path,
                ..taken.clone()
            })))
        })
    }

    fn iter(&self) -> impl Iterator<Item = &Taken> {
        core::iter::successors(self.0.as_deref(), |taken| taken.earlier.0.as_deref())
    }
}

/// One after the other: a long path would need a long stack.
impl Drop for Path {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(taken) = next {
            next = Arc::into_inner(taken).and_then(|mut taken| taken.earlier.0.take());
        }
    }
}

impl PartialEq for Path {
    fn eq(&self, _: &Path) -> bool {
        true
    }
}

impl Eq for Path {}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Path) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Path {
    fn cmp(&self, _: &Path) -> core::cmp::Ordering {
        core::cmp::Ordering::Equal
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, KEPT, Moment, Path, Point, Record};
    use crate::check::Outcome;
    use crate::replica::ClientId;
    use crate::sim::Operation;
    use crate::types::Instant;
    use std::sync::Arc;

    fn moment(number: u64) -> Moment {
        let time = Instant(number);
        Moment { number, time }
    }

    fn call(number: u64) -> Arc<Call> {
        Arc::new(Call {
            client: ClientId(1),
            operation: Operation::Delete { key: "k".into() },
            began: moment(number),
            outcome: Outcome::UnderWay,
        })
    }

    #[test]
    fn the_newest_operations_are_kept_and_the_others_counted() {
        let mut record = Record::default();
        let kept = KEPT as u64;
        for number in 1..=kept {
            record.begin(call(number));
        }
        assert_eq!((record.iter().count(), record.dropped()), (KEPT, 0));
        for number in kept + 1..=kept + 3 {
            record.begin(call(number));
        }
        assert_eq!((record.iter().count(), record.dropped()), (KEPT, 3));
        let first = record.iter().next().expect("they are kept");
        assert_eq!(first.call.began, moment(4));
    }

    /// Where each call took effect on a path, as it is shown.
    fn shown(path: &Path) -> Vec<Option<(u64, u32)>> {
        let mut record = Record::default();
        for number in 1..=4 {
            record.begin(call(number));
        }
        record.place(path);
        let point = |point: Point| (point.before.number, point.place);
        let all = record.iter().map(|one| one.point.map(point));
        all.collect()
    }

    #[test]
    fn a_path_says_when_each_of_its_calls_took_effect() {
        let path = Path::default().then(2, moment(5)).then(1, moment(5));
        let path = path.then(4, moment(7));
        let places = [Some((5, 1)), Some((5, 0)), None, Some((7, 0))];
        assert_eq!(shown(&path), places);
    }

    #[test]
    fn a_path_of_the_keys_of_two_says_it_of_the_calls_of_both() {
        let one = Path::default().then(1, moment(5)).then(2, moment(6));
        let other = Path::default().then(4, moment(7)).then(3, moment(8));
        let places = [Some((5, 0)), Some((6, 0)), Some((8, 0)), Some((7, 0))];
        assert_eq!(shown(&one.and(&other)), places);
        assert_eq!(shown(&other.and(&one)), places);
    }

    /// Else the search would try again what it has tried, for each order that leads there.
    #[test]
    fn paths_make_no_two_ways_of_one() {
        let path = Path::default().then(1, moment(5));
        assert_eq!(path, Path::default());
        assert_eq!(path.partial_cmp(&Path::default()), Some(path.cmp(&path)));
    }

    #[test]
    fn a_path_may_be_longer_than_a_stack_is_deep() {
        let mut path = Path::default();
        for number in 0..200_000 {
            path = path.then(number, moment(1));
        }
        drop(path);
    }
}
