"""The names of the course "FastAPI Beyond CRUD", for applications that began there.

The course writes ``RoleChecker(["admin"])``, ``AccessTokenBearer()`` and ``RefreshTokenBearer()``. Here they need to
know your `Auth`, once::

    course = Course(auth)
    admin_only = Depends(course.RoleChecker(["admin"]))
    TokenDetails = Annotated[dict[str, Any], Depends(course.AccessTokenBearer())]

    @app.delete("/books/{book_uid}", dependencies=[admin_only])
    async def delete_book(book_uid: UUID) -> None: ...

    @app.post("/refresh_token")
    async def refresh(pair: Annotated[TokenPair, Depends(course.RefreshTokenBearer())]) -> dict[str, str]:
        return {"access_token": pair.access_token, "refresh_token": pair.refresh_token}

What differs from the course, and why:

- A role that was taken away is gone on the next request: roles are not read from the token alone.
- There is no list of blocked ``jti``: ``/auth/logout`` ends the session, and all its tokens with it.
- A refresh token is not a JWT and works once; each refresh gives a new pair, so keep both.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from fastapi_beyond_crud.auth import Auth
from fastapi_beyond_crud.core.errors import NotAuthenticated
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.sessions.pairs import TokenPair
from fastapi_beyond_crud.web.guards import Guard
from fastapi_beyond_crud.web.transports import bearer_token

TokenDetails = dict[str, Any]


class Course:
    """The course's three dependencies for one `Auth`."""

    def __init__(self, auth: Auth[Any]) -> None:
        self._auth = auth

    def RoleChecker(self, allowed_roles: Iterable[str]) -> Guard:
        """A dependency that lets in whoever holds one of the roles; it gives the `Principal`.

        It is ``auth.require_role(*allowed_roles)``, asked before the body of the request is read.

        Raises:
            ConfigurationError: No role is named, or there is none of this name.
        """
        if isinstance(allowed_roles, str):
            allowed_roles = [allowed_roles]
        return self._auth.require_role(*allowed_roles)

    def AccessTokenBearer(self) -> Callable[..., Awaitable[TokenDetails]]:
        """A dependency that gives what the access token stands for, in the shape that the course calls token details.

        ``{"user": {"user_uid": "...", "roles": ["user"]}, "session_id": "...", "refresh": False}``. Roles are those in
        force now. No e-mail address: a token carries nothing personal, and ``auth.current_user()`` loads the user.
        """
        known = self._auth.current_principal()

        async def token_details(caller: Annotated[Principal, Depends(known)]) -> TokenDetails:
            return {
                "user": {"user_uid": str(caller.id), "roles": sorted(caller.roles)},
                "session_id": str(caller.session_id),
                "refresh": False,
            }

        return token_details

    def RefreshTokenBearer(self) -> "RefreshTokenBearer":
        """A dependency that spends the refresh token of the Authorization header and gives the next `TokenPair`."""
        return RefreshTokenBearer(self._auth)


class RefreshTokenBearer(SecurityBase):
    """Spends the refresh token of the Authorization header.

    The token is spent even if the endpoint fails afterwards; whoever asks again inside the grace gets the same pair.
    """

    scheme_name = "RefreshTokenBearer"
    model = HTTPBearerModel(description="A refresh token, not an access token.")

    def __init__(self, auth: Auth[Any]) -> None:
        self._auth = auth

    async def __call__(self, connection: HTTPConnection) -> TokenPair:
        """The next pair.

        Raises:
            NotAuthenticated: There is no Authorization header.
            TokenInvalid: It does not hold exactly one bearer token.
            RefreshInvalid: The token is not a live refresh token of ours.
            Unavailable: The database does not answer.
        """
        token = bearer_token(connection)
        if token is None:
            raise NotAuthenticated
        return await self._auth.tokens.refresh(token)
