//! Opens the ends of a job: accounts, the embedded emulator, archives, folders of files.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use futures::future::OptionFuture;
use url::Url;

use super::archives::{IfAbsent, find_snapshot, from_the_future, key_of, open_for_job};
use super::emulator_server::{EMULATOR_SERVER, served};
use super::endpoint::{Endpoint, Purpose};
use super::{Host, SessionError};
use crate::api::{
    Access, BudgetOptions, ClientOptions, Concurrency, HttpOptions, RenewToken, RetryPolicy, Token, connect,
};
use crate::archive::{self, ArchiveError, Listing, Snapshot};
use crate::emulator::Embedded;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::folder_api::folder;
use crate::inventory::offline_api::closed;
use crate::inventory::related::Backups;
use crate::inventory::snapshot_api::snapshot_account;
use crate::job::{self, AccountPlace, FilesRead, PageSize, Settings, secret};
use crate::model::chain;
use crate::run_folder::plan_item::AccountFacts;
/// Both ends of a job, and what a person should know about them.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) source: Endpoint,
    pub(super) target: Endpoint,
    pub(super) notes: Vec<String>,
}

/// Opens both ends of a job, and asks which user each token belongs to. In `settings` the snapshot that is read is
/// named, so a plan made with them stays a plan of that snapshot.
pub(super) async fn open_both(
    host: &Host,
    settings: &mut Settings,
    purpose: Purpose,
) -> Result<Ends, SessionError> {
    let mut notes = Vec::new();
    let wanted = [&settings.source, &settings.target];
    // Secrets first: nothing is sent, not even started, while one is missing.
    let mut tokens = tokens(host, &wanted, &mut notes)?.into_iter();
    let (token_of_source, token_of_target) = (tokens.next().flatten(), tokens.next().flatten());
    let keys = (key_of(host, &settings.source)?, key_of(host, &settings.target)?);
    let emulator = emulator(host, &wanted)?;
    let call = async |account: &job::Account, token: Option<Token>| {
        open_account(host, settings, account, token, emulator.as_ref(), purpose).await
    };
    let is_one =
        settings.source.name == settings.target.name && settings.source.place == settings.target.place;
    let is_called = |account: &job::Account| {
        matches!(account.place, AccountPlace::Service { .. } | AccountPlace::Emulator { .. })
    };
    let (source, opened) = match &settings.source.place {
        AccountPlace::Archive { .. } => {
            // First whose token it is: it tells which backups are meant.
            let target = if is_called(&settings.target) {
                Some(call(&settings.target, token_of_target.clone()).await?)
            } else {
                None
            };
            let user = target.as_ref().and_then(|target| user_of(&settings.source, target));
            (open_snapshot(host, &settings.source, keys.0, user, &mut notes).await?, target)
        }
        AccountPlace::Folder { path, read } => (open_files(path, read, &settings.source.name)?, None),
        AccountPlace::Service { .. } | AccountPlace::Emulator { .. } => {
            let both = !is_one && settings.backup.is_none() && is_called(&settings.target);
            let source = told_apart(call(&settings.source, token_of_source));
            let target = async {
                let target = both.then(|| told_apart(call(&settings.target, token_of_target.clone())));
                OptionFuture::from(target).await.transpose()
            };
            // Of both tokens it is told at the same time.
            match futures::try_join!(source, target)? {
                (Err(refused), other) => {
                    return Err(refused.with_others_refused(other.and_then(Result::err)).into());
                }
                (Ok(source), target) => (source, target.transpose()?),
            }
        }
    };
    let target = if settings.backup.is_some() {
        open_backup_target(host, settings, &source.account().facts, keys.1, purpose, &mut notes).await?
    } else if settings.target.place.is_archive() {
        let user = user_of(&settings.target, &source);
        open_snapshot(host, &settings.target, keys.1, user, &mut notes).await?
    } else if is_one {
        source.clone()
    } else if let Some(opened) = opened {
        opened
    } else {
        call(&settings.target, token_of_target).await?
    };
    let is_offline = matches!(source, Endpoint::Snapshot { .. } | Endpoint::Files { .. });
    if !is_offline && settings.backup.is_none() && settings.source.place != settings.target.place {
        notes.extend(same_user_twice(&source.account().facts, &target.account().facts));
    }
    name_snapshot(&mut settings.source, &source);
    name_snapshot(&mut settings.target, &target);
    Ok(Ends { source, target, notes })
}

