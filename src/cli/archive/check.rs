//! `archive check`: reads what is stored and names what is damaged.

use super::open::opened;
use super::{CliContext, Exit, Failure, form, print, put};
use crate::archive::{Archive, Share};
use crate::cli::args::archive::Check;
use crate::cli::{failure, say};
use crate::report::archive::{Checked, check as told};

/// `archive check`; 3 if something is damaged.
pub(super) async fn check(world: &CliContext, args: &Check) -> Result<Exit, Failure> {
    let form = form(world, "check", false)?;
    let percent = args.sample.as_deref().map(percent).transpose()?;
    let archive = opened(world, &args.place).await?;
    let share = match percent {
        Some(percent) => archive.next_share(percent).await?.unwrap_or(Share::ALL),
        None => Share::ALL,
    };
    let report = archive.check(share).await?;
    note(world, &archive, share).await;
    let checked = Checked { report: &report, share, place: &args.place.archive };
    if report.is_good() {
        print(world, form, |out| told(checked, form, out))?;
        return Ok(Exit::Done);
    }
    // Damage is no closing word: `--quiet` does not hide it.
    put(world, |out| told(checked, form, out))?;
    Ok(Exit::Attention)
}

/// Lets the next check continue after this one. If the archive can only be read, the share depends on the day.
async fn note(world: &CliContext, archive: &Archive, share: Share) {
    if let Err(error) = archive.share_was_read(share).await {
        let why = failure::chain(&error);
        say(world, &format!("the share that this check read could not be recorded for the next one: {why}"));
    }
}

/// `5%`, `5` or `0.5%`.
pub(super) fn percent(text: &str) -> Result<f64, Failure> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>().ok();
    number.filter(|percent| Share::percent(*percent, 0).is_some()).ok_or_else(|| {
        Failure::BadInput(format!("--sample must be more than 0% and at most 100%, e.g. 5%, not {text:?}"))
    })
}
