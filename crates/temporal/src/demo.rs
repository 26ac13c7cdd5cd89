//! `demo`: a Temporal server, workers and emulated accounts on this machine; with `--chaos` what happens when they die.

mod processes;
mod server;
mod setting;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

use crate::args;
use crate::say;
use processes::{Worker, temporal_variables};
use server::Server;
use setting::Setting;

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is told how it stands.
const TELL: Duration = Duration::from_secs(5);
/// How long a server is down.
const DOWN: Duration = Duration::from_secs(5);
/// How long a worker is stopped: past its lease of 30 s and the patience of the one that takes it over.
const FROZEN: Duration = Duration::from_secs(50);

/// What was seen, for the summary.
#[derive(Debug, Default)]
struct Seen {
    /// What was done to it, a line each.
    lines: Vec<String>,
    /// Accounts whose worker was killed: how, which, since when.
    orphans: Vec<(&'static str, BTreeSet<String>, Instant)>,
}

/// Carries out `demo`.
///
/// # Errors
///
/// The server cannot be started, or something else that it takes.
///
/// # Cancel safety
///
/// Dropping the future kills the server and the workers, and removes the temporary folder.
pub async fn demo(args: &args::Demo) -> anyhow::Result<u8> {
    let temporary = tempfile::tempdir()?;
    let folder = match &args.folder {
        Some(folder) => {
            std::fs::create_dir(folder).with_context(|| format!("--folder {}", folder.display()))?;
            std::path::absolute(folder)?
        }
        None => temporary.path().to_owned(),
    };
    say(&format!("making {} emulated accounts", args.accounts));
    let setting = Setting::make(&folder, args.accounts)?;
    let mut server = Server::start(&args.temporal, &folder.join("temporal.db"), args.port).await?;
    say(&format!("Temporal answers at {}", server.address()));
    match server.console().await {
        Some(console) => say(&format!("console: {console}/namespaces/default/workflows/fleet%2Fdemo")),
        None => say("this server has no console"),
    }
    let variables = temporal_variables(server.address(), setting.emulator_file());
    let mut workers = Vec::new();
    for _ in 0..args.workers {
        workers.push(Worker::start(&folder, args.slots, &variables)?);
    }
    let began = Instant::now();
    let mut submit = processes::submit(&folder, setting.fleet_file(), &variables)?;
    let mut seen = Seen::default();
    let interrupted = tokio::select! {
        ended = watch(args, &setting, &mut server, &mut workers, &mut submit, &mut seen, (&folder, &variables)) => {
            ended?;
            false
        }
        _ = tokio::signal::ctrl_c() => true,
    };
    let wall = began.elapsed();
    if interrupted {
        say("interrupted");
        return Ok(130);
    }
    let code = submit.wait().await?.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    let count = setting.count().await?;
    say("");
    for line in &seen.lines {
        say(line);
    }
    say(&format!(
        "{} accounts in {:.0} s, {} workers of {} slots: {} ended as planned; exit code {code}",
        args.accounts,
        wall.as_secs_f64(),
        args.workers,
        args.slots,
        setting.done()?
    ));
    say(&format!(
        "counted in them: {} imports wanted, {} found, {} lost, {} duplicates",
        count.wanted, count.found, count.lost, count.duplicates
    ));
    if args.folder.is_some() {
        say(&format!("everything is in {}", folder.display()));
    }
    if args.stay {
        say("the server stays up until Ctrl-C");
        tokio::signal::ctrl_c().await?;
    }
    for worker in &workers {
        worker.terminate();
    }
    for worker in &mut workers {
        worker.wait().await;
    }
    Ok(if count.lost + count.duplicates > 0 { 1 } else { code })
}

/// Looks on until the fleet has ended, and does what `--chaos` says meanwhile.
async fn watch(
    args: &args::Demo,
    setting: &Setting,
    server: &mut Server,
    workers: &mut Vec<Worker>,
    submit: &mut tokio::process::Child,
    seen: &mut Seen,
    (folder, variables): (&PathBuf, &processes::Variables),
) -> anyhow::Result<()> {
    let total = args.accounts as usize;
    let mut chaos =
        if args.chaos { vec![Deed::KillWorker, Deed::KillAlone, Deed::KillServer] } else { Vec::new() };
    if args.freeze {
        chaos.insert(2, Deed::Freeze);
    }
    if args.stop {
        chaos.push(Deed::Stop);
    }
    let deeds = chaos.len();
    let (mut told, mut last) = (Instant::now(), (usize::MAX, 0));
    while submit.try_wait()?.is_none() {
        sleep(LOOK).await;
        let ended = setting.ended()?;
        // One after the other, spread over the accounts.
        let next = deeds - chaos.len() + 1;
        if !chaos.is_empty() && ended.len() >= total * next / (deeds + 1) {
            match chaos.remove(0) {
                Deed::KillWorker => {
                    let mut victim = busiest(workers);
                    let orphans = victim.running();
                    victim.kill_with_children().await;
                    say(&format!("killed a worker and its {} children with kill -9", orphans.len()));
                    seen.orphans.push(("worker and its children", orphans, Instant::now()));
                    workers.push(Worker::start(folder, args.slots, variables)?);
                }
                Deed::KillAlone => {
                    let mut victim = busiest(workers);
                    let orphans = victim.running();
                    victim.kill().await;
                    say(&format!(
                        "killed a worker with {} accounts with kill -9; its children end by themselves",
                        orphans.len()
                    ));
                    seen.orphans.push(("worker", orphans, Instant::now()));
                    workers.push(Worker::start(folder, args.slots, variables)?);
                }
                Deed::Freeze => {
                    say(&format!("stopping a worker and its children for {} s (SIGSTOP)", FROZEN.as_secs()));
                    let frozen = workers[0].freeze();
                    sleep(FROZEN).await;
                    workers[0].thaw(&frozen);
                    seen.lines.push(format!(
                        "a worker with {} children was stopped for {} s, and went on",
                        frozen.len().saturating_sub(1),
                        FROZEN.as_secs()
                    ));
                }
                Deed::KillServer => {
                    server.kill().await;
                    say(&format!(
                        "killed the server with kill -9; it is started again in {} s",
                        DOWN.as_secs()
                    ));
                    sleep(DOWN).await;
                    let down = Instant::now();
                    server.restart().await?;
                    seen.lines.push(format!(
                        "the server was killed, and answered again {:.1} s after it was started",
                        down.elapsed().as_secs_f64()
                    ));
                }
                Deed::Stop => {
                    let seconds = stop(setting, submit, folder, variables).await?;
                    seen.lines.push(format!("`fleet stop`: the last call was seen {seconds:.1} s after it"));
                }
            }
        }
        let (over, left) = std::mem::take(&mut seen.orphans)
            .into_iter()
            .partition(|(_, orphans, _)| orphans.iter().all(|account| ended.contains(account)));
        seen.orphans = left;
        let over: Vec<(&str, BTreeSet<String>, Instant)> = over;
        seen.lines.extend(over.iter().map(|(what, orphans, since)| {
            format!(
                "{what} killed: {} accounts, the last of them ended {:.1} s later",
                orphans.len(),
                since.elapsed().as_secs_f64()
            )
        }));
        let now = (ended.len(), setting.calls());
        if told.elapsed() >= TELL && now != last {
            say(&format!("{} of {total} accounts have ended, {} calls", now.0, now.1));
            (told, last) = (Instant::now(), now);
        }
    }
    Ok(())
}

/// Takes out the worker that has the most accounts.
fn busiest(workers: &mut Vec<Worker>) -> Worker {
    let at = (0..workers.len()).max_by_key(|at| workers[*at].running().len()).unwrap_or(0);
    workers.remove(at)
}

/// What is done to it.
#[derive(Debug)]
enum Deed {
    KillWorker,
    KillAlone,
    Freeze,
    KillServer,
    Stop,
}

/// Stops the fleet, measures when the last call comes in, and goes on with it.
async fn stop(
    setting: &Setting,
    submit: &mut tokio::process::Child,
    folder: &Path,
    variables: &processes::Variables,
) -> anyhow::Result<f64> {
    let began = Instant::now();
    processes::transship(folder, &["fleet", "stop", "fleet.yaml"], variables).await?;
    let (mut calls, mut last) = (setting.calls(), Instant::now());
    while submit.try_wait()?.is_none() {
        sleep(Duration::from_millis(50)).await;
        if setting.calls() != calls {
            (calls, last) = (setting.calls(), Instant::now());
        }
    }
    let code = submit.wait().await?.code();
    anyhow::ensure!(code == Some(4), "a fleet that was stopped ended with {code:?}");
    say("stopped; going on");
    processes::transship(folder, &["fleet", "resume", "fleet.yaml"], variables).await?;
    *submit = processes::submit(folder, setting.fleet_file(), variables)?;
    Ok(last.duration_since(began).as_secs_f64())
}
