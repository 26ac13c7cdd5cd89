//! The keys of `archive`, `sources` and `notify`.

use super::super::Action;
use super::super::forms::Format;
use super::super::spec::{Rule, Table, Type, key, required};
use super::{TEXTS, TOKEN};

/// What `sources` may be.
pub(super) const SOURCES: Type =
    Type::Either(&[Type::List(&Type::Text(Format::Name)), Type::Text(Format::Path)]);

/// The keys of `archive`.
pub(super) static ARCHIVE: Table = Table {
    name: "archive",
    what: "a mapping like `{ path: ./archive }`",
    rule: Rule::Free,
    keys: &[
        required("path", Type::Text(Format::Path), "A folder, or an address like `s3://bucket/folder`."),
        key(
            "keep",
            Type::Table(&KEEP),
            "Which of its snapshots are kept; a backup prunes the others of its accounts and its `select` when it is done.",
        ),
        key(
            "snapshot",
            Type::Text(Format::Text),
            "The snapshot to restore or to compare with: its id, or the start of it.",
        )
        .or("latest")
        .not_for(&[(&[Action::Backup], "a backup makes a new snapshot: remove it")]),
        key(
            "encryption",
            Type::Table(&ENCRYPTION),
            "The key that encrypts a new archive, and opens it later.",
        ),
        key(
            "shrink",
            Type::Text(Format::Percent),
            "The share of the last snapshot's imports that may be missing, whether or not others replace them, before a backup is refused.",
        )
        .or("20%"),
        key("tags", TEXTS, "Tags of the snapshot, for `keep`."),
    ],
    ..Table::PLAIN
};

static KEEP: Table = Table {
    name: "keep",
    what: "a mapping like `{ last: 7, daily: 30 }`",
    rule: Rule::Some("needs at least one rule"),
    keys: &[
        key("last", Type::Integer(1, 100_000), "The newest N."),
        key("daily", Type::Integer(1, 100_000), "One a day, for the last N days."),
        key("weekly", Type::Integer(1, 100_000), "One a week, for the last N weeks."),
        key("monthly", Type::Integer(1, 100_000), "One a month, for the last N months."),
        key("yearly", Type::Integer(1, 100_000), "One a year, for the last N years."),
        key("tags", TEXTS, "All snapshots with one of these tags."),
    ],
    ..Table::PLAIN
};

static ENCRYPTION: Table = Table {
    name: "encryption",
    what: "a mapping like `{ passphrase: { env: NAME } }`",
    rule: Rule::OneOf(&["passphrase", "key_file"], "does not say where the key is", "keep one of the two"),
    keys: &[
        key(
            "passphrase",
            Type::Table(&TOKEN),
            "Where the passphrase comes from. Never the passphrase itself.",
        ),
        key("key_file", Type::Text(Format::Path), "A file with an age key."),
    ],
    ..Table::PLAIN
};

/// The keys of `notify`.
pub(super) static NOTIFY: Table = Table {
    name: "notify",
    what: "a mapping like `{ failure: \"https://…\" }`",
    rule: Rule::Some("tells nobody"),
    keys: &[
        key(
            "success",
            Type::Text(Format::Url),
            "An address that is called (GET) when everything went as planned; `${VAR}` is replaced.",
        ),
        key(
            "failure",
            Type::Text(Format::Url),
            "An address that is called (GET) when it did not; `${VAR}` is replaced.",
        ),
        key(
            "prometheus",
            Type::Text(Format::Path),
            "A metrics file for the textfile collector of Prometheus, relative to the current folder; written whole or not at all.",
        ),
    ],
    ..Table::PLAIN
};
