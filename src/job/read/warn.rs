//! Likely mistakes in a valid job: reported, but not refused.

use std::sync::LazyLock;

use regex::Regex;

use super::Reader;
use crate::documents::schema::{ADAPTORS, adaptor_named};
use crate::job::account::Account;
use crate::job::check::check;
use crate::job::env::nearest;
use crate::job::forms::Format;
use crate::job::quoting::quoted;
use crate::job::spec::Type;
use crate::job::spreadsheet::mangled;
use crate::job::tree::Node;
use crate::job::{Action, Span, forms};
use crate::model::Id;

static SLOW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:test|match|capture|scan|splits|sub|gsub)\s*\(|\brecurse\b|\.\.")
        .expect("the pattern is valid")
});

/// A jq program that gives a name and does nothing else.
static NAMED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^\s*\.name\s*=\s*"[^"\\]*"\s*$"#).expect("the pattern is valid"));

/// The value of a step that gives every import one and the same name, and the step's key.
fn constant_name(step: &Node) -> Option<(&Node, &'static str)> {
    let is_constant = |node: &Node| {
        node.text()
            .is_some_and(|text| !text.trim().is_empty() && !text.contains("{{") && !text.contains("{%"))
    };
    let name = step.entries().iter().find(|entry| entry.key == "name");
    if let Some(name) = name.filter(|name| is_constant(&name.node)) {
        return Some((&name.node, "name"));
    }
    let below = |key: &str| step.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node);
    if let Some(name) = below("set").and_then(|set| set.get("/name")).filter(|name| is_constant(name)) {
        return Some((name, "set"));
    }
    let named = |operation: &&Node| {
        let is = |key: &str, words: &[&str]| {
            operation.get(key).and_then(Node::text).is_some_and(|text| words.contains(&text))
        };
        is("path", &["/name"]) && is("op", &["replace", "add"])
    };
    if let Some(operation) = below("patch").and_then(|patch| patch.items().iter().find(named)) {
        return operation.get("value").filter(|value| value.text().is_some()).map(|value| (value, "patch"));
    }
    if let Some(program) =
        below("jq").filter(|program| program.text().is_some_and(|text| NAMED.is_match(text)))
    {
        return Some((program, "jq"));
    }
    let rename = below("rename")?;
    let find = rename.get("find").and_then(Node::text)?.trim_start_matches('^').trim_end_matches('$');
    let replace = rename.get("replace")?;
    let finds_all =
        matches!(find, ".*" | ".+" | "(.*)" | "(.+)" | "(?s).*" | "(?s).+" | "[\\s\\S]*" | "[\\s\\S]+");
    (finds_all && !replace.text()?.contains('$')).then_some((replace, "rename"))
}

/// Whether a selection is for one import by its id or name.
fn is_for_one(select: &Node) -> bool {
    let list =
        |key: &str| select.entries().iter().find(|entry| entry.key == key).map(|entry| entry.node.items());
    let is_name = |node: &Node| {
        node.text().is_some_and(|text| !text.contains(['*', '?', '[', '{']) && !text.starts_with("re:"))
    };
    list("ids").is_some_and(|ids| ids.len() == 1)
        || list("names").is_some_and(|names| names.len() == 1 && is_name(&names[0]))
}

