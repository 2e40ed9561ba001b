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
const CSV_COLUMNS: &str = "time,object,size, or object,size, or object";

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn read(name: &str, bytes: &[u8]) -> Result<Trace, String> {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).expect("the folder is new");
        file.write_all(bytes).expect("there is room for a file");
        let path = path.display().to_string();
        Trace::read(path.as_ref()).map_err(|error| error.to_string().replace(&path, name))
    }

    fn record(object: u64, size: u32, next: i64) -> Vec<u8> {
        let mut bytes = 7_u32.to_le_bytes().to_vec();
        bytes.extend(object.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend(next.to_le_bytes());
        bytes
    }

    #[test]
    fn both_forms_tell_the_same() {
        let binary = [record(5, 10, 2), record(6, 20, -1), record(5, 10, -1)].concat();
        let binary = read("t.bin", &binary).expect("it is a trace");
        assert_eq!(binary.footprint(), 30);
        assert_eq!(binary.next_requests(), [Some(2), None, None]);
        for text in [
            "time,object,size\n1,5,10\n2,6,20\n3,5,10\n",
            "5,10\n6,20\n\n# a note\n5, 10",
        ] {
            let text = read("t.csv", text.as_bytes()).expect("it is a trace");
            assert_eq!(text, binary);
        }
    }

    #[test]
    fn what_is_no_trace_is_refused_with_its_place() {
        let check = |name: &str, bytes: &[u8], expected: &str| {
            let error = read(name, bytes).expect_err("it is no trace");
            assert!(error.starts_with(expected), "{error}");
        };
        check("t.bin", &[], "t.bin: it holds no request");
        let torn = &record(5, 10, -1)[..23];
        check(
            "t.bin",
            torn,
            "t.bin, byte 0: ends in the middle of a record",
        );
        let backwards = [record(5, 10, 1), record(5, 10, 0)].concat();
        check("t.bin", &backwards, "t.bin, record 2: the next request");
        check("t.csv", b"1,2,3\n1,x,3\n", "t.csv, line 2: object is \"x\"");
        check("t.csv", b"1,0\n", "t.csv, line 1: size is 0");
        check("t.csv", b"1,2,3,4\n", "t.csv, line 1: has 4 columns");
        check("t.csv", &[b'1', 0xff], "t.csv, byte 1: is not text");
    }
}
