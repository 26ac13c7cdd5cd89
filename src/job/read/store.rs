//! Where shared objects are: a folder, or the address of a bucket.

use std::path::PathBuf;

use super::Reader;
use crate::job::tree::Node;

/// The kinds of address that a store of objects may have; a test holds them against those that can be opened.
const KINDS: [&str; 9] = ["file", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl"];

impl Reader<'_> {
    /// Reads where the `what` of a job or fleet is: the address of a bucket as it is, a folder made absolute.
    pub(super) fn store(&mut self, node: &Node, what: &str) -> Option<String> {
        if self.holds_a_secret(node, node.text()?) {
            return None;
        }
        let text = self.expanded(node)?;
        let Some((kind, rest)) = text.split_once("://") else {
            // Without `.`, for people read it.
            return Some(self.path(node)?.components().collect::<PathBuf>().display().to_string());
        };
        let (message, help) = if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            let help = "the store's credentials come from its own variables, e.g. `AWS_ACCESS_KEY_ID`";
            (format!("the address of the {what} holds a user or password"), help)
        } else if rest.contains('?') {
            let help = "what a store needs beside its place comes from its own variables, e.g. `AWS_REGION`";
            (format!("the address of the {what} holds a query"), help)
        } else if !KINDS.contains(&kind) {
            let help = "name a folder, or an address with s3://, gs://, az:// or file://";
            (format!("`{kind}://` is not a supported {what}"), help)
        } else if kind == "file" && !rest.starts_with('/') {
            (
                format!("the address of the {what} has a host in it"),
                "write file:///folder, or only the folder",
            )
        } else {
            return Some(text);
        };
        self.report.error(node.span, message).help(help);
        None
    }
}
