"""Background work ends when it is told to."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.sweeper import Sweeper


async def nothing() -> Sequence[RevocationEntry]:
    return ()


async def test_a_sweeper_ends_although_a_library_swallows_its_cancellation() -> None:
    """`asyncio.wait_for` of Python 3.11 does so when its work is done in that very moment, and redis-py uses it.

    The process would then never end: the sweeper would sleep and sweep for ever, and the shutdown wait for it.
    """
    busy = asyncio.Event()

    async def swallowing(_window: timedelta) -> Sequence[RevocationEntry]:
        if busy.is_set():
            return ()
        busy.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        return ()

    sweeper = Sweeper(swallowing, nothing, MemoryRevocationBackend(nothing))
    await sweeper.start()
    await busy.wait()
    async with asyncio.timeout(5):
        await sweeper.close()
