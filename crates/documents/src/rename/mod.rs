//! `rename_field` and `rename_fields`: one field name, followed through every place of an import that can hold it.
//!
//! Promises: renames of one call are applied together, so two names can be swapped; the longest `from` that fits a path
//! decides; a rename and its reverse give the document back byte for byte, unless a warning says otherwise; what is not
//! a field name is never touched. Leaves to others: scripts, and anything outside the import. No I/O.
//!
//! The places are those of [`schema`](crate::schema), the grammars those of [`path`](crate::path) and
//! [`handlebars`](crate::handlebars).
//!
//! | module | what it knows |
//! |---|---|
//! | `walk`, `mapper` | finding the names in a document |
//! | `lookup_lists` | the lists that lookups are used from |
//! | `rows` | which renames the rows of a mapping cannot follow |
//! | `edit`, `filters` | one text; what stands in a filter of a path |
//! | `values` | all texts and keys of a value |
//! | `answer` | the paths of a response |
//! | `escapes` | names in a JSON text that are written with escapes |
//! | `clauses` | templates in clauses for Salesforce |
//! | `template`, `tag_edits` | fields in a template; the template after their renames |
//! | `scope`, `blocks`, `reading` | what the paths of a template refer to |
//! | `part`, `full_path` | where a part of the record is; a name with all that is before it |
//! | `unsaid` | names that may be those of the values of an object |
//! | `matcher`, `words` | what the renames make of one path; whether a text may hold one |
//! | `counts`, `taken` | what they did in one document; names that were there before |
//! | `warn`, `unlisted`, `unchanged`, `statement` | what is left to a person |

mod answer;
mod blocks;
mod clauses;
mod counts;
mod edit;
mod escapes;
mod filters;
mod full_path;
mod lookup_lists;
mod mapper;
mod matcher;
mod part;
mod reading;
mod rows;
mod scope;
mod statement;
mod tag_edits;
mod taken;
mod template;
mod unchanged;
mod unlisted;
mod unsaid;
mod values;
mod walk;
mod warn;
mod words;

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use self::edit::SideRename;
use self::lookup_lists::LookupLists;
use self::matcher::{Rule, Rules};
use self::part::Part;
use self::walk::{Sides, Walk};
use crate::field_rename::{FieldRename, Side};
use crate::path::{Kind, Style, extract};
use crate::problem::Problem;

/// Field renames, compiled once and applied to many documents.
#[derive(Debug)]
pub struct Renamer {
    sides: Sides<Rules>,
}

impl Renamer {
    /// Compiles the renames. A field renamed to itself keeps its name, whatever becomes of the paths it begins with.
    ///
    /// Two fields may become one name: which of them an import has differs from import to import, and a document where
    /// both were there gets a warning.
    ///
    /// # Errors
    ///
    /// A path that cannot be read, one field with two new names, or a target that is an instruction to the service.
    pub fn compile(renames: &[FieldRename]) -> Result<Self, Problem> {
        let side = |side: Side| -> Result<Option<Rules>, Problem> {
            let mut rules: Vec<Rule> = Vec::new();
            let mut places: HashMap<Vec<String>, usize> = HashMap::new();
            for rename in renames.iter().filter(|r| r.side == side) {
                let rule = Rule { from: field(&rename.from)?, to: field(&rename.to)? };
                if let Some(word) =
                    [&rule.from, &rule.to].into_iter().flatten().find(|name| is_reserved(side, name))
                {
                    return Err(Problem::new(format!("`{word}` is a word of the service, not a field")));
                }
                match places.get(&rule.from).map(|place| &rules[*place]) {
                    Some(other) if other.to == rule.to => {}
                    Some(other) => {
                        let (one, two) = (Rule::shown(&other.to), &rename.to);
                        let message =
                            format!("`{}` is renamed twice, to `{one}` and to `{two}`", rename.from);
                        return Err(Problem::new(message).help("keep one"));
                    }
                    None => {
                        places.insert(rule.from.clone(), rules.len());
                        rules.push(rule);
                    }
                }
            }
            // One that keeps its name still shields it from a rename of a shorter path.
            Ok(if rules.iter().all(|r| r.from == r.to) { None } else { Rules::compile(rules, true) })
        };
        let (source, target, response) = (side(Side::Source)?, side(Side::Target)?, side(Side::Response)?);
        Ok(Self { sides: Sides { source, target, response } })
    }

