//! CSVs of accounts, and the account of one that stands for an account of the job.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::{Reader, SHEET_LIMIT, accounts, user};
use crate::job::account::{Account, Rate};
use crate::job::cells::{Cell, Csv, CsvRow};
use crate::job::env::{Env, nearest};
use crate::job::problem::{Problems, Report, Span};
use crate::job::redact::tokens;
use crate::job::stand_in::{AccountChoice, AccountRow, RowOrigin, StandIn};
use crate::job::text_file::decode;
use crate::job::tree::Node;
use crate::job::{forms, regular};
use crate::model::time::Clock;

/// The columns of the program; all others are the user's own.
const COLUMNS: [&str; 8] = ["name", "region", "url", "emulator", "token_env", "token_file", "wave", "queue"];

/// Reads a CSV of accounts. A row without a place names one of the user's accounts.
///
/// # Errors
///
/// Everything that is wrong with it, at once.
pub fn load_accounts(path: &Path, env: &Env, clock: &Clock) -> Result<Vec<AccountRow>, Problems> {
    let shown = path.display().to_string();
    let bytes = regular::read(&env.folder.join(path), SHEET_LIMIT as u64 + 1).map_err(|error| {
        Problems::unreadable(
            &shown,
            &error,
            "a CSV of accounts",
            "its first line is e.g. `name,region,token_env`, and each other line an account",
        )
    })?;
    read_accounts(&shown, &bytes, path.parent().unwrap_or(path), env, clock.now())
}

fn read_accounts(
    name: &str,
    bytes: &[u8],
    folder: &Path,
    env: &Env,
    now: Timestamp,
) -> Result<Vec<AccountRow>, Problems> {
    let mut report = Report::new(name, &String::from_utf8_lossy(bytes));
    let Some(text) = decode(bytes, SHEET_LIMIT, &mut report) else { return Err(report.finish()) };
    let mut report = Report::new(name, text);
    let csv = Csv::read(text, &mut report);
    let mut reader = Reader::new(report, env, env.folder.join(folder), now);
    let rate = reader.otherwise;
    let at = reader.folder.clone();
    let listed = listed(&csv, &at, env, rate, &mut reader.report);
    let rows = reader.resolved(listed, &[], None);
    if reader.report.errors() > 0 { Err(reader.report.finish()) } else { Ok(rows) }
}

/// A row as the CSV has it.
pub(super) struct Listed {
    pub name: String,
    pub span: Span,
    /// The account; `None` for a row that only names one.
    pub place: Option<Account>,
    pub row: RowFacts,
}

/// What a row says beside the account.
pub(super) struct RowFacts {
    pub line: u64,
    wave: Option<u32>,
    queue: Option<String>,
    columns: BTreeMap<String, String>,
}

impl RowFacts {
    pub(super) fn of(self, account: Account, origin: RowOrigin) -> AccountRow {
        let Self { line, wave, queue, columns } = self;
        AccountRow { line, account, origin, wave, queue, columns }
    }
}

/// The rows of a CSV of accounts, each problem where it stands.
pub(super) fn listed(csv: &Csv, folder: &Path, env: &Env, rate: Rate, report: &mut Report) -> Vec<Listed> {
    let Some(name) = csv.column("name") else {
        if let (Some(first), Some(last)) = (csv.header.first(), csv.header.last()) {
            let whole = Span::new(first.span.start, last.span.end);
            let help =
                "the first line is e.g. `name,region,token_env`; other columns are `account.*` in templates";
            report.error(whole, "there is no column `name`").help(csv.other_separator().unwrap_or(help));
        }
        return Vec::new();
    };
    for cell in &csv.header {
        let near = nearest(&cell.text, COLUMNS.into_iter()).filter(|near| csv.column(near).is_none());
        if let Some(near) = near.filter(|_| !COLUMNS.contains(&cell.text.as_str())) {
            let message =
                format!("the column `{}` is one of your own: `account.{0}` in templates", cell.text);
            report.warning(cell.span, message).help(format!("did you mean `{near}`?"));
        }
    }
    if csv.rows.is_empty() && !csv.header.is_empty() && csv.is_whole {
        report.error(None, "the file names no account").help("add a row for each account");
    }
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    let mut rows = Vec::with_capacity(csv.rows.len());
    for row in &csv.rows {
        for cell in row.cells.iter().filter(|cell| tokens(&cell.text).next().is_some()) {
            let message = "this looks like a token, and a token is never in a file of accounts";
            let help = "say where it is, in the column `token_env` or `token_file`; revoke it if this file was shared";
            report.error(cell.span, message).help(help);
        }
        let cell = &row.cells[name];
        let text = cell.text.trim();
        if !forms::Format::Name.fits(text) || text.starts_with('.') {
            let message = match text {
                "" => "the row has no name".to_owned(),
                _ => format!("this is not {}, or it begins with `.`", forms::Format::Name.describe()),
            };
            report.error(cell.span, message).help("write a name for the account, e.g. `eu-1`");
            continue;
        }
        // Names become names of files, and some file systems do not tell `A` from `a`.
        if let Some(first) = seen.insert(text.to_lowercase(), cell.span) {
            report
                .error(cell.span, format!("two rows name the account `{text}`"))
                .related(first, "first here")
                .help("name each account once; upper and lower case make no difference");
            continue;
        }
        rows.extend(one(csv, row, cell, folder, env, rate, report));
    }
    rows
}

