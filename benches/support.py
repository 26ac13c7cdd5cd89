"""What the programs in this folder share: an emulator as a process of its own, and what a command cost."""

import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request

CONNECTION = {"_id": "5f7c579b6411271af4e7cefa", "name": "Shop", "type": "http", "http": {"baseURI": "https://example.com"}}


def document(number):
    """An import of the size most have: some mapping and a body; 2 kB."""
    fields = [{"extract": f"order.lines[*].f{field}", "generate": f"target_{field}"} for field in range(24)]
    return {
        "_id": f"{number:024x}",
        "name": f"Orders {number:06}",
        "_connectionId": CONNECTION["_id"],
        "adaptorType": "HTTPImport",
        "mapping": {"fields": fields, "lists": []},
        "http": {"relativeURI": ["/orders/{{record.id}}"], "method": ["POST"], "body": ["{\"order\":{{{json record}}}}"]},
    }


class Service:
    """The emulator with the accounts `source`, which holds the imports, and `target`, which holds none."""

    def __init__(self, binary, folder, faults, imports):
        self.folder = folder
        data = {"connections": [CONNECTION], "imports": [document(number) for number in range(1, imports + 1)]}
        (folder / "source.json").write_text(json.dumps(data))
        (folder / "faults.json").write_text(json.dumps(faults))
        command = [binary, "emulator", "--data", "source.json", "--faults", "faults.json", "--account", "source",
                   "--account", "target"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        said = [self.process.stdout.readline().split() for _ in range(2)]
        self.tokens = {name: token for _, name, _, token in said}
        made = self.call("POST", "/v1/connections", "target", {key: CONNECTION[key] for key in ("name", "type", "http")})
        self.connection = made["_id"]
        self.call("POST", "/__emulator/reset", "target", {})

    def call(self, method, path, account="target", body=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.tokens[account]}")
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode() if body is not None else None
        while True:
            try:
                with urllib.request.urlopen(request, data) as answer:
                    text = answer.read()
                break
            except urllib.error.HTTPError as error:
                # An account whose bucket is empty at the start.
                if error.code != 429:
                    raise
                time.sleep(0.1)
        return json.loads(text) if text else None

    def calls(self):
        """The calls that were counted since the last reset, each with method, path, status and count."""
        return self.call("GET", "/__emulator/calls")["calls"]

    def counts(self):
        """How many calls there were, and how many of them were answered with 429."""
        calls = self.calls()
        return sum(call["count"] for call in calls), sum(call["count"] for call in calls if call["status"] == 429)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Command:
    """A command that runs, and what it costs: wall and CPU seconds, and the peak of its memory."""

    def __init__(self, command, folder, environment=None, said=None):
        self.began = time.monotonic()
        out = open(said or folder / "said", "w")
        self.process = subprocess.Popen(command, cwd=folder, env=dict(os.environ, **(environment or {})), stdout=out, stderr=out)
        out.close()
        self.peak_kib = 0
        # What `wait4` says of memory counts what the child was before it became the command.
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        while self.process.returncode is None:
            try:
                with open(f"/proc/{self.process.pid}/status") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            self.peak_kib = max(self.peak_kib, int(line.split()[1]))
            except OSError:
                return
            time.sleep(0.005)

    def wait(self):
        """Waits for its end; the exit code."""
        _, status, used = os.wait4(self.process.pid, 0)
        self.wall = time.monotonic() - self.began
        self.cpu = used.ru_utime + used.ru_stime
        self.peak_mb = self.peak_kib / 1024
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.process.returncode
