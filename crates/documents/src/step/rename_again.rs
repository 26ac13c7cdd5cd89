//! Renames that change again what they made: a swap, a chain, a field that moves into itself.
//!
//! All renames of a step are applied at once, so that one run of a job gives what its rows say. The next run begins with what
//! the first one made.

use std::collections::HashMap;

use super::rename_scope::RenameScope;
use super::{FieldRename, Side};
use crate::problem::Problem;
use crate::rename::names;

/// A warning about the first row whose new name another row renames again, with the number of that row. Each row comes with
/// its number and with what limits it to some imports.
pub(super) fn renames_again(rows: &[(usize, &FieldRename, &RenameScope)]) -> Option<(usize, Problem)> {
    let mut by_name: HashMap<(Side, Vec<String>), Vec<usize>> = HashMap::new();
    for (at, (_, rename, _)) in rows.iter().enumerate() {
        by_name.entry((rename.side, names(&rename.from))).or_default().push(at);
    }
    // The row with the longest name decides; one that keeps its name shields it.
    let renamed_by = |rename: &FieldRename, only: &RenameScope| {
        let new = names(&rename.to);
        (1..=new.len()).rev().find_map(|length| {
            let at = by_name.get(&(rename.side, new[..length].to_vec()))?;
            at.iter().map(|at| rows[*at]).find(|(_, _, other)| only.may_meet(other))
        })
    };
    let mut found = rows.iter().filter_map(|(index, rename, only)| {
        let (_, other, _) =
            renamed_by(rename, only).filter(|(_, other, _)| names(&other.from) != names(&other.to))?;
        (names(&rename.from) != names(&rename.to)).then_some((*index, *rename, other))
    });
    let (index, rename, other) = found.next()?;
    let more = match found.count() {
        0 => String::new(),
        1 => "; it is so with 1 more row".to_owned(),
        more => format!("; it is so with {more} more rows"),
    };
    let message = format!(
        "`{}` is a new name here: an update that is run again renames it again (`{}` to `{}`); one run applies all renames at once{more}",
        rename.to, other.from, other.to
    );
    let help = "run an update with it only once, or give the step a `when` that holds only before it";
    Some((index, Problem::new(message).help(help).under("to")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[(&str, &str, Option<&str>)]) -> Option<(usize, String)> {
        let row = |(from, to, import): &(&str, &str, Option<&str>)| {
            let rename = FieldRename { side: Side::Source, from: (*from).to_owned(), to: (*to).to_owned() };
            (rename, RenameScope { import: import.map(str::to_owned), ..RenameScope::default() })
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        let rows: Vec<_> = rows.iter().enumerate().map(|(at, (rename, only))| (at, rename, only)).collect();
        renames_again(&rows).map(|(at, problem)| (at, problem.in_one_line()))
    }

    #[test]
    fn what_a_further_run_would_rename_again_is_told() {
        for (rows, row, more) in [
            (&[("a", "b", None), ("b", "a", None)][..], 0, "1 more row"),
            (&[("b", "c", None), ("a", "b", None)], 1, "at once: run an"),
            (
                &[("d.e", "d.f", None), ("d", "q", None)],
                0,
                "`d.f` is a new name here: an update that is run again renames it again (`d` to `q`)",
            ),
            (&[("a", "a.b", None)], 0, "(`a` to `a.b`)"),
            (&[("a", "b", Some("x")), ("b", "a", None)], 0, "1 more row"),
        ] {
            let (at, said) = told(rows).unwrap();
            assert!(at == row && said.contains(more), "{rows:?}: {said}");
        }
        for rows in [
            &[("a", "b", None), ("c", "d", None)][..],
            &[("a", "b.c", None), ("d", "b.e", None)],
            &[("a", "b", None), ("b", "b", None)],
            &[("d.e", "d.f", None), ("d", "q", None), ("d.f", "d.f", None)],
            &[("a", "b", Some("x")), ("b", "a", Some("y"))],
            &[("a.b", "a", None)],
        ] {
            assert_eq!(told(rows), None, "{rows:?}");
        }
    }
}
