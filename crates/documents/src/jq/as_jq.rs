//! Makes jaq behave like jq: an assignment creates missing objects in its path, `|=` uses the first result of its right
//! side, and a deletion removes all paths of a filter at once (`removal`).
//!
//! In jaq, `.settings.region = "eu"` is an error if there are no settings, and so is `del(.http.headers[]?)` if there
//! is no `http`; and `del(.l[0, 1])` removes the first entry and then the second of the remaining ones.

use jaq_core::box_iter::box_once;
use jaq_core::load;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::native;
use jaq_core::path::{Part, Path};
use jaq_core::{DataT, Native};
use jaq_json::{Map, Rc, Val};

use super::removal::WITHOUT;
use super::terms::{is_constant, pipe};
use super::{formats, numbers, put, removal};

/// The names of our natives; no program can spell them.
const MADE: &str = "!made";
const PASSED: &str = "!passed";

/// What is asked before a position that is assigned to.
pub(super) const REACHED: &str = "!reached";

/// The label that ends a term after its first result.
const FIRST: &str = "$!first";

/// The native filters.
pub(super) fn natives<D>() -> [native::Fun<D>; 2]
where
    D: for<'a> DataT<V<'a> = Val>,
{
    let made = Native::<D>::new(|cv| box_once(Ok(cv.1))).with_paths(|cv| box_once(Ok(cv.1))).with_update(
        |(mut ctx, value), update| match (value, ctx.pop_var()) {
            (Val::Null, Val::TStr(_)) => {
                Box::new(update(Val::obj(Map::default())).map(|made| made.map(unless_nothing)))
            }
            (other, _) => update(other),
        },
    );
    let passed = Native::<D>::new(|cv| box_once(Ok(cv.1))).with_paths(|cv| box_once(Ok(cv.1))).with_update(
        |(mut ctx, value), update| match (value, ctx.pop_var()) {
            (Val::Null, Val::TStr(_)) => {
                Box::new(update(Val::obj(Map::default())).map(|made| made.map(unless_nothing)))
            }
            (Val::Obj(members), key) if !members.contains_key(&key) => {
                let without = move |updated: Val| unless_null(updated, &key);
                Box::new(update(Val::Obj(members)).map(move |updated| updated.map(&without)))
            }
            (other, _) => update(other),
        },
    );
    [(MADE, native::v(1), made), (PASSED, native::v(1), passed)]
}

/// The first result of a term: what jq takes of the right side of `|=`, where jaq takes them all.
pub(super) fn first(inner: Term<&str>) -> Term<&str> {
    if matches!(inner, Term::Id | Term::Num(_) | Term::Str(..) | Term::Var(_)) {
        return inner;
    }
    let and_no_more = Term::BinOp(Box::new(Term::Id), BinaryOp::Comma, Box::new(Term::Break(FIRST)));
    Term::Label(FIRST, Box::new(pipe(inner, and_no_more)))
}

/// An object that was made only to read from it does not count: jaq puts a null where a path leads nowhere.
fn unless_nothing(made: Val) -> Val {
    match &made {
        Val::Obj(members) if members.values().all(|member| matches!(member, Val::Null)) => Val::Null,
        _ => made,
    }
}

/// An object without a key that leads to nothing.
fn unless_null(updated: Val, key: &Val) -> Val {
    match updated {
        Val::Obj(mut members) if matches!(members.get(key), Some(Val::Null)) => {
            Rc::make_mut(&mut members).shift_remove(key);
            Val::Obj(members)
        }
        other => other,
    }
}

/// Definitions of the library as jq has them, by name and number of arguments.
///
/// In jaq an update takes every result of its right side, and `reduce` continues with each; its `combinations` and `walk` rely on that.
/// In `join`, what is missing is nothing; jaq writes `null`. `scan` gives the groups of a match, also where the first took no part.
/// What stands for a match in `sub` may be several texts: the first ones make one result, the second ones another.
const REDEFINED: [(&str, usize, &str); 12] = [
    ("nth", 1, "def nth($n): .[$n];"),
    ("gamma", 0, "def gamma: lgamma;"),
    (
        "combinations",
        0,
        "def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;",
    ),
    ("combinations", 1, "def combinations($n): . as $each | [range($n)] | map($each) | combinations;"),
    (
        "nth",
        2,
        r#"def nth($n; g): if $n < 0 then error("Out of bounds negative array index") else last(limit($n + 1; g)) end;"#,
    ),
    (
        "walk",
        1,
        "def walk(f): def each: if . >= {} then map_values(each) elif . >= [] then map(each) end | f; each;",
    ),
    (
        "join",
        1,
        r#"def join($s): reduce .[] as $x ([][0]; (if . == [][0] then "" else . + $s end) + ($x |
            if . == [][0] then "" elif . < "" then tostring else . end)) // "";"#,
    ),
    (
        "scan_",
        2,
        r"def scan_(re; flags): matches(re; flags)[] | if length > 1 then [.[1:][].string] else .[0].string end;",
    ),
    (
        "sub",
        3,
        r#"def sub($re; f; $flags): . as $in
            | [split_matches($re; $flags)[] | if isarray then [capture_of_match | f] end] as $parts
            | if all($parts[]; isstring or length == 1)
              then reduce ($parts[] | if isarray then .[0] end) as $x (""; . + $x)
              else reduce $parts[] as $x ([[], ""];
                if $x | isarray
                then .[0] as $done | .[1] as $gap
                  | [[range([$x, $done] | map(length) | max) as $i
                      | if $i < ($x | length) then $done[$i] + $gap + $x[$i] else $done[$i] end], ""]
                else [.[0], $x] end)
                | .[1] as $gap | (.[0][] + $gap) // $in end;"#,
    ),
    ("flatten", 0, "def flatten: [.[] | recurse(arrays[]) | select(isarray | not)];"),
    (
        "flatten",
        1,
        r#"def flatten($d): def deep($n): .[] | if $n > 0 and isarray then deep($n - 1) end;
            if $d < 0 then error("flatten depth must not be negative") else [deep($d)] end;"#,
    ),
    ("todate", 0, r#"def todate: if isnumber then trunc end | strftime("%Y-%m-%dT%H:%M:%SZ");"#),
];

