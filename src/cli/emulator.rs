//! `emulator`: the service as a server on this machine.

use std::collections::HashMap;
use std::io::{Read as _, Write};
use std::path::Path;

use serde_json::json;
use tokio::net::TcpListener;

use super::args::{Emulator, EmulatorCommand, EmulatorReset, Format};
use super::exit::Exit;
use super::failure::{Failure, chain};
use super::faults_file::read_faults;
use super::say;
use super::world::CliContext;
use crate::emulator::{AccountRecord, AccountSpec, Options, Store, serve};
use crate::report::text::clean;

/// Carries out `emulator`.
pub(super) async fn emulator(world: &CliContext, args: &Emulator) -> Result<Exit, Failure> {
    if let Some(EmulatorCommand::Reset(args)) = &args.command {
        return reset(world, args);
    }
    world.text_or_json("emulator")?;
    let bad = |what: String| Failure::BadInput(what);
    let path = args.data.clone().unwrap_or_else(|| world.host.emulator_file());
    let faults = args.faults.as_deref().map(|path| read_faults(world, path)).transpose()?.unwrap_or_default();
    let loads = path.extension().is_some_and(|extension| extension == "json");
    let store = if loads {
        Store::in_memory()
    } else {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        Store::open(&path)
            .map_err(|error| bad(format!("cannot open {}: {}", path.display(), chain(&error))))?
    };
    let mut accounts = Vec::new();
    let tokens = args.tokens.as_deref().map(read_tokens).transpose()?.unwrap_or_default();
    for name in &args.accounts {
        let spec = if loads { AccountSpec::empty(name) } else { AccountSpec::seeded(name) };
        let spec = AccountSpec { token: tokens.get(name).cloned(), ..spec };
        let record = spec.open(&store).map_err(|error| bad(chain(&error)))?;
        if loads && accounts.is_empty() {
            load(&store, &record, &path)?;
        }
        accounts.push((spec, record));
    }
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(|error| bad(format!("cannot listen on port {}: {error}", args.port)))?;
    let url = format!("http://{}", listener.local_addr()?);
    let mut out = world.out();
    if world.global.format == Some(Format::Json) {
        let token = |(spec, record): &(AccountSpec, AccountRecord)| json!({ "name": spec.name, "token": record.token });
        let accounts: Vec<_> = accounts.iter().map(token).collect();
        writeln!(out, "{}", json!({ "url": url, "accounts": accounts }))?;
    } else {
        writeln!(out, "{url}")?;
        for (spec, record) in &accounts {
            writeln!(out, "account {} token {}", spec.name, record.token)?;
        }
    }
    out.flush()?;
    drop(out);
    let options = Options {
        accounts: accounts.into_iter().map(|(spec, _)| spec).collect(),
        behaviour: faults.behaviour,
        faults: faults.faults,
        control_endpoint: true,
        ..Options::default()
    };
    let stop = async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        let terminated = async {
            match &mut terminate {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
    };
    serve(listener, store, options, stop).await.map_err(|error| bad(chain(&error)))?;
    Ok(Exit::Done)
}

/// Forgets accounts of a data file that no server uses.
fn reset(world: &CliContext, args: &EmulatorReset) -> Result<Exit, Failure> {
    world.text_or_json("emulator reset")?;
    let path = args.data.clone().unwrap_or_else(|| world.host.emulator_file());
    let bad = |why: String| Failure::BadInput(format!("{}: {why}", path.display()));
    if !path.is_file() {
        return Err(bad("there is no such file: no emulator has stored data there".to_owned()));
    }
    let known = Store::reset(&path, &args.accounts).map_err(|error| bad(chain(&error)))?;
    let unknown: Vec<&String> = args.accounts.iter().filter(|name| !known.contains(name)).collect();
    world.document.set("reset", &known);
    world.document.set("unknown", &unknown);
    for name in &known {
        say(
            world,
            &format!("account {} was reset: it starts with its demo data when it is next used", clean(name)),
        );
    }
    if let Some(name) = unknown.first() {
        return Err(bad(format!("it has no data of an account {}", clean(name))));
    }
    Ok(Exit::Done)
}

/// The longest file of tokens that is read.
const TOKENS_LIMIT: u64 = 1 << 20;

fn read_tokens(path: &Path) -> Result<HashMap<String, String>, Failure> {
    let bad = |why: String| Failure::BadInput(format!("{}: {why}", path.display()));
    let mut text = String::new();
    // A pipe too: the tokens of a server may come from a command.
    std::fs::File::open(path)
        .and_then(|file| file.take(TOKENS_LIMIT).read_to_string(&mut text))
        .map_err(|error| bad(format!("cannot be read: {error}")))?;
    let mut tokens = HashMap::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let (name, token) =
            line.trim().rsplit_once(' ').ok_or_else(|| bad(format!("line {number} is not `NAME TOKEN`")))?;
        tokens.insert(name.trim().to_owned(), token.to_owned());
    }
    Ok(tokens)
}

fn load(store: &Store, account: &AccountRecord, path: &Path) -> Result<(), Failure> {
    let bad = |why: String| Failure::BadInput(format!("{}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => bad("there is no such file".to_owned()),
        _ => bad(error.to_string()),
    })?;
    let data: serde_json::Value = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
    store.load(account, &data).map_err(|error| bad(chain(&error)))?;
    Ok(())
}
