"""What a person asks of a fleet through Temporal: approvals, pause, stop, cancelling, schedules."""

import json
import os
import pathlib
import subprocess
import sys
import time

from fleet_setting import Setting, until

program, temporal, work = sys.argv[1], sys.argv[2], sys.argv[3] + "/signals"
at = Setting(program, temporal, work)


def running(name):
    code, said = at.ask("workflow", "describe", "--workflow-id", f"fleet/{name}", "--output", "json")
    return json.loads(said)["workflowExecutionInfo"]["status"].endswith("RUNNING") if code == 0 else False


def waits_for(name, kind):
    """Whether an activity of the fleet waits for that, as the console shows it."""
    code, said = at.ask("workflow", "describe", "--workflow-id", f"fleet/{name}", "--output", "json")
    if code != 0:
        return False
    pending = json.loads(said).get("pendingActivities", [])
    return any(activity.get("lastFailure", {}).get("applicationFailureInfo", {}).get("type") == kind for activity in pending)


def status(name):
    code, said = at.ask("workflow", "query", "--workflow-id", f"fleet/{name}", "--type", "status", "--output", "json")
    return json.loads(said)["queryResult"][0] if code == 0 else {"failed": said}


def record(name):
    """Keeps the history of a fleet, which the tests replay: FLEET_HISTORIES=crates/temporal/tests/histories."""
    if folder := os.environ.get("FLEET_HISTORIES"):
        history = subprocess.run([program, "history", name], cwd=at.work, env=at.environment, capture_output=True)
        (pathlib.Path(folder) / f"signal-{name}.pb").write_bytes(history.stdout)


