//! Transforms and resolves: from a document of the source to the document for the target. Pure.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::documents::hints::{drop_captured, migration_hints};
use crate::documents::normal::{Ignore, PrintedMembers, fingerprint, masks, remove_pointers};
use crate::documents::references::{PendingResource, Place, Resolution, Resolver, Rules};
use crate::documents::{Edited, Facts, Program, Touched, WrittenMembers};
use crate::inventory::offline_api::DAMAGED;
use crate::job::{Action, CapturedData, MatchBy};
use crate::model::{Fingerprint, Head, IdSet, ItemKey, Operation, Outcome};
use crate::planner::clone_call::{clone_call, keep_secrets};
use crate::planner::items::{as_it_was, blank, ended};
use crate::planner::likeness::touches;
use crate::planner::references::{judge, tell};
use crate::planner::repeated_update::RepeatedUpdate;
use crate::planner::request::PlannerRequest;
use crate::planner::wrong_name::{is_blank, wrong_name};
use crate::run_folder::plan_item::{ImportRef, PlanItem, Reason};
use crate::run_folder::reference_usage::{Reference, UsageSurvey};

/// Where a document says when it was last changed.
pub(crate) const MODIFIED: &str = "/lastModified";

/// What holds of a file only if the target does not have its very import, or has it in another state.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    /// Why it cannot be written.
    pub problem: Option<(Outcome, Reason)>,
    /// References that have no counterpart: they are no problem where the target's own import has the same.
    pub unresolved: Vec<Place>,
    /// Whether it has no name: then it can only match an import with its id that has no name either.
    pub nameless: bool,
    /// What a person should look at where it becomes a new import.
    pub hints: Vec<String>,
}

/// A document in preparation, before the contents of the target are known.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The item as far as it is known.
    pub item: PlanItem,
    /// The text of the document for the target; absent if nothing has to be written.
    pub wanted: Option<String>,
    /// What the item is matched by in the target.
    pub key: Option<String>,
    /// What the document is compared by; `None` where that is what is sent.
    pub print: Option<Fingerprint>,
    /// What has to be created first: the document holds placeholders in its stead.
    pub pending: Vec<PendingResource>,
    /// What holds of a file where the target does not have its very import.
    pub apart: Option<Apart>,
}

impl Prepared {
    /// An item without anything to write.
    pub(crate) fn over(item: PlanItem) -> Self {
        Self { item, wanted: None, key: None, print: None, pending: Vec::new(), apart: None }
    }
}

/// A document of the source as it was read.
pub(crate) struct SourceDocument<'t> {
    pub head: &'t Head,
    pub tree: Value,
    pub written: WrittenMembers<'t>,
}

/// What a document is prepared with; it is shared with the thread that prepares.
#[derive(Debug)]
pub(crate) struct TransformContext {
    action: Action,
    program: Arc<Program>,
    /// What the program may change.
    touched: Touched,
    references: Rules,
    captured_data: CapturedData,
    match_by: MatchBy,
    takes_apps: bool,
    in_place: bool,
    resolver: Option<Arc<Resolver>>,
    home: bool,
    ignore: Ignore,
    /// The imports of the source.
    imports: Arc<IdSet>,
    survey: Option<UsageSurvey>,
}

impl TransformContext {
    pub(crate) fn new(
        with: &PlannerRequest<'_>,
        resolver: Option<&Arc<Resolver>>,
        ignore: Ignore,
        imports: Arc<IdSet>,
    ) -> Self {
        let job = with.job;
        Self {
            action: job.action,
            program: Arc::clone(&job.program),
            touched: job.program.touches(),
            references: job.references.clone(),
            captured_data: job.captured_data,
            match_by: job.match_by,
            takes_apps: job.select.integration_apps,
            in_place: job.in_place(),
            resolver: resolver.cloned(),
            home: with.goes_home(),
            ignore,
            imports,
            survey: resolver.filter(|_| with.shows_references()).cloned().map(UsageSurvey::new),
        }
    }

