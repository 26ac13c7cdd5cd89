//! Decides whether a selection includes an import: by its keys, the names of what the import refers to, and what uses
//! the import.

use std::sync::Arc;

use crate::documents::Selector;
use crate::documents::document::read_tree;
use crate::documents::references::{Kind, ResourceIndex};
use crate::documents::selector::{Names, SelectorError};
use crate::inventory::flow_usage::{FlowUsage, UsedBy};
use crate::inventory::resource_index::ResourceNames;
use crate::model::Head;

/// A selector, and the data that it needs.
#[derive(Debug)]
pub(crate) struct SelectionMatcher<'a> {
    selector: &'a Selector,
    names: ResourceNames,
    usage: Arc<FlowUsage>,
    needs_flows: bool,
}

impl<'a> SelectionMatcher<'a> {
    /// `known` has the account's connections and integrations, and `usage` has what uses its imports, as far as
    /// `selector` names any.
    pub(crate) fn new(selector: &'a Selector, known: &ResourceIndex, usage: &Arc<FlowUsage>) -> Self {
        let needs_flows = selector.needs_flows();
        Self { selector, names: ResourceNames::of(known), usage: Arc::clone(usage), needs_flows }
    }

    /// Whether the selector includes an import with that head and text.
    ///
    /// # Errors
    ///
    /// A `where` failed on it.
    pub(crate) fn matches(&self, head: &Head, text: &str) -> Result<bool, SelectorError> {
        let used = if self.needs_flows { self.usage.of(&head.id, &self.names) } else { UsedBy::default() };
        let names = Names {
            connection: self.names.name(Kind::Connections, head.connection.as_ref()),
            integration: self.names.name(Kind::Integrations, head.integration.as_ref()),
            flows: &used.flows,
            integrations: &used.integrations,
        };
        self.selector.matches(head, names, &mut || read_tree(text.as_bytes()))
    }
}
