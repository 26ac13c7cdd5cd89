//! Filters that are conditions: they may look at the document, and not assign to it.
//!
//! An assignment gives a document, which is neither `false` nor `null`: as a condition it would hold for every import.

use std::ops::Range;

use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::{BinaryOp, Term};

use super::place;
use crate::problem::Problem;

/// Filters whose result is a changed document.
const CHANGING: [&str; 6] = ["del", "delpaths", "map_values", "setpath", "walk", "with_entries"];

/// What is wrong with a filter as a condition.
pub(super) fn check(program: &str, tokens: &[Token<&str>], term: &Term<&str>) -> Option<Problem> {
    if let Some(sign) = assignment(tokens) {
        let range = place(program, sign);
        return Some(assigns(sign, range));
    }
    let call = result_call(term)?;
    CHANGING.contains(&call).then(|| {
        let message = format!("`{call}` gives a document, and so the condition would hold for every import");
        Problem::new(message)
            .at(place(program, call))
            .help("compare what it gives with something, as `… == 1`")
    })
}

fn assigns(sign: &str, range: Range<usize>) -> Problem {
    let message = format!("`{sign}` assigns: the condition would hold for every import");
    let help = match sign {
        "=" | "|=" => "`==` compares: write `==`".to_owned(),
        "//=" => "`//` gives a default: write `//`".to_owned(),
        _ => format!("`{}` calculates: write `{}`", &sign[..1], &sign[..1]),
    };
    Problem::new(message).at(range).help(help)
}

/// The first sign of assignment, at any depth.
fn assignment<'s>(tokens: &[Token<&'s str>]) -> Option<&'s str> {
    tokens.iter().find_map(|Token(text, kind)| match kind {
        Tok::Sym if matches!(*text, "=" | "|=" | "+=" | "-=" | "*=" | "/=" | "%=" | "//=") => Some(*text),
        Tok::Block(inner) => assignment(inner),
        Tok::Str(parts) => parts.iter().find_map(|part| match part {
            StrPart::Term(token) => assignment(std::slice::from_ref(token)),
            _ => None,
        }),
        _ => None,
    })
}

/// The filter whose result is that of the whole term, if there is one.
fn result_call<'s>(term: &Term<&'s str>) -> Option<&'s str> {
    match term {
        Term::Call(name, _) => Some(name),
        Term::BinOp(_, BinaryOp::Pipe(_), right) => result_call(right),
        Term::Def(_, inner) | Term::Label(_, inner) => result_call(inner),
        Term::Path(head, path) if path.0.is_empty() => result_call(head),
        _ => None,
    }
}
