//! From the accounts of a job to accounts that can be called.

use std::num::NonZeroU32;
use std::sync::Arc;

use url::Url;

use super::failure::Failure;
use super::shelves;
use super::world::CliContext;
use crate::api::{Access, BudgetOptions, ClientOptions, Concurrency, RetryPolicy, Token, connect};
use crate::emulator::Embedded;
use crate::inventory::endpoint::Account;
use crate::inventory::related::Backups;
use crate::inventory::snapshot_api::closed;
use crate::job::{self, AccountPlace, Settings, secret};
use crate::run_folder::plan_item::{AccountFacts, PlanHead};

/// The accounts of a job, connected; the emulator they may live in stops with them.
#[derive(Debug)]
pub(super) struct Accounts {
    pub source: Account,
    pub target: Account,
    /// The archive of a backup.
    pub backups: Option<Backups>,
    /// Whether a backup goes back to where it was made.
    pub home: bool,
    _emulator: Option<Arc<Embedded>>,
}

/// What the accounts are connected for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Reading only: nothing can be written to the service, and no archive is made.
    Reading,
    /// Carrying out a plan.
    Writing,
}

/// Connects source and target, and asks whose tokens they are. In `settings` the snapshot that is read is named, so that
/// a plan made with them stays a plan of that one.
pub(super) async fn accounts(
    world: &CliContext,
    settings: &mut Settings,
    what_for: For,
) -> Result<Accounts, Failure> {
    let wanted = [&settings.source, &settings.target];
    // Secrets first: nothing is sent, not even started, while one is missing.
    let tokens = tokens(world, &wanted)?;
    let keys = (shelves::key_of(world, &settings.source)?, shelves::key_of(world, &settings.target)?);
    let emulator = emulator(world, &wanted)?;
    let dry_run = what_for == For::Reading;
    let connect = async |account: &job::Account, token: Option<&Token>| -> Result<Account, Failure> {
        let mut account = open(world, settings, account, token, emulator.as_deref(), dry_run)?;
        account.identify().await?;
        Ok(account)
    };
    let (mut home, mut named) = (false, (None, None));
    let source = if settings.source.place.is_archive() {
        let (account, snapshot) = shelves::opened(world, &settings.source, keys.0).await?;
        named.0 = Some(snapshot);
        account
    } else {
        connect(&settings.source, tokens[0].as_ref()).await?
    };
    let mut backups = None;
    let target = if settings.shelved.is_some() {
        let (account, found) = shelves::for_backup(world, settings, &source.facts, keys.1, dry_run).await?;
        backups = found;
        account
    } else if settings.target.place.is_archive() {
        let (account, snapshot) = shelves::opened(world, &settings.target, keys.1).await?;
        named.1 = Some(snapshot);
        account
    } else if settings.source.name == settings.target.name && settings.source.place == settings.target.place {
        source.clone()
    } else {
        connect(&settings.target, tokens[1].as_ref()).await?
    };
    if let Some(snapshot) = &named.0 {
        home = shelves::is_home(&snapshot.account, &target.facts);
    } else if settings.shelved.is_none() && settings.source.place != settings.target.place {
        same_account_twice(world, &source, &target);
    }
    shelves::name_snapshot(&mut settings.source, named.0.as_ref());
    shelves::name_snapshot(&mut settings.target, named.1.as_ref());
    Ok(Accounts { source, target, backups, home, _emulator: emulator })
}

/// Connects what carrying out a plan needs, to go on with it: an archive that was read has told all it had to.
pub(super) async fn accounts_again(world: &CliContext, head: &PlanHead) -> Result<Accounts, Failure> {
    let mut settings = head.settings.clone();
    let archive_read = settings.source.place.is_archive();
    let backup = settings.shelved.is_some();
    if !archive_read && !backup {
        return accounts(world, &mut settings, For::Writing).await;
    }
    if backup {
        let key = shelves::key_of(world, &settings.target)?;
        let (target, backups) = shelves::for_backup(world, &settings, &head.source, key, false).await?;
        let source = closed(head.source.clone());
        return Ok(Accounts { source, target, backups, home: false, _emulator: None });
    }
    let (target, emulator) = account_for(world, &settings, &settings.target, For::Writing).await?;
    Ok(Accounts {
        source: closed(head.source.clone()),
        target,
        backups: None,
        home: false,
        _emulator: emulator,
    })
}

/// Connects one account, to read it.
pub(super) async fn account(
    world: &CliContext,
    settings: &Settings,
    wanted: &job::Account,
) -> Result<(Account, Option<Arc<Embedded>>), Failure> {
    if wanted.place.is_archive() {
        let key = shelves::key_of(world, wanted)?;
        return Ok((shelves::opened(world, wanted, key).await?.0, None));
    }
    account_for(world, settings, wanted, For::Reading).await
}

