//! The accounts of one page of a wave, in lanes: each lane takes the next account when its last one ended. Pure: nothing in
//! here knows the SDK, the time or the store, so a replay takes the same steps.

use std::collections::VecDeque;

use crate::outcome::is_bad;
use crate::payload::{Page, Todo};

/// The accounts of a page: which were begun, how they ended, and whether more are.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    waiting: VecDeque<Todo>,
    running: usize,
    ended: usize,
    bad: usize,
    most_bad: Option<usize>,
    halted: bool,
}

impl Lanes {
    /// The accounts of a page.
    pub fn of(page: Page) -> Self {
        Self {
            waiting: page.accounts.into(),
            running: 0,
            ended: 0,
            bad: page.bad,
            most_bad: page.most_bad,
            halted: false,
        }
    }

    /// How many lanes there are: no more than accounts.
    pub fn width(&self, parallel: usize) -> usize {
        parallel.max(1).min(self.waiting.len())
    }

    /// The next account of a lane; none when nothing more is begun.
    pub fn begin(&mut self) -> Option<Todo> {
        if self.halted || self.most_bad.is_some_and(|most| self.bad >= most) {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.running += 1;
        Some(next)
    }

    /// An account ended with that exit code, or without one: told to stop.
    pub fn end(&mut self, exit_code: Option<u8>) {
        self.running = self.running.saturating_sub(1);
        match exit_code {
            Some(code) => {
                self.ended += 1;
                self.bad += usize::from(is_bad(code));
            }
            None => self.halted = true,
        }
    }

    /// Nothing more is begun.
    pub fn halt(&mut self) {
        self.halted = true;
    }

    /// Accounts that run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Accounts of the page that have a result.
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// Accounts of the page that are still to be begun.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(accounts: usize, bad: usize, most_bad: Option<usize>) -> Page {
        let todo = |number| Todo { account: format!("a{number}"), queue: None };
        Page { wave: 1, parallel: 3, accounts: (0..accounts).map(todo).collect(), bad, most_bad }
    }

    #[test]
    fn each_account_is_begun_once_and_in_order() {
        let mut lanes = Lanes::of(page(5, 0, None));
        assert_eq!((lanes.width(3), lanes.width(9), lanes.width(0)), (3, 5, 1));
        let mut begun = Vec::new();
        while let Some(todo) = lanes.begin() {
            begun.push(todo.account);
            lanes.end(Some(0));
        }
        assert_eq!(begun, ["a0", "a1", "a2", "a3", "a4"]);
        assert_eq!((lanes.ended(), lanes.running(), lanes.waiting()), (5, 0, 0));
    }

    #[test]
    fn accounts_that_end_badly_stop_it_with_those_of_earlier_pages_counted() {
        let mut lanes = Lanes::of(page(9, 1, Some(3)));
        for code in [3, 6] {
            assert!(lanes.begin().is_some());
            lanes.end(Some(code));
        }
        assert!(lanes.begin().is_some(), "one more may end badly");
        assert!(lanes.begin().is_some(), "it runs beside the other");
        lanes.end(Some(4));
        assert_eq!(lanes.begin(), None);
        assert_eq!((lanes.running(), lanes.waiting()), (1, 5));
        assert_eq!(Lanes::of(page(2, 3, Some(3))).begin(), None);
    }

    #[test]
    fn after_a_stop_nothing_is_begun_and_what_runs_ends() {
        let mut lanes = Lanes::of(page(9, 0, None));
        assert!(lanes.begin().is_some() && lanes.begin().is_some());
        lanes.end(None);
        assert_eq!((lanes.begin(), lanes.running()), (None, 1));
        lanes.end(Some(0));
        assert_eq!((lanes.begin(), lanes.ended()), (None, 1));
        let mut told = Lanes::of(page(1, 0, None));
        told.halt();
        assert_eq!(told.begin(), None);
    }
}
