//! The kinds of import, and how the configuration block identifies one.

use super::{Document, Problem};

/// A kind of import.
#[derive(Debug)]
pub(crate) struct Adaptor {
    /// The word that stands in `adaptorType`.
    pub(crate) name: &'static str,
    /// Its configuration blocks; one of them must be there. Empty where the block is not known.
    pub(crate) blocks: &'static [&'static str],
    /// Fields its block must have, as dotted paths.
    pub(crate) required: &'static [&'static str],
    /// The types of connection it works with; empty: any.
    pub(crate) connections: &'static [&'static str],
}

const fn adaptor(
    name: &'static str,
    blocks: &'static [&'static str],
    required: &'static [&'static str],
    connections: &'static [&'static str],
) -> Adaptor {
    Adaptor { name, blocks, required, connections }
}

/// Every kind, the more telling block first: the first whose block is there names the import.
pub(crate) static ADAPTORS: [Adaptor; 20] = [
    adaptor(
        "NetSuiteDistributedImport",
        &["netsuite_da"],
        &["netsuite_da.operation", "netsuite_da.recordType"],
        &["netsuite"],
    ),
    adaptor("NetSuiteImport", &["netsuite"], &["netsuite.operation", "netsuite.recordType"], &["netsuite"]),
    adaptor("SalesforceImport", &["salesforce"], &["salesforce.operation"], &["salesforce"]),
    adaptor("RDBMSImport", &["rdbms"], &["rdbms.queryType"], &["rdbms"]),
    adaptor("JDBCImport", &["jdbc"], &["jdbc.queryType"], &["jdbc"]),
    adaptor("MongodbImport", &["mongodb"], &["mongodb.method", "mongodb.collection"], &["mongodb"]),
    adaptor("DynamodbImport", &["dynamodb"], &["dynamodb.method", "dynamodb.tableName"], &["dynamodb"]),
    adaptor("S3Import", &["s3"], &["s3.bucket"], &["s3"]),
    adaptor("AS2Import", &["as2"], &["as2.fileNameTemplate"], &["as2"]),
    adaptor("FTPImport", &["ftp"], &["ftp.directoryPath"], &["ftp"]),
    adaptor("FileSystemImport", &["filesystem"], &["filesystem.directoryPath"], &["filesystem"]),
    adaptor("WrapperImport", &["wrapper"], &["wrapper.function"], &["wrapper"]),
    adaptor("GuardrailImport", &["guardrail"], &["guardrail.type"], &["http"]),
    adaptor("AiAgentImport", &["aiAgent"], &["aiAgent.provider"], &["http"]),
    adaptor("ToolImport", &["tool"], &[], &[]),
    adaptor("RESTImport", &["rest"], &["rest.method", "rest.relativeURI"], &["http", "rest"]),
    adaptor("RESTImport", &["http"], &["http.method", "http.relativeURI"], &["http", "rest"]),
    adaptor("HTTPImport", &["http"], &["http.method", "http.relativeURI"], &["http", "rest"]),
    adaptor("NetSuiteHTTPImport", &[], &[], &["netsuite"]),
    adaptor("VANImport", &["file"], &[], &["van"]),
];

impl Adaptor {
    /// Whether an import of this kind needs no connection.
    pub(crate) fn needs_no_connection(&self) -> bool {
        matches!(self.name, "AiAgentImport" | "GuardrailImport" | "ToolImport")
    }

    fn has_block(&self, document: &Document) -> bool {
        self.blocks.is_empty() || self.blocks.iter().any(|block| document.contains_key(*block))
    }
}

/// Works out the kind of an import from its blocks, its `adaptorType` and the type of its connection.
///
/// `check`: whether an `adaptorType` that contradicts the block is refused; otherwise the block wins.
pub(crate) fn work_out(
    document: &Document,
    connection_type: Option<&str>,
    check: bool,
) -> Result<&'static Adaptor, Problem> {
    let by_block = ADAPTORS.iter().find(|adaptor| match adaptor.name {
        // `http` alone is an HTTP import unless it says otherwise; `file` goes with many kinds.
        "RESTImport" => document.contains_key("rest"),
        "NetSuiteHTTPImport" => false,
        "VANImport" => connection_type == Some("van") && adaptor.has_block(document),
        _ => adaptor.has_block(document),
    });
    let Some(claimed) = document.get("adaptorType").filter(|claimed| !claimed.is_null()) else {
        return by_block.ok_or_else(|| Problem::at("adaptorType", "invalid_field", "adaptorType invalid"));
    };
    let claimed = claimed.as_str().ok_or_else(|| Problem::cast("adaptorType", "String", claimed))?;
    let named = || ADAPTORS.iter().filter(|adaptor| adaptor.name == claimed);
    let Some(first) = named().next() else { return Err(Problem::not_in_enum("adaptorType", claimed)) };
    match (named().find(|adaptor| adaptor.has_block(document)), by_block) {
        (Some(fitting), _) => Ok(fitting),
        // No block at all: what is missing is then said field by field.
        (None, None) => Ok(first),
        (None, Some(other)) if !check => Ok(other),
        (None, Some(_)) => Err(Problem::at("adaptorType", "invalid_field", "adaptorType invalid")),
    }
}
