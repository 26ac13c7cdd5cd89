//! `config`: shows every setting with its value and its origin: flag, environment, job, user file or default.

use std::io::Write;

use clap::CommandFactory;
use clap::parser::ValueSource;
use serde::Serialize;

use super::args::{Cli, Config, Format};
use super::exit::Exit;
use super::failure::{Failure, printed};
use super::jobs::load_job;
use super::network::{no_proxy_variable, proxy_variable, shown_proxy};
use super::world::CliContext;
use crate::job::{Job, origin, user};
use crate::report::text::{clean, cut, fit, width};

/// A setting, and where its value comes from.
#[derive(Debug, Serialize)]
struct Setting {
    #[serde(rename = "setting")]
    name: String,
    value: Option<String>,
    /// `flag`, `environment`, `job`, `user file` or `default`.
    origin: &'static str,
    /// The option, variable, key or file that sets it.
    from: String,
}

/// Shows every setting with its value and its origin.
pub(super) fn config(world: &CliContext, args: &Config, matches: &clap::ArgMatches) -> Result<Exit, Failure> {
    world.text_or_json("config")?;
    // There the options of every command are, wherever they were given.
    let matches = matches.subcommand().map_or(matches, |(_, own)| own);
    let mut settings = options(world, matches);
    if let Some(path) = &args.job {
        let (job, _) = load_job(world, path, None)?;
        settings.extend(of_job(world, &job, &path.display().to_string()));
    }
    world.document.set("settings", &settings);
    if world.global.format != Some(Format::Json) {
        printed(table(world, &settings))?;
    }
    Ok(Exit::Done)
}

/// The options of every command and those of single commands that a variable may set.
fn options(world: &CliContext, matches: &clap::ArgMatches) -> Vec<Setting> {
    let mut command = Cli::command();
    command.build();
    let mut settings: Vec<Setting> = Vec::new();
    let global = command.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| (None, arg));
    let single = command.get_subcommands().flat_map(|command| {
        let own = command.get_arguments().filter(|arg| !arg.is_global_set() && arg.get_env().is_some());
        own.map(|arg| (Some(command.get_name()), arg))
    });
    for (command, arg) in global.chain(single) {
        let Some(long) = arg.get_long().filter(|long| !matches!(*long, "help" | "version")) else { continue };
        let setting = command.map_or_else(|| format!("--{long}"), |command| format!("{command} --{long}"));
        let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        let default = || {
            let values: Vec<String> =
                arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
            (!values.is_empty()).then(|| values.join(" "))
        };
        let given = command.is_none().then(|| matches.value_source(arg.get_id().as_str())).flatten();
        let from_variable = variable.as_ref().and_then(|name| world.host.env.get(name).map(str::to_owned));
        let (value, origin, from) = match (given, from_variable, &variable) {
            (Some(ValueSource::CommandLine), _, _) => {
                let raw = matches.get_raw(arg.get_id().as_str());
                let values: Vec<String> =
                    raw.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect();
                let value = if values.is_empty() { "given".to_owned() } else { values.join(" ") };
                (Some(value), "flag", format!("--{long}"))
            }
            (_, Some(value), Some(variable)) => (Some(value), "environment", variable.clone()),
            _ => (default(), "default", variable.unwrap_or_default()),
        };
        if long != "proxy" {
            settings.push(Setting { name: setting, value, origin, from });
            continue;
        }
        let value = value.as_deref().map(shown_proxy);
        let by_default = proxy_variable(&world.host.env).filter(|_| value.is_none());
        let (value, origin, from) = match by_default {
            Some(variable) => (Some(variable.shown()), "environment", variable.name.to_owned()),
            None => (value, origin, from),
        };
        settings.push(Setting { name: setting, value, origin, from });
        if let Some(variable) = by_default.and_then(|_| no_proxy_variable(&world.host.env)) {
            settings.push(Setting {
                name: "no proxy for".to_owned(),
                value: Some(variable.value.to_owned()),
                origin: "environment",
                from: variable.name.to_owned(),
            });
        }
    }
    let accounts = user::path(&world.host.env).map(|path| path.display().to_string());
    let (origin, from) = match world.host.env.get("TRANSSHIP_ACCOUNTS") {
        Some(_) => ("environment", "TRANSSHIP_ACCOUNTS"),
        None => ("default", "TRANSSHIP_ACCOUNTS"),
    };
    settings.push(Setting {
        name: "accounts file".to_owned(),
        value: accounts,
        origin,
        from: from.to_owned(),
    });
    settings.extend(VARIABLES.iter().map(|(name, variable)| variable_only(world, name, variable)));
    settings
}

