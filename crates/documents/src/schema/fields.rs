//! Every field of an import that the program knows: where it stands and what it holds.
//!
//! The rows name their place in the API reference. The reasons for the records:
//!
//! - **Incoming** (before mapping): addresses, headers, lookups, names of files and folders, statements and documents of
//!   databases, instructions of agents. The service documents it for `relativeURI` and `headers`; for statements,
//!   filters and documents it speaks of "the incoming record".
//! - **Mapped**: `http.body`, and the text of a file, which is written from mapped records. Without any mapping these see
//!   the incoming record; with `sendPostMappedData: false` a body does too.
//! - **Outgoing** (always as sent): generates and what repeats them: key columns of a bulk load, the external id of an
//!   upsert, `celigo_initializeValues`, the `_id` of a subrecord mapping.
//! - **Answer**: what the target responds. `responseTransform` and the paths of `http.response` see it.
//!
//! Fields that hold plain values and belong to no row are passed through.

use super::resources::Kind;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The path: `[]` each entry of a list, `*` each key, and a leading `**.` at any depth.
    pub at: &'static str,
    /// What stands at the path.
    pub holds: Holds,
    /// The section of the API reference that says so.
    pub source: &'static str,
}

/// What a field holds. One field can hold several things, in as many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Names of fields, written so, of that record.
    Names(Syntax, Record),
    /// A mapping, whose extracts are of that record.
    Mapping(Model, Record),
    /// A list of lookups, whose templates see that record.
    Lookups(Record),
    /// The id of another resource of the account.
    Reference(Kind),
    /// Data captured from test runs: large, personal, never shown.
    Captured,
    /// JSON of the user: every value in it is meant, nothing in it is a reference.
    FreeForm,
    /// Left over from another version; the service does not read it.
    Dead,
    /// Written by the service whatever it is sent; different on every copy.
    Managed,
    /// Ids of the service's own catalogue, the same in every account; written by the service.
    Catalogue,
    /// A secret, which reads back masked.
    Secret,
    /// An id of the system behind the connection, in words.
    TargetId(&'static str),
    /// Text for people, or state of a form: may look like a template but is not one.
    Words,
    /// A flag for which `false` and absent are the same.
    Flag,
    /// Decides what the import does, so a value that was added is never a default.
    Deliberate,
    /// Filled in by people: a value that all imports have is not a default either.
    OfPeople,
}

/// How names of fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Handlebars in every text at or below the place.
    Template,
    /// Handlebars inside a JSON text.
    JsonTemplate,
    /// Handlebars in a path of folders, where a backslash escapes nothing.
    FolderTemplate,
    /// Handlebars in a statement, whose own words may name the field as well.
    Statement,
    /// One path, as in a Mapper 1.0 extract.
    Path,
    /// An object whose keys are names.
    Keys,
    /// Nested lists with `["extract", path]`, and objects with `extract`.
    Rules,
}

/// Which record a place sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The record as it arrives at the import.
    Incoming,
    /// As mapped; as it arrives, if the import maps nothing.
    Mapped,
    /// As mapped, but as it arrives if the block says `sendPostMappedData: false`.
    Body,
    /// As it arrives; whether a mapping changes that is not known.
    Statement,
    /// The record as it is sent to the target.
    Outgoing,
    /// The response of the target.
    Answer,
}

/// Which of the two mapping models a mapping has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Mapper 1.0: `{fields, lists}`.
    One,
    /// Mapper 2.0: a list of entries.
    Two,
}

use Holds::{
    Captured, Catalogue, Dead, Deliberate, Flag, FreeForm, Lookups, Managed, Mapping, Names, OfPeople,
    Reference, TargetId, Words,
};
use Record::{Answer, Body, Incoming, Mapped, Outgoing};
use Syntax::{FolderTemplate, JsonTemplate, Keys, Path, Rules, Statement, Template};

const fn field(at: &'static str, holds: Holds, source: &'static str) -> Field {
    Field { at, holds, source }
}

const fn template(at: &'static str) -> Field {
    field(at, Names(Template, Incoming), "9.4")
}

const fn path(at: &'static str) -> Field {
    field(at, Names(Path, Incoming), "9.4")
}

const fn answer_path(at: &'static str) -> Field {
    field(at, Names(Path, Answer), "7.1")
}

