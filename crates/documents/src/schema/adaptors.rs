//! The adaptor types: by which block they are configured, how they map, and how they are listed.

use std::sync::LazyLock;

use serde_json::Value;

use crate::tree::{Seen, Tree};

/// A row of the table of adaptor types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adaptor {
    /// The word that stands in `adaptorType`.
    pub name: &'static str,
    /// The blocks it can be configured by, the usual one first. Empty where the block is not known.
    pub blocks: &'static [&'static str],
    /// Whether an import with its first block and no other is of this type.
    pub told_by_block: bool,
    /// The mapping models it reads.
    pub mapper: Mapper,
    /// The blocks its lookups stand in.
    pub lookups: &'static [&'static str],
    /// What it makes of its records.
    pub writes: Writes,
    /// Whether the plain list of imports leaves it out, so that it needs a list of its own.
    pub listed_apart: bool,
}

/// The mapping models of an adaptor type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapper {
    /// It maps nothing.
    None,
    /// Mapper 1.0, in the top-level `mapping`.
    One,
    /// Mapper 1.0, in its own block only.
    OneInBlock,
    /// Mapper 1.0 on older imports, Mapper 2.0 on newer ones.
    Both,
    /// Mapper 2.0 only.
    Two,
}

/// What an adaptor type makes of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// It sends them, or files of them where its block says so.
    Records,
    /// Files, whose type says whether a record is a flat row.
    Files,
    /// Rows of a database: by statements of the import's own, or in bulk.
    Rows,
    /// Documents of a database: by one of these templates in its block, or as mapped.
    Documents(&'static [&'static str]),
    /// It hands them to an agent, a guardrail or a tool.
    Nothing,
}

impl Mapper {
    /// Whether it can have Mapper 1.0 and nothing else.
    pub fn is_one_only(self) -> bool {
        matches!(self, Self::One | Self::OneInBlock)
    }

    /// Whether it can have Mapper 2.0.
    pub fn has_two(self) -> bool {
        matches!(self, Self::Both | Self::Two)
    }
}

const fn adaptor(
    name: &'static str,
    blocks: &'static [&'static str],
    mapper: Mapper,
    lookups: &'static [&'static str],
) -> Adaptor {
    let writes = Writes::Records;
    Adaptor { name, blocks, told_by_block: true, mapper, lookups, writes, listed_apart: false }
}

const fn file(name: &'static str, blocks: &'static [&'static str]) -> Adaptor {
    writes(Writes::Files, adaptor(name, blocks, Mapper::Both, &["file"]))
}

const fn writes(writes: Writes, adaptor: Adaptor) -> Adaptor {
    Adaptor { writes, ..adaptor }
}

/// One that maps nothing.
const fn agent(name: &'static str, blocks: &'static [&'static str]) -> Adaptor {
    apart(writes(Writes::Nothing, adaptor(name, blocks, Mapper::None, &[])))
}

const fn untold(adaptor: Adaptor) -> Adaptor {
    Adaptor { told_by_block: false, ..adaptor }
}

const fn apart(adaptor: Adaptor) -> Adaptor {
    Adaptor { listed_apart: true, ..adaptor }
}

/// Every adaptor type of section 7.1 of the API reference; mapping models and lookups from section 9.
#[rustfmt::skip]
pub static ADAPTORS: &[Adaptor] = &[
    adaptor("NetSuiteDistributedImport", &["netsuite_da"], Mapper::OneInBlock, &["netsuite_da"]),
    adaptor("NetSuiteImport", &["netsuite"], Mapper::One, &["netsuite"]),
    adaptor("SalesforceImport", &["salesforce"], Mapper::One, &["salesforce"]),
    writes(Writes::Rows, adaptor("RDBMSImport", &["rdbms"], Mapper::Both, &["rdbms"])),
    writes(Writes::Rows, adaptor("JDBCImport", &["jdbc"], Mapper::Both, &["jdbc"])),
    writes(Writes::Documents(&["document", "update"]), adaptor("MongodbImport", &["mongodb"], Mapper::Both, &[])),
    writes(Writes::Documents(&["itemDocument"]), adaptor("DynamodbImport", &["dynamodb"], Mapper::Both, &[])),
    file("FTPImport", &["ftp"]),
    file("S3Import", &["s3"]),
    // The web client sends `as2` with other adaptors too.
    untold(file("AS2Import", &["as2"])),
    file("FileSystemImport", &["filesystem"]),
    untold(file("VANImport", &["file"])),
    adaptor("WrapperImport", &["wrapper"], Mapper::One, &["wrapper"]),
    agent("AiAgentImport", &["aiAgent"]),
    agent("GuardrailImport", &["guardrail"]),
    untold(agent("ToolImport", &["tool"])),
    untold(adaptor("RESTImport", &["rest", "http"], Mapper::Both, &["rest", "http"])),
    adaptor("HTTPImport", &["http"], Mapper::Both, &["http"]),
    untold(adaptor("NetSuiteHTTPImport", &[], Mapper::Two, &[])),
    #[cfg(test)]
    apart(adaptor("MadeUpImport", &["madeUp"], Mapper::None, &["madeUp"])),
];

/// The adaptor type of that name.
pub fn adaptor_named(name: &str) -> Option<&'static Adaptor> {
    ADAPTORS.iter().find(|adaptor| adaptor.name == name)
}

/// The adaptor type of a document: by `adaptorType`, or by its block where that is enough.
pub fn adaptor_of(document: &Value) -> Option<&'static Adaptor> {
    match document.get("adaptorType").and_then(Value::as_str) {
        Some(name) => adaptor_named(name),
        None => told_by_blocks(document).or_else(|| {
            // Older documents name no type; any block is a hint.
            ADAPTORS.iter().find(|adaptor| adaptor.blocks.iter().any(|block| has(document, block)))
        }),
    }
}