    /// What is done.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// The references of all documents that were prepared, where that was asked for.
    pub(crate) fn references(&self) -> Vec<Reference> {
        self.survey.as_ref().map(|survey| survey.finish(&self.references)).unwrap_or_default()
    }

    /// Transforms one document and resolves its references. If it was written before, the result must be the same as
    /// then.
    pub(crate) fn prepare(
        &self,
        number: ItemKey,
        source: SourceDocument<'_>,
        facts: &Facts,
        again: Option<RepeatedUpdate>,
    ) -> Prepared {
        let SourceDocument { head, tree: source, written } = source;
        let (print, members) = self.printed(&source);
        let mut item = blank(number, head);
        item.source = Some(ImportRef {
            id: head.id.clone(),
            name: head.name.clone(),
            sha256: Some(print),
            modified: None,
        });
        let done = Prepared::over;
        if let Some(item) = self.as_it_is(item.clone(), head, &source) {
            return done(item);
        }
        let mut wanted = match again {
            None => match self.transform(source, facts, &mut item) {
                Ok(wanted) => wanted,
                Err(failed) => return done(*failed),
            },
            Some(again) => match again.end_without_write(&item, &source) {
                Some(item) => return done(item),
                None => Edited::between(source, again.wanted),
            },
        };
        if self.captured_data == CapturedData::Drop {
            drop_captured(&mut wanted);
        }
        self.name_a_clone(&mut wanted, head);
        self.survey(number, head, wanted.now());
        let resolution = self.resolve(&mut wanted, &mut item);
        let mut apart = Apart::default();
        match judge(&resolution, &self.references) {
            None => {}
            // Whether it stands so in the target is not known yet.
            Some(problem) if self.action == Action::Apply => {
                apart.problem = Some(problem);
                apart.unresolved = resolution.unresolved.into_iter().map(|one| one.place).collect();
            }
            Some((outcome, problem)) => {
                let key = self.match_by.key_of(wanted.now()).map(Cow::into_owned);
                return Prepared { key, ..done(ended(item, outcome, &problem.code, problem.message)) };
            }
        }
        let pending = resolution.pending;
        if self.action == Action::Apply
            && let Some(PlanItem { outcome: Some(outcome), problem: Some(problem), .. }) =
                self.owned_by_an_app(&item, head)
        {
            apart.problem = apart.problem.or(Some((outcome, problem)));
        }
        wanted.strip_server_fields();
        let mut sent = None;
        if self.action == Action::Update {
            // Whether there is anything to write comes before what could stand in the way of writing it.
            let print = self.print_again(members.as_ref(), &wanted);
            // Nothing is taken out of what is updated before it is sent.
            sent = members.is_some().then_some(print);
            if Some(print) == item.source.as_ref().and_then(|import_ref| import_ref.sha256) {
                return done(as_it_was(item, print, &wanted));
            }
            if let Some(item) = self.owned_by_an_app(&item, head) {
                return done(item);
            }
        }
        let name = wanted.now().get("name").and_then(Value::as_str);
        apart.nameless = self.action == Action::Apply && is_blank(&head.name) && name.is_none_or(is_blank);
        // A comparison with a backup of the account follows imports by their ids, as a restore does.
        let is_followed = self.action == Action::Compare && self.home;
        let keeps_its_name = is_followed && name.unwrap_or_default() == head.name;
        if !apart.nameless
            && !keeps_its_name
            && let Some((code, message)) = wrong_name((self.action, self.match_by), name, &head.name)
        {
            return done(ended(item, Outcome::Failed, code, message));
        }
        let name = name.unwrap_or_default();
        if pending.iter().any(|pending| name.contains(&pending.placeholder())) {
            let message = "its name contains the id of a resource that this run creates: it could not be matched by that name";
            return done(ended(item, Outcome::Failed, "unknown_name", message));
        }
        name.clone_into(&mut item.name);
        if let Err(masked) = self.leave_out_masks(&mut wanted, &mut item) {
            return done(*masked);
        }
        let needs_no_name = is_followed || self.action == Action::Restore;
        let nameless = || (needs_no_name && self.match_by == MatchBy::Name).then(String::new);
        let key = self.match_by.key_of(wanted.now()).map(Cow::into_owned).or_else(nameless);
        if matches!(self.action, Action::Migrate | Action::Clone | Action::Restore) {
            item.warnings.extend(migration_hints(&wanted, !self.in_place && !self.home));
        } else if self.action == Action::Apply {
            apart.hints = migration_hints(&wanted, true);
        }
        item.changes = wanted.changes();
        item.sent_sha256 = Some(match (sent, &members) {
            (Some(sent), _) => sent,
            (None, Some(_)) => self.print_again(members.as_ref(), &wanted),
            (None, None) => fingerprint(wanted.now()),
        });
        match self.action {
            Action::Update => {
                item.target = self.overwritten(&item, head);
                item.operation = Operation::Update;
                item.warnings.extend(migration_hints(&wanted, false));
            }
            Action::Clone => clone_call(&mut item, &wanted),
            Action::Restore if self.home => keep_secrets(&mut item, &wanted),
            _ => {}
        }
        // What has no name is matched by its `_id`, where that is enough, or was refused above.
        if key.is_none() && self.action != Action::Update && self.match_by == MatchBy::ExternalId {
            let message = "has no externalId to match it by; use `match: name`";
            return done(ended(item, Outcome::Conflict, "no_external_id", message));
        }
        let print = (!self.ignore.is_empty()).then(|| self.ignore.fingerprint(wanted.now()));
        item.compared_sha256 = print.filter(|_| !self.writes_what_it_ignores(&item, wanted.now()));
        let apart = (self.action == Action::Apply).then_some(apart);
        Prepared { item, wanted: Some(wanted.to_text(&written)), key, print, pending, apart }
    }

