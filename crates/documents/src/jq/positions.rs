//! Positions as jq has them: in a list, and in nothing else. An object that is asked for one is an error, where jaq finds nothing there;
//! and to assign behind the end of a list makes it longer.

use jaq_core::Native;
use jaq_core::box_iter::box_once;
use jaq_core::load::parse::Term;
use jaq_core::native;
use jaq_core::path::{Opt, Part, Path};
use jaq_json::{Error, Num, Val};

use super::as_jq::REACHED;
use super::bounds;
use super::terms::{is_constant, pipe};
use super::watched::Watched;

/// What is asked before a position: whether there can be one. The second gives nothing where the first is an error.
const PLACED: &str = "!placed";
const PLACED_OR_NOT: &str = "!placed_or_not";

/// The native filters.
pub(super) fn natives() -> [native::Fun<Watched>; 3] {
    let placed =
        Native::<Watched>::new(|(mut ctx, value)| box_once(check(value, &ctx.pop_var()).map_err(Into::into)))
            .with_paths(|(mut ctx, (value, path))| {
                box_once(check(value, &ctx.pop_var()).map(|value| (value, path)).map_err(Into::into))
            })
            .with_update(|(mut ctx, value), update| match check(value, &ctx.pop_var()) {
                Ok(value) => update(value),
                Err(error) => box_once(Err(error.into())),
            });
    let placed_or_not = Native::<Watched>::new(|(mut ctx, value)| {
        Box::new(check(value, &ctx.pop_var()).ok().map(Ok).into_iter())
    })
    .with_paths(|(mut ctx, (value, path))| {
        Box::new(check(value, &ctx.pop_var()).ok().map(|value| Ok((value, path))).into_iter())
    })
    .with_update(|(mut ctx, value), update| {
        let is_place = check(value.clone(), &ctx.pop_var()).is_ok();
        if is_place { update(value) } else { box_once(Ok(value)) }
    });
    let reached = Native::<Watched>::new(|cv| box_once(Ok(cv.1)))
        .with_paths(|cv| box_once(Ok(cv.1)))
        .with_update(|(mut ctx, value), update| match reached(&value, &ctx.pop_var()) {
            Some(longer) => {
                let length = |list: &Val| if let Val::Arr(entries) = list { entries.len() } else { 0 };
                match ctx.data().state().lengthen(length(&longer) - length(&value)) {
                    Ok(()) => Box::new(update(longer).map(|made| made.map(unless_nothing))),
                    Err(end) => box_once(Err(end)),
                }
            }
            None => update(value),
        });
    [
        (PLACED, native::v(1), placed),
        (PLACED_OR_NOT, native::v(1), placed_or_not),
        (REACHED, native::v(1), reached),
    ]
}

/// A value that may be asked for what is at an index.
fn check(value: Val, index: &Val) -> Result<Val, Error> {
    match (&value, index) {
        (Val::Obj(_), Val::TStr(_)) | (Val::Null | Val::Arr(_) | Val::TStr(_) | Val::BStr(_), _) => Ok(value),
        (Val::Obj(_), _) => Err(Error::index(value, index.clone())),
        _ => Ok(value),
    }
}

/// A list that reaches to a position, where it does not yet and can.
fn reached(value: &Val, index: &Val) -> Option<Val> {
    let Val::Num(Num::Int(index)) = index else { return None };
    let length = usize::try_from(*index).ok()?.checked_add(1)?;
    let nulls = |count| std::iter::repeat_n(Val::Null, count);
    match value {
        _ if length > bounds::LONGEST / size_of::<Val>() => None,
        Val::Null => Some(nulls(length).collect()),
        Val::Arr(entries) if entries.len() < length => {
            Some(entries.iter().cloned().chain(nulls(length - entries.len())).collect())
        }
        _ => None,
    }
}

