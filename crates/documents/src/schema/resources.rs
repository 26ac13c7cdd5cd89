//! The kinds of resources: imports, and what an import refers to, one row each.

/// A kind of resource, named as its list is (`GET /v1/<word>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Connections,
    Integrations,
    Scripts,
    Stacks,
    FileDefinitions,
    LookupCaches,
    AsyncHelpers,
    Tools,
    EdiProfiles,
    Exports,
    /// What is moved; those before are what it refers to, those behind what refers to it.
    Imports,
    Flows,
    Apis,
    /// What only connections refer to; a text of an import may mention one.
    IClients,
}

/// What is known of a kind.
struct Row {
    kind: Kind,
    /// The last part of the path of its list: `/v1/<list>`.
    list: &'static str,
    /// One of them, in a sentence.
    singular: &'static str,
    /// What a copy holds, where one that is missing can be created: it holds no secrets.
    created: Option<&'static str>,
}

const fn row(kind: Kind, list: &'static str, singular: &'static str) -> Row {
    Row { kind, list, singular, created: None }
}

const fn creatable(row: Row, what: &'static str) -> Row {
    Row { created: Some(what), ..row }
}

/// In the order of the enum.
#[rustfmt::skip]
const ROWS: [Row; 14] = [
    row(Kind::Connections, "connections", "connection"),
    row(Kind::Integrations, "integrations", "integration"),
    creatable(row(Kind::Scripts, "scripts", "script"), "Scripts, with their code."),
    row(Kind::Stacks, "stacks", "stack"),
    creatable(row(Kind::FileDefinitions, "filedefinitions", "file definition"), "File definitions."),
    creatable(row(Kind::LookupCaches, "lookupcaches", "lookup cache"), "Lookup caches, without their data."),
    creatable(row(Kind::AsyncHelpers, "asynchelpers", "async helper"), "Async helpers."),
    row(Kind::Tools, "tools", "tool"),
    row(Kind::EdiProfiles, "ediprofiles", "EDI profile"),
    row(Kind::Exports, "exports", "export"),
    row(Kind::Imports, "imports", "import"),
    row(Kind::Flows, "flows", "flow"),
    row(Kind::Apis, "apis", "API"),
    row(Kind::IClients, "iclients", "iClient"),
];

const CREATABLE: usize = {
    let (mut at, mut count) = (0, 0);
    while at < ROWS.len() {
        count += ROWS[at].created.is_some() as usize;
        at += 1;
    }
    count
};

impl Kind {
    /// Every kind that an import refers to.
    pub const ALL: &'static [Self] = &{
        let mut all = [Self::Connections; Self::Imports as usize];
        let mut at = 0;
        while at < all.len() {
            all[at] = ROWS[at].kind;
            at += 1;
        }
        all
    };

    /// The kinds of missing resources that can be created.
    pub const CREATABLE: &'static [Self] = &{
        let mut found = [Self::Connections; CREATABLE];
        let (mut at, mut next) = (0, 0);
        while at < ROWS.len() {
            if ROWS[at].created.is_some() {
                found[next] = ROWS[at].kind;
                next += 1;
            }
            at += 1;
        }
        found
    };

    /// The name of the list, as in the URL and in the job file.
    pub const fn as_str(self) -> &'static str {
        ROWS[self as usize].list
    }

    /// The word for one of them in a sentence.
    pub const fn singular(self) -> &'static str {
        ROWS[self as usize].singular
    }

    /// What a copy of one holds that a run creates; empty for a kind that is never created.
    pub const fn created(self) -> &'static str {
        match ROWS[self as usize].created {
            Some(what) => what,
            None => "",
        }
    }

    /// The kind of that word, of those that an import refers to.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_row_in_its_place() {
        for (at, row) in ROWS.iter().enumerate() {
            assert_eq!(row.kind as usize, at, "{}", row.list);
            assert_eq!(serde_json::to_value(row.kind).unwrap(), row.list);
        }
    }
    #[test]
    fn imports_refer_to_every_kind_but_their_own() {
        assert!(
            ![Kind::Imports, Kind::Flows, Kind::Apis, Kind::IClients]
                .iter()
                .any(|kind| Kind::ALL.contains(kind))
        );
        assert!(Kind::ALL.contains(&Kind::Tools) && Kind::ALL.contains(&Kind::Exports));
        assert_eq!((Kind::of("imports"), Kind::of("exports")), (None, Some(Kind::Exports)));
    }
}
