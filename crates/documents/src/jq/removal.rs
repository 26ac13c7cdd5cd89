//! What `del` and `|= empty` take out: the other keys of the object stay in their order.
//!
//! jaq moves the last key into the gap.

use jaq_core::box_iter::box_once;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Opt, Part, Path};
use jaq_core::{Bind, Exn, Native, ValT, ValXs, native};
use jaq_json::{Error, Map, Rc, Val};

use super::terms::{gives_one, is_constant, pipe};
use super::watched::Watched;

/// What stands for `del` and `delpaths`.
pub(super) const WITHOUT: &str = "!without";

/// What stands for `paths |= f` where there may be several paths and no result.
pub(super) const MODIFY: &str = "!modify";

/// As jq has it: what is taken out goes at the end, so that none moves what another path means.
pub(super) const MODIFY_AS: &str = "def modify(paths; f): reduce path(paths) as $p ([., []];
        .[1] as $gone | .[0] | [getpath($p) | f] as $new
        | if $new == [] then [., $gone + [$p]] else [setpath($p; $new[0]), $gone] end)
    | .[1] as $gone | .[0] | delpaths($gone);";

/// What stands for a step to a key, where that may be taken out.
const AT: &str = "!at";

/// The names of the keys of a path that are computed; a path with more of them is left as it is.
const COMPUTED: [&str; 4] = ["$!key0", "$!key1", "$!key2", "$!key3"];

type Left<'a> = Result<Val, Exn<'a, Val>>;

/// The native filters.
pub(super) fn natives() -> [native::Fun<Watched>; 2] {
    let without = Native::<Watched>::new(|(mut ctx, value)| {
        let list = |value: Val| match value {
            Val::Arr(entries) => Ok(entries),
            other => Err(Error::typ(other, "path")),
        };
        let paths = list(ctx.pop_var()).and_then(|paths| paths.iter().cloned().map(list).collect());
        let mut paths: Vec<_> = match paths {
            Ok(paths) => paths,
            Err(error) => return box_once(Err(error.into())),
        };
        paths.sort();
        paths.dedup();
        box_once(without(value, &paths.iter().map(|steps| steps.as_slice()).collect::<Vec<_>>()))
    });
    let at = Native::<Watched>::new(|(mut ctx, value)| {
        let (step, inner) = ctx.pop_fun();
        step.run((inner, value))
    })
    .with_paths(|(mut ctx, place)| {
        let (step, inner) = ctx.pop_fun();
        step.paths((inner, place))
    })
    .with_update(|(mut ctx, value), update| {
        let (step, inner) = ctx.pop_fun();
        match (value, ctx.pop_var()) {
            (Val::Obj(members), key @ Val::TStr(_)) if members.contains_key(&key) => {
                box_once(updated(members, &key, |old| update(old)))
            }
            (other, _) => step.update((inner, other), update),
        }
    });
    [(WITHOUT, native::v(1), without), (AT, [Bind::Var(()), Bind::Fun(())].into(), at)]
}

/// An object with another member at a key that it has, or without that key.
fn updated<'a>(mut members: Rc<Map>, key: &Val, update: impl Fn(Val) -> ValXs<'a, Val>) -> Left<'a> {
    let inside = Rc::make_mut(&mut members);
    if let Some(member) = inside.get_mut(key) {
        match update(std::mem::take(member)).next().transpose()? {
            Some(new) => *member = new,
            None => drop(inside.shift_remove(key)),
        }
    }
    Ok(Val::Obj(members))
}

/// Takes out all paths of a list, which are in order and different: from the last one on, so that none moves what another
/// one means.
fn without<'a>(value: Val, paths: &[&[Val]]) -> Left<'a> {
    fn behind<'p>(group: &[&'p [Val]]) -> Vec<&'p [Val]> {
        group.iter().map(|path| &path[1..]).collect()
    }
    let Some(first) = paths.first() else { return Ok(value) };
    if first.is_empty() {
        return Ok(Val::Null);
    }
    let groups = paths.chunk_by(|one, other| one[0] == other[0]);
    match value {
        Val::Null => Ok(Val::Null),
        Val::Obj(mut members) => {
            if let Some(path) = paths.iter().find(|path| !matches!(path[0], Val::TStr(_))) {
                return Err(Error::index(Val::Obj(members), path[0].clone()).into());
            }
            let inside = Rc::make_mut(&mut members);
            let mut gone = Vec::new();
            for group in groups {
                let (key, rest) = (&group[0][0], behind(group));
                if rest[0].is_empty() {
                    gone.push(key);
                } else if let Some(member) = inside.get_mut(key) {
                    *member = without(std::mem::take(member), &rest)?;
                }
            }
            match gone.as_slice() {
                [] => {}
                [key] => drop(inside.shift_remove(*key)),
                _ => inside.retain(|key, _| gone.binary_search(&key).is_err()),
            }
            Ok(Val::Obj(members))
        }
        Val::Arr(_) => groups.rev().try_fold(value, |value, group| {
            let rest = behind(group);
            if matches!(group[0][0], Val::TStr(_)) {
                return Err(Error::index(value, group[0][0].clone()).into());
            }
            value.map_index(&group[0][0], Opt::Optional, |inner| {
                (!rest[0].is_empty()).then(|| without(inner, &rest)).into_iter()
            })
        }),
        other => Err(Error::index(other, first[0].clone()).into()),
    }
}