fn one(
    csv: &Csv,
    row: &CsvRow,
    name: &Cell,
    folder: &Path,
    env: &Env,
    rate: Rate,
    report: &mut Report,
) -> Option<Listed> {
    let cell = |column: &str| csv.column(column).map(|at| &row.cells[at]);
    let text = |column: &str| cell(column).map(|cell| cell.text.trim()).unwrap_or_default();
    let account = name.text.trim().to_owned();
    let cells = ["region", "url", "emulator", "token_env", "token_file"].map(text);
    let place = if cells.iter().all(|cell| cell.is_empty()) {
        None
    } else {
        match accounts::of_cells(cells, folder, env) {
            Ok(place) => Some(Account { name: account.clone(), place, rate }),
            Err(why) => {
                let help = "a row has a name; a region, url or emulator; and a token_env or token_file";
                report
                    .error(name.span, format!("line {}: the account `{account}` {why}", row.line))
                    .help(help);
                return None;
            }
        }
    };
    let wave = match (text("wave"), cell("wave")) {
        ("", _) | (_, None) => None,
        (written, Some(cell)) => match written.parse::<u32>() {
            Ok(number) if (1..=1000).contains(&number) => Some(number),
            _ => {
                let message = format!("`wave` must be a whole number from 1 to 1000, not `{written}`");
                report.error(cell.span, message);
                return None;
            }
        },
    };
    let own = csv.header.iter().zip(&row.cells).filter(|(head, _)| !COLUMNS.contains(&head.text.as_str()));
    let mut columns: BTreeMap<String, String> =
        own.map(|(head, cell)| (head.text.clone(), cell.text.clone())).collect();
    columns.insert("name".to_owned(), account.clone());
    let queue = Some(text("queue")).filter(|queue| !queue.is_empty()).map(str::to_owned);
    Some(Listed {
        name: account,
        span: name.span,
        place,
        row: RowFacts { line: row.line, wave, queue, columns },
    })
}

