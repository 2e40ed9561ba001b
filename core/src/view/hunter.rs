//! Hunts on somebody's screen: runs of seeds in pieces that are as short as wanted, a failure made small,
//! a scenario tried to its end.

use super::model::{
    FoundView, HuntReport, ModeInfo, MutantInfo, ShrinkView, ShrunkView, SizeView, TrialReport,
};
use super::session::checks::violation;
use crate::check::Checker;
use crate::hunt::{Counts, Failure, Hunt, Shrinking, Sight, Sights, Verdict};
use crate::sim::{Mode, Observer, Scenario, ScenarioError, World, bounds};
use crate::types::{ConfigError, Instant, Mutant, Mutants, Subject};
use std::sync::Arc;

/// The mistakes that there are.
#[must_use]
pub fn mutants() -> Vec<MutantInfo> {
    let info = |mutant: &Mutant| MutantInfo {
        name: mutant.name().into(),
        subject: subject(mutant.subject()).into(),
        says: mutant.says().into(),
        source: mutant.source().into(),
    };
    Mutant::ALL.iter().map(info).collect()
}

fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Elections => "Elections",
        Subject::Replication => "Replication",
        Subject::Reads => "Reads",
        Subject::Membership => "Membership",
        Subject::Storage => "Storage",
        Subject::Cache => "The cache",
    }
}

/// The modes in which one can hunt.
#[must_use]
pub fn modes() -> Vec<ModeInfo> {
    let info = |mode: Mode| ModeInfo {
        name: mode.name().into(),
        says: mode.says().into(),
        survivable: mode.is_survivable(),
    };
    Mode::ALL.into_iter().map(info).collect()
}

/// What a hunt may come across, in words, in the order of its reports.
#[must_use]
pub fn sights() -> Vec<String> {
    Sight::ALL.iter().map(|sight| sight.says().into()).collect()
}

/// What one hunter of several does: every so-manieth run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its place among them, from 0.
    pub index: u32,
    /// How many they are.
    pub of: u32,
}

/// Runs seed after seed, each in all modes, until somebody stops asking.
#[derive(Debug)]
pub struct Hunter {
    modes: Vec<Mode>,
    mutants: Mutants,
    first: u64,
    share: Share,
    /// The place of the run under way among all runs.
    place: u64,
    run: Option<Hunt>,
    /// What of the run under way was told already.
    told: (u64, Instant),
}

impl Hunter {
    /// A hunter that begins at this seed.
    ///
    /// # Errors
    /// A mode, a mistake, a share or a seed that there is not.
    pub fn new(
        modes: &[String],
        mutants: &[String],
        first: u64,
        share: Share,
    ) -> Result<Hunter, ConfigError> {
        let named = modes.iter().map(|name| named(name));
        let modes = named.collect::<Result<Vec<Mode>, ConfigError>>()?;
        let wrong = |field: &str, value: String, accepted: &str| {
            Err(ConfigError::new(field, value, accepted))
        };
        if modes.is_empty() {
            return wrong("mode", "none".into(), "at least one");
        }
        if share.index >= share.of {
            return wrong("share", share.index.to_string(), "below their number");
        }
        if first >= bounds::SEED {
            return wrong("seed", first.to_string(), "below 2^53 (9007199254740992)");
        }
        Ok(Hunter {
            modes,
            mutants: Mutants::named(mutants)?,
            first,
            share,
            place: u64::from(share.index),
            run: None,
            told: (0, Instant::ZERO),
        })
    }

    /// The mode and the seed of the run under way.
    fn job(&self) -> (Mode, u64) {
        let modes = self.modes.len() as u64;
        let mode = self.modes[(self.place % modes) as usize];
        (mode, (self.first + self.place / modes) % bounds::SEED)
    }

    /// Makes about so many steps, but stops at a failure; tells what is new. After a failure it goes on
    /// with the next run.
    pub fn work(&mut self, steps: u64) -> HuntReport {
        let mut report = HuntReport {
            runs: 0,
            steps: 0,
            simulated: 0,
            sights: Vec::new(),
            undecided: 0,
            mode: String::new(),
            seed: 0,
            found: None,
        };
        let mut seen = Sights::default();
        while report.steps < steps && report.found.is_none() {
            self.go_on(steps - report.steps, &mut report, &mut seen);
        }
        report.sights = seen.iter().map(|(_, many)| many).collect();
        let (mode, seed) = self.job();
        (report.mode, report.seed) = (mode.name().into(), seed);
        report
    }

