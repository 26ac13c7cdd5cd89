//! Every key of the job file, once: what it is called, what it holds, what it means.

mod archive;
mod fleet;
mod policy;
mod steps;

use super::Action;
use super::forms::Format;
use super::spec::{Dictionary, Rule, Table, Type, key, required, word};
use crate::documents::references::Kind;

use archive::{ARCHIVE, NOTIFY, SOURCES};
pub(super) use fleet::FLEET;
use policy::{MIRROR, RATE, RETRY, STOP, WAVES};
pub(super) use steps::{STEP, STEPS};

const TEXTS: Type = Type::List(&Type::Text(Format::Text));
const TEXT: Type = Type::Text(Format::Text);

/// The kinds of resources that `references.map` may name.
pub(super) const KINDS: &[&str] = DEFAULT_AND_KINDS.split_at(1).1;

/// The word for all kinds that are not named, and the kinds.
const DEFAULT_AND_KINDS: &[&str] = &{
    let mut words = ["default"; Kind::ALL.len() + 1];
    let mut at = 0;
    while at < Kind::ALL.len() {
        words[at + 1] = Kind::ALL[at].as_str();
        at += 1;
    }
    words
};

/// The whole file.
pub(super) static JOB: Table = Table {
    name: "job",
    noun: Some("the job"),
    what: "a mapping",
    rule: Rule::Free,
    keys: &[
        required("version", Type::Integer(1, 1), "The version of the job file: 1."),
        required("name", Type::Text(Format::Title), "The name of the job; part of the run folder's name."),
        required("action", Type::Word(ACTIONS), "What is done with the selected imports."),
        key("accounts", Type::Dictionary(&ACCOUNTS), "The accounts, each with a name of your choice; without it, those of the user's accounts file."),
        key(
            "source",
            Type::Either(&[Type::Text(Format::Name), Type::Table(&SOURCE)]),
            "The account that the imports are read from; for restore, the account whose backup is read.",
        ),
        key("sources", SOURCES, "The accounts of a backup of several accounts: their names, or a CSV of accounts.").not_for(&[(&[Action::Migrate, Action::Clone, Action::Update, Action::Delete, Action::Restore, Action::Compare, Action::Apply], "several accounts are for backup: name one as `source`")]),
        key("parallel", Type::Integer(1, 1000), "How many accounts of `sources` are backed up at once.").or("8").not_for(&[(&[Action::Migrate, Action::Clone, Action::Update, Action::Delete, Action::Restore, Action::Compare, Action::Apply], "it is for the `sources` of a backup: remove it")]),
        key("target", Type::Text(Format::Name), "The account that the imports are written to; without it, the source."),
        key(
            "select",
            Type::Table(&SELECT),
            "Which imports are selected. An import must match every key; without keys, all imports are selected.",
        ),
        key("references", Type::Table(&REFERENCES), "How ids of other resources become the target's ids.").not_for(&[(&[Action::Delete], "nothing is written that could refer: remove `references`"), (&[Action::Backup], "imports are read as they are: remove it")]),
        key("transform", Type::List(&Type::Table(&STEP)), "What is changed in each import, in order.").not_for(&[(&[Action::Delete], "a deleted import is not changed: remove `transform`"), (&[Action::Backup], "imports are read as they are: remove it")]),
        key(
            "captured_data",
            Type::Word(CAPTURED),
            "What happens to captured data: `sampleData`, `sampleResponseData`, `mockResponse`, `mockOutput`.",
        ).or("keep").not_for(&[(&[Action::Delete, Action::Backup, Action::Compare], "nothing is written: remove `captured_data`")]),
        key("match", Type::Word(MATCHES), "How an import is matched with one in the target.").or("name").not_for(&[(&[Action::Update, Action::Delete, Action::Backup], "it decides how an import is matched with one in the target, for migrate and clone")]),
        key("on_existing", Type::Word(ON_EXISTING), "What happens to an import that already exists in the target and differs; the default of restore and apply is `update`.").or("skip").not_for(&[(&[Action::Update, Action::Delete, Action::Backup], "it decides what becomes of an import that already exists in the target, for migrate and clone"), (&[Action::Compare], "a comparison writes nothing: remove it")]),
        key(
            "ignore",
            Type::List(&Type::Text(Format::Pointer)),
            "JSON pointers of fields that are left out of every comparison.",
        ),
        key("verify", Type::Word(VERIFY), "How a write is checked.").or("full").not_for(&[(&[Action::Compare], "a comparison writes nothing: remove it")]),
        key(
            "waves",
            Type::List(&WAVES),
            "How many imports are written at a time; each wave is verified before the next begins, and one that differs, or of which nothing was written, stops the run. The last is `rest`.",
        ).not_for(&[(&[Action::Backup, Action::Compare], "nothing is written to an account: remove it")]),
        key(
            "pause",
            Type::Either(&[Type::Word(PAUSE), Type::Text(Format::Duration)]),
            "What happens between two waves; with a time like `30m`, the run waits that long.",
        ).or("ask").not_for(&[(&[Action::Backup, Action::Compare], "nothing is written to an account: remove it")]),
        key(
            "mirror",
            Type::Table(&MIRROR),
            "What the source no longer has is deleted in the target.",
        ).not_for(&[(&[Action::Clone, Action::Update, Action::Delete, Action::Backup, Action::Restore, Action::Compare], "it is for migrate and apply: remove `mirror`")]),
        key("rate", Type::Table(&RATE), "The budget of calls, for accounts that do not set their own."),
        key(
            "concurrency",
            Type::Either(&[
                Type::Word(&[word("auto", "As many as the service handles well, up to 64.")]),
                Type::Integer(1, 1024),
            ]),
            "Calls in flight at once.",
        ).or("auto"),
        key(
            "page_size",
            Type::Either(&[
                Type::Word(&[word("auto", "1000, halved when a page is too large or too slow.")]),
                Type::Integer(1, 1000),
            ]),
            "Imports on one page of a list; halved when a page is too large or too slow.",
        ).or("auto"),
        key("retry", Type::Table(&RETRY), "How a failed call is retried."),
        key("stop", Type::Table(&STOP), "When a run stops by itself; items that were not started end as `unprocessed`.").not_for(&[(&[Action::Compare], "a comparison writes nothing: remove it"), (&[Action::Backup], "a backup is whole or does not count: remove it")]),
        key(
            "output",
            Type::Text(Format::Path),
            "The folder for run folders, relative to the current folder.",
        ).or("runs"),
        key("archive", Type::Table(&ARCHIVE), "The backup store.").not_for(&[(&[Action::Migrate, Action::Clone, Action::Update, Action::Delete, Action::Apply], "it is for backup, restore and compare: remove it")]),
        key("notify", Type::Table(&NOTIFY), "Who is notified of how the run ended."),
    ], ..Table::PLAIN };

