//! What comes from Rust's side: the wasm target, the lints, the tools for wasm tests, and the
//! fuzzer.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::version::Version;
use super::{Recipe, Step};
use crate::command::{Program, on_path};
use crate::house::House;
use crate::wasm::TARGET;

/// The wasm-pack that is installed where there is none.
const WASM_PACK: Version = Version(0, 15, 1);
/// The oldest wasm-pack that will do: it looks for wasm-bindgen on the PATH first.
const WASM_PACK_OLDEST: Version = Version(0, 13, 0);

/// The cargo-fuzz that is installed where there is none, and the oldest that will do.
const CARGO_FUZZ: Version = Version(0, 13, 2);
const CARGO_FUZZ_OLDEST: Version = Version(0, 12, 0);

pub(super) fn wasm_target(house: &House) -> Result<Option<Recipe>> {
    let sysroot = Program::new("rustc", house.root())
        .args(["--print", "sysroot"])
        .capture()?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET);
    if libraries.join("lib").is_dir() {
        return Ok(None);
    }
    let what = "the Rust standard library for wasm";
    rustup(house, what, &["target", "add", TARGET]).map(Some)
}

pub(super) fn lints(house: &House) -> Result<Option<Recipe>> {
    let there = |tool: &str| {
        let version = Program::new("cargo", house.root()).args([tool, "--version"]);
        version.probe().is_some()
    };
    if there("fmt") && there("clippy") {
        return Ok(None);
    }
    let what = "rustfmt and clippy";
    rustup(house, what, &["component", "add", "rustfmt", "clippy"]).map(Some)
}

fn rustup(house: &House, what: &str, args: &[&str]) -> Result<Recipe> {
    if on_path("rustup").is_none() {
        bail!(
            "{what}: missing, and there is no rustup to add it with; \
             install it the way this machine's Rust was installed, or get Rust from rustup.rs \
             and run: rustup {}",
            args.join(" ")
        );
    }
    Ok(Recipe {
        what: what.to_owned(),
        steps: vec![Step::Loud(Program::new("rustup", house.root()).args(args))],
        stamp: None,
    })
}

pub(super) fn wasm_bindgen(house: &House) -> Result<Option<Recipe>> {
    if find_wasm_bindgen(house)?.is_some() {
        return Ok(None);
    }
    let version = house.locked_version("wasm-bindgen")?;
    // Without its default features, which only serve a remote browser over TLS. Not `--locked`:
    // its lock file also names what those features need, in versions that are not everywhere.
    let features = "--no-default-features";
    let recipe = cargo_install(house, "wasm-bindgen-cli", &version, features)?;
    Ok(Some(recipe))
}

pub(super) fn wasm_pack(house: &House) -> Result<Option<Recipe>> {
    if find_wasm_pack().is_some() {
        return Ok(None);
    }
    let version = WASM_PACK.to_string();
    cargo_install(house, "wasm-pack", &version, "--locked").map(Some)
}

pub(super) fn cargo_fuzz(house: &House) -> Result<Option<Recipe>> {
    if find_cargo_fuzz().is_some() {
        return Ok(None);
    }
    let version = CARGO_FUZZ.to_string();
    cargo_install(house, "cargo-fuzz", &version, "--locked").map(Some)
}

/// The folder that holds cargo-fuzz.
pub(super) fn find_cargo_fuzz() -> Option<PathBuf> {
    let ours = own_folder("cargo-fuzz", &CARGO_FUZZ.to_string())
        .ok()?
        .join("bin");
    find("cargo-fuzz", ours, |version| version >= CARGO_FUZZ_OLDEST)
}

/// The folder that holds wasm-bindgen in the locked version, with the test runner beside it.
pub(super) fn find_wasm_bindgen(house: &House) -> Result<Option<PathBuf>> {
    let locked = house.locked_version("wasm-bindgen")?;
    let wanted = Version::find(&locked).context("Cargo.lock holds a version that is none")?;
    let ours = own_folder("wasm-bindgen-cli", &locked)?.join("bin");
    let found = find("wasm-bindgen", ours, |version| version == wanted);
    let runner = format!("wasm-bindgen-test-runner{}", env::consts::EXE_SUFFIX);
    Ok(found.filter(|folder| folder.join(runner).is_file()))
}

/// The folder that holds wasm-pack.
pub(super) fn find_wasm_pack() -> Option<PathBuf> {
    let ours = own_folder("wasm-pack", &WASM_PACK.to_string())
        .ok()?
        .join("bin");
    find("wasm-pack", ours, |version| version >= WASM_PACK_OLDEST)
}

/// The folder of a tool that will do: one of the person's own, or the one installed from here.
fn find(tool: &str, ours: PathBuf, will_do: impl Fn(Version) -> bool) -> Option<PathBuf> {
    let theirs = on_path(tool).and_then(|file| Some(file.parent()?.to_path_buf()));
    theirs.into_iter().chain([ours]).find(|folder| {
        let printed = Program::new(folder.join(tool), folder)
            .args(["--version"])
            .probe();
        printed
            .and_then(|text| Version::find(&text))
            .is_some_and(&will_do)
    })
}

/// Tools lie in a folder of their own, by version: nothing of the person's is replaced, and
/// another clone of the project finds them.
fn own_folder(tool: &str, version: &str) -> Result<PathBuf> {
    let cache = if cfg!(target_os = "macos") {
        env::home_dir().map(|home| home.join("Library/Caches"))
    } else if cfg!(windows) {
        env::var_os("LOCALAPPDATA").map(PathBuf::from)
    } else {
        let set = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let set = set.filter(|path| path.is_absolute());
        set.or_else(|| Some(env::home_dir()?.join(".cache")))
    };
    let cache = cache.context("no home folder is known; set HOME")?;
    Ok(cache.join("flotilla").join(format!("{tool}-{version}")))
}

fn cargo_install(house: &House, tool: &str, version: &str, how: &str) -> Result<Recipe> {
    let folder = own_folder(tool, version)?;
    let program = Program::new("cargo", house.root())
        .args(["install", tool, "--version", &format!("={version}"), how])
        .args([Path::new("--root"), &folder])
        // It will run for seconds: compiling it best would take minutes longer.
        .quiet_setting("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .quiet_setting("CARGO_PROFILE_RELEASE_LTO", "off")
        .quiet_setting("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .quiet_setting("CARGO_PROFILE_RELEASE_DEBUG", "0");
    Ok(Recipe {
        what: format!("{tool} {version} (a few minutes, once)"),
        steps: vec![Step::Loud(program)],
        stamp: None,
    })
}
