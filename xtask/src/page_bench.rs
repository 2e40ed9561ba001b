//! The page's own measurements, in a browser, beside what it aims at.

use anyhow::Result;
use clap::Parser;

use crate::command::Program;
use crate::house::House;
use crate::progress::heading;
use crate::serve::{Port, Server};
use crate::site;
use crate::toolbox::{self, Need};
use crate::wasm::Build;

/// Measure the page in a headless browser
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench page")]
struct PageArgs {
    /// For how long memory is watched; ten tell more than one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// Only what has this in its name: sizes, first, frames, steps, seeking, memory
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// Whether these are the arguments of this measurement.
pub(crate) fn is_asked(args: &[String]) -> bool {
    args.first().is_some_and(|name| name == "page")
}

pub(crate) fn run(house: &House, args: &[String]) -> Result<()> {
    let PageArgs { minutes, only } = PageArgs::parse_from(args);
    let toolbox = toolbox::provide(
        house,
        &[Need::WasmTarget, Need::PagePackages, Need::Browser],
    )?;
    site::build(house, Build::Small)?;
    heading("The page in a browser");
    let server = Server::open(Port::Any)?.serve_meanwhile(house.dist(), "/");
    let bench = Program::new("npm", house.root())
        .folder(&house.www())
        .args(["run", "bench", "--"])
        .setting("FLOTILLA_URL", &server.address)
        .setting("CHROMIUM_PATH", toolbox.chromium()?)
        .setting("BENCH_MINUTES", minutes.to_string());
    match only {
        Some(name) => bench.args(["--grep", &name]).run(),
        None => bench.run(),
    }
}

#[cfg(test)]
mod tests {
    use super::{PageArgs, is_asked};
    use clap::Parser;

    #[test]
    fn the_page_is_measured_for_a_minute_or_for_as_long_as_asked() {
        let args = ["page".to_string()];
        assert!(is_asked(&args) && !is_asked(&["raft".into()]) && !is_asked(&[]));
        assert_eq!(PageArgs::parse_from(&args).minutes, 1);
        let args = ["page", "--minutes", "10"];
        assert_eq!(PageArgs::parse_from(args).minutes, 10);
        assert!(PageArgs::try_parse_from(["page", "--minutes", "0"]).is_err());
    }
}
