from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.testing.servers import RedisServer
from tests.revocation.store import Table
from tests.revocation.valkey import Valkey

MakeBackend = Callable[..., Awaitable[RedisRevocationBackend]]
MakeValkey = Callable[..., Valkey]


@pytest.fixture
async def make_valkey(redis_server: Callable[..., RedisServer]) -> AsyncIterator[MakeValkey]:
    """Call it, with arguments of the command line, for a server of this test alone."""
    made: list[Valkey] = []

    def make(*arguments: str) -> Valkey:
        made.append(Valkey(redis_server(*arguments)))
        return made[-1]

    yield make
    for server in made:
        await server.client.aclose()


@pytest.fixture
def valkey(make_valkey: MakeValkey) -> Valkey:
    """A server of this test alone."""
    return make_valkey()


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
