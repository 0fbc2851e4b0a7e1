"""AUTH_CREATE_TABLES: for development, and safe when several processes start at once."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from tests.support.application import running, settings_for
from tests.support.databases import asyncpg_address
from tests.support.process import Forge, ProcessError, environment_for

FreshDatabase = Callable[[], Awaitable[str]]


async def test_a_process_without_tables_does_not_start(smith: Forge, fresh_database: FreshDatabase) -> None:
    """B-24: it ends with the sentence, instead of answering each request with an error."""
    environment = environment_for(await fresh_database(), create_tables="false")
    with pytest.raises(ProcessError, match=r"The database lacks users, user_sessions.*AUTH_CREATE_TABLES=true"):
        async with smith.served(environment):
            pass


async def test_one_missing_table_is_named_alone(fresh_database: FreshDatabase) -> None:
    url = await fresh_database()
    async with running(settings=settings_for(url)):
        pass
    connection = await asyncpg.connect(asyncpg_address(url))
    await connection.execute("DROP TABLE user_revocations")
    await connection.close()
    with pytest.raises(RuntimeError, match=r"lacks user_revocations\. "):
        async with running(settings=settings_for(url, create_tables=False)):
            pass
    async with running(settings=settings_for(url)) as application:
        await application.signed_in()


async def test_processes_that_start_at_once_make_the_tables_once(smith: Forge, fresh_database: FreshDatabase) -> None:
    environment = environment_for(await fresh_database())
    async with smith.served(environment, count=4) as processes:
        sessions = await asyncio.gather(*(process.signed_in() for process in processes))
        for process in processes:
            for session in sessions:
                assert (await process.me(session)).status_code == 200


async def test_a_second_start_finds_everything_and_loses_nothing(fresh_database: FreshDatabase) -> None:
    settings = settings_for(await fresh_database())
    async with running(settings=settings) as application:
        session = await application.signed_in()
    for _ in range(2):
        async with running(settings=settings) as application:
            assert (await application.me(session)).status_code == 200
