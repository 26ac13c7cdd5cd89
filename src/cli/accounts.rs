//! `accounts`: the user's own accounts, which every job may name.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::args::Format;
use super::args::accounts::{Accounts, AccountsCommand, Add, Names, Remove};
use super::exit::{Exit, worst};
use super::failure::{Failure, printed};
use super::signal;
use super::world::CliContext;
use crate::job::user::{self, UserAccounts};
use crate::job::{Account, AccountPlace, TokenSource};
use crate::job::{check_user_accounts, read_user_accounts};
use crate::model::cancel::Cancel;
use crate::report::text::{clean, fit, width};
use crate::session;

/// Runs `accounts list`, `add`, `test` or `remove`.
pub(super) async fn accounts(world: &CliContext, args: &Accounts) -> Result<Exit, Failure> {
    world.text_or_json("accounts")?;
    match &args.command {
        AccountsCommand::List => list(world),
        AccountsCommand::Add(args) => add(world, args),
        AccountsCommand::Test(args) => test(world, args).await,
        AccountsCommand::Remove(args) => remove(world, args),
    }
}

/// The file, and what it holds.
fn known(world: &CliContext) -> Result<(PathBuf, Option<UserAccounts>), Failure> {
    let path = user::path(&world.host.env).ok_or_else(|| {
        Failure::BadInput(
            "there is no home folder to keep accounts in: set TRANSSHIP_ACCOUNTS to a file".to_owned(),
        )
    })?;
    let known = read_user_accounts(&world.host.env, &world.host.clock)
        .map_err(|problems| Failure::of_job(&problems, world.color_err()))?;
    Ok((path, known))
}

fn is_json(world: &CliContext) -> bool {
    world.global.format == Some(Format::Json)
}

fn list(world: &CliContext) -> Result<Exit, Failure> {
    let (path, known) = known(world)?;
    let accounts = known.map(|known| known.accounts).unwrap_or_default();
    world.document.set("file", &path);
    world.document.set("accounts", accounts.iter().map(document).collect::<Vec<_>>());
    if is_json(world) {
        return Ok(Exit::Done);
    }
    let mut out = world.out();
    let rows: Vec<[String; 3]> = accounts
        .iter()
        .map(|account| [clean(&account.name), clean(&place(account)), clean(&token(account))])
        .collect();
    let room = |column: usize, head: &str| {
        rows.iter().map(|row| width(&row[column])).max().unwrap_or_default().max(width(head))
    };
    let (names, places) = (room(0, "name"), room(1, "where"));
    printed((|| {
        if rows.is_empty() {
            writeln!(out, "no accounts in {}", path.display())?;
        } else {
            writeln!(out, "{}  {}  token", fit("name", names), fit("where", places))?;
        }
        for [name, place, token] in &rows {
            writeln!(out, "{}  {}  {token}", fit(name, names), fit(place, places))?;
        }
        out.flush()?;
        Ok(())
    })())?;
    Ok(Exit::Done)
}

fn place(account: &Account) -> String {
    match &account.place {
        AccountPlace::Service { origin, .. } => origin.as_str().trim_end_matches('/').to_owned(),
        AccountPlace::Emulator { name } => format!("emulator {name}"),
        AccountPlace::Folder { path, .. } => path.display().to_string(),
        AccountPlace::Archive { place, .. } => place.clone(),
    }
}

fn token(account: &Account) -> String {
    let AccountPlace::Service { token, .. } = &account.place else { return "none needed".to_owned() };
    match token {
        TokenSource::Env(name) => format!("variable {name}"),
        TokenSource::File(path) => format!("file {}", path.display()),
        TokenSource::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
        TokenSource::Keyring(name) => format!("keyring {name}"),
    }
}

fn document(account: &Account) -> Value {
    json!({ "name": account.name, "where": place(account), "token": token(account) })
}

fn add(world: &CliContext, args: &Add) -> Result<Exit, Failure> {
    let (path, known) = known(world)?;
    let is_there = known.iter().flat_map(|known| &known.accounts).any(|account| account.name == args.name);
    if is_there {
        let message = format!(
            "{} holds an account `{}` already: `transship accounts remove` it first",
            path.display(),
            clean(&args.name)
        );
        return Err(Failure::BadInput(message));
    }
    let text = user::with(known.as_ref(), &args.name, &entry(args)?);
    let after = check_user_accounts(&path, &text, &world.host.env, &world.host.clock)
        .map_err(|problems| Failure::of_job(&problems, world.color_err()))?;
    if !after.accounts.iter().any(|account| account.name == args.name) {
        let message = format!("{} cannot be edited automatically: add the account by hand", path.display());
        return Err(Failure::BadInput(message));
    }
    session::write_private(&path, &text)?;
    done(world, "added", &args.name, &path)
}

