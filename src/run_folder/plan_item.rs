//! What a plan says about itself, about the accounts and about each item.

use serde::{Deserialize, Serialize};

use crate::documents::diff::Change;
use crate::documents::references::Kind;
use crate::job::{AccountPlace, Settings};
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome, RecordedAction, Verdict};
use crate::run_folder::document_file::Span;
use crate::run_folder::forecast::{Forecast, Write};
use crate::run_folder::import_users::Usage;
pub use crate::run_folder::witness::{Witness, Witnesses};

/// The version of the format.
pub const FORMAT: u32 = 1;

/// What a plan says at its head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanHead {
    /// The version of the format.
    pub version: u32,
    /// The program and its version.
    pub tool: String,
    /// `name` of the job.
    pub job: String,
    /// The action of its job, or that of an undo.
    pub action: RecordedAction,
    /// SHA-256 of the job file.
    pub job_sha256: Fingerprint,
    /// When the plan was made.
    pub made_at: jiff::Timestamp,
    /// Where imports come from.
    pub source: AccountFacts,
    /// Where they go.
    pub target: AccountFacts,
    /// How it is carried out.
    pub settings: Settings,
    /// Id of the run that this one undoes or retries; absent for any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_run: Option<String>,
}

/// A snapshot of an archive that a run reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRead {
    /// Id of the snapshot, which begins with its time: `20260301T020000Z`.
    pub id: String,
    /// When it was begun; `None` for a name that does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<jiff::Timestamp>,
    /// The account of the backup, as the job names it.
    pub account: String,
}

impl PlanHead {
    /// The snapshots that the run reads: those of a restore, and of a comparison with a backup.
    pub fn snapshots(&self) -> Vec<SnapshotRead> {
        let ends = [&self.settings.source, &self.settings.target];
        let read = ends.into_iter().filter_map(|end| match &end.place {
            AccountPlace::Archive { of, snapshot: Some(id), .. } => {
                Some(SnapshotRead { id: id.clone(), time: begun(id), account: of.clone() })
            }
            _ => None,
        });
        read.collect()
    }
}

/// The time that the name of a snapshot begins with: `20260301T020000Z`.
fn begun(id: &str) -> Option<jiff::Timestamp> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", id.get(..16)?).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(time).ok()
}

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Its name in the job.
    pub name: String,
    /// Scheme, host and port; `emulator:NAME` for one of the embedded emulator.
    pub origin: String,
    /// `_userId` of its token, where the service tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl AccountFacts {
    /// Whether it is the same account, whatever it is called.
    pub fn is_the_account(&self, other: &Self) -> bool {
        self.origin == other.origin && self.user == other.user
    }

    /// What messages call it: an account, or the folder whose files stand for one.
    pub fn described(&self) -> String {
        let what = if self.origin.starts_with("folder:") { "the folder" } else { "account" };
        format!("{what} `{}`", self.name)
    }

    /// Whether the tokens that opened the two belong to different users: to two accounts, or to two people of one.
    pub fn has_another_user(&self, other: &Self) -> bool {
        self.user.is_some() && other.user.is_some() && self.user != other.user
    }

    /// What to say where that is so, and the account is known to be the same all the same.
    pub fn another_user_of_it(&self) -> String {
        format!(
            "the token of `{}` belongs to another user than when this was planned: what was seen there then shows that it \
             opens the same account",
            self.name
        )
    }
}

/// An import on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRef {
    /// The import's id.
    pub id: Id,
    /// The import's name.
    pub name: String,
    /// Fingerprint of its normal form, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Fingerprint>,
    /// Its `lastModified` then, where that counts: a write refuses what moved since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
}

/// Why an item is not done, or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable word for programs, e.g. `ambiguous_name`.
    pub code: String,
    /// The sentence for people.
    pub message: String,
}

