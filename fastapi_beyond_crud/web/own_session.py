"""The session of a request, for applications that have none of their own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from fastapi_beyond_crud.connections.postgres import Postgres


class OwnSession:
    """Sessions on the library's engine, and the caller's object on them.

    A request that only wants to know its user needs no session: the object is read by one statement that
    commits by itself, which spares a dependency, a BEGIN and a ROLLBACK. Where the request has a session,
    the object is put on it, whichever of the two comes first.

    Args:
        model: The account model.
        database: Gives the database of the running application.
    """

    def __init__(self, model: type[Any], database: Callable[[], Postgres]) -> None:
        self._model = model
        self._database = database
        self._statement = select(model).where(model.id == bindparam("p_id", type_=model.id.type))
        # Two Auth objects in one process have sessions and objects of their own.
        self._session_key = f"fastapi_beyond_crud.session.{id(self)}"
        self._object_key = f"fastapi_beyond_crud.object.{id(self)}"

    async def open(self, connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
        """A dependency that yields the request's session; what was not committed is rolled back at the end."""
        session = AsyncSession(self._database().engine, expire_on_commit=False)
        known = connection.scope.get(self._object_key)
        if known is not None:
            session.add(known)
        connection.scope[self._session_key] = session
        try:
            yield session
        finally:
            del connection.scope[self._session_key]
            # A request that is cancelled must still give its connection back in order.
            await asyncio.shield(session.close())

    async def load(self, connection: HTTPConnection, key: Any) -> Any:
        """The object with this key, on the request's session if it has one; None if there is none."""
        session: AsyncSession | None = connection.scope.get(self._session_key)
        if session is not None and session.in_transaction():
            return await session.get(self._model, key)
        known = connection.scope.get(self._object_key)
        if known is None:
            known = await self._database().load(self._statement, {"p_id": key})
            connection.scope[self._object_key] = known
        if session is not None and known is not None:
            session.add(known)
        return known