/// Whether the left side of an update names several places one by one: `.l[0], .l[2]` or `.l[0, 2]`.
pub(super) fn names_several(left: &Term<&str>) -> bool {
    match left {
        Term::BinOp(_, BinaryOp::Comma, _) => true,
        Term::BinOp(one, BinaryOp::Pipe(None) | BinaryOp::Alt, other) => {
            names_several(one) || names_several(other)
        }
        Term::BinOp(value, BinaryOp::Pipe(Some(_)), then) => !gives_one(value) || names_several(then),
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().map(|(_, then)| then).chain(otherwise.as_deref()).any(names_several)
        }
        Term::Path(head, Path(parts)) => {
            let several = |part: &Part<_>| matches!(part, Part::Index(key) if !gives_one(key));
            names_several(head) || parts.iter().any(|(part, _)| several(part))
        }
        _ => false,
    }
}

/// The left side of an update that may give nothing.
pub(super) fn in_order<'s>(left: Term<&'s str>) -> Term<&'s str> {
    let boxed = |inner: Box<Term<&'s str>>| Box::new(in_order(*inner));
    match left {
        Term::BinOp(one, op @ (BinaryOp::Pipe(None) | BinaryOp::Comma | BinaryOp::Alt), other) => {
            Term::BinOp(boxed(one), op, boxed(other))
        }
        Term::BinOp(value, op @ BinaryOp::Pipe(Some(_)), then) => Term::BinOp(value, op, boxed(then)),
        Term::IfThenElse(branches, otherwise) => {
            let branches = branches.into_iter().map(|(condition, then)| (condition, in_order(then)));
            Term::IfThenElse(branches.collect(), otherwise.map(boxed))
        }
        Term::Call(name, args) => Term::Call(name, args.into_iter().map(in_order).collect()),
        Term::Def(defs, inner) => {
            let defs = defs.into_iter().map(|def| Def { body: in_order(def.body), ..def });
            Term::Def(defs.collect(), boxed(inner))
        }
        Term::Fold(name, source, pattern, steps) => {
            Term::Fold(name, source, pattern, steps.into_iter().map(in_order).collect())
        }
        Term::Path(head, Path(parts)) => by_steps(in_order(*head), parts),
        other => other,
    }
}

