from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from tests.revocation.store import Table
from tests.revocation.valkey import Valkey

MakeBackend = Callable[..., Awaitable[RedisRevocationBackend]]


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """A server of this test alone."""
    server = await Valkey().start()
    yield server
    await server.close()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
async def make_backend(valkey: Valkey, table: Table) -> AsyncIterator[MakeBackend]:
    """Backends as several processes have them: own links, one Redis, one database."""
    made: list[RedisRevocationBackend] = []

    async def make(url: str | None = None) -> RedisRevocationBackend:
        backend = RedisRevocationBackend(RedisLink.from_url(url or valkey.url), table.load, prefix="test")
        made.append(backend)
        await backend.start()
        return backend

    yield make
    for backend in made:
        await backend.close()


@pytest.fixture
async def backend(make_backend: MakeBackend) -> RedisRevocationBackend:
    return await make_backend()
