//! Keys and paths as jq has them: a key of an object is a text, and `setpath` makes the lists and objects on its way.
//!
//! jaq takes any value for a key: `{(null): 1}` is an object to it, which no document can be.

use jaq_core::box_iter::box_once;
use jaq_core::load::parse::Term;
use jaq_core::native;
use jaq_core::path::Opt;
use jaq_core::{Native, ValT};
use jaq_json::{Error, Map, Num, Rc, Val};

use super::bounds;
use super::state::NESTED;
use super::watched::Watched;

/// What is asked of a value before it becomes a key.
pub(super) const KEYED: &str = "!keyed";

/// What stands for `setpath`.
const PUT: &str = "!put";

/// What stands for `paths = x`.
pub(super) const ASSIGN: &str = "!assign";

/// As jq has it: what is assigned stands at its path, also where it is `null`.
pub(super) const ASSIGN_AS: &str = "def assign(paths; $x): reduce path(paths) as $p (.; setpath($p; $x));";

/// What stands for the definitions of jaq, by name: `from_entries` knows all the names that jq knows.
pub(super) const REDEFINED: [(&str, usize, &str); 2] = [
    (
        "from_entries",
        0,
        r#"def from_entries: reduce .[] as $x ({}; . + {
            ($x | .key // .k // .name // .Name // .K // .Key):
            ($x | if has("value") then .value elif has("v") then .v elif has("Value") then .Value else .V end) });"#,
    ),
    (
        "pick",
        1,
        "def pick(f): . as $whole | reduce path(f) as $p ([][0]; setpath($p; $whole | getpath($p)));",
    ),
];

/// The body of `setpath($path; $x)`.
pub(super) fn setpath<'s>(path: &'s str, new: &'s str) -> Term<&'s str> {
    Term::Call(PUT, vec![Term::Var(path), Term::Var(new)])
}

/// The native filters.
pub(super) fn natives() -> [native::Fun<Watched>; 2] {
    let keyed = Native::<Watched>::new(|(_, key)| {
        let is_text = matches!(key, Val::TStr(_));
        box_once(if is_text { Ok(key) } else { Err(Error::typ(key, "object key").into()) })
    });
    let put = Native::<Watched>::new(|(mut ctx, whole)| {
        let (value, path) = (ctx.pop_var(), ctx.pop_var());
        box_once(match &path {
            Val::Arr(path) if path.len() <= NESTED => match path.iter().find(|step| is_too_far(step)) {
                Some(position) => Err(out_of_bounds(position).into()),
                None => match longer(&whole, path) {
                    0 => put(whole, path, &value).map_err(Into::into),
                    entries => {
                        let fits = ctx.data().state().lengthen(entries);
                        fits.and_then(|()| put(whole, path, &value).map_err(Into::into))
                    }
                },
            },
            Val::Arr(_) => Err(Error::str("the path of `setpath` is too long").into()),
            _ => Err(Error::typ(path, "path").into()),
        })
    });
    [(KEYED, Box::default(), keyed), (PUT, native::v(2), put)]
}

/// Whether no list can be so long that it has that position.
fn is_too_far(step: &Val) -> bool {
    matches!(step, Val::Num(Num::Int(at)) if *at >= 0 && at.unsigned_abs() >= bounds::LONGEST / size_of::<Val>())
}

fn out_of_bounds(position: &Val) -> Error {
    Error::str(format_args!("index {position} out of bounds"))
}

/// By how many entries lists become longer where a value is put at a path.
fn longer(whole: &Val, path: &[Val]) -> usize {
    let (mut here, mut entries) = (Some(whole), 0_usize);
    for step in path {
        here = match (here, step) {
            (Some(Val::Obj(members)), key) => members.get(key),
            (Some(Val::Arr(list)), Val::Num(Num::Int(at))) if *at >= 0 => {
                let at = at.unsigned_abs();
                entries = entries.saturating_add((at + 1).saturating_sub(list.len()));
                list.get(at)
            }
            (None | Some(Val::Null), Val::Num(Num::Int(at))) if *at >= 0 => {
                entries = entries.saturating_add(at.unsigned_abs());
                None
            }
            _ => None,
        };
    }
    entries
}

