//! What other programs call the words and keys of a job file.

/// A word of ours, and what people write for it.
type Synonyms = (&'static str, &'static [&'static str]);

const WORDS: &[Synonyms] = &[
    ("update", &["overwrite", "replace", "upsert", "merge"]),
    ("skip", &["ignore", "leave"]),
    ("drop", &["remove", "delete", "strip", "discard"]),
    ("fail", &["error", "abort", "stop", "refuse"]),
    ("create", &["duplicate", "insert"]),
    ("migrate", &["copy", "move", "transfer", "promote"]),
    ("clone", &["duplicate"]),
    ("delete", &["remove"]),
    ("source", &["extract", "input", "from"]),
    ("target", &["generate", "destination", "output", "to"]),
    ("string", &["text", "str"]),
    ("number", &["int", "integer", "float", "decimal", "double"]),
    ("boolean", &["bool", "flag"]),
    ("stringarray", &["array", "list"]),
    ("date", &["datetime", "timestamp"]),
    ("full", &["true", "yes", "always", "all"]),
    ("ask", &["true", "yes", "confirm", "prompt"]),
    ("never", &["false", "no", "none", "off"]),
    ("none", &["false", "no", "never", "off"]),
    ("auto", &["max", "unlimited", "automatic", "default"]),
    ("rest", &["all", "remaining", "others", "100%"]),
];

const KEYS: &[Synonyms] = &[
    ("target", &["generate", "destination"]),
    ("source", &["extract"]),
    ("hard_coded", &["value", "constant", "fixed"]),
    ("find", &["from", "pattern", "regex", "search", "old"]),
    ("replace", &["to", "with", "replacement", "new"]),
    ("attempts", &["max", "retries", "tries", "times", "count"]),
    ("base", &["delay", "initial", "backoff", "interval"]),
    ("cap", &["max_delay", "limit"]),
    ("per_second", &["per_minute", "rps", "qps", "limit", "requests"]),
    ("failures", &["errors", "on_error", "max_failures", "max"]),
    ("names", &["name", "title", "titles", "pattern", "patterns", "imports"]),
    ("adaptor_types", &["type", "types", "adaptor", "adapter"]),
    ("modified_since", &["since", "updated_since", "last_modified"]),
    ("where", &["filter", "condition", "jq"]),
    ("manifest", &["file", "csv", "path"]),
    ("max_delete", &["limit", "max"]),
    ("path", &["folder", "directory", "url"]),
    ("url", &["host", "endpoint", "address", "origin"]),
    ("on_existing", &["on_conflict", "if_exists", "existing"]),
    ("transform", &["steps", "transforms", "changes"]),
    ("select", &["filter", "include", "imports"]),
    ("output", &["runs", "run_dir"]),
];

/// The word among those `known` that somebody means who writes another program's.
pub(super) fn word<'k>(written: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    meant(WORDS, written, known)
}

/// The same of a key.
pub(super) fn key<'k>(written: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    meant(KEYS, written, known)
}

fn meant<'k>(
    synonyms: &[Synonyms],
    written: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    let written = written.to_lowercase().replace('-', "_");
    let of = |(ours, theirs): &Synonyms| theirs.contains(&&*written).then_some(*ours);
    synonyms.iter().filter_map(of).find_map(|ours| known.clone().find(|known| *known == ours))
}
