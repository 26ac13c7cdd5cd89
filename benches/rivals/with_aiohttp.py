"""GET + POST + GET for each import, with aiohttp and 64 tasks at once."""

import asyncio
import os

import aiohttp

SERVICE = os.environ["SERVICE"]
SOURCE = {"Authorization": "Bearer " + os.environ["SOURCE_TOKEN"]}
TARGET = {"Authorization": "Bearer " + os.environ["TARGET_TOKEN"]}


async def call(session, method, path, headers, body=None):
    for attempt in range(8):
        try:
            async with session.request(method, SERVICE + path, headers=headers, json=body) as answer:
                if answer.status == 429:
                    await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
                    continue
                if answer.status >= 500:
                    await asyncio.sleep(0.2 * 2**attempt)
                    continue
                answer.raise_for_status()
                return await answer.json() if answer.status != 204 else []
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.2 * 2**attempt)
    raise RuntimeError(f"gave up on {method} {path}")


async def main():
    places = asyncio.Semaphore(64)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:

        async def move(listed):
            async with places:
                document = await call(session, "GET", "/v1/imports/" + listed["_id"], SOURCE)
                for field in ("_id", "createdAt", "lastModified"):
                    document.pop(field, None)
                document["_connectionId"] = os.environ["NEW_CONNECTION"]
                made = await call(session, "POST", "/v1/imports", TARGET, document)
                back = await call(session, "GET", "/v1/imports/" + made["_id"], TARGET)
                assert back["name"] == document["name"]

        skip, moves = 0, []
        while page := await call(session, "GET", f"/v1/imports?limit=1000&skip={skip}", SOURCE):
            moves += [asyncio.create_task(move(listed)) for listed in page]
            skip += 1000
        await asyncio.gather(*moves)


asyncio.run(main())
