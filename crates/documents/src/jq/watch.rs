//! The end that is put inside of every jq program: a native filter that passes its input on until time is up.

use jaq_core::box_iter::box_once;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};
use jaq_core::{Ctx, Cv, Exn, Native, ValXs};
use jaq_json::Val;

use super::as_jq;
use super::bounds;
use super::numbers::{divisor, truncated, whole};
use super::patterns::Taken;
use super::put::{self, KEYED};
use super::state::{End, NESTED};
use super::terms::{self, pipe};
use super::watched::Watched;
use super::{convert, folds, formats, kinds, numbers, positions, removal};

/// The name of the filter; no program can spell it.
const TICK: &str = "!tick";

/// The names under which `fromjson` and `tojson` go, and what is asked of their input before.
const FROM_JSON: &str = "!fromjson";
const TO_JSON: &str = "!tojson";
const FINITE: &str = "!finite";
const SHALLOW: &str = "!shallow";

/// The one entry of a list.
const ONLY: &str = "!only";

/// What is asked of a value before it is kept in a list, an object or at a path; and before a text is taken apart.
const KEPT: &str = "!kept";
const SHORT: &str = "!short";

/// The product of two values, where it is not too large.
const PRODUCT: &str = "!product";

/// The remainder of two values, of whole numbers only.
const REMAINDER: &str = "!remainder";

/// What is asked of what a value is divided by.
const DIVISOR: &str = "!divisor";

/// A number without a fraction as a whole one: jq knows one kind of numbers, and writes the half of 4 as `2`.
const WHOLE: &str = "!whole";

/// Natives that give numbers with a fraction, also where it is none.
const FRACTIONS: [&str; 14] = [
    "cbrt", "exp10", "exp2", "fabs", "fmax", "fmin", "fmod", "ldexp", "log10", "log2", "pow", "rint", "sqrt",
    "trunc",
];

/// The names of its two sides.
const LEFT: &str = "$!left";
const RIGHT: &str = "$!right";

/// Natives that take a text apart, into many values.
const TAKE_APART: [&str; 4] = ["explode", "matches", "split_", "split_matches"];

/// Natives and definitions of jaq that are replaced by our own.
const REPLACED: [&str; 5] = ["ltrimstr", "matches", "rtrimstr", "split_", "split_matches"];

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

type Fun = jaq_core::native::Fun<Watched>;

