//! How long, how deep and how large a run may become, and what it has come to.

use std::cell::Cell;
use std::time::{Duration, Instant};

use jaq_core::Exn;
use jaq_json::Val;

use super::bounds;
use super::cells::Cells;
use super::patterns::Patterns;

/// How many ticks pass between two looks at the clock.
const TICKS_A_LOOK: u32 = 32;

/// How many levels a value may be nested while a program works on it. Each level takes stack when it is dropped.
pub(super) const NESTED: usize = 1_000;

/// How many values of a nested one are looked at to tell how deep it is.
const LOOKED_AT: usize = 4_096;

/// How many ticks pass between two such looks, and so how much deeper a value may have become.
const TICKS_A_DEPTH: u32 = 8 * TICKS_A_LOOK;

/// How much stack a program may use. Threads of the runtime and of tests have 2 MiB.
const DEEPEST: usize = 768 * 1024;

/// Why a run was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Time,
    Depth,
    Nested,
    Size,
}

/// The state of one run.
pub(super) struct State {
    until: Instant,
    ticks: Cell<u32>,
    bottom: usize,
    pub(super) end: Cell<Option<End>>,
    /// How much may still be kept.
    allowance: Cell<usize>,
    /// The patterns it has compiled.
    pub(super) patterns: Patterns,
    /// The states of the folds under way.
    pub(super) cells: Cells,
}

impl State {
    pub(super) fn start(deadline: Duration, input: &Val) -> Self {
        Self {
            allowance: Cell::new(bounds::allowance(input)),
            until: Instant::now() + deadline,
            ticks: Cell::new(0),
            bottom: stack_address(),
            end: Cell::new(None),
            patterns: Patterns::default(),
            cells: Cells::default(),
        }
    }

    pub(super) fn ended(&self) -> Option<End> {
        self.end.get()
    }

    pub(super) fn tick<'a>(&self, value: &Val) -> Result<(), Exn<'a, Val>> {
        let ticks = self.ticks.get().wrapping_add(1);
        self.ticks.set(ticks);
        if self.end.get().is_none() {
            if stack_address().abs_diff(self.bottom) > DEEPEST {
                self.end.set(Some(End::Depth));
            } else if is_too_long(value) {
                self.end.set(Some(End::Size));
            } else if ticks.is_multiple_of(TICKS_A_DEPTH) && is_deeper(value, NESTED, LOOKED_AT) {
                self.end.set(Some(End::Nested));
            } else if ticks.is_multiple_of(TICKS_A_LOOK) && Instant::now() >= self.until {
                self.end.set(Some(End::Time));
            }
        }
        self.go_on()
    }

    /// Counts a value that is kept. What it holds may be shared, and be far more than it takes.
    pub(super) fn keep<'a>(&self, value: &Val) -> Result<(), Exn<'a, Val>> {
        let left = self.allowance.get().checked_sub(bounds::own(value));
        match left.filter(|_| bounds::measure(value, bounds::LONGEST).is_some()) {
            Some(left) => self.allowance.set(left),
            None => self.end.set(Some(End::Size)),
        }
        self.go_on()
    }

    /// Counts this many entries by which a list grew.
    pub(super) fn lengthen<'a>(&self, entries: usize) -> Result<(), Exn<'a, Val>> {
        match self.allowance.get().checked_sub(entries.saturating_mul(size_of::<Val>())) {
            Some(left) => self.allowance.set(left),
            None => self.end.set(Some(End::Size)),
        }
        self.go_on()
    }

    pub(super) fn refuse_unless<'a>(&self, fits: bool) -> Result<(), Exn<'a, Val>> {
        if !fits {
            self.end.set(Some(End::Size));
        }
        self.go_on()
    }

    pub(super) fn go_on<'a>(&self) -> Result<(), Exn<'a, Val>> {
        // An error could be caught by `try` and the loop go on; what halts a program cannot.
        if self.end.get().is_some() { Err(Exn::halt(1)) } else { Ok(()) }
    }
}

/// Where the stack is at, near enough.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

fn is_too_long(value: &Val) -> bool {
    match value {
        Val::TStr(text) | Val::BStr(text) => text.len() > bounds::LONGEST,
        Val::Arr(entries) => entries.len() > bounds::LONGEST / size_of::<Val>(),
        _ => false,
    }
}

/// Whether a value is nested deeper than this many levels, as far as this many looks can show. Uses no stack.
pub(super) fn is_deeper(value: &Val, levels: usize, looks: usize) -> bool {
    let mut left = vec![(value, 0)];
    for _ in 0..looks {
        let Some((value, depth)) = left.pop() else { return false };
        if depth > levels {
            return true;
        }
        let inner: Box<dyn Iterator<Item = &Val>> = match value {
            Val::Arr(entries) => Box::new(entries.iter()),
            Val::Obj(members) => Box::new(members.values()),
            _ => continue,
        };
        let holds = |value: &&Val| matches!(value, Val::Arr(_) | Val::Obj(_));
        left.extend(inner.take(looks).filter(holds).map(|value| (value, depth + 1)));
    }
    false
}
