"""A change of rows and the revocations it causes: committed together, made known afterwards."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.util import await_only

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
        waiting = inner.info.get(self)
        if waiting is None:
            waiting = inner.info[self] = _UntilCommit(inner, self._publish_within_commit)
        waiting.add(inner, entries)

    def _publish_within_commit(self, entries: Sequence[RevocationEntry]) -> None:
        # SQLAlchemy calls this in the greenlet of the caller's commit, which can await: when the commit is over, the
        # next request to any process is refused, as after a change in a transaction of our own.
        await_only(self._publish(entries))


class _UntilCommit:
    """The revocations in one session of the caller that wait for its commit.

    Each belongs to the transaction or savepoint it was written in: a savepoint that is released hands them on,
    and whatever else ends without a commit takes them with it. The session is listened to once for all of
    them, since a listener that removes itself while it is called breaks the commit.
    """

    def __init__(self, session: Session, publish: Callable[[Sequence[RevocationEntry]], None]) -> None:
        self._publish = publish
        self._waiting: list[tuple[SessionTransaction | None, Sequence[RevocationEntry]]] = []
        event.listen(session, "after_commit", self._committed)
        event.listen(session, "after_transaction_end", self._ended)

    def add(self, session: Session, entries: Sequence[RevocationEntry]) -> None:
        self._waiting.append((_innermost(session), entries))

    def _committed(self, session: Session) -> None:
        done = _innermost(session)
        mine = [entries for transaction, entries in self._waiting if transaction is done]
        others = [pair for pair in self._waiting if pair[0] is not done]
        if done is not None and done.nested:
            self._waiting = [*others, *((done.parent, entries) for entries in mine)]
            return
        self._waiting = others
        if mine:
            self._publish([entry for entries in mine for entry in entries])

    def _ended(self, _session: Session, transaction: SessionTransaction) -> None:
        self._waiting = [pair for pair in self._waiting if pair[0] is not transaction]


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()
