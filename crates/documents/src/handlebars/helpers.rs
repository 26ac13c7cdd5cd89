//! The helpers of the service as data: what each argument is, and what a list of theirs is made of.
//!
//! From the catalogue in the template reference, section 3 (inline) and 4 (blocks). A helper that is not here takes
//! values only, as far as anybody knows.

/// What an argument of a helper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// A value: a bare word is a field.
    Value,
    /// The name or path of a field as a text.
    Name(NameOf),
    /// A text: a separator, a format, an operator. A bare word is still a field.
    Text,
    /// A number. A bare word is still a field.
    Number,
    /// A bare word with a meaning of its own, never a field.
    Word,
    /// The name of a lookup as a text.
    LookupName,
}

/// What a name that is given as a text is a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOf {
    /// A path from the outermost context, as `record.email`.
    Root,
    /// A path in each element of the first argument.
    Element,
    /// One key of the first argument.
    Member,
}

/// What the elements of a helper's result are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elements {
    /// Those of its first argument.
    OfFirst,
    /// The named field of each element of its first argument.
    NamedOfFirst,
    /// The table does not know what the argument is.
    Unknown,
}

/// What a bare name refers to inside a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// What it referred to outside.
    Same,
    /// The element of the first argument, or the argument itself if it is not a list.
    FirstArgument,
}

/// What the table knows of one helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Helper {
    /// The name by which templates call the helper.
    pub name: &'static str,
    /// Its arguments in order; the last one stands for all that follow.
    pub arguments: &'static [Argument],
    /// What the elements of its result are.
    pub elements: Elements,
    /// As a block: what it changes. `None` if it is not a block.
    pub block: Option<Inside>,
}

impl Helper {
    /// What the argument at that position is.
    pub fn argument(&self, at: usize) -> Argument {
        self.arguments.get(at).or(self.arguments.last()).copied().unwrap_or(Argument::Value)
    }
}

/// The helper of that name.
pub fn find(name: &str) -> Option<&'static Helper> {
    HELPERS.binary_search_by(|helper| helper.name.cmp(name)).ok().map(|at| &HELPERS[at])
}

/// The types of Salesforce fields, by which a where-clause begins its tags: `{{{string Email}}}`.
const FIELD_TYPES: &[&str] = &[
    "address",
    "anyType",
    "base64",
    "boolean",
    "combobox",
    "currency",
    "date",
    "datetime",
    "double",
    "email",
    "encryptedstring",
    "id",
    "int",
    "integer",
    "location",
    "long",
    "multipicklist",
    "percent",
    "phone",
    "picklist",
    "reference",
    "string",
    "textarea",
    "time",
    "url",
];

/// Whether the word, before one value, is the type of a Salesforce field.
pub fn is_field_type(name: &str) -> bool {
    FIELD_TYPES.contains(&name)
}

const V: Argument = Argument::Value;
const T: Argument = Argument::Text;
const N: Argument = Argument::Number;
const W: Argument = Argument::Word;

const fn inline(name: &'static str, arguments: &'static [Argument]) -> Helper {
    Helper { name, arguments, elements: Elements::Unknown, block: None }
}

const fn list(name: &'static str, arguments: &'static [Argument], elements: Elements) -> Helper {
    Helper { name, arguments, elements, block: None }
}

const fn block(name: &'static str, arguments: &'static [Argument], inside: Inside) -> Helper {
    Helper { name, arguments, elements: Elements::Unknown, block: Some(inside) }
}

