//! The decision for each item: 16 bytes each, because there may be very many.

use crate::model::{Chunks, Halves, halves, whole};
use crate::planner::decide::Decision;

/// What happens to each item, and the key of the imports it is about.
#[derive(Debug, Default)]
pub(crate) struct Decisions(Chunks<PackedDecision>);

#[derive(Debug, Clone, Copy, Default)]
struct PackedDecision {
    key: Halves,
    at: u32,
    what: What,
}

#[derive(Debug, Clone, Copy, Default)]
enum What {
    #[default]
    Undecided,
    Unchanged,
    Create,
    Differs,
    Ambiguous,
}

impl Decisions {
    pub(crate) fn insert(&mut self, item: u32, decision: Decision, key: u64) {
        let place = item as usize;
        while self.0.len() <= place {
            self.0.push(PackedDecision::default());
        }
        let what = match decision {
            Decision::Unchanged(_) => What::Unchanged,
            Decision::Create => What::Create,
            Decision::Differs(_) => What::Differs,
            Decision::Ambiguous => What::Ambiguous,
        };
        let at = decision.import().map_or(0, |at| u32::try_from(at).unwrap_or(u32::MAX));
        self.0[place] = PackedDecision { key: halves(key), at, what };
    }

    pub(crate) fn get(&self, item: u32) -> Option<(Decision, u64)> {
        self.0.get(item as usize).and_then(PackedDecision::decision)
    }

    /// Whether nothing was decided of any item.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Decision, u64)> {
        self.0.iter().filter_map(PackedDecision::decision)
    }
}

impl PackedDecision {
    fn decision(&self) -> Option<(Decision, u64)> {
        let at = self.at as usize;
        let decision = match self.what {
            What::Undecided => return None,
            What::Unchanged => Decision::Unchanged(at),
            What::Create => Decision::Create,
            What::Differs => Decision::Differs(at),
            What::Ambiguous => Decision::Ambiguous,
        };
        Some((decision, whole(self.key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_decided_of_an_item_is_told_and_nothing_of_others() {
        let all = [
            (5, Decision::Unchanged(1), u64::MAX),
            (0, Decision::Create, 7),
            (2000, Decision::Differs(0), 1 << 32),
            (3, Decision::Ambiguous, 0),
        ];
        let mut decisions = Decisions::default();
        assert!(decisions.is_empty());
        all.iter().for_each(|(item, decision, key)| decisions.insert(*item, *decision, *key));
        for (item, decision, key) in all {
            assert_eq!(decisions.get(item), Some((decision, key)));
        }
        assert_eq!((decisions.get(1), decisions.get(2001), decisions.iter().count()), (None, None, 4));
        assert!(size_of::<PackedDecision>() == 16);
    }
}
