//! What a person sees while something takes its time.
//!
//! In a terminal a spinner with the time that has passed; elsewhere plain lines, with a sign of
//! life now and then, so that a log never looks dead.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::style;
use indicatif::{ProgressBar, ProgressStyle};

/// How often a log without a terminal hears of work that goes on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// How often the spinner turns.
const SPIN: Duration = Duration::from_millis(100);

/// Prints a line that stands out: a new part of the work begins.
pub(crate) fn heading(text: &str) {
    eprintln!("\n{}", style(format!("== {text}")).bold());
}

/// Prints an ordinary line.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Work that goes on without output of its own, shown until [`Busy::done`] or until dropped.
pub(crate) struct Busy {
    what: String,
    since: Instant,
    shown: Shown,
}

enum Shown {
    Spinner(ProgressBar),
    Lines(Option<(Sender<()>, JoinHandle<()>)>),
}

impl Busy {
    pub(crate) fn start(what: &str) -> Self {
        let shown = if console::Term::stderr().is_term() {
            Shown::Spinner(spinner(what))
        } else {
            say(&format!("{what} ..."));
            Shown::Lines(Some(signs_of_life(what.to_owned())))
        };
        Self {
            what: what.to_owned(),
            since: Instant::now(),
            shown,
        }
    }

    /// Ends the work and says how long it took.
    pub(crate) fn done(self) {
        let line = format!("{} ({})", self.what, duration(self.since.elapsed()));
        drop(self);
        say(&line);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        match &mut self.shown {
            Shown::Spinner(bar) => bar.finish_and_clear(),
            Shown::Lines(life) => {
                if let Some((stop, thread)) = life.take() {
                    drop(stop);
                    thread.join().ok();
                }
            }
        }
    }
}

fn spinner(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner()
        .with_style(style)
        .with_message(what.to_owned());
    bar.enable_steady_tick(SPIN);
    bar
}

fn signs_of_life(what: String) -> (Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = mpsc::channel::<()>();
    let since = Instant::now();
    let thread = thread::spawn(move || {
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(SIGN_OF_LIFE) {
            say(&format!("{what} ... {}", duration(since.elapsed())));
        }
    });
    (stop, thread)
}

/// A duration as people say it: `340 ms`, `12.3 s`, `4 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let millis = time.as_millis();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} min {:02} s", millis / 60_000, millis / 1_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn durations_read_well_at_every_size() {
        let text = |millis| duration(Duration::from_millis(millis));
        assert_eq!(text(0), "0 ms");
        assert_eq!(text(999), "999 ms");
        assert_eq!(text(1_000), "1.0 s");
        assert_eq!(text(59_999), "59.9 s");
        assert_eq!(text(60_000), "1 min 00 s");
        assert_eq!(text(245_000), "4 min 05 s");
    }
}
