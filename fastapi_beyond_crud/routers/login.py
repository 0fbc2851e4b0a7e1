"""Open, renew and end a session."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field, SecretStr

from fastapi_beyond_crud.core.errors import (
    CredentialsInvalid,
    EmailNotVerified,
    RefreshInvalid,
    TokenInvalid,
    Unavailable,
)
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.routers.bodies import NoStoreResponse, StrictBody, TokenPairRead
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.surface import BODY_LIMIT, Surface
from fastapi_beyond_crud.web.transports import bearer_token


class LoginBody(StrictBody):
    """An address and a password."""

    email: Annotated[str, Field(max_length=1024)]
    password: SecretStr
    transport: Literal["bearer"] | None = None
    """How the tokens travel; bearer is the only way in this version."""


class RefreshBody(StrictBody):
    """A refresh token."""

    refresh_token: SecretStr


class LogoutBody(StrictBody):
    """The refresh token of the session to end, for clients that have no access token any more."""

    refresh_token: SecretStr | None = None


def login_router(surface: Surface) -> APIRouter:
    """``/login``, ``/refresh``, ``/logout``, ``/logout-all``."""
    router = APIRouter(tags=["sessions"], default_response_class=NoStoreResponse, dependencies=[Depends(BODY_LIMIT)])

    @router.post("/login", responses=documents(CredentialsInvalid, EmailNotVerified, Unavailable))
    async def login(body: LoginBody, request: Request) -> TokenPairRead:
        """Log in with an address and a password."""
        password = body.password.get_secret_value()
        pair = await surface.services().tokens.login(body.email, password, client=surface.client(request))
        return TokenPairRead.of(pair)

    @router.post("/refresh", responses=documents(RefreshInvalid, Unavailable))
    async def refresh(body: RefreshBody) -> TokenPairRead:
        """Spend a refresh token for the next pair. Ask again with the same token if the answer was lost."""
        return TokenPairRead.of(await surface.services().tokens.refresh(body.refresh_token.get_secret_value()))

    @router.post("/logout", status_code=204, responses=documents(Unavailable))
    async def logout(request: Request, body: LogoutBody | None = None) -> None:
        """End this session at once. It is fine to be out already, and an expired access token still names it."""
        services = surface.services()
        if named := _session_named_by(request, surface):
            await services.tokens.end(*named)
        if body is not None and body.refresh_token is not None:
            await services.tokens.revoke(body.refresh_token.get_secret_value())

    @router.post("/logout-all", status_code=204)
    async def logout_all(caller: Annotated[Principal, Depends(surface.known)]) -> None:
        """End every session of the caller, this one too."""
        await surface.services().tokens.end_all(caller.id)

    return router


def _session_named_by(request: Request, surface: Surface) -> tuple[Any, UUID] | None:
    try:
        token = bearer_token(request)
    except TokenInvalid:
        return None
    return None if token is None else surface.services().authenticator.session_of(token)
