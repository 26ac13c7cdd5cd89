//! The kinds of resource and their ids.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A kind of resource; each has a list under `/v1/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the list of its name")]
pub enum Kind {
    Imports = 1,
    Connections,
    Scripts,
    Integrations,
    FileDefinitions,
    LookupCaches,
    Exports,
    Flows,
    AsyncHelpers,
    Tools,
    Stacks,
    EdiProfiles,
    IClients,
    TpConnectors,
    HttpConnectors,
    Environments,
    Templates,
    Connectors,
    Apis,
    Jobs,
}

/// Kind, list name in paths, model name in answers.
const KINDS: [(Kind, &str, &str); 20] = [
    (Kind::Imports, "imports", "Import"),
    (Kind::Connections, "connections", "Connection"),
    (Kind::Scripts, "scripts", "Script"),
    (Kind::Integrations, "integrations", "Integration"),
    (Kind::FileDefinitions, "filedefinitions", "FileDefinition"),
    (Kind::LookupCaches, "lookupcaches", "LookupCache"),
    (Kind::Exports, "exports", "Export"),
    (Kind::Flows, "flows", "Flow"),
    (Kind::AsyncHelpers, "asynchelpers", "AsyncHelper"),
    (Kind::Tools, "tools", "Tool"),
    (Kind::Stacks, "stacks", "Stack"),
    (Kind::EdiProfiles, "ediprofiles", "EdiProfile"),
    (Kind::IClients, "iclients", "IClient"),
    (Kind::TpConnectors, "tpconnectors", "TpConnector"),
    (Kind::HttpConnectors, "httpconnectors", "HttpConnector"),
    (Kind::Environments, "environments", "Environment"),
    (Kind::Templates, "templates", "Template"),
    (Kind::Connectors, "connectors", "Connector"),
    (Kind::Apis, "apis", "Api"),
    (Kind::Jobs, "jobs", "Job"),
];

impl Kind {
    /// Every kind of resource that the emulator keeps.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|row| row.0)
    }

    /// The kind whose list has this name.
    pub fn from_list(list: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.1 == list).map(|row| row.0)
    }

    /// The name of the list in paths.
    pub fn list(self) -> &'static str {
        KINDS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The name of one such resource in answers.
    pub fn model(self) -> &'static str {
        KINDS.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }

    /// The name as it stands in the `resourceType` of audit entries.
    pub(crate) fn resource_type(self) -> String {
        self.model().to_lowercase()
    }
}

/// An id of the service: 24 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 12]);

impl Id {
    /// Reads an id; none if the text is anything but 24 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 24 {
            return None;
        }
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(bytes))
    }

    /// An id of these bytes.
    pub fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 24];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_24_hexadecimal_digits_and_prints_in_lower_case() {
        let id = Id::parse("5F7c579b6411271af4e7cefa").unwrap();
        assert_eq!(id.to_string(), "5f7c579b6411271af4e7cefa");
        for wrong in
            ["", "123abc", "5f7c579b6411271af4e7cefg", "5f7c579b6411271af4e7cefa0", "é7c579b6411271af4e7cefa"]
        {
            assert!(Id::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_kind_is_found_by_its_list() {
        for kind in Kind::all() {
            assert_eq!(Kind::from_list(kind.list()), Some(kind));
        }
        assert_eq!(Kind::all().map(|kind| kind as u8).max(), Some(20), "the number of a kind is on disk");
    }
}