const ACTIONS: &[super::spec::Word] = &[
    word("migrate", "Create or update the imports in another account."),
    word("clone", "Copy the imports within the account, by the service's own clone."),
    word("update", "Change the imports in place."),
    word("delete", "Remove the imports; they go to the recycle bin."),
    word("backup", "Store the imports in an archive."),
    word("restore", "Bring imports back from an archive."),
    word("compare", "Compare the imports with those of another account; nothing is written."),
    word("apply", "Write what was edited in a folder of exported files."),
];

const PAUSE: &[super::spec::Word] = &[
    word("ask", "You are asked before each further wave."),
    word("never", "The next wave begins as soon as the previous one is verified."),
];

/// `source` of an apply.
static SOURCE: Table = Table {
    name: "source",
    what: "a mapping like `{ folder: ./imports }`",
    rule: Rule::Free,
    keys: &[required(
        "folder",
        Type::Text(Format::Path),
        "A folder with one file for each import, as `archive export` writes it.",
    )
    .not_for(&[(
        &[
            Action::Migrate,
            Action::Clone,
            Action::Update,
            Action::Delete,
            Action::Backup,
            Action::Restore,
            Action::Compare,
        ],
        "name an account, or write `action: apply`",
    )])],
    ..Table::PLAIN
};

const CAPTURED: &[super::spec::Word] =
    &[word("keep", "It is written with the import."), word("drop", "It is left out of what is written.")];