    fn go_on(&mut self, most: u64, report: &mut HuntReport, seen: &mut Sights) {
        let (mode, seed) = self.job();
        let mutants = self.mutants;
        let mut hunt = self
            .run
            .take()
            .unwrap_or_else(|| Hunt::new(mode, seed, mutants));
        let verdict = hunt.run(most);
        let (steps, now) = (hunt.world().steps(), hunt.world().now());
        report.steps += steps - self.told.0;
        report.simulated += now.since(self.told.1).as_micros();
        self.told = (steps, now);
        let Some(verdict) = verdict else {
            self.run = Some(hunt);
            return;
        };
        report.runs += 1;
        report.undecided += hunt.checker().undecided();
        seen.add(hunt.sights());
        if let Verdict::Failed(failure) = verdict {
            let scenario = Scenario::clone(hunt.world().scenario());
            report.found = Some(found((mode, seed), &failure, scenario));
        }
        self.told = (0, Instant::ZERO);
        self.place += u64::from(self.share.of);
    }
}

fn named(name: &str) -> Result<Mode, ConfigError> {
    Mode::named(name).map_err(|_| {
        let all: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
        ConfigError::new("mode", name, format!("any of {}", all.join(", ")))
    })
}

/// The scenario says what it shows, so that it is a test as it stands.
fn found((mode, seed): (Mode, u64), failure: &Failure, mut scenario: Scenario) -> FoundView {
    scenario.name = format!("{} {seed}", mode.name());
    scenario.about = format!("{} {seed}: {failure}", mode.name());
    if failure.step().is_some() {
        scenario.expect.broken = vec![failure.name().into()];
        (scenario.expect.leader, scenario.expect.equal) = (false, false);
    }
    FoundView {
        mode: mode.name().into(),
        seed,
        rule: failure.name().into(),
        says: failure.to_string(),
        step: failure.step(),
        time: failure.time().map(|time| time.0),
        size: size(Counts::of(&scenario)),
        toml: scenario.to_toml(),
    }
}

fn size(counts: Counts) -> SizeView {
    SizeView {
        actions: counts.actions as u64,
        nodes: counts.nodes,
        end: counts.end.0,
    }
}

/// Makes a run smaller that was found, within so many runs; `watch` is told after each.
///
/// # Errors
/// What was found is no scenario, or its mode is none.
pub fn shrink(
    whole: &FoundView,
    most_runs: u64,
    mut watch: impl FnMut(ShrinkView),
) -> Result<ShrunkView, ScenarioError> {
    let scenario = Scenario::parse(&whole.toml)?;
    let mode = named(&whole.mode).map_err(ScenarioError::Impossible)?;
    let before = size(Counts::of(&scenario));
    let (mut runs, mut best) = (0, before);
    let fails = |candidate: &Scenario| {
        let failed = failure(candidate, mode).filter(|seen| seen.name() == whole.rule);
        runs += 1;
        if failed.is_some() {
            best = size(Counts::of(candidate));
        }
        watch(ShrinkView { runs, size: best });
        failed.map(|failed| failed.time().unwrap_or(candidate.end))
    };
    let (small, minimal) = match Shrinking::new(scenario.clone(), most_runs, fails) {
        Some(mut shrinking) => {
            let minimal = shrinking.finish();
            (shrinking.best().clone(), minimal)
        }
        // It is told as it is: even that a run does not repeat itself is worth knowing.
        None => (scenario, false),
    };
    let found = match failure(&small, mode) {
        Some(failure) => found((mode, whole.seed), &failure, small),
        None => whole.clone(),
    };
    Ok(ShrunkView {
        runs,
        minimal,
        before,
        found,
    })
}

fn failure(scenario: &Scenario, mode: Mode) -> Option<Failure> {
    match Hunt::again(scenario.clone(), Some(mode)).finish() {
        Verdict::Failed(failure) => Some(failure),
        Verdict::Passed => None,
    }
}

/// A scenario that runs to its end, or to the first rule that is broken.
#[derive(Debug)]
pub struct Trial {
    world: World,
    checker: Checker,
}

