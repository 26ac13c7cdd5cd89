//! What templates and conditions know of an import beside its document.

use crate::documents::Facts;
use crate::documents::references::{Kind, ResourceIndex};
use crate::inventory::flow_usage::{FlowUsage, UsedBy};
use crate::inventory::resource_index::ResourceNames;
use crate::model::{Head, Id, ItemKey};
use crate::planner::request::PlanRequest;

/// What is known of imports beside their documents, for templates and conditions.
pub(crate) struct Known<'a> {
    names: ResourceNames,
    usage: &'a FlowUsage,
    needs_flows: bool,
    /// The date of the plan.
    date: String,
}

impl<'a> Known<'a> {
    pub(crate) fn new(with: &PlanRequest<'_>, here: &ResourceIndex, usage: &'a FlowUsage) -> Self {
        // Whether a `when` of the job goes by what uses an import.
        let needs_flows = with.job.program.conditions().any(|(_, when)| when.needs_flows());
        let date = with.context.now.strftime("%Y-%m-%d").to_string();
        Self { names: ResourceNames::of(here), usage, needs_flows, date }
    }

    /// What is known of an import.
    pub(crate) fn facts(
        &self,
        with: &PlanRequest<'_>,
        number: ItemKey,
        head: &Head,
        row: Option<u32>,
    ) -> Facts {
        let name = |kind: Kind, id: &Option<Id>| self.names.name(kind, id.as_ref()).map(str::to_owned);
        let row = row.and_then(|row| with.job.select.manifest.as_ref()?.rows.get(row as usize));
        let used = if self.needs_flows { self.usage.of(&head.id, &self.names) } else { UsedBy::default() };
        Facts {
            row: row.map(|row| row.columns.clone()).unwrap_or_default(),
            account: with.job.stand_in.as_ref().map(|row| row.columns.clone()).unwrap_or_default(),
            job_name: with.job.name.clone(),
            job_date: self.date.clone(),
            job_action: with.job.action.as_str().to_owned(),
            index: number.0,
            connection_name: name(Kind::Connections, &head.connection),
            integration_name: name(Kind::Integrations, &head.integration),
            flows: used.flows,
            integrations: used.integrations,
        }
    }
}
