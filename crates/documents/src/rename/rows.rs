//! Renames of targets that the rows of a mapping cannot follow.
//!
//! A row makes its field where it stands: one of Mapper 2.0 has a name and no path, so `a` cannot become `b.c` there. What
//! refers to such a field keeps its name with it.

use serde_json::{Map, Value};

use super::edit::SideRename;
use super::matcher::Rules;
use super::unchanged::UNSAYABLE;
use super::walk::{Sides, Walk};
use crate::schema::{self, Holds, Record};

/// The renames of targets that a document can have, and what is to be said of the others.
pub(super) struct Kept {
    /// The renames without those, each at its place.
    pub rules: Rules,
    /// The places of those that rows cannot follow.
    pub left: Vec<usize>,
    /// A sentence for each such row.
    pub warnings: Vec<String>,
}

/// Tries the renames on the rows of a document; `None` where they can follow all of them. `walk` makes a walk that renames
/// targets only.
pub(super) fn kept(
    rules: &Rules,
    document: &Value,
    walk: impl Fn(Sides<SideRename<'_>>) -> Walk<'_>,
) -> Option<Kept> {
    if !may_move_a_field(rules) {
        return None;
    }
    let mappings = mappings(document);
    let mut kept: Option<Kept> = None;
    // What is left at one row may keep another from being renamed.
    loop {
        let mut target = Some(SideRename::new(kept.as_ref().map_or(rules, |kept| &kept.rules)));
        if let Some(mut mappings) = mappings.clone() {
            let mut walk = walk(Sides { source: None, target, response: None });
            walk.run_in(&mut mappings, is_of_rows);
            target = walk.sides.target;
        }
        let Some(target) = target.filter(|target| !target.unsayable.is_empty()) else { return kept };
        let (mut left, mut warnings) = (target.unsayable, target.warnings);
        warnings.retain(|warning| warning.ends_with(UNSAYABLE));
        if let Some(before) = &mut kept {
            left.append(&mut before.left);
            warnings.splice(0..0, before.warnings.drain(..));
        }
        left.sort_unstable();
        left.dedup();
        let rules = rules.without(&left)?;
        kept = Some(Kept { rules, left, warnings });
    }
}

/// Whether a rename puts a field into another one, or takes it out of one.
fn may_move_a_field(rules: &Rules) -> bool {
    let parent = |names: &[String]| names.split_last().map(|(_, parent)| parent.to_vec());
    rules.all.iter().any(|rule| rule.from != rule.to && parent(&rule.from) != parent(&rule.to))
}

fn is_of_rows(holds: &Holds) -> bool {
    matches!(holds, Holds::Mapping(_, record) if *record != Record::Answer)
}

/// The members of a document that hold mappings.
fn mappings(document: &Value) -> Option<Value> {
    let holds_one = |block: &str| schema::rows_of(block).iter().any(|row| is_of_rows(&row.holds));
    let members = document.as_object()?.iter().filter(|(key, _)| holds_one(key));
    let members: Map<_, _> = members.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}