try:
    # A run that takes a while, and ends with 130 when it is told to; everything but runs is what it is.
    slow = at.script("slow", f'[ "$1" = run ] || exec {program} transship "$@"\necho "$*" >> began\n'
                     'trap "exit 130" INT\nfor i in 1 2 3 4 5 6; do sleep 0.3; done\nexit 0')

    def begun():
        path = at.work / "began"
        return path.read_text().count("\n") if path.is_file() else 0

    def anew():
        (at.work / "began").unlink()

    at.job("job.yaml")
    worker = at.start("worker", "--slots", "2", "--transship", slow)

    # Waves that ask for an approval: one given by a signal, one by the command, which needs the store only.
    names = [f"a-{number}" for number in range(6)]
    at.fleet("waves", names, extra="waves: [{ accounts: 1, approve: true }, { accounts: 2, approve: true }, { rest: true }]\n")
    waiting = at.start("submit", "waves.yaml", "--wait")
    took = until(lambda: waits_for("waves", "approval"), 60)
    at.check("after the first wave the fleet waits for an approval, and the console says so", took is not None)
    at.check("nothing of the next wave was begun", begun() == 1)
    stands = status("waves")
    at.check(f"the query `status` answers meanwhile ({stands})", stands.get("wave") == 1 and stands.get("ended") == 1)
    code, said = at.call("submit", "waves.yaml")
    at.check("submitted again it is running", code == 0 and "is running" in said)
    at.signal("waves", "approve")
    took = until(lambda: len(at.results("waves")) == 3 and waits_for("waves", "approval"), 60)
    at.check("the signal `approve` lets the second wave begin, and the third waits", took is not None)
    code, said = at.call("transship", "fleet", "status", "waves", "--store", "store")
    at.check("`transship fleet status` says what is waited for", "approve" in said)
    code, said = at.call("transship", "fleet", "approve", "waves", "--store", "store")
    code = waiting.wait(90)
    at.check(f"`transship fleet approve` lets the rest begin, and the fleet ends with 0 (it is {code})",
             code == 0 and len(at.results("waves")) == 6)

    record("waves")

    # Pause, then resume.
    anew()
    at.fleet("pause", [f"p-{number}" for number in range(8)])
    waiting = at.start("submit", "pause.yaml", "--wait")
    until(lambda: begun() > 0, 60)
    at.signal("pause", "pause")
    took = until(lambda: at.control("pause").get("state") == "paused", 10)
    at.check(f"the signal `pause` is in the store after {took and round(took, 1)} s", took is not None)
    time.sleep(4)
    count = begun()
    time.sleep(6)
    at.check(f"after it no account is begun ({count} of 8 were before)",
             begun() == count and count < 8 and waits_for("pause", "paused"))
    at.signal("pause", "resume")
    code = waiting.wait(90)
    at.check(f"the signal `resume` takes it back: all 8 end, exit {code}", code == 0 and len(at.results("pause")) == 8)

    record("pause")

    # Stop, then go on.
    anew()
    at.fleet("stop", [f"s-{number}" for number in range(8)])
    waiting = at.start("submit", "stop.yaml", "--wait")
    until(lambda: begun() > 0, 60)
    asked = time.monotonic()
    at.signal("stop", "stop")
    code = waiting.wait(60)
    took = time.monotonic() - asked
    count = begun()
    at.check(f"the signal `stop` ends the fleet with 4 (it is {code}) after {took:.1f} s; {count} accounts were begun",
             code == 4 and took <= 12 and count < 8)
    record("stop")
    code, said = at.call("transship", "fleet", "resume", "stop", "--store", "store")
    code, said = at.call("submit", "stop.yaml", "--wait")
    at.check(f"`fleet resume` and `submit` go on to the end, exit {code}", code == 0 and len(at.results("stop")) == 8)

    # Cancelling, as the console's button does.
    anew()
    at.fleet("cancel", [f"c-{number}" for number in range(8)])
    waiting = at.start("submit", "cancel.yaml", "--wait")
    until(lambda: begun() > 0, 60)
    time.sleep(0.5)
    asked = time.monotonic()
    at.ask("workflow", "cancel", "--workflow-id", "fleet/cancel")
    code = waiting.wait(60)
    took = time.monotonic() - asked
    count = begun()
    time.sleep(3)
    at.check(f"cancelled, it ends with 130 (it is {code}) after {took:.1f} s, and no account is begun ({count})",
             code == 130 and count < 8 and begun() == count)
    record("cancel")
    code, said = at.call("submit", "cancel.yaml", "--wait")
    at.check(f"submitted again it goes on to the end, exit {code}", code == 0 and len(at.results("cancel")) == 8)

    # A schedule: two starts are two fleets; a job that changed replaces it.
    at.fleet("nightly", ["n-0", "n-1"])
    code, said = at.call("schedule", "nightly.yaml", "--cron", "0 2 1 1 *")
    at.check("a schedule is made", code == 0 and "made schedule fleet/nightly" in said)

    def nights():
        folder = at.work / "store/fleets"
        return sorted(path.name for path in folder.iterdir() if path.name.startswith("nightly-")) if folder.is_dir() else []

    for number in (1, 2):
        code, said = at.ask("schedule", "trigger", "--schedule-id", "fleet/nightly")
        took = until(lambda: len(nights()) == number and len(at.results(nights()[-1])) == 2, 60)
        at.check(f"start {number} makes a fleet of its own, {nights()[-1:]}, of 2 accounts", took is not None)
        time.sleep(2)
    code, said = at.call("schedule", "nightly.yaml", "--cron", "30 2 1 1 *")
    at.check("made again, it is replaced", code == 0 and "replaced schedule" in said)
    code, said = at.call("schedule", "nightly.yaml", "--cron", "at night")
    at.check(f"a time that is none is refused with 2 (it is {code})", code == 2 and "--cron" in said)
    code, still = at.ask("schedule", "describe", "--schedule-id", "fleet/nightly")
    at.check("and the schedule that was there stays", code == 0)
    at.check("SIGTERM ends the worker with 0", at.stop(worker))
finally:
    at.end()
sys.exit(f"not so: {len(at.ended_badly)}" if at.ended_badly else 0)
