//! Chromium and its driver.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{Recipe, Step};
use crate::command::{Program, on_path};
use crate::house::House;

const CHROMIUM_NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const CHROMIUM_FILES: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const DRIVER_FILES: [&str; 2] = [
    "/usr/lib/chromium/chromedriver",
    "/usr/lib/chromium-browser/chromedriver",
];

const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-liberation"];

const GET_BROWSER: &str = "run one of:
  Debian:  sudo apt-get install chromium chromium-driver
  Ubuntu:  sudo apt-get install chromium-browser chromium-chromedriver
  Fedora:  sudo dnf install chromium chromedriver
  macOS:   brew install --cask google-chrome chromedriver
or set CHROMIUM_PATH and CHROMEDRIVER_PATH to where they are";

pub(super) fn browser(house: &House) -> Result<Option<Recipe>> {
    let missing = match (chromium(), chromedriver()) {
        (Some(_), Some(_)) => return Ok(None),
        (None, Some(_)) => "Chromium is missing",
        (Some(_), None) => "ChromeDriver is missing",
        (None, None) => "Chromium and ChromeDriver are missing",
    };
    let apt = Path::new("/etc/debian_version").exists() && on_path("apt-get").is_some();
    if !(apt && is_root(house)) {
        bail!("{missing}; {GET_BROWSER}");
    }
    let apt = |args: &[&str]| {
        Program::new("apt-get", house.root())
            .args(args)
            .quiet_setting("DEBIAN_FRONTEND", "noninteractive")
    };
    let install = ["install", "--yes", "--no-install-recommends"];
    let install = apt(&install).args(PACKAGES);
    Ok(Some(Recipe {
        what: "Chromium and its driver, for the browser tests".to_owned(),
        steps: vec![
            Step::Silent(apt(&["update"]), "Reading the lists of packages"),
            Step::Silent(install, "Installing Chromium and its driver"),
        ],
        stamp: None,
    }))
}

pub(super) fn chromium() -> Option<PathBuf> {
    look("CHROMIUM_PATH", &CHROMIUM_NAMES, &CHROMIUM_FILES)
}

pub(super) fn chromedriver() -> Option<PathBuf> {
    look("CHROMEDRIVER_PATH", &["chromedriver"], &DRIVER_FILES)
}

/// A program where the person says it is, else by its names on the PATH, else where systems
/// put it.
fn look(variable: &str, names: &[&str], files: &[&str]) -> Option<PathBuf> {
    if let Some(said) = env::var_os(variable) {
        return Some(PathBuf::from(said)).filter(|file| file.is_file());
    }
    let named = names.iter().find_map(|name| on_path(name));
    let placed = || files.iter().map(PathBuf::from).find(|file| file.is_file());
    named.or_else(placed)
}

fn is_root(house: &House) -> bool {
    let user = Program::new("id", house.root()).args(["-u"]).probe();
    user.is_some_and(|id| id.trim() == "0")
}