impl Trial {
    /// Of this scenario.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what would be right.
    pub fn new(toml: &str) -> Result<Trial, ScenarioError> {
        let scenario = Scenario::parse(toml)?;
        Ok(Trial {
            world: World::new(Arc::new(scenario)),
            checker: Checker::default(),
        })
    }

    /// Makes so many steps at most; tells how far it is.
    pub fn work(&mut self, steps: u64) -> TrialReport {
        let end = self.world.scenario().end;
        let mut over = false;
        for _ in 0..steps {
            over |= self.world.next_time().is_none_or(|next| next > end);
            over |= !self.checker.violations().is_empty();
            let step = (!over).then(|| self.world.step()).flatten();
            let Some(step) = step else {
                break;
            };
            self.checker.observe(&self.world, &step);
        }
        TrialReport {
            time: self.world.now().0,
            end: end.0,
            over,
            broken: self.checker.violations().front().map(violation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hunter, Share, Trial, shrink};
    use crate::sim::Scenario;
    use crate::view::FoundView;

    const ALONE: Share = Share { index: 0, of: 1 };

    fn hunter(mutants: &[&str], share: Share) -> Hunter {
        let modes = ["storm".to_string(), "storage-trouble".to_string()];
        let mutants: Vec<String> = mutants.iter().map(|name| (*name).into()).collect();
        Hunter::new(&modes, &mutants, 0, share).expect("all are known")
    }

    fn first_failure(mutant: &str) -> FoundView {
        let mut hunter = hunter(&[mutant], ALONE);
        for _ in 0..2_000 {
            if let Some(found) = hunter.work(5_000).found {
                return found;
            }
        }
        panic!("{mutant} is not caught");
    }

    #[test]
    fn a_sound_core_is_looked_through_and_nothing_is_found() {
        let mut hunter = hunter(&[], ALONE);
        let (mut runs, mut steps, mut simulated) = (0, 0, 0);
        let mut elected = 0;
        while runs < 4 {
            let report = hunter.work(1_000);
            assert_eq!(report.found, None);
            assert!(report.steps <= 1_000);
            (runs, steps) = (runs + report.runs, steps + report.steps);
            simulated += report.simulated;
            elected += report.sights[0];
        }
        assert!(steps > 4_000 && simulated > 40_000_000 && elected >= 4);
    }

    #[test]
    fn hunters_share_the_runs() {
        let share = |index| Share { index, of: 3 };
        let jobs: Vec<Vec<_>> = (0..3)
            .map(|index| {
                let mut hunter = hunter(&[], share(index));
                let next = |_| {
                    let job = hunter.job();
                    hunter.place += 3;
                    job
                };
                (0..2).map(next).collect()
            })
            .collect();
        let mut all: Vec<_> = jobs.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
        assert!(all.iter().all(|(_, seed)| *seed < 3));
        assert!(Hunter::new(&["storm".into()], &[], 0, share(3)).is_err());
        assert!(Hunter::new(&["drizzle".into()], &[], 0, ALONE).is_err());
        assert!(Hunter::new(&[], &[], 0, ALONE).is_err());
    }

    #[test]
    fn a_failure_is_made_small_and_shows_the_same() {
        let whole = first_failure("votes-twice");
        let mut told = Vec::new();
        let small = shrink(&whole, 60, |progress| told.push(progress)).expect("a scenario");
        assert_eq!(told.len() as u64, small.runs);
        assert!(small.runs <= 60 && small.found.size.actions < whole.size.actions);
        assert_eq!(small.found.rule, whole.rule);
        let scenario = Scenario::parse(&small.found.toml).expect("it can be read");
        assert_eq!(scenario.mutants.iter().count(), 1);
        let mut trial = Trial::new(&small.found.toml).expect("it can be read");
        let report = trial.work(u64::MAX);
        let broken = report.broken.expect("it is a failing scenario");
        assert_eq!(
            (broken.rule, Some(broken.step)),
            (small.found.rule, small.found.step)
        );
        assert!(report.over);
    }

    #[test]
    fn a_trial_ends_at_the_end_when_all_is_well() {
        let text = "flotilla = 1\nname = \"x\"\nend = \"2s\"\nnodes = 3\n";
        let mut trial = Trial::new(text).expect("a scenario");
        let first = trial.work(10);
        assert!(!first.over && first.time < first.end);
        let last = trial.work(u64::MAX);
        assert!(last.over && last.broken.is_none());
    }
}
