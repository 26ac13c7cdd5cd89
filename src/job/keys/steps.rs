//! The steps of `transform`: their keys.

use super::super::forms::Format;
use super::super::spec::{Dictionary, Key, Rule, Table, Type, Word, key, required, word};
use super::{CONDITION, TEXT};
pub(in crate::job) use crate::documents::step::STEP_KEYS as STEPS;

/// One line of `transform`.
pub(in crate::job) static STEP: Table = Table {
    name: "step",
    what: "a mapping like `{ rename: { find: \"^\", replace: \"EU \" } }`",
    rule: Rule::OneOf(STEPS, "does nothing", "a step does one thing: begin the second with a `-` of its own"),
    noun: Some("a step"),
    keys: &[
        key(
            "when",
            Type::Table(&CONDITION),
            "The imports that the step applies to; all of them if not given.",
        ),
        key("missing", MISSING, "What happens to an import that the step does not apply to."),
        key(
            "raw",
            Type::Bool,
            "With `set`: `true` keeps every `{{ }}` in its texts for the service's own templates, `false` fills every one in.",
        ),
        key(
            "blank",
            BLANK,
            "With `set`: what a blank cell of the manifest, or of the CSV of accounts, means.",
        ),
        key("rename", Type::Table(&RENAME), "Changes the name by regular expression."),
        key("name", Type::Text(Format::Line), "The name, as a template."),
        key("rename_field", Type::Table(&RENAME_FIELD), "Renames a field everywhere the import uses it."),
        key(
            "rename_fields",
            Type::Text(Format::Path),
            "Renames fields; a CSV with the columns `side,from,to`, and `adaptor_type`, `connection` or `import` to narrow a row.",
        ),
        key("edit_mapping", Type::Table(&EDIT_MAPPING), "Changes a row of the mapping."),
        key("add_mapping", Type::Table(&ADD_MAPPING), "Adds a row to the mapping."),
        key("remove_mapping", Type::Table(&REMOVE_MAPPING), "Removes a row of the mapping."),
        key(
            "edit_lookup",
            Type::Table(&EDIT_LOOKUP),
            "Changes a lookup, in every copy that the import holds.",
        ),
        key("add_lookup", Type::Table(&ADD_LOOKUP), "Adds a lookup."),
        key("remove_lookup", Type::Table(&REMOVE_LOOKUP), "Removes a lookup that nothing uses."),
        key(
            "upgrade_mapper",
            Type::Table(&UPGRADE),
            "Turns a Mapper 1.0 mapping into Mapper 2.0 where nothing is lost; else the import keeps it, with a warning.",
        ),
        key("set", Type::Dictionary(&SET), "JSON pointers and the values to set there; texts are templates."),
        key("remove", Type::List(&Type::Text(Format::Pointer)), "JSON pointers of what is removed."),
        key("patch", Type::List(&Type::Dictionary(&OPERATION)), "A JSON patch, RFC 6902."),
        key("jq", TEXT, "A jq program whose result is the whole document."),
    ],
    ..Table::PLAIN
};

const MISSING: Type = Type::Word(&[
    word(
        "skip",
        "The import stays as it is, and the plan counts it; the default, except for `patch` and `jq`.",
    ),
    word("fail", "The import fails; the default of `patch` and `jq`."),
]);

const BLANK: Type = Type::Word(&[
    word("leave", "The field stays as it is; the default."),
    word("set", "The field becomes an empty text."),
]);

static RENAME: Table = Table {
    name: "rename",
    what: "a mapping like `{ find: \"^\", replace: \"EU \" }`",
    rule: Rule::Free,
    keys: &[
        required("find", TEXT, "A regular expression."),
        required("replace", Type::Text(Format::Free), "The replacement; `$1` is a group."),
    ],
    ..Table::PLAIN
};

const SIDE: Type = Type::Word(&[
    word("source", "The incoming record (extract)."),
    word("target", "The outgoing record (generate)."),
    word("response", "The answer of the target (responseTransform)."),
]);

static RENAME_FIELD: Table = Table {
    name: "rename_field",
    what: "a mapping like `{ side: source, from: old, to: new }`",
    rule: Rule::Free,
    keys: &[
        required("side", SIDE, "The record that the field belongs to."),
        required("from", TEXT, "The current path, from the root of the record."),
        required("to", TEXT, "The new path."),
    ],
    ..Table::PLAIN
};