/// An opened account, or its error if the token was refused; other failures are returned as the error.
async fn told_apart(
    opening: impl Future<Output = Result<Endpoint, SessionError>>,
) -> Result<Result<Endpoint, EngineError>, SessionError> {
    match opening.await {
        Err(SessionError::Engine(refused)) if refused.is_unauthorized() => Ok(Err(refused)),
        opened => opened.map(Ok),
    }
}

/// Opens what resuming a run needs: an archive or folder that was read already is not needed any more.
pub(super) async fn open_to_resume(
    host: &Host,
    settings: &mut Settings,
    source: &AccountFacts,
) -> Result<Ends, SessionError> {
    let is_read =
        settings.source.place.is_archive() || matches!(settings.source.place, AccountPlace::Folder { .. });
    let backup = settings.backup.is_some();
    if !is_read && !backup {
        return open_both(host, settings, Purpose::Writing).await;
    }
    let closed_source = Endpoint::Closed(closed(source.clone()));
    if backup {
        let key = key_of(host, &settings.target)?;
        let mut notes = Vec::new();
        let target = open_backup_target(host, settings, source, key, Purpose::Writing, &mut notes).await?;
        return Ok(Ends { source: closed_source, target, notes });
    }
    let (target, notes) = open_one(host, settings, &settings.target, Purpose::Writing).await?;
    Ok(Ends { source: closed_source, target, notes })
}

/// Opens one account or snapshot.
pub(super) async fn open_one(
    host: &Host,
    settings: &Settings,
    wanted: &job::Account,
    purpose: Purpose,
) -> Result<(Endpoint, Vec<String>), SessionError> {
    let mut notes = Vec::new();
    if wanted.place.is_archive() {
        let key = key_of(host, wanted)?;
        let endpoint = open_snapshot(host, wanted, key, None, &mut notes).await?;
        return Ok((endpoint, notes));
    }
    if let AccountPlace::Folder { path, read } = &wanted.place {
        return Ok((open_files(path, read, &wanted.name)?, notes));
    }
    let token = tokens(host, &[wanted], &mut notes)?.into_iter().next().flatten();
    let emulator = emulator(host, &[wanted])?;
    let endpoint = open_account(host, settings, wanted, token, emulator.as_ref(), purpose).await?;
    Ok((endpoint, notes))
}

fn tokens(
    host: &Host,
    wanted: &[&job::Account],
    notes: &mut Vec<String>,
) -> Result<Vec<Option<Token>>, SessionError> {
    let mut problems = Vec::new();
    let mut tokens = Vec::new();
    for account in wanted {
        let AccountPlace::Service { token, .. } = &account.place else {
            tokens.push(None);
            continue;
        };
        notes.extend(secret::exposure("token", token).map(|warning| format!("warning: {warning}")));
        match secret::resolve(token, &host.env) {
            Ok(secret) => tokens.push(Some(Token::from(secret))),
            Err(error) => problems.push(format!("account `{}`: {}", account.name, chain(&error))),
        }
    }
    problems.dedup();
    notes.dedup();
    if problems.is_empty() { Ok(tokens) } else { Err(SessionError::Refused(problems.join("\n"))) }
}

/// Starts the embedded emulator with the accounts that are in it, if there are any and it is not running already.
///
/// # Errors
///
/// Its data file cannot be opened.
pub fn emulator(host: &Host, wanted: &[&job::Account]) -> Result<Option<Arc<Embedded>>, SessionError> {
    let mut names: Vec<&str> = wanted
        .iter()
        .filter_map(|account| match &account.place {
            AccountPlace::Emulator { name } => Some(name.as_str()),
            AccountPlace::Service { .. } | AccountPlace::Archive { .. } | AccountPlace::Folder { .. } => None,
        })
        .collect();
    names.dedup();
    if names.is_empty() || host.emulator.is_some() {
        return Ok(host.emulator.clone());
    }
    if let Some(server) = host.env.get(EMULATOR_SERVER) {
        return served(Path::new(server)).map(Some);
    }
    let path = host.emulator_file();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            SessionError::Refused(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
    }
    let embedded = Embedded::start(&path, names).map_err(|error| {
        let why = chain(&error);
        SessionError::Refused(format!("cannot start the embedded emulator over {}: {why}", path.display()))
    })?;
    Ok(Some(Arc::new(embedded)))
}

