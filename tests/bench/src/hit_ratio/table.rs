//! One table of miss ratios, measured on all cores.

use super::Contender;
use super::simulate::Missed;
use super::trace::Trace;
use std::fmt;
use std::sync::Mutex;
use std::thread;

/// Under which conditions the contenders run.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) capacity: u64,
    pub(super) told: u64,
}

/// Contenders by conditions.
pub(super) struct Table {
    columns: Vec<String>,
    rows: Vec<(String, Vec<Missed>)>,
}

impl Table {
    /// Runs each contender under each condition.
    pub(super) fn of(trace: &Trace, contenders: &[Contender], columns: &[Column]) -> Table {
        let cells = contenders.len() * columns.len();
        let results = Mutex::new((0, vec![Missed::default(); cells]));
        let take = || {
            let mut results = results
                .lock()
                .expect("no run panics while it holds the lock");
            results.0 += 1;
            Some(results.0 - 1).filter(|cell| *cell < cells)
        };
        let work = || {
            while let Some(cell) = take() {
                let column = &columns[cell % columns.len()];
                let contender = contenders[cell / columns.len()];
                let missed = contender.run(trace, column.capacity, column.told);
                results
                    .lock()
                    .expect("no run panics while it holds the lock")
                    .1[cell] = missed;
            }
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let (_, results) = results.into_inner().expect("all runs are over");
        let rows = contenders.iter().zip(results.chunks(columns.len()));
        Table {
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            rows: rows
                .map(|(who, missed)| (who.name(), missed.to_vec()))
                .collect(),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<27}", "")?;
        for column in &self.columns {
            write!(f, "{column:>16}")?;
        }
        writeln!(f)?;
        for (name, row) in &self.rows {
            write!(f, "{name:<27}")?;
            for missed in row {
                write!(
                    f,
                    "    {:.4} | {:.3}",
                    missed.request_ratio(),
                    missed.byte_ratio()
                )?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
