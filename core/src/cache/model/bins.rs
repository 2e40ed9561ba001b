//! The bins of the features.

use crate::cache::eviction::Features;

pub(super) const TABLES: usize = 7;
const STRIDE: usize = 64 * 64;
pub(super) const WEIGHTS: usize = TABLES * STRIDE;

/// Half octaves.
fn half(value: u64) -> usize {
    let v = value + 1;
    let w = v.ilog2();
    let half = if w == 0 { 0 } else { (v >> (w - 1)) & 1 };
    ((w as usize) * 2 + half as usize).min(47)
}
fn octave(value: u64) -> usize { (((value + 1).ilog2()) as usize).min(30) }
fn gap(g: Option<u32>) -> usize { g.map_or(31, |g| octave(u64::from(g))) }

pub(super) fn bins(f: &Features) -> [usize; TABLES] {
    let r = half(f.recency);
    let n = half(f.frequency as u64).min(15);
    let s = half(f.size);
    let k = half(f.returns as u64).min(15);
    let cells = [
        (r, n),
        (r, k),
        (r, gap(f.gaps[0])),
        (gap(f.gaps[0]), gap(f.gaps[1])),
        (s, k),
        (half(f.age), k),
        (gap(f.gaps[1]), n),
    ];
    let mut out = [0; TABLES];
    for (table, (a, b)) in cells.into_iter().enumerate() {
        out[table] = table * STRIDE + a * 64 + b;
    }
    out
}
