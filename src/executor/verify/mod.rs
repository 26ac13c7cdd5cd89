//! verify: reads back what was written and compares it with what was wanted, by the cheaper of pages and single calls.

mod list;
mod verdict;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep};

use self::list::{Listed, compare_list};
use self::verdict::{Verified, check, record};
use crate::api::ErrorKind;
use crate::documents::references::Kind;
use crate::executor::context::{Context, with_article};
use crate::executor::stop_policy::Policy;
use crate::executor::{copies, halt};
use crate::inventory::error::EngineError;
use crate::model::event::{Event, Stage};
use crate::model::{Id, ItemKey, ItemSet, Operation, Verdict};
use crate::run_folder::forecast;

/// The first pause between two reads of what may be outdated; each pause is twice the one before.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Reads back every import that this run wrote and has not compared yet.
///
/// A read may show a state before the write. If the import differs and is not exactly the version in the answer to
/// the write, it is read again until the grace period is over, and only then counts as different.
///
/// If one scan of the list showed everything that this run made, and as it should be, that scan also served as the
/// search for copies: what else it met is returned, by id with the name. A list that lags behind does not count, and
/// another scan follows.
pub(crate) async fn read_back(
    context: &Context<'_>,
    policy: &mut Policy,
) -> Result<Option<BTreeMap<Id, String>>, EngineError> {
    // What is not completed yet is not what is wanted, and not to be: `resume` completes it.
    let mut open = context.journal.unverified();
    open.remove_all(&crate::executor::halves(context)?);
    if open.is_empty() {
        return Ok(None);
    }
    let is_import = |item: &ItemKey| context.others.kind(*item) == Kind::Imports;
    let mut is_look = copies::is_look(context, open.iter().filter(is_import).count());
    let mut looked = None;
    context.events.emit(&Event::StageStarted { stage: Stage::Verify, total: Some(open.len() as u64) });
    let deadline = Instant::now() + context.options.grace_period;
    let listed = context.plan.tail().target_listed + open.len() as u64;
    // What the list showed as different once.
    let mut seen: HashSet<ItemKey> = HashSet::new();
    let mut pause = PAUSE;
    while !open.is_empty() && !context.cancel.is_draining() {
        let late = Instant::now() >= deadline;
        let mut confirmed_by_list = false;
        if is_cheaper_by_list(context, listed, &open) {
            let Listed { as_wanted, gone, differ, whole, met } =
                compare_list(context, policy, &open, is_look).await?;
            open.remove_all(&as_wanted);
            looked = met.filter(|_| whole && !open.iter().any(|item| is_import(&item)));
            is_look = false;
            for item in gone {
                let absent = Verified::absent(Verdict::Equal, None);
                record(context, policy, item, absent).await?;
                open.remove(item);
                halt(context, policy);
            }
            // Many are confirmed by a second scan, few by id.
            confirmed_by_list = whole && is_cheaper_by_list(context, listed, &open);
            for (item, verified) in if confirmed_by_list { differ } else { HashMap::new() } {
                if !seen.insert(item) && (late || is_the_answer(context, item, &verified)) {
                    record(context, policy, item, verified).await?;
                    open.remove(item);
                    halt(context, policy);
                }
            }
        }
        let asked = if !confirmed_by_list || late { open.clone() } else { ItemSet::default() };
        let by_id =
            asked.iter().filter_map(|item| Some((item, context.journal.state(item).target().cloned()?)));
        let reads = futures::stream::iter(by_id)
            .take_until(context.cancel.draining())
            .map(|(item, target)| async move { (item, compare_one(context, item, &target).await) })
            .buffer_unordered(context.options.in_flight);
        futures::pin_mut!(reads);
        while let Some((item, verified)) = reads.next().await {
            match verified? {
                ReadBack::Unauthorized => {
                    policy.refuse_token();
                    context.cancel.drain();
                }
                ReadBack::Withheld => crate::executor::held_back(context),
                ReadBack::Compared(verified)
                    if late
                        || verified.verdict != Verdict::Differs
                        || is_the_answer(context, item, &verified) =>
                {
                    record(context, policy, item, verified).await?;
                    open.remove(item);
                }
                // It may be behind.
                ReadBack::Compared(_) => {}
            }
            halt(context, policy);
        }
        if !open.is_empty() {
            let rest = deadline.saturating_duration_since(Instant::now());
            tokio::select! {
                () = sleep(pause.min(rest)) => {}
                () = context.cancel.draining() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
    context.events.emit(&Event::StageFinished { stage: Stage::Verify });
    Ok(looked)
}

/// Whether reading items back from the list takes fewer calls.
fn is_cheaper_by_list(context: &Context<'_>, listed: u64, items: &ItemSet) -> bool {
    // What imports refer to is read by id: its lists do not show all of it.
    let imports = items.iter().filter(|item| context.others.kind(*item) == Kind::Imports).count() as u64;
    forecast::read_back(imports, listed, context.plan.tail().target_page).0
}

/// Whether what was read is exactly the version in the answer to the write: no later read shows another then.
fn is_the_answer(context: &Context<'_>, item: ItemKey, verified: &Verified) -> bool {
    context.journal.is_the_answer(item, verified.modified.as_deref(), verified.sha256)
}

/// The result of reading one import by id.
enum ReadBack {
    Compared(Verified),
    /// The token was refused.
    Unauthorized,
    /// The run is draining, or the service is unavailable: the import was not read.
    Withheld,
}

/// Reads one import by id and compares it. An import that the service does not show is not checked, and the reason is
/// recorded.
async fn compare_one(context: &Context<'_>, key: ItemKey, target: &Id) -> Result<ReadBack, EngineError> {
    let item = context.plan.item(key)?;
    let gone = item.operation == Operation::Delete;
    let differs = |what: String| ReadBack::Compared(Verified::absent(Verdict::Differs, Some(what)));
    match context.target.client.get(item.list(), target).await {
        Ok(_) if gone => Ok(differs(format!("(the {} is still there)", item.noun()))),
        Ok(there) => check(context, key, &there.head, &there.text, || Ok(item)).map(ReadBack::Compared),
        Err(error) if error.kind == ErrorKind::NotFound && gone => {
            Ok(ReadBack::Compared(Verified::absent(Verdict::Equal, None)))
        }
        Err(error) if error.kind == ErrorKind::NotFound => {
            Ok(differs(format!("(the {} is not there)", item.noun())))
        }
        Err(error) if error.kind == ErrorKind::Unauthorized => Ok(ReadBack::Unauthorized),
        Err(error) if error.is_held_back() => Ok(ReadBack::Withheld),
        Err(error) if error.is_of_one_document() => {
            let why = format!("(it could not be read back: {})", error.summary);
            Ok(ReadBack::Compared(Verified::absent(Verdict::NotChecked, Some(why))))
        }
        Err(error) => Err(context.target.failed(&format!("read back {}", with_article(item.noun())))(error)),
    }
}