async fn open_account(
    host: &Host,
    settings: &Settings,
    account: &job::Account,
    token: Option<Token>,
    emulator: Option<&Arc<Embedded>>,
    purpose: Purpose,
) -> Result<Endpoint, SessionError> {
    let bad = |why: String| SessionError::Refused(format!("account `{}`: {why}", account.name));
    let (access, emulator) = match &account.place {
        AccountPlace::Service { origin, token: source, .. } => {
            let token = token.ok_or_else(|| bad("has no token".to_owned()))?;
            let (source, env) = (source.clone(), host.env.clone());
            let renew =
                RenewToken::new(move || secret::resolve(&source, &env).map(Token::from).map_err(Into::into));
            (Access { origin: origin.clone(), token, renew: Some(renew) }, None)
        }
        AccountPlace::Emulator { name } => {
            let emulator = emulator.ok_or_else(|| bad("the emulator is not running".to_owned()))?;
            let url = Url::parse(emulator.url()).map_err(|error| bad(error.to_string()))?;
            let token =
                emulator.token(name).ok_or_else(|| bad("the emulator does not serve it".to_owned()))?;
            (Access { origin: url, token: Token::new(token), renew: None }, Some(emulator))
        }
        AccountPlace::Archive { .. } => return Err(bad("is an archive, which is not called".to_owned())),
        AccountPlace::Folder { .. } => {
            return Err(bad("is a folder of files, which is not called".to_owned()));
        }
    };
    let origin = account.place.origin().unwrap_or_default();
    let rate = account.rate;
    let options = ClientOptions {
        budget: BudgetOptions { per_second: rate.per_second, burst: rate.burst, share: rate.share },
        concurrency: settings.concurrency.map_or(Concurrency::Auto, Concurrency::Fixed),
        page_size: match settings.page_size {
            PageSize::Auto => ClientOptions::default().page_size,
            PageSize::Fixed(size) => size,
        },
        http: HttpOptions { call_timeout: settings.retry.timeout, ..host.http.clone() },
        retry: RetryPolicy {
            attempts: NonZeroU32::new(settings.retry.attempts).unwrap_or(NonZeroU32::MIN),
            base: settings.retry.base,
            cap: settings.retry.cap,
            patience: settings.retry.patience,
        },
        seed: Some(host.random.seed()),
        clock: host.clock.clone(),
    };
    let connected =
        connect(access, &options, purpose == Purpose::Reading).map_err(|error| bad(chain(&error)))?;
    connected.meter.listen(&host.events);
    let mut opened = Account {
        facts: AccountFacts { name: account.name.clone(), origin, user: None },
        client: connected.client,
        meter: connected.meter,
        clock: connected.clock,
        per_second: rate.per_second * rate.share,
        burst: f64::from(rate.burst) * 0.98,
        at_rest: false,
    };
    opened.identify().await?;
    Ok(match emulator {
        Some(emulator) => Endpoint::Emulator { account: opened, emulator: Arc::clone(emulator) },
        None => Endpoint::Service(opened),
    })
}

/// Opens the folder of files that an end of a job names.
fn open_files(path: &Path, read: &FilesRead, name: &str) -> Result<Endpoint, SessionError> {
    let files = read.or_open(path).map_err(|problems| SessionError::Job(Box::new(problems)))?;
    let incomplete = crate::archive::export::why_incomplete(path);
    Ok(Endpoint::Files { account: folder(&files, name)?, files, incomplete })
}

/// The user of the token that opened an account, if it is the account whose backups are meant.
fn user_of(backed_up: &job::Account, opened: &Endpoint) -> Option<String> {
    let AccountPlace::Archive { of, of_origin, .. } = &backed_up.place else { return None };
    let facts = &opened.account().facts;
    let is_meant = facts.name == *of && of_origin.as_ref().is_none_or(|origin| facts.origin == *origin);
    facts.user.clone().filter(|_| is_meant)
}

