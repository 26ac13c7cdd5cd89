"""What the tests of .ci/fleet stand on: a Temporal server, processes of our own, emulated accounts, fleets and their results."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

JOB = ("version: 1\nname: rollout\naction: migrate\n"
       "accounts: {{ golden: {{ emulator: golden }}, customer: {{ emulator: {first}-b }} }}\n"
       "source: golden\ntarget: customer\n")


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, seconds=60, every=0.1):
    """Waits until something is so, and gives how long that took; None if it does not come to be so."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if what():
            return time.monotonic() - began
        time.sleep(every)
    return None


class Setting:
    """A folder with a Temporal server, in which fleets are begun; everything that it starts it ends."""

    def __init__(self, program, temporal, work, server_words=()):
        self.program, self.temporal, self.work = program, temporal, pathlib.Path(work)
        self.work.mkdir(parents=True)
        self.processes, self.ended_badly = [], []
        self.grpc = port()
        self.environment = {**os.environ, "TEMPORAL_ADDRESS": f"127.0.0.1:{self.grpc}", "HOME": str(self.work)}
        self.environment.pop("TRANSSHIP_STORE", None)
        # A write-ahead log outlives a process that is killed, and costs a third of a journal that is synchronised for each call.
        self.server = subprocess.Popen(
            [temporal, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(self.grpc),
             "--db-filename", str(self.work / "temporal.db"), "--log-level", "error",
             "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal", *server_words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(self.server)
        if until(self.answers, 30) is None:
            sys.exit("the Temporal server does not answer")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.grpc), 1).close()
            return True
        except OSError:
            return False

    def check(self, what, is_so):
        print(f"{'ok' if is_so else 'NOT SO'}: {what}", flush=True)
        if not is_so:
            self.ended_badly.append(what)

    def start(self, *words, cwd=None, **more):
        log = open(self.work / "log", "a")
        process = subprocess.Popen([self.program, *words], cwd=cwd or self.work, env={**self.environment, **more},
                                   stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def call(self, *words, cwd=None, **more):
        done = subprocess.run([self.program, *words], cwd=cwd or self.work, env={**self.environment, **more},
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def ask(self, *words):
        """A command of Temporal's own program."""
        address = ["--address", self.environment["TEMPORAL_ADDRESS"]]
        done = subprocess.run([self.temporal, *words, *address], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def signal(self, fleet, name):
        code, said = self.ask("workflow", "signal", "--workflow-id", f"fleet/{fleet}", "--name", name)
        self.check(f"the signal `{name}` is taken", code == 0)
        if code != 0:
            print(said)

    def write(self, name, text):
        path = self.work / name
        path.write_text(text)
        return path

    def script(self, name, text):
        path = self.write(name, f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def job(self, name, first="held", more=""):
        self.write(name, JOB.format(first=first) + more)

    def fleet(self, name, accounts, job="job.yaml", extra="", store="store"):
        rows = "".join(f"{account},{account}-b\n" for account in accounts)
        self.write(f"{name}.csv", "name,emulator\n" + rows)
        self.write(f"{name}.yaml",
                   f"version: 1\nname: {name}\njob: {job}\nas: target\naccounts: {name}.csv\nstore: {store}\n{extra}")

    def results(self, name):
        folder = self.work / "store/fleets" / name / "results"
        if not folder.is_dir():
            return {}
        return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}

    def control(self, name):
        path = self.work / "store/fleets" / name / "control.json"
        return json.loads(path.read_text()) if path.is_file() else {}

    def server_cpu(self):
        fields = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def emulator(self, accounts, slow=None):
        """Emulated accounts in a process of their own; gives the variables with which runs find them."""
        tokens = {account: f"token-of-{account}" for account in accounts}
        self.write("tokens", "".join(f"{account} {token}\n" for account, token in tokens.items()))
        words = [word for account in accounts for word in ("--account", account)]
        if slow:
            self.write("slow-calls.yaml",
                       f"faults:\n  - match: {{ method: POST }}\n    effect: {{ slow: {{ before: {slow} }} }}\n")
            words += ["--faults", "slow-calls.yaml"]
        here = port()
        self.start("transship", "emulator", "--port", str(here), "--tokens", "tokens", "--data", "emulator.jsonl", *words)
        served = self.write("emulator.json", json.dumps({"url": f"http://127.0.0.1:{here}", "tokens": tokens}))

        def answers():
            try:
                socket.create_connection(("127.0.0.1", here), 1).close()
                return True
            except OSError:
                return False

        if until(answers, 60) is None:
            sys.exit("the emulator does not answer")
        return {"TRANSSHIP_EMULATOR_SERVER": str(served)}

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def stop(self, *workers):
        """SIGTERM; whether all end with 0."""
        for worker in workers:
            worker.terminate()
        return all(worker.wait(60) == 0 for worker in workers)
