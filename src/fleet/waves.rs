//! Assigns each account to a wave. Pure.

use crate::job::WaveSize;

/// The wave of each account, from 1. `fixed` is what the CSV says about each; the others fill the waves in order. A
/// wave is never empty while any account is left, nor larger than its size, except by fixed accounts.
pub fn assign(fixed: &[Option<u32>], sizes: &[WaveSize]) -> Vec<u32> {
    let total = fixed.len();
    let mut room: Vec<usize> = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| {
            let taken = fixed.iter().filter(|wave| **wave == u32::try_from(index + 1).ok()).count();
            of_size(*size, total).saturating_sub(taken)
        })
        .collect();
    let last = sizes.len().max(1);
    let mut current = 0;
    fixed
        .iter()
        .map(|wave| {
            if let Some(wave) = wave {
                return *wave;
            }
            while current + 1 < last && room.get(current).is_none_or(|room| *room == 0) {
                current += 1;
            }
            if let Some(room) = room.get_mut(current) {
                *room = room.saturating_sub(1);
            }
            u32::try_from(current + 1).unwrap_or(u32::MAX)
        })
        .collect()
}

fn of_size(size: WaveSize, total: usize) -> usize {
    match size {
        WaveSize::Accounts(count) => count as usize,
        WaveSize::Share(share) => share_of(share, total).max(1),
        WaveSize::Rest => usize::MAX,
    }
}

/// A share of all accounts, rounded up.
pub(super) fn share_of(share: f64, total: usize) -> usize {
    usize::try_from(crate::job::share_of(share, total as u64)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_fill_the_waves_in_order_and_those_of_the_csv_keep_theirs() {
        use WaveSize::{Accounts, Rest, Share};
        let check = |fixed: &[Option<u32>], sizes: &[WaveSize], waves: &[u32]| {
            assert_eq!(assign(fixed, sizes), waves, "{fixed:?} {sizes:?}");
        };
        check(&[None; 5], &[Rest], &[1; 5]);
        check(&[None; 5], &[Accounts(2), Rest], &[1, 1, 2, 2, 2]);
        check(&[None; 10], &[Accounts(1), Share(0.2), Rest], &[1, 2, 2, 3, 3, 3, 3, 3, 3, 3]);
        check(&[None; 3], &[Share(0.01), Rest], &[1, 2, 2]);
        assert_eq!(assign(&[None; 100], &[Share(0.07), Rest]).iter().filter(|wave| **wave == 1).count(), 7);
        check(&[None; 2], &[Accounts(5), Share(0.5), Rest], &[1, 1]);
        check(&[None, Some(1), None, Some(2)], &[Accounts(1), Rest], &[2, 1, 2, 2]);
        check(&[Some(3), None, None], &[Accounts(1), Accounts(1), Rest], &[3, 1, 2]);
        check(&[], &[Accounts(1), Rest], &[]);
    }
}
