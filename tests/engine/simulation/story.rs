//! One story: a job is planned, run, killed, resumed, retried and undone while colleagues edit and the service fails.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use transship::job::{self, Env, Job, Settings};
use transship::model::event::Events;
use transship::model::time::Clock;
use transship::run_folder::RunFolder;
use transship::session::plan::Extent;
use transship::session::{Approval, Copies, OpenedRun, Place, PlanRequest, Resumed, Retry, Run};

use super::laws;
use super::process::End;
use super::service::Weather;
use super::world::World;

/// A story as it was told.
pub struct Telling {
    /// The law that was broken, if one was.
    pub result: Result<(), String>,
    /// What happened, for people.
    pub told: Vec<String>,
    /// Every call to the target.
    pub calls: Vec<String>,
    /// The journals of its runs, and what stands in the target at its end.
    pub journals: Vec<String>,
}

/// Tells the story of a seed; clocks are off by `drift` seconds at most.
pub fn tell(seed: u64, drift: i64) -> Telling {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed, drift);
        // A story is over within days; one that is not hangs.
        let result = tokio::select! {
            biased;
            result = world.story() => result,
            () = sleep(Duration::from_hours(48)) => Err("it hangs".to_owned()),
        };
        // The folder of a story is another one each time.
        let folder = world.work.path().display().to_string();
        let told = world.told.iter().map(|line| line.replace(&folder, "")).collect();
        let journal = |run: &PathBuf| std::fs::read_to_string(run.join("journal.jsonl")).unwrap_or_default();
        let mut journals: Vec<String> = world.run_folders().iter().map(journal).collect();
        journals.extend(world.target.history().iter().map(|change| format!("{change:?}")));
        journals.extend(world.target.ids().iter().filter_map(|id| world.target.text(id)));
        Telling { result, told, calls: world.target.calls(), journals }
    })
}

impl World {
    async fn story(&mut self) -> Result<(), String> {
        let folder = self.begin().await?;
        let planned = Instant::now();
        let run = self.finish(&folder, planned).await?;
        laws::of_a_run(self, &run)?;
        if run.summary.needs_attention() && self.random.bool() {
            self.retry(&run).await?;
        }
        if self.random.bool() {
            self.undo(&folder).await?;
        }
        Ok(())
    }

    /// The weather of a process, and how it ends; calm once the story is to come to its end.
    fn turn(&mut self, calm: bool) -> End {
        let (weather, end) =
            if calm { (Weather::default(), End::ByItself) } else { (self.weather(), self.end()) };
        self.source.set_weather(Weather { twice: 0.0, ..weather });
        self.target.set_weather(weather);
        end
    }

    /// Plans and runs until there is a run folder with a journal.
    async fn begin(&mut self) -> Result<PathBuf, String> {
        for attempt in 0.. {
            let calm = attempt > 3;
            let end = self.turn(calm);
            let settings = Settings::of(&self.job, self.work.path().to_owned());
            let process = self.process(settings, end);
            // Taken out, so that the world can be borrowed while the engine works.
            let job = std::mem::replace(&mut self.job, blank_job());
            let events = Events::none();
            let work = async {
                let request = PlanRequest {
                    job: &job,
                    name: "story",
                    place: Place::BelowOutput,
                    extent: Extent::Everything,
                };
                let plan = process.session.plan(request, &events).await?;
                process.session.execute(plan, Approval::Given, &events).await
            };
            let ended = Box::pin(self.live(&process, work)).await;
            self.job = job;
            drop(process);
            if let Some(Err(error)) = &ended {
                self.told.push(format!("run: {}", transship::model::chain(error)));
                if calm && self.run_folders().is_empty() {
                    return Err(format!("a calm service cannot be planned for: {error}"));
                }
            }
            if let Some(folder) = self.run_folders().pop()
                && OpenedRun::open(&folder).is_ok()
            {
                return Ok(folder);
            }
            let _ = std::fs::remove_dir_all(self.work.path().join("runs"));
        }
        unreachable!("the loop ends by itself")
    }

