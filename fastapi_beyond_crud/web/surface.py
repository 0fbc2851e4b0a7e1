"""What the routers and dependencies are made from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import HTTPConnection

from fastapi_beyond_crud.accounts.schemas import UserCreate, UserRead, UserUpdate
from fastapi_beyond_crud.accounts.service import AccountService
from fastapi_beyond_crud.core.errors import NotFound, ValidationFailed
from fastapi_beyond_crud.rbac.grants import GrantService
from fastapi_beyond_crud.rbac.roles import RoleMap
from fastapi_beyond_crud.sessions.authentication import Authenticator
from fastapi_beyond_crud.sessions.client import Client
from fastapi_beyond_crud.sessions.service import TokenPairService
from fastapi_beyond_crud.settings import AuthSettings
from fastapi_beyond_crud.tokens.keyring import Keyring
from fastapi_beyond_crud.web.client_address import client_of
from fastapi_beyond_crud.web.guards import BodyLimit, Guard

BODY_LIMIT = BodyLimit(64 * 1024)
"""No body of the library's own routes is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases of a running application."""

    settings: AuthSettings
    tokens: TokenPairService
    accounts: AccountService
    grants: GrantService
    authenticator: Authenticator
    keyring: Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """The one argument of every router factory.

    Attributes:
        services: Gives the services of the running application; raises ConfigurationError before its start.
        settings: Gives the settings; they are read when routers are made, before the start.
        known: The guard that asks for a known caller.
        require: Makes a guard for requirements.
        read_key: Reads an account's key from a path.
    """

    services: Callable[[], Services]
    settings: Callable[[], AuthSettings]
    roles: RoleMap
    known: Guard
    require: Callable[..., Guard]
    create: type[UserCreate]
    read: type[UserRead]
    update: type[UserUpdate]
    read_key: Callable[[str], Any]

    def client(self, connection: HTTPConnection) -> Client:
        """The device behind a request."""
        return client_of(connection, self.services().settings.trusted_proxy_hops)

    def key(self, text: str) -> Any:
        """The account's key in a path.

        Raises:
            NotFound: No account can have this key.
        """
        try:
            return self.read_key(text)
        except ValueError:
            raise NotFound from None

    def cursor(self, text: str | None) -> Any:
        """The key that a cursor stands for.

        Raises:
            ValidationFailed: It is not a cursor that we gave out.
        """
        if text is None:
            return None
        try:
            return self.read_key(text)
        except ValueError:
            raise ValidationFailed.of("query", "cursor", type="cursor", msg="not a cursor of this list") from None


def session_key(text: str) -> UUID:
    """The session's key in a path.

    Raises:
        NotFound: No session can have this key.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
