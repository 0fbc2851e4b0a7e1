"""Who is asking, once a request."""

import logging
from collections.abc import Callable

from starlette.requests import HTTPConnection

from fastapi_beyond_crud.core.errors import NotAuthenticated, PermissionDenied
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.rbac.requirements import Requirement
from fastapi_beyond_crud.sessions.authentication import Authenticator
from fastapi_beyond_crud.web.transports import bearer_token

log = logging.getLogger(__name__)


class Doorkeeper:
    """Finds the principal of a request and keeps it in the scope, so that it is looked for once.

    Args:
        authenticator: Gives the authenticator of the running application.
    """

    def __init__(self, authenticator: Callable[[], Authenticator]) -> None:
        self._authenticator = authenticator
        # Two Auth objects in one process must not take each other's principals.
        self._key = f"fastapi_beyond_crud.principal.{id(self)}"

    async def principal(self, connection: HTTPConnection) -> Principal:
        """The caller; anonymous only if no credential came at all.

        Raises:
            TokenInvalid, TokenExpired: A credential came and it is bad, even where a guest may enter.
            Unavailable: It cannot be said whether the credential still counts.
        """
        known: Principal | None = connection.scope.get(self._key)
        if known is None:
            token = bearer_token(connection)
            authenticator = self._authenticator()
            known = authenticator.anonymous() if token is None else await authenticator.principal(token)
            connection.scope[self._key] = known
        return known

    async def admit(self, connection: HTTPConnection, requirement: Requirement | None, *, optional: bool) -> Principal:
        """The caller, if they meet the requirement.

        Args:
            connection: The request or WebSocket.
            requirement: None asks only for a known caller.
            optional: With no requirement, let the anonymous in too.

        Raises:
            NotAuthenticated: The anonymous may not do this; whoever logs in might.
            PermissionDenied: The caller is known, and may not do this.
        """
        caller = await self.principal(connection)
        if requirement is None:
            if caller.is_anonymous and not optional:
                raise NotAuthenticated
        elif not requirement.allows(caller):
            raise NotAuthenticated if caller.is_anonymous else _denied(caller, requirement)
        return caller


def _denied(caller: Principal, requirement: Requirement) -> PermissionDenied:
    error = PermissionDenied()
    log.info(
        "permission denied",
        extra={
            "decision_id": error.extra["decision_id"],
            "user_id": str(caller.id),
            "required": sorted(requirement.names()),
        },
    )
    return error
