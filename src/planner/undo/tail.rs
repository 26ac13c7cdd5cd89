//! The end of the plan of an undo: its totals.

use std::collections::BTreeMap;

use crate::documents::references::Kind;
use crate::job::Verify;
use crate::planner::undo::UndoRequest;
use crate::planner::undo::touched::{Did, Touched, witnesses_of};
use crate::run_folder::forecast::{Forecast, Outlook, Write};
use crate::run_folder::plan_item::{KindCount, PlanTail};

/// What the plan says at its end.
pub(super) fn tail(
    with: &UndoRequest<'_>,
    touched: &[Touched],
    totals: BTreeMap<String, u32>,
    sent: Vec<Write>,
    spent: BTreeMap<String, u64>,
) -> PlanTail {
    let old = with.plan.tail();
    let page = old.target_page.max(1);
    let (mut others, mut made, mut removed) = (BTreeMap::<_, KindCount>::new(), 0, 0);
    for one in touched {
        if one.kind == Kind::Imports {
            made += u64::from(one.did != Did::Removed);
            removed += u64::from(one.did == Did::Removed);
            continue;
        }
        let listed = old.others.get(&one.kind).map_or(0, |others| others.listed);
        others.entry(one.kind).or_insert(KindCount { items: 0, listed }).items += 1;
    }
    let target_listed = (old.target_listed + made).saturating_sub(removed);
    let outlook = Outlook {
        target_listed,
        page,
        read_back: with.plan.head().settings.verify == Verify::Full,
        // The earlier contents of the target are unknown.
        looks_for_copies: false,
        deletes_last: false,
        waves: None,
        per_second: with.target.per_second,
        burst: with.target.burst,
    };
    PlanTail {
        selected: u32::try_from(touched.len()).unwrap_or(u32::MAX),
        totals,
        target_listed,
        target_page: page,
        target_listed_apart: old.target_listed_apart,
        target_empty_but_used: false,
        target_is_strange: false,
        others,
        spent,
        forecast: Forecast::of(sent.into_iter(), outlook),
        witnesses: witnesses_of(&old.witnesses, touched, with.made_anew),
        ..PlanTail::default()
    }
}
