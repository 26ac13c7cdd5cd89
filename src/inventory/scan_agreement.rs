//! Decides when a list that may change while it is read can be trusted: when two consecutive scans show the same ids.

use std::collections::HashSet;
use std::fmt;

use crate::model::Id;

/// The most scans after the first.
const MOST_AGAIN: u32 = 3;

/// The difference between two scans of a list that disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disagreement {
    /// How many entries the first scan showed.
    pub first: u64,
    /// How many entries the second scan showed.
    pub second: u64,
    /// How many entries of the first scan were missing in the second.
    pub gone: u64,
}

impl Disagreement {
    /// How many entries of the second scan were missing in the first.
    pub fn added(&self) -> u64 {
        (self.second + self.gone).saturating_sub(self.first)
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second, gone } = self;
        write!(
            f,
            "one look showed {first}, the next {second}; {gone} of the first were gone, {} were new",
            self.added()
        )
    }
}

/// The scans of one list so far.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    last: Option<HashSet<Id>>,
    again: u32,
}

/// Whether a list is trusted after a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// It showed the same as the scan before.
    Agreed,
    /// The list has to be scanned again.
    ScanAgain,
    /// Each scan shows something different.
    Unsteady(Disagreement),
}

impl Scans {
    /// Takes what a scan showed.
    pub(crate) fn take(&mut self, seen: HashSet<Id>) -> Agreement {
        let Some(last) = self.last.replace(seen) else { return Agreement::ScanAgain };
        self.again += 1;
        let seen = self.last.as_ref().unwrap_or(&last);
        if *seen == last {
            return Agreement::Agreed;
        }
        if self.again < MOST_AGAIN {
            return Agreement::ScanAgain;
        }
        let gone = last.difference(seen).count() as u64;
        Agreement::Unsteady(Disagreement { first: last.len() as u64, second: seen.len() as u64, gone })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreements(scans: &[&str]) -> Vec<Agreement> {
        let mut all = Scans::default();
        let ids = |scan: &str| scan.chars().map(|id| Id::from(id.to_string().as_str())).collect();
        scans.iter().map(|scan| all.take(ids(scan))).collect()
    }

    #[test]
    fn a_list_is_believed_once_two_looks_agree_and_never_after_four_that_do_not() {
        use Agreement::{Agreed, ScanAgain};
        assert_eq!(agreements(&["ab", "ba"]), [ScanAgain, Agreed]);
        assert_eq!(agreements(&["a", "b", "a", "a"]), [ScanAgain, ScanAgain, ScanAgain, Agreed]);
        let others = agreements(&["a", "b", "c", "bd"]).pop().unwrap();
        let Agreement::Unsteady(told) = others else { panic!("{others:?}") };
        assert_eq!(told.to_string(), "one look showed 1, the next 2; 1 of the first were gone, 2 were new");
    }

    #[test]
    fn two_looks_of_equal_length_are_told_apart() {
        let told = Disagreement { first: 7, second: 7, gone: 2 };
        assert_eq!(told.to_string(), "one look showed 7, the next 7; 2 of the first were gone, 2 were new");
    }
}
