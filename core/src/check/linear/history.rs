//! Follows what clients ask and are told, and says when nothing explains it any more.

use super::call::{self, Call, End, Footprint, Moment, Outcome};
use super::contradiction::{self, Contradiction};
use super::model::{State, Surroundings};
use super::record::{Fate, Path, Record};
use super::search::{Calls, Effort, Found, Span, Spent, Way};
use crate::replica::ClientId;
use crate::sim::{Answered, Operation};
use crate::types::Instant;
use imbl::OrdMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many operations are tried for one answer, at most.
const EFFORT: u32 = 5_000;
/// How many ways in which the past may have gone are kept in mind, at most.
const WAYS: usize = 64;

/// What clients asked and were told, followed step by step. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Things that happened to clients.
    happened: u64,
    /// Calls under way, in the order in which each client began them.
    under_way: OrdMap<(ClientId, u64), Arc<Call>>,
    /// Keys that some call has to do with together are looked at together, by the number of the call
    /// that was the first to need it.
    groups: OrdMap<u64, Arc<Group>>,
    of_key: OrdMap<Arc<str>, u64>,
    of_prefix: OrdMap<Arc<str>, u64>,
    undecided: u64,
    judged: u64,
    record: Record,
}

/// Keys that are looked at together.
#[derive(Clone, Debug)]
struct Group {
    /// All ways in which everything settled may have gone.
    ways: Vec<Way>,
    /// Calls that are not settled: those under way, those that are lost, and those whose answer came
    /// while another was under way of which it is not known yet what it will be told.
    calls: Calls,
    /// A way that explains all answers so far; none when it has to be looked for.
    witness: Option<Way>,
    /// Settled calls that made keys what they are.
    makers: OrdMap<u64, Arc<Call>>,
}

