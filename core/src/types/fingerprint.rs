//! A digest that is the same on every target, for comparing histories.

use core::hash::{Hash, Hasher};

/// A 64-bit rolling digest. It differs from the standard hashers in one thing that matters here:
/// lengths and enum discriminants are fed as 64 bits whatever the width of `usize`, so native
/// code and wasm agree. It tells accidents apart, not adversaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

/// An odd constant with well-spread bits (the golden ratio times 2^64).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint(SPREAD)
    }
}

impl Fingerprint {
    /// The digest of one value.
    #[must_use]
    pub fn of<T: Hash + ?Sized>(value: &T) -> u64 {
        let mut fingerprint = Fingerprint::default();
        value.hash(&mut fingerprint);
        fingerprint.finish()
    }

    fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(SPREAD);
        self.0 = mixed ^ (mixed >> 29);
    }
}

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        let mixed = self.0.wrapping_mul(SPREAD);
        mixed ^ (mixed >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.word(u64::from_le_bytes(
                word.try_into().expect("chunks are 8 bytes"),
            ));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            let mut last = [0u8; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(last) ^ ((rest.len() as u64) << 56));
        }
    }

    fn write_u8(&mut self, i: u8) {
        self.word(u64::from(i));
    }
    fn write_u16(&mut self, i: u16) {
        self.word(u64::from(i));
    }
    fn write_u32(&mut self, i: u32) {
        self.word(u64::from(i));
    }
    fn write_u64(&mut self, i: u64) {
        self.word(i);
    }
    fn write_usize(&mut self, i: usize) {
        self.word(i as u64);
    }
    fn write_isize(&mut self, i: isize) {
        self.word(i as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn values_that_differ_have_digests_that_differ() {
        assert_ne!(Fingerprint::of(&[1u8, 2]), Fingerprint::of(&[2u8, 1]));
        assert_ne!(Fingerprint::of(&b"ab"[..]), Fingerprint::of(&b"ab\0"[..]));
        assert_ne!(Fingerprint::of(&Some(0u64)), Fingerprint::of(&None::<u64>));
    }

    /// The figure itself is pinned: it must be the same on wasm32, where `usize` has 32 bits.
    #[test]
    fn the_digest_does_not_depend_on_the_target() {
        assert_eq!(Fingerprint::of(&(7usize, "flotilla", Some(3u8))), PINNED);
    }

    const PINNED: u64 = 17_288_420_915_775_994_812;
}
