//! The keys of a fleet file.

use super::super::forms::Format;
use super::super::spec::{Rule, Table, Type, key, required};

/// The whole file.
pub(in crate::job) static FLEET: Table = Table {
    name: "fleet",
    noun: Some("the fleet"),
    what: "a mapping",
    keys: &[
        required("version", Type::Integer(1, 1), "The version of the fleet file: 1."),
        required("name", Type::Text(Format::Name), "The name of the fleet, and of its folder in the store."),
        required("job", Type::Text(Format::Path), "The job that is run once for each account."),
        key(
            "as",
            Type::Text(Format::Name),
            "Which account of the job a row stands for: `source`, `target`, or the name of one.",
        )
        .or("source"),
        required(
            "accounts",
            Type::Text(Format::Path),
            "A CSV of accounts: `name,region,url,emulator,token_env,token_file,wave,queue`; other columns are `account.*` in templates.",
        ),
        key(
            "store",
            Type::Text(Format::Path),
            "Where run folders, results and leases are: a shared folder, or an address like `s3://bucket/folder`. Without it, `--store` or TRANSSHIP_STORE.",
        ),
        key(
            "waves",
            Type::List(&Type::Table(&WAVE)),
            "How many accounts each wave has; a wave is done before the next one begins. The last is `{ rest: true }`.",
        ),
        key("parallel", Type::Integer(1, 100_000), "How many accounts run at once, over all workers.")
            .or("8"),
        key("stop", Type::Table(&STOP), "When nothing new starts."),
    ],
    ..Table::PLAIN
};

static WAVE: Table = Table {
    name: "fleet_wave",
    what: "a mapping like `{ accounts: 5, approve: true }`",
    rule: Rule::OneOf(
        &["accounts", "share", "rest"],
        "does not say how many accounts it has",
        "keep one of the two",
    ),
    keys: &[
        key("accounts", Type::Integer(1, 1_000_000), "This many accounts."),
        key("share", Type::Text(Format::Percent), "This share of all accounts."),
        key("rest", Type::Bool, "All remaining accounts."),
        key("approve", Type::Bool, "The next wave begins only after `transship fleet approve`.").or("false"),
    ],
    ..Table::PLAIN
};

static STOP: Table = Table {
    name: "fleet_stop",
    what: "a mapping like `{ accounts: 2% }`",
    rule: Rule::Some("never stops anything"),
    keys: &[key(
        "accounts",
        Type::Either(&[Type::Text(Format::Percent), Type::Integer(1, 1_000_000)]),
        "Accounts that ended badly: a count, or a share of all.",
    )],
    ..Table::PLAIN
};
