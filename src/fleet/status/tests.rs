//! What the status of a fleet says.

use super::*;
use crate::fleet::beat::Activity;
use crate::fleet::definition::Member;
use crate::fleet::result::Counts;
use crate::job::FleetWave;

fn fleet() -> Definition {
    let accounts = (0..20).map(|number| Member {
        account: format!("c{number:02}"),
        wave: match number {
            0 => 1,
            1..=4 => 2,
            _ => 3,
        },
        row: None,
    });
    let wave = |size, approve| FleetWave { size, approve };
    let waves = vec![
        wave(WaveSize::Accounts(1), true),
        wave(WaveSize::Share(0.2), true),
        wave(WaveSize::Rest, false),
    ];
    Definition::sample("remap", accounts.collect(), waves)
}

fn result(account: &str, exit_code: u8) -> (String, AccountResult) {
    let at = |second| Timestamp::from_second(second).unwrap();
    let counts = Counts {
        selected: 3,
        outcomes: [("updated".into(), 3), ("failed".into(), 0)].into(),
        total_calls: 7,
        ..Counts::default()
    };
    let result = AccountResult {
        account: account.into(),
        exit_code,
        started_at: at(0),
        ended_at: at(60),
        worker: "w".into(),
        attempts: 1,
        counts: Some(counts),
        message: None,
        waits_for: None,
        folder: Some(format!("runs/{account}")),
    };
    (account.to_owned(), result)
}

#[test]
fn every_account_is_counted_once_and_the_next_wave_is_named() {
    let results = BTreeMap::from([result("c00", 0), result("c01", 6), result("c02", 3)]);
    let beat = Beat {
        worker: "w".into(),
        at: Timestamp::from_second(110).unwrap(),
        since: Timestamp::UNIX_EPOCH,
        is_over: false,
        running: [("c03".to_owned(), Activity::default())].into(),
        held: [("c04".to_owned(), "another run holds it".to_owned())].into(),
        calls_per_second: 12.0,
    };
    let control = Control { approved: 1, ..Control::default() };
    let now = Timestamp::from_second(120).unwrap();
    let got = status(&fleet(), &control, &results, std::slice::from_ref(&beat), now);
    assert_eq!((got.wave, got.waves, got.wave_size.as_str(), got.state), (2, 3, "20 %", "running"));
    let counts = (got.done, got.running, got.waiting, got.attention, got.not_started);
    assert_eq!(counts, (1, 1, 1, 2, 15));
    assert_eq!(got.held, 1);
    assert_eq!((got.outcomes["updated"], got.total_calls, got.outcomes.len()), (9, 21, 1));
    assert!((got.accounts_per_minute - 1.5).abs() < 0.01 && got.wave_ends_at.is_some());
    assert_eq!(got.rows[0].help, "fix the token, then: transship fleet resume remap");
    assert_eq!(got.rows[1].help, "transship show runs/c02");
    assert_eq!(got.next, Some(NextWave { wave: 3, accounts: 15, after_trouble: true }));
    assert_eq!(got.fleet_exit_code, 130);
    // A worker that was silent for a minute counts for nothing.
    let later = Timestamp::from_second(180).unwrap();
    let got = status(&fleet(), &control, &results, std::slice::from_ref(&beat), later);
    assert_eq!((got.state, got.running, got.waiting), ("idle", 0, 2));
    // It may have another clock: the status says when it was last heard of. One that has ended is not waited for.
    assert_eq!((got.last_heard, got.under_way[0].state), (Some(beat.at), "interrupted"));
    let over = Beat { is_over: true, held: BTreeMap::new(), ..beat };
    let got = status(&fleet(), &control, &results, &[over], later);
    assert_eq!((got.last_heard, got.under_way.len(), got.under_way[0].state), (None, 1, "interrupted"));
}

#[test]
fn an_account_that_no_run_goes_on_with_is_not_sent_to_resume() {
    let only_anew = "2 imports are not as wanted; nothing was deleted".to_owned();
    let undone = "its run was undone by undo-1 before it was finished".to_owned();
    let mut results = BTreeMap::from([result("c01", 4), result("c02", 3), result("c03", 4)]);
    for (account, said) in [("c01", &only_anew), ("c02", &undone)] {
        results.get_mut(account).unwrap().message = Some(said.clone());
    }
    results.get_mut("c01").unwrap().waits_for = Some(WaitsFor::NewRun);
    let now = Timestamp::from_second(120).unwrap();
    let got = status(&fleet(), &Control::default(), &results, &[], now);
    let got: Vec<_> = got.rows.iter().map(|row| (row.message.as_str(), row.help.as_str())).collect();
    let anew = "to do it again: a fleet with another --name";
    let wanted = [
        (only_anew.as_str(), anew),
        ("stopped by `stop`", "see why, then: transship fleet resume remap"),
        (undone.as_str(), anew),
    ];
    assert_eq!(got, wanted);
}

#[test]
fn a_fleet_that_waits_or_is_over_says_so() {
    let now = Timestamp::from_second(120).unwrap();
    let first = BTreeMap::from([result("c00", 0)]);
    let got = status(&fleet(), &Control::default(), &first, &[], now);
    assert_eq!((got.state, got.wave), ("waiting", 2));
    assert_eq!(got.next, Some(NextWave { wave: 2, accounts: 4, after_trouble: false }));
    let all: BTreeMap<_, _> = (0..20).map(|number| result(&format!("c{number:02}"), 0)).collect();
    let got = status(&fleet(), &Control::default(), &all, &[], now);
    assert_eq!((got.state, got.done, got.next, got.fleet_exit_code), ("finished", 20, None, 0));
}
