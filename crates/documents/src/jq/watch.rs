//! The end that is put inside of every jq program: a native filter that passes its input on until time is up.

use std::cell::Cell;
use std::time::{Duration, Instant};

use jaq_core::box_iter::box_once;
use jaq_core::data::HasLut;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};
use jaq_core::{Ctx, DataT, Exn, Lut, Native};
use jaq_json::Val;

use super::as_jq::{self, pipe};
use super::bounds;

/// The name of the filter; no program can spell it.
const TICK: &str = "!tick";

/// The names under which `fromjson` goes, and what is asked of its input before.
const FROM_JSON: &str = "!fromjson";
const SHALLOW: &str = "!shallow";

/// What is asked of a value before it is kept in a list, an object or at a path; and before a text is taken apart.
const KEPT: &str = "!kept";
const SHORT: &str = "!short";

/// The product of two values, where it is not too large.
const PRODUCT: &str = "!product";

/// The names of its two sides.
const LEFT: &str = "$!left";
const RIGHT: &str = "$!right";

/// Natives that take a text apart, into many values.
const TAKE_APART: [&str; 4] = ["explode", "matches", "split_", "split_matches"];

/// How many ticks pass between two looks at the clock.
const TICKS_A_LOOK: u32 = 32;

/// How many levels a value may be nested while a program works on it. Each level takes stack when it is dropped.
const NESTED: usize = 1_000;

/// How many values of a nested one are looked at to tell how deep it is.
const LOOKED_AT: usize = 4_096;

/// How many ticks pass between two such looks, and so how much deeper a value may have become.
const TICKS_A_DEPTH: u32 = 8 * TICKS_A_LOOK;

/// How much stack a program may use. Threads of the runtime and of tests have 2 MiB.
const DEEPEST: usize = 768 * 1024;

/// Natives that reach out of the document, and the definitions made of them.
const LEFT_OUT: [&str; 13] = [
    "debug",
    "debug_empty",
    "env",
    "halt",
    "halt_error",
    "input",
    "inputs",
    "localtime",
    "mktime_local",
    "now",
    "stderr",
    "stderr_empty",
    "strflocaltime",
];

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
    end: Cell<Option<End>>,
    /// How much may still be kept.
    allowance: Cell<usize>,
}

impl State {
    pub(super) fn start(deadline: Duration, input: &Val) -> Self {
        Self {
            allowance: Cell::new(bounds::allowance(input)),
            until: Instant::now() + deadline,
            ticks: Cell::new(0),
            bottom: stack_address(),
            end: Cell::new(None),
        }
    }

    pub(super) fn ended(&self) -> Option<End> {
        self.end.get()
    }

    fn tick<'a>(&self, value: &Val) -> Result<(), Exn<'a, Val>> {
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
    fn keep<'a>(&self, value: &Val) -> Result<(), Exn<'a, Val>> {
        let left = self.allowance.get().checked_sub(bounds::own(value));
        match left.filter(|_| bounds::measure(value, bounds::LONGEST).is_some()) {
            Some(left) => self.allowance.set(left),
            None => self.end.set(Some(End::Size)),
        }
        self.go_on()
    }

    fn refuse_unless<'a>(&self, fits: bool) -> Result<(), Exn<'a, Val>> {
        if !fits {
            self.end.set(Some(End::Size));
        }
        self.go_on()
    }

    fn go_on<'a>(&self) -> Result<(), Exn<'a, Val>> {
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

/// Whether a value is nested deeper than so many levels, as far as so many looks tell. Takes no stack.
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

/// What jaq carries through a run for us.
pub(super) struct Watched;

impl DataT for Watched {
    type V<'a> = Val;
    type Data<'a> = Watch<'a>;
}

/// The compiled program and the state of the run.
#[derive(Clone, Copy)]
pub(super) struct Watch<'a> {
    lut: &'a Lut<Watched>,
    state: &'a State,
}

impl<'a> Watch<'a> {
    pub(super) fn new(lut: &'a Lut<Watched>, state: &'a State) -> Self {
        Self { lut, state }
    }
}

impl<'a> HasLut<'a, Watched> for Watch<'a> {
    fn lut(&self) -> &'a Lut<Watched> {
        self.lut
    }
}

type Fun = jaq_core::native::Fun<Watched>;

