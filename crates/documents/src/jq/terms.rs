//! Pieces of programs that are put together from others.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Opt, Part, Path};

/// `left | right`
pub(super) fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

/// Where the last part of a text begins that may give several results, if one before it may, too.
pub(super) fn second_of_several(parts: &[StrPart<&str, Term<&str>>]) -> Option<usize> {
    let is_one = |part: &StrPart<&str, Term<&str>>| match part {
        StrPart::Term(inner) => gives_one(inner),
        _ => true,
    };
    let last = parts.iter().rposition(|part| !is_one(part))?;
    (!parts[..last].iter().all(is_one)).then_some(last)
}

/// Whether a part of a path is the same whatever the input.
pub(super) fn is_constant(part: &Part<Term<&str>>) -> bool {
    let constant = |term: &Term<&str>| match term {
        Term::Num(_) | Term::Var(_) => true,
        Term::Neg(inner) => matches!(**inner, Term::Num(_)),
        Term::Str(None, parts) => !parts.iter().any(|part| matches!(part, StrPart::Term(_))),
        _ => false,
    };
    match part {
        Part::Index(index) => constant(index),
        Part::Range(from, to) => from.iter().chain(to).all(constant),
    }
}

/// Whether a term gives one result, or raises an error, whatever its input. What is not known may give any number.
pub(super) fn gives_one(term: &Term<&str>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(_) => true,
        Term::Str(_, parts) => parts.iter().all(|part| match part {
            StrPart::Term(inner) => gives_one(inner),
            _ => true,
        }),
        Term::Obj(members) => {
            members.iter().all(|(key, value)| gives_one(key) && value.as_ref().is_none_or(gives_one))
        }
        Term::Neg(inner) => gives_one(inner),
        Term::BinOp(_, BinaryOp::Assign | BinaryOp::UpdateMath(_), right) => gives_one(right),
        Term::BinOp(
            left,
            BinaryOp::Pipe(None | Some(Pattern::Var(_)))
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Alt
            | BinaryOp::Math(_)
            | BinaryOp::Cmp(_),
            right,
        ) => gives_one(left) && gives_one(right),
        Term::IfThenElse(branches, otherwise) => {
            let all = branches.iter().all(|(condition, then)| gives_one(condition) && gives_one(then));
            all && otherwise.as_ref().is_none_or(|inner| gives_one(inner))
        }
        Term::Path(head, Path(parts)) => {
            gives_one(head)
                && parts.iter().all(|(part, opt)| {
                    let is_one = match part {
                        Part::Index(index) => gives_one(index),
                        Part::Range(None, None) => false,
                        Part::Range(from, to) => from.iter().chain(to).all(gives_one),
                    };
                    is_one && matches!(opt, Opt::Essential)
                })
        }
        _ => false,
    }
}