/// A value with another one at a path.
fn put(whole: Val, path: &[Val], new: &Val) -> Result<Val, Error> {
    let Some((step, rest)) = path.split_first() else { return Ok(new.clone()) };
    match (whole, step) {
        (Val::Null, Val::TStr(_)) => {
            Ok(Val::obj(Map::from_iter([(step.clone(), put(Val::Null, rest, new)?)])))
        }
        (Val::Obj(mut members), Val::TStr(_)) => {
            let member = Rc::make_mut(&mut members).entry(step.clone()).or_insert(Val::Null);
            *member = put(std::mem::replace(member, Val::Null), rest, new)?;
            Ok(Val::Obj(members))
        }
        (list @ (Val::Null | Val::Arr(_)), Val::Num(Num::Int(at))) if *at >= 0 => {
            let at = at.unsigned_abs();
            let mut entries = match list {
                Val::Arr(entries) => entries,
                _ => Rc::default(),
            };
            let inside = Rc::make_mut(&mut entries);
            if inside.len() <= at {
                inside.resize(at + 1, Val::Null);
            }
            inside[at] = put(std::mem::replace(&mut inside[at], Val::Null), rest, new)?;
            Ok(Val::Arr(entries))
        }
        (Val::Arr(entries), Val::Num(Num::Int(at))) if at.unsigned_abs() > entries.len() => {
            Err(out_of_bounds(step))
        }
        (whole @ Val::Obj(_), _) => Err(Error::index(whole, step.clone())),
        (whole, _) => {
            let failed = std::cell::RefCell::new(None);
            let done = whole.clone().map_index(step, Opt::Essential, |inner| {
                let inner = put(inner, rest, new).map_err(|error| *failed.borrow_mut() = Some(error)).ok();
                inner.map(Ok).into_iter()
            });
            match (failed.into_inner(), done) {
                (Some(error), _) => Err(error),
                (None, Ok(value)) => Ok(value),
                (None, Err(_)) => Err(Error::index(whole, step.clone())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::jq::JqError;
    use crate::jq::tests::run;

    #[test]
    fn entries_are_read_by_every_name_that_jq_knows() {
        for (entries, expected) in [
            (r#"[{"key":"a","value":1},{"k":"b","v":2},{"name":"c","value":3}]"#, r#"{"a":1,"b":2,"c":3}"#),
            (
                r#"[{"Name":"a","Value":1},{"K":"b","V":2},{"Key":"c","Value":null}]"#,
                r#"{"a":1,"b":2,"c":null}"#,
            ),
            (r#"[{"key":"a","value":null,"v":6},{"key":"b"}]"#, r#"{"a":null,"b":null}"#),
            (r#"[{"key":null,"name":"n","value":false,"v":1}]"#, r#"{"n":false}"#),
            ("[]", "{}"),
        ] {
            let input: Value = serde_json::from_str(entries).unwrap();
            assert_eq!(run("from_entries", &input).unwrap()[0].to_string(), expected, "{entries}");
        }
        let headers = json!([{ "name": "Accept", "value": "x" }, { "name": "X-A", "value": "y" }]);
        let program =
            "from_entries | with_entries(.value |= ascii_upcase) | to_entries | map({name: .key, value})";
        let expected = json!([{ "name": "Accept", "value": "X" }, { "name": "X-A", "value": "Y" }]);
        assert_eq!(run(program, &headers).unwrap()[0], expected);
    }

    #[test]
    fn a_key_that_is_no_text_is_an_error_where_it_is_made() {
        for program in [
            "{(null): 1}",
            "{(1, 2): 1}",
            "null as $k | {$k: 1} | keys",
            "[] as $k | {($k): 1} | length",
            "{(.): 1}",
            "[{key: 5, value: 1}] | from_entries",
            "[{key: false, value: 1}] | from_entries",
            "[{value: 1}] | from_entries",
            "[{a: 1}] | with_entries(.value.a = 2)",
        ] {
            match run(program, &json!(null)) {
                Err(JqError::Raised(said)) => {
                    assert!(
                        said.starts_with("cannot use") && said.ends_with("as object key"),
                        "{program}: {said}"
                    );
                }
                other => panic!("{program}: {other:?}"),
            }
        }
        for program in
            [".[\"a\"][null] = 1", ".a.b = 1 | .a[0] = 2", "setpath([null]; 1)", "setpath([\"a\", true]; 1)"]
        {
            let result = run(program, &json!({ "a": {} }));
            assert!(matches!(result, Err(JqError::Raised(_) | JqError::NotJson(_))), "{program}: {result:?}");
        }
        let program = r#""a" as $k | {$k, ($k + "b"): 1, "c": 2, @text "d": 3, "\("e")": 4, f: 5}"#;
        assert_eq!(run(program, &json!(null)).unwrap()[0], json!({"k":"a","ab":1,"c":2,"d":3,"e":4,"f":5}));
    }

    #[test]
    fn a_path_is_put_and_picked_as_jq_does() {
        for (program, expected) in [
            ("pick(.a[1])", r#"{"a":[null,2]}"#),
            ("pick(.a[0], .o.x)", r#"{"a":[1],"o":{"x":1}}"#),
            (".a | pick(.[1])", "[null,2]"),
            ("pick(.q[1].r)", r#"{"q":[null,{"r":null}]}"#),
            (r#"setpath(["n", 1, "x"]; 5) | .n"#, r#"[null,{"x":5}]"#),
            (r#"setpath(["o", "y"]; null) | .o"#, r#"{"x":1,"y":null}"#),
            (r#"setpath(["a", 0]; 9) | .a"#, "[9,2]"),
            (r#"setpath(["a", -1]; 9) | .a"#, "[1,9]"),
            (r#"setpath(["a", {"start": 1, "end": 2}]; [7, 8]) | .a"#, "[1,7,8]"),
            ("setpath([]; 3)", "3"),
            ("1 as $i | .n[$i] = 4 | .n", "[null,4]"),
        ] {
            let found = run(program, &json!({ "a": [1, 2], "o": { "x": 1 } })).unwrap();
            assert_eq!(found[0].to_string(), expected, "{program}");
        }
        for program in
            [r#"setpath(["a", "x"]; 1)"#, r#"setpath(["o", 0]; 1)"#, "setpath(1; 1)", "pick(.a[-5])"]
        {
            let result = run(program, &json!({ "a": [1, 2], "o": { "x": 1 } }));
            assert!(matches!(result, Err(JqError::Raised(_))), "{program}: {result:?}");
        }
    }
}
