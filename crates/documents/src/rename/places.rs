//! Every place of an import that can name a field of the record: the table the renames walk by.
//!
//! Each row says how the place is written and which record it sees. The reasons:
//!
//! - **Before** (the record as it arrives, so the source side): addresses, headers, look-ups, file and folder names,
//!   statements and documents of databases, instructions of agents. The service documents it for `relativeURI` and
//!   `headers`; for statements, filters and documents it speaks of "the incoming record".
//! - **After** (the record as mapped, so the target side): `http.body`, and the text of a file, which is written from
//!   mapped records. Without any mapping the record after it is the record before it, so these are on the source side;
//!   with `sendPostMappedData: false` the body is too.
//! - **Target** (always a name of the outgoing record): generates and what repeats them: key columns of a bulk load,
//!   the external id of an upsert, `celigo_initializeValues`, the `_id` of a subrecord mapping.
//! - A response transform sees the answer of the target. Its rules are source-side all the same: they are written like a
//!   filter's, and whoever renames a field everywhere means them too.
//!
//! Not here, so never touched: descriptions, names of lookups, hard-coded values, defaults, `lookups[].extract` and
//! `http.response` (paths in an answer), `rawOverride` (a dead tree), captured samples, settings.

/// How a place is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Handlebars in every text at or below the place.
    Template,
    /// Handlebars inside a JSON text.
    JsonTemplate,
    /// Handlebars in a path of folders, where a backslash escapes nothing.
    FolderTemplate,
    /// Handlebars in a statement, whose own words may name the field as well.
    Statement,
    /// One path, as in an extract.
    Path,
    /// An object whose keys are field names.
    Keys,
    /// `{fields, lists}`.
    Mapper1,
    /// A list of Mapper 2.0 entries.
    Mapper2,
    /// Nested lists with `["extract", path]`.
    Rules,
    /// A list of lookups.
    Lookups,
}

/// Which record a place sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// As it arrives.
    Before,
    /// As mapped.
    After,
    /// As mapped, or as it arrived if the block says `sendPostMappedData: false`.
    Body,
    /// Always the outgoing one.
    Target,
    /// Both, each in its own keys.
    Both,
}