impl Reason {
    /// The reason of that code.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// One item of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanItem {
    /// Its number, from 1.
    pub item: ItemKey,
    /// What is done.
    pub operation: Operation,
    /// Its name in the target.
    pub name: String,
    /// The outcome, when it is known already and nothing is sent; else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The verdict, when it is known already; else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why nothing is sent; absent where something is, or nothing needs to be.
    #[serde(default, rename = "trouble", skip_serializing_if = "Option::is_none")]
    pub problem: Option<Reason>,
    /// What it is. The file names it where it is not an import.
    #[serde(default = "of_imports", skip_serializing_if = "is_imports")]
    pub kind: Kind,
    /// Items that come to their end before it begins. Where it holds the ids of what they create, those must be created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<ItemKey>,
    /// `adaptorType`; for what is not an import, the word of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptor_type: Option<String>,
    /// The import it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ImportRef>,
    /// The import that is there and is overwritten, removed or left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ImportRef>,
    /// Fingerprint of what is to stand in the target; where that holds placeholders, with those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_sha256: Option<Fingerprint>,
    /// Fingerprint of the same without what the job ignores, as an approved plan is compared; absent where that is the same,
    /// or where a step writes what is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_sha256: Option<Fingerprint>,
    /// Where the document stands in `wanted.jsonl`; absent in a plan without a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Span>,
    /// The body of the clone call; absent for what is not cloned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone: Option<serde_json::Value>,
    /// Whether a clone is followed by a PUT.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adjust: bool,
    /// Ids of imports of the same name that stood in the target already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namesakes: Vec<Id>,
    /// What changes, as a person would say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What a person should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What uses the import that is restored, by its old id: it has to be pointed to the new one, if there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Flows, APIs and tools of the target that use the import that is there, as far as that was read; see [`Usage`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<Id>,
    /// Flows, APIs and tools of the source that use the import that is copied, as far as that was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_in_source: Vec<Id>,
    /// JSON pointers of masked secrets, to be entered manually afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

fn of_imports() -> Kind {
    Kind::Imports
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_imports(kind: &Kind) -> bool {
    *kind == Kind::Imports
}

/// Warning of a plan: the restored import is created again.
pub const NOT_IN_BIN: &str = "the recycle bin no longer holds it: it is made anew, under a new id";
/// Reason of a comparison: the import is there and differs.
pub const DIFFERS: &str = "differs";
/// Reason of a comparison: the target has no such import.
pub const ONLY_IN_SOURCE: &str = "only_in_source";
/// Reason of a comparison: the source has no such import.
pub const ONLY_IN_TARGET: &str = "only_in_target";

/// What makes a comparison end with exit code 3.
const UNLIKE: [&str; 3] = [DIFFERS, ONLY_IN_SOURCE, ONLY_IN_TARGET];

impl From<&PlanItem> for Write {
    fn from(item: &PlanItem) -> Self {
        let (operation, adjust, anew) = (item.operation, item.adjust, item.is_not_in_bin());
        Self { operation, adjust, is_import: item.is_import(), anew }
    }
}

impl PlanItem {
    /// What a comparison found unlike on the two sides: [`DIFFERS`], [`ONLY_IN_SOURCE`] or [`ONLY_IN_TARGET`].
    pub fn unlike(&self) -> Option<&'static str> {
        let code = self.problem.as_ref().filter(|_| self.outcome == Some(Outcome::Skipped))?.code.as_str();
        UNLIKE.into_iter().find(|unlike| *unlike == code)
    }

    /// The word it is counted under in [`PlanTail::totals`].
    pub fn total(&self) -> &'static str {
        self.unlike().unwrap_or_else(|| self.outcome.map_or(self.operation.as_str(), Outcome::as_str))
    }

