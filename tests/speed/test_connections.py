"""Connections to PostgreSQL are dear to open: a login each, on both sides."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_beyond_crud.connections.postgres import create_engine

MOST = 20
"""How many requests have a connection at once."""


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The engine that the library makes from a URL."""
    made = create_engine(database_url)
    yield made
    await made.dispose()


async def test_connections_that_were_opened_once_are_used_again_however_many_ask(engine: AsyncEngine) -> None:
    opened: list[object] = []
    event.listen(engine.sync_engine, "connect", lambda connection, _record: opened.append(connection))
    for _ in range(3):
        await asyncio.gather(*(a_statement_that_takes_a_while(engine) for _ in range(MOST)))
    assert len(opened) <= MOST


async def a_statement_that_takes_a_while(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_sleep(0.1)"))
