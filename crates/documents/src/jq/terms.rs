//! Pieces of programs that are put together from others.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::Part;

/// `left | right`
pub(super) fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
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