/// What a variable sets that is not an option of every command.
const VARIABLES: [(&str, &str); 5] = [
    ("store", "TRANSSHIP_STORE"),
    ("archive key file", "TRANSSHIP_ARCHIVE_KEY_FILE"),
    ("archive passphrase", PASSPHRASE),
    ("archive passphrase file", "TRANSSHIP_ARCHIVE_PASSPHRASE_FILE"),
    ("pager", "TRANSSHIP_PAGER"),
];
const PASSPHRASE: &str = "TRANSSHIP_ARCHIVE_PASSPHRASE";

fn variable_only(world: &CliContext, name: &str, variable: &'static str) -> Setting {
    let value = world.host.env.get(variable).map(|value| match variable {
        PASSPHRASE => "***".to_owned(),
        _ => value.to_owned(),
    });
    let default = match variable {
        "TRANSSHIP_PAGER" => Some(world.host.env.get("PAGER").unwrap_or("less").to_owned()),
        _ => None,
    };
    let origin = if value.is_some() { "environment" } else { "default" };
    Setting { name: name.to_owned(), value: value.or(default), origin, from: variable.to_owned() }
}

fn of_job(world: &CliContext, job: &Job, path: &str) -> Vec<Setting> {
    let mut settings: Vec<Setting> = origin::settings(&job.text)
        .into_iter()
        .map(|origin::Setting { key, value, is_in_job }| {
            let (origin, from) = if is_in_job { ("job", path) } else { ("default", "") };
            Setting { name: key, value: Some(value), origin, from: from.to_owned() }
        })
        .collect();
    let users = user::path(&world.host.env).map(|path| path.display().to_string()).unwrap_or_default();
    for (role, account) in [("source", &job.source), ("target", &job.target)] {
        let is_own = job.own_accounts.contains(&account.name);
        let (origin, from) = if is_own { ("job", path) } else { ("user file", users.as_str()) };
        let value = Some(account.name.clone());
        settings.push(Setting { name: role.to_owned(), value, origin, from: from.to_owned() });
        let rate = account.rate;
        let rate = format!("{} a second, burst {}, share {}", rate.per_second, rate.burst, rate.share);
        let name = format!("{role} rate");
        settings.push(Setting { name, value: Some(rate), origin, from: from.to_owned() });
    }
    settings
}

/// The minimum width of a value, in columns.
const VALUE: usize = 16;

fn table(world: &CliContext, settings: &[Setting]) -> Result<(), Failure> {
    let mut out = world.out();
    let shown = |value: &Option<String>| clean(value.as_deref().unwrap_or("-"));
    let room = |of: &dyn Fn(&Setting) -> String, head: &str| {
        settings.iter().map(|setting| width(&of(setting))).max().unwrap_or(0).max(width(head))
    };
    let names = room(&|setting| setting.name.clone(), "setting");
    let origins = room(&|setting| setting.origin.to_owned(), "origin");
    let places = room(&|setting| clean(&setting.from), "from");
    // In a file or a pipe nothing is cut; on a terminal a value gives way, then the place that it comes from.
    let most = world.columns_out();
    let values = room(&|setting| shown(&setting.value), "value");
    let values = values.min(most.saturating_sub(names + origins + places + 6).max(VALUE));
    let mut line = |cells: [&str; 4]| {
        let [name, value, origin, from] = cells;
        let line = format!("{}  {}  {}  {from}", fit(name, names), fit(value, values), fit(origin, origins));
        writeln!(out, "{}", cut(line.trim_end(), most))
    };
    line(["setting", "value", "origin", "from"])?;
    for setting in settings {
        line([&setting.name, &shown(&setting.value), setting.origin, &clean(&setting.from)])?;
    }
    out.flush()?;
    Ok(())
}
