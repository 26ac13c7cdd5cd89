//! The first few of many, in an order that is not that in which they are met.

/// The first `N` of what has numbers, whichever is met first; of one number the one that was met first comes first.
#[derive(Debug, Clone)]
pub struct FirstFew<T, const N: usize>(Vec<(u32, T)>);

impl<T, const N: usize> Default for FirstFew<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const N: usize> FirstFew<T, N> {
    /// Keeps a value if it is among the first; otherwise it is not made.
    pub fn take(&mut self, number: u32, value: impl FnOnce() -> T) {
        let place = self.0.partition_point(|(known, _)| *known <= number);
        if place < N {
            self.0.insert(place, (number, value()));
            self.0.truncate(N);
        }
    }

    /// How many there are: `N` at most.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that were kept, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The same, by value.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.0.into_iter().map(|(_, value)| value)
    }
}
