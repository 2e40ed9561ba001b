//! One real server, a cluster of itself, on a real disk. It writes without end, until somebody
//! kills it, and says on its standard output what it has promised: a line is there only once
//! what it says is durable.
//!
//!     flotilla-host DIRECTORY INCARNATION SEED
//!
//! | line | meaning |
//! |---|---|
//! | `start INCARNATION TERM VOTE APPLIED DIGEST COMMIT LAST` | what recovery gave |
//! | `held INDEX KEY VALUE` | a write in the log that recovery gave |
//! | `torn FILE`, `aside FILE` | recovery passed over a torn tail, or set a file aside |
//! | `leads TERM` | its vote for itself is durable |
//! | `key KEY INDEX VALUE`, then `ready` | the state with the whole log applied |
//! | `applied INDEX DIGEST` | the digest of all entries up to the index |
//! | `ack INDEX KEY VALUE` | a write was answered |
//! | `segment FILE`, `snapshot INDEX`, `removed FILE` | what became of files |
//!
//! Values are told by digests. The disk's operations are executed one by one, those of the two
//! lanes in random turn, and what is appended is written in pieces: so a kill can come between
//! any two of them.

mod server;

use std::path::Path;
use std::process::ExitCode;

use flotilla_core::storage::Directory;
use flotilla_core::types::Incarnation;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, incarnation, seed] = &arguments[..] else {
        eprintln!("usage: flotilla-host DIRECTORY INCARNATION SEED");
        return ExitCode::from(2);
    };
    let (Ok(incarnation), Ok(seed)) = (incarnation.parse(), seed.parse()) else {
        eprintln!("INCARNATION and SEED are numbers");
        return ExitCode::from(2);
    };
    let disk = match Directory::open(Path::new(directory)) {
        Ok(disk) => disk,
        Err(error) => return fail(&error.to_string()),
    };
    match server::Server::start(disk, Incarnation(incarnation), seed) {
        Ok(mut server) => fail(&server.serve()),
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::FAILURE
}