/// The native filters: those of the library that look at their input only, and the tick.
pub(super) fn natives() -> impl Iterator<Item = Fun> {
    fn tick<'a>(ctx: &Ctx<'a, Watched>, value: &Val) -> Result<(), Exn<'a, Val>> {
        ctx.data().state.tick(value)
    }
    let native = Native::<Watched>::new(|cv| box_once(tick(&cv.0, &cv.1).map(|()| cv.1)))
        .with_paths(|cv| box_once(tick(&cv.0, &cv.1.0).map(|()| cv.1)))
        .with_update(|cv, update| match tick(&cv.0, &cv.1) {
            Ok(()) => update(cv.1),
            Err(end) => box_once(Err(end)),
        });
    // The reader of JSON calls itself for each level of nesting.
    let shallow = Native::<Watched>::new(|(ctx, value)| {
        let state = ctx.data().state;
        if matches!(&value, Val::TStr(text) if brackets(text) > NESTED) {
            state.end.set(Some(End::Nested));
        } else if matches!(&value, Val::TStr(text) if bounds::has_long_number(text)) {
            state.end.set(Some(End::Size));
        }
        box_once(state.go_on().map(|()| value))
    });
    let kept = Native::<Watched>::new(|(ctx, value)| {
        let state = ctx.data().state;
        box_once(state.keep(&value).map(|()| value))
    });
    let short = Native::<Watched>::new(|(ctx, value)| {
        let fits = !matches!(&value, Val::TStr(text) | Val::BStr(text) if text.len() > bounds::TAKEN_APART);
        box_once(ctx.data().state.refuse_unless(fits).map(|()| value))
    });
    let product = Native::<Watched>::new(|(mut ctx, _)| {
        let right = ctx.pop_var();
        let left = ctx.pop_var();
        let checked = ctx.data().state.refuse_unless(bounds::may_multiply(&left, &right));
        box_once(checked.and_then(|()| (left * right).map_err(Exn::from)))
    });
    let library = jaq_core::funs::<Watched>().chain(jaq_std::funs()).chain(jaq_json::funs());
    let named = |(name, args, native): Fun| match name {
        "fromjson" => (FROM_JSON, args, native),
        _ => (name, args, native),
    };
    let ours = [
        (TICK, Box::default(), native),
        (SHALLOW, Box::default(), shallow),
        (KEPT, Box::default(), kept),
        (SHORT, Box::default(), short),
        (PRODUCT, jaq_core::native::v(2), product),
    ];
    library.filter(|(name, ..)| !LEFT_OUT.contains(name)).map(named).chain(ours).chain(as_jq::natives())
}

/// How many brackets of a JSON text are open at once; those in its texts count as well, which errs on the safe side.
fn brackets(text: &[u8]) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in text {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// The definitions of the standard library, watched.
pub(super) fn library<'s>() -> Vec<Def<&'s str>> {
    let library = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let call = |name| Term::Call(name, Vec::new());
    let from_json = Def { name: "fromjson", args: Vec::new(), body: pipe(call(SHALLOW), call(FROM_JSON)) };
    std::iter::once(from_json)
        .chain(library.filter(|def| !LEFT_OUT.contains(&def.name)).map(as_jq::redefined).map(definition))
        .collect()
}

fn tick<'s>() -> Term<&'s str> {
    Term::Call(TICK, Vec::new())
}

/// A term whose results are kept.
fn kept(inner: Term<&str>) -> Term<&str> {
    match inner {
        plain @ (Term::Num(_) | Term::Var(_)) => plain,
        other => pipe(other, Term::Call(KEPT, Vec::new())),
    }
}

/// `left * right`, whose size is known before it is made.
fn product<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    let bind = |value, name, then| {
        Term::BinOp(Box::new(value), BinaryOp::Pipe(Some(Pattern::Var(name))), Box::new(then))
    };
    let call = Term::Call(PRODUCT, vec![Term::Var(LEFT), Term::Var(RIGHT)]);
    bind(left, LEFT, bind(right, RIGHT, call))
}

/// Every definition starts with a tick: all recursion, and so all loops of the language, pass there.
fn definition(def: Def<&str>) -> Def<&str> {
    Def { body: pipe(tick(), term(def.body)), ..def }
}

