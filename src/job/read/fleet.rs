//! Turns the tree of a fleet file into the [`Fleet`].

use std::num::NonZeroUsize;
use std::path::Path;

use jiff::Timestamp;

use super::policy::limit;
use super::roster::listed;
use super::{FILE_LIMIT, Reader};
use crate::job::check::check;
use crate::job::env::Env;
use crate::job::fleet::{Fleet, FleetWave, WaveSize};
use crate::job::problem::{Problems, Report, Span};
use crate::job::spec::Type;
use crate::job::stand_in::AccountRow;
use crate::job::text_file::decode;
use crate::job::tree::Node;
use crate::job::{forms, keys, regular, yaml};
use crate::model::time::Clock;

/// How many accounts are done at once, if a fleet does not say.
const PARALLEL: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not 0");

/// Reads a fleet file and its CSV of accounts. Relative paths begin at the file's folder. The job is not read.
///
/// # Errors
///
/// Everything that is wrong with both, at once.
pub fn load_fleet(path: &Path, env: &Env, clock: &Clock) -> Result<Fleet, Problems> {
    let shown = path.display().to_string();
    let bytes = regular::read(&env.folder.join(path), FILE_LIMIT as u64 + 1).map_err(|error| {
        Problems::unreadable(&shown, &error, "a fleet file", "docs/fleet.md shows one to start from")
    })?;
    read(&shown, &bytes, path.parent().unwrap_or(path), env, clock.now())
}

fn read(name: &str, bytes: &[u8], folder: &Path, env: &Env, now: Timestamp) -> Result<Fleet, Problems> {
    let mut report = Report::new(name, &String::from_utf8_lossy(bytes));
    let Some(text) = decode(bytes, FILE_LIMIT, &mut report) else { return Err(report.finish()) };
    let mut report = Report::new(name, text);
    let root = yaml::parse_or(text, "see docs/fleet.md for one to start from", &mut report);
    let mut reader = Reader { whose: "fleet", ..Reader::new(report, env, env.folder.join(folder), now) };
    let fleet = root.and_then(|root| reader.fleet(&root));
    reader.refuse_tokens(text, None);
    let failed = reader.report.errors() > 0;
    let problems = reader.report.finish();
    match fleet {
        Some(mut fleet) if !failed => {
            fleet.warnings = problems;
            Ok(fleet)
        }
        _ => Err(problems),
    }
}