const DATA_TYPES: &[Word] = &[
    word("string", "A text."),
    word("number", "A number."),
    word("boolean", "True or false."),
    word("stringarray", "A list of texts."),
    word("numberarray", "A list of numbers."),
    word("json", "Any JSON (Mapper 1.0)."),
    word("date", "A date (Mapper 1.0)."),
    word("booleanarray", "A list of booleans (Mapper 2.0)."),
    word("object", "An object (Mapper 2.0)."),
    word("objectarray", "A list of objects (Mapper 2.0)."),
    word("arrayarray", "A list of lists (Mapper 2.0)."),
];

const WHEN: &[Word] = &[
    word("record_created", "The record is created."),
    word("record_updated", "The record already exists."),
    word("extract_not_empty", "The source has a value."),
    word("lookup_not_empty", "The lookup finds something (Mapper 1.0)."),
    word("lookup_empty", "The lookup finds nothing (Mapper 1.0)."),
    word("ignore_if_set", "The target has no value yet (Mapper 1.0)."),
];

const STATUS: &[Word] = &[word("Active", "The row is mapped."), word("Draft", "The row is not mapped.")];

/// What a row says, and a word for each. `null` takes it away, where there is a row already.
macro_rules! row_keys {
    ($of:ident; $($more:expr),* $(,)?) => {
        &[
            $($more,)*
            key("source", $of!(TEXT), "The path the value is taken from, or a template."),
            key("hard_coded", Type::Any, "A fixed value, in place of a source."),
            key("default", Type::Any, "The value when there is none."),
            key("lookup", $of!(TEXT), "The lookup the value goes through, by its name."),
            key("data_type", $of!(Type::Word(DATA_TYPES)), "The type of the value."),
            key("source_data_type", $of!(Type::Word(DATA_TYPES)), "The type of the source (Mapper 2.0)."),
            key("when", $of!(Type::Word(WHEN)), "The condition under which the row is used."),
            key("when_lookup", $of!(TEXT), "The lookup that the condition uses (Mapper 1.0)."),
            key("extract_date_format", $of!(TEXT), "How the source writes the date."),
            key("extract_date_timezone", $of!(TEXT), "The time zone of the source's date."),
            key("generate_date_format", $of!(TEXT), "How the target writes the date."),
            key("generate_date_timezone", $of!(TEXT), "The time zone of the target's date."),
            key("description", $of!(TEXT), "A note (Mapper 2.0)."),
            // The service refuses a row without one, and a row of Mapper 1.0 has none.
            key("status", Type::Word(STATUS), "Whether the row is used (Mapper 2.0)."),
            key("internal_id", $of!(Type::Bool), "The value is an internal id (Mapper 1.0)."),
            key("immutable", $of!(Type::Bool), "The value is set only when the record is created (Mapper 1.0)."),
            key("discard_if_empty", $of!(Type::Bool), "An empty value is left out (Mapper 1.0)."),
            key("is_key", $of!(Type::Bool), "The row identifies the items of a list (Mapper 1.0)."),
        ]
    };
}
macro_rules! plain {
    ($type:expr) => {
        $type
    };
}
macro_rules! or_null {
    ($type:expr) => {
        Type::OrNull(&$type)
    };
}

static MAPPING_ROW: Table = Table {
    name: "mapping_row",
    what: "a mapping like `{ source: unit_price }`",
    rule: Rule::Some("changes nothing"),
    keys: row_keys![or_null;],
    ..Table::PLAIN
};

const TARGET: Key = required(
    "target",
    TEXT,
    "The row, named by the path that it fills, with its positions; `[*]` may stand behind the name of a list.",
);
const LIST: Key = key("list", TEXT, "The list that the row is in; `item.sub.list` for one in a subrecord.");

const PASS_THROUGH: Key = key(
    "pass_through",
    Type::Word(&[word("replace", "From then on the import sends what the row maps, and nothing else.")]),
    "What happens to an import without a mapping, which passes its records through; if not given, the import fails.",
);

