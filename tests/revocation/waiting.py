"""Wait for a condition instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from fastapi_beyond_crud.revocation.backend import RevocationBackend
from fastapi_beyond_crud.revocation.verdicts import UNKNOWN, Verdict
from fastapi_beyond_crud.tokens.claims import AccessClaims


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 5.0) -> float:
    """Seconds until the condition held.

    Raises:
        TimeoutError: It never did.
    """
    begun = time.monotonic()
    while not await condition():
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"not within {seconds} s")
        await asyncio.sleep(0.005)
    return time.monotonic() - begun


async def known(backend: RevocationBackend, claims: AccessClaims, *, seconds: float = 5.0) -> Verdict:
    """The first verdict that is not UNKNOWN."""
    verdicts: list[Verdict] = []

    async def decided() -> bool:
        verdicts.append(await backend.check(claims))
        return verdicts[-1] != UNKNOWN

    await until(decided, seconds=seconds)
    return verdicts[-1]
