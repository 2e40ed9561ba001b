//! Many runs at once, on threads of their own, their outcomes as if they had run one after the other.

use flotilla_core::hunt::{Failure, Hunt, Sights, Verdict};
use flotilla_core::sim::{Mode, Scenario};
use flotilla_core::types::{Instant, Mutants};
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// One run to make.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub mode: Mode,
    pub seed: u64,
}

/// How a run came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub steps: u64,
    pub simulated: Instant,
    pub sights: Sights,
    /// How often the search for an order of the clients' operations was given up.
    pub undecided: u64,
    pub trouble: Option<Trouble>,
}

/// What was wrong with a run.
#[derive(Clone, Debug)]
pub enum Trouble {
    Failure(Failure),
    /// The core panicked, with this message.
    Panic(String),
}

impl Trouble {
    /// What kind of trouble it is: a smaller run shows the same if it has the same name.
    pub fn name(&self) -> &str {
        match self {
            Trouble::Failure(failure) => failure.name(),
            Trouble::Panic(_) => "Panic",
        }
    }

    pub fn says(&self) -> String {
        match self {
            Trouble::Failure(failure) => failure.to_string(),
            Trouble::Panic(message) => format!("the core panicked: {message}"),
        }
    }
}

/// The first run that failed, and the sum of all that were made.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub runs: u64,
    pub steps: u64,
    /// In microseconds.
    pub simulated: u64,
    pub sights: Sights,
    pub undecided: u64,
    pub first: Option<(u64, Job, Trouble, Box<Scenario>)>,
}

thread_local! {
    /// What the panic of this thread said, and where.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of the core are outcomes here, told with the run that showed them, not when they happen.
pub fn hush_panics() {
    panic::set_hook(Box::new(|info| {
        PANIC.with(|text| *text.borrow_mut() = info.to_string().replace('\n', " "));
    }));
}

/// Runs a hunt to its verdict; what the scenario was by then comes with it.
pub fn finish(mut hunt: Hunt) -> (Outcome, Scenario) {
    let verdict = panic::catch_unwind(AssertUnwindSafe(|| hunt.finish()));
    let trouble = match verdict {
        Ok(Verdict::Passed) => None,
        Ok(Verdict::Failed(failure)) => Some(Trouble::Failure(failure)),
        Err(_) => Some(Trouble::Panic(PANIC.with(|text| text.borrow().clone()))),
    };
    let world = hunt.world();
    let outcome = Outcome {
        steps: world.steps(),
        simulated: world.now(),
        sights: hunt.sights().clone(),
        undecided: hunt.checker().undecided(),
        trouble,
    };
    (outcome, (**world.scenario()).clone())
}

/// Makes all these runs, until one fails; the one that would have failed first is told, whatever the
/// threads did meanwhile.
pub fn run(
    jobs: &[Job],
    mutants: Mutants,
    threads: Option<NonZeroUsize>,
    bar: &ProgressBar,
) -> Tally {
    let threads = threads.or_else(|| thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    let next = AtomicU64::new(0);
    let stop = AtomicU64::new(u64::MAX);
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let job = usize::try_from(place)
                        .ok()
                        .and_then(|place| jobs.get(place));
                    let Some(job) = job.filter(|_| place < stop.load(Ordering::Relaxed)) else {
                        return;
                    };
                    let (outcome, scenario) = finish(Hunt::new(job.mode, job.seed, mutants));
                    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                    tally.runs += 1;
                    tally.steps += outcome.steps;
                    tally.simulated += outcome.simulated.0;
                    tally.sights.add(&outcome.sights);
                    tally.undecided += outcome.undecided;
                    if let Some(trouble) = outcome.trouble {
                        stop.fetch_min(place, Ordering::Relaxed);
                        if tally.first.as_ref().is_none_or(|first| place < first.0) {
                            tally.first = Some((place, *job, trouble, Box::new(scenario)));
                        }
                    }
                    drop(tally);
                    bar.inc(1);
                }
            });
        }
    });
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A bar for so many runs; none where nobody watches.
pub fn bar(runs: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(runs);
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {per_sec}, {eta} to go {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
