//! The keys that say how a run goes: `rate`, `retry`, `stop`, `waves`, `mirror`.

use super::super::forms::Format;
use super::super::spec::{Rule, Table, Type, key, required, word};

pub(super) static RATE: Table = Table {
    name: "rate",
    what: "a mapping like `{ per_second: 300, burst: 1000, share: 0.9 }`",
    rule: Rule::Free,
    keys: &[
        key("per_second", Type::Number(0.0, 100_000.0), "Calls a second.").or("300"),
        key("burst", Type::Integer(1, 1_000_000), "Calls that may be sent at once after a pause.").or("1000"),
        key("share", Type::Number(0.0, 1.0), "The share of `per_second` that this run may use.").or("0.9"),
    ],
    ..Table::PLAIN
};

pub(super) static RETRY: Table = Table {
    name: "retry",
    what: "a mapping like `{ attempts: 6, base: 500ms, cap: 30s }`",
    rule: Rule::Free,
    keys: &[
        key("attempts", Type::Integer(1, 100), "The maximum number of times that a call is sent.").or("6"),
        key("base", Type::Text(Format::ShortDuration), "The first pause, before jitter.").or("500ms"),
        key("cap", Type::Text(Format::ShortDuration), "The longest pause; 10m at most.").or("30s"),
        key(
            "patience",
            Type::Text(Format::Duration),
            "How long the run waits for an unavailable service before it ends as interrupted.",
        )
        .or("10m"),
        key("timeout", Type::Text(Format::ShortDuration), "How long one call may take; 10m at most.")
            .or("60s"),
    ],
    ..Table::PLAIN
};

const LIMIT: Type = Type::Either(&[Type::Text(Format::Percent), Type::Integer(1, 1_000_000)]);

pub(super) static STOP: Table = Table {
    name: "stop",
    what: "a mapping like `{ failures: 5% }`",
    rule: Rule::Free,
    keys: &[
        key("failures", LIMIT, "Failed items: a count, or a share of what is to be written."),
        key("consecutive", Type::Integer(1, 1_000_000), "Failed items in a row."),
        key("differs", LIMIT, "Items whose verdict is `differs`: a count or a share."),
        key(
            "running",
            Type::Bool,
            "Leave imports alone while a flow that uses them is running: they are written last, and end as `conflict` if the flow is still running then.",
        )
        .or("false"),
        key(
            "wait",
            Type::Text(Format::Duration),
            "With `running: true`: how long the run waits for those flows after everything else is written.",
        )
        .or("10m"),
    ],
    ..Table::PLAIN
};

/// One of `waves`.
pub(super) const WAVES: Type = Type::Either(&[
    Type::Integer(1, 1_000_000),
    Type::Text(Format::Percent),
    Type::Word(&[word("rest", "All remaining imports.")]),
]);

pub(super) static MIRROR: Table = Table {
    name: "mirror",
    what: "a mapping like `{ max_delete: 5% }`",
    rule: Rule::Free,
    keys: &[required(
        "max_delete",
        LIMIT,
        "The most that may be deleted: a count, or a share of the target's imports that match `select`.",
    )],
    ..Table::PLAIN
};
