//! What documents say of the code is what the code says.
#![cfg(not(target_arch = "wasm32"))]

use expect_test::expect_file;
use flotilla_core::storage::cases::{self, Row};

const BEGIN: &str = "<!-- The cases of recovery, from core/src/storage/cases.rs. -->\n";
const END: &str = "<!-- End of the cases. -->\n";

/// `UPDATE_EXPECT=1` writes the table.
#[test]
fn the_architecture_tells_every_case_of_recovery() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).expect("the document is part of the repository");
    let (before, rest) = text.split_once(BEGIN).expect("the table has a beginning");
    let (_, after) = rest.split_once(END).expect("the table has an end");
    let rows: String = cases::all().iter().map(line).collect();
    let table = format!(
        "| case | what is found | outcome | why, and what a person can do |\n|---|---|---|---|\n{rows}"
    );
    expect_file![path].assert_eq(&format!("{before}{BEGIN}\n{table}\n{END}{after}"));
}

fn line(row: &Row) -> String {
    let Row {
        id,
        situation,
        outcome,
        says,
        source,
        ..
    } = row;
    let source = match *source {
        "ARCHITECTURE, recovery" => String::new(),
        other => format!(" ({other})"),
    };
    format!("| {id} | {situation} | {outcome} | {says}{source} |\n")
}