impl Reader<'_> {
    fn fleet(&mut self, root: &Node) -> Option<Fleet> {
        check(root, &Type::Table(&keys::FLEET), "the fleet", &mut self.report);
        root.get("version");
        let name = root.get("name").and_then(|node| self.fleet_name(node));
        let job = root.get("job").and_then(|node| self.path(node));
        if let (Some(job), Some(node)) = (&job, root.get("job"))
            && !job.is_file()
        {
            let help = "a relative path begins at the fleet file's folder";
            self.report.error(node.span, format!("there is no job {}", job.display())).help(help);
        }
        let accounts = root.get("accounts").and_then(|node| self.path(node));
        let rows = root.get("accounts").map(|node| self.fleet_rows(node)).unwrap_or_default();
        let role = root.get("as").and_then(Node::text).unwrap_or("source").to_owned();
        let parallel =
            root.get("parallel").and_then(Node::whole).and_then(|number| usize::try_from(number).ok());
        let waves = self.fleet_waves(root.get("waves"), &rows);
        let stop = root.get("stop").and_then(|stop| stop.get("accounts")).and_then(limit);
        let store = root.get("store").and_then(|node| self.store(node, "store"));
        let fleet = Fleet {
            name: name?,
            job: job?,
            role,
            accounts: accounts?,
            rows,
            store,
            waves: waves?,
            parallel: parallel.and_then(NonZeroUsize::new).unwrap_or(PARALLEL),
            stop,
            warnings: Problems::default(),
        };
        let unread = root.unread();
        debug_assert!(self.report.errors() > 0 || unread.is_empty(), "accepted and never read: {unread:?}");
        Some(fleet)
    }

    /// The name becomes that of a folder.
    fn fleet_name(&mut self, node: &Node) -> Option<String> {
        let name = node.text()?;
        if name.starts_with('.') {
            let message = format!("the fleet's name becomes that of a folder, and `{name}` begins with `.`");
            self.report.error(node.span, message).help("begin it with a letter or a digit");
            return None;
        }
        Some(name.to_owned())
    }

    fn fleet_rows(&mut self, node: &Node) -> Vec<AccountRow> {
        let (folder, env, rate) = (self.folder.clone(), self.env, self.otherwise);
        // Relative files of tokens begin at the CSV's folder, as they do where a run reads it.
        let folder = self.path(node).and_then(|path| path.parent().map(Path::to_owned)).unwrap_or(folder);
        let read =
            self.roster(node, |csv, report| listed(csv, &folder, env, rate, report)).unwrap_or_default();
        self.resolved(read, &[], Some(node.span))
    }

    fn fleet_waves(&mut self, node: Option<&Node>, rows: &[AccountRow]) -> Option<Vec<FleetWave>> {
        let Some(node) = node else {
            let waves = vec![FleetWave { size: WaveSize::Rest, approve: false }];
            self.waves_are_there(rows, waves.len(), None);
            return Some(waves);
        };
        let mut waves = Vec::new();
        for item in node.items() {
            let approve = item.get("approve").and_then(Node::flag).unwrap_or(false);
            let count =
                item.get("accounts").and_then(Node::whole).and_then(|number| u32::try_from(number).ok());
            let share = item.get("share").and_then(Node::text).and_then(forms::percent);
            let rest = item.get("rest");
            if rest.and_then(Node::flag) == Some(false) {
                self.report
                    .error(item.span, "`rest: false` has no meaning")
                    .help("write `rest: true`, or a number of accounts");
            }
            let size = match (count, share, rest) {
                (Some(count), ..) => WaveSize::Accounts(count),
                (_, Some(share), _) => WaveSize::Share(share),
                (.., Some(_)) => WaveSize::Rest,
                _ => continue,
            };
            waves.push((FleetWave { size, approve }, item.span));
        }
        let last = waves.len().checked_sub(1)?;
        // A rest that is not the last is reported; it excludes no account.
        let has_rest = waves.iter().any(|(wave, _)| wave.size == WaveSize::Rest);
        for (number, (wave, span)) in waves.iter().enumerate() {
            match (wave.size == WaveSize::Rest, number == last) {
                (true, false) => {
                    let message = "nothing is left for the waves after `rest`";
                    self.report.error(*span, message).help("put `{ rest: true }` last");
                }
                (false, true) if !has_rest => {
                    let message = "the last wave leaves accounts out";
                    self.report.error(*span, message).help("add `{ rest: true }` as the last wave");
                }
                _ => {}
            }
            if number == last && wave.approve {
                let message = "nothing comes after the last wave that could be approved";
                self.report.warning(*span, message).help("take `approve` out");
            }
        }
        self.waves_are_there(rows, waves.len(), Some(node.span));
        Some(waves.into_iter().map(|(wave, _)| wave).collect())
    }

    /// Reports the first row of a wave that the fleet does not have.
    fn waves_are_there(&mut self, rows: &[AccountRow], count: usize, place: Option<Span>) {
        let late = rows.iter().filter_map(|row| row.wave.map(|wave| (row, wave)));
        for (row, wave) in late.filter(|(_, wave)| *wave as usize > count).take(1) {
            let there = if count == 1 { "is 1".to_owned() } else { format!("are {count}") };
            let (line, account) = (row.line, &row.account.name);
            let message =
                format!("line {line}: the account `{account}` is of wave {wave}, and there {there}");
            self.report.error(place, message).help("add `waves`, or change the column `wave`");
        }
    }
}
