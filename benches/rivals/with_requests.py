"""GET + POST + GET for each import, with requests and 64 threads."""

import concurrent.futures
import os
import time

import requests

SERVICE = os.environ["SERVICE"]
SOURCE = {"Authorization": "Bearer " + os.environ["SOURCE_TOKEN"]}
TARGET = {"Authorization": "Bearer " + os.environ["TARGET_TOKEN"]}
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=64, pool_maxsize=64))


def call(method, path, headers, body=None):
    for attempt in range(8):
        try:
            answer = session.request(method, SERVICE + path, headers=headers, json=body, timeout=60)
        except requests.ConnectionError:
            time.sleep(0.2 * 2**attempt)
            continue
        if answer.status_code == 429:
            time.sleep(float(answer.headers.get("Retry-After", 1)))
            continue
        if answer.status_code >= 500:
            time.sleep(0.2 * 2**attempt)
            continue
        answer.raise_for_status()
        return answer
    raise RuntimeError(f"gave up on {method} {path}")


def imports():
    skip = 0
    while True:
        answer = call("GET", f"/v1/imports?limit=1000&skip={skip}", SOURCE)
        page = answer.json() if answer.status_code == 200 else []
        if not page:
            return
        yield from page
        skip += 1000


def move(listed):
    document = call("GET", "/v1/imports/" + listed["_id"], SOURCE).json()
    for field in ("_id", "createdAt", "lastModified"):
        document.pop(field, None)
    document["_connectionId"] = os.environ["NEW_CONNECTION"]
    made = call("POST", "/v1/imports", TARGET, document).json()
    back = call("GET", "/v1/imports/" + made["_id"], TARGET).json()
    assert back["name"] == document["name"]


with concurrent.futures.ThreadPoolExecutor(64) as pool:
    list(pool.map(move, list(imports())))
