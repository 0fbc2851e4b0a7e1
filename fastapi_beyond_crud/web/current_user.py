"""The dependency that gives the caller's own object."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.util import identity_key
from starlette.requests import HTTPConnection

from fastapi_beyond_crud.connections.postgres import Postgres
from fastapi_beyond_crud.core.errors import EmailNotVerified, TokenInvalid
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.web.guards import Guard, refused

Connect = Callable[..., AsyncIterator[AsyncSession]]
"""A FastAPI dependency that yields the application's session."""

Load = Callable[[AsyncSession, Any], Awaitable[Any]]
"""Gives the object with this key, on this session; None if there is none."""


def user_dependency(guard: Guard, connect: Connect, load: Load, *, verified: bool) -> Callable[..., Awaitable[Any]]:
    """A dependency that gives the caller's object, or None where the guard lets the anonymous in.

    Args:
        guard: Finds the caller.
        connect: Yields the session that the object belongs to.
        load: Loads it.
        verified: Ask for a verified address.
    """

    async def current_user(
        connection: HTTPConnection,
        principal: Annotated[Principal, Depends(guard)],
        session: Annotated[AsyncSession, Depends(connect)],
    ) -> Any:
        if principal.is_anonymous:
            return None
        user = await load(session, principal.id)
        if user is None or not user.is_active:
            raise refused(connection, TokenInvalid())
        if verified and not user.is_verified:
            raise refused(connection, EmailNotVerified())
        return user

    return current_user


def loader(model: type[Any], database: Callable[[], Postgres] | None) -> Load:
    """Loads objects of the model on a session.

    On a session of your own it is ``session.get``. On one of ours that has not begun anything, the object is
    read by a statement that commits by itself and then put on the session: that spares the BEGIN and the
    ROLLBACK of a request that only wants to know its user, two of three round trips.

    Args:
        model: The account model.
        database: Gives our database if the sessions are ours.
    """
    statement = select(model).where(model.id == bindparam("p_id", type_=model.id.type))

    async def get(session: AsyncSession, key: Any) -> Any:
        return await session.get(model, key)

    async def read(session: AsyncSession, key: Any) -> Any:
        assert database is not None  # noqa: S101 - read is used with ours only
        if session.in_transaction() or identity_key(model, key) in session.sync_session.identity_map:
            return await get(session, key)
        return await database().load(session, statement, {"p_id": key})

    return get if database is None else read