const MATCHES: &[super::spec::Word] =
    &[word("name", "By its name after the transformation."), word("external_id", "By `externalId`.")];

const ON_EXISTING: &[super::spec::Word] = &[
    word("skip", "It is left alone."),
    word("update", "It is overwritten."),
    word("create", "A second one is created beside it."),
    word("fail", "The item fails."),
];

const VERIFY: &[super::spec::Word] = &[
    word("full", "Each import is read back and compared."),
    word("response", "The answer to the write is compared."),
    word("none", "Nothing is compared."),
];

/// The file of accounts that every job may name.
pub(super) static ACCOUNTS_FILE: Table = Table {
    name: "accounts_file",
    what: "a mapping",
    rule: Rule::Free,
    keys: &[
        required("version", Type::Integer(1, 1), "The version of the file: 1."),
        key("accounts", Type::Dictionary(&ACCOUNTS), "The accounts, each with a name of your choice."),
        key(
            "store",
            Type::Text(Format::Path),
            "Where fleets and the leases of accounts are: a shared folder, or an address like `s3://bucket/folder`.",
        ),
    ],
    noun: Some("the accounts file"),
    secret: None,
    elsewhere: &[],
};

static ACCOUNTS: Dictionary = Dictionary {
    what: "account",
    key: Format::Name,
    words: &[],
    holds: Type::Table(&ACCOUNT),
    like: "a mapping like `{ us: { region: us, token: { env: CELIGO_TOKEN } } }`",
};

/// The regions of the service, each with its origin.
pub(super) const REGIONS: &[super::spec::Word] = &[
    word("us", "https://api.integrator.io"),
    word("eu", "https://api.eu.integrator.io"),
    word("au", "https://api.au.integrator.io"),
    word("ca", "https://api.ca.integrator.io"),
];

/// The keys of one account.
pub(super) static ACCOUNT: Table = Table {
    name: "account",
    what: "a mapping like `{ region: eu, token: { env: TOKEN } }`",
    rule: Rule::OneOf(
        &["region", "url", "emulator"],
        "does not say where the account is",
        "keep one of the two",
    ),
    keys: &[
        key("region", Type::Word(REGIONS), "The region of the account."),
        key(
            "url",
            Type::Text(Format::Url),
            "The origin of the service; `${VAR}` is replaced. https is required, except for loopback.",
        ),
        key(
            "emulator",
            Type::Text(Format::Name),
            "An account of the embedded emulator; no token, no network.",
        ),
        key("token", Type::Table(&TOKEN), "Where the token comes from. Never the token itself."),
        key("rate", Type::Table(&RATE), "The budget of calls of this account."),
    ],
    ..Table::PLAIN
};

pub(super) static TOKEN: Table = Table {
    name: "token",
    what: "a mapping like `{ env: TOKEN }`",
    rule: Rule::OneOf(
        &["env", "file", "command", "keyring"],
        "does not say where the token is",
        "keep one of the two",
    ),
    secret: Some("say where it is: { env: NAME }, { file: PATH }, { command: [..] } or { keyring: NAME }"),
    keys: &[
        key("env", Type::Text(Format::Variable), "An environment variable."),
        key("file", Type::Text(Format::Path), "A file; its first line."),
        key("command", TEXTS, "A command and its arguments, run without a shell; the first line it prints."),
        key("keyring", TEXT, "An entry of the system's keyring."),
    ],
    ..Table::PLAIN
};

