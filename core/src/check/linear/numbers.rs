//! A small set of calls, by their numbers: a search makes and compares many that hardly differ.

/// In order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Numbers(Vec<u64>);

impl Numbers {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.binary_search(&number).is_ok()
    }

    pub(super) fn insert(&mut self, number: u64) {
        if let Err(place) = self.0.binary_search(&number) {
            self.0.insert(place, number);
        }
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Ok(place) = self.0.binary_search(&number) {
            self.0.remove(place);
        }
    }

    /// Those of both.
    pub(super) fn and(&self, other: &Numbers) -> Numbers {
        let mut both = self.clone();
        other.iter().for_each(|number| both.insert(number));
        both
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn each_number_is_in_it_once_and_in_order_until_it_is_removed() {
        let mut some = Numbers::default();
        for number in [7, 2, 9, 2] {
            some.insert(number);
        }
        assert_eq!(some.iter().collect::<Vec<_>>(), [2, 7, 9]);
        assert_eq!(some.len(), 3);
        some.remove(7);
        some.remove(8);
        assert_eq!(some.iter().collect::<Vec<_>>(), [2, 9]);
        assert!(some.contains(9) && !some.contains(7));
        let mut others = Numbers::default();
        others.insert(5);
        others.insert(9);
        let both = some.and(&others);
        assert_eq!(both.iter().collect::<Vec<_>>(), [2, 5, 9]);
    }
}