/// A definition in which a value that it takes, as `$x` in `def f($x): …`, is a filter `x`, too.
pub(super) fn with_values_as_filters(def: Def<&str>) -> Def<&str> {
    let values = def.args.iter().filter_map(|arg| Some((arg.strip_prefix('$')?, *arg)));
    let filters = values.map(|(name, value)| Def { name, args: Vec::new(), body: Term::Var(value) });
    let filters: Vec<_> = filters.collect();
    let body = if filters.is_empty() { def.body } else { Term::Def(filters, Box::new(def.body)) };
    Def { body, ..def }
}

fn parsed(code: &'static str) -> Option<Def<&'static str>> {
    load::parse(code, |parser| parser.defs())?.into_iter().next()
}

/// What jaq has as natives that do not change anything but texts; and what it lacks.
const ADDED: [&str; 6] = [
    r"def IN(s): any(s == .; .);",
    r"def IN(src; s): any(src == s; .);",
    r"def INDEX(stream; idx): reduce stream as $row ({}; .[$row | idx | tostring] |= $row);",
    r"def INDEX(idx): INDEX(.[]; idx);",
    r"def ltrimstr($x): if isstring and ($x | isstring) and startswith($x) then .[($x | length):] end;",
    r"def rtrimstr($x): if isstring and ($x | isstring) and endswith($x) then .[:length - ($x | length)] end;",
];

/// The definitions that stand for natives of jaq, and those that it lacks.
pub(super) fn added() -> impl Iterator<Item = Def<&'static str>> {
    let modify = parsed(removal::MODIFY_AS).map(|def| Def { name: removal::MODIFY, ..def });
    let assign = parsed(put::ASSIGN_AS).map(|def| Def { name: put::ASSIGN, ..def });
    ADDED.into_iter().chain(formats::ADDED).filter_map(parsed).chain(modify).chain(assign)
}

/// A definition of the library as jq has it.
pub(super) fn redefined(def: Def<&str>) -> Def<&str> {
    let call = |name, args| Term::Call(name, args);
    let body = match (def.name, def.args.as_slice()) {
        ("del", [filter]) => {
            let paths = call("path", vec![call(*filter, Vec::new())]);
            call(WITHOUT, vec![Term::Arr(Some(Box::new(paths)))])
        }
        ("delpaths", [paths]) => call(WITHOUT, vec![Term::Var(*paths)]),
        ("setpath", [path, new]) => put::setpath(path, new),
        ("tonumber", []) => call(numbers::TO_NUMBER, Vec::new()),
        ("getpath", [_]) => removal::in_order(def.body),
        (name, args) => {
            let mut all = REDEFINED.iter().chain(&put::REDEFINED).chain(&formats::REDEFINED);
            let ours = all.find(|(ours, count, _)| *ours == name && *count == args.len());
            return ours.and_then(|(.., code)| parsed(code)).unwrap_or(def);
        }
    };
    Def { body, ..def }
}

/// The left side of an assignment: where it goes into a key of what is null, an object is made.
pub(super) fn target(left: Term<&str>) -> Term<&str> {
    way(left, MADE)
}

/// The way to what is assigned. `last` is what is asked before its last key: what is passed by, and is not there, is not
/// made for what comes to nothing behind it.
fn way<'s>(left: Term<&'s str>, last: &'static str) -> Term<&'s str> {
    match left {
        Term::BinOp(one, op @ BinaryOp::Pipe(None), other) => {
            Term::BinOp(Box::new(way(*one, PASSED)), op, Box::new(way(*other, last)))
        }
        Term::BinOp(one, op @ BinaryOp::Comma, other) => {
            Term::BinOp(Box::new(way(*one, last)), op, Box::new(way(*other, last)))
        }
        // A part that looks at the input of the whole path is only read right where it stands.
        Term::Path(head, Path(parts)) if parts.iter().all(|(part, _)| is_constant(part)) => {
            let mut path = way(*head, PASSED);
            let count = parts.len();
            for (index, (part, opt)) in parts.into_iter().enumerate() {
                let asked = if index + 1 == count { last } else { PASSED };
                let made = match &part {
                    Part::Index(index @ Term::Str(..)) => Some(Term::Call(asked, vec![index.clone()])),
                    Part::Index(index @ Term::Var(_)) => {
                        let reached = Term::Call(REACHED, vec![index.clone()]);
                        Some(pipe(Term::Call(asked, vec![index.clone()]), reached))
                    }
                    Part::Index(index @ Term::Num(_)) => Some(Term::Call(REACHED, vec![index.clone()])),
                    _ => None,
                };
                let step = Term::Path(Box::new(Term::Id), Path(vec![(part, opt)]));
                let step = made.into_iter().fold(step, |step, made| pipe(made, step));
                path = if matches!(path, Term::Id) { step } else { pipe(path, step) };
            }
            path
        }
        other => other,
    }
}