/// Which imports: the keys that `select`, `exclude` and `when` share.
macro_rules! select_keys {
    ($($more:expr),* $(,)?) => {
        &[
            key("ids", Type::List(&Type::Text(Format::Id)), "Ids of imports."),
            key("names", TEXTS, "Names: globs, or regular expressions after `re:`."),
            key("adaptor_types", TEXTS, "Values of `adaptorType`, e.g. HTTPImport."),
            key("connections", TEXTS, "Connections, by id or name."),
            key("flows", TEXTS, "Flows, by id or name: the imports they use."),
            key("integrations", TEXTS, "Integrations, by id or name."),
            key("modified_since", Type::Text(Format::Moment), "Changed at or after this time; a date means its start in UTC."),
            key("where", TEXT, "A jq filter; anything but false, null or nothing keeps the import."),
            key("exclude", Type::Table(&CONDITION), "Imports that match all of these keys are left out."),
            $($more),*
        ]
    };
}

/// The keys of `select`.
pub(super) static SELECT: Table = Table {
    name: "select",
    what: "a mapping like `{ names: [\"Order *\"] }`",
    rule: Rule::Free,
    keys: select_keys![
        key(
            "manifest",
            Type::Text(Format::Path),
            "A CSV with a column `id` or `name`; its other columns are `row.*` in templates."
        ),
        key("integration_apps", Type::Bool, "Also select imports that belong to an Integration App.")
            .or("false"),
    ],
    ..Table::PLAIN
};

/// `exclude` and `when`.
pub(super) static CONDITION: Table = Table {
    name: "condition",
    what: "a mapping like `{ names: [\"Order *\"] }`",
    rule: Rule::Some("is empty: it would hold for every import"),
    elsewhere: &[
        ("manifest", "`manifest` is a key of `select` itself"),
        ("integration_apps", "`integration_apps` is a key of `select` itself"),
    ],
    keys: select_keys![],
    ..Table::PLAIN
};

static REFERENCES: Table = Table {
    name: "references",
    what: "a mapping like `{ by: name }`",
    rule: Rule::Free,
    keys: &[
        key(
            "by",
            Type::Word(&[
                word("name", "The resource of the same name."),
                word("none", "Only `map` and `map_file` are used."),
            ]),
            "How a counterpart is found for what `map` and `map_file` do not name.",
        )
        .or("name"),
        key("map", Type::Dictionary(&MAP), "Ids or names on both sides, by kind of resource."),
        key("map_file", Type::Text(Format::Path), "A CSV with the columns `kind,source,target`."),
        key(
            "create",
            Type::List(&Type::Word(CREATABLE)),
            "Kinds of resources that are created first where the target lacks them, for migrate and restore.",
        )
        .not_for(&[
            (
                &[Action::Update, Action::Clone],
                "within one account nothing is missing: remove it, or write `action: migrate`",
            ),
            (&[Action::Compare], "a comparison writes nothing: remove it"),
        ]),
        key(
            "missing",
            Type::Either(&[MISSING, Type::Dictionary(&MISSING_OF)]),
            "What happens to an import with a reference that has no counterpart; can be set for each kind of resource.",
        )
        .or("fail"),
    ],
    ..Table::PLAIN
};

/// The kinds that `references.create` may name.
pub(super) const CREATABLE: &[super::spec::Word] = &{
    let mut words = [word("", ""); Kind::CREATABLE.len()];
    let mut at = 0;
    while at < words.len() {
        let kind = Kind::CREATABLE[at];
        words[at] = word(kind.as_str(), kind.created());
        at += 1;
    }
    words
};

const MISSING: Type = Type::Word(&[
    word("fail", "The item fails."),
    word("skip", "The item is skipped."),
    word("drop", "The reference is left out of the document."),
]);
static MISSING_OF: Dictionary = Dictionary {
    what: "kind of resource",
    key: Format::Text,
    words: DEFAULT_AND_KINDS,
    holds: MISSING,
    like: "a mapping like `{ default: fail, scripts: drop }`",
};

static MAP: Dictionary = Dictionary {
    what: "kind of resource",
    key: Format::Text,
    words: KINDS,
    holds: Type::Dictionary(&PAIRS),
    like: "a mapping like `{ connections: { NetSuite Prod: NetSuite EU } }`",
};
static PAIRS: Dictionary = Dictionary {
    what: "id or name in the source",
    key: Format::Text,
    words: &[],
    holds: Type::Text(Format::Id),
    like: "a mapping like `{ NetSuite Prod: NetSuite EU }`",
};