    /// Whether a step changes what the job leaves out of comparisons: that is shown, and approved with the rest.
    fn writes_what_it_ignores(&self, item: &PlanItem, wanted: &Value) -> bool {
        let changed: Vec<String> = item.changes.iter().map(|change| change.path.clone()).collect();
        let mut places = self.ignore.places(wanted).into_iter();
        places.any(|at| touches(&changed, &at)) || changed.iter().any(|path| self.ignore.covers(path))
    }

    /// Applies the steps of the job. If one fails, returns how the item ended.
    fn transform(&self, source: Value, facts: &Facts, item: &mut PlanItem) -> Result<Edited, Box<PlanItem>> {
        let mut wanted = Edited::new(source);
        let document = wanted.edit(&self.touched);
        match self.program.apply(document.take(), facts) {
            Ok(transformed) => {
                item.warnings.extend(transformed.warnings);
                *document = transformed.document;
                Ok(wanted)
            }
            Err(error) => {
                let code = if error.kind.is_empty() { "transform" } else { error.kind };
                Err(Box::new(ended(item.clone(), Outcome::Failed, code, error.to_string())))
            }
        }
    }

    /// Leaves out the secrets that the service shows only masked. Where writing the document back would erase them, gives back
    /// how the item ended.
    fn leave_out_masks(&self, wanted: &mut Edited, item: &mut PlanItem) -> Result<(), Box<PlanItem>> {
        let hidden = masks(wanted.now());
        match self.action {
            _ if hidden.is_empty() => {}
            // Both sides show the mask: what stands behind it is not known.
            Action::Compare => item
                .warnings
                .push(format!("secrets are shown only masked and were not compared: {}", hidden.join(", "))),
            Action::Update => {
                let message = format!(
                    "holds secrets that the service shows only masked ({}): writing it back would erase them. \
                     Change it by hand, or leave it out of `select`",
                    hidden.join(", ")
                );
                return Err(Box::new(ended(item.clone(), Outcome::Conflict, "masked_secret", message)));
            }
            _ => {
                let masked = Touched::at(hidden.iter().map(String::as_str));
                remove_pointers(wanted.edit(&masked), &hidden);
                item.secrets = hidden;
            }
        }
        Ok(())
    }

