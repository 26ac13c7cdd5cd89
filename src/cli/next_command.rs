//! Commands as they are suggested to people: pasted into the shell that this command was typed in, they do what is
//! meant.

use std::fmt::Display;
use std::path::Path;

use super::args::{Narrow, StandIn};
use super::world::CliContext;
use crate::model::shown::shell_word;

/// The command line of a next command for a run: `transship`, the command, the folder of the run, and the global
/// options that the next command needs as well.
pub(super) fn for_folder(world: &CliContext, command: &str, folder: &Path) -> String {
    format!("transship {command} {}{}", path(folder), global(world))
}

/// The global options of this command that decide what is reached, as far as they were given on the command line; the
/// environment stays the same.
pub(super) fn global(world: &CliContext) -> String {
    let told = |variable: &str, value: &dyn Display| {
        let value = value.to_string();
        (world.host.env.get(variable) != Some(value.as_str())).then_some(value)
    };
    let given = &world.global;
    let data = given.emulator_data.as_ref().and_then(|data| told("TRANSSHIP_EMULATOR_DATA", &data.display()));
    let ca = given.ca.as_ref().and_then(|ca| told("TRANSSHIP_CA", &ca.display()));
    // A proxy with a password is not shown on the screen.
    let proxy = given.proxy.as_ref().filter(|proxy| !proxy.contains('@'));
    let proxy = proxy.and_then(|proxy| told("TRANSSHIP_PROXY", proxy));
    let mut options = String::new();
    for (option, value) in [("--emulator-data", data), ("--ca", ca), ("--proxy", proxy)] {
        options.extend(value.map(|value| format!(" {option} {}", shell_word(&value))));
    }
    if given.http1 && world.host.env.get("TRANSSHIP_HTTP1").is_none() {
        options.push_str(" --http1");
    }
    options
}

/// The options that say which part of a job a command takes, and for which account.
pub(super) fn part(narrow: &Narrow, stand_in: &StandIn) -> String {
    let mut options = String::new();
    let mut option = |name: &str, value: &dyn Display| {
        options.push_str(&format!(" {name} {}", shell_word(&value.to_string())));
    };
    if let Some(accounts) = &stand_in.accounts {
        option("--accounts", &accounts.display());
    }
    if let Some(account) = &stand_in.account {
        option("--account", account);
        if stand_in.role != "source" {
            option("--as", &stand_in.role);
        }
    }
    for only in &narrow.only {
        option("--only", only);
    }
    if let Some(limit) = narrow.limit {
        option("--limit", &limit);
    }
    options
}

/// A path as a word of a command.
pub(super) fn path(path: &Path) -> String {
    shell_word(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_job_that_was_planned_is_the_one_that_is_told_to_be_run() {
        let nothing = Narrow { only: Vec::new(), limit: None };
        assert_eq!(part(&nothing, &StandIn::default()), "");
        let narrow = Narrow { only: vec!["Order *".to_owned()], limit: Some(5) };
        let stand_in = StandIn {
            account: Some("acme".to_owned()),
            accounts: Some("my accounts.csv".into()),
            role: "target".to_owned(),
        };
        assert_eq!(
            part(&narrow, &stand_in),
            " --accounts 'my accounts.csv' --account acme --as target --only 'Order *' --limit 5"
        );
    }
}
