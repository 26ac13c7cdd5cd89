//! The data about an import that templates and conditions can use in addition to its document.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::documents::Facts;
use crate::documents::references::{Kind, ResourceIndex};
use crate::inventory::flow_usage::{FlowUsage, UsedBy};
use crate::inventory::resource_index::ResourceNames;
use crate::model::{Head, Id, ItemKey};
use crate::planner::request::PlannerRequest;

/// What is known of imports beside their documents, for templates and conditions.
pub(crate) struct Known {
    names: ResourceNames,
    usage: Arc<FlowUsage>,
    needs_flows: bool,
    /// What is known of any import.
    of_all: Facts,
}

impl Known {
    pub(crate) fn new(with: &PlannerRequest<'_>, here: &ResourceIndex, usage: &Arc<FlowUsage>) -> Self {
        let job = with.job;
        // Whether a `when` of the job depends on what uses an import.
        let needs_flows = job.program.conditions().any(|(_, when)| when.needs_flows());
        let of_all = Facts {
            account: job.stand_in.as_ref().map(|row| row.columns.clone()).unwrap_or_default(),
            job_name: job.name.clone(),
            job_date: with.context.now.strftime("%Y-%m-%d").to_string(),
            job_action: job.action.as_str().to_owned(),
            ..Facts::default()
        };
        Self { names: ResourceNames::of(here), usage: Arc::clone(usage), needs_flows, of_all }
    }

    /// What is known of an import, with the columns of the row that names it.
    pub(crate) fn facts(&self, number: ItemKey, head: &Head, row: BTreeMap<String, String>) -> Facts {
        let name = |kind: Kind, id: &Option<Id>| self.names.name(kind, id.as_ref()).map(str::to_owned);
        let used = if self.needs_flows { self.usage.of(&head.id, &self.names) } else { UsedBy::default() };
        Facts {
            row,
            index: number.0,
            connection_name: name(Kind::Connections, &head.connection),
            integration_name: name(Kind::Integrations, &head.integration),
            flows: used.flows,
            integrations: used.integrations,
            ..self.of_all.clone()
        }
    }
}
