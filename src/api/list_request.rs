//! A request for a list: which one, in which form, and the address of its first page.

use crate::documents::references::Kind;

/// Which list is read, and in which form.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// The path after `/v1/`: `imports`, `connections`, ...
    pub path: String,
    /// `limit`: documents per page asked for, at most. 0 leaves it to the service.
    pub limit: u32,
    /// `include`: shrink each record to these fields (and `_id`, `name`, `adaptorType`). Empty: whole documents.
    pub include: Vec<&'static str>,
    /// Filters as key and value, e.g. `adaptorType`.
    pub filters: Vec<(&'static str, String)>,
}

impl ListRequest {
    /// The path and query of the first page, with at most `limit` documents.
    pub(super) fn target(&self, limit: u32) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if limit > 0 {
            query.append_pair("limit", &limit.to_string());
        }
        for (key, value) in &self.filters {
            query.append_pair(key, value);
        }
        let mut query = query.finish();
        if !self.include.is_empty() {
            // The comma is not encoded: the reference shows it so, and allows nothing that would need encoding.
            let and = if query.is_empty() { "" } else { "&" };
            query = format!("{query}{and}include={}", self.include.join(","));
        }
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/v1/{}{mark}{query}", self.path)
    }

    /// What the call is for, in the words of the forecast.
    pub(super) fn purpose(&self) -> &'static str {
        match self.path.as_str() {
            path if path == Kind::Imports.as_str() => "list imports",
            "connections" => "list connections",
            "integrations" => "list integrations",
            "scripts" => "list scripts",
            "filedefinitions" => "list file definitions",
            "lookupcaches" => "list lookup caches",
            "exports" => "list exports",
            "flows" => "list flows",
            path if path.ends_with("/audit") => "list audit",
            _ => "list others",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_is_asked_for_as_the_reference_shows_it() {
        let request = ListRequest {
            path: "imports".into(),
            limit: 1000,
            include: vec!["name", "http.method"],
            filters: vec![("adaptorType", "HTTP Import&".into())],
        };
        assert_eq!(
            request.target(1000),
            "/v1/imports?limit=1000&adaptorType=HTTP+Import%26&include=name,http.method"
        );
        let plain = ListRequest { path: "flows".into(), limit: 0, include: vec![], filters: vec![] };
        assert_eq!(plain.purpose(), "list flows");
        assert_eq!(plain.target(0), "/v1/flows");
    }
}
