//! How many steps of the simulated world, checked and told as the page does it, pass in a
//! second: native, and in wasm under node when the page's wasm has been built.

use flotilla_core::sim::Scenario;
use flotilla_core::types::{Duration, Instant};
use flotilla_core::view::Session;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/wasm.mjs");
const WASM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../www/src/wasm/flotilla_web_bg.wasm"
);

/// Three servers and four busy clients, for so many simulated seconds.
pub(crate) fn compare(seconds: u64, rounds: usize) {
    let text = scenario(seconds);
    let has_wasm = Path::new(WASM).exists();
    let (mut native, mut wasm, mut steps) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let (rate, count) = run(&text, seconds);
        steps = count;
        native.push(rate);
        if has_wasm {
            wasm.push(run_wasm(&text, seconds));
        }
    }
    println!(
        "simulated world: 3 servers, 4 clients, {seconds} s, {steps} steps, all rules checked"
    );
    let native = super::median(native);
    let pace = native * seconds as f64 / steps as f64;
    println!("  native {native:>12.0} steps/s, {pace:.0} simulated seconds per second");
    if has_wasm {
        let wasm = super::median(wasm);
        println!(
            "  wasm   {wasm:>12.0} steps/s, {:.2} of native",
            wasm / native
        );
    } else {
        println!("  wasm   not measured: build the page first (`cargo xtask build`)");
    }
}

fn scenario(seconds: u64) -> String {
    let client = |id: u64| {
        let keys = seconds * 200;
        format!(
            "{{ at = \"300ms\", do = \"write\", client = {id}, keys = {keys}, prefix = \"c{id}-\" }}"
        )
    };
    let actions: Vec<String> = (1..=4).map(client).collect();
    format!(
        "flotilla = 1\nname = \"bench\"\nend = \"{seconds}s\"\nnodes = 3\nactions = [{}]\n[clients]\ncount = 4\n",
        actions.join(", ")
    )
}

fn run(text: &str, seconds: u64) -> (f64, u64) {
    let scenario = Scenario::parse(text).expect("well-formed");
    let start = std::time::Instant::now();
    let mut session = Session::new(scenario);
    session.run_until(Instant::ZERO + Duration::secs(seconds), u64::MAX);
    let elapsed = start.elapsed().as_secs_f64();
    let steps = session.frame().step;
    (steps as f64 / elapsed, steps)
}

fn run_wasm(text: &str, seconds: u64) -> f64 {
    let output = Command::new("node")
        .args([SCRIPT, &seconds.to_string(), text])
        .output();
    let output = output.expect("node runs: it builds the page too");
    let printed = String::from_utf8_lossy(&output.stdout);
    printed.trim().parse().unwrap_or_else(|_| {
        panic!(
            "{SCRIPT} printed {printed:?} and {:?}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}
