//! Ways that the run has taken: whoever does something in the past leaves a history behind, which can be
//! gone back to. A branch is what makes that history again, not the history itself.
//!
//! Branches belong to one run of one scenario: another seed, other settings and another scenario begin
//! without any. A saved session holds the way that is shown.

use super::Session;
use crate::sim::{Cause, Place, Step, Way, verb};
use crate::types::{ConfigError, Instant};
use crate::view::explain::ms;
use crate::view::model::BranchView;
use std::collections::VecDeque;

/// So many are kept besides the one shown; the oldest goes first.
const KEPT: usize = 32;
/// The longest name, in characters.
const NAME: usize = 40;
/// What the way is called that the scenario takes by itself.
const ORIGINAL: &str = "Original";

/// A way that was left.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) tag: Tag,
    pub(super) way: Way,
    /// The moment shown when it was left, and its step.
    left: (Instant, u64),
    head: (Instant, u64),
    /// At its head.
    fingerprint: u64,
}

impl Branch {
    /// The furthest moment explored on it.
    pub(super) fn head(&self) -> Instant {
        self.head.0
    }
}

/// What a way is known by.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    id: u32,
    pub(super) name: String,
    /// When it parted from another, and from which; none for the first.
    parted: Option<(Instant, String)>,
}

/// All ways of a run.
#[derive(Debug)]
pub(super) struct Branches {
    /// The one shown.
    shown: Tag,
    kept: VecDeque<Branch>,
    /// The highest id in use.
    newest: u32,
}

impl Default for Branches {
    fn default() -> Branches {
        let (id, name) = (1, ORIGINAL.into());
        let parted = None;
        Branches {
            shown: Tag { id, name, parted },
            kept: VecDeque::new(),
            newest: id,
        }
    }
}

impl Branches {
    /// The present way is another from here on; the former is kept.
    pub(super) fn part(&mut self, former: Branch, step: &Step) {
        let parted = Some((step.time, former.tag.name.clone()));
        self.keep(former);
        self.newest += 1;
        let name = self.unused(&named_after(step));
        let id = self.newest;
        self.shown = Tag { id, name, parted };
    }

    fn keep(&mut self, branch: Branch) {
        self.kept.push_back(branch);
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }

    pub(super) fn shown(&self) -> &Tag {
        &self.shown
    }

    /// One that is kept.
    ///
    /// # Errors
    /// There is none of that number.
    pub(super) fn get(&self, id: u32) -> Result<&Branch, ConfigError> {
        self.place(id).map(|place| &self.kept[place])
    }

    fn place(&self, id: u32) -> Result<usize, ConfigError> {
        let mut kept = self.kept.iter();
        kept.position(|branch| branch.tag.id == id)
            .ok_or_else(|| ConfigError::new("branch", id, "one that is kept and not shown"))
    }

    fn names(&self) -> impl Iterator<Item = (u32, &str)> {
        let kept = self.kept.iter().map(|branch| &branch.tag);
        let all = kept.chain([&self.shown]);
        all.map(|tag| (tag.id, tag.name.as_str()))
    }

    /// The name, with a number behind it where it is in use.
    fn unused(&self, name: &str) -> String {
        let is_used = |name: &str| self.names().any(|(_, used)| used == name);
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let mut names = std::iter::once(name.to_string()).chain(numbered);
        let free = names.find(|name| !is_used(name));
        free.expect("there are more numbers than branches")
    }
}

/// `n2 crash at 1204.0 ms`
fn named_after(step: &Step) -> String {
    let at = ms(step.time.0);
    let Cause::Action(action) = &step.cause else {
        return at;
    };
    let verb = verb(action).replace('_', " ");
    match step.happenings.first().map(|first| first.place) {
        Some(place @ (Place::Node(_) | Place::Client(_))) => format!("{place} {verb} at {at}"),
        Some(Place::World | Place::Model) | None => format!("{verb} at {at}"),
    }
}

impl Session {
    /// All ways of the run, the first one first; one of them is shown.
    #[must_use]
    pub fn branches(&self) -> Vec<BranchView> {
        let kept = self.branches.kept.iter();
        let mut all: Vec<BranchView> = kept.map(|branch| view(branch, false)).collect();
        all.push(view(&self.branch(), true));
        all.sort_by_key(|branch| branch.id);
        all
    }

    /// The way that is shown, as it would be kept.
    pub(super) fn branch(&self) -> Branch {
        let timeline = &self.timeline;
        let head = timeline.replay_from(timeline.head_step());
        Branch {
            tag: self.branches.shown.clone(),
            way: timeline.way(),
            left: (timeline.cursor(), timeline.world().steps()),
            head: (timeline.head(), timeline.head_step()),
            fingerprint: head.world().fingerprint(),
        }
    }

    /// Shows another way of the run; the one shown is kept. Only what both have in common is explored
    /// then: the rest comes again, the same, by going on to where the branch was left.
    ///
    /// # Errors
    /// There is no such branch, or it is shown already.
    pub fn switch_branch(&mut self, id: u32) -> Result<BranchView, ConfigError> {
        let place = self.branches.place(id)?;
        let former = self.branch();
        let wanted = self.branches.kept.remove(place);
        let wanted = wanted.expect("it was found there");
        self.timeline.take(&wanted.way);
        self.branches.shown = wanted.tag.clone();
        self.branches.keep(former);
        self.forget_beyond(self.timeline.head_step());
        self.drawn.jumped = true;
        Ok(view(&wanted, true))
    }

    /// Calls a way of the run something else.
    ///
    /// # Errors
    /// There is no such branch, or the name is empty, too long, or in use.
    pub fn rename_branch(&mut self, id: u32, name: &str) -> Result<(), ConfigError> {
        let name = name.trim();
        let length = name.chars().count();
        if !(1..=NAME).contains(&length) || name.chars().any(char::is_control) {
            let accepted = format!("1 to {NAME} characters in a line");
            return Err(ConfigError::unread("name", name, accepted));
        }
        let mut names = self.branches.names();
        if names.any(|(other, used)| used == name && other != id) {
            return Err(ConfigError::unread(
                "name",
                name,
                "one that no other branch has",
            ));
        }
        drop(names);
        let tag = if id == self.branches.shown.id {
            &mut self.branches.shown
        } else {
            let place = self.branches.place(id)?;
            &mut self.branches.kept[place].tag
        };
        tag.name = name.into();
        Ok(())
    }

    /// Forgets a way of the run that is not shown.
    ///
    /// # Errors
    /// There is no such branch, or it is the one shown.
    pub fn delete_branch(&mut self, id: u32) -> Result<(), ConfigError> {
        let place = self.branches.place(id)?;
        self.branches.kept.remove(place);
        Ok(())
    }
}

fn view(branch: &Branch, shown: bool) -> BranchView {
    let Tag { id, name, parted } = &branch.tag;
    BranchView {
        id: *id,
        name: name.clone(),
        shown,
        parted: parted.as_ref().map(|(time, _)| time.0),
        from: parted.as_ref().map(|(_, from)| from.clone()),
        left: branch.left.0.0,
        left_step: branch.left.1,
        head: branch.head.0.0,
        head_step: branch.head.1,
        fingerprint: format!("{:016x}", branch.fingerprint),
    }
}

#[cfg(test)]
mod tests;
