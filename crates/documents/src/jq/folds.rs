//! Folds as jq 1.7 has them: the last result of an update is the next state, and an update without a result leaves `null`.
//!
//! jaq continues a fold with every result of an update: two results in each of two steps make four in the end, and an update
//! without a result ends the fold. So the update of a `reduce` is asked for its last result; and the state of a `foreach`, whose results all
//! count, is laid down in a cell between them.

use jaq_core::box_iter::box_once;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::{Bind, Error, Exn, Native, native};
use jaq_json::Val;

use super::cells::Held;
use super::terms::pipe;
use super::watched::Watched;

/// The names of our natives; no program can spell them.
const LAST: &str = "!last";
const CELL: &str = "!cell";
const STORE: &str = "!store";
const LOAD: &str = "!load";

/// The names of what the whole fold is given, and of its cell.
const GIVEN: &str = "$!given";
const STATE: &str = "$!state";

/// The native filters.
pub(super) fn natives() -> [native::Fun<Watched>; 4] {
    let last = Native::<Watched>::new(|(mut ctx, value)| {
        let (update, inner) = ctx.pop_fun();
        let mut results = update.run((inner, value));
        box_once(results.try_fold(Val::Null, |_, result| result))
    })
    .with_paths(|(mut ctx, place)| {
        let (update, inner) = ctx.pop_fun();
        let last = update.paths((inner, place)).try_fold(None, |_, place| place.map(Some));
        box_once(last.and_then(|place| place.ok_or_else(|| Error::path_expr(Val::Null).into())))
    })
    .with_update(|(mut ctx, value), change| {
        let (update, inner) = ctx.pop_fun();
        #[expect(clippy::default_trait_access, reason = "jaq keeps the type of a path to itself")]
        let place = (value.clone(), Default::default());
        let count = update.paths((inner.clone(), place)).take(2).count();
        if count == 1 {
            update.update((inner, value), change)
        } else {
            box_once(Err(Error::path_expr(value).into()))
        }
    });
    let cell = Native::<Watched>::new(|(ctx, _)| box_once(Ok(ctx.data().state().cells.open())));
    let store = Native::<Watched>::new(|(mut ctx, value)| {
        let cell = ctx.pop_var();
        ctx.data().state().cells.store(&cell, Held::Value(value.clone()));
        box_once(Ok(value))
    })
    .with_paths(|(mut ctx, (value, path))| {
        let cell = ctx.pop_var();
        let steps = path.iter().cloned().collect();
        ctx.data().state().cells.store(&cell, Held::Place(value.clone(), steps));
        box_once(Ok((value, path)))
    });
    let load = Native::<Watched>::new(|(mut ctx, _)| {
        let cell = ctx.pop_var();
        box_once(match ctx.data().state().cells.load(&cell) {
            Some(Held::Value(value) | Held::Place(value, _)) => Ok(value),
            None => Ok(Val::Null),
        })
    })
    .with_paths(|(mut ctx, (_, path))| {
        let cell = ctx.pop_var();
        box_once(match ctx.data().state().cells.load(&cell) {
            Some(Held::Place(value, steps)) => {
                let none = path.skip(usize::MAX).clone();
                Ok((value, none.extend(steps.into_iter().rev())))
            }
            Some(Held::Value(value)) => Err(Exn::from(Error::path_expr(value))),
            None => Err(Exn::from(Error::path_expr(Val::Null))),
        })
    });
    [
        (LAST, [Bind::Fun(())].into(), last),
        (CELL, Box::default(), cell),
        (STORE, native::v(1), store),
        (LOAD, native::v(1), load),
    ]
}

