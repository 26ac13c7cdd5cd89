//! What jq refuses to look for in a value: `contains` something of another kind, and `has` a key that no value of the kind
//! can have. To jaq it is not there.

use jaq_core::box_iter::box_once;
use jaq_core::load::parse::{Def, Term};
use jaq_core::native;
use jaq_core::{DataT, Native};
use jaq_json::{Error, Val};

use super::terms::pipe;

/// The names of jaq's own filters, and of ours that are asked before; no program can spell them.
pub(super) const CONTAINS: &str = "!contains";
pub(super) const HAS: &str = "!has";
const ALIKE: &str = "!alike";
const MAY_HAVE: &str = "!may_have";

/// The native filters.
pub(super) fn natives<D>() -> [native::Fun<D>; 2]
where
    D: for<'a> DataT<V<'a> = Val>,
{
    let alike = Native::<D>::new(|(mut ctx, value)| {
        let part = ctx.pop_var();
        box_once(if are_alike(&value, &part) { Ok(value) } else { Err(unlike(&value, &part).into()) })
    });
    let may_have = Native::<D>::new(|(mut ctx, value)| {
        let key = ctx.pop_var();
        let can_be = match &value {
            Val::Obj(_) => matches!(key, Val::TStr(_)),
            Val::Arr(_) => matches!(key, Val::Num(_)),
            Val::Null => true,
            _ => false,
        };
        box_once(if can_be { Ok(value) } else { Err(Error::index(value, key).into()) })
    });
    [(ALIKE, native::v(1), alike), (MAY_HAVE, native::v(1), may_have)]
}

/// What stands for the filters of jaq.
pub(super) fn definitions<'s>() -> [Def<&'s str>; 2] {
    let checked = |name, asked, own| {
        let call = |name| Term::Call(name, vec![Term::Var("$x")]);
        Def { name, args: vec!["$x"], body: pipe(call(asked), call(own)) }
    };
    [checked("contains", ALIKE, CONTAINS), checked("has", MAY_HAVE, HAS)]
}

/// Whether both are of one kind; to jq `true` and `false` are of two.
fn are_alike(one: &Val, other: &Val) -> bool {
    match (one, other) {
        (Val::Bool(one), Val::Bool(other)) => one == other,
        _ => kind(one) == kind(other),
    }
}

fn unlike(value: &Val, part: &Val) -> Error {
    Error::str(format_args!("{} cannot contain {}", kind(value), kind(part)))
}

fn kind(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "a flag",
        Val::Num(_) => "a number",
        Val::TStr(_) | Val::BStr(_) => "a text",
        Val::Arr(_) => "a list",
        Val::Obj(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::jq::JqError;
    use crate::jq::tests::run;

    #[test]
    fn what_a_value_cannot_hold_is_not_looked_for() {
        // Checked with jq 1.6 and 1.7
        for (program, expected) in [
            (r#""foobar" | contains("bar")"#, true),
            ("[1] | contains([\"1\"])", false),
            ("{a: 1} | contains({b: \"x\"})", false),
            ("{a: [1, {b: \"xyz\"}]} | contains({a: [{b: \"y\"}]})", true),
            ("1 | contains(1)", true),
            ("null | contains(null)", true),
            ("\"a\" | inside(\"abc\")", true),
            ("{a: null} | has(\"a\")", true),
            ("[1] | has(0)", true),
            ("[1] | has(3)", false),
            ("null | has(\"a\")", false),
            ("null | has(0)", false),
            ("\"a\" | in({a: 1})", true),
        ] {
            assert_eq!(run(program, &json!(null)), Ok(vec![json!(expected)]), "{program}");
        }
        for (program, why) in [
            ("[\"L\"] | contains(\"L\")", "a list cannot contain a text"),
            ("null | contains(1)", "null cannot contain a number"),
            ("true | contains(false)", "a flag cannot contain a flag"),
            ("{a: 1} | inside([1])", "a list cannot contain an object"),
            ("{a: 1} | has(0)", "cannot index an object with 0"),
            ("[1] | has(\"a\")", "cannot index a list with \"a\""),
            ("0 | in({a: 1})", "cannot index an object with 0"),
            ("1 | has(0)", "cannot index a number with 0"),
        ] {
            assert_eq!(run(program, &json!(null)), Err(JqError::Raised(why.to_owned())), "{program}");
        }
    }
}