    /// Resumes a run until it is finished, with kills and colleagues in between.
    async fn finish(&mut self, folder: &Path, planned: Instant) -> Result<Run, String> {
        for attempt in 0.. {
            let calm = attempt > 4;
            if !calm {
                self.interlude(folder);
            }
            let end = self.turn(calm);
            let opened = OpenedRun::open(folder).map_err(|error| transship::model::chain(&error))?;
            let settings = opened.plan.head().settings.clone();
            let process = self.process(settings, end);
            let events = Events::none();
            let folder = RunFolder::at(folder);
            let work = process.session.resume(&folder, &events);
            let ended = Box::pin(self.live(&process, work)).await;
            drop(process);
            laws::of_every_moment(self, planned)?;
            match ended {
                Some(Ok(Resumed::WasFinished(run) | Resumed::Ended(run))) if run.record.is_finished() => {
                    for row in run.rows().map_err(|error| transship::model::chain(&error))? {
                        let (outcome, verdict) = (row.outcome.as_str(), row.verdict.as_str());
                        let line = format!("{:?}: {outcome} {verdict} {:?}", row.item.name, row.target_id);
                        self.told.push(format!("  {line} {}", row.error_message.unwrap_or_default()));
                    }
                    return Ok(run);
                }
                Some(Ok(Resumed::WasFinished(mut run) | Resumed::Ended(mut run))) => {
                    let why = run.record.reason.clone();
                    self.told.push(format!("resume: {:?} {why:?}", run.record.ending));
                    if let Err(error) = run.sound() {
                        return Err(format!("a run cannot be resumed: {}", transship::model::chain(&error)));
                    }
                    if calm && attempt > 8 {
                        return Err(format!("a calm service does not finish a run: {why:?}"));
                    }
                }
                Some(Err(error)) => {
                    let error = transship::model::chain(&error);
                    self.told.push(format!("resume: {error}"));
                    if calm {
                        return Err(format!("a calm service does not let a run be resumed: {error}"));
                    }
                }
                None => {}
            }
        }
        unreachable!("the loop ends by itself")
    }

    async fn retry(&mut self, of: &Run) -> Result<(), String> {
        let _ = self.turn(false);
        let process = self.process(of.plan.head().settings.clone(), End::ByItself);
        let job = std::mem::replace(&mut self.job, blank_job());
        let events = Events::none();
        // What was edited before the new plan was made is part of it.
        let planned = std::cell::Cell::new(Instant::now());
        let work = async {
            match process.session.retry(&of.folder, &job, &events).await?.retry {
                Retry::Plan(plan) => {
                    planned.set(Instant::now());
                    process.session.execute(*plan, Approval::Given, &events).await.map(Some)
                }
                Retry::Nothing(_) => Ok(None),
            }
        };
        self.told.push("retry".to_owned());
        let ended = Box::pin(self.live(&process, work)).await;
        self.job = job;
        drop(process);
        match ended {
            Some(Ok(Some(run))) => {
                let run = self.finish(run.folder.path(), planned.get()).await?;
                laws::of_a_run(self, &run)
            }
            // A service in bad weather may refuse to be planned for.
            _ => Ok(()),
        }
    }

    async fn undo(&mut self, folder: &Path) -> Result<(), String> {
        self.interlude(folder);
        let undone_from = Instant::now();
        self.target.set_weather(Weather { delay: Duration::from_millis(50), ..Weather::default() });
        let opened = OpenedRun::open(folder).map_err(|error| transship::model::chain(&error))?;
        let settings = opened.plan.head().settings.clone();
        let settings = Settings { source: settings.target.clone(), ..settings };
        let end = self.end();
        let process = self.process(settings, end);
        let of = RunFolder::at(folder);
        let made = made_by(&of);
        let copies = if self.random.bool() { Copies::Remove } else { Copies::Leave };
        let events = Events::none();
        let work = async {
            let plan = process.session.undo(&of, copies, &Events::none()).await?;
            if !plan.file().tail().has_work() {
                return Ok(None);
            }
            process.session.execute(plan, Approval::Given, &events).await.map(Some)
        };
        self.told.push("undo".to_owned());
        let ended = Box::pin(self.live(&process, work)).await;
        drop(process);
        if let Some(Err(error)) = &ended {
            self.told.push(format!("undo: {}", transship::model::chain(error)));
        }
        laws::of_an_undo(self, undone_from)?;
        if matches!(ended, Some(Ok(_))) {
            laws::of_what_came_late(self, undone_from)?;
        }
        let undoing = self
            .run_folders()
            .into_iter()
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("-undo-")));
        if let Some(undoing) = undoing.filter(|undoing| OpenedRun::open(undoing).is_ok()) {
            let undoing = self.finish(&undoing, Instant::now()).await?;
            laws::of_an_undo(self, undone_from)?;
            laws::of_an_undone_run(self, &made, &undoing)?;
        }
        Ok(())
    }
}

/// The imports that a run says it made.
fn made_by(run: &RunFolder) -> Vec<String> {
    let audit = std::fs::read_to_string(run.audit()).unwrap_or_default();
    let mut rows = csv::Reader::from_reader(audit.as_bytes());
    let rows = rows.records().map(|row| row.unwrap());
    rows.filter(|row| matches!(&row[3], "created" | "cloned")).map(|row| row[9].to_owned()).collect()
}

fn blank_job() -> Job {
    let text = b"version: 1\nname: none\naction: backup\naccounts:\n  us: { emulator: us }\nsource: us\narchive: { path: none }\n";
    job::parse("none.yaml", text, Path::new("."), &Env::default(), &Clock::system())
        .unwrap_or_else(|problems| panic!("{problems}"))
}
