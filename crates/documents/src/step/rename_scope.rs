//! What narrows a row of `rename_fields` to some imports.

use serde_json::Value;

use crate::shortened::shortened;

/// How many characters of a cell are shown.
const SHOWN: usize = 60;

/// The cells of a row of `rename_fields` that narrow it. Every one given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct RenameScope {
    pub adaptor_type: Option<String>,
    /// Id or name.
    pub connection: Option<String>,
    /// Id or name, as it is by then.
    pub import: Option<String>,
}

impl RenameScope {
    /// What is said of a scope that holds for no import.
    pub(super) fn idle(&self) -> String {
        let cells = [
            ("adaptor_type", &self.adaptor_type),
            ("connection", &self.connection),
            ("import", &self.import),
        ];
        let cells = cells
            .into_iter()
            .filter_map(|(key, cell)| Some(format!("{key} `{}`", shortened(cell.as_deref()?, SHOWN))));
        format!("; no import has the {}", cells.collect::<Vec<_>>().join(" and the "))
    }

    /// Whether it holds for an import whose connection has that name.
    pub(super) fn fits(&self, document: &Value, connection: Option<&str>) -> bool {
        let is = |wanted: &str, key: &str| document.get(key).and_then(Value::as_str) == Some(wanted);
        let by_connection = |wanted: &str| connection == Some(wanted) || is(wanted, "_connectionId");
        self.adaptor_type.as_deref().is_none_or(|wanted| is(wanted, "adaptorType"))
            && self.connection.as_deref().is_none_or(by_connection)
            && self.import.as_deref().is_none_or(|wanted| is(wanted, "name") || is(wanted, "_id"))
    }
}