    /// The fingerprint of a document, and what spares its members from being read again once some of them changed.
    fn printed(&self, source: &Value) -> (Fingerprint, Option<PrintedMembers>) {
        if !self.ignore.is_empty() || matches!(self.action, Action::Backup | Action::Delete) {
            return (self.ignore.fingerprint(source), None);
        }
        let (print, members) = PrintedMembers::of(source);
        (print, Some(members))
    }

    /// The fingerprint of the result.
    fn print_again(&self, members: Option<&PrintedMembers>, wanted: &Edited) -> Fingerprint {
        match members {
            Some(members) => members.again(wanted.now(), |key| wanted.may_have_changed(key)),
            None => self.ignore.fingerprint(wanted.now()),
        }
    }

    /// Replaces references with those of the target, and reports the results.
    fn resolve(&self, wanted: &mut Edited, item: &mut PlanItem) -> Resolution {
        let Some(resolver) = &self.resolver else { return Resolution::default() };
        let found = resolver.find(wanted.now());
        let resolution = resolver.resolve_found(wanted.edit(&found.touched()), found);
        tell(&resolution, &self.imports, item);
        resolution
    }

    /// The item of an import that is not transformed: kept or removed as it is, or left alone.
    fn as_it_is(&self, mut item: PlanItem, head: &Head, source: &Value) -> Option<PlanItem> {
        if self.action == Action::Backup {
            item.operation = Operation::Archive;
            item.sent_sha256 = item.source.as_ref().and_then(|import_ref| import_ref.sha256);
            return Some(item);
        }
        if let Some(damage) = source.get(DAMAGED).and_then(Value::as_str) {
            let message = format!("its backup cannot be read: {damage}");
            return Some(ended(item, Outcome::Failed, "damaged", message));
        }
        if !matches!(self.action, Action::Update | Action::Apply)
            && let Some(item) = self.owned_by_an_app(&item, head)
        {
            return Some(item);
        }
        if self.action == Action::Delete {
            self.survey(item.item, head, source);
            item.operation = Operation::Delete;
            item.target = self.overwritten(&item, head);
            return Some(item);
        }
        None
    }

    /// The import that is changed or removed where it stands, as it was read.
    fn overwritten(&self, item: &PlanItem, head: &Head) -> Option<ImportRef> {
        let modified = head.last_modified.clone().filter(|_| !self.ignore.covers(MODIFIED));
        item.source.clone().map(|source| ImportRef { modified, ..source })
    }

    /// The item of an import that an Integration App owns, and that the selection does not take. What goes back to its own
    /// account goes back to its own licence.
    fn owned_by_an_app(&self, item: &PlanItem, head: &Head) -> Option<PlanItem> {
        let goes_back = self.action == Action::Restore && self.home;
        if head.connector.is_none() || self.takes_apps || goes_back {
            return None;
        }
        let message = "belongs to an Integration App, whose licence does not travel with it; \
                       `select.integration_apps: true` takes it all the same";
        Some(ended(item.clone(), Outcome::Skipped, "integration_app", message))
    }

    fn survey(&self, number: ItemKey, head: &Head, document: &Value) {
        if let Some(survey) = &self.survey {
            survey.take(number, head, document);
        }
    }

    /// A clone without a new name gets the one that the service would give it; otherwise it would have the name of its
    /// source.
    fn name_a_clone(&self, wanted: &mut Edited, head: &Head) {
        if self.action != Action::Clone {
            return;
        }
        if let Some(name) = wanted.edit(&Touched::members(["name"])).get_mut("name")
            && name.as_str() == Some(&head.name)
        {
            *name = Value::from(format!("Clone - {}", head.name));
        }
    }
}
