//! A real server on a real disk, killed again and again over one directory: whatever it had
//! promised is there when it starts again.
//!
//! A kill ends the process between two system calls, so it shows that every order of operations
//! leaves a directory that recovery can use. What the kernel had not written to the device yet
//! survives it; what a machine without power loses is for the simulated disk.
#![cfg(unix)]

mod promises;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use flotilla_core::types::Rng;
use promises::Promises;

/// How many kills, and the time after which no more follow, on a machine with a slow disk.
const KILLS: u64 = 400;
const MOST_TIME: Duration = Duration::from_secs(18);
/// Fewer than this say nothing.
const LEAST_KILLS: u64 = 50;

fn host(directory: &Path, incarnation: u64, seed: u64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flotilla-host"));
    command
        .arg(directory)
        .args([incarnation.to_string(), seed.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// When a run ends.
enum Moment {
    /// So long after its start, be it still in recovery.
    After(Duration),
    /// So long after it printed this many lines.
    Lines(u64, Duration),
}

impl Moment {
    fn draw(rng: &mut Rng) -> Moment {
        if rng.chance(300_000) {
            Moment::After(Duration::from_micros(rng.below(15_000)))
        } else {
            let pause = Duration::from_micros(rng.below(3_000));
            Moment::Lines(rng.between(1, 150), pause)
        }
    }
}

/// Runs the server until the moment has come, kills it, and returns all whole lines that it
/// printed.
fn run(mut command: Command, moment: &Moment) -> Vec<String> {
    let mut child = command.spawn().expect("the host was built with this test");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut lines = Vec::new();
    match moment {
        Moment::After(pause) => thread::sleep(*pause),
        Moment::Lines(count, pause) => {
            while (lines.len() as u64) < *count && read_line(&mut output, &mut lines) {}
            thread::sleep(*pause);
        }
    }
    kill(&mut child);
    while read_line(&mut output, &mut lines) {}
    lines
}

fn read_line(output: &mut impl BufRead, lines: &mut Vec<String>) -> bool {
    let mut line = String::new();
    output.read_line(&mut line).expect("the pipe can be read");
    let whole = line.strip_suffix('\n');
    lines.extend(whole.map(str::to_owned));
    whole.is_some()
}

/// It must not have ended by itself before.
fn kill(child: &mut Child) {
    child.kill().expect("it is ours");
    let status = child.wait().expect("it is ours");
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert_eq!(signal, Some(9), "the host ended by itself: {status}");
}

#[test]
fn what_was_promised_survives_every_kill() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("room");
    let directory = place.path().join("n1");
    let (mut rng, since) = (Rng::new(1), Instant::now());
    let mut promises = Promises::default();
    let mut kills = 0;
    while kills < KILLS && since.elapsed() < MOST_TIME {
        // As long as nothing was ever promised, the server never ran.
        let incarnation = if promises.is_empty() { 1 } else { kills + 1 };
        let moment = Moment::draw(&mut rng);
        let lines = run(host(&directory, incarnation, kills), &moment);
        kills += 1;
        for line in &lines {
            promises
                .hear(line)
                .unwrap_or_else(|broken| panic!("run {kills}: `{line}`: {broken}"));
        }
        promises.end_of_run();
    }
    let seen = &promises.seen;
    println!(
        "{kills} kills in {} ms: {seen}",
        since.elapsed().as_millis()
    );
    assert!(kills >= LEAST_KILLS, "only {kills} kills in {MOST_TIME:?}");
    seen.assert_that_all_happened();
}

#[test]
fn a_second_process_cannot_open_the_directory() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("room");
    let mut first = host(place.path(), 1, 1).spawn().expect("it was built");
    let mut output = BufReader::new(first.stdout.take().expect("it is piped"));
    let mut lines = Vec::new();
    assert!(read_line(&mut output, &mut lines), "it starts");

    let second = host(place.path(), 1, 2).stderr(Stdio::piped()).output();
    let second = second.expect("it was built");
    let error = String::from_utf8(second.stderr).expect("text");
    assert_eq!(second.status.code(), Some(1), "{error}");
    assert_eq!(second.stdout, b"", "it did not start");
    let holder = format!("is in use by process {}. ", first.id());
    assert!(error.contains(&holder), "{error}");
    assert!(error.contains("stop that one first"), "{error}");

    kill(&mut first);
    let lines = run(host(place.path(), 1, 3), &Moment::Lines(1, Duration::ZERO));
    assert!(lines[0].starts_with("start "), "a kill frees the directory");
}