async fn account_for(
    world: &CliContext,
    settings: &Settings,
    wanted: &job::Account,
    what_for: For,
) -> Result<(Account, Option<Arc<Embedded>>), Failure> {
    let tokens = tokens(world, &[wanted])?;
    let emulator = emulator(world, &[wanted])?;
    let dry_run = what_for == For::Reading;
    let mut account = open(world, settings, wanted, tokens[0].as_ref(), emulator.as_deref(), dry_run)?;
    account.identify().await?;
    Ok((account, emulator))
}

fn tokens(world: &CliContext, wanted: &[&job::Account]) -> Result<Vec<Option<Token>>, Failure> {
    let mut problems = Vec::new();
    let mut tokens = Vec::new();
    for account in wanted {
        let AccountPlace::Service { token, .. } = &account.place else {
            tokens.push(None);
            continue;
        };
        if let Some(warning) = secret::exposure(token) {
            super::say(world, &format!("warning: {warning}"));
        }
        match secret::resolve(token, &world.env) {
            Ok(secret) => tokens.push(Some(Token::from(secret))),
            Err(error) => {
                problems.push(format!("account `{}`: {}", account.name, super::failure::chain(&error)));
            }
        }
    }
    problems.dedup();
    if problems.is_empty() { Ok(tokens) } else { Err(Failure::BadInput(problems.join("\n"))) }
}

/// Starts the embedded emulator with the accounts that live in it, if any do and it is not running already.
pub(super) fn emulator(
    world: &CliContext,
    wanted: &[&job::Account],
) -> Result<Option<Arc<Embedded>>, Failure> {
    let mut names: Vec<&str> = wanted
        .iter()
        .filter_map(|account| match &account.place {
            AccountPlace::Emulator { name } => Some(name.as_str()),
            AccountPlace::Service { .. } | AccountPlace::Archive { .. } | AccountPlace::Folder { .. } => None,
        })
        .collect();
    names.dedup();
    if names.is_empty() || world.emulator.is_some() {
        return Ok(world.emulator.clone());
    }
    let path = world.emulator_data();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::BadInput(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
    }
    let embedded = Embedded::start(&path, names).map_err(|error| {
        let why = super::failure::chain(&error);
        Failure::BadInput(format!("cannot start the embedded emulator over {}: {why}", path.display()))
    })?;
    Ok(Some(Arc::new(embedded)))
}

fn open(
    world: &CliContext,
    settings: &Settings,
    account: &job::Account,
    token: Option<&Token>,
    emulator: Option<&Embedded>,
    dry_run: bool,
) -> Result<Account, Failure> {
    let bad = |why: String| Failure::BadInput(format!("account `{}`: {why}", account.name));
    let (access, origin) = match &account.place {
        AccountPlace::Service { origin, .. } => {
            let token = token.cloned().ok_or_else(|| bad("has no token".to_owned()))?;
            (Access { origin: origin.clone(), token }, origin.as_str().trim_end_matches('/').to_owned())
        }
        AccountPlace::Emulator { name } => {
            let emulator = emulator.ok_or_else(|| bad("the emulator is not running".to_owned()))?;
            let url = Url::parse(emulator.url()).map_err(|error| bad(error.to_string()))?;
            let token =
                emulator.token(name).ok_or_else(|| bad("the emulator does not serve it".to_owned()))?;
            (Access { origin: url, token: Token::new(token) }, format!("emulator:{name}"))
        }
        AccountPlace::Archive { .. } => return Err(bad("is an archive, which is not called".to_owned())),
        AccountPlace::Folder { .. } => {
            return Err(bad("is a folder of files, which is not called".to_owned()));
        }
    };
    let rate = account.rate;
    let options = ClientOptions {
        budget: BudgetOptions { per_second: rate.per_second, burst: rate.burst, share: rate.share },
        concurrency: settings.concurrency.map_or(Concurrency::Auto, Concurrency::Fixed),
        retry: RetryPolicy {
            attempts: NonZeroU32::new(settings.retry.attempts).unwrap_or(NonZeroU32::MIN),
            base: settings.retry.base,
            cap: settings.retry.cap,
        },
        clock: world.clock.clone(),
        ..ClientOptions::default()
    };
    let connected = connect(access, &options, dry_run).map_err(|error| bad(super::failure::chain(&error)))?;
    Ok(Account {
        facts: AccountFacts { name: account.name.clone(), origin, user: None },
        client: connected.client,
        meter: connected.meter,
        clock: connected.clock,
        per_second: rate.per_second * rate.share,
        burst: f64::from(rate.burst) * 0.98,
    })
}

/// Two names for one account: allowed, for one user may hold tokens of several environments, but worth a word.
fn same_account_twice(world: &CliContext, source: &Account, target: &Account) {
    let (one, other) = (&source.facts, &target.facts);
    if one.origin == other.origin && one.user.is_some() && one.user == other.user {
        let text = format!(
            "warning: the tokens of `{}` and `{}` belong to the same user of {}: make sure that they are of \
             different environments",
            one.name, other.name, one.origin
        );
        super::say(world, &text);
    }
}
