"""One of the processes of the race: logs people out, and asks about those whose log-out was acknowledged.

``python -m tests.revocation.race_worker <cache url> <store url> <seconds> <seed>`` prints one line of JSON.
The store is a second Redis that nobody flushes. It stands for the database: what is written there is committed.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from uuid import uuid4

from redis.asyncio import Redis

from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.revocation.verdicts import LIVE
from fastapi_beyond_crud.testing.revocation import claims_of, session_entry

USERS = [f"user-{number}" for number in range(6)]


async def race(cache: str, store_url: str, seconds: float, seed: int) -> Counter[str]:
    chance = random.Random(seed)  # noqa: S311 - a repeatable order
    store: Redis = Redis.from_url(store_url, protocol=2, decode_responses=True)
    counts: Counter[str] = Counter()

    async def load(bucket: int) -> Sequence[RevocationEntry]:
        rows = await store.hgetall(f"table:{bucket}")
        # What was read is already old when it arrives: here is where a careless rebuild loses.
        await asyncio.sleep(chance.random() * 0.03)
        return [RevocationEntry(bucket=bucket, subject=str(name), until=int(until)) for name, until in rows.items()]

    backend = RedisRevocationBackend(RedisLink.from_url(cache), load, prefix="race")
    await backend.start()
    end = time.monotonic() + seconds

    async def log_out() -> None:
        while time.monotonic() < end:
            user, session = chance.choice(USERS), str(uuid4())
            entry = session_entry(user, session)
            await store.hset(f"table:{entry.bucket}", entry.subject, str(entry.until))
            try:
                await backend.push([entry])
            except Unavailable:
                continue
            counts["acknowledged"] += 1
            await store.rpush("acknowledged", f"{user} {session}")
            await asyncio.sleep(chance.random() * 0.02)

    async def ask() -> None:
        while time.monotonic() < end:
            # Mostly the latest, whoever acknowledged them: they are the ones that may be lost.
            line = await store.lindex("acknowledged", -1 - int(chance.random() ** 2 * 200))
            user, session = str(line or f"{USERS[0]} {uuid4()}").split()
            verdict = await backend.check(claims_of(user, session))
            if line is not None:
                counts[f"out: {type(verdict).__name__}"] += 1
                if verdict == LIVE:
                    print(f"wrong: {user} {session}", file=sys.stderr)
            counts[f"in: {type(await backend.check(claims_of(user, str(uuid4())))).__name__}"] += 1
            await asyncio.sleep(chance.random() * 0.004)

    await asyncio.gather(log_out(), log_out(), ask(), ask(), ask())
    counts["loads"] = backend.rebuild_reads
    await backend.close()
    await store.aclose()
    return counts


if __name__ == "__main__":
    print(json.dumps(asyncio.run(race(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))))
