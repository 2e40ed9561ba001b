//! The door to the measurements; they live in a package of their own.

use anyhow::Result;

use crate::cli::PassedOn;
use crate::command::Program;
use crate::house::House;
use crate::progress::heading;
use crate::wasm::{self, Build};
use crate::{page_bench, site, toolbox};

pub(crate) fn run(house: &House, args: &PassedOn) -> Result<()> {
    if page_bench::is_asked(&args.args) {
        return page_bench::run(house, &args.args);
    }
    // The world is measured in wasm too, in the build that the page runs; hit ratios are not.
    if args.args.first().is_none_or(|name| name != "hit-ratio") {
        toolbox::provide(house, &site::NEEDS)?;
        wasm::build(house, Build::Small)?;
    }
    heading("The measurements");
    Program::new("cargo", house.root())
        .args(["run", "--release", "--locked", "--package"])
        .args(["flotilla-bench", "--"])
        .args(&args.args)
        .run()
}
