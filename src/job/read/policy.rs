//! The keys that control a run: how existing imports are handled, what is compared, how much at a time, when it stops.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use super::Reader;
use crate::documents::pointer::Pointer;
use crate::job::tree::Node;
use crate::job::{
    Action, CapturedData, Limit, MatchBy, Mirror, OnExisting, PageSize, Pause, Retry, Stop, Verify, Wave,
    Waves, forms,
};

/// How many accounts are backed up at once, if a job does not say.
const PARALLEL: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not 0");

fn word<'n>(root: &'n Node, key: &str) -> Option<&'n str> {
    root.get(key).and_then(Node::text)
}

pub(super) fn count(node: &Node) -> Option<u32> {
    node.whole().and_then(|number| u32::try_from(number).ok())
}

pub(super) fn limit(node: &Node) -> Option<Limit> {
    match node.text() {
        Some(text) => forms::percent(text).map(Limit::Share),
        None => count(node).map(Limit::Count),
    }
}

/// `parallel`: how many accounts at once.
pub(super) fn parallel(root: &Node) -> NonZeroUsize {
    let number = root.get("parallel").and_then(count).and_then(|number| usize::try_from(number).ok());
    number.and_then(NonZeroUsize::new).unwrap_or(PARALLEL)
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

pub(super) fn on_existing(root: &Node, action: Action) -> OnExisting {
    match word(root, "on_existing") {
        None => OnExisting::usual(action),
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

pub(super) fn page_size(root: &Node) -> PageSize {
    let number = root.get("page_size").and_then(count).and_then(NonZeroU32::new);
    number.map_or(PageSize::Auto, PageSize::Fixed)
}

pub(super) fn mirror(node: Option<&Node>) -> Option<Mirror> {
    Some(Mirror { max_delete: node?.get("max_delete").and_then(limit)? })
}

impl Reader<'_> {
    pub(super) fn stop(&mut self, node: Option<&Node>) -> Stop {
        let Some(node) = node else { return Stop::default() };
        let running = node.get("running").and_then(Node::flag).unwrap_or_default();
        let wait = node.get("wait");
        if let Some(wait) = wait.filter(|_| !running) {
            let message = "`wait` has no meaning without `running: true`";
            self.report.warning(wait.span, message).help("add `running: true`, or remove `wait`");
        }
        let usual = Stop::default();
        Stop {
            failures: node.get("failures").and_then(limit),
            consecutive: node.get("consecutive").and_then(count),
            differs: node.get("differs").and_then(limit),
            running,
            wait: wait.and_then(Node::text).and_then(forms::duration).unwrap_or(usual.wait),
        }
    }

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
        retry.patience = time("patience").unwrap_or(retry.patience);
        retry.timeout = time("timeout").unwrap_or(retry.timeout);
        let at = |key: &str| node.get(key).map_or(node.span, |node| node.span);
        if base.is_some_and(|base| base.is_zero()) {
            let help = "write at least `1ms`";
            self.report.error(at("base"), "`base` is zero: calls would be repeated at once").help(help);
        }
        if retry.timeout.is_zero() {
            self.report.error(at("timeout"), "`timeout` is zero").help("write `60s` or so");
        }
        let told = |time: Option<Duration>| time.is_some_and(|time| time > forms::SHORT);
        if retry.base > retry.cap && !told(base) {
            let message = "`cap` is shorter than `base`, the first pause";
            self.report.error(at("cap"), message).help("the pauses grow from `base` to `cap`");
        }
        retry
    }

    /// `ignore`: pointers, each checked.
    pub(super) fn ignore(&mut self, node: Option<&Node>) -> Vec<Pointer> {
        let mut pointers: Vec<Pointer> = Vec::new();
        for item in node.map(Node::items).unwrap_or_default() {
            let Some(text) = item.text().filter(|text| forms::Format::Pointer.fits(text)) else { continue };
            match Pointer::parse(text) {
                Ok(pointer) if pointers.contains(&pointer) => {
                    let message = format!("`ignore` lists `{text}` twice");
                    self.report.error(item.span, message).help("remove one of the two");
                }
                Ok(pointer) => {
                    if let Some(field) = pointer.server_field() {
                        let message = format!("`{field}` is managed by the service and never compared");
                        self.report.warning(item.span, message).help("remove it from `ignore`");
                    }
                    pointers.push(pointer);
                }
                Err(problem) => {
                    self.report.error(item.span, problem.message).maybe_help(problem.help);
                }
            }
        }
        pointers
    }

    /// `waves` and `pause`.
    pub(super) fn waves(&mut self, root: &Node) -> Option<Waves> {
        let given = root.get("pause");
        let pause = match given.and_then(Node::text) {
            Some("never") => Pause::Never,
            Some(text) => forms::duration(text).map_or(Pause::Ask, Pause::For),
            None => Pause::Ask,
        };
        let Some(node) = root.get("waves") else {
            if let Some(given) = given {
                let message = "`pause` has no meaning without `waves`";
                self.report.error(given.span, message).help("add `waves: [1, 10, rest]`, or remove `pause`");
            }
            return None;
        };
        let mut sizes = Vec::new();
        let items = node.items();
        for (index, item) in items.iter().enumerate() {
            let is_last = index + 1 == items.len();
            if item.text() == Some("rest") {
                sizes.push(Wave::Rest);
                if !is_last {
                    let message = "`rest` is not the last wave: nothing is left for the next";
                    self.report.error(item.span, message).help("write `rest` last");
                }
                continue;
            }
            sizes.extend(limit(item).map(Wave::Of));
            if is_last && !sizes.contains(&Wave::Rest) {
                let message =
                    "the last wave is not `rest`: the imports that are left are written as one more wave";
                self.report
                    .warning(item.span, message)
                    .help("end the list with `rest`; to write only some imports, use `--limit`");
                sizes.push(Wave::Rest);
            }
        }
        (!sizes.is_empty()).then_some(Waves { sizes, pause })
    }

    pub(super) fn output(&mut self, root: &Node) -> PathBuf {
        let folder = self.env.folder.clone();
        let given = root.get("output").and_then(|node| self.path_from(node, &folder));
        given.unwrap_or_else(|| folder.join("runs"))
    }
}
