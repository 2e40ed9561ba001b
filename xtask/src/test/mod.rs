//! Every test, in stages, the quickest to fail first.

mod stages;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

pub(crate) use self::stages::Stage;

use crate::cli::TestArgs;
use crate::house::House;
use crate::progress::{duration, heading, say};
use crate::toolbox;

pub(crate) fn run(house: &House, args: &TestArgs) -> Result<()> {
    let stages = chosen(&args.only);
    let needs: Vec<_> = stages.iter().flat_map(|stage| stage.needs()).collect();
    let toolbox = toolbox::provide(house, &needs)?;

    let mut times = Vec::new();
    for stage in stages {
        heading(&format!("{}: {}", stage.name(), stage.title()));
        let since = Instant::now();
        stage.run(house, &toolbox).with_context(|| {
            let name = stage.name();
            format!("stage {name} failed (alone: cargo xtask test --only {name})")
        })?;
        times.push((stage, since.elapsed()));
    }
    heading("Every stage passed");
    say(&table(&times));
    Ok(())
}

/// The stages asked for, or all, each once and in the order in which they run.
fn chosen(only: &[Stage]) -> Vec<Stage> {
    let all = Stage::ALL.into_iter();
    all.filter(|stage| only.is_empty() || only.contains(stage))
        .collect()
}

fn table(times: &[(Stage, Duration)]) -> String {
    let total = times.iter().map(|(_, time)| *time).sum();
    let rows = times.iter().map(|(stage, time)| (stage.name(), *time));
    rows.chain([("all", total)])
        .map(|(name, time)| format!("{name:<14}{:>12}", duration(time)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Stage, chosen, table};

    #[test]
    fn stages_run_in_their_own_order_however_asked_for() {
        assert_eq!(chosen(&[]), Stage::ALL);
        let asked = [Stage::PageE2e, Stage::Fmt, Stage::Fmt];
        assert_eq!(chosen(&asked), [Stage::Fmt, Stage::PageE2e]);
    }

    #[test]
    fn the_table_ends_with_the_sum() {
        let times = [
            (Stage::Fmt, Duration::from_millis(400)),
            (Stage::Native, Duration::from_secs(61)),
        ];
        let text = table(&times);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.splitn(2, ' ').map(str::trim).collect())
            .collect();
        assert_eq!(
            rows,
            [
                ["fmt", "400 ms"],
                ["native", "1 min 01 s"],
                ["all", "1 min 01 s"],
            ]
        );
    }
}
