"""Every backend keeps the same promises."""

from collections.abc import AsyncIterator

import pytest

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.backend import RevocationBackend
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.testing.revocation import RevocationBackendContract, claims_of
from tests.revocation.conftest import MakeBackend
from tests.revocation.store import Table
from tests.revocation.waiting import known


class TestMemory(RevocationBackendContract):
    @pytest.fixture
    def backend(self) -> MemoryRevocationBackend:
        return MemoryRevocationBackend()


class TestMemoryThatLoads(RevocationBackendContract):
    @pytest.fixture
    async def backend(self, table: Table) -> MemoryRevocationBackend:
        backend = MemoryRevocationBackend(table.load_all)
        await backend.start()
        return backend


class TestRedis(RevocationBackendContract):
    """Each bucket is built when it is first asked for."""

    @pytest.fixture
    async def backend(self, make_backend: MakeBackend) -> RedisRevocationBackend:
        return await make_backend()

    async def ready(self, backend: RevocationBackend, user: str) -> None:
        await known(backend, claims_of(user, "nobody's"))


class TestRedisAcrossTwoProcesses(RevocationBackendContract):
    """What one process pushes, the check of another one sees: the push goes through a second link."""

    other: RedisRevocationBackend

    @pytest.fixture
    async def backend(self, make_backend: MakeBackend) -> AsyncIterator[RedisRevocationBackend]:
        type(self).other = await make_backend()
        yield await make_backend()

    async def ready(self, backend: RevocationBackend, user: str) -> None:
        await known(backend, claims_of(user, "nobody's"))

    async def push(self, backend: RevocationBackend, *entries: RevocationEntry) -> None:
        await self.other.push(entries)