impl History {
    /// How often a search was given up.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        self.undecided
    }

    /// How many answers were looked at.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.judged
    }

    /// What clients did lately.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    fn moment(&mut self, time: Instant) -> Moment {
        self.happened += 1;
        Moment {
            number: self.happened,
            time,
        }
    }

    /// Nothing that was done before is there any more: another cluster answers from here on.
    #[must_use]
    pub fn begin_anew(mut self) -> History {
        let ids: Vec<u64> = self.groups.keys().copied().collect();
        for id in ids {
            if let Some(group) = self.groups.get_mut(&id) {
                Arc::make_mut(group).begin(State::empty());
            }
        }
        self
    }

    /// A client begins an operation.
    pub fn begin(&mut self, time: Instant, client: ClientId, operation: &Operation) {
        let began = self.moment(time);
        let call = Arc::new(Call {
            client,
            operation: operation.clone(),
            began,
            outcome: Outcome::UnderWay,
        });
        self.record.begin(Arc::clone(&call));
        self.under_way
            .insert((client, began.number), Arc::clone(&call));
        if may_be_stale(operation) {
            return;
        }
        let footprint = Footprint::of(operation);
        let Some(id) = self.gather(&footprint, began.number) else {
            return;
        };
        if let Some(group) = self.groups.get_mut(&id) {
            let group = Arc::make_mut(group);
            group.calls.insert(began.number, call);
        }
    }

    /// Puts all keys of the footprint into one group; none when it has none.
    fn gather(&mut self, footprint: &Footprint<'_>, number: u64) -> Option<u64> {
        let mut ids = BTreeSet::new();
        for key in &footprint.keys {
            ids.extend(self.group_of(key));
        }
        for prefix in &footprint.prefixes {
            let is_known = self.of_prefix.contains_key(*prefix);
            if is_known {
                ids.extend(self.of_prefix.get(*prefix));
                continue;
            }
            let keys = self
                .of_key
                .iter()
                .filter(|(key, _)| key.starts_with(*prefix));
            ids.extend(keys.map(|(_, id)| *id));
            let nested = |one: &str| one.starts_with(*prefix) || prefix.starts_with(one);
            let prefixes = self.of_prefix.iter().filter(|(one, _)| nested(one));
            ids.extend(prefixes.map(|(_, id)| *id));
        }
        if footprint.keys.is_empty() && footprint.prefixes.is_empty() {
            return None;
        }
        let id = ids.first().copied().unwrap_or(number);
        for other in ids.into_iter().filter(|other| *other != id) {
            self.merge(id, other);
        }
        self.groups
            .entry(id)
            .or_insert_with(|| Arc::new(Group::new()));
        for key in &footprint.keys {
            if self.of_key.get(*key) != Some(&id) {
                self.of_key.insert((*key).into(), id);
            }
        }
        for prefix in &footprint.prefixes {
            self.of_prefix.insert((*prefix).into(), id);
        }
        Some(id)
    }

    fn group_of(&self, key: &str) -> Option<u64> {
        let known = self.of_key.get(key).copied();
        known.or_else(|| {
            let mut prefixes = self.of_prefix.iter();
            let covers = prefixes.find(|(prefix, _)| key.starts_with(&***prefix));
            covers.map(|(_, id)| *id)
        })
    }

    fn merge(&mut self, id: u64, other: u64) {
        let Some(absorbed) = self.groups.remove(&other) else {
            return;
        };
        if let Some(group) = self.groups.get_mut(&id) {
            Arc::make_mut(group).absorb(&absorbed);
        }
        for map in [&mut self.of_key, &mut self.of_prefix] {
            let moved: Vec<Arc<str>> = map
                .iter()
                .filter(|(_, group)| **group == other)
                .map(|(name, _)| Arc::clone(name))
                .collect();
            for name in moved {
                map.insert(name, id);
            }
        }
    }

    /// A client's operation is over. Tells what contradicts itself, if anything does now.
    pub fn end(
        &mut self,
        time: Instant,
        (client, answered): (ClientId, &Answered),
        around: Surroundings,
    ) -> Option<Contradiction> {
        let ended = self.moment(time);
        let of_client = (client, 0)..=(client, u64::MAX);
        let mut under_way = self.under_way.range(of_client);
        let (key, call) = under_way.find(|(_, call)| {
            call.began.time == answered.invoked_at && call.operation == answered.operation
        })?;
        let (key, mut call) = (*key, Call::clone(call));
        self.under_way.remove(&key);
        let (number, told) = (call.number(), (ended, answered.result.clone()));
        let Some(id) = self.judging(&answered.operation) else {
            self.record.end(number, told, Fate::Unjudged);
            return None;
        };
        let group = Arc::make_mut(self.groups.get_mut(&id)?);
        let outcome = match call::end(&answered.operation, &answered.result) {
            End::Answered => Outcome::Answered {
                ended,
                result: answered.result.clone(),
            },
            End::Lost => Outcome::Lost,
            End::Void => {
                self.record.end(number, told, Fate::Void);
                group.forget(number);
                return self.settled((id, number), Ok(None), around);
            }
        };
        let given_up = group.calls.get(&number).is_some_and(|one| one.is_lost());
        let fate = match (&outcome, given_up) {
            (Outcome::Lost, _) => Fate::Unknown,
            (_, true) => Fate::Undecided,
            (_, false) => Fate::Explained,
        };
        self.judged += u64::from(fate == Fate::Explained);
        self.record.end(number, told, fate);
        call.outcome = outcome;
        let seen = group.resolve(Arc::new(call), around);
        self.settled((id, number), seen, around)
    }

    /// The group that judges an operation; none when nothing is claimed of it.
    fn judging(&self, operation: &Operation) -> Option<u64> {
        if may_be_stale(operation) {
            return None;
        }
        let footprint = Footprint::of(operation);
        let first = footprint.keys.first().and_then(|key| self.group_of(key));
        first.or_else(|| self.of_prefix.get(*footprint.prefixes.first()?).copied())
    }

    /// Settles what can be, after an answer that was explained or not.
    fn settled(
        &mut self,
        (id, number): (u64, u64),
        seen: Result<Option<Contradiction>, Spent>,
        around: Surroundings,
    ) -> Option<Contradiction> {
        let group = Arc::make_mut(self.groups.get_mut(&id)?);
        let seen = match seen {
            Ok(None) => group.settle(around),
            seen => seen,
        };
        match seen {
            Ok(None) => {
                if let Some(witness) = &mut group.witness {
                    self.record.place(&std::mem::take(&mut witness.path));
                    let open = group.calls.values().filter(|call| call.ended().is_none());
                    for call in open.filter(|call| !witness.done.contains(call.number())) {
                        self.record.withdraw(call.number());
                    }
                }
                // What the one way that is left says of the past is written down by now.
                if let [way] = &mut group.ways[..] {
                    way.path = Path::default();
                }
                None
            }
            Ok(Some(contradiction)) => {
                let last = contradiction.calls.iter().max_by_key(|call| call.ended());
                if let Some(last) = last {
                    self.record.judge(last.number(), Fate::Contradicted);
                }
                group.begin(State::unknown());
                Some(contradiction)
            }
            Err(Spent) => {
                self.record.judge(number, Fate::Undecided);
                group.begin(State::unknown());
                self.undecided += 1;
                None
            }
        }
    }
}

/// Of a read that may be stale nothing is claimed.
fn may_be_stale(operation: &Operation) -> bool {
    call::path(operation) == Some(crate::sim::ReadPath::Stale)
}

impl Group {
    fn new() -> Group {
        Group {
            ways: vec![Way::new(State::empty())],
            calls: Calls::new(),
            witness: None,
            makers: OrdMap::new(),
        }
    }

    /// From here on, only this is known of what was before. A call under way may have taken effect before,
    /// so its answer will say nothing of what comes.
    fn begin(&mut self, state: State) {
        self.ways = vec![Way::new(state)];
        let calls = std::mem::take(&mut self.calls).into_iter();
        let open = calls.filter(|(_, call)| call.ended().is_none());
        self.calls = open
            .map(|(number, call)| (number, Arc::new(call.lose())))
            .collect();
        self.witness = None;
        self.makers = OrdMap::new();
    }

