//! The screenshots of the documentation, taken of the finished site.

use anyhow::Result;

use crate::command::Program;
use crate::house::House;
use crate::progress::heading;
use crate::serve::{Port, Server};
use crate::site;
use crate::toolbox::{self, Need};
use crate::wasm::Build;

pub(crate) fn run(house: &House) -> Result<()> {
    let toolbox = toolbox::provide(
        house,
        &[Need::WasmTarget, Need::PagePackages, Need::Browser],
    )?;
    site::build(house, Build::Small)?;
    heading("The screenshots");
    let server = Server::open(Port::Any)?.serve_meanwhile(house.dist(), "/");
    Program::new("npm", house.root())
        .folder(&house.www())
        .args(["run", "shots"])
        .setting("FLOTILLA_URL", &server.address)
        .setting("CHROMIUM_PATH", toolbox.chromium()?)
        .run()
}
