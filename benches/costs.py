#!/usr/bin/env python3
"""What Transship costs: the table of README.md in this folder, measured row by row.

    cargo build --release
    benches/costs.py [--binary FILE] [--imports N] [ROW ...]

Each row is a command (or some) against a fresh emulator of the same binary, both as processes of their own on this machine.
Without the names of rows, all are measured; `--list` names them. Rows that are bound by the rate or by latency run in real
time and need little of the CPU; the others are ratios of CPU seconds, bytes of memory or counts of calls.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import time

from support import CONNECTION, Command, Service, document

HERE = pathlib.Path(__file__).resolve().parent
OFF = "{ per_second: 100000, burst: 100000, share: 1 }"
UNLIMITED = {"behaviour": {"rate_limited": False}}
ROWS = {}


def row(about):
    def add(function):
        ROWS[function.__name__] = (function, about)
        return function
    return add


class Place:
    """A folder with an emulator and jobs."""

    def __init__(self, binary, folder, faults, imports):
        self.binary, self.folder = binary, folder
        self.service = Service(binary, folder, faults, imports)

    def job(self, action, rate=OFF, more="", source="source"):
        target = "target: target\n" if action in ("migrate",) else ""
        name = f"{action}.yaml"
        (self.folder / name).write_text(
            f"version: 1\nname: {action}\naction: {action}\naccounts:\n"
            f"  source: {{ url: \"{self.service.url}\", token: {{ env: SOURCE_TOKEN }} }}\n"
            f"  target: {{ url: \"{self.service.url}\", token: {{ env: TARGET_TOKEN }} }}\n"
            f"source: {source}\n{target}rate: {rate}\n{more}"
        )
        return name

    def start(self, *arguments, said=None):
        tokens = {"HOME": str(self.folder), "SOURCE_TOKEN": self.service.tokens["source"],
                  "TARGET_TOKEN": self.service.tokens["target"]}
        return Command([self.binary, *map(str, arguments)], self.folder, tokens, said)

    def run(self, *arguments, exits=(0,)):
        command = self.start(*arguments, "--quiet")
        code = command.wait()
        if code not in exits:
            print((self.folder / "said").read_text()[-3000:], file=sys.stderr)
            sys.exit(f"{' '.join(map(str, arguments))} ended with {code}")
        return command

    def fault(self, effect, **match):
        more = {key: match.pop(key) for key in ("every", "first") if key in match}
        self.service.call("POST", "/__emulator/faults", body={"match": match, "effect": effect, **more})

    def slow(self, time, **match):
        self.fault({"slow": {"before": time}}, **match)

    def reset(self):
        self.service.call("POST", "/__emulator/reset")


@contextlib.contextmanager
def place(options, faults, imports):
    with tempfile.TemporaryDirectory() as folder:
        made = Place(options.binary, pathlib.Path(folder), faults, imports)
        try:
            yield made
        finally:
            made.service.stop()


class Calls:
    """When the service had its first call since the last reset, and its last: looked at every 20 ms."""

    def __init__(self, service):
        self.service, self.samples, self.over = service, [], threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.over.wait(0.02):
            total, _ = self.service.counts()
            self.samples.append((time.monotonic(), total))

    def seconds(self):
        """From the first call to the last, at most 20 ms more."""
        self.over.set()
        self.thread.join()
        self.samples.append((time.monotonic(), self.service.counts()[0]))
        last = self.samples[-1][1]
        before = next(at for (at, _), (_, total) in zip(self.samples, self.samples[1:]) if total > 0)
        return next(at for at, total in self.samples if total == last) - before


def at_the_limit(options, start, thief, latency=None):
    slow = {"match": {"path": "/v1/**"}, "effect": {"slow": {"before": latency}}}
    faults = {"behaviour": {"bucket_start": start}, "faults": [slow] if latency else []}
    with place(options, faults, options.imports) as it:
        job = it.job("migrate", "{ per_second: 300, burst: 1000, share: 1 }")
        over = threading.Event()

        def steal():
            begun = time.monotonic()
            taken = 0
            while not over.wait(0.05):
                due = int((time.monotonic() - begun) * thief)
                it.service.call("POST", "/__emulator/drain", body={"account": "target", "calls": due - taken})
                taken = due

        if thief:
            threading.Thread(target=steal, daemon=True).start()
        watch = Calls(it.service)
        command = it.run("run", job, "--yes", "--run-dir", "run")
        over.set()
        calls = watch.seconds()
        per_call = {}
        for call in it.service.calls():
            per_call[call["status"]] = per_call.get(call["status"], 0) + call["count"]
        total = sum(per_call.values())
        refused = per_call.get(429, 0)
        # Calls to the source have a bucket of their own; nearly all are to the target.
        floor = (total - start) / (300 - thief)
        return (f"{total / options.imports:.4f} calls an import; from the first call to the last {calls:.2f} s = {calls / floor:.3f} x, "
                f"whole command {command.wall:.2f} s = {command.wall / floor:.3f} x of {floor:.2f} s; "
                f"{refused} answers 429 ({100 * refused / total:.2f} %)")


@row("10,000 creates at 300/s, burst 1,000")
def limit(options):
    return at_the_limit(options, 1000, 0)


@row("the same with 40 ms a call")
def limit_slow(options):
    return at_the_limit(options, 1000, 0, "40ms")


@row("the same with an empty bucket")
def empty(options):
    return at_the_limit(options, 0, 0)


@row("the same with 100/s taken by somebody else")
def shared(options):
    return at_the_limit(options, 1000, 100)


def carried(options, allowed, prepare):
    """The rate from the fifth second after the first create to the last but one second, in calls a second."""
    imports = max(12 * allowed, 2400)
    with place(options, UNLIMITED, imports) as it:
        prepare(it)
        job = it.job("migrate", "{ per_second: 300, burst: 10, share: 0.9 }", "verify: none\n")
        command = it.start("run", job, "--yes", "--quiet", "--run-dir", "run")
        samples = []

        def sample():
            while command.process.returncode is None:
                made = sum(call["count"] for call in it.service.calls() if call["method"] == "POST")
                samples.append((time.monotonic(), made))
                time.sleep(0.1)

        threading.Thread(target=sample, daemon=True).start()
        code = command.wait()
        first = next(at for at, made in samples if made > 0)
        full = [(at, made) for at, made in samples if at >= first + 5 and made < imports * 0.98]
        (from_at, from_made), (to_at, to_made) = full[0], full[-1]
        rate = (to_made - from_made) / (to_at - from_at)
        return f"{rate:.0f} creates a second from the fifth second on = {100 * rate / allowed:.1f} % of {allowed} (exit {code})"


@row("POST 150 ms, GET 2 ms, 270/s allowed")
def slow_writes(options):
    def prepare(it):
        it.slow("150ms", method="POST")
        it.slow("2ms", method="GET")
    return carried(options, 270, prepare)


@row("200 ms for everything, 270/s allowed")
def slow(options):
    return carried(options, 270, lambda it: it.slow("200ms", path="/v1/**"))


@row("300 ms for everything: 64 in flight carry 213/s")
def slower(options):
    return carried(options, 213, lambda it: it.slow("300ms", path="/v1/**"))


@row("200 ms for everything, one 500 in 200 calls")
def errors(options):
    def prepare(it):
        it.slow("200ms", path="/v1/**")
        it.fault({"status": {"code": 500}}, every=200, method="POST", path="/v1/imports")
    return carried(options, 270, prepare)


@row("POST 150 ms, GET 2 ms, one 503 in 200 calls")
def slow_writes_errors(options):
    def prepare(it):
        it.slow("150ms", method="POST")
        it.slow("2ms", method="GET")
        it.fault({"status": {"code": 503}}, every=200, method="POST", path="/v1/imports")
    return carried(options, 270, prepare)


@row("plan of 2,000 imports that differ, and undo of 2,000 updates, 50 ms a call")
def differ(options):
    with place(options, {"behaviour": {}}, 2000) as it:
        rate = "{ per_second: 300, burst: 1000, share: 1 }"
        it.run("run", it.job("migrate"), "--yes")
        time.sleep(4)
        it.slow("50ms", path="/v1/**")
        changed = "transform:\n  - set: { /description: other }\non_existing: update\n"
        it.reset()
        plan = it.run("plan", it.job("migrate", rate, changed))
        planned, _ = it.service.counts()
        it.run("run", it.job("migrate", rate, changed), "--yes", "--run-dir", "updated")
        time.sleep(4)
        it.reset()
        undo = it.run("undo", "updated", "--yes")
        undone, refused = it.service.counts()
        at_rate = max(undone - 1000, 0) / 300
        return (f"plan {plan.wall:.2f} s with {planned} calls; undo {undo.wall:.2f} s with {undone} calls "
                f"({at_rate:.2f} s at the allowed rate, {undo.wall / at_rate:.2f} x), {refused} answers 429")


def all_actions(options, count):
    """Peak memory and wall seconds of every action over so many imports, limiter off."""
    found = {}

    def note(what, command):
        found[what] = (command.peak_mb, command.wall, command.cpu)
        print(f"    {count} imports, {what}: {command.peak_mb:.1f} MB, {command.wall:.1f} s, {command.cpu:.1f} s of CPU",
              file=sys.stderr, flush=True)

    with place(options, UNLIMITED, count) as it:
        note("migrate", it.run("run", it.job("migrate"), "--yes", "--run-dir", "migrated"))
        note("plan of what is unchanged", it.run("plan", it.job("migrate")))
        report = it.folder / "migrated" / "report.html"
        found["report.html"] = (report.stat().st_size / 1e6, 0, 0)
        note("verify", it.run("verify", "migrated"))
        note("report", it.run("report", "migrated", "--format", "json"))
        changed = "transform:\n  - set: { /description: other }\n"
        note("update", it.run("run", it.job("update", more=changed, source="target"), "--yes", "--run-dir", "updated"))
        note("undo", it.run("undo", "updated", "--yes"))
        archive = "archive: { path: archive }\n"
        note("backup", it.run("run", it.job("backup", more=archive), "--run-dir", "backup"))
        note("second backup", it.run("run", it.job("backup", more=archive), "--run-dir", "backup-2"))
        note("compare", it.run("run", it.job("compare", more=archive), "--run-dir", "compared"))
        it.run("run", it.job("delete", more="select: { names: [\"*\"] }\n"), "--yes", "--run-dir", "wiped")
        note("restore", it.run("run", it.job("restore", more=archive), "--yes", "--run-dir", "restored"))
    return found


@row("peak memory and time at 100,000 imports beside 1,000 and 10,000, limiter off")
def memory(options):
    sizes = [options.imports // 10, options.imports, options.imports * 10]
    found = [all_actions(options, size) for size in sizes]
    lines = [f"| action | peak MB at {sizes[0]:,} | {sizes[1]:,} | {sizes[2]:,} | last / first | time, last / middle |",
             "|---|---|---|---|---|---|"]
    for what in found[0]:
        few, some, many = (one[what] for one in found)
        time = f"{many[1] / some[1]:.1f} x" if some[1] else ""
        lines.append(f"| {what} | {few[0]:.1f} | {some[0]:.1f} | {many[0]:.1f} | {many[0] / few[0]:.2f} | {time} |")
    return "\n".join(lines)


LOOP = HERE.parent / "target" / "release" / "bare_loop"
NO_LOOP = "cargo build --release --manifest-path benches/bare_loop/Cargo.toml --target-dir target builds the other side"


@row("CPU an import, limiter off, against a bare loop of GET + POST + GET")
def cpu(options):
    if not LOOP.exists():
        return f"not measured: {NO_LOOP}"
    rounds = []
    for _ in range(3):
        with place(options, UNLIMITED, options.imports) as it:
            tokens = it.service.tokens
            bare = Command([LOOP, it.service.url, tokens["source"], tokens["target"], CONNECTION["_id"],
                            it.service.connection, str(options.imports)], it.folder)
            if bare.wait() != 0:
                sys.exit((it.folder / "said").read_text())
        with place(options, UNLIMITED, options.imports) as it:
            ours = it.run("run", it.job("migrate"), "--yes", "--run-dir", "run")
        rounds.append((ours.cpu / bare.cpu, ours, bare))
    ratio, ours, bare = sorted(rounds, key=lambda one: one[0])[1]
    each = 1000 / options.imports
    return (f"{ours.cpu * each:.2f} ms an import against {bare.cpu * each:.2f} ms = {ratio:.2f} x "
            f"(of three: {', '.join(f'{one[0]:.2f}' for one in rounds)}); wall {ours.wall / bare.wall:.2f} x")


def parsed(it, documents):
    """CPU seconds that serde_json takes to parse documents, in lists of 1,000: without the start of the program that does it."""
    lines = [json.dumps(documents[at:at + 1000], separators=(",", ":")) for at in range(0, len(documents), 1000)]
    (it.folder / "pages").write_text("\n".join(lines))

    def rounds(count):
        command = Command([LOOP, "parse", "pages", str(count)], it.folder)
        return command.cpu if command.wait() == 0 else sys.exit((it.folder / "said").read_text())
    return (rounds(11) - rounds(1)) / 10, sum(map(len, lines)) / len(documents)


@row("CPU of a plan of imports that the target lacks, of one that it has, and of one that differs, against parsing them")
def plan(options):
    if not LOOP.exists():
        return f"not measured: {NO_LOOP}"
    rounds = []
    with place(options, UNLIMITED, options.imports) as it:
        documents = [document(number) for number in range(1, options.imports + 1)]
        changed = "transform:\n  - set: { /description: other }\n"
        lacks = [(it.run("plan", it.job("migrate")), parsed(it, documents)) for _ in range(3)]
        it.run("run", it.job("migrate"), "--yes")
        for command, (parse, length) in lacks:
            has = it.run("plan", it.job("migrate"))
            differs = it.run("plan", it.job("migrate", more=changed))
            rounds.append((parse, command.cpu, has.cpu, differs.cpu))
    # The median of each.
    parse, *plans = (sorted(figures)[1] for figures in zip(*rounds))
    each = 1e6 / options.imports
    # Of what the target has, the documents of both sides are read.
    named = zip(("lacks", "has", "differs"), plans, (1, 2, 2))
    shown = ", ".join(f"{what} {plan * each:.0f} us = {plan / parse:.1f} x those of the source"
                      + (f", {plan / parse / sides:.1f} x all that it reads" if sides > 1 else "")
                      for what, plan, sides in named)
    return f"parse {parse * each:.1f} us an import of {length:.0f} bytes; {shown}"


@row("--help, check")
def start(options):
    def best(*words):
        folder = pathlib.Path(tempfile.gettempdir())
        best = 1e9
        for _ in range(20):
            command = Command([options.binary, *words], folder)
            command.wait()
            best = min(best, command.wall)
        return 1000 * best
    job = HERE.parent / "jobs" / "migrate.yaml"
    return f"--help {best('--help'):.1f} ms, check {best('check', str(job)):.1f} ms"


@row("Ctrl-C at any moment of a run of 10,000: the time until it is answered")
def interrupt(options):
    answered = []
    with place(options, UNLIMITED, options.imports) as it:
        job = it.job("migrate")
        whole = it.run("run", job, "--yes", "--run-dir", "whole").wall
        it.run("run", it.job("delete", more="select: { names: [\"*\"] }\n", source="target"), "--yes", "--run-dir", "wiped")
        for step in range(1, 20):
            said = it.folder / "interrupted"
            command = it.start("run", job, "--yes", "--progress", "plain", "--run-dir", f"run-{step}", said=said)
            threading.Thread(target=command.wait, daemon=True).start()
            time.sleep(whole * step / 20)
            if command.process.returncode is not None:
                break
            sent = time.monotonic()
            command.process.send_signal(signal.SIGINT)
            while "stopping" not in said.read_text() and command.process.returncode is None:
                time.sleep(0.002)
            answered.append((time.monotonic() - sent, stage(said)))
            command.process.send_signal(signal.SIGKILL)
            while command.process.returncode is None:
                time.sleep(0.01)
            it.run("run", it.job("delete", more="select: { names: [\"*\"] }\n", source="target"), "--yes", "--run-dir",
                   f"wiped-{step}")
    for took, at in answered:
        print(f"    {1000 * took:.0f} ms, after: {at}", file=sys.stderr)
    slowest, at = max(answered)
    return f"{1000 * slowest:.0f} ms at most in {len(answered)} tries (after: {at})"


def stage(said):
    lines = [line for line in said.read_text().splitlines() if "stopping" not in line and line.strip()]
    return lines[-1][:80] if lines else "nothing was said"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", type=pathlib.Path, default=HERE.parent / "target" / "release" / "transship")
    arguments.add_argument("--imports", type=int, default=10_000)
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("rows", nargs="*", metavar="ROW")
    options = arguments.parse_args()
    options.binary = options.binary.resolve()
    if options.list:
        for name, (_, about) in ROWS.items():
            print(f"{name:<20} {about}")
        return
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        sys.exit(f"no such row: {', '.join(sorted(unknown))}; --list names them")
    if not shutil.which(options.binary):
        sys.exit(f"{options.binary} is not there: cargo build --release makes it")
    for name in options.rows or ROWS:
        measure, about = ROWS[name]
        print(f"{name}: {about}\n{measure(options)}\n", flush=True)


if __name__ == "__main__":
    main()
