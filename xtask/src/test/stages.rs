//! What each stage does, and what it needs for that.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;

use crate::command::Program;
use crate::house::House;
use crate::serve::{Port, Server};
use crate::site;
use crate::sweep;
use crate::toolbox::{Need, Toolbox};
use crate::wasm::{self, Build, TARGET};

/// One part of the tests, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    Fmt,
    Clippy,
    Doc,
    CoreAlone,
    Native,
    Sweep,
    WasmNode,
    WasmBrowser,
    PageCheck,
    #[value(name = "page-e2e")]
    PageE2e,
}

/// Where the page lies while it is tested end to end: not at the root of its server, because
/// the site promises to work under any path.
const E2E_BASE: &str = "/flotilla/";

/// Seconds that one wasm test may take in a browser, and the driver to start, on a busy machine.
const BROWSER_TEST_SECONDS: &str = "300";
const DRIVER_START_SECONDS: &str = "60";

impl Stage {
    pub(crate) const ALL: [Self; 10] = [
        Self::Fmt,
        Self::Clippy,
        Self::Doc,
        Self::CoreAlone,
        Self::Native,
        Self::Sweep,
        Self::WasmNode,
        Self::WasmBrowser,
        Self::PageCheck,
        Self::PageE2e,
    ];

    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Doc => "doc",
            Self::CoreAlone => "core-alone",
            Self::Native => "native",
            Self::Sweep => "sweep",
            Self::WasmNode => "wasm-node",
            Self::WasmBrowser => "wasm-browser",
            Self::PageCheck => "page-check",
            Self::PageE2e => "page-e2e",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Fmt => "the Rust code is formatted",
            Self::Clippy => "the lints are content, for this machine and for wasm",
            Self::Doc => "the documentation builds without a warning",
            Self::CoreAlone => "the core compiles for wasm by itself",
            Self::Native => "the tests on this machine",
            Self::Sweep => "seeds of this commit in the world of faults",
            Self::WasmNode => "the tests in wasm, in Node.js",
            Self::WasmBrowser => "the bindings' tests in a browser",
            Self::PageCheck => "the page's types and lints",
            Self::PageE2e => "the page end to end, in a browser",
        }
    }

    pub(super) fn needs(self) -> Vec<Need> {
        match self {
            Self::Fmt => vec![Need::Lints],
            Self::Clippy => vec![Need::Lints, Need::WasmTarget],
            Self::Doc | Self::Native | Self::Sweep => vec![],
            Self::CoreAlone => vec![Need::WasmTarget],
            Self::WasmNode => vec![Need::WasmTarget, Need::WasmBindgen, Need::WasmPack],
            Self::WasmBrowser => vec![
                Need::WasmTarget,
                Need::WasmBindgen,
                Need::WasmPack,
                Need::Browser,
            ],
            Self::PageCheck => site::NEEDS.to_vec(),
            Self::PageE2e => [site::NEEDS.as_slice(), &[Need::Browser]].concat(),
        }
    }

    pub(super) fn run(self, house: &House, toolbox: &Toolbox) -> Result<()> {
        match self {
            Self::Fmt => cargo(house, &["fmt", "--all", "--check"]).run(),
            Self::Clippy => clippy(house),
            Self::Doc => cargo(house, &["doc", "--workspace", "--no-deps", "--locked"])
                .setting("RUSTDOCFLAGS", "-D warnings")
                .run(),
            Self::CoreAlone => {
                let core = ["build", "--locked", "--package", "flotilla-core"];
                cargo(house, &core).args(["--target", TARGET]).run()
            }
            // The real disk is off by default; its tests are not left out.
            Self::Native => cargo(house, &["test", "--workspace", "--locked"])
                .args(["--features", "flotilla-core/directory"])
                .run(),
            Self::Sweep => sweep::run_some(house),
            Self::WasmNode => wasm_pack(house, toolbox)?
                .args(["--node", "tests", "--locked"])
                .run(),
            Self::WasmBrowser => wasm_browser(house, toolbox),
            Self::PageCheck => page_check(house),
            Self::PageE2e => page_e2e(house, toolbox),
        }
    }
}

fn cargo(house: &House, args: &[&str]) -> Program {
    Program::new("cargo", house.root()).args(args)
}

/// Code that is compiled only for wasm is linted as such. The core's own tests are not among
/// it: what they need of an operating system does not compile for wasm.
fn clippy(house: &House) -> Result<()> {
    let all = ["clippy", "--all-targets", "--all-features", "--locked"];
    let lints = ["--", "-D", "warnings"];
    cargo(house, &all).args(["--workspace"]).args(lints).run()?;
    cargo(house, &all)
        .args(["--package", "flotilla-web"])
        .args(["--package", "flotilla-tests"])
        .args(["--target", TARGET])
        .args(lints)
        .run()
}

/// wasm-pack with everything it would otherwise look for or download.
fn wasm_pack(house: &House, toolbox: &Toolbox) -> Result<Program> {
    Ok(Program::new("wasm-pack", house.root())
        .args(["test", "--mode", "no-install"])
        .quiet_setting("PATH", toolbox.path()?))
}

fn wasm_browser(house: &House, toolbox: &Toolbox) -> Result<()> {
    let capabilities = Capabilities::write(&toolbox.chromium()?)?;
    wasm_pack(house, toolbox)?
        .args(["--headless", "--chrome", "--chromedriver"])
        .args([toolbox.chromedriver()?])
        .args(["web", "--locked"])
        .quiet_setting("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &capabilities.file)
        .quiet_setting("WASM_BINDGEN_TEST_TIMEOUT", BROWSER_TEST_SECONDS)
        .quiet_setting("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_START_SECONDS)
        .run()
}

/// What the test runner asks of the browser, in a file that is there as long as this is.
struct Capabilities {
    file: PathBuf,
}

impl Capabilities {
    /// The runner itself adds headless mode, and no sandbox, which needs a user that is not root.
    fn write(chromium: &Path) -> Result<Self> {
        let file = env::temp_dir().join(format!("flotilla-webdriver-{}.json", process::id()));
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": chromium,
                "args": [
                    "disable-gpu",
                    "disable-background-networking",
                    "disable-component-update",
                    "disable-sync",
                    "no-first-run",
                ],
            },
        });
        fs::write(&file, capabilities.to_string()).with_context(|| format!("writing {file:?}"))?;
        Ok(Self { file })
    }
}

impl Drop for Capabilities {
    fn drop(&mut self) {
        fs::remove_file(&self.file).ok();
    }
}

fn npm(house: &House, script: &str) -> Program {
    Program::new("npm", house.root())
        .folder(&house.www())
        .args(["run", script])
}

fn page_check(house: &House) -> Result<()> {
    // The page is checked against the types of the bindings.
    wasm::build(house, Build::Small)?;
    npm(house, "check").run()?;
    npm(house, "lint").run()
}

fn page_e2e(house: &House, toolbox: &Toolbox) -> Result<()> {
    site::build(house, Build::Small)?;
    let server = Server::open(Port::Any)?.serve_meanwhile(house.dist(), E2E_BASE);
    npm(house, "test:e2e")
        .setting("FLOTILLA_URL", &server.address)
        .setting("CHROMIUM_PATH", toolbox.chromium()?)
        .run()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::Stage;

    #[test]
    fn all_stages_are_run_under_the_names_that_the_command_line_takes() {
        assert_eq!(Stage::value_variants(), Stage::ALL);
        for stage in Stage::ALL {
            assert_eq!(Stage::from_str(stage.name(), false), Ok(stage));
        }
    }
}
