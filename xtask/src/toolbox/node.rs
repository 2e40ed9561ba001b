//! The page's packages, and what installs them.

use std::fs;

use anyhow::{Context, Result, bail};

use super::version::Version;
use super::{Recipe, Stamp, Step};
use crate::command::Program;
use crate::house::House;

/// The oldest Node.js that the page's build runs on.
const NODE_OLDEST: Version = Version(20, 19, 0);

const GET_NODE: &str = "get Node.js with npm from nodejs.org, or run one of:
  Debian, Ubuntu: sudo apt-get install nodejs npm
  Fedora:         sudo dnf install nodejs npm
  macOS:          brew install node";

pub(super) fn page_packages(house: &House) -> Result<Option<Recipe>> {
    check_node(house)?;
    let www = house.www();
    let lock = www.join("package-lock.json");
    let lock = fs::read_to_string(&lock).with_context(|| format!("reading {lock:?}"))?;
    let file = www.join("node_modules/.installed-from");
    if fs::read_to_string(&file).is_ok_and(|installed| installed == lock) {
        return Ok(None);
    }
    let npm = Program::new("npm", house.root())
        .folder(&www)
        // Not `npm ci`: it refuses a lock file in which an optional package for some other
        // platform is missing. This installs the locked versions too, and saves nothing.
        .args(["install", "--no-save", "--no-audit", "--no-fund"])
        // The browser is found or installed apart, not downloaded by a test tool.
        .quiet_setting("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    Ok(Some(Recipe {
        what: "the page's packages, into www/node_modules".to_owned(),
        steps: vec![Step::Silent(npm, "Installing the page's packages")],
        stamp: Some(Stamp {
            file,
            content: lock,
        }),
    }))
}

fn check_node(house: &House) -> Result<()> {
    let ask = |tool: &str| Program::new(tool, house.root()).args(["--version"]).probe();
    let Some(printed) = ask("node") else {
        bail!("Node.js is missing; {GET_NODE}");
    };
    let version = Version::find(&printed)
        .with_context(|| format!("`node --version` printed no version: {}", printed.trim()))?;
    if version < NODE_OLDEST {
        bail!("Node.js {version} is too old, {NODE_OLDEST} or newer is needed; {GET_NODE}");
    }
    if ask("npm").is_none() {
        bail!("npm is missing; {GET_NODE}");
    }
    Ok(())
}