    /// The keys of another group are looked at together with these.
    fn absorb(&mut self, other: &Group) {
        let both = |way: &Way| {
            other
                .ways
                .iter()
                .map(|other| way.and(other))
                .collect::<Vec<_>>()
        };
        self.ways = self.ways.iter().flat_map(both).collect();
        self.calls = self.calls.clone().union(other.calls.clone());
        self.makers = self.makers.clone().union(other.makers.clone());
        self.witness = None;
    }

    /// The call took no effect.
    fn forget(&mut self, number: u64) {
        self.calls.remove(&number);
        self.doubt(number);
    }

    /// A way that was found while nothing was known of a call counts no more if it made use of it.
    fn doubt(&mut self, number: u64) {
        let witness = self.witness.take();
        self.witness = witness.filter(|way| !way.done.contains(number));
    }

    /// It is known what became of the call: is there a way that explains everything?
    fn resolve(
        &mut self,
        call: Arc<Call>,
        around: Surroundings,
    ) -> Result<Option<Contradiction>, Spent> {
        let known = self.calls.get(&call.number());
        if known.is_some_and(|known| known.is_lost()) {
            return Ok(None);
        }
        self.calls.insert(call.number(), Arc::clone(&call));
        if call.is_lost() {
            return Ok(None);
        }
        self.doubt(call.number());
        let mut effort = Effort(EFFORT);
        let span = Span {
            calls: &self.calls,
            around,
        };
        if let Some(way) = &self.witness {
            self.witness = span.next(way, &call, &mut effort)?;
        }
        if self.witness.is_none() {
            self.witness = match span.search(&self.ways, &mut effort) {
                Found::Way(way) => Some(way),
                Found::Undecided => return Err(Spent),
                Found::Nothing => {
                    let smallest =
                        contradiction::smallest((&span, &self.ways), &call, &self.makers);
                    return Ok(Some(smallest));
                }
            };
        }
        Ok(None)
    }

    /// Folds into the ways what cannot turn out differently any more: answers before which no call began
    /// that is under way still.
    fn settle(&mut self, around: Surroundings) -> Result<Option<Contradiction>, Spent> {
        let mut effort = Effort(EFFORT);
        let under_way = |call: &&Arc<Call>| call.outcome == Outcome::UnderWay;
        let first = self.calls.values().find(under_way);
        let until = first.map_or(u64::MAX, |call| call.number());
        let span = Span {
            calls: &self.calls,
            around,
        };
        let answered: Vec<Arc<Call>> = span.answered().into_iter().cloned().collect();
        let mut settles = false;
        for call in answered {
            if call.ended().is_none_or(|ended| ended.number > until) {
                break;
            }
            let span = Span {
                calls: &self.calls,
                around,
            };
            let mut after = BTreeSet::new();
            for way in &self.ways {
                after.extend(span.after(way, &call, &mut effort)?);
            }
            if after.is_empty() {
                let smallest = contradiction::smallest((&span, &self.ways), &call, &self.makers);
                return Ok(Some(smallest));
            }
            self.ways = self.least(after);
            settles = true;
            if self.ways.len() > WAYS {
                return Err(Spent);
            }
            self.calls.remove(&call.number());
            if call::writes(&call.operation) {
                self.makers.insert(call.number(), call);
            }
        }
        // The way that explained everything may have gone on from one that is not among these: what is shown
        // has to go on from one that is.
        if settles
            && let Found::Way(way) = (Span {
                calls: &self.calls,
                around,
            })
            .search(&self.ways, &mut effort)
        {
            self.witness = Some(way);
        }
        self.tidy();
        Ok(None)
    }

    /// Without those that differ from another one only in that more lost calls took effect, and nothing
    /// came of it.
    fn least(&self, ways: BTreeSet<Way>) -> Vec<Way> {
        let is_lost = |number: u64| self.calls.get(&number).is_some_and(|call| call.is_lost());
        let all: Vec<Way> = ways.into_iter().collect();
        let covers = |one: &Way, other: &Way| {
            one.done.len() < other.done.len()
                && (&one.state, one.newest) == (&other.state, other.newest)
                && one.done.iter().all(|call| other.done.contains(call))
                && other
                    .done
                    .iter()
                    .all(|call| one.done.contains(call) || is_lost(call))
        };
        let needed = |way: &&Way| !all.iter().any(|other| covers(other, way));
        all.iter().filter(needed).cloned().collect()
    }

    /// Forgets calls that can make no difference any more.
    fn tidy(&mut self) {
        let lost: Vec<u64> = self
            .calls
            .values()
            .filter(|call| call.is_lost())
            .map(|call| call.number())
            .collect();
        for number in lost {
            let witness = self.witness.iter();
            if self
                .ways
                .iter()
                .chain(witness)
                .all(|way| way.done.contains(number))
            {
                for way in self.ways.iter_mut().chain(self.witness.as_mut()) {
                    way.done.remove(number);
                }
                if let Some(call) = self.calls.remove(&number) {
                    self.makers.insert(number, call);
                }
            }
        }
        let ways = self.ways.iter();
        let needed: BTreeSet<u64> = ways.flat_map(|way| way.state.makers(None)).collect();
        let makers = std::mem::take(&mut self.makers).into_iter();
        self.makers = makers
            .filter(|(number, _)| needed.contains(number))
            .collect();
    }
}
