//! `rename_field` and `rename_fields`: one field name, followed through every place of an import that can hold it.
//!
//! Promises: renames of one call are applied together, so two names can be swapped; the longest `from` that fits a path
//! decides; a rename and its reverse give the document back byte for byte, unless a warning says otherwise; what is not
//! a field name is never touched. Leaves to others: scripts, and anything outside the import. No I/O.
//!
//! | module | what it knows |
//! |---|---|
//! | `places` | the table of places: where names stand, how written, of which record |
//! | `walk`, `mapper` | finding them in a document |
//! | `edit` | one text |
//! | `template`, `scope`, `handlebars` | fields in a template; what their paths are about; the grammar |
//! | `extract1`, `jsonpath`, `path` | the other spellings |
//! | `matcher` | what the renames make of one path |
//! | `warn`, `unlisted` | what is left to a person |

mod edit;
mod extract1;
mod handlebars;
mod jsonpath;
mod mapper;
mod matcher;
mod path;
mod places;
mod scope;
mod template;
mod unlisted;
mod walk;
mod warn;

use std::collections::HashMap;

use serde_json::Value;

use self::matcher::{Rule, Rules};
use self::walk::{ImportRef, Walk};
use super::step::{FieldRename, Side};

/// Field renames, compiled once and applied to many documents.
#[derive(Debug)]
pub struct Renamer {
    source: Option<Rules>,
    target: Option<Rules>,
}

impl Renamer {
    /// Compiles the renames. A field renamed to itself keeps its name, whatever becomes of the paths it begins with.
    ///
    /// Two fields may become one name: which of them an import has differs from import to import, and a document where
    /// both were there gets a warning.
    ///
    /// # Errors
    ///
    /// A path that cannot be read, or one field with two new names.
    pub fn compile(renames: &[FieldRename]) -> Result<Self, String> {
        let side = |side: Side| -> Result<Option<Rules>, String> {
            let mut rules: Vec<Rule> = Vec::new();
            for rename in renames.iter().filter(|r| r.side == side) {
                let rule = Rule {
                    from: extract1::parse_field(&rename.from)?,
                    to: extract1::parse_field(&rename.to)?,
                };
                match rules.iter().find(|other| other.from == rule.from) {
                    Some(other) if other.to == rule.to => {}
                    Some(other) => {
                        return Err(format!(
                            "`{}` is renamed twice, to `{}` and to `{}`: keep one",
                            rename.from,
                            Rule::shown(&other.to),
                            rename.to
                        ));
                    }
                    None => rules.push(rule),
                }
            }
            // One that keeps its name still shields it from a rename of a shorter path.
            Ok(if rules.iter().all(|r| r.from == r.to) { None } else { Rules::compile(rules, true) })
        };
        Ok(Self { source: side(Side::Source)?, target: side(Side::Target)? })
    }

    /// Renames in the document; answers what a person should look at.
    pub fn apply(&self, document: &mut Value) -> Vec<String> {
        self.apply_and_tell(document, &mut |_, _| {})
    }

    /// The same; `used` is called with the side and the names of every field that was there to be renamed.
    pub(super) fn apply_and_tell(
        &self,
        document: &mut Value,
        used: &mut dyn FnMut(Side, &[String]),
    ) -> Vec<String> {
        if self.source.is_none() && self.target.is_none() {
            return Vec::new();
        }
        let mut walk = Walk {
            source: self.source.as_ref().map(ImportRef::new),
            target: self.target.as_ref().map(ImportRef::new),
            mapped: walk::is_mapped(document),
            children: walk::children(document),
            lists: if self.source.is_some() { mapper::lookup_lists(document) } else { HashMap::new() },
        };
        walk.run(document);
        for (side, party) in [(Side::Source, &walk.source), (Side::Target, &walk.target)] {
            if let Some(party) = party {
                let changed = party.rules.all.iter().zip(&party.notes.tally.changed);
                changed.filter(|(_, times)| **times > 0).for_each(|(rule, _)| used(side, &rule.from));
            }
        }
        walk.warnings(document)
    }
}

/// The names a path of a job file is made of; none for one that cannot be read.
pub(super) fn names(path: &str) -> Vec<String> {
    extract1::parse_field(path).unwrap_or_default()
}

/// Compiles and applies; a rename that cannot be compiled is answered as a warning and the document stays as it is.
pub fn rename_fields(document: &mut Value, renames: &[FieldRename]) -> Vec<String> {
    match Renamer::compile(renames) {
        Ok(compiled) => compiled.apply(document),
        Err(problem) => vec![problem],
    }
}
