//! `captured_data`, `match`, `on_existing`, `verify`, `concurrency`, `retry`, `stop`, `output`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::Reader;
use crate::job::tree::Node;
use crate::job::{Action, CapturedData, Limit, MatchBy, OnExisting, Retry, Stop, Verify, forms};

fn word<'n>(root: &'n Node, key: &str) -> Option<&'n str> {
    root.get(key).and_then(Node::text)
}

pub(super) fn count(node: &Node) -> Option<u32> {
    node.whole().and_then(|number| u32::try_from(number).ok())
}

fn limit(node: &Node) -> Option<Limit> {
    match node.text() {
        Some(text) => forms::percent(text).map(Limit::Share),
        None => count(node).map(Limit::Count),
    }
}

pub(super) fn captured_data(root: &Node) -> CapturedData {
    match word(root, "captured_data") {
        Some("drop") => CapturedData::Drop,
        _ => CapturedData::Keep,
    }
}

pub(super) fn match_by(root: &Node) -> MatchBy {
    match word(root, "match") {
        Some("external_id") => MatchBy::ExternalId,
        _ => MatchBy::Name,
    }
}

/// To restore is to put back; anything else leaves alone what is there unless it is told otherwise.
pub(super) fn on_existing(root: &Node, action: Action) -> OnExisting {
    match word(root, "on_existing") {
        None if action == Action::Restore => OnExisting::Update,
        Some("update") => OnExisting::Update,
        Some("create") => OnExisting::Create,
        Some("fail") => OnExisting::Fail,
        _ => OnExisting::Skip,
    }
}

pub(super) fn verify(root: &Node) -> Verify {
    match word(root, "verify") {
        Some("response") => Verify::Response,
        Some("none") => Verify::None,
        _ => Verify::Full,
    }
}

pub(super) fn concurrency(root: &Node) -> Option<NonZeroUsize> {
    let number = root.get("concurrency")?.whole()?;
    usize::try_from(number).ok().and_then(NonZeroUsize::new)
}

pub(super) fn stop(node: Option<&Node>) -> Stop {
    let Some(node) = node else { return Stop::default() };
    Stop {
        failures: node.get("failures").and_then(limit),
        consecutive: node.get("consecutive").and_then(count),
        differs: node.get("differs").and_then(limit),
    }
}

impl Reader<'_> {
    pub(super) fn retry(&mut self, node: Option<&Node>) -> Retry {
        let mut retry = Retry::default();
        let Some(node) = node else { return retry };
        let time = |key: &str| node.get(key).and_then(Node::text).and_then(forms::duration);
        if let Some(attempts) = node.get("attempts").and_then(count) {
            retry.attempts = attempts;
        }
        let (base, cap) = (time("base"), time("cap"));
        retry.base = base.unwrap_or(retry.base);
        // A base alone may be longer than the cap that holds without one.
        retry.cap = cap.unwrap_or(retry.cap.max(retry.base));
        let at = |key: &str| node.get(key).map_or(node.span, |node| node.span);
        if base.is_some_and(|base| base.is_zero()) {
            let help = "write at least `1ms`";
            self.report
                .error(at("base"), "`base` is no time at all: calls would be repeated at once")
                .help(help);
        }
        if retry.cap > Duration::from_mins(10) {
            let key = if cap.is_some() { "cap" } else { "base" };
            self.report
                .error(at(key), format!("`{key}` is longer than 10 minutes"))
                .help("write `10m` or less");
        } else if retry.base > retry.cap {
            let message = "`cap` is shorter than `base`, the first pause";
            self.report.error(at("cap"), message).help("the pauses grow from `base` to `cap`");
        }
        retry
    }

    pub(super) fn output(&mut self, root: &Node) -> PathBuf {
        let folder = self.env.folder.clone();
        let given = root.get("output").and_then(|node| self.path_from(node, &folder));
        given.unwrap_or_else(|| folder.join("runs"))
    }
}
