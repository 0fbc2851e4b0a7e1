"""A revocation backend of one's own."""

from collections.abc import Sequence

from fastapi_beyond_crud import MemoryRevocationBackend
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.verdicts import Verdict
from fastapi_beyond_crud.tokens.claims import AccessClaims


class CountingBackend:
    """Memory, and how often it was asked."""

    def __init__(self) -> None:
        self._inner = MemoryRevocationBackend()
        self.checks = 0

    async def check(self, claims: AccessClaims) -> Verdict:
        self.checks += 1
        return await self._inner.check(claims)

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        await self._inner.push(entries)

    async def start(self) -> None:
        await self._inner.start()

    async def close(self) -> None:
        await self._inner.close()