impl Reader<'_> {
    /// Looks for what is allowed and most likely not meant.
    pub(super) fn look_closer(&mut self, root: &Node, action: Action, accounts: &[Account]) {
        self.unused_accounts(root, action, accounts);
        if let Some(node) = root.get("concurrency")
            && let Some(number) = node.whole().filter(|number| (65..=1024).contains(number))
        {
            let message = format!("{number} calls in flight are more than the service is known to like");
            self.report.warning(node.span, message).help("`auto` finds what it bears, up to 64");
        }
        if let Some(node) = root.get("verify").filter(|node| node.text() == Some("none")) {
            let message = "nothing will be compared: every import ends as `not_checked`";
            self.report
                .warning(node.span, message)
                .help("`response` compares what the write answered, at no extra call");
        }
        if let Some(node) = root.get("on_existing").filter(|node| node.text() == Some("create"))
            && !root.has("match")
        {
            let message = "an import that is there and differs gets a second one of the same name beside it";
            self.report.warning(node.span, message).help("write `match:` too, to say that this is meant");
        }
        if let Some(select) = root.get("select") {
            self.condition(select);
        }
        for step in root.get("transform").map(Node::items).unwrap_or_default() {
            if let Some(when) = step.get("when") {
                self.condition(when);
            }
            if let Some(program) = step.get("jq") {
                self.slow_jq(program);
            }
            self.names_of_one_line(step);
            self.renames_to_itself(step);
            if let Some((node, key)) = constant_name(step)
                && ![root.get("select"), step.get("when")].into_iter().flatten().any(is_for_one)
            {
                let message =
                    format!("a `{key}` without a variable gives all selected imports the same name");
                let help = match key {
                    "rename" => "use a group of `find`, e.g. `$1`, or find only a part of the name",
                    "jq" => "make it of the old name, e.g. `.name |= \"EU \" + .`",
                    "patch" => "use the step `name` with a variable, e.g. `name: \"EU {{ name }}\"`",
                    _ => "use a variable, e.g. `{{ name }}` or `{{ row.name }}`",
                };
                self.report.warning(node.span, message).help(help);
            }
        }
        if action == Action::Clone {
            self.clones_without_a_name(root);
        }
    }

    /// A name is one line, also where a step gives it that gives anything.
    fn names_of_one_line(&mut self, step: &Node) {
        let set = step.get("set").and_then(|set| set.get("/name"));
        let patch = step.get("patch").map(Node::items).unwrap_or_default();
        let patched = patch.iter().filter(|one| one.get("path").and_then(Node::text) == Some("/name"));
        let replace = step.get("rename").and_then(|rename| rename.get("replace"));
        let patched = patched.filter_map(|one| one.get("value"));
        let line = Type::Text(Format::Line);
        for node in patched.chain(set).chain(replace) {
            if node.text().is_some_and(|text| text.contains(char::is_control)) {
                check(node, &line, "name", &mut self.report);
            }
        }
    }

    /// A rename of a field to the name that it has.
    fn renames_to_itself(&mut self, step: &Node) {
        let Some(row) = step.get("rename_field") else { return };
        let [from, to] = ["from", "to"].map(|key| row.get(key).and_then(|node| Some((node, node.text()?))));
        if let (Some((_, from)), Some((node, to))) = (from, to)
            && from.trim() == to.trim()
        {
            let message = "`from` and `to` are the same: nothing is renamed";
            self.report.warning(node.span, message).help("write the new name of the field under `to`");
        }
    }

    fn unused_accounts(&mut self, root: &Node, action: Action, accounts: &[Account]) {
        let used = |name: &str| {
            let listed = root.get("sources").map(Node::items).unwrap_or_default();
            listed.iter().any(|item| item.text() == Some(name))
                || self.slot.as_deref() == Some(name)
                || ["source", "target"].iter().any(|key| root.get(key).and_then(Node::text) == Some(name))
        };
        // A CSV of accounts may name any of them.
        if root.get("sources").is_some_and(|sources| sources.text().is_some()) {
            return;
        }
        // An item that is unused because its name is mistyped, or the key is missing, is reported as that.
        let is_known = |key: &str| {
            let name = root.get(key).and_then(Node::text);
            name.is_none_or(|name| accounts.iter().any(|account| account.name == name))
        };
        let needs_a_target = matches!(action, Action::Migrate | Action::Compare | Action::Apply);
        let keys: &[&str] = if needs_a_target { &["source", "target"] } else { &["source"] };
        let name = |key: &str| root.get(key).and_then(Node::text);
        if needs_a_target && name("source") == name("target") {
            return;
        }
        if !is_known("source") || !is_known("target") || !keys.iter().all(|key| root.has(key)) {
            return;
        }
        for entry in root.get("accounts").map(Node::entries).unwrap_or_default() {
            if !used(&entry.key) && accounts.iter().any(|account| account.name == entry.key) {
                let message = format!("the account `{}` is neither `source` nor `target`", entry.key);
                self.report.warning(entry.at, message).help("take it out, or use it");
            }
        }
    }

    fn condition(&mut self, node: &Node) {
        for item in node.get("ids").map(Node::items).unwrap_or_default() {
            if let Some((message, help)) = item.written().and_then(mangled) {
                self.report.error(item.span, message).help(help);
            } else if let Some(text) = item.written().filter(|text| !Id::looks_like(&Id::canonical(text))) {
                let message = format!("`{}` does not look like an id", crate::job::remedy::shorten(text));
                let help = if text.contains(|c: char| !c.is_ascii_hexdigit()) {
                    "ids seen so far are 24 digits of 0-9 and a-f; to select by name, write it under `names`"
                } else {
                    "ids seen so far are 24 digits of 0-9 and a-f"
                };
                self.report.warning(item.span, message).help(help);
            }
        }
        for item in node.get("names").map(Node::items).unwrap_or_default() {
            let Some(text) = item.text().filter(|text| !text.starts_with("re:")) else { continue };
            let between = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
            let inner = between.filter(|inner| !inner.is_empty());
            if inner.is_some() || text.starts_with('^') || text.starts_with(".*") {
                let pattern = quoted(&format!("re:{}", inner.unwrap_or(text)));
                let help = format!("a regular expression begins with `re:`: write {pattern}");
                let message = "this is read as a name, not as a regular expression";
                self.report.warning(item.span, message).help(help);
            }
        }
        for item in node.get("adaptor_types").map(Node::items).unwrap_or_default() {
            if let Some(text) = item.text().filter(|text| adaptor_named(text).is_none()) {
                let message =
                    format!("`{}` is not an adaptor type seen so far", crate::job::remedy::shorten(text));
                let help = nearest(text, ADAPTORS.iter().map(|adaptor| adaptor.name))
                    .map(|near| format!("did you mean `{near}`?"));
                self.report.warning(item.span, message).maybe_help(help);
            }
        }
        if let Some(since) = node.get("modified_since")
            && since.text().and_then(forms::moment).is_some_and(|moment| moment > self.now)
        {
            self.report.warning(since.span, "this time is yet to come: no import can be that new");
        }
        if let Some(filter) = node.get("where") {
            self.slow_jq(filter);
        }
        if let Some(exclude) = node.get("exclude") {
            self.condition(exclude);
        }
    }

    fn slow_jq(&mut self, node: &Node) {
        let Some(found) = node.text().and_then(|program| SLOW.find(program)) else { return };
        let word = found.as_str().trim_end_matches('(').trim_end();
        let (message, help) = if matches!(word, ".." | "recurse") {
            (
                format!("jq's `{word}` walks through every value of every import"),
                "name the path where you can",
            )
        } else {
            let help = "`rename`, or `names: [\"re:…\"]`, compile theirs once";
            (format!("jq's `{word}` compiles its pattern again for every import"), help)
        };
        let span: Span = node.part(&(found.start()..found.start() + word.len()));
        self.report.warning(span, message).help(help);
    }

    fn clones_without_a_name(&mut self, root: &Node) {
        let names = |step: &Node| {
            ["rename", "name", "jq", "patch"].iter().any(|key| step.has(key))
                || step.entries().iter().any(|entry| entry.key == "set" && entry.node.has("/name"))
        };
        let by_name = root.get("match").is_none_or(|node| node.text() == Some("name"));
        if by_name && !root.get("transform").map(Node::items).unwrap_or_default().iter().any(names) {
            let at = root.get("action").map_or(root.span, |node| node.span);
            let message =
                "no step names the clones: each is called as its original, with `Clone - ` before it";
            self.report
                .warning(at, message)
                .help("for other names, add `rename` or `name` under `transform`");
        }
    }
}