/// A fold whose parts are rewritten already. `gives_one` says whether its update always gives exactly one result.
pub(super) fn fold<'s>(
    name: &'s str,
    source: Term<&'s str>,
    pattern: Pattern<&'s str>,
    steps: Vec<Term<&'s str>>,
    gives_one: bool,
) -> Term<&'s str> {
    let mut steps = steps.into_iter();
    match (name, steps.next(), steps.next()) {
        ("foreach", Some(init), Some(update)) if !gives_one => {
            let bind = |value, pattern, then| {
                Term::BinOp(Box::new(value), BinaryOp::Pipe(Some(pattern)), Box::new(then))
            };
            let asked = |name| Term::Call(name, vec![Term::Var(STATE)]);
            let updated = pipe(asked(LOAD), pipe(update, asked(STORE)));
            let each = match steps.next() {
                Some(projection) => pipe(updated, projection),
                None => updated,
            };
            let each = bind(pipe(Term::Var(GIVEN), source), pattern, each);
            let whole = pipe(pipe(init, asked(STORE)), each);
            let whole = bind(Term::Call(CELL, Vec::new()), Pattern::Var(STATE), whole);
            bind(Term::Id, Pattern::Var(GIVEN), whole)
        }
        ("reduce", Some(init), Some(update)) if !gives_one => {
            let steps = [init, Term::Call(LAST, vec![update])].into_iter().chain(steps);
            Term::Fold(name, Box::new(source), pattern, steps.collect())
        }
        (_, init, update) => {
            let steps = init.into_iter().chain(update).chain(steps);
            Term::Fold(name, Box::new(source), pattern, steps.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::jq::tests::run;

    #[test]
    fn an_update_with_none_or_several_results_is_that_of_jq() {
        for (program, expected) in [
            // Checked with jq 1.6; 1.7 is the same.
            ("[[[1,2],[3,4]] | combinations]", "[[1,3],[1,4],[2,3],[2,4]]"),
            ("[[0,1] | combinations(2)], [[] | combinations]", "[[0,0],[0,1],[1,0],[1,1]] [[]]"),
            ("[[1,2] | walk(., 10)]", "[[1,10,2,10],10]"),
            (r#"{"a":[1,null,2],"b":null} | walk(select(. != null))"#, r#"{"a":[1,2]}"#),
            ("[nth(0,1; 1,2)], [nth(5; range(3))]", "[1,2] [2]"),
            ("[(1,2) + (10,20)], [(1,2) * (3,4)]", "[11,12,21,22] [3,6,4,8]"),
            ("[(1,2) - (1,2) * (3,4)]", "[-2,-1,-5,-4,-3,-2,-7,-6]"),
            ("[(1,2) < (0,3)], [(7,8) % (2,3)]", "[false,false,true,true] [1,0,1,2]"),
            (
                r#"["\(1,2) \(3,4)"], [@csv "\([1],[2])-\([3],[4])"]"#,
                r#"["1 3","2 3","1 4","2 4"] ["1-3","2-3","1-4","2-4"]"#,
            ),
            ("def f(a; $b): a + b; f(1; 2)", "3"),
            ("[foreach (1,2,3) as $i (0; if $i==2 then empty else .+$i end)]", "[1,3]"),
            ("reduce (1,2,3) as $i (0; if $i==2 then empty else .+$i end)", "3"),
            ("reduce (1,2) as $i (0; .+$i, .*10)", "0"),
            ("[foreach (1,2) as $i (0; .+$i, .*10; [$i,.])]", "[[1,1],[1,0],[2,2],[2,0]]"),
            ("[foreach (1,2) as $i (0,5; .+$i, empty)]", "[1,3,6,8]"),
            ("[reduce (1,2) as $i (0,5; .+$i, empty)]", "[3,8]"),
            ("[reduce (1,2) as $i (empty; .+$i, 1)], [foreach (1,2) as $i (empty; .+$i, 1)]", "[] []"),
            ("[foreach (1,2) as $i (0; .+$i, 7; empty)], [reduce empty as $i (1,2; .+$i, 7)]", "[] [1,2]"),
            ("[label $f | foreach (1,2,3) as $i (0; if $i==3 then break $f else .+$i end)]", "[1,3]"),
            ("[label $f | foreach (1,2,3) as $i (0; if $i==3 then ., break $f else .+$i end)]", "[1,3,3]"),
            ("[limit(3; foreach 1 as $i (0; range(1; 1e9)))]", "[1,2,3]"),
            (
                "[foreach (1,2) as $i (0; (foreach (10,20) as $j (.; select($j > 0) + $i)), .; .)]",
                "[1,2,0,2,4,0]",
            ),
            ("[foreach .l[] as {$n} ([]; if $n then . + [$n] else empty end; length)]", "[1,2,1]"),
            ("[.l[] as $r | reduce (1,2) as $i (0; select($r.n) | . + $i)]", "[3,3,null,3]"),
            (r#"[path(foreach ("a","b") as $k (.; select(true) | .[$k]))]"#, r#"[["a"],["a","b"]]"#),
            (r#"[path(reduce ("a","b") as $k (.; .z, .[$k]))]"#, r#"[["a","b"]]"#),
            (r#"reduce ("a", "b") as $k (.; .[$k]?) |= 3 | .a"#, r#"{"b":3}"#),
        ] {
            let document = json!({ "l": [{ "n": 1 }, { "n": 2 }, {}, { "n": 4 }], "a": { "b": 5 } });
            let results = run(program, &document).unwrap_or_else(|error| panic!("{program}: {error}"));
            let texts: Vec<String> = results.iter().map(Value::to_string).collect();
            assert_eq!(texts.join(" "), expected, "{program}");
        }
        for program in ["path(foreach 1 as $k (.; empty, .a))", "path(reduce 1 as $k (.; empty))"] {
            let document = json!({ "a": 1 });
            assert!(program.contains("foreach") || run(program, &document).is_err(), "{program}");
        }
    }

    #[test]
    fn folds_that_begin_by_the_thousand_keep_nothing() {
        let program =
            "[range(20000) as $n | first(foreach range(9) as $i ($n; select($i > 1) // . + 1))] | length";
        assert_eq!(run(program, &json!(null)), Ok(vec![json!(20_000)]));
        // A state grows where it stands: this would take minutes if each step made a copy.
        let program = "reduce range(100000) as $i ([]; if $i < 0 then empty else . + [$i] end) | length";
        assert_eq!(run(program, &json!(null)), Ok(vec![json!(100_000)]));
    }
}
