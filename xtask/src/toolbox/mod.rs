//! What has to be on the machine, and how it gets there.
//!
//! Everything that a task needs is looked for first; what is missing is announced, then
//! installed at user level where that is possible. What can't be installed from here ends in a
//! message with the command to run, never in a task that quietly does less.

mod browser;
mod node;
mod rust;
mod version;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::command::{self, Program};
use crate::house::House;
use crate::progress::{heading, say};

/// Something that a task needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Rust's standard library for browsers.
    WasmTarget,
    /// rustfmt and clippy.
    Lints,
    /// Node.js, npm and the page's packages.
    PagePackages,
    /// wasm-bindgen and its test runner, in the version that the code is locked to.
    WasmBindgen,
    WasmPack,
    /// Chromium and its driver.
    Browser,
    /// cargo-fuzz; libFuzzer comes with it as a crate.
    CargoFuzz,
}

/// How something missing is installed.
struct Recipe {
    what: String,
    steps: Vec<Step>,
    /// Written after the steps, so that the next run knows that they were carried out.
    stamp: Option<Stamp>,
}

enum Step {
    /// The program tells what it does.
    Loud(Program),
    /// The program says nothing for long; this is shown instead.
    Silent(Program, &'static str),
}

struct Stamp {
    file: PathBuf,
    content: String,
}

/// What is there once it was provided.
#[derive(Debug)]
pub(crate) struct Toolbox {
    house: House,
}

/// Sees that everything needed is there.
pub(crate) fn provide(house: &House, needs: &[Need]) -> Result<Toolbox> {
    let mut needs = needs.to_vec();
    needs.sort_unstable();
    needs.dedup();
    let mut missing = Vec::new();
    for need in needs {
        missing.extend(need.recipe(house)?.map(|recipe| (need, recipe)));
    }
    announce(&missing);
    for (need, recipe) in missing {
        install(recipe)?;
        if let Some(recipe) = need.recipe(house)? {
            bail!("{} was installed, and yet it is not found", recipe.what);
        }
    }
    Ok(Toolbox {
        house: house.clone(),
    })
}

impl Need {
    /// How to get it, or nothing when it is there.
    fn recipe(self, house: &House) -> Result<Option<Recipe>> {
        match self {
            Self::WasmTarget => rust::wasm_target(house),
            Self::Lints => rust::lints(house),
            Self::PagePackages => node::page_packages(house),
            Self::WasmBindgen => rust::wasm_bindgen(house),
            Self::WasmPack => rust::wasm_pack(house),
            Self::Browser => browser::browser(house),
            Self::CargoFuzz => rust::cargo_fuzz(house),
        }
    }
}

impl Toolbox {
    pub(crate) fn chromium(&self) -> Result<PathBuf> {
        browser::chromium().context("no Chromium was found")
    }

    pub(crate) fn chromedriver(&self) -> Result<PathBuf> {
        browser::chromedriver().context("no ChromeDriver was found")
    }

    /// The PATH on which the tools of Rust's side are found first, in the versions wanted here.
    pub(crate) fn path(&self) -> Result<OsString> {
        let folders = [
            rust::find_wasm_bindgen(&self.house)?,
            rust::find_wasm_pack(),
            rust::find_cargo_fuzz(),
        ];
        command::path_with(&folders.into_iter().flatten().collect::<Vec<_>>())
    }
}

fn announce(missing: &[(Need, Recipe)]) {
    if missing.is_empty() {
        return;
    }
    heading("Missing here, and installed now");
    for (_, recipe) in missing {
        say(&format!("- {}", recipe.what));
        for step in &recipe.steps {
            let (Step::Loud(program) | Step::Silent(program, _)) = step;
            say(&format!("    {}", program.line()));
        }
    }
}

fn install(recipe: Recipe) -> Result<()> {
    heading(&format!("Installing {}", recipe.what));
    for step in recipe.steps {
        let done = match step {
            Step::Loud(program) => program.run(),
            Step::Silent(program, what) => program.run_behind(what),
        };
        done.with_context(|| format!("{} could not be installed", recipe.what))?;
    }
    if let Some(stamp) = recipe.stamp {
        let file = stamp.file;
        fs::write(&file, stamp.content).with_context(|| format!("writing {file:?}"))?;
    }
    Ok(())
}