/// The account as YAML on one line; JSON texts are YAML texts.
fn entry(args: &Add) -> Result<String, Failure> {
    let text = |text: &str| Value::from(text).to_string();
    if let Some(emulator) = &args.emulator {
        return Ok(format!("{{ emulator: {} }}", text(emulator)));
    }
    let token = if let Some(variable) = &args.token_env {
        format!("env: {}", text(variable))
    } else if let Some(file) = &args.token_file {
        let file = std::path::absolute(file)?;
        format!("file: {}", text(&file.display().to_string()))
    } else if let Some(name) = &args.token_keyring {
        format!("keyring: {}", text(name))
    } else if args.token_command.is_empty() {
        let message = "say where the token is: --token-env, --token-file, --token-command or --token-keyring";
        return Err(Failure::BadInput(message.to_owned()));
    } else {
        let words: Vec<String> = args.token_command.iter().map(|word| text(word)).collect();
        format!("command: [{}]", words.join(", "))
    };
    let place = match (&args.region, &args.url) {
        (Some(region), _) => format!("region: {region}"),
        (None, url) => format!("url: {}", text(url.as_deref().unwrap_or_default())),
    };
    Ok(format!("{{ {place}, token: {{ {token} }} }}"))
}

fn remove(world: &CliContext, args: &Remove) -> Result<Exit, Failure> {
    let (path, known) = known(world)?;
    let text = known.as_ref().and_then(|known| user::without(known, &args.name));
    let Some(text) = text else {
        let message = format!("{} holds no account `{}`", path.display(), clean(&args.name));
        return Err(Failure::BadInput(message));
    };
    check_user_accounts(&path, &text, &world.host.env, &world.host.clock).map_err(|_| {
        let path = path.display();
        Failure::BadInput(format!("{path} cannot be edited automatically: remove the account by hand"))
    })?;
    session::write_private(&path, &text)?;
    done(world, "removed", &args.name, &path)
}

fn done(world: &CliContext, verb: &str, name: &str, path: &std::path::Path) -> Result<Exit, Failure> {
    world.document.set("file", path);
    world.document.set(verb, name);
    if !is_json(world) && !world.global.quiet {
        let mut out = world.out();
        writeln!(out, "{verb} `{}`: {}", clean(name), path.display())?;
        out.flush()?;
    }
    Ok(Exit::Done)
}

/// Asks the service which user each token belongs to, one account after the other; a failure does not stop the
/// others.
async fn test(world: &CliContext, args: &Names) -> Result<Exit, Failure> {
    let (path, known) = known(world)?;
    let accounts = known.map(|known| known.accounts).unwrap_or_default();
    let unknown = args.names.iter().find(|name| !accounts.iter().any(|account| account.name == **name));
    if let Some(name) = unknown {
        let message = format!("{} holds no account `{}`", path.display(), clean(name));
        return Err(Failure::BadInput(message));
    }
    let wanted = |account: &&Account| args.names.is_empty() || args.names.contains(&account.name);
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let mut exits = Vec::new();
    for account in accounts.iter().filter(wanted) {
        let name = clean(&account.name);
        match session::whose(&world.host, account, &cancel).await.map_err(Failure::from) {
            Ok(facts) => {
                let user = facts.user.as_deref().unwrap_or("unknown");
                if !is_json(world) {
                    let mut out = world.out();
                    writeln!(
                        out,
                        "{name}: {} accepts the token of user {}",
                        clean(&facts.origin),
                        clean(user)
                    )?;
                    out.flush()?;
                }
                let mut found = json!(facts);
                found["ok"] = true.into();
                world.document.push("accounts", found);
                exits.push(Exit::Done);
            }
            Err(failure) => {
                let found = json!({ "name": account.name, "ok": false, "error": failure.document() });
                world.document.push("accounts", found);
                exits.push(failure.report(&world.stderr));
                if failure.exit() == Exit::Interrupted {
                    break;
                }
            }
        }
    }
    Ok(worst(exits))
}
