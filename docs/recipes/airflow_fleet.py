"""One job for many accounts, as an Airflow DAG: one task for each row of accounts.csv.

Airflow starts, retries and shows the tasks. That an account is written by one run at a time, and that what was done is not done
again, is Transship's: `--or-resume` may be started any number of times, on any worker that shares FOLDER.

The tokens are in the environment of the workers, under the names in the column `token_env` of accounts.csv. FOLDER, for run
folders, is shared by all workers. To do 50 accounts at once: airflow pools set transship 50 "accounts at once"
"""

from __future__ import annotations

import csv
import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException

JOB = "/etc/transship/remap-fields.yaml"
ACCOUNTS = "/etc/transship/accounts.csv"
FOLDER = "/var/lib/transship"

DONE = 0
ATTENTION = 3
# Starting it again changes nothing: bad files, too many failures, a refused token.
FINAL = {2, 4, 6}


def command(account: str, run: str) -> list[str]:
    """What is started for an account; `run` tells this run of the DAG from the others."""
    words = ["transship", "run", JOB, "--accounts", ACCOUNTS, "--account", account, "--as", "source"]
    words += ["--run-dir", f"{FOLDER}/{run}/{account}", "--or-resume", "--yes"]
    return words + ["--die-with-parent"]


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 20,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
    },
    tags=["transship"],
)
def transship_fleet():
    @task
    def accounts() -> list[str]:
        with Path(ACCOUNTS).open(newline="", encoding="utf-8-sig") as rows:
            return [row["name"] for row in csv.DictReader(rows)]

    @task(pool="transship", map_index_template="{{ account }}")
    def account(account: str, run_id: str | None = None) -> str:
        run = "".join(c if c.isalnum() or c in "-_" else "-" for c in run_id or "manual")
        environment = {**os.environ, "TRANSSHIP_STORE": f"{FOLDER}/store", "TRANSSHIP_PROGRESS": "plain"}
        code = subprocess.run(command(account, run), check=False, env=environment).returncode
        if code == DONE:
            return "done"
        if code == ATTENTION:
            return "needs attention"
        if code in FINAL:
            raise AirflowFailException(f"{account} ended with {code}")
        # 1, 7, 130, or a signal: another attempt goes on with it.
        raise AirflowException(f"{account} ended with {code}: it is tried again")

    account.expand(account=accounts())


transship_fleet()
