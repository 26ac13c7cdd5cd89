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
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from support import CONNECTION, Command, Service, document  # noqa: E402: its folder is known only now

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


def names(service):
    """How often each name stands in the target."""
    names, skip = collections.Counter(), 0
    while True:
        for attempt in range(20):
            try:
                page = service.call("GET", f"/v1/imports?limit=1000&skip={skip}", "target")
                break
            except urllib.error.HTTPError as error:
                if error.code not in (204, 429):
                    raise
                time.sleep(2)
        if not page:
            return names
        names.update(one["name"] for one in page)
        skip += 1000


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
                HOME=place, SERVICE=service.url, SOURCE_TOKEN=service.tokens["source"],
                TARGET_TOKEN=service.tokens["target"], OLD_CONNECTION=CONNECTION["_id"],
                NEW_CONNECTION=service.connection,
            )
            contestant = Command(command, folder, environment)
            exit = contestant.wait()
            total, refused = service.counts()
            found = names(service)
        finally:
            service.stop()
        wanted = {document(number)["name"] for number in range(1, imports + 1)}
        lost = len(wanted - set(found))
        doubled = sum(count - 1 for count in found.values())
        return {
            "name": name, "scenario": scenario_name, "exit": exit, "wall": contestant.wall,
            "per_second": imports / contestant.wall, "calls": total / imports, "refused": refused,
            "cpu_ms": 1000 * contestant.cpu / imports, "memory_mb": contestant.peak_mb,
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