/// The native filters: those of the library that look at their input only, and the tick.
pub(super) fn natives() -> impl Iterator<Item = Fun> {
    fn tick<'a>(ctx: &Ctx<'a, Watched>, value: &Val) -> Result<(), Exn<'a, Val>> {
        ctx.data().state().tick(value)
    }
    let native = Native::<Watched>::new(|cv| box_once(tick(&cv.0, &cv.1).map(|()| cv.1)))
        .with_paths(|cv| box_once(tick(&cv.0, &cv.1.0).map(|()| cv.1)))
        .with_update(|cv, update| match tick(&cv.0, &cv.1) {
            Ok(()) => update(cv.1),
            Err(end) => box_once(Err(end)),
        });
    // The reader of JSON calls itself for each level of nesting.
    let shallow = Native::<Watched>::new(|(ctx, value)| {
        let state = ctx.data().state();
        if matches!(&value, Val::TStr(text) if brackets(text) > NESTED) {
            state.end.set(Some(End::Nested));
        } else if matches!(&value, Val::TStr(text) if bounds::has_long_number(text)) {
            state.end.set(Some(End::Size));
        }
        box_once(state.go_on().map(|()| value))
    });
    let only = Native::<Watched>::new(|(_, values)| {
        let only = match &values {
            Val::Arr(values) if values.len() == 1 => Ok(values[0].clone()),
            _ => Err(jaq_json::Error::str("a text that is not one JSON value").into()),
        };
        box_once(only)
    });
    let kept = Native::<Watched>::new(|(ctx, value)| {
        let state = ctx.data().state();
        box_once(state.keep(&value).map(|()| value))
    });
    let short = Native::<Watched>::new(|(ctx, value)| {
        let fits = !matches!(&value, Val::TStr(text) | Val::BStr(text) if text.len() > bounds::TAKEN_APART);
        box_once(ctx.data().state().refuse_unless(fits).map(|()| value))
    });
    let product = Native::<Watched>::new(|(mut ctx, _)| {
        let right = ctx.pop_var();
        let left = ctx.pop_var();
        let checked = ctx.data().state().refuse_unless(bounds::may_multiply(&left, &right));
        box_once(checked.and_then(|()| (left * right).map(whole).map_err(Exn::from)))
    });
    let remainder = Native::<Watched>::new(|(mut ctx, _)| {
        let right = ctx.pop_var();
        let left = ctx.pop_var();
        box_once((truncated(left) % truncated(right)).map_err(Exn::from))
    });
    let whole_one = Native::<Watched>::new(|cv| box_once(Ok(whole(cv.1))))
        .with_paths(|cv| box_once(Ok(cv.1)))
        .with_update(|cv, update| update(cv.1));
    let library = jaq_core::funs::<Watched>().chain(jaq_std::funs()).chain(jaq_json::funs());
    let named = |(name, args, native): Fun| match name {
        "fromjson" => (FROM_JSON, args, native),
        "tojson" => (TO_JSON, args, native),
        "contains" => (kinds::CONTAINS, args, native),
        "has" => (kinds::HAS, args, native),
        _ => (name, args, native),
    };
    let ours = [
        (TICK, Box::default(), native),
        (SHALLOW, Box::default(), shallow),
        (ONLY, Box::default(), only),
        (WHOLE, Box::default(), whole_one),
        (DIVISOR, Box::default(), Native::new(|cv| box_once(divisor(cv.1)))),
        (FINITE, Box::default(), Native::new(|cv| box_once(Ok(convert::finite(cv.1))))),
        (KEPT, Box::default(), kept),
        (SHORT, Box::default(), short),
        (PRODUCT, jaq_core::native::v(2), product),
        (REMAINDER, jaq_core::native::v(2), remainder),
        ("matches", jaq_core::native::v(2), Native::new(|cv| take(cv, Taken::Matches))),
        ("split_", jaq_core::native::v(2), Native::new(|cv| take(cv, Taken::Between))),
        ("split_matches", jaq_core::native::v(2), Native::new(|cv| take(cv, Taken::Both))),
    ];
    let is_kept = |name: &&str| !LEFT_OUT.contains(name) && !REPLACED.contains(name);
    library
        .filter(move |(name, ..)| is_kept(name))
        .map(named)
        .chain(ours)
        .chain(as_jq::natives())
        .chain(formats::natives())
        .chain(kinds::natives())
        .chain(numbers::natives())
        .chain(positions::natives())
        .chain(put::natives())
        .chain(folds::natives())
        .chain(removal::natives())
}