    /// Renames in the document; answers what a person should look at.
    pub fn apply(&self, document: &mut Value) -> Vec<String> {
        self.apply_and_tell(document, &mut |_, _| {})
    }

    /// The same; `used` is called with the side and the names of every field that was there to be renamed, or may have been.
    pub(super) fn apply_and_tell(
        &self,
        document: &mut Value,
        used: &mut dyn FnMut(Side, &[String]),
    ) -> Vec<String> {
        if self.sides.each().next().is_none() {
            return Vec::new();
        }
        let Sides { source, target, response } = &self.sides;
        let lists =
            source.as_ref().map_or_else(LookupLists::default, |rules| LookupLists::of(document, rules));
        let record = source.as_ref().map_or_else(Part::default, |rules| walk::record(document, rules));
        let mapped = walk::is_mapped(document);
        let lookups = Rc::new(walk::lookup_names(document));
        let kept = target
            .as_ref()
            .and_then(|rules| rows::kept(rules, document, |sides| Walk::new(sides, mapped, record.clone())));
        let sides = Sides {
            source: source.as_ref().map(SideRename::new),
            target: target
                .as_ref()
                .map(|rules| SideRename::new(kept.as_ref().map_or(rules, |kept| &kept.rules))),
            response: response.as_ref().map(SideRename::new),
        };
        let mut walk = Walk { lists, lookups, ..Walk::new(sides, mapped, record) };
        if let (Some(kept), Some(target)) = (&kept, &mut walk.sides.target) {
            target.warnings.extend(kept.warnings.iter().cloned());
            kept.left.iter().for_each(|at| target.counts.mentioned[*at] = true);
        }
        walk.run(document);
        let (counts, warnings) = walk.warnings(document);
        for ((side, rules), (_, counts)) in self.sides.each().zip(counts.each()) {
            for (at, rule) in rules.all.iter().enumerate() {
                if counts.changed[at] > 0 || counts.mentioned[at] {
                    used(side, &rule.from);
                }
            }
        }
        warnings
    }
}

/// Targets by which a NetSuite mapping gives instructions instead of values (section 9.1 of the API reference).
fn is_reserved(side: Side, name: &str) -> bool {
    side == Side::Target && (name == mapper::INITIALIZE || name.starts_with("celigo_nlobj"))
}

/// Reads `from` or `to` of a rename.
fn field(text: &str) -> Result<Vec<String>, Problem> {
    if let Some(at) = text.find("{{").or_else(|| text.find("}}")) {
        let problem = Problem::new(format!("`{text}` is a template, not a field path"));
        return Err(problem
            .at(at..at + 2)
            .help("write the path alone, without braces: it is renamed in templates too"));
    }
    for token in extract::parse(text).into_iter().flat_map(|path| path.tokens) {
        let at = token.span.start + token.separator..token.span.end;
        let problem = match (token.kind, token.style) {
            (Kind::Index, Style::Plain) => {
                let help = "name the field; in lists it is renamed in every entry, and `lines[*].sku` is `lines.sku`";
                Problem::new(format!("`{text}` holds a `*`, which names no field")).help(help)
            }
            (Kind::Index, _) if token.text != "*" => {
                let problem = Problem::new(format!(
                    "`{text}` is a field of one entry: a field is renamed in every entry of a list"
                ));
                problem.help("write it without the position")
            }
            _ => continue,
        };
        return Err(problem.at(at));
    }
    extract::parse_field(text)
}

/// The names a path of a job file is made of; none for one that cannot be read.
pub(super) fn names(path: &str) -> Vec<String> {
    extract::parse_field(path).unwrap_or_default()
}

/// Compiles and applies; a rename that cannot be compiled is answered as a warning and the document stays as it is.
pub fn rename_fields(document: &mut Value, renames: &[FieldRename]) -> Vec<String> {
    match Renamer::compile(renames) {
        Ok(compiled) => compiled.apply(document),
        Err(problem) => vec![problem.in_one_line()],
    }
}
