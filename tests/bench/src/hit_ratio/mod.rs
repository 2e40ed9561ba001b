//! How often each eviction policy misses, beside who knows the future.
//!
//! Read `simulate.rs` for the cache that is measured: the same policies, candidates, model and feedback
//! that a cluster uses, without the cluster. Made-up traces are used unless a file is named.

mod belady;
mod simulate;
mod synthetic;
mod table;
mod trace;

use clap::Parser;
use flotilla_core::cache::PolicyKind;
use simulate::{Cache, Missed, Service};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use table::{Column, Table};
use trace::Trace;

/// How often each eviction policy misses.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench hit-ratio")]
struct Arguments {
    /// A trace: libCacheSim's oracleGeneral (24 bytes for each request), or CSV if it is named .csv, with
    /// the columns `object`, `object,size` or `time,object,size`. Without one, made-up traces
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Cache sizes, in percent of all distinct objects' bytes
    #[arg(
        long,
        value_name = "PERCENT,...",
        value_delimiter = ',',
        default_value = "1%,10%"
    )]
    sizes: Vec<Percent>,
    /// Which policies, of lru, sieve, s3-fifo, w-tiny-lfu, learned; all without it
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = policy)]
    policies: Vec<PolicyKind>,
}

/// A part of the footprint, in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Percent(u64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Percent, String> {
        let number = text.trim().trim_end_matches('%').parse::<f64>();
        match number {
            Ok(percent) if (0.01..=100.0).contains(&percent) => {
                Ok(Percent((percent * 100.0).round() as u64))
            }
            _ => Err("a size is a percentage from 0.01% to 100%, such as 1% or 0.5%".into()),
        }
    }
}

impl Percent {
    fn of(self, footprint: u64) -> u64 {
        (footprint * self.0 / 10_000).max(1)
    }

    fn name(self) -> String {
        format!("{}%", self.0 as f64 / 100.0)
    }
}

fn policy(name: &str) -> Result<PolicyKind, String> {
    let named = PolicyKind::ALL.into_iter().find(|kind| kind.name() == name);
    let names = PolicyKind::ALL.map(PolicyKind::name).join(", ");
    named.ok_or_else(|| format!("there are {names}"))
}

/// Whose misses are counted.
#[derive(Clone, Copy, Debug)]
enum Contender {
    Policy(PolicyKind),
    Learned(Service),
    Belady,
    SizeAware,
}

impl Contender {
    fn name(self) -> String {
        match self {
            Contender::Policy(kind) => kind.name().into(),
            Contender::Learned(Service::After(0)) => "learned".into(),
            Contender::Learned(Service::After(late)) => format!("learned, {late} requests late"),
            Contender::Learned(Service::Down) => "learned, service down".into(),
            Contender::Belady => "Belady".into(),
            Contender::SizeAware => "Belady by size".into(),
        }
    }

    /// One of `told` hits is told to the policy.
    fn run(self, trace: &Trace, capacity: u64, told: u64) -> Missed {
        match self {
            Contender::Policy(kind) => Cache::new(kind, capacity, Service::Down).run(trace, told),
            Contender::Learned(service) => {
                Cache::new(PolicyKind::Learned, capacity, service).run(trace, told)
            }
            Contender::Belady => belady::belady(trace, capacity),
            Contender::SizeAware => belady::size_aware(trace, capacity),
        }
    }
}

/// One of so many hits is told to the policy, in the second table; 0 stands for none.
const TOLD: [u64; 4] = [1, 4, 16, 0];

/// Runs what the command line asks for.
pub(super) fn run() -> ExitCode {
    let arguments = Arguments::parse_from(std::env::args().skip(1));
    let traces = match &arguments.trace {
        Some(path) => Trace::read(path).map(|trace| vec![trace]),
        None => Ok(synthetic::all()),
    };
    match traces {
        Ok(traces) => {
            for trace in traces {
                measure(&trace, &arguments);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure(trace: &Trace, arguments: &Arguments) {
    let footprint = trace.footprint();
    println!(
        "\n{}: {} requests, {:.1} MB of distinct objects",
        trace.name,
        trace.requests.len(),
        footprint as f64 / 1e6
    );
    let mut policies = arguments.policies.clone();
    if policies.is_empty() {
        policies = PolicyKind::ALL.into();
    }
    let mut contenders = Vec::new();
    for kind in &policies {
        match kind {
            PolicyKind::Learned => {
                contenders.extend([0, 50].map(|late| Contender::Learned(Service::After(late))))
            }
            kind => contenders.push(Contender::Policy(*kind)),
        }
    }
    if policies.contains(&PolicyKind::Learned) {
        contenders.push(Contender::Learned(Service::Down));
    }
    let ceiling = [Contender::Belady, Contender::SizeAware];
    let all: Vec<Contender> = contenders.iter().copied().chain(ceiling).collect();
    let sizes = arguments.sizes.iter().map(|size| Column {
        name: size.name(),
        capacity: size.of(footprint),
        told: 1,
    });
    println!("miss ratios, of requests | of bytes, by the size of the cache");
    print!("{}", Table::of(trace, &all, &sizes.collect::<Vec<_>>()));

    let size = arguments.sizes[arguments.sizes.len() - 1];
    let told = TOLD.map(|told| Column {
        name: match told {
            0 => "none".into(),
            1 => "all".into(),
            told => format!("1 of {told}"),
        },
        capacity: size.of(footprint),
        told,
    });
    println!(
        "the same at {}, by how many hits the policy is told of",
        size.name()
    );
    let down = |contender: &Contender| matches!(contender, Contender::Learned(Service::Down));
    contenders.retain(|contender| !down(contender));
    print!("{}", Table::of(trace, &contenders, &told));
}
