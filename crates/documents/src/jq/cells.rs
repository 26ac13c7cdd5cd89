//! The states of folds between two updates.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jaq_json::{Num, Rc, Val};

/// The states of the folds of one run that are under way.
#[derive(Default)]
pub(super) struct Cells(RefCell<Inside>);

#[derive(Default)]
struct Inside {
    next: isize,
    /// With what names each of them: a list, so that it can be told whether anything still does.
    open: BTreeMap<isize, (Rc<Vec<Val>>, Option<Held>)>,
    /// At how many they are looked through for those that nothing names any more.
    full: usize,
}

/// What a cell holds.
pub(super) enum Held {
    Value(Val),
    /// A value and the steps to it, the last first.
    Place(Val, Vec<Val>),
}

impl Cells {
    /// A new cell; what it is named by.
    pub(super) fn open(&self) -> Val {
        let mut inside = self.0.borrow_mut();
        if inside.open.len() > inside.full {
            inside.open.retain(|_, (name, _)| Rc::strong_count(name) > 1);
            inside.full = 2 * inside.open.len();
        }
        inside.next += 1;
        let next = inside.next;
        let name = Rc::new(vec![Val::from(next)]);
        inside.open.insert(next, (Rc::clone(&name), None));
        Val::Arr(name)
    }

    /// Puts a value into a cell, in place of what was there.
    pub(super) fn store(&self, cell: &Val, held: Held) {
        let before = self.with(cell, |inside| inside.replace(held));
        // A large value takes time to be dropped, and what it holds may be looked at.
        drop(before);
    }

    /// Takes the value out of a cell.
    pub(super) fn load(&self, cell: &Val) -> Option<Held> {
        self.with(cell, Option::take)
    }

    fn with(&self, cell: &Val, take: impl FnOnce(&mut Option<Held>) -> Option<Held>) -> Option<Held> {
        let Val::Arr(name) = cell else { return None };
        let Some(Val::Num(Num::Int(number))) = name.first() else { return None };
        self.0.borrow_mut().open.get_mut(number).and_then(|(_, held)| take(held))
    }
}
