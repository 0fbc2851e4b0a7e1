"""Real servers for all tests: started once, whatever the number of test processes.

The environment's ``DATABASE_URL`` and ``REDIS_URL`` are used where they are set. Nothing else of a developer's
environment reaches a test.
"""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from fastapi_beyond_crud.testing.servers import PostgresServer, RedisServer, ServerLauncher, embedded_servers
from tests.support.databases import create_database, drop_database
from tests.support.worker import own_redis_url

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PREFIXES = ("AUTH_", "DB_", "BOOKLY_")
_NAMES = ("DATABASE_URL", "REDIS_URL")

SERVERS = pytest.StashKey[tuple[str, str]]()
STACK = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the first process; the others are told where they are."""
    if hasattr(config, "workerinput"):
        config.stash[SERVERS] = tuple(config.workerinput["servers"])
    elif not config.option.collectonly:
        stack = config.stash[STACK] = ExitStack()
        servers = stack.enter_context(embedded_servers())
        config.stash[SERVERS] = (servers.database_url, servers.redis_url)
    for name in list(os.environ):
        if name.startswith(_PREFIXES) or name in _NAMES:
            del os.environ[name]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Hand the addresses to a process of pytest-xdist."""
    node.workerinput["servers"] = node.config.stash[SERVERS]  # type: ignore[attr-defined]  # xdist has no types


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers that were started."""
    if STACK in config.stash:
        config.stash[STACK].close()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name cases the same in every process of pytest-xdist: an id made at import is another one in each."""
    return _UUID.sub("some-id", val) if isinstance(val, str) and _UUID.search(val) else None


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run in an empty directory: settings read ``.env`` of the current one, and a developer has one."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("empty"))
    yield
    os.chdir(before)


@pytest.fixture(scope="session")
def server_url(pytestconfig: pytest.Config) -> str:
    """The PostgreSQL server of the test run, shared by all. Databases of one's own come from ``fresh_database``."""
    return pytestconfig.stash[SERVERS][0]


@pytest.fixture(scope="session")
async def database_url(server_url: str) -> AsyncIterator[str]:
    """A database of this test process, dropped at its end. All its tests share it: make rows of your own.

    A test that needs an empty database takes ``fresh_database``.
    """
    url = await create_database(server_url)
    yield url
    await drop_database(url, server_url=server_url)


@pytest.fixture
async def fresh_database(server_url: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Call it for the URL of a new, empty database. All are dropped at the end of the test."""
    made: list[str] = []

    async def make() -> str:
        made.append(await create_database(server_url))
        return made[-1]

    yield make
    for url in made:
        await drop_database(url, server_url=server_url)


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """A numbered database of Redis for this test process, emptied at its start."""
    url = own_redis_url(pytestconfig.stash[SERVERS][1])
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def server_launcher() -> Iterator[ServerLauncher]:
    """Starts servers that belong to this test process alone."""
    with ServerLauncher() as launcher:
        yield launcher


@pytest.fixture
def redis_server(server_launcher: ServerLauncher) -> Iterator[Callable[..., RedisServer]]:
    """Call it, with arguments of the command line, for a Redis of one's own to kill, freeze and restart."""
    started: list[RedisServer] = []

    def start(*arguments: str) -> RedisServer:
        started.append(server_launcher.start_redis(*arguments))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def postgres_server(server_launcher: ServerLauncher) -> Iterator[Callable[..., PostgresServer]]:
    """Call it, with settings, for a PostgreSQL of one's own to kill, freeze and restart; about a second each."""
    started: list[PostgresServer] = []

    def start(**settings: str) -> PostgresServer:
        started.append(server_launcher.start_postgres(settings))
        return started[-1]

    yield start
    for server in started:
        server.stop()
