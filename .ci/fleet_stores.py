"""Fleets whose store is a bucket, on Temporal and without an engine; workers as machines of their own; recovery after kill -9."""

import csv
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3

from fleet_setting import Setting, port, until

program, temporal, work, moto = sys.argv[1], sys.argv[2], sys.argv[3] + "/stores", sys.argv[4]
at = Setting(program, temporal, work)
STORE = "s3://fleets/ops"


def children(pid):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(stat[1]) == pid:
                found.append(int(entry.name))
    return found


def account_of(pid):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return words[words.index(b"--account") + 1].decode() if b"--account" in words else None


def machine(name, job_of):
    """A folder that stands for a machine: a HOME of its own, and files of its own; the same paths, as a worker needs them."""
    home = at.work / name
    home.mkdir()
    return {"HOME": str(home)}, home


def s3():
    """A server that speaks S3, and the variables that reach it."""
    here = port()
    log = open(at.work / "s3.log", "w")
    server = subprocess.Popen([moto, "-H", "127.0.0.1", "-p", str(here)], stdout=log, stderr=log)
    at.processes.append(server)

    def made():
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{here}/fleets", method="PUT"))
            return True
        except (urllib.error.URLError, ConnectionError):
            return False

    if until(made, 60) is None:
        sys.exit("the S3 server does not answer")
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
                 "AWS_ENDPOINT": f"http://127.0.0.1:{here}", "AWS_ALLOW_HTTP": "true"}

    client = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT"], region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")

    def read(key):
        try:
            return client.get_object(Bucket="fleets", Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None

    def names(prefix):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="fleets", Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    return variables, read, names


def audited(read, name, accounts):
    """Rows in the fleet's audit, and imports in the plans of its accounts."""
    audit = read(f"ops/fleets/{name}/audit.csv")
    rows = sum(1 for _ in csv.DictReader(io.StringIO(audit.decode()))) if audit else 0
    results = [json.loads(read(f"ops/fleets/{name}/results/{account}.json") or "null") for account in accounts]
    planned = sum(result["counts"]["selected"] for result in results if result and "counts" in result)
    return rows, planned, [result["worker"] for result in results if result], sum(
        result["counts"]["outcomes"].get("created", 0) for result in results if result and "counts" in result)


try:
    many = [f"b-{number}" for number in range(8)]
    alone = [f"e-{number}" for number in range(6)]
    dying = [f"d-{number}" for number in range(4)]
    served = at.emulator(["golden", *[f"{account}-b" for account in [*many, *alone, *dying]]], slow="300ms")
    bucket, read, listed = s3()
    at.job("job.yaml", "b-0", 'select: { names: ["Shopify*"], exclude: { names: ["*app: *"] } }\nconcurrency: 1\n')

    # On Temporal, two workers as two machines: nothing is shared but the bucket.
    at.fleet("bucket", many, store=STORE)
    one, first = machine("one", "job.yaml")
    two, second = machine("two", "job.yaml")
    workers = [at.start("worker", "--slots", "2", cwd=home, **environment, **bucket, **served)
               for environment, home in ((one, first), (two, second))]
    began = time.monotonic()
    code, said = at.call("submit", "bucket.yaml", "--wait", **bucket)
    rows, planned, by, created = audited(read, "bucket", many)
    at.check(f"a fleet on Temporal over a bucket, 2 workers with nothing else in common: exit {code}, "
             f"{time.monotonic() - began:.0f} s, {created} created, {rows} rows in the audit, {planned} in the plans",
             code == 0 and rows == planned == created > 0)
    if code != 0:
        print(said)
    at.check("both workers had accounts", len(set(by)) == 2)
    code, said = at.call("transship", "verify", f"{STORE}/fleets/bucket/runs/b-3", "--quiet", **bucket)
    at.check("a run folder in the bucket verifies", code == 0)
    code, said = at.call("transship", "fleet", "status", "bucket", "--store", STORE, **bucket)
    at.check("`transship fleet status` reads it", code == 0 and "8" in said)
    left = [path.name for home in (first, second) for path in home.rglob("journal.jsonl")]
    at.check("no run folder is left on the machines", not left)

    # A worker and its children are killed: the other goes on with its accounts.
    at.fleet("dying", dying, store=STORE)
    waiting = at.start("submit", "dying.yaml", "--wait", **bucket)
    took = until(lambda: all(len(children(worker.pid)) == 2 for worker in workers), 60)
    at.check("all four accounts run", took is not None)
    time.sleep(1)
    victim, other = workers
    victim.send_signal(signal.SIGSTOP)
    orphans = {account_of(pid) for pid in children(victim.pid)} - {None}
    for pid in children(victim.pid):
        os.kill(pid, signal.SIGKILL)
    victim.kill()
    victim.wait()
    killed = time.monotonic()

    def sends():
        """Whether the other worker's runs of the orphans do something: their journals in the bucket have grown."""
        return all(len(segments(account)) > before[account] for account in orphans)

    def segments(account):
        return [key for key in listed(f"ops/fleets/dying/runs/{account}/") if "/journal/" in key or "summary" in key]

    before = {account: len(segments(account)) for account in orphans}
    took = until(sends, 120, 0.2)
    at.check(f"a worker and its children are killed: another writes for its {len(orphans)} accounts "
             f"{took and round(took, 1)} s later, at most 45", orphans and took is not None and took <= 45)
    code = waiting.wait(120)
    rows, planned, _, _ = audited(read, "dying", dying)
    at.check(f"all accounts end, exit {code}, {rows} rows in the audit, {planned} in the plans",
             code == 0 and rows == planned > 0)
    code, said = at.call("transship", "verify", f"{STORE}/fleets/dying/runs/{sorted(orphans)[0]}", "--quiet", **bucket)
    at.check("the run folder of two workers verifies", code == 0)

    # Without an engine: two parts, each on a machine of its own; one is killed and started again.
    at.fleet("engineless", alone, store=STORE)
    parts = {}
    for number in (1, 2):
        environment, home = machine(f"part-{number}", "job.yaml")
        words = ["transship", "fleet", "run", str(at.work / "engineless.yaml"), "--yes", "--shard", f"{number}/2", "--no-wait"]
        parts[number] = (words, home, {**environment, **bucket, **served})
    runs = {number: at.start(*words, cwd=home, **more) for number, (words, home, more) in parts.items()}
    until(lambda: len(children(runs[1].pid)) > 0, 60)
    time.sleep(3)
    runs[1].kill()
    runs[1].wait()
    words, home, more = parts[1]
    code, said = at.call(*words, cwd=home, **more)
    other = runs[2].wait(120)
    rows, planned, by, created = audited(read, "engineless", alone)
    code_again, said = at.call(*words, cwd=home, **more)
    rows, planned, by, created = audited(read, "engineless", alone)
    at.check(f"a fleet without an engine over a bucket, one of two parts killed and started again: exits {code}, {other}, "
             f"then {code_again}; {len(by)} of {len(alone)} accounts, {rows} rows in the audit, {planned} in the plans",
             code in (0, 130) and other in (0, 130) and code_again == 0 and len(by) == len(alone) and rows == planned > 0)
    if code_again != 0:
        print(said)
    at.check("SIGTERM ends the worker with 0", at.stop(workers[1]))

    # Counted in the accounts themselves: nothing is lost, nothing is there twice.
    emulated = json.loads((at.work / "emulator.json").read_text())

    def names(account):
        """The names of the imports of an account that the job selects."""
        found, url = [], f"{emulated['url']}/v1/imports"
        while url:
            asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {emulated['tokens'][account]}"})
            with urllib.request.urlopen(asked) as answer:
                if answer.status == 204:
                    break
                found += [one["name"] for one in json.loads(answer.read())]
                links = [link.split(";") for link in (answer.headers.get("Link") or "").split(",") if link]
                url = next((link[0].strip(" <>") for link in links if 'rel="next"' in link[1]), None)
        return sorted(name for name in found if name.startswith("Shopify") and "app: " not in name)

    golden = names("golden")
    others = [names(f"{account}-b") for account in [*many, *dying, *alone]]
    unlike = [there for there in others if there != golden][:1]
    at.check(f"counted in {len(others)} emulated accounts: {len(golden)} imports in each, none lost and none twice {unlike or ''}",
             golden and all(there == golden for there in others))
finally:
    at.end()
sys.exit(f"not so: {len(at.ended_badly)}" if at.ended_badly else 0)
