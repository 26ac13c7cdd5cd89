//! Workers over one store in memory, on paused time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};

use super::*;
use crate::archive::{ArchiveOptions, Objects};
use crate::fleet::definition::{Definition, Member};
use crate::fleet::store::FleetStore;
use crate::job::{FleetWave, Limit, WaveSize};
use crate::model::time::Clock;

fn store() -> FleetStore {
    let options = ArchiveOptions::new(Clock::system());
    FleetStore::new(Objects::in_store(Arc::new(InMemory::new()), "memory", &options), "f")
}

/// A fleet in waves of these sizes, each with or without an approval of the next.
fn fleet(waves: &[(u32, bool)], stop: Option<u32>) -> Definition {
    let mut accounts = Vec::new();
    for (index, (size, _)) in waves.iter().enumerate() {
        let wave = u32::try_from(index + 1).unwrap();
        accounts.extend((0..*size).map(|number| Member {
            account: format!("w{wave}-{number}"),
            wave,
            row: None,
        }));
    }
    let wave =
        |(size, approve): &(u32, bool)| FleetWave { size: WaveSize::Accounts(*size), approve: *approve };
    let waves = waves.iter().map(wave).collect();
    Definition { stop: stop.map(Limit::Count), ..Definition::sample("f", accounts, waves) }
}

/// Accounts that take a second each, and end as they are told to.
#[derive(Debug, Default)]
struct Pretended {
    codes: BTreeMap<String, u8>,
    began: Mutex<Vec<String>>,
    most: Mutex<(usize, usize)>,
    said: Mutex<Vec<String>>,
}

#[async_trait]
impl Launcher for Pretended {
    async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError> {
        self.began.lock().unwrap().push(account.to_owned());
        {
            let mut most = self.most.lock().unwrap();
            most.0 += 1;
            most.1 = most.1.max(most.0);
        }
        activities.set(account, Activity { calls: 5, ..Activity::default() });
        let code = self.codes.get(account).copied().unwrap_or(0);
        let drained = tokio::select! {
            () = cancel.draining() => true,
            () = tokio::time::sleep(Duration::from_secs(1)) => false,
        };
        self.most.lock().unwrap().0 -= 1;
        Ok(ChildEnd { exit_code: Some(if drained { 130 } else { code }), ..ChildEnd::default() })
    }

    fn say(&self, text: &str) {
        self.said.lock().unwrap().push(text.to_owned());
    }
}

impl Pretended {
    fn began(&self) -> Vec<String> {
        self.began.lock().unwrap().clone()
    }
}

struct Setting<'a> {
    store: &'a FleetStore,
    fleet: &'a Definition,
    clock: Clock,
    cancel: Cancel,
    waits: bool,
}

impl<'a> Setting<'a> {
    fn new(store: &'a FleetStore, fleet: &'a Definition) -> Self {
        Self { store, fleet, clock: Clock::system(), cancel: Cancel::new(), waits: true }
    }

    async fn run(&self, launcher: &Pretended, shard: Shard, worker: &str) -> RunEnd {
        let whole = request(self.store, self.fleet, &self.clock, &self.cancel);
        let request = RunRequest { worker, shard, waits: self.waits, ..whole };
        run(request, launcher).await.unwrap()
    }
}

/// All accounts, three at once, by one worker that waits.
fn request<'a>(
    store: &'a FleetStore,
    fleet: &'a Definition,
    clock: &'a Clock,
    cancel: &'a Cancel,
) -> RunRequest<'a> {
    RunRequest {
        store,
        fleet,
        worker: "w",
        shard: Shard::WHOLE,
        parallel: 3,
        waits: true,
        pace: Pace::default(),
        clock,
        cancel,
    }
}

