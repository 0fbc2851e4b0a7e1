"""A change of rows and the revocations it causes: committed together, made known afterwards."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_beyond_crud.connections.postgres import Executor, Postgres, translated
from fastapi_beyond_crud.core.buckets import RevocationEntry

T = TypeVar("T")
Publish = Callable[[Sequence[RevocationEntry]], Awaitable[None]]
Work = Callable[[Executor], Awaitable[tuple[T, Sequence[RevocationEntry]]]]
"""Does the change and returns its result with the revocations that were written."""


class Changes:
    """Runs changes; the order is always rows, commit, revocation backend.

    Should the process die between the commit and the backend, the sweeper of any process repeats it.

    Args:
        publish: Makes entries known; it logs its failures and never raises.
    """

    def __init__(self, database: Postgres, publish: Publish) -> None:
        self._database = database
        self._publish = publish
        self._late: set[asyncio.Task[None]] = set()

    async def run(self, work: Work[T], *, session: AsyncSession | None = None) -> T:
        """Run the change in a transaction of its own, or flush it into the caller's.

        Args:
            session: The caller's session. Nothing is committed here; the revocations are published when the
                caller commits, and forgotten if the caller rolls back.

        Raises:
            Unavailable: The database did not answer.
        """
        if session is not None:
            with translated():
                result, entries = await work(session)
            self._publish_on_commit(session, entries)
            return result
        result, entries = await self._database.run(work)
        if entries:
            await self._publish(entries)
        return result

    async def run_statement(self, work: Work[T]) -> T:
        """Run a change that is one statement, which commits by itself: one round trip."""
        async with self._database.statement() as connection:
            result, entries = await work(connection)
        if entries:
            await self._publish(entries)
        return result

    def _publish_on_commit(self, session: AsyncSession, entries: Sequence[RevocationEntry]) -> None:
        if not entries:
            return
        inner = session.sync_session

        def committed(_session: object) -> None:
            forget()
            task = asyncio.get_running_loop().create_task(self._published(entries))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

        def rolled_back(_session: object, _previous: object = None) -> None:
            forget()

        def forget() -> None:
            event.remove(inner, "after_commit", committed)
            event.remove(inner, "after_rollback", rolled_back)

        event.listen(inner, "after_commit", committed)
        event.listen(inner, "after_rollback", rolled_back)

    async def _published(self, entries: Sequence[RevocationEntry]) -> None:
        await self._publish(entries)
