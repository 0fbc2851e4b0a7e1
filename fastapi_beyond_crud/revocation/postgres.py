"""Revocations read from PostgreSQL, the source of truth."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.verdicts import UNKNOWN, Verdict
from fastapi_beyond_crud.tokens.claims import AccessClaims

Standing = Callable[[AccessClaims], Awaitable[Verdict]]
"""Reads in one statement how a token stands; raises Unavailable when PostgreSQL is out of reach."""

CHECK_SECONDS = 1.0


class PostgresRevocationBackend:
    """One statement a check, always right. For applications without Redis, and for the time when Redis is away.

    Args:
        standing: Reads how a token stands.
        concurrency: How many checks may run at once. The others wait, and all of it ends after a second.
    """

    def __init__(self, standing: Standing, *, concurrency: int = 32) -> None:
        self._standing = standing
        self._places = asyncio.Semaphore(concurrency)

    async def start(self) -> None:
        """Nothing to prepare."""

    async def close(self) -> None:
        """Nothing to give back: the connections belong to the engine."""

    async def check(self, claims: AccessClaims) -> Verdict:
        """See RevocationBackend. UNKNOWN after a second at the latest, waiting included."""
        try:
            async with asyncio.timeout(CHECK_SECONDS), self._places:
                return await self._standing(claims)
        except (Unavailable, TimeoutError):
            return UNKNOWN

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        """Nothing to do: what is committed is known."""