/// Opens the snapshot that an end of a job names.
async fn open_snapshot(
    host: &Host,
    account: &job::Account,
    key: Option<archive::Key>,
    user: Option<String>,
    notes: &mut Vec<String>,
) -> Result<Endpoint, SessionError> {
    let AccountPlace::Archive { place, .. } = &account.place else {
        return Err(SessionError::Refused(format!("account `{}` is not an archive", account.name)));
    };
    let archive = open_for_job(host, place, key, IfAbsent::Fail).await?;
    let (found, more) = find_snapshot(&archive, account, user.as_deref()).await?;
    notes.extend(more);
    let account = snapshot_account(archive, &found, &account.name).await?;
    Ok(Endpoint::Snapshot { account, snapshot: Box::new(found) })
}

/// Opens the archive that a backup goes to, with the last snapshot it is compared with.
async fn open_backup_target(
    host: &Host,
    settings: &Settings,
    source: &AccountFacts,
    key: Option<archive::Key>,
    purpose: Purpose,
    notes: &mut Vec<String>,
) -> Result<Endpoint, SessionError> {
    let target = &settings.target;
    let AccountPlace::Archive { place, .. } = &target.place else {
        return Err(SessionError::Refused("a backup goes to an archive".to_owned()));
    };
    let facts = AccountFacts { name: target.name.clone(), origin: format!("archive:{place}"), user: None };
    let if_absent = if purpose == Purpose::Writing { IfAbsent::Create } else { IfAbsent::Fail };
    let archive = match open_for_job(host, place, key, if_absent).await {
        // Before the first backup there is none, and a plan makes none.
        Err(SessionError::Engine(EngineError::Archive(ArchiveError::Absent { .. })))
            if purpose == Purpose::Reading =>
        {
            return Ok(Endpoint::BackupTarget { account: closed(facts), backups: None });
        }
        opened => opened?,
    };
    if purpose == Purpose::Writing && !archive.is_for_several().await? {
        notes.push(format!(
            "warning: {place} does not honour conditional writes: only one backup at a time is safe there, and nothing can be \
             pruned"
        ));
    }
    let listing = archive.snapshots_to_read(&source.name).await?;
    notes.extend(from_the_future(&listing, &source.name));
    let newer = listing.passed_over(listing.latest(&source.name), Some(&source.name)).into_iter();
    notes.extend(newer.map(|(id, why)| format!("warning: snapshot {id} cannot be read ({why})")));
    let previous = last_like_it(listing, settings, source);
    let backups = Some(Box::new(Backups { archive, previous }));
    Ok(Endpoint::BackupTarget { account: closed(facts), backups })
}

/// The last snapshot of the same account and selection.
fn last_like_it(listing: Listing, settings: &Settings, source: &AccountFacts) -> Option<Snapshot> {
    let selection = settings.backup.as_ref().and_then(|backup| backup.selection.clone());
    // One dated in the future would be the last for ever.
    let future: Vec<_> = listing.future().map(|snapshot| snapshot.id.clone()).collect();
    listing.snapshots.into_iter().rev().find(|snapshot| {
        !future.contains(&snapshot.id)
            && snapshot.account.name == source.name
            && snapshot.account.origin == source.origin
            && snapshot.selection == selection
    })
}

/// Records which snapshot was read, so that a plan stays one of that snapshot.
fn name_snapshot(account: &mut job::Account, opened: &Endpoint) {
    if let (AccountPlace::Archive { snapshot, .. }, Endpoint::Snapshot { snapshot: read, .. }) =
        (&mut account.place, opened)
    {
        *snapshot = Some(read.id.to_string());
    }
}

/// Two names for one account are allowed, because a user may hold tokens of several environments, but a warning is
/// useful.
fn same_user_twice(one: &AccountFacts, other: &AccountFacts) -> Option<String> {
    (one.origin == other.origin && one.user.is_some() && one.user == other.user).then(|| {
        format!(
            "warning: the tokens of `{}` and `{}` belong to the same user of {}: make sure that they are of \
             different environments",
            one.name, other.name, one.origin
        )
    })
}
