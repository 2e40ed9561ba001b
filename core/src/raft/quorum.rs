//! Majority arithmetic.

use crate::types::Index;

/// How many of `voters` make a majority.
#[must_use]
pub fn majority(voters: usize) -> usize {
    voters / 2 + 1
}

/// The highest index that a majority holds, given what each voter holds.
#[must_use]
pub fn held_by_majority(matched: &mut [Index]) -> Index {
    if matched.is_empty() {
        return Index::ZERO;
    }
    let needed = majority(matched.len());
    matched.sort_unstable_by(|a, b| b.cmp(a));
    matched[needed - 1]
}

#[cfg(test)]
mod tests {
    use super::{held_by_majority, majority};
    use crate::types::Index;

    #[test]
    fn a_majority_is_more_than_half() {
        let table = [
            (1, 1),
            (2, 2),
            (3, 2),
            (4, 3),
            (5, 3),
            (6, 4),
            (7, 4),
            (8, 5),
            (9, 5),
        ];
        for (voters, needed) in table {
            assert_eq!(majority(voters), needed, "{voters} voters");
        }
    }

    /// The naive twin: try each index, count who holds it.
    fn naive(matched: &[Index]) -> Index {
        let held = |index: Index| matched.iter().filter(|held| **held >= index).count();
        let candidates = matched
            .iter()
            .copied()
            .filter(|index| 2 * held(*index) > matched.len());
        candidates.max().unwrap_or(Index::ZERO)
    }

    #[test]
    fn the_majority_index_agrees_with_counting() {
        for voters in 1..=5u32 {
            for code in 0..4u64.pow(voters) {
                let digit = |place| Index(code / 4u64.pow(place) % 4);
                let mut matched: Vec<Index> = (0..voters).map(digit).collect();
                assert_eq!(
                    naive(&matched),
                    held_by_majority(&mut matched),
                    "{matched:?}"
                );
            }
        }
    }
}