const fn statement(at: &'static str) -> Field {
    field(at, Names(Statement, Record::Statement), "9.4")
}

const fn lookups(at: &'static str) -> Field {
    field(at, Lookups(Incoming), "9")
}

const fn reference(at: &'static str, kind: Kind) -> Field {
    field(at, Reference(kind), "8")
}

const fn target_id(at: &'static str, what: &'static str) -> Field {
    field(at, TargetId(what), "8")
}

const fn managed(at: &'static str) -> Field {
    field(at, Managed, "7")
}

const fn flag(at: &'static str) -> Field {
    field(at, Flag, "7, 9")
}

const fn deliberate(at: &'static str) -> Field {
    field(at, Deliberate, "8, 9")
}

const fn of_people(at: &'static str) -> Field {
    field(at, OfPeople, "7, 8")
}

/// Every field of an import that the program knows.
#[rustfmt::skip]
pub static FIELDS: &[Field] = &[
    // The service's own
    managed("_id"), managed("_sourceId"), managed("_templateId"), managed("aiDescription"), managed("apiIdentifier"),
    managed("apim"), managed("createdAt"), managed("debugUntil"), managed("draft"), managed("draftExpiresAt"),
    managed("lastModified"), managed("lastModifiedBy"), managed("restletVersion"), managed("sandbox"),
    // Of flows, which change with every execution; an import has none of these
    managed("lastExecutedAt"), managed("numInstances"), managed("resolvedAt"),
    field("http._httpConnectorEndpointId", Catalogue, "2.4, 8"), field("http._httpConnectorEndpointIds", Catalogue, "2.4, 8"),
    field("http._httpConnectorResourceId", Catalogue, "2.4, 8"), field("http._httpConnectorVersionId", Catalogue, "2.4, 8"),

    // Text for people, and state of forms
    field("name", Words, "7"), field("description", Words, "7"), field("aiDescription", Words, "7"),
    field("assistantMetadata", Words, "7"),

    // Captured, free-form, dead
    field("mockOutput", Captured, "7"), field("mockResponse", Captured, "7"), field("sampleData", Captured, "7"),
    field("sampleResponseData", Captured, "7"),
    field("assistantMetadata", FreeForm, "8"), field("settings", FreeForm, "7, 8"), field("settingsForm.form", FreeForm, "7"),
    field("modelMetadata", FreeForm, "7"), field("unencrypted", FreeForm, "7"), field("**.configuration", FreeForm, "8"),
    field("**.jsonSchema", FreeForm, "7.1"), field("**.overrides", FreeForm, "8"), field("**.lookups[].map", FreeForm, "9.3"),
    field("netsuite_da.rawOverride", Dead, "9.1"),

    // References, by their key: lookups and tools stand in blocks that are not yet published
    reference("**._asyncHelperId", Kind::AsyncHelpers), reference("**._connectionId", Kind::Connections),
    reference("**._ediProfileId", Kind::EdiProfiles), reference("**._exportId", Kind::Exports),
    reference("**._fileDefinitionId", Kind::FileDefinitions), reference("**._integrationId", Kind::Integrations),
    reference("**._lookupCacheId", Kind::LookupCaches), reference("**._mcpConnectionId", Kind::Connections),
    reference("**._postMapId", Kind::Scripts), reference("**._postSubmitId", Kind::Scripts),
    reference("**._preMapId", Kind::Scripts), reference("**._scriptId", Kind::Scripts),
    reference("**._stackId", Kind::Stacks), reference("**._toolId", Kind::Tools),

    // What is deliberate when it was added
    deliberate("**._asyncHelperId"), deliberate("**._connectionId"), deliberate("**._fileDefinitionId"),
    deliberate("**._lookupCacheId"), deliberate("**._mcpConnectionId"), deliberate("**._scriptId"),
    deliberate("**._stackId"), deliberate("**._toolId"), deliberate("**.default"), deliberate("**.description"),
    deliberate("**.extract"), deliberate("**.function"), deliberate("**.generate"), deliberate("**.hardCodedValue"),
    deliberate("**.lookupName"), of_people("**.headers"), of_people("**.maxAttempts"),

    // Flags
    flag("**.allowFailures"), flag("**.blob"), flag("**.customHeaderRows"), flag("**.deleteAfterImport"),
    flag("**.discardIfEmpty"), flag("**.distributed"), flag("**.ignoreExisting"), flag("**.ignoreMissing"),
    flag("**.immutable"), flag("**.includeInactive"), flag("**.internalId"), flag("**.isKey"), flag("**.oneToMany"),
    flag("**.removeNonSubmittableFields"), flag("**.replaceNewlineWithSpace"), flag("**.replaceTabWithSpace"),
    flag("**.skipAggregation"), flag("**.strictHandlebarEvaluation"), flag("**.truncateLastRowDelimiter"),
    flag("**.useAsAnInitializeValue"), flag("**.useDefaultOnMultipleMatches"), flag("**.useFirstRow"),
    flag("**.useImportHeaders"), flag("**.useIterativeRow"), flag("**.useTechAdaptorForm"), flag("**.wrapWithQuotes"),

    // Mappings and lookups at the top
    field("mapping", Mapping(Model::One, Incoming), "9.1"), field("mappings", Mapping(Model::Two, Incoming), "9.2"),
    lookups("lookups"),

    // Names of fields at the top
    path("pathToMany"), path("blobKeyPath"), field("modelMetadata", Names(Keys, Incoming), "7"),
    template("dataURITemplate"), template("traceKeyTemplate"), template("idLockTemplate"),
    field("filter.rules", Names(Rules, Incoming), "7"), field("filter.expression.rules", Names(Rules, Incoming), "7"),
    field("responseTransform.rules", Names(Rules, Answer), "7"),
    field("responseTransform.expression.rules", Names(Rules, Answer), "7"),
    field("responseTransform.expression.rulesTwoDotZero.mappings", Mapping(Model::Two, Answer), "7"),
    field("responseTransform.expression.rulesTwoDotZero.lookups", Lookups(Answer), "7"),

    // http, rest
    template("http.relativeURI"), template("http.headers[].value"), field("http.body", Names(Template, Body), "9.4"),
    path("http.existingExtract"), path("http.ignoreExtract"), lookups("http.lookups"), field("http.response", Words, "7.1"),
    answer_path("http.response.resourcePath"), answer_path(RESOURCE_ID), answer_path("http.response.successPath"),
    answer_path("http.response.failPath"), answer_path("http.response.errorPath"),
    template("rest.relativeURI"), template("rest.headers[].value"), field("rest.body", Names(Template, Body), "9.4"),
    field("rest.postBody", Names(Template, Body), "9.4"), path("rest.existingExtract"), path("rest.ignoreExtract"),
    lookups("rest.lookups"),

    // NetSuite
    field("netsuite_da.mapping", Mapping(Model::One, Incoming), "9.1"),
    field("netsuite_da.internalIdLookup.expression", Names(JsonTemplate, Incoming), "9.4"),
    path("netsuite_da.internalIdLookup.extract"), lookups("netsuite_da.lookups"),
    field("netsuite.mapping", Mapping(Model::One, Incoming), "9.1"),
    field("netsuite.internalIdLookup.expression", Names(JsonTemplate, Incoming), "9.4"),
    path("netsuite.internalIdLookup.extract"), template("netsuite.file.*"), lookups("netsuite.lookups"),
    target_id("netsuite_da.hooks.*.fileInternalId", "a file's id"), target_id("netsuite.file.folderInternalId", "a folder's id"),
    target_id("netsuite.file.backupFolderInternalId", "a folder's id"), target_id("netsuite.file.internalId", "a file's id"),

    // Salesforce
    path("salesforce.idLookup.extract"), field("salesforce.idLookup.whereClause", Names(Statement, Incoming), "9.4"),
    field("salesforce.upsert.externalIdField", Names(Path, Outgoing), "7.1"),
    template("salesforce.attachment.*"), template("salesforce.document.*"), template("salesforce.contentVersion.*"),
    lookups("salesforce.lookups"), target_id("salesforce.*.folderId", "a folder's id"),
    target_id("salesforce.*.parentId", "a record's id"), target_id("salesforce.*.contentDocumentId", "a document's id"),

    // Databases
    statement("rdbms.query"), path("rdbms.updateExtract"), path("rdbms.ignoreExtract"), template("rdbms.bulkInsert.tableName"),
    template("rdbms.bulkLoad.tableName"), field("rdbms.bulkLoad.primaryKeys[]", Names(Path, Mapped), "7.1"), lookups("rdbms.lookups"),
    target_id("rdbms.bulkInsert.tableName", "a table"), target_id("rdbms.bulkLoad.tableName", "a table"),
    statement("jdbc.query"), path("jdbc.updateExtract"), path("jdbc.ignoreExtract"), template("jdbc.bulkInsert.tableName"),
    template("jdbc.bulkLoad.tableName"), field("jdbc.bulkLoad.primaryKeys[]", Names(Path, Mapped), "7.1"), lookups("jdbc.lookups"),
    target_id("jdbc.bulkInsert.tableName", "a table"), target_id("jdbc.bulkLoad.tableName", "a table"),
    template("mongodb.document"), template("mongodb.filter"), template("mongodb.update"), template("mongodb.ignoreLookupFilter"),
    path("mongodb.ignoreExtract"), target_id("mongodb.collection", "a collection"),
    template("dynamodb.itemDocument"), template("dynamodb.partitionKey"), template("dynamodb.sortKey"),
    template("dynamodb.updateExpression"), template("dynamodb.conditionExpression"), template("dynamodb.expressionAttributeNames"),
    template("dynamodb.expressionAttributeValues"), path("dynamodb.ignoreExtract"), target_id("dynamodb.tableName", "a table"),

    // Files
    template("file.fileName"), template("file.backupPath"), field("file.xml.body", Names(Template, Mapped), "9.4"),
    field("file.json.body", Names(Template, Mapped), "9.4"), lookups("file.lookups"),
    target_id("file.directory.id", "a folder's id"), target_id("file.directory.storageRootId", "a folder's id"),
    template("ftp.fileName"), template("ftp.inProgressFileName"), template("ftp.directoryPath"), template("ftp.backupDirectoryPath"),
    template("s3.fileKey"), template("s3.bucket"), template("s3.backupBucket"), target_id("s3.bucket", "a bucket"),
    target_id("s3.backupBucket", "a bucket"),
    template("as2.fileNameTemplate"), template("as2.messageIdTemplate"), template("as2.headers[].value"),
    field("filesystem.directoryPath", Names(FolderTemplate, Incoming), "9.4"),
    field("filesystem.backupDirectoryPath", Names(FolderTemplate, Incoming), "9.4"),

    // Scripts and agents
    lookups("wrapper.lookups"),
    template("aiAgent.instructions"), template("aiAgent.openai.instructions"), template("aiAgent.litellm.instructions"),
    template("aiAgent.litellm._overrides.*.instructions"), template("aiAgent.litellm._overrides.*.systemInstruction"),
    template("guardrail.aiAgent.instructions"), template("guardrail.aiAgent.openai.instructions"),
    template("guardrail.aiAgent.litellm.instructions"), template("guardrail.aiAgent.litellm._overrides.*.instructions"),
    template("guardrail.aiAgent.litellm._overrides.*.systemInstruction"),

    // Rows that only the tests of this crate know, to show that a row is all it takes
    #[cfg(test)] template("madeUp.text"),
    #[cfg(test)] lookups("madeUp.lookups"),
    #[cfg(test)] reference("**._madeUpId", Kind::Stacks),
    #[cfg(test)] target_id("madeUp.shelf", "a shelf"),
    #[cfg(test)] field("madeUpCapture", Captured, "none"),
];

/// The place of the paths that begin at each resource of the response, which are those at `http.response.resourcePath`.
pub const RESOURCE_ID: &str = "http.response.resourceIdPath";

/// The keys of a lookup that searches; one with none of them has its values in its `map`.
pub const SEARCH: &[&str] = &[
    "relativeURI",
    "query",
    "recordType",
    "sObjectType",
    "searchField",
    "expression",
    "whereClause",
    "_lookupCacheId",
];

/// The keys of a lookup that hold names of fields. Its `extract` is a path in the answer, its `map` holds values.
pub const LOOKUP: &[(&str, Syntax)] = &[
    ("relativeURI", Template),
    ("body", Template),
    ("postBody", Template),
    ("query", Statement),
    ("whereClause", Statement),
    ("expression", JsonTemplate),
];