/// A list that was made only to read from it does not count.
fn unless_nothing(made: Val) -> Val {
    match &made {
        Val::Arr(entries) if entries.iter().all(|entry| matches!(entry, Val::Null)) => Val::Null,
        _ => made,
    }
}

/// The same path, which checks each position before it uses it.
pub(super) fn checked<'s>(head: Term<&'s str>, parts: Vec<(Part<Term<&'s str>>, Opt)>) -> Term<&'s str> {
    let position = |part: &Part<Term<&'s str>>| match part {
        Part::Index(index @ (Term::Num(_) | Term::Neg(_) | Term::Var(_))) => Some(index.clone()),
        _ => None,
    };
    // A part that looks at the input of the whole path is only read right where it stands.
    let is_taken_apart = parts.iter().all(|(part, _)| is_constant(part));
    if !is_taken_apart || !parts.iter().any(|(part, _)| position(part).is_some()) {
        return Term::Path(Box::new(head), Path(parts));
    }
    parts.into_iter().fold(head, |head, (part, opt)| {
        let asked = match opt {
            Opt::Optional => PLACED_OR_NOT,
            Opt::Essential => PLACED,
        };
        let check = position(&part).map(|index| Term::Call(asked, vec![index]));
        let step = Term::Path(Box::new(Term::Id), Path(vec![(part, opt)]));
        let step = check.into_iter().fold(step, |step, check| pipe(check, step));
        if matches!(head, Term::Id) { step } else { pipe(head, step) }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::jq::JqError;
    use crate::jq::tests::run;

    #[test]
    fn positions_and_remainders_are_those_of_jq() {
        let document = json!({ "o": { "b": 1 }, "l": [1, 2], "f": [{ "b": 1 }] });
        // Checked with jq 1.6
        for (program, expected) in [
            (".o[0]?, 1", "1"),
            ("try .o[-1] catch 2", "2"),
            (r#""b" as $i | .o[$i]"#, "1"),
            (".l[5], .n[0]", "null null"),
            (".l | .[3] = 9", "[1,2,null,9]"),
            (".n | .[1].b = 5", r#"[null,{"b":5}]"#),
            (".f[0].b |= 7 | .f", r#"[{"b":7}]"#),
            ("del(.l[0], .f[0]) | [.l, .f]", "[[2],[]]"),
            ("[path(.f[0].b)]", r#"[["f",0,"b"]]"#),
            ("5.7 % 2, -5 % 3, 5 % -3, 5.5 % 1.9, 1e3 % 7", "1 -2 2 0 6"),
            (".l[0] = 7.9 | .l[0] %= 4 | .l[0]", "3"),
            (r#".f | INDEX(.b), INDEX(.[]; "k")"#, r#"{"1":{"b":1}} {"k":{"b":1}}"#),
            ("INDEX(empty; .), ([] | INDEX(.b)), (.l | INDEX(.b?))", "{} {} {}"),
            ("INDEX(.l[]; ., . + 1)", r#"{"1":1,"2":2,"3":2}"#),
            (".l | nth(1), nth(5)", "2 null"),
            ("5 | gamma - lgamma", "0"),
            ("2 | IN(1, 2), IN(4), IN(1, 2; 2, 3)", "true false true"),
        ] {
            let results = run(program, &document).unwrap();
            let texts: Vec<String> = results.iter().map(Value::to_string).collect();
            assert_eq!(texts.join(" "), expected, "{program}");
        }
        for (program, why) in [
            (".o[0]", "cannot index an object with 0"),
            (".o | nth(0)", "cannot index an object with 0"),
            ("0 as $i | .o[$i]", "cannot index an object with 0"),
            (".o[0] = 1", "cannot index an object with 0"),
            ("5 % 0.5", "cannot calculate with a number and a number"),
            (".l[-3] = 1", "index -3 out of bounds"),
            (".l[100000000000] = 1", "index 100000000000 out of bounds"),
        ] {
            assert_eq!(run(program, &document), Err(JqError::Raised(why.to_owned())), "{program}");
        }
    }
}
