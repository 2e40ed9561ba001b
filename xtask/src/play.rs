//! From a clean clone to the page in a browser.

use anyhow::Result;

use crate::cli::PlayArgs;
use crate::house::House;
use crate::progress::{heading, say};
use crate::serve::{Port, Server};
use crate::wasm::Build;
use crate::{site, toolbox};

pub(crate) fn run(house: &House, args: &PlayArgs) -> Result<()> {
    // A port that can't be had is better known before minutes of building.
    let server = Server::open(Port::asked(args.port))?;
    toolbox::provide(house, &site::NEEDS)?;
    let build = if args.fast { Build::Fast } else { Build::Small };
    site::build(house, build)?;

    let address = server.address("/");
    heading(&format!("Flotilla is at {address}"));
    say("Stop it with Ctrl-C.");
    if !args.no_open && open::that_detached(&address).is_err() {
        say("No browser could be opened from here: open the address yourself.");
    }
    server.serve(&house.dist(), "/")
}
