//! The examples below the help of commands.

pub(super) const FIRST: &str = "First steps:
  transship new migrate job.yaml    a commented job to edit, and its schema for your editor
  transship check job.yaml          every mistake in it at once
  transship plan job.yaml           what it would do; reads only
  transship run job.yaml            plans, shows, asks, does it

Exit codes: 0 all as planned, 1 unexpected error, 2 bad arguments or job (nothing sent), 3 something needs attention, 4 stopped, \
5 `plan --exit-code` found changes, 6 token refused, 7 another run holds the target, 130 interrupted or declined \
(resumable). Any other code means failure.";

pub(super) const PLAN: &str = "Examples:
  transship plan job.yaml                                what the job would do, and what it takes
  transship plan job.yaml --import \"Orders to EU\"        one import in full
  transship plan job.yaml --out plan.json --exit-code    keep the plan; exit 5 if there are changes";

pub(super) const RUN: &str = "Examples:
  transship run job.yaml                                 plan, show, ask, do it
  transship run job.yaml --limit 5                       the first five imports that would be written
  transship run job.yaml --plan plan.json --yes          what was approved, and no more
  transship run job.yaml --yes --format json             for programs: one JSON document on stdout
  transship run job.yaml --run-dir run --or-resume       started any number of times, done once
  transship run job.yaml --accounts a.csv --account acme for one account of a CSV";

pub(super) const RESUME: &str = "Examples:
  transship resume                                       the one run that is not finished
  transship resume 4dc1                                  the run whose id begins or ends with it";

pub(super) const RETRY: &str = "Examples:
  transship retry                                        the last run that left something to redo
  transship retry 4dc1 --yes                             without asking";

pub(super) const UNDO: &str = "Examples:
  transship undo runs/20261128T135801Z-orders-to-eu-4dc1
  transship undo 4dc1 --yes                              without asking";

pub(super) const CHECK: &str = "Examples:
  transship check job.yaml                               the file alone; nothing is sent
  transship check job.yaml --online                      also tokens, names and references";

pub(super) const LIST: &str = "Examples:
  transship list job.yaml --format csv > imports.csv     the start of a manifest
  transship list job.yaml --account eu --only \"Order *\"  the matching imports in the target";

pub(super) const RUNS: &str = "Examples:
  transship runs                                         what there is, and what is not finished
  transship runs prune --keep-last 20 --older-than 90d   removes only runs that both rules allow";

pub(super) const SHOW: &str = "Examples:
  transship show                                         the last run
  transship show 4dc1 --import \"Orders to EU\"           one import of a run, with every change
  transship show 4dc1 --all                              every import, through your pager";

pub(super) const VERIFY: &str = "Examples:
  transship verify                                       the last run
  transship verify s3://ops/runs/20261128T135801Z-orders-to-eu-4dc1";

pub(super) const REPORT: &str = "Forms: --format markdown (the default), csv, json, html or junit.

Examples:
  transship report --format html > report.html           of the last run
  transship report 4dc1 --format junit > junit.xml       for a build server";

pub(super) const ACCOUNTS: &str = "Examples:
  transship accounts add eu --region eu --token-env CELIGO_TOKEN_EU
  transship accounts add demo --emulator demo-a
  transship accounts test                                ask the service which user each token belongs to

The accounts are in transship/accounts.yaml below XDG_CONFIG_HOME or ~/.config, or in the file that TRANSSHIP_ACCOUNTS names.";

pub(super) const EMULATOR: &str = "Examples:
  transship emulator --port 8080                         two accounts with demo data
  transship emulator --data imports.json --account mine  documents of yours, in memory";

pub(super) const NEW: &str = "Examples:
  transship new migrate job.yaml                         a commented job, and its schema beside it";

pub(super) const MAN: &str = "Examples:
  transship man --dir ~/.local/share/man/man1            a page for each command";

pub(super) const FLEET: &str = "Examples:
  transship fleet check fleet.yaml                       the files alone; nothing is sent
  transship fleet plan fleet.yaml                        what it would do, grouped by equal change
  transship fleet run fleet.yaml --yes                   in waves; may be started again at any time
  transship fleet status remap --store s3://ops/fleets   how it stands; reads the store only

docs/fleet.md says what a fleet file holds, and how several machines share one.";

pub(super) const FLEET_PLAN: &str = "Examples:
  transship fleet plan fleet.yaml                        accounts with equal changes are shown together
  transship fleet plan fleet.yaml --format json          the groups, with the accounts of each";

pub(super) const FLEET_RUN: &str = "Examples:
  transship fleet run fleet.yaml                         asks, then runs wave after wave
  transship fleet run fleet.yaml --yes --shard 2/4       the second of four machines
  transship fleet run fleet.yaml --yes --no-wait         ends where a wave needs approval
  transship fleet run nightly.yaml --yes --name nightly-2026-11-28";