impl Reader<'_> {
    /// Settles which account stands for one of the job's, and for which.
    pub(super) fn choose(&mut self, root: &Node, accounts: &[Account], choice: Option<&AccountChoice>) {
        let stand_in = match choice {
            None => return,
            Some(AccountChoice::Row(row)) => Some(row.clone()),
            Some(AccountChoice::OfSources { name, role }) => self.of_sources(root, accounts, name, role),
        };
        let Some(mut stand_in) = stand_in else { return };
        let named = |key: &str| root.get(key).and_then(Node::text).map(str::to_owned);
        let slot = match stand_in.role.as_str() {
            "source" if root.get("source").is_some_and(|source| source.get("folder").is_some()) => {
                let message = "an account cannot stand for the source of this job, which is a folder";
                self.report.error(None, message).help("say which one it stands for, e.g. `--as target`");
                None
            }
            "source" => named("source"),
            "target" => named("target").or_else(|| named("source")),
            name => {
                let used = [named("source"), named("target")];
                if !used.iter().flatten().any(|used| used == name) {
                    let used: Vec<String> = used.into_iter().flatten().collect();
                    let message = format!("`{name}` is neither source nor target of this job");
                    let help = format!(
                        "an account stands for `source`, `target` or one of {}",
                        used.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                    );
                    self.report.error(None, message).help(help);
                }
                Some(name.to_owned())
            }
        };
        if let Some(rate) = self.rate_of_row(&stand_in, slot.as_deref(), accounts) {
            stand_in.account.rate = rate;
        }
        self.slot = slot;
        self.stand_in = Some(stand_in);
    }

    /// The rate of a row in this job: that of the account it stands for, which is the job's unless it sets its own. `None`
    /// leaves the rate that the row's account has. An account that a row only names keeps what the user's file sets of it.
    fn rate_of_row(&self, row: &StandIn, slot: Option<&str>, accounts: &[Account]) -> Option<Rate> {
        let stood_for = accounts.iter().find(|account| Some(account.name.as_str()) == slot);
        let rate = stood_for.map_or(self.otherwise, |account| account.rate);
        match row.origin {
            RowOrigin::Columns => Some(rate),
            RowOrigin::Named if accounts.contains(&row.account) => None,
            RowOrigin::Named => {
                // The problems of the file were reported when the row was read.
                let users = user::read_with(self.env, self.now, rate).ok().flatten()?.accounts;
                users.into_iter().find(|account| account.name == row.account.name).map(|own| own.rate)
            }
        }
    }

    /// The account of that name in `sources`.
    fn of_sources(&mut self, root: &Node, accounts: &[Account], name: &str, role: &str) -> Option<StandIn> {
        let Some(node) = root.get("sources") else {
            let help = "name the CSV that holds it: `--accounts accounts.csv`";
            self.report
                .error(None, format!("account `{name}` was asked for, but the job has no `sources`"))
                .help(help);
            return None;
        };
        let span = node.span;
        let before = self.report.errors();
        let rows = self.source_rows(root, accounts);
        let found = rows.iter().find(|row| row.account.name == name).map(|row| row.stand_in(role));
        if found.is_none() && self.report.errors() == before {
            let names = rows.iter().map(|row| row.account.name.as_str());
            let help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            self.report.error(span, format!("`sources` has no account `{name}`")).maybe_help(help);
        }
        found
    }

    /// The account that stands for the one of this name, if one does.
    pub(super) fn standing_for(&self, name: &str) -> Option<&Account> {
        let is_meant = self.slot.as_deref() == Some(name);
        self.stand_in.as_ref().filter(|_| is_meant).map(|stand_in| &stand_in.account)
    }

    /// The accounts of `sources`: those of its names, or of its CSV.
    pub(super) fn source_rows(&mut self, root: &Node, accounts: &[Account]) -> Vec<AccountRow> {
        let Some(node) = root.get("sources") else { return Vec::new() };
        if node.text().is_some() {
            let (folder, env, rate) = (self.folder.clone(), self.env, self.otherwise);
            let read = self.roster(node, |csv, report| listed(csv, &folder, env, rate, report));
            return self.resolved(read.unwrap_or_default(), accounts, Some(node.span));
        }
        let mut found: Vec<AccountRow> = Vec::new();
        for item in node.items() {
            let account = self.account_named(item, "sources", root, accounts);
            found.extend(account.map(|account| {
                let columns = BTreeMap::from([("name".to_owned(), account.name.clone())]);
                RowFacts { line: 0, wave: None, queue: None, columns }.of(account, RowOrigin::Named)
            }));
        }
        let mut names = std::collections::HashSet::new();
        for row in &found {
            if !names.insert(row.account.name.clone()) {
                let message = format!("`sources` names the account `{}` twice", row.account.name);
                self.report.error(node.span, message).help("name each account once");
            }
        }
        found
    }

    /// The rows with their accounts: those of their columns, else those of that name among `accounts` or the user's. A row
    /// that has neither is reported where it stands, or at `place` in the file that names the CSV.
    pub(super) fn resolved(
        &mut self,
        listed: Vec<Listed>,
        accounts: &[Account],
        place: Option<Span>,
    ) -> Vec<AccountRow> {
        let mut rows = Vec::with_capacity(listed.len());
        for Listed { name, span, place: own, row } in listed {
            let own = own.map(|account| (account, RowOrigin::Columns));
            match own.or_else(|| self.known(accounts, &name).map(|account| (account, RowOrigin::Named))) {
                Some((account, origin)) => rows.push(row.of(account, origin)),
                None => {
                    let line = if place.is_some() { format!("line {}: ", row.line) } else { String::new() };
                    let message = format!("{line}the account `{name}` is not there");
                    let help = "fill in its columns: region, url or emulator, and token_env or token_file; or add it with \
                                `transship accounts add`, or to the `accounts` of a job";
                    self.report.error(place.unwrap_or(span), message).help(help);
                }
            }
        }
        rows
    }

    fn known(&mut self, accounts: &[Account], name: &str) -> Option<Account> {
        let own = accounts.iter().find(|account| account.name == name).cloned();
        own.or_else(|| self.users().iter().find(|account| account.name == name).cloned())
    }
}
