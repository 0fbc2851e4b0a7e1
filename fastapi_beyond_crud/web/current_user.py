"""The dependency that gives the caller's own object."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from fastapi_beyond_crud.core.errors import EmailNotVerified, TokenInvalid
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.web.dependants import raising
from fastapi_beyond_crud.web.guards import Guard, refused
from fastapi_beyond_crud.web.own_session import OwnSession

Connect = Callable[..., AsyncIterator[AsyncSession]]
"""A FastAPI dependency that yields the application's session."""

Dependency = Callable[..., Awaitable[Any]]


def user_on_your_session(guard: Guard, model: type[Any], connect: Connect, *, verified: bool) -> Dependency:
    """A dependency that gives the caller's object, loaded on the application's session.

    None where the guard lets the anonymous in.
    """

    async def current_user(
        connection: HTTPConnection,
        principal: Annotated[Principal, Depends(guard)],
        session: Annotated[AsyncSession, Depends(connect)],
    ) -> Any:
        if principal.is_anonymous:
            return None
        return _admitted(connection, await session.get(model, principal.id), verified=verified)

    return raising(current_user, EmailNotVerified) if verified else current_user


def user_on_our_session(guard: Guard, own: OwnSession, *, verified: bool) -> Dependency:
    """A dependency that gives the caller's object, on our session if the request has one; see `OwnSession`.

    None where the guard lets the anonymous in.
    """

    async def current_user(connection: HTTPConnection, principal: Annotated[Principal, Depends(guard)]) -> Any:
        if principal.is_anonymous:
            return None
        return _admitted(connection, await own.load(connection, principal.id), verified=verified)

    return raising(current_user, EmailNotVerified) if verified else current_user


def _admitted(connection: HTTPConnection, user: Any, *, verified: bool) -> Any:
    if user is None or not user.is_active:
        raise refused(connection, TokenInvalid())
    if verified and not user.is_verified:
        raise refused(connection, EmailNotVerified())
    return user
