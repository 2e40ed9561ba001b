//! What a server takes in, and when: at once, later because it is slow, or not at all while it is
//! paused.
//!
//! A server that is neither paused nor slow takes an input at the moment at which it comes, and
//! needs no time for it. A slow one works on one input at a time, [`WORK`] times its factor for each,
//! and what the input leads to happens at the end of that. A paused one (a stopped process, a virtual
//! machine that does not get to run, a long collection of garbage) takes nothing. In both cases what
//! comes meanwhile waits, and is taken in the order in which it came. Disk and clock are not the
//! server's own: they go on. Its timers wait until nothing else does, so a server that cannot keep
//! up, or that was paused, finds them overdue.

use super::network::InFlight;
use crate::replica::Input;
use crate::types::{Duration, Instant};
use imbl::Vector;

/// What each input takes a slow server, times its factor. With the factor 1 it takes no time.
const WORK: Duration = Duration::millis(1);

/// So much waits at most, as in the buffer of a socket; what comes then is lost.
const MOST: usize = 4_096;

/// What waits for one server, and until when. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Intake {
    paused: bool,
    slowness: u32,
    waiting: Vector<Waiting>,
    /// When the server is through with what waits first; of no meaning while nothing waits.
    turn_at: Instant,
}

/// Something that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub what: Waits,
    /// The step in which it came.
    pub since: u64,
}

/// What can wait.
#[derive(Clone, Debug)]
pub(super) enum Waits {
    /// A message that the network has carried to its receiver.
    Message(Box<InFlight>),
    /// Anything else: a write that is durable, a wish of an operator.
    Input(Box<Input>),
}

impl Default for Intake {
    fn default() -> Intake {
        Intake {
            paused: false,
            slowness: 1,
            waiting: Vector::new(),
            turn_at: Instant::ZERO,
        }
    }
}

impl Intake {
    /// Whether the server is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// By which factor the server is slowed down; 1 when it is not.
    #[must_use]
    pub fn slowness(&self) -> u32 {
        self.slowness
    }

    /// How many inputs wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether an input that comes now is taken at once.
    pub(super) fn is_open(&self) -> bool {
        !self.paused && self.slowness == 1 && self.waiting.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST
    }

    /// When the server is through with what waits first; none while it is paused or nothing waits.
    pub(super) fn turn_at(&self) -> Option<Instant> {
        (!self.paused && !self.waiting.is_empty()).then_some(self.turn_at)
    }

    /// Whether the server takes something that waits in the very next steps.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.turn_at().is_some_and(|at| at <= now)
    }

    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    pub(super) fn resume(&mut self, now: Instant) {
        self.paused = false;
        self.begin(now);
    }

    /// From now on each input takes the server so many times [`WORK`]; with 1 it takes no time. What
    /// it is at begins anew.
    pub(super) fn slow_down(&mut self, now: Instant, factor: u32) {
        self.slowness = factor;
        self.begin(now);
    }

    pub(super) fn wait(&mut self, now: Instant, waiting: Waiting) {
        if self.waiting.is_empty() {
            self.begin(now);
        }
        self.waiting.push_back(waiting);
    }

    /// What waited longest, if something did; the server begins with the next.
    pub(super) fn take(&mut self, now: Instant) -> Option<Waiting> {
        let first = self.waiting.pop_front();
        self.begin(now);
        first
    }

    /// The server does not run any more: returns what waited. Its pause is over, and whoever starts
    /// next on the same machine is as slow.
    pub(super) fn close(&mut self) -> Vector<Waiting> {
        self.paused = false;
        std::mem::take(&mut self.waiting)
    }

    fn begin(&mut self, now: Instant) {
        let work = match self.slowness {
            1 => Duration::ZERO,
            factor => Duration(WORK.0 * u64::from(factor)),
        };
        self.turn_at = now + work;
    }
}
