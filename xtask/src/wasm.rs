//! From the Rust workspace to the bindings that the page imports.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::command::Program;
use crate::house::House;
use crate::progress::Busy;

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const PACKAGE: &str = "flotilla-web";
/// The bindings are `flotilla_web.js`, its types and `flotilla_web_bg.wasm`.
const NAME: &str = "flotilla_web";

/// Counts the ways in which bindings were made from the same code: made anew when it changes.
const RECIPE: u32 = 2;

/// What rustc's default wasm target already uses; nothing that a browser might not know.
const OPTIMIZE: [&str; 9] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What the bindings are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Build {
    /// Small, as the page is published.
    Small,
    /// Soon ready, with the assertions of a debug build.
    Fast,
}

impl Build {
    fn profile(self) -> &'static str {
        match self {
            Self::Small => "page",
            Self::Fast => "dev",
        }
    }
}

/// Compiles the bindings and writes them to where the page imports them from.
///
/// The page's packages must be there: the optimizer is one of them.
pub(crate) fn build(house: &House, build: Build) -> Result<()> {
    let compiled = compile(house, build)?;
    let content = fs::read(&compiled).with_context(|| format!("reading {compiled:?}"))?;
    let bindings = house.bindings();
    let made_from = bindings.join(".made-from");
    let fingerprint = fingerprint(&content, build);
    if fs::read_to_string(&made_from).is_ok_and(|text| text == fingerprint) {
        return Ok(());
    }
    fs::remove_file(&made_from).ok();
    fs::create_dir_all(&bindings).with_context(|| format!("creating {bindings:?}"))?;
    generate(&content, build, &bindings)?;
    if build == Build::Small {
        optimize(house, &bindings.join(format!("{NAME}_bg.wasm")))?;
    }
    fs::write(&made_from, fingerprint).with_context(|| format!("writing {made_from:?}"))
}

fn compile(house: &House, build: Build) -> Result<PathBuf> {
    let messages = Program::new("cargo", house.root())
        .args(["build", "--package", PACKAGE, "--lib", "--locked"])
        .args(["--target", TARGET, "--profile", build.profile()])
        .args(["--message-format", "json-render-diagnostics"])
        .capture()?;
    find_artifact(&messages).context("cargo named no compiled wasm file")
}

/// The wasm file among the messages of a `cargo build`, one JSON value a line.
fn find_artifact(messages: &str) -> Option<PathBuf> {
    let values = messages.lines().filter_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        (value["target"]["name"] == NAME).then_some(value)
    });
    let files = values.filter_map(|value| value["filenames"].as_array().cloned());
    let mut paths = files
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from));
    paths.find(|path| {
        path.extension()
            .is_some_and(|extension| extension == "wasm")
    })
}

fn generate(content: &[u8], build: Build, bindings: &Path) -> Result<()> {
    let busy = Busy::start("Generating the bindings");
    Bindgen::new()
        .input_bytes(NAME, content.to_vec())
        .web(true)?
        .typescript(true)
        // The page's build finds the wasm file by the path that the bindings load it from.
        .omit_default_module_path(false)
        .remove_name_section(build == Build::Small)
        .remove_producers_section(build == Build::Small)
        .generate(bindings)?;
    busy.done();
    Ok(())
}

fn optimize(house: &House, wasm: &Path) -> Result<()> {
    let tool = house.www().join("node_modules/binaryen/bin/wasm-opt");
    Program::new("node", house.root())
        .args([tool.as_path(), wasm])
        .args(OPTIMIZE)
        .args([Path::new("-o"), wasm])
        .run_behind("Optimizing the wasm")
}

/// Tells whether bindings that are already there were made from the same compiled code.
fn fingerprint(content: &[u8], build: Build) -> String {
    let mut hasher = DefaultHasher::new();
    (content, build, RECIPE, OPTIMIZE).hash(&mut hasher);
    format!("{:016x}\n", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Build, find_artifact, fingerprint};

    #[test]
    fn the_artifact_is_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"serde"},"filenames":["/t/libserde.rlib"]}
not json
{"reason":"compiler-artifact","target":{"name":"flotilla_web"},"filenames":["/t/libflotilla_web.rlib","/t/flotilla_web.wasm"]}
{"reason":"build-finished","success":true}"#;
        let found = find_artifact(messages);
        assert_eq!(found.as_deref(), Some(Path::new("/t/flotilla_web.wasm")));
        assert_eq!(find_artifact(r#"{"reason":"build-finished"}"#), None);
    }

    #[test]
    fn bindings_are_made_anew_for_other_code_or_another_build() {
        let small = fingerprint(b"code", Build::Small);
        assert_eq!(small, fingerprint(b"code", Build::Small));
        assert_ne!(small, fingerprint(b"code", Build::Fast));
        assert_ne!(small, fingerprint(b"edoc", Build::Small));
    }
}
