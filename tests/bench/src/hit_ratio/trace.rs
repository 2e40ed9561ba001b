//! Traces: what was asked of a cache, one request after another.

use std::fmt;
use std::path::{Path, PathBuf};

/// A request for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) object: u64,
    pub(super) size: u64,
}

/// Requests, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) name: String,
    pub(super) requests: Vec<Request>,
}

/// Why a file is no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TraceError {
    path: PathBuf,
    place: Option<String>,
    what: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(place) = &self.place {
            write!(f, ", {place}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for TraceError {}

/// A record of libCacheSim's oracleGeneral: time, object, size, number of the next request for it.
const RECORD_BYTES: usize = 4 + 8 + 4 + 8;
const CSV_COLUMNS: &str = "time,object,size or object,size or object";

impl Trace {
    /// Reads a trace: CSV if the name ends in `.csv`, libCacheSim's oracleGeneral otherwise.
    pub(super) fn read(path: &Path) -> Result<Trace, TraceError> {
        let wrong = |place: Option<String>, what: String| TraceError {
            path: path.to_path_buf(),
            place,
            what,
        };
        let bytes =
            std::fs::read(path).map_err(|error| wrong(None, format!("cannot be read: {error}")))?;
        let is_csv = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let requests = if is_csv {
            csv(&bytes)
        } else {
            oracle_general(&bytes)
        };
        let requests = requests.map_err(|(place, what)| wrong(place, what))?;
        if requests.is_empty() {
            return Err(wrong(None, "it holds no request".into()));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Trace {
            name: name.into_owned(),
            requests,
        })
    }

    /// The sizes of all objects together, each counted once.
    pub(super) fn footprint(&self) -> u64 {
        let sizes = self.requests.iter().map(|asked| (asked.object, asked.size));
        let sizes: std::collections::BTreeMap<u64, u64> = sizes.collect();
        sizes.values().sum()
    }

    /// For each request the number of the next one for the same object.
    pub(super) fn next_requests(&self) -> Vec<Option<u64>> {
        let mut seen = std::collections::BTreeMap::new();
        let mut next = vec![None; self.requests.len()];
        for (number, asked) in self.requests.iter().enumerate().rev() {
            next[number] = seen.insert(asked.object, number as u64);
        }
        next
    }
}

type Wrong = (Option<String>, String);

fn oracle_general(bytes: &[u8]) -> Result<Vec<Request>, Wrong> {
    let (records, rest) = bytes.as_chunks::<RECORD_BYTES>();
    if !rest.is_empty() {
        let what = format!(
            "ends in the middle of a record: oracleGeneral has {RECORD_BYTES} bytes for each request \
             (time u32, object u64, size u32, next request i64; little-endian), and {} bytes are \
             left over. A CSV file must be named .csv; a compressed one must be unpacked first",
            rest.len()
        );
        return Err((Some(format!("byte {}", bytes.len() - rest.len())), what));
    }
    let mut requests = Vec::with_capacity(records.len());
    for (number, record) in records.iter().enumerate() {
        let field = |at: usize, len: usize| {
            let mut value = [0; 8];
            value[..len].copy_from_slice(&record[at..at + len]);
            u64::from_le_bytes(value)
        };
        let next = field(16, 8) as i64;
        if next < -1 || (next >= 0 && next <= number as i64) {
            let what = format!(
                "the next request for the object would be number {next}: it must be a later one, \
                 or -1 if there is none. Is this a file of libCacheSim's oracleGeneral?"
            );
            return Err((Some(format!("record {}", number + 1)), what));
        }
        requests.push(Request {
            object: field(4, 8),
            size: field(12, 4).max(1),
        });
    }
    Ok(requests)
}

fn csv(bytes: &[u8]) -> Result<Vec<Request>, Wrong> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let place = format!("byte {}", error.valid_up_to());
        (Some(place), "is not text; CSV must be UTF-8".to_owned())
    })?;
    let mut requests = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let is_heading = number == 0 && fields[0].parse::<u64>().is_err();
        if line.trim().is_empty() || line.starts_with('#') || is_heading {
            continue;
        }
        let place = || Some(format!("line {}", number + 1));
        let parse = |field: &str, column: &str| {
            field.parse::<u64>().map_err(|_| {
                let what = format!("{column} is {field:?}: it must be a whole number");
                (place(), what)
            })
        };
        let (object, size) = match fields[..] {
            [object] => (parse(object, "object")?, 1),
            [object, size] => (parse(object, "object")?, parse(size, "size")?),
            [_, object, size] => (parse(object, "object")?, parse(size, "size")?),
            _ => {
                let what = format!("has {} columns: it must have {CSV_COLUMNS}", fields.len());
                return Err((place(), what));
            }
        };
        if size == 0 {
            return Err((place(), "size is 0: it must be 1 or more bytes".into()));
        }
        requests.push(Request { object, size });
    }
    Ok(requests)
}