/// Every helper of the catalogue, by name. `date`, `first` and `last` are only mentioned in texts.
#[rustfmt::skip]
pub static HELPERS: &[Helper] = &[
    inline("abs", &[V]),
    inline("add", &[V]),
    inline("addCommas", &[V]),
    list("after", &[V, N], Elements::OfFirst),
    block("and", &[V], Inside::Same),
    list("arrayify", &[V], Elements::OfFirst),
    inline("avg", &[V]),
    inline("aws4", &[V, V, V, T]),
    inline("base64Decode", &[V, T]),
    inline("base64Encode", &[V, T]),
    list("before", &[V, N], Elements::OfFirst),
    inline("bytes", &[V, N]),
    inline("camelcase", &[V]),
    inline("capitalize", &[V]),
    inline("capitalizeAll", &[V]),
    inline("ceil", &[V]),
    inline("chop", &[V]),
    block("compare", &[V, T, V], Inside::Same),
    block("contains", &[V], Inside::Same),
    inline("dashcase", &[V]),
    inline("date", &[T, V]),
    inline("dateAdd", &[V, N, T]),
    inline("dateFormat", &[T, V, T]),
    inline("decodeURI", &[V]),
    inline("divide", &[V]),
    inline("dotcase", &[V]),
    block("each", &[V], Inside::FirstArgument),
    inline("encodeURI", &[V]),
    inline("eq", &[V]),
    block("filter", &[V, V, Argument::Name(NameOf::Element)], Inside::FirstArgument),
    inline("first", &[V]),
    inline("floor", &[V]),
    inline("getValue", &[Argument::Name(NameOf::Root), T]),
    inline("hasNoItems", &[V]),
    inline("hasOwn", &[V, Argument::Name(NameOf::Member)]),
    inline("hash", &[T, T, V]),
    inline("hmac", &[T, V, T, V, T]),
    inline("htmlDecode", &[V]),
    inline("htmlEncode", &[V]),
    block("if", &[V], Inside::Same),
    block("ifEven", &[V], Inside::Same),
    block("inArray", &[V], Inside::Same),
    block("isEmpty", &[V], Inside::Same),
    inline("isFalsey", &[V]),
    inline("isTruthy", &[V]),
    inline("join", &[T, V]),
    inline("jsonEncode", &[V]),
    inline("jsonParse", &[V]),
    inline("jsonSerialize", &[V]),
    inline("jsonStringify", &[V]),
    inline("last", &[V]),
    inline("lookup", &[Argument::LookupName, V]),
    inline("lowercase", &[V]),
    inline("modulo", &[V]),
    inline("multiply", &[V]),
    block("neither", &[V], Inside::Same),
    block("not", &[V], Inside::Same),
    inline("occurrences", &[V, T]),
    block("or", &[V], Inside::Same),
    inline("ordinalize", &[V]),
    inline("padLeft", &[V, N, T]),
    inline("padRight", &[V, N, T]),
    inline("pascalcase", &[V]),
    inline("pathcase", &[V]),
    list("pluck", &[V, Argument::Name(NameOf::Element)], Elements::NamedOfFirst),
    inline("random", &[T, N]),
    inline("regexMatch", &[V, T, N, T]),
    inline("regexReplace", &[V, T]),
    inline("regexSearch", &[V, T]),
    inline("removefirst", &[V, T]),
    inline("replace", &[V, T]),
    inline("replacefirst", &[V, T]),
    inline("reverse", &[V]),
    inline("round", &[V]),
    inline("sanitize", &[V]),
    inline("sentence", &[V]),
    inline("snakecase", &[V]),
    block("some", &[V, W], Inside::Same),
    list("sort", &[V], Elements::OfFirst),
    inline("split", &[V, T, N]),
    block("startsWith", &[V], Inside::Same),
    inline("stripProtocol", &[V]),
    inline("stripQuerystring", &[V]),
    inline("substring", &[V, N]),
    inline("subtract", &[V]),
    inline("sum", &[V]),
    inline("timestamp", &[T]),
    inline("toExponential", &[V, N]),
    inline("toFixed", &[V, N]),
    inline("toPrecision", &[V, N]),
    inline("trim", &[V]),
    inline("trimLeft", &[V]),
    inline("trimRight", &[V]),
    inline("truncateWords", &[V, N, T]),
    inline("typeOf", &[V]),
    list("unique", &[V], Elements::OfFirst),
    block("unless", &[V], Inside::Same),
    inline("uppercase", &[V]),
    block("with", &[V], Inside::FirstArgument),
];

/// Names that a template can begin with and that are no fields (section 5). A field of such a name is reached through
/// `record.`, or where the name is one of an element.
pub const CONTEXT_ROOTS: &[&str] = &[
    "blob",
    "blobKey",
    "connection",
    "currentExportDateTime",
    "export",
    "exportStartTime",
    "hashOptions",
    "hmacOptions",
    "iClient",
    "import",
    "job",
    "lastExportDateTime",
    "lookup",
    "previous_page",
    "recordLookupError",
    "settings",
    "templateVersion",
    "testMode",
];

/// Whether a name that begins a path belongs to the service.
pub fn is_context_root(name: &str) -> bool {
    CONTEXT_ROOTS.contains(&name)
        || name.starts_with("lastExportDateTime")
        || name.starts_with("currentExportDateTime")
}

/// Members of the envelope around the record in Mapper 2.0 (section 9.2 of the API reference), beside `record`.
pub const ENVELOPE: &[&str] = &[
    "connection",
    "export",
    "flow",
    "iClient",
    "import",
    "integration",
    "job",
    "lookup",
    "recordLookupError",
    "settings",
    "templateVersion",
    "testMode",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_helper_stands_once() {
        assert!(HELPERS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn the_last_argument_stands_for_all_that_follow() {
        let join = find("join").unwrap();
        assert_eq!([0, 1, 7].map(|at| join.argument(at)), [T, V, V]);
        assert_eq!(find("timeStamp"), None, "names of helpers are case-sensitive");
    }
}