/// What a pattern takes of a text.
fn take((mut ctx, text): Cv<'_, Watched>, what: Taken) -> ValXs<'_, Val> {
    let (flags, pattern) = (ctx.pop_var(), ctx.pop_var());
    let state = ctx.data().state();
    box_once(match state.patterns.take(&text, &pattern, &flags, what) {
        Ok(Some(taken)) => Ok(taken),
        Ok(None) => state.refuse_unless(false).map(|()| Val::Null),
        Err(error) => Err(error.into()),
    })
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
    let read = pipe(call(SHALLOW), call(FROM_JSON));
    let body = pipe(Term::Arr(Some(Box::new(kept(read)))), call(ONLY));
    let from_json = Def { name: "fromjson", args: Vec::new(), body };
    let to_json = Def { name: "tojson", args: Vec::new(), body: pipe(call(FINITE), call(TO_JSON)) };
    [from_json, to_json]
        .into_iter()
        .chain(kinds::definitions())
        .chain(
            library
                .filter(|def| !LEFT_OUT.contains(&def.name))
                .map(as_jq::redefined)
                .chain(as_jq::added())
                .map(definition),
        )
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

/// `native(left; right)`: a product, which is measured before it is made, or a remainder.
fn of_two<'s>(native: &'static str, left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    let bind = |value, name, then| {
        Term::BinOp(Box::new(value), BinaryOp::Pipe(Some(Pattern::Var(name))), Box::new(then))
    };
    let call = Term::Call(native, vec![Term::Var(LEFT), Term::Var(RIGHT)]);
    bind(left, LEFT, bind(right, RIGHT, call))
}

/// `left op right`, as jq writes the result. A quotient can be the parts of a text. `0 / 0` and `1 / 0` are left as they
/// are: the library defines `nan` and `infinite` by them.
fn calculated<'s>(left: Term<&'s str>, op: Math, right: Term<&'s str>) -> Term<&'s str> {
    let is_plain = matches!((&left, &right), (Term::Num(_), Term::Num(_)));
    let (left, right) = match op {
        Math::Div if !is_plain => {
            (pipe(left, Term::Call(SHORT, Vec::new())), pipe(right, Term::Call(DIVISOR, Vec::new())))
        }
        _ => (left, right),
    };
    let result = Term::BinOp(Box::new(left), BinaryOp::Math(op), Box::new(right));
    pipe(result, Term::Call(WHOLE, Vec::new()))
}

/// `left op right` of operands that are to be rewritten. Of several results of both, jq takes those of the right one by one,
/// and for each all of the left.
fn operated<'s>(left: Term<&'s str>, op: BinaryOp<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    let several = !terms::gives_one(&left) && !terms::gives_one(&right);
    let (left, right) = (if several { factor(left) } else { term(left) }, factor(right));
    let then = |left, right| match op {
        BinaryOp::Math(Math::Mul) => of_two(PRODUCT, left, right),
        BinaryOp::Math(Math::Rem) => of_two(REMAINDER, left, right),
        BinaryOp::Math(op) => calculated(left, op, right),
        op => Term::BinOp(Box::new(left), op, Box::new(right)),
    };
    if !several {
        return then(left, right);
    }
    let bind = BinaryOp::Pipe(Some(Pattern::Var(RIGHT)));
    Term::BinOp(Box::new(right), bind, Box::new(then(left, Term::Var(RIGHT))))
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
        // A text with several parts is their sum.
        Term::Str(format, mut parts) if let Some(at) = terms::second_of_several(&parts) => {
            let behind = Term::Str(format, parts.split_off(at));
            let sum = BinaryOp::Math(Math::Add);
            term(Term::BinOp(Box::new(Term::Str(format, parts)), sum, Box::new(behind)))
        }
        Term::Str(format, parts) => {
            let part = |part| match part {
                StrPart::Term(inner) => StrPart::Term(pipe(term(inner), Term::Call(FINITE, Vec::new()))),
                other => other,
            };
            Term::Str(format, parts.into_iter().map(part).collect())
        }
        Term::Arr(inner) => Term::Arr(inner.map(|inner| Box::new(kept(term(*inner))))),
        Term::Obj(members) => {
            let member = |(key, value): (_, Option<_>)| match value {
                Some(value) if matches!(key, Term::Str(..)) => (term(key), Some(kept(factor(value)))),
                Some(value) => (pipe(term(key), Term::Call(KEYED, Vec::new())), Some(kept(factor(value)))),
                None => (term(key), None),
            };
            Term::Obj(members.into_iter().map(member).collect())
        }
        // A number as it is written may be a position in a path.
        Term::Neg(inner) if matches!(*inner, Term::Num(_)) => Term::Neg(inner),
        Term::Neg(inner) => pipe(Term::Neg(boxed(inner)), Term::Call(WHOLE, Vec::new())),
        Term::BinOp(left, op @ (BinaryOp::Math(_) | BinaryOp::Cmp(_)), right) => operated(*left, op, *right),
        // `path += f` is `f as $x | path |= . + $x`.
        Term::BinOp(left, BinaryOp::UpdateMath(op), right) => {
            let result = match op {
                Math::Mul => Term::Call(PRODUCT, vec![Term::Id, Term::Var(RIGHT)]),
                Math::Rem => Term::Call(REMAINDER, vec![Term::Id, Term::Var(RIGHT)]),
                op => calculated(Term::Id, op, Term::Var(RIGHT)),
            };
            let left = as_jq::target(term(*left));
            let update = Term::BinOp(Box::new(left), BinaryOp::Update, Box::new(result));
            let bind = BinaryOp::Pipe(Some(Pattern::Var(RIGHT)));
            Term::BinOp(Box::new(kept(term(*right))), bind, Box::new(update))
        }
        Term::BinOp(left, BinaryOp::Update, right)
            if !terms::gives_one(&right) && removal::names_several(&left) =>
        {
            Term::Call(removal::MODIFY, vec![term(*left), as_jq::first(term(*right))])
        }
        Term::BinOp(left, op, right) => {
            let left = term(*left);
            if matches!(op, BinaryOp::Assign) {
                return Term::Call(put::ASSIGN, vec![left, kept(term(*right))]);
            }
            let (left, right) = match op {
                BinaryOp::Update if terms::gives_one(&right) => (as_jq::target(left), term(*right)),
                BinaryOp::Update => (removal::in_order(as_jq::target(left)), as_jq::first(term(*right))),
                BinaryOp::UpdateAlt => (as_jq::target(left), kept(term(*right))),
                _ => (left, factor(*right)),
            };
            Term::BinOp(Box::new(left), op, Box::new(right))
        }
        Term::Label(name, inner) => Term::Label(name, boxed(inner)),
        Term::Fold(name, source, pattern, steps) => {
            let gives_one = steps.get(1).is_some_and(terms::gives_one);
            let steps = all(steps).into_iter().enumerate();
            let steps = steps.map(|(index, step)| if index == 1 { pipe(tick(), step) } else { step });
            folds::fold(name, term(*source), pattern, steps.collect(), gives_one)
        }
        Term::TryCatch(inner, catch) => Term::TryCatch(boxed(inner), catch.map(boxed)),
        Term::IfThenElse(branches, otherwise) => {
            let branches = branches.into_iter().map(|(condition, then)| (term(condition), term(then)));
            Term::IfThenElse(branches.collect(), otherwise.map(boxed))
        }
        // What is defined may be the left side of an update.
        Term::Def(defs, inner) => {
            let defs = defs.into_iter().map(as_jq::with_values_as_filters).map(definition);
            let defs = defs.map(|def| Def { body: removal::in_order(def.body), ..def });
            Term::Def(defs.collect(), boxed(inner))
        }
        // The only native that gives results without end.
        Term::Call("range", args) if args.len() == 3 => pipe(Term::Call("range", all(args)), tick()),
        Term::Call(name, args) if TAKE_APART.contains(&name) => {
            pipe(Term::Call(SHORT, Vec::new()), Term::Call(name, all(args)))
        }
        Term::Call(name, args) if FRACTIONS.contains(&name) => {
            pipe(Term::Call(name, all(args)), Term::Call(WHOLE, Vec::new()))
        }
        Term::Call(name, args) => Term::Call(name, all(args)),
        Term::Path(head, Path(parts)) => {
            let part = |part| match part {
                Part::Index(inner) => Part::Index(term(inner)),
                Part::Range(from, to) => Part::Range(from.map(term), to.map(term)),
            };
            let parts = parts.into_iter().map(|(inner, opt)| (part(inner), opt));
            positions::checked(term(*head), parts.collect())
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
