//! What narrows a row of `rename_fields` to some imports.

use serde_json::Value;

use super::Looked;
use crate::Id;
use crate::name::is_same_name;
use crate::shortened::shortened;

/// How many characters of a cell are shown.
const SHOWN: usize = 60;

/// The cells of a row of `rename_fields` that narrow it. Every one given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct RenameScope {
    pub adaptor_type: Option<String>,
    /// Id or name.
    pub connection: Option<String>,
    /// Its current id or name.
    pub import: Option<String>,
}

impl RenameScope {
    /// Whether an import may be in this scope and in another one.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        let both = |one: &Option<String>, other: &Option<String>| match (one, other) {
            // One may be an id, and the other the name of the same.
            (Some(one), Some(other)) => one == other || Id::looks_like(one) != Id::looks_like(other),
            _ => true,
        };
        both(&self.adaptor_type, &other.adaptor_type)
            && both(&self.connection, &other.connection)
            && both(&self.import, &other.import)
    }

    /// What is said of a scope that holds for no import that the step looked at.
    pub(super) fn idle(&self, looked: Looked) -> String {
        let cells = [
            ("adaptor_type", &self.adaptor_type),
            ("connection", &self.connection),
            ("import", &self.import),
        ];
        let cells = cells
            .into_iter()
            .filter_map(|(key, cell)| Some(format!("{key} `{}`", shortened(cell.as_deref()?, SHOWN))));
        let cells: Vec<_> = cells.collect();
        if cells.is_empty() {
            String::new()
        } else {
            let none = match looked {
                Looked::AtSome(1) => "it is not one with",
                Looked::AtSome(_) => "none of them has",
                Looked::AtAll | Looked::AtNone => "no import has",
            };
            format!("; {none} the {}", cells.join(" and the "))
        }
    }

    /// Whether it holds for an import whose connection has that name. Names and ids are matched as everywhere: however blanks
    /// and accents, and the digits of an id, are written.
    pub(super) fn fits(&self, document: &Value, connection: Option<&str>) -> bool {
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        let has_name = |wanted: &str, name: Option<&str>| name.is_some_and(|name| is_same_name(name, wanted));
        let has_id =
            |wanted: &str, key: &str| text(key).is_some_and(|id| Id::canonical(id) == Id::canonical(wanted));
        let by_connection = |wanted: &str| has_name(wanted, connection) || has_id(wanted, "_connectionId");
        self.adaptor_type.as_deref().is_none_or(|wanted| text("adaptorType") == Some(wanted))
            && self.connection.as_deref().is_none_or(by_connection)
            && self
                .import
                .as_deref()
                .is_none_or(|wanted| has_name(wanted, text("name")) || has_id(wanted, "_id"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_ids_are_matched_as_everywhere() {
        let id = "5f7c579b6411271af4e7cefa";
        let document = json!({ "name": "Ä  2", "_id": id, "_connectionId": id, "adaptorType": "HTTPImport" });
        for (cell, fits) in
            [("A\u{308} 2", true), (" Ä 2 ", true), ("Ä 3", false), (&id.to_uppercase(), true), ("5f", false)]
        {
            let import = RenameScope { import: Some(cell.to_owned()), ..RenameScope::default() };
            assert_eq!(import.fits(&document, None), fits, "{cell}");
            let connection = RenameScope { connection: Some(cell.to_owned()), ..RenameScope::default() };
            assert_eq!(connection.fits(&document, Some("Ä 2")), fits, "{cell}");
        }
    }

    #[test]
    fn a_scope_without_cells_says_nothing_of_them() {
        assert_eq!(RenameScope::default().idle(Looked::AtAll), "");
        let scope = RenameScope { import: Some("x".to_owned()), ..RenameScope::default() };
        assert_eq!(scope.idle(Looked::AtAll), "; no import has the import `x`");
        assert_eq!(scope.idle(Looked::AtSome(2)), "; none of them has the import `x`");
    }
}
