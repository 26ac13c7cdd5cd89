"""What .ci/fleet tests beside the demo: exit 7 for a person's run, one fleet after the other, canaries, the cost of the engine."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

program, temporal, work, idle = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]) / "more", int(sys.argv[4])
work.mkdir()
ended_badly = []


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def check(what, is_so):
    print(f"{'ok' if is_so else 'NOT SO'}: {what}", flush=True)
    if not is_so:
        ended_badly.append(what)


grpc = port()
server = subprocess.Popen(
    [temporal, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(grpc),
     "--db-filename", str(work / "temporal.db"), "--log-level", "error"],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
environment = {**os.environ, "TEMPORAL_ADDRESS": f"127.0.0.1:{grpc}", "HOME": str(work)}
environment.pop("TRANSSHIP_STORE", None)
processes = [server]


def start(*words, **more):
    log = open(work / "log", "a")
    process = subprocess.Popen([program, *words], cwd=work, env={**environment, **more}, stdout=log, stderr=log)
    processes.append(process)
    return process


def call(*words, **more):
    done = subprocess.run([program, *words], cwd=work, env={**environment, **more}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def server_cpu():
    fields = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fleet(name, accounts, job="job.yaml", extra=""):
    rows = "".join(f"{account},{account}-b\n" for account in accounts)
    (work / f"{name}.csv").write_text("name,emulator\n" + rows)
    (work / f"{name}.yaml").write_text(
        f"version: 1\nname: {name}\njob: {job}\nas: target\naccounts: {name}.csv\nstore: store\n{extra}")


def results(name):
    folder = work / "store/fleets" / name / "results"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")} if folder.is_dir() else {}


def job(name, more=""):
    (work / name).write_text(
        "version: 1\nname: rollout\naction: migrate\n"
        "accounts: { golden: { emulator: golden }, customer: { emulator: held-b } }\n"
        "source: golden\ntarget: customer\n" + more)


def wait_for_server():
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", grpc), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the Temporal server does not answer")


try:
    wait_for_server()
    # The engine alone: a child that does nothing.
    nothing = work / "nothing"
    nothing.write_text("#!/bin/sh\nexit 0\n")
    nothing.chmod(0o755)
    job("job.yaml")
    fleet("idle", [f"idle-{number:04}" for number in range(idle)], extra="parallel: 200\n")
    workers = [start("worker", "--slots", "16", "--transship", str(nothing)) for _ in range(2)]
    time.sleep(3)
    before, began = server_cpu(), time.monotonic()
    code, said = call("submit", "idle.yaml", "--wait")
    wall, cpu = time.monotonic() - began, server_cpu() - before
    check(f"{idle} accounts with a child that does nothing: exit {code}, {wall:.1f} s, "
          f"{1000 * cpu / idle:.1f} ms of server CPU an account, at most 20 (60 s are wished for with 5,000 accounts)",
          code == 0 and len(results("idle")) == idle and cpu / idle <= 0.020)
    if code != 0:
        print(said)
    code, said = call("submit", "idle.yaml", "--wait")
    check("submitted again, a fleet that is finished ends at once with 0", code == 0)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    check("SIGTERM ends a worker with 0", all(worker.wait(60) == 0 for worker in workers))

    # A canary that fails: the child of one account ends with 6.
    refuses = work / "refuses"
    refuses.write_text('#!/bin/sh\necho "$@" >> began\ncase "$*" in *canary-1*) exit 6;; esac\nexit 0\n')
    refuses.chmod(0o755)
    canaries = ["canary-1", "canary-2", *[f"later-{number}" for number in range(6)]]
    fleet("canary", canaries, extra="waves: [{ accounts: 2 }, { rest: true }]\n")
    worker = start("worker", "--slots", "4", "--transship", str(refuses))
    code, said = call("submit", "canary.yaml", "--wait")
    began = (work / "began").read_text()
    check(f"a canary that fails ends the fleet with 3 (it is {code}), and no account of a later wave is begun",
          code == 3 and "later-" not in began)
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)

    # Two fleets and a person's run, all on one account, whose calls take a while.
    (work / "slow.yaml").write_text(
        "faults:\n  - match: { method: POST }\n    effect: { slow: { before: 2s } }\n")
    (work / "tokens").write_text("golden token-of-golden\nheld-b token-of-held\n")
    emulator_port = port()
    emulator = start("transship", "emulator", "--port", str(emulator_port), "--account", "golden", "--account", "held-b",
                     "--tokens", "tokens", "--faults", "slow.yaml", "--data", "emulator.jsonl")
    (work / "emulator.json").write_text(json.dumps(
        {"url": f"http://127.0.0.1:{emulator_port}", "tokens": {"golden": "token-of-golden", "held-b": "token-of-held"}}))
    served = {"TRANSSHIP_EMULATOR_SERVER": str(work / "emulator.json")}
    job("slow-job.yaml", 'select: { names: ["Shopify*"] }\nconcurrency: 1\n')
    fleet("one", ["held"], job="slow-job.yaml")
    fleet("two", ["held"], job="slow-job.yaml")
    worker = start("worker", "--slots", "4", **served)
    first = start("submit", "one.yaml", "--wait")
    leases = work / "store/leases"
    for _ in range(300):
        if leases.is_dir() and any(leases.iterdir()):
            break
        time.sleep(0.1)
    second = start("submit", "two.yaml", "--wait")
    code, said = call("transship", "run", "slow-job.yaml", "--yes", TRANSSHIP_STORE=str(work / "store"), **served)
    check(f"a person's run on an account that a fleet holds exits 7 (it is {code}) and names the fleet", code == 7 and "one" in said)
    codes = first.wait(300), second.wait(300)
    both = results("one")["held"], results("two")["held"]
    counts = [one["counts"]["outcomes"] for one in both]
    in_turn = both[0]["ended_at"] <= both[1]["ended_at"]
    check(f"two fleets on one account: one after the other, exit {codes}, "
          f"{counts[0]['created']} and {counts[1]['created']} created",
          codes == (0, 0) and in_turn and counts[0]["created"] > 0 and counts[1]["created"] == 0)
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
finally:
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
sys.exit(f"not so: {len(ended_badly)}" if ended_badly else 0)
