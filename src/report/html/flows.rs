//! Which flows, APIs and tools use what a run changed or copied.

use std::io::{self, Write};

use super::Page;
use super::escape::Text;
use crate::report::text::{count, number};
use crate::report::usage::{integration, sentence, user_state};
use crate::run_folder::import_users::UsageSummary;
use crate::run_folder::summary::Summary;

/// Flows, APIs and tools that are listed.
const MOST_USERS: usize = 20;

impl<W: Write> Page<W> {
    /// The flows, APIs and tools that use what was changed or removed, and those that use what was copied.
    pub(super) fn flows(&mut self, summary: &Summary) -> io::Result<()> {
        if let Some(usage) = &summary.usage {
            let lead = "that were changed or removed are used by";
            self.users("Flows that use what was changed", (&summary.target, lead), usage)?;
        }
        if let Some(usage) = &summary.usage_in_source {
            let lead = "that were copied are used there by";
            self.users("Flows that use what was copied", (&summary.source, lead), usage)?;
        }
        Ok(())
    }

    fn users(
        &mut self,
        heading: &str,
        (account, lead): (&str, &str),
        usage: &UsageSummary,
    ) -> io::Result<()> {
        write!(
            self.out,
            "<section>\n<h2>{heading}</h2>\n<p>The imports of <bdi>{}</bdi> {lead} {}.</p>\n",
            Text(account),
            Text(sentence(usage, "when the plan was made"))
        )?;
        if !usage.is_empty() {
            self.out.write_all(
                b"<table class=\"list counted\"><thead><tr><th>what</th><th>name</th><th>integration</th><th>when the plan was made</th>\
                  <th class=\"num\">imports</th></tr></thead><tbody>\n",
            )?;
            for affected in usage.users.iter().take(MOST_USERS) {
                let user = &affected.user;
                writeln!(
                    self.out,
                    "<tr><td>{}</td><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td><td>{}</td>\
                     <td class=\"num\" data-unit=\"{}\">{}</td></tr>",
                    user.kind.noun(),
                    Text(&user.name),
                    Text(integration(affected)),
                    user_state(user),
                    if affected.imports == 1 { "import" } else { "imports" },
                    number(affected.imports)
                )?;
            }
            self.out.write_all(b"</tbody></table>\n")?;
            let all = usage.flows + usage.apis + usage.tools;
            if let Some(more @ 1..) = all.checked_sub(u32::try_from(MOST_USERS).unwrap_or(u32::MAX)) {
                writeln!(self.out, "<p>And {}: plan.json lists them.</p>", count(more, "other", "others"))?;
            }
        }
        self.out.write_all(b"</section>\n")
    }
}