/// Writes ticks into a term: where it recurses, folds, counts, or multiplies one stream with another.
pub(super) fn term<'s>(whole: Term<&'s str>) -> Term<&'s str> {
    let boxed = |inner: Box<Term<&'s str>>| Box::new(term(*inner));
    let all = |inner: Vec<Term<&'s str>>| inner.into_iter().map(term).collect::<Vec<_>>();
    match whole {
        Term::Str(format, parts) => {
            let part = |part| match part {
                StrPart::Term(inner) => StrPart::Term(term(inner)),
                other => other,
            };
            Term::Str(format, parts.into_iter().map(part).collect())
        }
        Term::Arr(inner) => Term::Arr(inner.map(|inner| Box::new(kept(term(*inner))))),
        Term::Obj(members) => {
            let member = |(key, value): (_, Option<_>)| (term(key), value.map(|value| kept(factor(value))));
            Term::Obj(members.into_iter().map(member).collect())
        }
        Term::Neg(inner) => Term::Neg(boxed(inner)),
        Term::BinOp(left, BinaryOp::Math(Math::Mul), right) => product(term(*left), factor(*right)),
        Term::BinOp(left, BinaryOp::Math(Math::Div), right) => {
            let left = pipe(term(*left), Term::Call(SHORT, Vec::new()));
            Term::BinOp(Box::new(left), BinaryOp::Math(Math::Div), Box::new(factor(*right)))
        }
        // `path *= f` is `f as $x | path |= . * $x`.
        Term::BinOp(left, BinaryOp::UpdateMath(Math::Mul), right) => {
            let times = Term::Call(PRODUCT, vec![Term::Id, Term::Var(RIGHT)]);
            let left = as_jq::target(term(*left));
            let update = Term::BinOp(Box::new(left), BinaryOp::Update, Box::new(times));
            let bind = BinaryOp::Pipe(Some(Pattern::Var(RIGHT)));
            Term::BinOp(Box::new(term(*right)), bind, Box::new(update))
        }
        Term::BinOp(left, op, right) => {
            let left = term(*left);
            let (left, right) = match op {
                BinaryOp::Update => (as_jq::target(left), term(*right)),
                BinaryOp::Assign if as_jq::is_null(&right) => (left, term(*right)),
                BinaryOp::Assign | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                    (as_jq::target(left), kept(term(*right)))
                }
                _ => (left, factor(*right)),
            };
            Term::BinOp(Box::new(left), op, Box::new(right))
        }
        Term::Label(name, inner) => Term::Label(name, boxed(inner)),
        Term::Fold(name, source, pattern, steps) => {
            let steps = all(steps).into_iter().enumerate();
            let steps = steps.map(|(index, step)| if index == 1 { pipe(tick(), step) } else { step });
            Term::Fold(name, boxed(source), pattern, steps.collect())
        }
        Term::TryCatch(inner, catch) => Term::TryCatch(boxed(inner), catch.map(boxed)),
        Term::IfThenElse(branches, otherwise) => {
            let branches = branches.into_iter().map(|(condition, then)| (term(condition), term(then)));
            Term::IfThenElse(branches.collect(), otherwise.map(boxed))
        }
        Term::Def(defs, inner) => Term::Def(defs.into_iter().map(definition).collect(), boxed(inner)),
        // The only native that gives results without end.
        Term::Call("range", args) if args.len() == 3 => pipe(Term::Call("range", all(args)), tick()),
        Term::Call(name, args) if TAKE_APART.contains(&name) => {
            pipe(Term::Call(SHORT, Vec::new()), Term::Call(name, all(args)))
        }
        Term::Call(name, args) => Term::Call(name, all(args)),
        Term::Path(head, Path(parts)) => {
            let part = |part| match part {
                Part::Index(inner) => Part::Index(term(inner)),
                Part::Range(from, to) => Part::Range(from.map(term), to.map(term)),
            };
            let parts = parts.into_iter().map(|(inner, opt)| (part(inner), opt));
            Term::Path(boxed(head), Path(parts.collect()))
        }
        plain @ (Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_)) => plain,
    }
}

/// The right-hand side of an operator is run once per result of the left: with streams on both sides, as in
/// `.[] as $a | .[] as $b | …`, time grows with every factor though nothing recurses.
fn factor(right: Term<&str>) -> Term<&str> {
    match right {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Str(..) => term(right),
        other => pipe(tick(), term(other)),
    }
}
