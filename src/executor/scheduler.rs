//! Decides which item begins next. Pure: no clock, no I/O; the caller asks and does what the answer says.
//!
//! Items begin in the plan's order. An item that needs others begins after they have ended. Of several items with the
//! same name, at most one is under way, so that at most one of them is ever in doubt.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::ItemKey;

/// The list that an item is in, and the key of its name there.
pub(crate) type Name = (&'static str, String);

/// The input of the scheduler.
#[derive(Debug)]
pub(crate) enum Input {
    /// What is next? `place`: whether a place in flight is free.
    Asked {
        /// Whether one more item may be in flight.
        place: bool,
    },
    /// What [`Next::Weigh`] asked for.
    Weighed(Weight),
    /// An item ended, or got as far as it can in this run.
    Ended {
        /// The item that the input is about.
        item: ItemKey,
        /// The name of what it creates, if it creates something.
        name: Option<Name>,
        /// Whether the effect of its call is still unknown.
        open: bool,
    },
    /// An item was left in its state, because the run cannot go on.
    Failed,
    /// Nothing new may begin.
    Draining,
}

/// What has to be known about an item before it begins.
#[derive(Debug)]
pub(crate) struct Weight {
    pub item: ItemKey,
    /// Whether anything is sent for it.
    pub is_work: bool,
    /// The items that it needs and that have not ended yet.
    pub open_needs: Vec<ItemKey>,
    /// The name of what it creates, if it creates something.
    pub name: Option<Name>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Read the item, and tell its weight.
    Weigh(ItemKey),
    /// The item may begin.
    Start(ItemKey),
    /// Ask again at once for the next thing to do.
    Ask,
    /// Wait until a place is free or an item ends, whichever comes first.
    WaitForPlaceOrEnd,
    /// Wait until an item ends, without holding a place: an item under way may need the place to end.
    WaitForEnd,
    /// Everything that could be done is done.
    Finished,
}

/// The order of a run.
#[derive(Debug)]
pub(crate) struct Scheduler {
    queue: VecDeque<ItemKey>,
    /// The maximum number of items under way: items that wait for a lookup do not hold a place in flight.
    most: usize,
    under_way: usize,
    /// The names of items under way, and the items that wait for each. Only numbers are kept, because there may be
    /// very many.
    names: HashMap<Name, Vec<ItemKey>>,
    /// Items that wait for others.
    behind: HashMap<ItemKey, Vec<ItemKey>>,
    /// Items that came back and are still open: nothing waits for them any longer.
    given_up: HashSet<ItemKey>,
    draining: bool,
}

impl Scheduler {
    /// Begins these items, in their order, at most `most` at once.
    pub(crate) fn new(queue: VecDeque<ItemKey>, most: usize) -> Self {
        Self {
            queue,
            most: most.max(1),
            under_way: 0,
            names: HashMap::new(),
            behind: HashMap::new(),
            given_up: HashSet::new(),
            draining: false,
        }
    }

    /// Takes an input and returns what to do next.
    pub(crate) fn on(&mut self, input: Input) -> Next {
        match input {
            Input::Asked { place } => self.next(place),
            Input::Weighed(weight) => self.weighed(weight),
            Input::Ended { item, name, open } => {
                self.under_way = self.under_way.saturating_sub(1);
                if open {
                    self.given_up.insert(item);
                }
                let named = name.and_then(|name| self.names.remove(&name)).unwrap_or_default();
                let behind = self.behind.remove(&item).unwrap_or_default();
                for next in named.into_iter().chain(behind).rev() {
                    self.queue.push_front(next);
                }
                Next::Ask
            }
            Input::Failed => {
                self.under_way = self.under_way.saturating_sub(1);
                self.draining = true;
                Next::Ask
            }
            Input::Draining => {
                self.draining = true;
                Next::Ask
            }
        }
    }

    fn next(&mut self, place: bool) -> Next {
        let may_begin = !self.draining && !self.queue.is_empty();
        match may_begin {
            false if self.under_way == 0 => Next::Finished,
            false => Next::WaitForEnd,
            true if self.under_way >= self.most => Next::WaitForEnd,
            true if !place => Next::WaitForPlaceOrEnd,
            true => self.queue.pop_front().map_or(Next::Finished, Next::Weigh),
        }
    }

    fn weighed(&mut self, weight: Weight) -> Next {
        let Weight { item, is_work, open_needs, name } = weight;
        if !is_work {
            return Next::Ask;
        }
        if let Some(need) = open_needs.into_iter().find(|need| !self.given_up.contains(need)) {
            self.behind.entry(need).or_default().push(item);
            return Next::Ask;
        }
        if let Some(name) = name {
            if let Some(waiting) = self.names.get_mut(&name) {
                waiting.push(item);
                return Next::Ask;
            }
            self.names.insert(name, Vec::new());
        }
        self.under_way += 1;
        Next::Start(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ItemKey = ItemKey(1);
    const B: ItemKey = ItemKey(2);
    const C: ItemKey = ItemKey(3);
    const D: ItemKey = ItemKey(4);
    const E: ItemKey = ItemKey(5);

    fn scheduler(items: &[ItemKey], most: usize) -> Scheduler {
        Scheduler::new(items.iter().copied().collect(), most)
    }

    fn name(text: &str) -> Option<Name> {
        Some(("imports", text.to_owned()))
    }

    fn weight(item: ItemKey, name: Option<Name>) -> Weight {
        Weight { item, is_work: true, open_needs: Vec::new(), name }
    }

    /// Begins the next item, whose weight is as given; `None` if it has to wait.
    fn begin(scheduler: &mut Scheduler, weigh: impl Fn(ItemKey) -> Weight) -> Option<ItemKey> {
        loop {
            match scheduler.on(Input::Asked { place: true }) {
                Next::Weigh(item) => match scheduler.on(Input::Weighed(weigh(item))) {
                    Next::Start(item) => return Some(item),
                    next => assert_eq!(next, Next::Ask),
                },
                Next::WaitForEnd | Next::Finished => return None,
                next => panic!("{next:?}"),
            }
        }
    }

    fn ended(item: ItemKey, name: Option<Name>, open: bool) -> Input {
        Input::Ended { item, name, open }
    }

    #[test]
    fn items_begin_in_order_as_long_as_there_are_places() {
        let mut s = scheduler(&[A, B, C], 2);
        let weigh = |item| weight(item, None);
        assert_eq!(begin(&mut s, weigh), Some(A));
        assert_eq!(begin(&mut s, weigh), Some(B));
        assert_eq!(begin(&mut s, weigh), None, "two at most");
        s.on(ended(A, None, false));
        assert_eq!(begin(&mut s, weigh), Some(C));
        s.on(ended(B, None, false));
        s.on(ended(C, None, false));
        assert_eq!(s.on(Input::Asked { place: true }), Next::Finished);
    }

    /// The answer to a question, depending on what is queued, what is under way, and whether a place is free.
    #[test]
    fn a_place_is_waited_for_only_where_an_item_could_begin_with_it() {
        for (queued, under_way, place, draining, expected) in [
            (0, 0, true, false, Next::Finished),
            (0, 0, false, false, Next::Finished),
            (1, 0, false, false, Next::WaitForPlaceOrEnd),
            (1, 1, false, false, Next::WaitForPlaceOrEnd),
            (1, 1, true, false, Next::Weigh(ItemKey(2))),
            // Two at most: a place would be of no use.
            (1, 2, false, false, Next::WaitForEnd),
            (1, 2, true, false, Next::WaitForEnd),
            // Whoever waits for an end has no place in hand: what is under way may need it.
            (0, 1, true, false, Next::WaitForEnd),
            (0, 1, false, false, Next::WaitForEnd),
            (1, 1, true, true, Next::WaitForEnd),
            (1, 1, false, true, Next::WaitForEnd),
            (1, 0, true, true, Next::Finished),
            (1, 0, false, true, Next::Finished),
        ] {
            let case =
                format!("{queued} queued, {under_way} under way, place: {place}, draining: {draining}");
            let items: Vec<ItemKey> = (1..=queued + under_way).map(ItemKey).collect();
            let mut s = scheduler(&items, 2);
            (0..under_way).for_each(|_| assert!(begin(&mut s, |item| weight(item, None)).is_some()));
            if draining {
                assert_eq!(s.on(Input::Draining), Next::Ask);
            }
            assert_eq!(s.on(Input::Asked { place }), expected, "{case}");
        }
    }

    #[test]
    fn items_of_one_name_go_one_after_the_other() {
        let mut s = scheduler(&[A, B, C], 9);
        let weigh = |item| weight(item, if item == C { name("other") } else { name("same") });
        assert_eq!(begin(&mut s, weigh), Some(A));
        assert_eq!(begin(&mut s, weigh), Some(C), "B waits for A, and C does not wait for B");
        assert_eq!(begin(&mut s, weigh), None);
        s.on(ended(A, name("same"), false));
        assert_eq!(begin(&mut s, weigh), Some(B));
    }

    #[test]
    fn an_item_begins_after_what_it_needs_or_once_that_came_back_open() {
        for open in [false, true] {
            let mut s = scheduler(&[A, B], 9);
            // A stays open in the journal if it came back open.
            let ended_in_journal = std::cell::Cell::new(false);
            let weigh = |item| Weight {
                open_needs: if item == B && !ended_in_journal.get() { vec![A] } else { Vec::new() },
                ..weight(item, None)
            };
            assert_eq!(begin(&mut s, weigh), Some(A));
            assert_eq!(begin(&mut s, weigh), None);
            ended_in_journal.set(!open);
            s.on(ended(A, None, open));
            assert_eq!(begin(&mut s, weigh), Some(B), "{open}");
        }
    }

    #[test]
    fn those_behind_an_item_begin_in_their_order_and_before_the_rest() {
        let mut s = scheduler(&[A, B, C, D, E], 9);
        let ended_in_journal = std::cell::Cell::new(false);
        let weigh = |item| Weight {
            open_needs: if matches!(item, C | D) && !ended_in_journal.get() { vec![A] } else { Vec::new() },
            ..weight(item, if matches!(item, A | B) { name("same") } else { None })
        };
        assert_eq!(begin(&mut s, weigh), Some(A));
        assert_eq!(s.on(Input::Asked { place: true }), Next::Weigh(B));
        assert_eq!(s.on(Input::Weighed(weigh(B))), Next::Ask, "it would bear the name of A");
        for item in [C, D] {
            assert_eq!(s.on(Input::Asked { place: true }), Next::Weigh(item));
            assert_eq!(s.on(Input::Weighed(weigh(item))), Next::Ask, "it needs A");
        }
        ended_in_journal.set(true);
        s.on(ended(A, name("same"), false));
        let begun: Vec<_> = std::iter::from_fn(|| begin(&mut s, weigh)).collect();
        assert_eq!(begun, [B, C, D, E]);
    }

    #[test]
    fn what_is_no_work_is_passed_over() {
        let mut s = scheduler(&[A, B], 9);
        let weigh = |item| Weight { is_work: item == B, ..weight(item, None) };
        assert_eq!(begin(&mut s, weigh), Some(B));
    }

    #[test]
    fn after_a_failure_nothing_begins_and_what_is_under_way_is_awaited() {
        let mut s = scheduler(&[A, B, C], 9);
        let weigh = |item| weight(item, None);
        assert_eq!(begin(&mut s, weigh), Some(A));
        assert_eq!(begin(&mut s, weigh), Some(B));
        assert_eq!(s.on(Input::Failed), Next::Ask);
        assert_eq!(s.on(Input::Asked { place: true }), Next::WaitForEnd);
        s.on(ended(B, None, true));
        assert_eq!(s.on(Input::Asked { place: true }), Next::Finished);
    }

    #[test]
    fn nothing_begins_while_the_run_drains_and_what_is_under_way_is_awaited() {
        let mut s = scheduler(&[A, B], 9);
        let weigh = |item| weight(item, name("same"));
        assert_eq!(begin(&mut s, weigh), Some(A));
        assert_eq!(begin(&mut s, weigh), None);
        s.on(Input::Draining);
        assert_eq!(s.on(Input::Asked { place: true }), Next::WaitForEnd);
        s.on(ended(A, name("same"), false));
        assert_eq!(s.on(Input::Asked { place: true }), Next::Finished);
    }
}
