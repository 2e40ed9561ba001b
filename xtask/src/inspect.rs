//! Tells what a server's data directory holds, and changes nothing in it.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use console::style;
use flotilla_core::storage::DirectoryReader;
use flotilla_core::view::{Inspection, Part, SegmentPart, SnapshotPart, inspect};
use serde_json::json;

use crate::cli::InspectArgs;

/// Damage, or data that may not be trusted.
const UNSOUND: u8 = 1;
/// Nothing could be said.
const UNREADABLE: u8 = 2;

pub(crate) fn run(args: &InspectArgs) -> ExitCode {
    match look(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(UNSOUND),
        Err(error) => {
            eprintln!("{} {error:#}", style("error:").red().bold());
            ExitCode::from(UNREADABLE)
        }
    }
}

/// Prints what is there; whether it is sound.
fn look(args: &InspectArgs) -> Result<bool> {
    let path = args.dir.display();
    let disk = DirectoryReader::open(&args.dir)?;
    let holder = disk.holder().map(ToString::to_string);
    let inspection = inspect(&disk, args.verify).with_context(|| {
        let meanwhile = holder.as_ref().map(|holder| {
            format!(" ({holder} runs in it, and may have removed what was to be read: look again)")
        });
        format!("{path} cannot be read{}", meanwhile.unwrap_or_default())
    })?;
    if !inspection.is_of_a_server() {
        bail!(
            "{path} is no data directory of a Flotilla server: it holds no segment of a log \
             (wal-00000001.log, ...) and no snapshot"
        );
    }
    let text = if args.json {
        let mut whole = serde_json::to_value(&inspection)?;
        whole["directory"] = json!(path.to_string());
        whole["inUseBy"] = json!(holder);
        whole["sound"] = json!(inspection.problems.is_empty());
        format!("{whole:#}\n")
    } else {
        page(&path.to_string(), holder.as_deref(), &inspection)
    };
    // A reader that has seen enough, such as `head`, closes the pipe; that is no error here.
    io::stdout().write_all(text.as_bytes()).ok();
    Ok(inspection.problems.is_empty())
}

/// What a person reads.
fn page(path: &str, holder: Option<&str>, inspection: &Inspection) -> String {
    let mut lines = vec![style(path).bold().to_string()];
    lines.push(match &inspection.owner {
        Some(owner) => format!(
            "  n{} of cluster {}, incarnation {}",
            owner.node, owner.cluster, owner.incarnation
        ),
        None => "  no file tells whose it is".into(),
    });
    if let Some(holder) = holder {
        let sentence = "has it open: what follows changes while it is read";
        lines.push(format!("  {holder} {sentence}"));
    }
    if let Some(state) = &inspection.recovery {
        let vote = state
            .vote
            .map_or("no vote".into(), |n| format!("vote for n{n}"));
        let snapshot = state.snapshot.map_or("none".into(), |at| at.to_string());
        lines.push(format!(
            "  term {}, {vote}; snapshot {snapshot}, committed {}, log up to {}",
            state.term, state.commit, state.last
        ));
    }
    let report = inspection.report.iter().map(|told| match &told.rule {
        Some(rule) => format!("{} [{}: {}]", told.sentence, rule.name, rule.source),
        None => told.sentence.clone(),
    });
    section(&mut lines, "What recovery would find and decide", report);
    section(&mut lines, "Log", inspection.segments.iter().map(segment));
    section(
        &mut lines,
        "Snapshots",
        inspection.snapshots.iter().map(snapshot),
    );
    section(
        &mut lines,
        "Set aside",
        inspection.quarantine.iter().map(part),
    );
    section(
        &mut lines,
        "No data of a server",
        inspection.others.iter().map(part),
    );
    let checks = inspection.checks.iter().flatten().map(|check| {
        let bad = check.bad_byte;
        let bad = bad.map_or(String::new(), |at| format!(", from byte {at} on"));
        format!("{}: {}{bad}", check.file, check.finding)
    });
    section(&mut lines, "Checked", checks);
    section(&mut lines, "Problems", inspection.problems.iter().cloned());
    let verdict = match (inspection.problems.is_empty(), &inspection.checks) {
        (true, Some(_)) => style("Sound: every record and every checksum is right.").green(),
        (true, None) => style("Sound, as far as recovery reads; --verify checks the rest.").green(),
        (false, _) => style("Not sound: see the problems above.").red(),
    };
    lines.push(format!("\n{verdict}\n"));
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, title: &str, items: impl Iterator<Item = String>) {
    let before = lines.len();
    lines.extend(items.map(|item| format!("  {item}")));
    if lines.len() > before {
        lines.insert(before, format!("\n{}", style(title).bold()));
    }
}

fn segment(found: &SegmentPart) -> String {
    let entries = match (found.first, found.last) {
        (Some(first), Some(last)) => format!("entries {first} to {last}"),
        _ => "no entries".into(),
    };
    let rest = found.bytes - found.valid;
    let rest = if rest == 0 {
        String::new()
    } else {
        format!(", {rest} of them after the intact records")
    };
    format!(
        "{}: {entries}, {} records, {} bytes{rest}",
        found.file, found.records, found.bytes
    )
}

fn snapshot(found: &SnapshotPart) -> String {
    let covers = found.covers.map_or("unreadable".into(), |(index, term)| {
        format!("state at {index} of term {term}")
    });
    let (file, bytes, place) = (&found.file, found.bytes, found.place);
    format!("{file}: {covers}, {bytes} bytes, {place}")
}

fn part(found: &Part) -> String {
    format!("{}: {} bytes", found.file, found.bytes)
}
