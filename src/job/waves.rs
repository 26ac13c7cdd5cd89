//! `waves`, `pause` and `mirror`: how much is written at a time, and how much may be deleted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Limit;

/// `waves` with its `pause`: the imports are written in groups, each verified before the next begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waves {
    /// The sizes, in order; the last is [`Wave::Rest`]. Never empty.
    pub sizes: Vec<Wave>,
    /// What happens between two waves.
    pub pause: Pause,
}

impl Waves {
    /// The waves in one line: `1, 10, then the rest; a question on the terminal before each further wave, none with --yes`.
    pub fn in_words(&self) -> String {
        let sizes: Vec<String> = self
            .sizes
            .iter()
            .map(|size| match size {
                Wave::Of(Limit::Count(count)) => count.to_string(),
                Wave::Of(Limit::Share(share)) => format!("{}%", (share * 10_000.0).round() / 100.0),
                Wave::Rest => "then the rest".to_owned(),
            })
            .collect();
        let pause = match self.pause {
            Pause::Ask => "a question on the terminal before each further wave, none with --yes".to_owned(),
            Pause::Never => "each is verified before the next begins".to_owned(),
            Pause::For(pause) if pause.as_secs() > 0 && pause.as_millis().is_multiple_of(60_000) => {
                format!("{} min between them", pause.as_secs() / 60)
            }
            Pause::For(pause) => format!("{} s between them", pause.as_secs_f64()),
        };
        format!("{}; {pause}", sizes.join(", "))
    }
}

/// One of the waves under the key `waves`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wave {
    /// So many imports, or such a share of all that are to be written.
    Of(Limit),
    /// All that are left.
    Rest,
}

/// Behind which import each wave ends, counted from 1; none is empty.
pub fn wave_ends(sizes: &[Wave], total: u64) -> Vec<u64> {
    let mut ends: Vec<u64> = Vec::new();
    let mut end = 0;
    for size in sizes {
        let size = match size {
            Wave::Of(Limit::Count(count)) => u64::from(*count),
            Wave::Of(Limit::Share(share)) => share_of(*share, total).max(1),
            Wave::Rest => total,
        };
        end = total.min(end + size);
        if ends.last().copied().unwrap_or(0) < end {
            ends.push(end);
        }
    }
    // A list without `rest` leaves nothing out.
    if end < total {
        ends.push(total);
    }
    ends
}

/// So many of `total` as a share comes to, rounded up: a share from 0 to 1 of a count below 2^52. 7 % of 100 is 7, though no
/// binary number is 0.07.
pub fn share_of(share: f64, total: u64) -> u64 {
    /// What a share is taken to be off by at most, for one that was written in decimals.
    const OFF: f64 = 1e-6;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share from 0 to 1 of a count far below 2^52"
    )]
    let count = (share * total as f64 - OFF).ceil().max(0.0) as u64;
    count.min(total)
}

/// `pause`: what happens between two waves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// The user is asked before each further wave; the default.
    #[default]
    Ask,
    /// The next wave begins at once.
    Never,
    /// The next wave begins after so long.
    For(Duration),
}

/// `mirror`: what the source no longer has is deleted in the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mirror {
    /// `max_delete`: the most that may be deleted; more than that ends the plan.
    pub max_delete: Limit,
}

/// `page_size`: imports on one page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageSize {
    /// 1000, halved when a page is too large or too slow; the default.
    #[default]
    Auto,
    /// So many at first, from 1 to 1000; halved as well.
    Fixed(std::num::NonZeroU32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up_and_a_whole_number_stays_one() {
        for hundredths in 0..=100_u32 {
            for total in [100_u64, 200, 700, 1_000, 100_000] {
                let exact = u64::from(hundredths) * total / 100;
                assert_eq!(
                    share_of(f64::from(hundredths) / 100.0, total),
                    exact,
                    "{hundredths} % of {total}"
                );
            }
        }
        for (share, total, count) in [(0.1, 25, 3), (0.0001, 25, 1), (1.0, 3, 3), (0.5, 3, 2), (0.07, 0, 0)] {
            assert_eq!(share_of(share, total), count, "{share} of {total}");
        }
    }

    #[test]
    fn waves_end_where_their_sizes_say_and_none_is_empty() {
        let count = |count| Wave::Of(Limit::Count(count));
        let share = |share| Wave::Of(Limit::Share(share));
        for (sizes, total, expected) in [
            (vec![count(1), count(10), Wave::Rest], 2912, vec![1, 11, 2912]),
            (vec![count(1), count(10), Wave::Rest], 11, vec![1, 11]),
            (vec![count(1), count(10), Wave::Rest], 5, vec![1, 5]),
            (vec![count(1), Wave::Rest], 0, vec![]),
            (vec![share(0.1), Wave::Rest], 25, vec![3, 25]),
            (vec![share(0.07), Wave::Rest], 100, vec![7, 100]),
            (vec![share(0.0001), Wave::Rest], 25, vec![1, 25]),
            (vec![count(2)], 3, vec![2, 3]),
        ] {
            assert_eq!(wave_ends(&sizes, total), expected, "{sizes:?} of {total}");
        }
    }

    #[test]
    fn waves_are_told_in_one_line() {
        let sizes = vec![Wave::Of(Limit::Count(1)), Wave::Of(Limit::Share(0.07)), Wave::Rest];
        for (pause, told) in [
            (
                Pause::Ask,
                "1, 7%, then the rest; a question on the terminal before each further wave, none with --yes",
            ),
            (Pause::Never, "1, 7%, then the rest; each is verified before the next begins"),
            (Pause::For(Duration::from_mins(30)), "1, 7%, then the rest; 30 min between them"),
            (Pause::For(Duration::from_millis(500)), "1, 7%, then the rest; 0.5 s between them"),
        ] {
            assert_eq!(Waves { sizes: sizes.clone(), pause }.in_words(), told);
        }
    }
}
