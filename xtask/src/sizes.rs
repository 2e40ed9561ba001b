//! How large the site is, as it lies on the disk and as it travels.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::progress::say;

/// The kinds of file whose sizes are worth knowing, by extension.
const KINDS: [(&str, &str); 3] = [("wasm", "wasm"), ("JavaScript", "js"), ("css", "css")];

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Size {
    raw: u64,
    gzip: u64,
}

/// Prints raw and gzipped sizes of the site by kind of file; each kind must be there.
pub(crate) fn report(dist: &Path) -> Result<()> {
    say(&format!("{:<12}{:>12}{:>12}", "", "raw", "gzip"));
    for (name, extension) in KINDS {
        let size = total(dist, extension)?;
        ensure!(
            size.raw > 0,
            "the site in {} holds no {name}",
            dist.display()
        );
        say(&format!(
            "{name:<12}{:>12}{:>12}",
            bytes(size.raw),
            bytes(size.gzip)
        ));
    }
    Ok(())
}

fn total(folder: &Path, extension: &str) -> Result<Size> {
    let mut sum = Size::default();
    let entries = fs::read_dir(folder).with_context(|| format!("reading {folder:?}"))?;
    for entry in entries {
        let path = entry?.path();
        let size = if path.is_dir() {
            total(&path, extension)?
        } else if path.extension().is_some_and(|found| found == extension) {
            measure(&fs::read(&path).with_context(|| format!("reading {path:?}"))?)?
        } else {
            Size::default()
        };
        sum.raw += size.raw;
        sum.gzip += size.gzip;
    }
    Ok(sum)
}

fn measure(content: &[u8]) -> Result<Size> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(Size {
        raw: content.len() as u64,
        gzip: encoder.finish()?.len() as u64,
    })
}

/// A size as people say it, in units of 1000 as networks count: `512 B`, `48.2 kB`, `1.3 MB`.
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{}.{} kB", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, measure};

    #[test]
    fn sizes_read_well_at_every_size() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 kB");
        assert_eq!(bytes(999_999), "999.9 kB");
        assert_eq!(bytes(1_340_000), "1.3 MB");
    }

    #[test]
    fn repetition_travels_small() {
        let size = measure(&[7; 10_000]).expect("in memory");
        assert_eq!(size.raw, 10_000);
        assert!(size.gzip < 100, "{size:?}");
    }
}
