#!/usr/bin/env python3
"""Moves the same imports with Transship and with four scripts as people write them, and prints one table.

    benches/rivals/run.py [--imports 2000] [--binary target/release/transship] [--only NAME]

Each contestant reads every import of one account (GET), makes it in another (POST) and reads it back (GET), with at most
64 calls in flight and retries of its own. Each meets a fresh emulator of the same binary, on one machine, in turns:
with the documented limit (300 calls a second, burst 1,000), without a limit, and without a limit while 5 % of the answers
to POST are lost after they were carried out. Then the harness counts what the target holds.

The Python libraries are installed in target/rivals; a contestant that cannot be installed is reported and skipped.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / "target" / "rivals"
SCENARIOS = {
    "limit": {"behaviour": {}},
    "no limit": {"behaviour": {"rate_limited": False}},
    "5 % cut": {
        "behaviour": {"rate_limited": False},
        "faults": [{"match": {"method": "POST", "path": "/v1/imports"}, "probability": 0.05, "seed": 7, "effect": "cut_after"}],
    },
}


def python_with_libraries():
    python = TOOLS / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
    have = subprocess.run([python, "-c", "import requests, aiohttp"], stderr=subprocess.DEVNULL)
    if have.returncode != 0:
        install = [TOOLS / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "requests", "aiohttp"]
        if subprocess.run(install).returncode != 0:
            return None
    return str(python)


def contestants(binary):
    found = {"transship": [str(binary), "run", "job.yaml", "--yes", "--quiet"]}
    python = python_with_libraries()
    if python:
        found["Python, requests"] = [python, str(HERE / "with_requests.py")]
        found["Python, aiohttp"] = [python, str(HERE / "with_aiohttp.py")]
    else:
        print("requests and aiohttp cannot be installed here: left out", file=sys.stderr)
    if shutil.which("node"):
        found["Node, fetch"] = ["node", str(HERE / "with_fetch.mjs")]
    else:
        print("node is not installed: left out", file=sys.stderr)
    if shutil.which("curl"):
        found["curl, in a loop"] = ["bash", str(HERE / "with_curl.sh")]
    return found


def document(number):
    fields = [{"extract": f"order.lines[*].f{field}", "generate": f"target_{field}"} for field in range(24)]
    return {
        "_id": f"{number:024x}",
        "name": f"Orders {number:06}",
        "_connectionId": "5f7c579b6411271af4e7cefa",
        "adaptorType": "HTTPImport",
        "mapping": {"fields": fields, "lists": []},
        "http": {"relativeURI": ["/orders/{{record.id}}"], "method": ["POST"], "body": ["{\"order\":{{{json record}}}}"]},
    }


class Service:
    def __init__(self, binary, folder, scenario, imports):
        connection = {"_id": "5f7c579b6411271af4e7cefa", "name": "Shop", "type": "http", "http": {"baseURI": "https://example.com"}}
        data = {"connections": [connection], "imports": [document(number) for number in range(1, imports + 1)]}
        (folder / "source.json").write_text(json.dumps(data))
        (folder / "faults.json").write_text(json.dumps(scenario))
        command = [binary, "emulator", "--data", "source.json", "--faults", "faults.json", "--account", "source",
                   "--account", "target"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        said = [self.process.stdout.readline().split() for _ in range(2)]
        self.tokens = {name: token for _, name, _, token in said}
        made = self.call("POST", "/v1/connections", "target", {key: connection[key] for key in ("name", "type", "http")})
        self.connection = made["_id"]
        self.call("POST", "/__emulator/reset", "target", {})

    def call(self, method, path, account, body=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.tokens[account]}")
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(request, data) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def counts(self):
        calls = self.call("GET", "/__emulator/calls", "target")["calls"]
        total = sum(call["count"] for call in calls)
        return total, sum(call["count"] for call in calls if call["status"] == 429)

    def names(self):
        names, skip = collections.Counter(), 0
        while True:
            for attempt in range(20):
                try:
                    page = self.call("GET", f"/v1/imports?limit=1000&skip={skip}", "target")
                    break
                except urllib.error.HTTPError as error:
                    if error.code not in (204, 429):
                        raise
                    time.sleep(2)
            if not page:
                return names
            names.update(one["name"] for one in page)
            skip += 1000

    def stop(self):
        self.process.terminate()
        self.process.wait()


def job(service, limited):
    rate = "{ share: 1.0 }" if limited else "{ per_second: 100000, burst: 100000, share: 1.0 }"
    return f"""version: 1
name: rival
action: migrate
accounts:
  source: {{ url: "{service.url}", token: {{ env: SOURCE_TOKEN }} }}
  target: {{ url: "{service.url}", token: {{ env: TARGET_TOKEN }} }}
source: source
target: target
rate: {rate}
"""


def measure(name, command, binary, scenario_name, imports):
    scenario = SCENARIOS[scenario_name]
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        service = Service(binary, folder, scenario, imports)
        try:
            (folder / "job.yaml").write_text(job(service, scenario_name == "limit"))
            environment = dict(
                os.environ, HOME=place, SERVICE=service.url, SOURCE_TOKEN=service.tokens["source"],
                TARGET_TOKEN=service.tokens["target"], OLD_CONNECTION="5f7c579b6411271af4e7cefa",
                NEW_CONNECTION=service.connection,
            )
            began = time.monotonic()
            with open(folder / "said", "w") as said:
                child = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
            _, status, used = os.wait4(child.pid, 0)
            wall = time.monotonic() - began
            total, refused = service.counts()
            names = service.names()
        finally:
            service.stop()
        wanted = {document(number)["name"] for number in range(1, imports + 1)}
        lost = len(wanted - set(names))
        doubled = sum(count - 1 for count in names.values())
        return {
            "name": name, "scenario": scenario_name, "exit": os.waitstatus_to_exitcode(status), "wall": wall,
            "per_second": imports / wall, "calls": total / imports, "refused": refused,
            "cpu_ms": 1000 * (used.ru_utime + used.ru_stime) / imports, "memory_mb": used.ru_maxrss / 1024,
            "lost": lost, "doubled": doubled,
        }


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--imports", type=int, default=2000)
    arguments.add_argument("--binary", type=pathlib.Path, default=ROOT / "target" / "release" / "transship")
    arguments.add_argument("--only", action="append")
    chosen = arguments.parse_args()
    binary = chosen.binary.resolve()
    if not binary.exists():
        sys.exit(f"{binary} is not there: cargo build --release makes it")
    print("| contestant | scenario | imports/s | calls an import | 429s | CPU ms an import | peak MB | lost | doubled |")
    print("|---|---|---|---|---|---|---|---|---|")
    for scenario in SCENARIOS:
        for name, command in contestants(binary).items():
            if chosen.only and name not in chosen.only:
                continue
            row = measure(name, command, binary, scenario, chosen.imports)
            print("| {name} | {scenario} | {per_second:.0f} | {calls:.3f} | {refused} | {cpu_ms:.2f} | {memory_mb:.0f} | "
                  "{lost} | {doubled} |".format(**row), flush=True)


if __name__ == "__main__":
    main()
