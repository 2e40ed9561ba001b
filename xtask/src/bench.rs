//! The door to the measurements; they live in a package of their own.

use anyhow::Result;

use crate::cli::BenchArgs;
use crate::command::Program;
use crate::house::House;

pub(crate) fn run(house: &House, args: &BenchArgs) -> Result<()> {
    Program::new("cargo", house.root())
        .args(["run", "--release", "--locked", "--package"])
        .args(["flotilla-bench", "--"])
        .args(&args.args)
        .run()
}