/// A row: the block, the path in it (`[]` each element, `*` each key), how it is written, what it sees.
pub(super) type Row = (&'static str, Syntax, Record);

use Record::{After, Before, Body, Both, Target};
use Syntax::{
    FolderTemplate, JsonTemplate, Keys, Lookups, Mapper1, Mapper2, Path, Rules, Statement, Template,
};

/// The table, by first key of the document.
pub(super) const PLACES: &[(&str, &[Row])] = &[
    ("mapping", &[("", Mapper1, Both)]),
    ("mappings", &[("", Mapper2, Both)]),
    ("lookups", &[("", Lookups, Before)]),
    ("pathToMany", &[("", Path, Before)]),
    ("blobKeyPath", &[("", Path, Before)]),
    ("modelMetadata", &[("", Keys, Before)]),
    ("dataURITemplate", &[("", Template, Before)]),
    ("traceKeyTemplate", &[("", Template, Before)]),
    ("idLockTemplate", &[("", Template, Before)]),
    ("filter", &[("rules", Rules, Before), ("expression.rules", Rules, Before)]),
    (
        "responseTransform",
        &[
            ("rules", Rules, Before),
            ("expression.rules", Rules, Before),
            ("expression.rulesTwoDotZero.mappings", Mapper2, Before),
            ("expression.rulesTwoDotZero.lookups", Lookups, Before),
        ],
    ),
    (
        "http",
        &[
            ("relativeURI", Template, Before),
            ("headers[].value", Template, Before),
            ("body", Template, Body),
            ("existingExtract", Path, Before),
            ("ignoreExtract", Path, Before),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "rest",
        &[
            ("relativeURI", Template, Before),
            ("headers[].value", Template, Before),
            ("body", Template, Body),
            ("postBody", Template, Body),
            ("existingExtract", Path, Before),
            ("ignoreExtract", Path, Before),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "netsuite_da",
        &[
            ("mapping", Mapper1, Both),
            ("internalIdLookup.expression", JsonTemplate, Before),
            ("internalIdLookup.extract", Path, Before),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "netsuite",
        &[
            ("mapping", Mapper1, Both),
            ("internalIdLookup.expression", JsonTemplate, Before),
            ("internalIdLookup.extract", Path, Before),
            ("file.*", Template, Before),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "salesforce",
        &[
            ("idLookup.extract", Path, Before),
            ("idLookup.whereClause", Statement, Before),
            ("upsert.externalIdField", Path, Target),
            ("attachment.*", Template, Before),
            ("document.*", Template, Before),
            ("contentVersion.*", Template, Before),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "rdbms",
        &[
            ("query", Statement, Before),
            ("updateExtract", Path, Before),
            ("ignoreExtract", Path, Before),
            ("bulkInsert.tableName", Template, Before),
            ("bulkLoad.tableName", Template, Before),
            ("bulkLoad.primaryKeys[]", Path, After),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "jdbc",
        &[
            ("query", Statement, Before),
            ("updateExtract", Path, Before),
            ("ignoreExtract", Path, Before),
            ("bulkInsert.tableName", Template, Before),
            ("bulkLoad.tableName", Template, Before),
            ("bulkLoad.primaryKeys[]", Path, After),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "mongodb",
        &[
            ("document", Template, Before),
            ("filter", Template, Before),
            ("update", Template, Before),
            ("ignoreLookupFilter", Template, Before),
            ("ignoreExtract", Path, Before),
        ],
    ),
    (
        "dynamodb",
        &[
            ("itemDocument", Template, Before),
            ("partitionKey", Template, Before),
            ("sortKey", Template, Before),
            ("updateExpression", Template, Before),
            ("conditionExpression", Template, Before),
            ("expressionAttributeNames", Template, Before),
            ("expressionAttributeValues", Template, Before),
            ("ignoreExtract", Path, Before),
        ],
    ),
    (
        "file",
        &[
            ("fileName", Template, Before),
            ("backupPath", Template, Before),
            ("xml.body", Template, After),
            ("json.body", Template, After),
            ("lookups", Lookups, Before),
        ],
    ),
    (
        "ftp",
        &[
            ("fileName", Template, Before),
            ("inProgressFileName", Template, Before),
            ("directoryPath", Template, Before),
            ("backupDirectoryPath", Template, Before),
        ],
    ),
    (
        "s3",
        &[("fileKey", Template, Before), ("bucket", Template, Before), ("backupBucket", Template, Before)],
    ),
    (
        "as2",
        &[
            ("fileNameTemplate", Template, Before),
            ("messageIdTemplate", Template, Before),
            ("headers[].value", Template, Before),
        ],
    ),
    (
        "filesystem",
        &[("directoryPath", FolderTemplate, Before), ("backupDirectoryPath", FolderTemplate, Before)],
    ),
    ("wrapper", &[("lookups", Lookups, Before)]),
    ("aiAgent", AGENT),
    (
        "guardrail",
        &[
            ("aiAgent.instructions", Template, Before),
            ("aiAgent.openai.instructions", Template, Before),
            ("aiAgent.litellm.instructions", Template, Before),
            ("aiAgent.litellm._overrides.gemini.instructions", Template, Before),
            ("aiAgent.litellm._overrides.gemini.systemInstruction", Template, Before),
        ],
    ),
];

const AGENT: &[Row] = &[
    ("instructions", Template, Before),
    ("openai.instructions", Template, Before),
    ("litellm.instructions", Template, Before),
    ("litellm._overrides.gemini.instructions", Template, Before),
    ("litellm._overrides.gemini.systemInstruction", Template, Before),
];

/// The keys of a lookup that hold templates. Its `extract` is a path in the answer, its `map` holds values.
pub(super) const LOOKUP: &[(&str, Syntax)] = &[
    ("relativeURI", Template),
    ("body", Template),
    ("postBody", Template),
    ("query", Statement),
    ("whereClause", Statement),
    ("expression", JsonTemplate),
];
