"""Two processes, a storm of flushes, and log-outs in between."""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from tests.revocation.conftest import MakeValkey
from tests.revocation.valkey import Valkey

RACE_SECONDS = 5.0
ROOT = Path(__file__).parents[2]


async def worker(cache: Valkey, store: Valkey, seed: int) -> Counter[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.revocation.race_worker",
        cache.url,
        store.url,
        str(RACE_SECONDS),
        str(seed),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    return Counter(json.loads(out))


async def test_an_acknowledged_log_out_is_never_live_again_whatever_is_flushed(
    valkey: Valkey, make_valkey: MakeValkey
) -> None:
    """RV-13, RV-10: checks on either process, begun after the log-out was acknowledged on either process.

    That this test can fail was tried: with a rebuild that deletes the bucket, writes what it has read and marks it
    complete, without a ticket, it finds hundreds of wrong answers.
    """
    store = make_valkey()
    racing = asyncio.gather(*(worker(valkey, store, seed) for seed in (1, 2)))
    chance = random.Random(3)  # noqa: S311 - a repeatable order
    flushes, begun = 0, time.monotonic()
    while not racing.done() and time.monotonic() - begun < RACE_SECONDS + 20:
        await valkey.do("FLUSHALL")
        flushes += 1
        await asyncio.sleep(0.005 + chance.random() ** 2 * 0.15)
    total = sum(await racing, Counter[str]())
    assert total["out: Live"] == 0
    # The other numbers show that there was a race at all: both kinds of answer, on both kinds of people.
    assert flushes > 40
    assert await store.do("LLEN", "acknowledged") > 200
    assert total["out: Revoked"] > 500
    assert total["out: Unknown"] > 20
    assert total["in: Live"] > 200
    assert total["loads"] > 50
