//! What an action needs and what it cannot be combined with.

use super::Reader;
use crate::job::Action;
use crate::job::account::Account;
use crate::job::keys::SELECT;
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
                    self.report.error(spot(root, "target"), message).help("take `target` out");
                }
            }
            Action::Restore => {}
            Action::Apply => self.applies_a_folder(root),
            _ => self.in_one_account(root, action, source, target),
        }
        if matches!(action, Action::Update | Action::Delete | Action::Backup) {
            let help =
                "it decides what becomes of an import that is already in the target, for migrate and clone";
            self.refuse(root, &["on_existing", "match"], action, help);
        }
        if action != Action::Apply
            && let Some(folder) = root.get("source").and_then(|source| source.entry("folder"))
        {
            let message = format!("`folder` in `source` has no meaning for {}", action.as_str());
            self.report.error(folder.at, message).help("name an account, or write `action: apply`");
        }
        if !matches!(action, Action::Migrate | Action::Apply) {
            self.refuse(root, &["mirror"], action, "it is for migrate and apply: remove `mirror`");
        }
        if matches!(action, Action::Backup | Action::Compare) {
            self.refuse(root, &["waves", "pause"], action, "nothing is written to an account: remove it");
        }
        if action == Action::Compare {
            let help = "a comparison writes nothing: take it out";
            self.refuse(root, &["on_existing", "verify", "stop"], action, help);
        }
        if action == Action::Delete {
            self.refuse(
                root,
                &["transform"],
                action,
                "a deleted import is not changed: take `transform` out",
            );
            self.refuse(
                root,
                &["references"],
                action,
                "nothing is written that could refer: take `references` out",
            );
            self.needs_a_selection(root);
        }
        if matches!(action, Action::Delete | Action::Backup | Action::Compare) {
            self.refuse(root, &["captured_data"], action, "nothing is written: take `captured_data` out");
        }
        if action == Action::Backup {
            self.refuse(
                root,
                &["transform", "references"],
                action,
                "imports are read as they are: take it out",
            );
        }
        self.creates(root, action);
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
        } else {
            self.refuse(root, &["sources"], action, "several accounts are for backup: name one as `source`");
        }
        if matches!(action, Action::Backup | Action::Restore) {
            if !self.given(root, "archive") {
                let message = format!("{} needs `archive`", action.as_str());
                self.report.error(spot(root, "action"), message).help("add `archive: { path: FOLDER }`");
            }
        } else if action != Action::Compare {
            self.refuse(root, &["archive"], action, "it is for backup, restore and compare: take it out");
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
        if !self.given(root, "target") {
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
        if root.has("source") && root.has("sources") {
            let message = "the job holds both `source` and `sources`";
            self.report.error(spot(root, "sources"), message).help("keep one of the two");
        }
        if root.get("verify").and_then(Node::text).is_some_and(|word| word != "full") {
            let message = "a backup is always read back and compared";
            self.report
                .error(spot(root, "verify"), message)
                .help("take `verify` out, or write `verify: full`");
        }
        self.refuse(root, &["stop"], Action::Backup, "a backup is whole or does not count: take it out");
        let help = "a backup makes a new snapshot: take it out";
        self.refuse_inside(root, "archive", &["snapshot"], Action::Backup, help);
    }

    fn refuse_inside(&mut self, root: &Node, table: &str, keys: &[&str], action: Action, help: &str) {
        let Some(node) = root.get(table) else { return };
        for entry in node.entries().iter().filter(|entry| keys.contains(&entry.key.as_str())) {
            let message = format!("`{}` in `{table}` has no meaning for {}", entry.key, action.as_str());
            self.report.error(entry.at, message).help(help);
        }
    }

    /// `references.create`: only into another account, and only where what was made is found again by its name.
    fn creates(&mut self, root: &Node, action: Action) {
        let references = root.get("references");
        let Some(create) = references.and_then(|references| references.entry("create")) else { return };
        if matches!(action, Action::Update | Action::Clone | Action::Compare) {
            let message = format!("`create` in `references` has no meaning for {}", action.as_str());
            let help = match action {
                Action::Compare => "a comparison writes nothing: take it out",
                _ => "within one account nothing is missing: take it out, or write `action: migrate`",
            };
            self.report.error(create.at, message).help(help);
        }
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
                "take `target` out, or write `action: migrate` to copy into another account"
            } else {
                "take `target` out"
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

    fn refuse(&mut self, root: &Node, keys: &[&str], action: Action, help: &str) {
        for entry in root.entries().iter().filter(|entry| keys.contains(&entry.key.as_str())) {
            let message = format!("`{}` has no meaning for {}", entry.key, action.as_str());
            self.report.error(entry.at, message).help(help);
        }
    }
}

/// The value of a key, or the job itself.
fn spot(root: &Node, key: &str) -> crate::job::Span {
    root.get(key).map_or(root.span, |node| node.span)
}