    /// The list it stands in: `imports`, `scripts`, ...
    pub fn list(&self) -> &'static str {
        self.kind.as_str()
    }

    /// Whether it is an import, and not a resource that one refers to or that refers to one.
    pub fn is_import(&self) -> bool {
        self.kind == Kind::Imports
    }

    /// What it is, in a sentence.
    pub fn noun(&self) -> &'static str {
        self.kind.singular()
    }

    /// Whether its document holds placeholders for the ids of what it needs.
    pub fn holds_placeholders(&self) -> bool {
        !self.needs.is_empty() && self.operation != Operation::Delete
    }

    /// The id that an import had when its backup was made.
    pub fn old_id(&self) -> Option<&Id> {
        self.source.as_ref().map(|source| &source.id).filter(|_| self.is_import())
    }

    /// Whether it deletes an import that the source no longer has.
    pub fn is_deletion(&self) -> bool {
        self.operation == Operation::Delete && self.source.is_none() && self.is_import()
    }

    /// Whether the import in the target has the id that it had in the source.
    pub fn keeps_its_id(&self) -> bool {
        self.source.as_ref().map(|source| &source.id) == self.target.as_ref().map(|target| &target.id)
    }

    /// Fingerprint of what is to stand in the target, by which it is recognised in another plan.
    pub fn approved_by(&self) -> Option<Fingerprint> {
        self.compared_sha256.or(self.sent_sha256)
    }

    /// Whether something is sent for it.
    pub fn is_work(&self) -> bool {
        self.operation != Operation::None
    }
}

/// The items of a plan that are no imports, of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCount {
    /// The number of items.
    pub items: u32,
    /// How many of the kind the target listed.
    pub listed: u64,
}

/// What a plan says at its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanTail {
    /// The number of items that were selected.
    pub selected: u32,
    /// Items by what is done or why not: the words of operations, of outcomes known already, and of what a comparison
    /// found unlike.
    pub totals: std::collections::BTreeMap<String, u32>,
    /// How many imports the target listed.
    pub target_listed: u64,
    /// Imports on a page of its list, as far as seen.
    pub target_page: u64,
    /// Whether imports of the target are listed by their adaptor only, or some are made that may be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub target_listed_apart: bool,
    /// Whether the target listed no imports although its flows use some: a person has to say that this is true.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub target_empty_but_used: bool,
    /// Whether the target holds imports, and none of those of the backup that is restored, not even in its recycle bin: a
    /// person has to say that it is the account of the backup.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub target_is_strange: bool,
    /// SHA-256 of `known.ids`, the ids of what stood in the target; only where something is to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_sha256: Option<Fingerprint>,
    /// Items that are no imports, by kind; none where no import needs any.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub others: std::collections::BTreeMap<Kind, KindCount>,
    /// Calls spent on making the plan, by purpose.
    pub spent: std::collections::BTreeMap<String, u64>,
    /// The calls to come.
    pub forecast: Forecast,
    /// How many imports are deleted because the source no longer has them: the last items of the plan, without a source.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    pub deletions: u32,
    /// How many imports the source no longer has and that stay, since something uses them.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    pub kept: u32,
    /// Documents that a backup keeps beside the imports, by kind.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub related: std::collections::BTreeMap<String, u64>,
    /// Kinds of which a backup could not read all documents.
    #[serde(default, skip_serializing_if = "std::collections::BTreeSet::is_empty")]
    pub lacks: std::collections::BTreeSet<String>,
    /// What uses the imports, as far as it was read.
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
    /// Names of the resources whose ids stand in changes, by id.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub names: std::collections::BTreeMap<String, String>,
    /// What a person should know of the plan as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the plan saw in the accounts, by which they are recognised later.
    #[serde(default)]
    pub witnesses: Witnesses,
}

impl PlanTail {
    /// Whether anything would be written.
    pub fn has_work(&self) -> bool {
        self.work() > 0
    }

    /// How many items would be written.
    pub fn work(&self) -> u64 {
        let words = Operation::ALL.iter().filter(|operation| **operation != Operation::None);
        words.filter_map(|operation| self.totals.get(operation.as_str())).copied().map(u64::from).sum()
    }

    /// How many items are imports.
    pub fn imports(&self) -> u32 {
        self.selected - self.others.values().map(|others| others.items).sum::<u32>().min(self.selected)
    }

    /// Whether the plan holds items that a person has to look at.
    pub fn needs_attention(&self) -> bool {
        let open =
            Outcome::ALL.iter().filter(|outcome| outcome.needs_attention()).map(|outcome| outcome.as_str());
        open.chain(UNLIKE).any(|word| self.totals.contains_key(word))
    }
}
