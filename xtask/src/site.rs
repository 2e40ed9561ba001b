//! The finished static site: any file server can serve it, under any path.

use anyhow::{Result, ensure};

use crate::command::Program;
use crate::house::House;
use crate::progress::{heading, say};
use crate::sizes;
use crate::toolbox::{self, Need};
use crate::wasm::{self, Build};

/// What has to be there before a site can be built.
pub(crate) const NEEDS: [Need; 2] = [Need::WasmTarget, Need::PagePackages];

pub(crate) fn run(house: &House) -> Result<()> {
    toolbox::provide(house, &NEEDS)?;
    build(house, Build::Small)?;
    say(&format!("The site is in {}", house.dist().display()));
    Ok(())
}

/// Builds the bindings, then the page around them, into `dist/`.
pub(crate) fn build(house: &House, build: Build) -> Result<()> {
    heading("The core and its bindings, for the browser");
    wasm::build(house, build)?;
    heading("The page");
    let dist = house.dist();
    Program::new("npm", house.root())
        .folder(&house.www())
        .args(["run", "build", "--", "--emptyOutDir", "--outDir"])
        .args([&dist])
        .run()?;
    ensure!(
        dist.join("index.html").is_file(),
        "the page's build wrote no {}/index.html",
        dist.display()
    );
    sizes::report(&dist)
}