static EDIT_MAPPING: Table = Table {
    name: "edit_mapping",
    what: "a mapping like `{ target: price, set: { source: unit_price } }`",
    rule: Rule::Free,
    keys: &[TARGET, LIST, required("set", Type::Table(&MAPPING_ROW), "The new values; `null` removes one.")],
    ..Table::PLAIN
};

static ADD_MAPPING: Table = Table {
    name: "add_mapping",
    what: "a mapping like `{ target: currency, hard_coded: EUR }`",
    rule: Rule::Free,
    keys: row_keys![plain; TARGET, LIST, PASS_THROUGH],
    ..Table::PLAIN
};

static REMOVE_MAPPING: Table = Table {
    name: "remove_mapping",
    what: "a mapping like `{ target: legacy_code }`",
    rule: Rule::Free,
    keys: &[TARGET, LIST],
    ..Table::PLAIN
};

const LOOKUP_NAME: Key = required("name", TEXT, "The name of the lookup.");
const MAP_FILE: Key = key(
    "map_file",
    Type::Text(Format::Path),
    "Values from a CSV with the columns `from,to`; a blank `to` leaves the value as it is.",
);
const FAILURES: Key =
    key("allow_failures", Type::Bool, "A value that is not found does not fail the record.");
const LOOKUP_DEFAULT: Key = key("default", Type::Any, "The value when none is found.");
const LOOKUP_KEYS: Key = key(
    "set",
    Type::Dictionary(&LOOKUP_SET),
    "Other keys of the lookup, e.g. `relativeURI`, as the service calls them.",
);

static ADD_LOOKUP: Table = Table {
    name: "add_lookup",
    what: "a mapping like `{ name: countries, map: { Germany: DE } }`",
    rule: Rule::Free,
    keys: &[
        LOOKUP_NAME,
        key("map", Type::Dictionary(&LOOKUP_MAP), "Values and what they become."),
        MAP_FILE,
        LOOKUP_DEFAULT,
        FAILURES,
        LOOKUP_KEYS,
    ],
    ..Table::PLAIN
};

static EDIT_LOOKUP: Table = Table {
    name: "edit_lookup",
    what: "a mapping like `{ name: countries, map: { Germany: DE } }`",
    rule: Rule::Free,
    keys: &[
        LOOKUP_NAME,
        key("map", Type::Dictionary(&LOOKUP_MAP), "Values that are added or changed; `null` removes one."),
        MAP_FILE,
        LOOKUP_DEFAULT,
        FAILURES,
        LOOKUP_KEYS,
    ],
    ..Table::PLAIN
};

static REMOVE_LOOKUP: Table = Table {
    name: "remove_lookup",
    what: "a mapping like `{ name: countries }`",
    rule: Rule::Free,
    keys: &[LOOKUP_NAME],
    ..Table::PLAIN
};

static LOOKUP_MAP: Dictionary = Dictionary {
    what: "value",
    key: Format::Free,
    words: &[],
    holds: Type::OrNull(&Type::Text(Format::Free)),
    like: "a mapping like `{ Germany: DE }`",
};
static LOOKUP_SET: Dictionary = Dictionary {
    what: "key of a lookup",
    key: Format::Text,
    words: &[],
    holds: Type::Any,
    like: "a mapping like `{ relativeURI: /countries }`",
};

static UPGRADE: Table = Table {
    name: "upgrade_mapper",
    what: "a mapping like `{ untyped: leave }`",
    rule: Rule::Free,
    keys: &[required(
        "untyped",
        Type::Word(&[
            word("leave", "An import with such a row stays on Mapper 1.0."),
            word("string", "They become texts."),
        ]),
        "What happens to rows without a data type, which Mapper 2.0 requires.",
    )],
    ..Table::PLAIN
};

static SET: Dictionary = Dictionary {
    what: "JSON pointer",
    key: Format::Pointer,
    words: &[],
    holds: Type::Any,
    like: "a mapping like `{ /description: Moved }`",
};
static OPERATION: Dictionary = Dictionary {
    what: "key of a patch operation",
    key: Format::Text,
    words: &["op", "path", "from", "value"],
    holds: Type::Any,
    like: "a mapping like `{ op: replace, path: /name, value: Orders }`",
};
