//! What an action needs and what it cannot be combined with.

use super::Reader;
use crate::job::Action;
use crate::job::account::Account;
use crate::job::keys::{JOB, SELECT};
use crate::job::spec::Table;
use crate::job::tree::Node;

/// The keys of `select` that name imports; `exclude` alone names none.
const NAMING: &[&str] = &[
    "ids",
    "manifest",
    "names",
    "adaptor_types",
    "connections",
    "flows",
    "integrations",
    "modified_since",
    "where",
];

impl Reader<'_> {
    /// Reports every combination that makes no sense, and what to write instead.
    pub(super) fn rules(
        &mut self,
        root: &Node,
        action: Action,
        source: Option<&Account>,
        target: Option<&Account>,
    ) {
        self.needs_a_source(root, action);
        match action {
            Action::Compare if root.has("archive") => {}
            Action::Migrate | Action::Compare => self.between_accounts(root, action, source, target),
            Action::Backup => {
                let target = target.filter(|_| root.has("target"));
                if target.is_some()
                    && root.get("target").and_then(Node::text) != root.get("source").and_then(Node::text)
                {
                    let message = "a backup goes to its `archive`, but `target` is another account";
                    self.report.error(spot(root, "target"), message).help("remove `target`");
                }
            }
            Action::Restore => {}
            Action::Apply => self.applies_a_folder(root),
            _ => self.in_one_account(root, action, source, target),
        }
        self.refuse_for(root, &JOB, action);
        if action == Action::Delete {
            self.needs_a_selection(root);
        }
        self.creates(root);
        if action == Action::Update {
            let mapped = root.get("references").is_some_and(|node| node.has("map") || node.has("map_file"));
            let drops = root.get("captured_data").and_then(Node::text) == Some("drop");
            if !self.given(root, "transform") && !mapped && !drops {
                let help = "add `transform:` with what to change, or `references: { map: … }` to point them elsewhere";
                self.report
                    .error(spot(root, "action"), "update changes nothing: the job has no `transform`")
                    .help(help);
            }
        }
        if action == Action::Backup {
            self.backup(root);
        }
        if matches!(action, Action::Backup | Action::Restore) && !self.given(root, "archive") {
            let message = format!("{} needs `archive`", action.as_str());
            self.report.error(spot(root, "action"), message).help("add `archive: { path: FOLDER }`");
        }
    }

    /// An apply writes the files of a folder to an account.
    fn applies_a_folder(&mut self, root: &Node) {
        if root.get("source").is_some_and(|source| source.text().is_some()) {
            let message = "apply reads a folder of files, but `source` is an account";
            let help =
                "write `source: { folder: ./imports }`; to copy from an account, write `action: migrate`";
            self.report.error(spot(root, "source"), message).help(help);
        }
        if !self.given(root, "target") && self.stand_in.as_ref().is_none_or(|row| row.role != "target") {
            let message = "apply needs a `target`";
            let help = "add `target: ACCOUNT`: the account the files are written to";
            self.report.error(spot(root, "action"), message).help(help);
        }
    }

    /// Whether the job has the key, or one that is most likely meant for it: that one has been reported.
    fn given(&self, root: &Node, key: &str) -> bool {
        root.has(key) || self.meant.contains(&key)
    }

    fn needs_a_source(&mut self, root: &Node, action: Action) {
        let enough = self.given(root, "source")
            || self.stand_in.as_ref().is_some_and(|row| row.role == "source")
            || match action {
                Action::Backup => self.given(root, "sources"),
                Action::Restore => self.given(root, "target"),
                _ => false,
            };
        if !enough {
            let help = match action {
                Action::Backup => "add `source: ACCOUNT`, or `sources: [ACCOUNT, ACCOUNT]` for several",
                Action::Restore => "add `source: ACCOUNT`: the account whose backup is restored",
                Action::Apply => "add `source: { folder: ./imports }`: the folder whose files are applied",
                _ => "add `source: ACCOUNT`: the account the imports are read from",
            };
            self.report.error(root.span, "the job has no `source`").help(help);
        }
    }

    fn backup(&mut self, root: &Node) {
        if root.has("source") && root.has("sources") && self.stand_in.is_none() {
            let message = "the job holds both `source` and `sources`";
            self.report.error(spot(root, "sources"), message).help("keep one of the two");
        }
        if root.get("verify").and_then(Node::text).is_some_and(|word| word != "full") {
            let message = "a backup is always read back and compared";
            self.report.error(spot(root, "verify"), message).help("remove `verify`, or write `verify: full`");
        }
    }

    /// Refuses the keys that have no meaning for the action, as their table says.
    fn refuse_for(&mut self, node: &Node, table: &Table, action: Action) {
        for entry in node.entries() {
            let Some(key) = table.key(&entry.key) else { continue };
            // One of them was chosen, and that suits every action.
            if key.word == "sources" && self.stand_in.is_some() {
                continue;
            }
            if let Some(help) = key.refused_for(action) {
                let message = match table.noun {
                    Some(_) => format!("`{}` has no meaning for {}", entry.key, action.as_str()),
                    None => {
                        format!("`{}` in `{}` has no meaning for {}", entry.key, table.name, action.as_str())
                    }
                };
                self.report.error(entry.at, message).help(help);
            } else if let Some(inner) = key.holds.table() {
                self.refuse_for(&entry.node, inner, action);
            }
        }
    }

    /// `references.create`: only into another account, and only where what was made is found again by its name.
    fn creates(&mut self, root: &Node) {
        let references = root.get("references");
        let Some(create) = references.and_then(|references| references.entry("create")) else { return };
        if references.and_then(|references| references.get("by")).and_then(Node::text) == Some("none") {
            let message = "`create` needs `by: name`";
            let help = "a second run would not find what the first one made, and make it again";
            self.report.error(create.at, message).help(help);
        }
    }

    fn between_accounts(
        &mut self,
        root: &Node,
        action: Action,
        source: Option<&Account>,
        target: Option<&Account>,
    ) {
        if !self.given(root, "target") {
            let help = match action {
                Action::Compare => "add `target: ACCOUNT`: the account to compare with",
                _ => "add `target: ACCOUNT`; to copy within one account, write `action: clone`",
            };
            let message = format!("{} needs a `target`", action.as_str());
            self.report.error(spot(root, "action"), message).help(help);
            return;
        }
        let (Some(source), Some(target), true) = (source, target, root.has("target")) else { return };
        let help = match action {
            Action::Compare => "name two accounts",
            _ => {
                "to copy within one account, write `action: clone`; to change imports in place, `action: update`"
            }
        };
        if source.name == target.name {
            let message = format!("`source` and `target` are both `{}`", source.name);
            self.report.error(spot(root, "target"), message).help(help);
        } else if source.place == target.place {
            let message = format!("`{}` and `{}` are the same account", source.name, target.name);
            self.report.error(spot(root, "target"), message).help(help);
        }
    }

    fn in_one_account(
        &mut self,
        root: &Node,
        action: Action,
        source: Option<&Account>,
        target: Option<&Account>,
    ) {
        let (Some(source), Some(target)) = (source, target) else { return };
        if source.name != target.name {
            let message = format!("{} works within one account, but `target` is another", action.as_str());
            let help = if action == Action::Clone {
                "remove `target`, or write `action: migrate` to copy into another account"
            } else {
                "remove `target`"
            };
            self.report.error(spot(root, "target"), message).help(help);
        }
    }

    fn needs_a_selection(&mut self, root: &Node) {
        let select = root.get("select");
        let unknown = |select: &Node| select.entries().iter().any(|entry| SELECT.key(&entry.key).is_none());
        let names = |select: &Node| unknown(select) || NAMING.iter().any(|key| select.has(key));
        if !select.map_or_else(|| self.given(root, "select"), names) {
            let at = if select.is_some() { "select" } else { "action" };
            let message = "delete needs `select` to name something";
            self.report
                .error(spot(root, at), message)
                .help("to mean all, write `select: { names: [\"*\"] }`");
        }
    }
}

/// The value of a key, or the job itself.
fn spot(root: &Node, key: &str) -> crate::job::Span {
    root.get(key).map_or(root.span, |node| node.span)
}
