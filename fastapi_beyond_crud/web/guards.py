"""Guards: dependencies that are also asked before the body of a request is read."""

from collections.abc import Callable

from fastapi import WebSocketException
from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.openapi.models import OAuthFlowPassword, OAuthFlows
from fastapi.security.base import SecurityBase
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from fastapi_beyond_crud.core.errors import AuthError, PayloadTooLarge
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.rbac.requirements import Requirement, all_of
from fastapi_beyond_crud.web.doorkeeper import Doorkeeper
from fastapi_beyond_crud.web.problems import Refusal

POLICY_VIOLATION = 1008
"""The WebSocket close code for a caller who may not enter (RFC 6455 section 7.4.1)."""

COUNTED = "fastapi_beyond_crud.counted"
"""In the scope of a request whose body `GuardsFirst` counts, by the innermost limit of the route."""


class Guard(SecurityBase):
    """Lets a request pass if its caller meets a requirement, and gives the caller.

    Use it as a dependency. `GuardsFirst` finds it on the route and asks it before the first byte of the body
    is read; the answer stays in the scope, so that the dependency itself costs no second check.

    Attributes:
        needs: What is required; None for any known caller.
        is_optional: Whether the anonymous pass where nothing is required.
    """

    scheme_name = "OAuth2PasswordBearer"

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        needs: Requirement | None = None,
        *,
        is_optional: bool = False,
        token_url: Callable[[], str],
    ) -> None:
        self._doorkeeper = doorkeeper
        self.needs = needs
        self.is_optional = is_optional
        self._token_url = token_url

    @property
    def requirement(self) -> Requirement:
        """The requirement, for `any_of` and `all_of`.

        Raises:
            ConfigurationError: This guard asks for nothing but a known caller.
        """
        return all_of(*(() if self.needs is None else (self.needs,)))

    @property
    def model(self) -> OAuth2Model:  # type: ignore[override] # an attribute there; the URL is known late
        """The security scheme, for OpenAPI."""
        return OAuth2Model(flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl=self._token_url(), scopes={})))

    async def check(self, connection: HTTPConnection) -> Principal:
        """The caller.

        Raises:
            NotAuthenticated: 401: no credential, or a bad one (`TokenInvalid`).
            PermissionDenied: 403: known, and not allowed.
            Unavailable: 503: it cannot be said.
        """
        return await self._doorkeeper.admit(connection, self.needs, optional=self.is_optional)

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """As `check`, but refuses with an HTTPException; a WebSocket is closed with 1008, before it is accepted."""
        try:
            return await self.check(connection)
        except AuthError as error:
            raise refused(connection, error) from None


class BodyLimit:
    """The longest body that an operation takes: ``Depends(BodyLimit(65_536))``.

    `GuardsFirst` refuses a longer one after the guards had their say: at once by its Content-Length, else as
    soon as it passes the limit. Of several on one route the innermost counts.

    Args:
        max_bytes: The largest size that passes.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes

    def announced(self, connection: HTTPConnection) -> None:
        """Refuse a body that announces itself as too long.

        Raises:
            PayloadTooLarge: It does.
        """
        length = connection.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > self.max_bytes):
            raise PayloadTooLarge

    async def __call__(self, connection: HTTPConnection) -> None:
        """As a plain dependency it can only look at the announced length, and only if nobody counts what comes in."""
        if COUNTED in connection.scope:
            return
        try:
            self.announced(connection)
        except PayloadTooLarge as error:
            raise refused(connection, error) from None


def refused(connection: HTTPConnection, error: AuthError) -> HTTPException | WebSocketException:
    """The exception with which a dependency refuses.

    Every FastAPI application can answer it: one that is mounted, or that has no problem responses, does not know
    our own errors and would say 500.
    """
    if connection.scope["type"] == "websocket":
        return WebSocketException(POLICY_VIOLATION, error.code)
    return Refusal(error)