/// The adaptor type that follows from the blocks alone.
fn told_by_blocks<T: Tree>(document: &T) -> Option<&'static Adaptor> {
    let Seen::Object(members) = document.seen() else { return None };
    told_by(members.filter(|(_, value)| matches!(value.seen(), Seen::Object(_))).map(|(block, _)| block))
}

/// The adaptor type that follows from the blocks of a document, which are the keys of its objects.
pub(crate) fn told_by<'b>(blocks: impl Iterator<Item = &'b str>) -> Option<&'static Adaptor> {
    let (mut told, mut has_rest) = (None, false);
    // Once over the document, not once for each adaptor: a document has few blocks.
    for block in blocks {
        has_rest |= block == "rest";
        let by_it = |adaptor: &&Adaptor| adaptor.told_by_block && adaptor.blocks[0] == block;
        for adaptor in ADAPTORS.iter().filter(by_it) {
            if told.replace(adaptor).is_some() {
                return None;
            }
        }
    }
    // A legacy REST import has `http` too.
    told.filter(|adaptor| adaptor.blocks[0] != "http" || !has_rest)
}

/// The names of the adaptor types that the plain list leaves out.
pub static LISTED_APART: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    ADAPTORS.iter().filter(|adaptor| adaptor.listed_apart).map(|adaptor| adaptor.name).collect()
});

/// What an adaptor type says of a document: of the type that it names, and where that is not known of any whose block
/// it has. `None` where no block is known either.
pub fn adaptor_with_block(document: &Value) -> Option<&'static Adaptor> {
    adaptor_of(document).or_else(|| {
        ADAPTORS
            .iter()
            .find(|adaptor| adaptor.told_by_block && adaptor.blocks.iter().any(|block| has(document, block)))
    })
}

/// The blocks that can hold lookups, each once.
pub fn lookup_blocks() -> impl Iterator<Item = &'static str> {
    let blocks = ADAPTORS.iter().flat_map(|adaptor| adaptor.lookups.iter().copied());
    blocks
        .scan(Vec::new(), |seen: &mut Vec<&str>, block| {
            let new = !seen.contains(&block);
            seen.push(block);
            Some(new.then_some(block))
        })
        .flatten()
}

fn has(document: &impl Tree, block: &str) -> bool {
    document.member(block).is_some_and(|block| matches!(block.seen(), Seen::Object(_)))
}
