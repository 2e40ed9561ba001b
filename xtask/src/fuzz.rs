//! Lets fuzzers make up input, each for a bounded time.
//!
//! What they find is added to a scratch corpus under `fuzz/target`, from which the next run goes
//! on. The committed corpus in `fuzz/corpus` is only read; it is also a test, on stable Rust.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::FuzzArgs;
use crate::command::{Program, on_path};
use crate::house::House;
use crate::progress::{heading, say};
use crate::toolbox::{self, Need, Toolbox};

/// The longest input: larger ones reach no other code, and are slow.
const MOST_BYTES: u32 = 8 << 10;
/// Seconds after which one input counts as a hang.
const HANG_SECONDS: u32 = 10;

pub(crate) fn run(house: &House, args: &FuzzArgs) -> Result<()> {
    let targets = chosen(house, args.target.as_deref())?;
    let toolbox = toolbox::provide(house, &[Need::CargoFuzz])?;
    let compiler = Compiler::find(house);
    say(compiler.tells());
    for target in &targets {
        heading(&format!("{target}, for {} s", args.seconds));
        fuzz(house, &toolbox, (compiler, target), args.seconds)?;
    }
    say("\nNo target broke a promise.");
    Ok(())
}

fn chosen(house: &House, only: Option<&str>) -> Result<Vec<String>> {
    let programs = house.root().join("fuzz/fuzz_targets");
    let all = stems(&programs)?;
    match only {
        None => Ok(all),
        Some(only) if all.iter().any(|target| target == only) => Ok(vec![only.to_owned()]),
        Some(only) => bail!("there is no target `{only}`; there are: {}", all.join(", ")),
    }
}

/// The names of a folder's files without their extensions, in order.
fn stems(folder: &Path) -> Result<Vec<String>> {
    let files = fs::read_dir(folder).with_context(|| format!("reading {folder:?}"))?;
    let mut stems = Vec::new();
    for file in files {
        let stem = file?.path().file_stem().map(|stem| stem.to_owned());
        stems.extend(stem.map(|stem| stem.to_string_lossy().into_owned()));
    }
    stems.sort();
    Ok(stems)
}

fn fuzz(
    house: &House,
    toolbox: &Toolbox,
    (compiler, target): (Compiler, &str),
    seconds: u32,
) -> Result<()> {
    let below = |folder: &str| PathBuf::from(folder).join(target);
    let (scratch, corpus) = (below("fuzz/target/corpus"), below("fuzz/corpus"));
    let made = house.root().join(&scratch);
    fs::create_dir_all(&made).with_context(|| format!("creating {made:?}"))?;
    let fuzzed = compiler
        .cargo_fuzz_run(house)
        .args(["--codegen-units", "16", target])
        .args([&scratch, &corpus])
        .args(["--".to_owned(), format!("-max_total_time={seconds}")])
        .args([
            format!("-max_len={MOST_BYTES}"),
            format!("-timeout={HANG_SECONDS}"),
        ])
        .args(["-print_final_stats=1"])
        .quiet_setting("PATH", toolbox.path()?)
        .run();
    fuzzed.with_context(|| {
        format!(
            "target {target} broke a promise; the input is in fuzz/artifacts/{target}: copied to \
             fuzz/corpus/{target} it is a test (cargo test --package flotilla-tests --test corpus)"
        )
    })
}

/// Fuzzers are built with flags that only a nightly compiler takes without being asked twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compiler {
    /// With AddressSanitizer.
    Nightly,
    /// Stable that takes flags of nightly, without a sanitizer: its runtime comes with nightly.
    Stable,
}

impl Compiler {
    fn find(house: &House) -> Self {
        let asked = Program::new("rustup", house.root()).args(["run", "nightly", "rustc", "-V"]);
        match on_path("rustup").and_then(|_| asked.probe()) {
            Some(_) => Self::Nightly,
            None => Self::Stable,
        }
    }

    fn tells(self) -> &'static str {
        match self {
            Self::Nightly => "Compiler: nightly, with AddressSanitizer.",
            Self::Stable => {
                "Compiler: stable with RUSTC_BOOTSTRAP=1, without a sanitizer, because there is no \
                 nightly (rustup toolchain install nightly). Panics, hangs and broken promises are \
                 found all the same; the code holds no unsafe block of its own."
            }
        }
    }

    fn cargo_fuzz_run(self, house: &House) -> Program {
        let root = house.root();
        match self {
            Self::Nightly => {
                Program::new("rustup", root).args(["run", "nightly", "cargo", "fuzz", "run"])
            }
            Self::Stable => Program::new("cargo", root)
                .args(["fuzz", "run", "--sanitizer", "none"])
                .setting("RUSTC_BOOTSTRAP", "1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::chosen;
    use crate::house::House;

    #[test]
    fn all_targets_are_fuzzed_unless_one_is_asked_for() {
        let house = House::here();
        let all = chosen(&house, None).expect("they are there");
        assert!(all.len() >= 5, "{all:?}");
        let one = chosen(&house, Some("record")).expect("it is one of them");
        assert_eq!(one, ["record"]);
        let error = chosen(&house, Some("nonsense")).expect_err("it is none");
        assert!(error.to_string().contains("record"), "{error}");
    }
}
