"""Revocations are made known when the change that caused them is committed, and only then."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_beyond_crud.connections.postgres import Executor, Postgres, create_engine
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.changes import Changes

FIRST = RevocationEntry.of_session(user_id="1", session_id="first", until=2**31)
SECOND = RevocationEntry.of_session(user_id="1", session_id="second", until=2**31)


class Places:
    """A database, an application's session on it, and what has been made known so far."""

    def __init__(self, database: Postgres) -> None:
        self.published: list[RevocationEntry] = []
        self.changes = Changes(database, self._publish)
        self.session = AsyncSession(database.engine, expire_on_commit=False)

    async def _publish(self, entries: Sequence[RevocationEntry]) -> None:
        self.published += entries

    async def revoke(self, entry: RevocationEntry, *, session: AsyncSession | None = None) -> None:
        """A change that revokes something."""

        async def work(on: Executor) -> tuple[None, Sequence[RevocationEntry]]:
            await on.execute(text("SELECT 1"))
            return None, (entry,)

        await self.changes.run(work, session=session)

    async def known(self) -> list[RevocationEntry]:
        """What has been made known, after everything that was begun has had its turn."""
        for _ in range(3):
            await asyncio.sleep(0)
        return self.published


@pytest.fixture
async def places(database_url: str) -> AsyncIterator[Places]:
    database = Postgres(create_engine(database_url))
    found = Places(database)
    yield found
    await found.session.close()
    await database.close()


async def test_nothing_is_known_before_the_caller_commits(places: Places) -> None:
    await places.revoke(FIRST, session=places.session)
    assert await places.known() == []


async def test_what_is_rolled_back_is_never_known(places: Places) -> None:
    await places.revoke(FIRST, session=places.session)
    await places.session.rollback()
    await places.revoke(SECOND, session=places.session)
    await places.session.commit()
    assert await places.known() == [SECOND]


async def test_what_is_left_behind_in_a_closed_session_is_never_known(places: Places) -> None:
    await places.revoke(FIRST, session=places.session)
    await places.session.close()
    await places.session.execute(text("SELECT 1"))
    await places.session.commit()
    assert await places.known() == []


async def test_a_savepoint_that_is_rolled_back_takes_its_own_with_it_and_no_more(places: Places) -> None:
    await places.revoke(FIRST, session=places.session)
    savepoint = await places.session.begin_nested()
    await places.revoke(SECOND, session=places.session)
    await savepoint.rollback()
    await places.session.commit()
    assert await places.known() == [FIRST]


async def test_a_savepoint_that_is_released_waits_for_the_commit(places: Places) -> None:
    async with places.session.begin_nested():
        await places.revoke(FIRST, session=places.session)
    assert await places.known() == []
    await places.session.commit()
    assert await places.known() == [FIRST]


async def test_a_released_savepoint_is_forgotten_with_its_transaction(places: Places) -> None:
    async with places.session.begin_nested():
        await places.revoke(FIRST, session=places.session)
    await places.session.rollback()
    await places.session.execute(text("SELECT 1"))
    await places.session.commit()
    assert await places.known() == []


async def test_a_commit_makes_each_revocation_of_its_transaction_known_once(places: Places) -> None:
    await places.revoke(FIRST, session=places.session)
    await places.revoke(SECOND, session=places.session)
    await places.session.commit()
    await places.session.execute(text("SELECT 1"))
    await places.session.commit()
    assert await places.known() == [FIRST, SECOND]


async def test_a_session_may_be_used_for_change_after_change(places: Places) -> None:
    for entry in (FIRST, SECOND):
        await places.revoke(entry, session=places.session)
        await places.session.commit()
    assert await places.known() == [FIRST, SECOND]


async def test_without_a_session_it_is_known_when_the_call_returns(places: Places) -> None:
    await places.revoke(FIRST)
    assert places.published == [FIRST]