#[tokio::test(start_paused = true)]
async fn every_account_is_run_once_and_no_more_at_a_time_than_may_be() {
    let (store, fleet, launcher) = (store(), fleet(&[(20, false)], None), Pretended::default());
    let ended = Setting::new(&store, &fleet).run(&launcher, Shard::WHOLE, "w").await;
    assert_eq!((ended.ending, ended.results.len()), (Some(Ending::Finished), 20));
    assert_eq!(launcher.most.lock().unwrap().1, 3);
    // Started again, it has nothing to do; and its beat says that it is over.
    let again = Pretended::default();
    let ended = Setting::new(&store, &fleet).run(&again, Shard::WHOLE, "w").await;
    assert_eq!((ended.ending, again.began()), (Some(Ending::Finished), Vec::<String>::new()));
    assert!(store.beats().await.unwrap()[0].is_over);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_fails_ends_it_before_any_account_of_a_later_wave_is_begun() {
    for code in [1, 2, 3, 4, 6] {
        let codes = BTreeMap::from([("w1-1".to_owned(), code)]);
        let launcher = Pretended { codes, ..Pretended::default() };
        let (store, fleet) = (store(), fleet(&[(2, true), (5, false)], None));
        let ended = Setting::new(&store, &fleet).run(&launcher, Shard::WHOLE, "w").await;
        assert_eq!(ended.ending, Some(Ending::Unhealthy { wave: 1, bad: 1 }));
        assert!(launcher.began().iter().all(|account| account.starts_with("w1")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wave_waits_for_its_approval_and_begins_when_it_comes() {
    let (store, fleet, launcher) = (store(), fleet(&[(1, true), (2, false)], None), Pretended::default());
    let approve = async {
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(launcher.began(), ["w1-0"]);
        let approved = |control: &mut Control| {
            control.approved = 1;
            Ok(())
        };
        store.change(approved).await.unwrap();
    };
    let setting = Setting::new(&store, &fleet);
    let (ended, ()) = tokio::join!(setting.run(&launcher, Shard::WHOLE, "w"), approve);
    assert_eq!((ended.ending, ended.results.len()), (Some(Ending::Finished), 3));
    assert_eq!(
        *launcher.said.lock().unwrap(),
        ["wave 2 (2 accounts) needs approval: transship fleet approve f"]
    );
    let waiting = Setting { waits: false, ..Setting::new(&store, &fleet) };
    store.forget("w2-0").await.unwrap();
    store
        .change(|control| {
            control.approved = 0;
            Ok(())
        })
        .await
        .unwrap();
    let ended = waiting.run(&Pretended::default(), Shard::WHOLE, "w").await;
    assert_eq!(ended.ending, Some(Ending::Waiting(Gate::Approval(2))));
}

#[tokio::test(start_paused = true)]
async fn a_stop_from_anywhere_begins_nothing_more_and_drains_what_runs_within_seconds() {
    let (store, fleet, launcher) = (store(), fleet(&[(500, false)], None), Pretended::default());
    let stop = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        store
            .change(|control| {
                control.state = ControlState::Stopped;
                Ok(())
            })
            .await
            .unwrap();
        Instant::now()
    };
    let setting = Setting::new(&store, &fleet);
    let (ended, stopped) = tokio::join!(setting.run(&launcher, Shard::WHOLE, "w"), stop);
    assert_eq!(ended.ending, Some(Ending::StoppedByUser));
    assert!(stopped.elapsed() <= Duration::from_secs(5), "{:?}", stopped.elapsed());
    assert!(ended.results.len() < 70, "{}", ended.results.len());
    // Gone on with, it does the rest, and nothing twice.
    store
        .change(|control| {
            control.state = ControlState::Running;
            Ok(())
        })
        .await
        .unwrap();
    let done: BTreeSet<String> = ended.results.into_keys().collect();
    let rest = Pretended::default();
    let ended = Setting::new(&store, &fleet).run(&rest, Shard::WHOLE, "w").await;
    assert_eq!(ended.results.len(), 500);
    assert!(rest.began().iter().all(|account| !done.contains(account)));
}

#[tokio::test(start_paused = true)]
async fn a_signal_drains_and_leaves_the_rest_for_the_next_time() {
    let (store, fleet, launcher) = (store(), fleet(&[(50, false)], None), Pretended::default());
    let setting = Setting::new(&store, &fleet);
    let interrupt = async {
        tokio::time::sleep(Duration::from_millis(3500)).await;
        setting.cancel.drain();
    };
    let (ended, ()) = tokio::join!(setting.run(&launcher, Shard::WHOLE, "w"), interrupt);
    assert_eq!((ended.ending, ended.results.len()), (None, 9));
}

#[tokio::test(start_paused = true)]
async fn workers_that_share_a_fleet_do_all_of_it_once_and_wait_for_each_others_waves() {
    let (store, fleet) = (store(), fleet(&[(7, false), (7, false)], None));
    let (one, other) = (Pretended::default(), Pretended::default());
    let setting = Setting::new(&store, &fleet);
    let (first, second): (Shard, Shard) = ("1/2".parse().unwrap(), "2/2".parse().unwrap());
    let (a, b) = tokio::join!(setting.run(&one, first, "a"), setting.run(&other, second, "b"));
    assert_eq!((a.ending, b.ending), (Some(Ending::Finished), Some(Ending::Finished)));
    let mut began = [one.began(), other.began()].concat();
    began.sort();
    began.dedup();
    assert_eq!((began.len(), one.began().len() + other.began().len()), (14, 14));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_joins_another_begins_behind_it() {
    let (store, fleet) = (store(), fleet(&[(9, false)], None));
    let setting = Setting::new(&store, &fleet);
    let (one, other) = (Pretended::default(), Pretended::default());
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        setting.run(&other, Shard::WHOLE, "b").await
    };
    let _ = tokio::join!(setting.run(&one, Shard::WHOLE, "a"), later);
    assert_eq!(one.began()[..3], ["w1-0", "w1-1", "w1-2"]);
    assert_eq!(other.began()[..3], ["w1-3", "w1-4", "w1-5"]);
}

#[tokio::test(start_paused = true)]
async fn too_many_bad_accounts_stop_it() {
    let codes = (0..10).map(|number| (format!("w1-{number}"), 6)).collect();
    let launcher = Pretended { codes, ..Pretended::default() };
    let (store, fleet) = (store(), fleet(&[(100, false)], Some(4)));
    let ended = Setting::new(&store, &fleet).run(&launcher, Shard::WHOLE, "w").await;
    assert!(matches!(ended.ending, Some(Ending::Stopped { bad: 4..=6 })), "{:?}", ended.ending);
    assert!(launcher.began().len() <= 7);
}

/// A store whose writes can be made to take as long as one likes.
fn slow_store() -> (Arc<ThrottledStore<InMemory>>, FleetStore) {
    let slow = Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default()));
    let options = ArchiveOptions::new(Clock::system());
    let store = FleetStore::new(Objects::in_store(Arc::clone(&slow) as _, "memory", &options), "f");
    (slow, store)
}

/// Accounts of which the first ends at once and the others only when they are told to, with when each was told.
#[derive(Debug, Default)]
struct Patient {
    drained: Mutex<Vec<(String, Instant)>>,
    aborted: Mutex<Vec<(String, Instant)>>,
}

#[async_trait]
impl Launcher for Patient {
    async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError> {
        if account != "w1-0" {
            tokio::time::sleep(Duration::from_secs(2)).await;
            activities.set(account, Activity { calls: 5, ..Activity::default() });
            cancel.draining().await;
            self.drained.lock().unwrap().push((account.to_owned(), Instant::now()));
            cancel.aborting().await;
            self.aborted.lock().unwrap().push((account.to_owned(), Instant::now()));
            return Ok(ChildEnd { exit_code: Some(130), ..ChildEnd::default() });
        }
        Ok(ChildEnd { exit_code: Some(0), ..ChildEnd::default() })
    }

    fn say(&self, _: &str) {}
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_minutes_for_a_result_keeps_no_other_run_from_being_told_to_drain() {
    let (slow, store) = slow_store();
    slow.config_mut(|config| config.wait_put_per_call = Duration::from_mins(4));
    let (fleet, launcher) = (fleet(&[(3, false)], None), Patient::default());
    let (clock, cancel) = (Clock::system(), Cancel::new());
    let interrupt = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_secs(30)).await;
            cancel.escalate();
        }
        Instant::now()
    };
    let began = Instant::now();
    let (_, second) = tokio::join!(run(request(&store, &fleet, &clock, &cancel), &launcher), interrupt);
    let after = |list: &Mutex<Vec<(String, Instant)>>| -> Vec<Duration> {
        list.lock().unwrap().iter().map(|(_, at)| *at - began).collect()
    };
    assert_eq!(after(&launcher.drained), [Duration::from_secs(30); 2]);
    assert_eq!(after(&launcher.aborted), [second - began; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_drains_since_an_earlier_stop_is_aborted_as_the_others_are() {
    let (store, fleet, launcher) = (store(), fleet(&[(2, false)], None), Patient::default());
    let (clock, cancel) = (Clock::system(), Cancel::new());
    let people = async {
        for state in [ControlState::Stopped, ControlState::Running] {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let change = |control: &mut Control| {
                control.state = state;
                Ok(())
            };
            store.change(change).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(launcher.drained.lock().unwrap().len(), 1);
        cancel.escalate();
        cancel.escalate();
    };
    let request = RunRequest { parallel: 2, ..request(&store, &fleet, &clock, &cancel) };
    let (ended, ()) =
        tokio::join!(tokio::time::timeout(Duration::from_mins(2), run(request, &launcher)), people);
    assert_eq!(ended.expect("it ends").unwrap().ending, None);
    assert_eq!(launcher.aborted.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_counts_as_away_until_it_answers_whatever_else_happens_meanwhile() {
    let (store, fleet, launcher) = (store(), fleet(&[(2, false)], None), Pretended::default());
    let (clock, cancel) = (Clock::system(), Cancel::new());
    let request = RunRequest { parallel: 2, ..request(&store, &fleet, &clock, &cancel) };
    let mut worker = Worker::new(&request, &launcher).await.unwrap();
    let away = crate::archive::ArchiveError::Refused("away".to_owned());
    assert!(worker.is_patient(&away));
    // A run that ends without a result says nothing of the store.
    worker.dispatcher.started("w1-0");
    let answer =
        worker.ended("w1-0", Ok(Settled { exit_code: Some(130), message: None, recorded: None })).unwrap();
    assert!(!answer);
    tokio::time::advance(STORE_PATIENCE).await;
    assert!(!worker.is_patient(&away));
}

#[tokio::test(start_paused = true)]
async fn a_worker_tells_of_the_accounts_that_other_runs_hold() {
    let (store, fleet) = (store(), fleet(&[(2, false)], None));
    let launcher = Pretended { codes: [("w1-1".to_owned(), 7)].into(), ..Pretended::default() };
    let look = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        store.beats().await.unwrap()
    };
    let setting = Setting::new(&store, &fleet);
    let (ended, beats) = tokio::join!(setting.run(&launcher, Shard::WHOLE, "w"), look);
    assert_eq!(beats[0].held.keys().collect::<Vec<_>>(), ["w1-1"]);
    assert_eq!(ended.ending, Some(Ending::Held(vec!["w1-1".to_owned()])));
    assert!(store.beats().await.unwrap()[0].held.is_empty(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_written_at_once_and_soon_how_far_it_is_and_what_was_left_unfinished_at_the_end() {
    let (store, fleet, launcher) = (store(), fleet(&[(3, false)], None), Patient::default());
    let (clock, cancel) = (Clock::system(), Cancel::new());
    let beat = async || {
        let beat = store.beats().await.unwrap().remove(0);
        let calls = beat.running.iter().map(|(account, activity)| format!("{account}: {}", activity.calls));
        (beat.is_over, calls.collect::<Vec<_>>().join(", "))
    };
    let people = async {
        for (seconds, wanted) in [(1, "w1-0: 0, w1-1: 0, w1-2: 0"), (4, "w1-1: 5, w1-2: 5")] {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            assert_eq!(beat().await, (false, wanted.to_owned()));
        }
        cancel.escalate();
        cancel.escalate();
    };
    let (_, ()) = tokio::join!(run(request(&store, &fleet, &clock, &cancel), &launcher), people);
    assert_eq!(beat().await, (true, "w1-1: 5, w1-2: 5".to_owned()));
}