/// A path of single steps. Keys that are computed are so from the input of the whole path: first, then.
fn by_steps<'s>(head: Term<&'s str>, parts: Vec<(Part<Term<&'s str>>, Opt)>) -> Term<&'s str> {
    let count = parts.iter().filter(|(part, _)| !is_constant(part)).count();
    let is_slice = |part: &Part<_>| matches!(part, Part::Range(..));
    if count > COMPUTED.len() || parts.iter().any(|(part, _)| is_slice(part) && !is_constant(part)) {
        return Term::Path(Box::new(head), Path(parts));
    }
    let mut names = COMPUTED.into_iter();
    let mut computed = Vec::new();
    let mut path = head;
    for (part, opt) in parts {
        let is_known = is_constant(&part);
        let step = |part| Term::Path(Box::new(Term::Id), Path(vec![(part, opt)]));
        let step = match (part, if is_known { None } else { names.next() }) {
            (Part::Index(key), Some(name)) => {
                computed.push((name, key));
                Term::Call(AT, vec![Term::Var(name), step(Part::Index(Term::Var(name)))])
            }
            (Part::Index(key), None) => Term::Call(AT, vec![key.clone(), step(Part::Index(key))]),
            (part, _) => step(part),
        };
        path = if matches!(path, Term::Id) { step } else { pipe(path, step) };
    }
    computed.into_iter().rev().fold(path, |then, (name, key)| {
        let bind = BinaryOp::Pipe(Some(Pattern::Var(name)));
        Term::BinOp(Box::new(key), bind, Box::new(then))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::jq::{DEADLINE, Filter, JqError};

    #[test]
    fn what_is_taken_out_leaves_the_other_keys_in_their_order() {
        let document = json!({
            "text": r#"{"a":1,"b":2,"c":3,"d":4}"#, "o": { "a": 1, "b": 2, "c": { "x": 1, "y": 2, "z": 3 }, "d": 4 },
            "l": [{ "a": 1, "b": 2, "c": 3 }, { "a": 4, "b": 5, "c": 6 }], "k": "a",
        });
        for (program, expected) in [
            (".text | fromjson | del(.a) | tojson", json!(r#"{"b":2,"c":3,"d":4}"#)),
            (".text | fromjson | delpaths([[\"b\"], [\"a\"]]) | tojson", json!(r#"{"c":3,"d":4}"#)),
            (".text | fromjson | del(.a, .c) | keys_unsorted", json!(["b", "d"])),
            (".o | del(.a, .c.x, .c.y) | keys_unsorted + (.c | keys_unsorted)", json!(["b", "c", "d", "z"])),
            (".o | .a |= empty | keys_unsorted", json!(["b", "c", "d"])),
            (
                ".o | (.a, .c.x) |= empty | keys_unsorted + (.c | keys_unsorted)",
                json!(["b", "c", "d", "y", "z"]),
            ),
            (".o | (.c | .x) |= select(. > 1) | .c | keys_unsorted", json!(["y", "z"])),
            (".o | .c[\"x\"]? |= empty | .c | keys_unsorted", json!(["y", "z"])),
            (".o | .[\"a\", \"b\"] |= empty | keys_unsorted", json!(["c", "d"])),
            (".k as $k | .o | .[$k] |= empty | keys_unsorted", json!(["b", "c", "d"])),
            (".o[.k] |= empty | .o | keys_unsorted", json!(["b", "c", "d"])),
            (".o[.k, \"b\"] |= empty | .o | keys_unsorted", json!(["c", "d"])),
            (".o | (if .b then .a else .d end) |= empty | keys_unsorted", json!(["b", "c", "d"])),
            (".o | (.q // .a) |= empty | keys_unsorted", json!(["b", "c", "d"])),
            (".o | getpath([\"c\", \"x\"]) |= empty | .c | keys_unsorted", json!(["y", "z"])),
            (
                ".o | to_entries | map(select(.key != \"a\")) | from_entries | keys_unsorted",
                json!(["b", "c", "d"]),
            ),
            ("def first_one: .a; .o | first_one |= empty | keys_unsorted", json!(["b", "c", "d"])),
            (".l | .[].a |= empty | map(keys_unsorted)", json!([["b", "c"], ["b", "c"]])),
            (".l | del(.[0], .[].a) | map(keys_unsorted)", json!([["b", "c"]])),
            (".l | map(del(.a)) | map(keys_unsorted)", json!([["b", "c"], ["b", "c"]])),
            (".l | (.[] | select(.a == 1)) |= empty | length", json!(1)),
            (".o.c[] |= empty | .o.c", json!({})),
            ("[1, 2, 3] | (.[0], .[1]) |= empty", json!([3])),
            ("[1, 2, 3] | .[0, 2] |= select(. > 5)", json!([2])),
            ("[1, 2, 3] | .[2, 0] |= (if . == 3 then empty else . + 5 end)", json!([6, 2])),
            ("[1, 5, 3, 0, 7] | (.[] | select(. >= 2)) |= empty", json!([1, 0])),
            ("(1, 2) as $i | [0, 1, 2] | .[$i] |= empty", json!([0, 2])),
            ("[0, 1, 2] | ((0, 1) as $i | .[$i]) |= empty", json!([2])),
            ("del(.q.r, .o.q, .o.c.x.y?) | .o.c", json!({ "x": 1, "y": 2, "z": 3 })),
            ("1 | delpaths([[]]), delpaths([])", json!(null)),
            ("[1] | delpaths([[7]])", json!([1])),
        ] {
            let found = Filter::compile(program).unwrap().run(&document, DEADLINE * 30);
            let found = found.unwrap_or_else(|error| panic!("{program}: {error}"));
            assert_eq!(found[0], expected, "{program}");
        }
    }

    #[test]
    fn what_cannot_be_taken_out_is_an_error() {
        for program in [
            "1 | delpaths([[\"a\"]])",
            "\"abc\" | delpaths([[0]])",
            "{a: 1} | delpaths([[0]])",
            "{a: 1} | delpaths([[\"a\", \"b\"]])",
            "[1] | delpaths([[\"a\"]])",
            "{a: 1} | delpaths([\"a\"])",
            "{a: 1} | delpaths(\"a\")",
        ] {
            let found = Filter::compile(program).unwrap().run(&json!(null), DEADLINE * 30);
            assert!(matches!(found, Err(JqError::Raised(_))), "{program}: {found:?}");
        }
    }

    #[test]
    fn many_keys_are_taken_out_at_once() {
        let program =
            "reduce range(20000) as $i ({}; .[$i | tostring] = $i) | del(.[] | select(. % 2 == 0)) | length";
        let found = Filter::compile(program).unwrap().run(&json!(null), DEADLINE * 30);
        assert_eq!(found, Ok(vec![json!(10_000)]));
    }
}
