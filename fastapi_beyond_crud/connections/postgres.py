"""PostgreSQL: one engine, READ COMMITTED, short transactions, errors in the words of the domain."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NoReturn, TypeVar

import asyncpg
from sqlalchemy import Executable, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from fastapi_beyond_crud.core.errors import AuthError, Conflict, Unavailable, ValidationFailed

T = TypeVar("T")
Executor = AsyncConnection | AsyncSession
"""What an act runs on. It never commits: whoever opened the transaction does."""

FAILURES = (DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncio.TimeoutError)
"""Everything that a statement or a connect can raise because of the server, the network or the data."""

_RETRIED_STATES = frozenset({"40001", "40P01"})
_UNAVAILABLE_STATES = frozenset({"25006", "55P03", *_RETRIED_STATES})
_UNAVAILABLE_CLASSES = ("08", "53", "57", "58", "XX")
_ATTEMPTS = 4


def create_engine(url: str) -> AsyncEngine:
    """An engine for this URL with limits that turn an outage into a quick 503.

    At most 20 connections. Waits at most 2 s for one of them and 5 s for a statement. No ``connect_args`` that a
    pooler such as PgBouncer (1.21 or newer) would refuse. Values of statements, such as addresses and hashes, stand
    neither in SQLAlchemy's log nor in its errors.
    """
    # No overflow: SQLAlchemy closes such connections as soon as they are given back, and under a steady load of more
    # requests than the pool holds it opens and closes one for each of them.
    engine = create_async_engine(
        url,
        pool_size=20,
        max_overflow=0,
        pool_timeout=2,
        connect_args={"timeout": 2, "command_timeout": 5},
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool replace a connection that the server has closed, without asking the server.

    A ping before each use costs a round trip; the driver already knows what has been closed.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def sqlstate_of(error: BaseException) -> str | None:
    """The SQLSTATE behind an error of SQLAlchemy or asyncpg, if the server gave one."""
    origin = getattr(error, "orig", None) or error
    return getattr(origin, "sqlstate", None)


def translate(error: BaseException) -> AuthError | None:
    """The domain error for a failure of the database; None for a mistake in our own SQL.

    Nothing of the statement, its values or the server's message is kept.
    """
    state = sqlstate_of(error)
    if state is None:
        broken = getattr(error, "connection_invalidated", False)
        plain = not isinstance(error, DBAPIError)
        if broken or plain or isinstance(getattr(error, "orig", None), OSError | asyncio.TimeoutError):
            return Unavailable()
        return Unavailable() if _is_interface_error(error) else None
    if state in _UNAVAILABLE_STATES or state.startswith(_UNAVAILABLE_CLASSES):
        return Unavailable()
    if state.startswith("22"):
        return ValidationFailed("A value cannot be stored.")
    if state.startswith("23"):
        return Conflict()
    return Unavailable() if state.startswith("28") else None


def _is_interface_error(error: BaseException) -> bool:
    return isinstance(getattr(error, "orig", error).__cause__, asyncpg.InterfaceError | OSError | asyncio.TimeoutError)


class Postgres:
    """The library's own way to PostgreSQL: single statements, and short transactions that may be retried.

    Args:
        engine: Shared with the application if it gave one. Its pool is used; its isolation level is not: the
            library's statements decide their races under READ COMMITTED.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._committed = engine.execution_options(isolation_level="READ COMMITTED")
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement commits by itself: no BEGIN, no COMMIT, one round trip.

        Raises:
            Unavailable: The server did not answer, or refused for a reason that passes.
        """
        with translated():
            async with self._autocommit.connect() as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A READ COMMITTED transaction; it commits at the end, or rolls back on any error.

        Raises:
            Unavailable: As above. After a lost COMMIT nobody knows whether it took effect; every caller
                is written so that doing it again is safe.
        """
        with translated():
            async with self._committed.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session for reading objects: each statement commits by itself, one round trip.

        Raises:
            Unavailable: As above.
        """
        with translated():
            async with AsyncSession(self._autocommit, expire_on_commit=False) as session:
                yield session

    async def load(self, statement: Executable, values: Mapping[str, Any]) -> Any:
        """The one object that a statement selects, detached; None if there is none.

        It is read on a connection of its own, where the statement commits by itself, in one step of the event
        loop's: an asynchronous session would cost two tasks and as much time as the statement.

        Raises:
            Unavailable: As above.
        """
        with translated():
            return await AsyncSession(self._autocommit, expire_on_commit=False).run_sync(_load, statement, values)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session in a READ COMMITTED transaction of its own; it commits at the end, or rolls back on any error.

        Raises:
            Unavailable: As above.
        """
        with translated():
            async with AsyncSession(self._committed, expire_on_commit=False) as session, session.begin():
                yield session

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run a whole transaction, again with full jitter if it lost a serialisation race or a deadlock.

        Raises:
            Unavailable: It lost every time, or the server did not answer.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                async with self._committed.begin() as connection:
                    return await work(connection)
            except FAILURES as error:
                if sqlstate_of(error) not in _RETRIED_STATES:
                    _raise_known(error)
            await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - a delay, not a secret
        async with self.transaction() as connection:
            return await work(connection)

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


def _load(session: Session, statement: Executable, values: Mapping[str, Any]) -> Any:
    with session:
        return session.execute(statement, values).scalars().one_or_none()


@contextmanager
def translated() -> Iterator[None]:
    """A context in which failures of the database leave as domain errors."""
    try:
        yield
    except FAILURES as error:
        _raise_known(error)


def _raise_known(error: BaseException) -> NoReturn:
    known = translate(error)
    if known is None:
        raise error
    raise known from error
