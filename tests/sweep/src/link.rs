//! A scenario as a link to the page, in the form that the page writes (www/src/share/link.ts).

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use flotilla_core::types::Instant;
use std::io::Write;

/// The longest that the page reads, in characters.
const MOST: usize = 64 << 10;

/// The link that opens a scenario at a moment.
///
/// # Errors
/// It is too long for a link.
pub fn link(page: &str, toml: &str, at: Option<(Instant, u64)>) -> Result<String> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    packed.write_all(toml.as_bytes()).context("packing")?;
    let packed = packed.finish().context("packing")?;
    let mut fragment = format!("#s1={}", URL_SAFE_NO_PAD.encode(packed));
    if let Some((time, step)) = at {
        fragment += &format!("&t={}&n={step}", time.0);
    }
    if fragment.len() > MOST {
        bail!("it is too long for a link; open the file in the page instead");
    }
    Ok(format!("{page}{fragment}"))
}
