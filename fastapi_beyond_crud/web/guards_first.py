"""The middleware that asks the guards before the body is read."""

from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fastapi_beyond_crud.core.errors import AuthError, PayloadTooLarge
from fastapi_beyond_crud.web.dependants import calls_of
from fastapi_beyond_crud.web.guards import COUNTED, BodyLimit, Guard
from fastapi_beyond_crud.web.problems import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What stands on a route. The dependant is kept alive, since it is known by its id."""

    dependant: Dependant
    guards: tuple[Guard, ...]
    limit: BodyLimit | None


class GuardsFirst:
    """Pure ASGI, and the innermost of all middleware: the first ``receive`` of a matched route asks its guards.

    Without it a guard is an ordinary dependency, which runs after the whole body was read and parsed: an
    upload of 200 MB comes in before the 401. A custom route class is no way either; it does not reach
    included routers. Here it works for nested routers, any route class, mounted applications, forms, uploads
    and streams: 401 before 403 before 404 before 422.

    Should FastAPI rename what this leans on, no guard is found here, and each still runs as a dependency:
    the order is lost, the safety is not. A test pins it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._found: dict[int, _Found] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with a ``receive`` that asks first."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope[COUNTED] = True
        await self.app(scope, _GuardedReceive(self, scope, receive), send)

    def on_route(self, scope: Scope) -> _Found | None:
        """What stands on the route that was matched; None for what is not FastAPI's."""
        route = scope.get("route")
        included = scope.get("fastapi", {}).get("effective_route_context")
        # With the dependencies of its inclusion. One that belongs to another route was left behind by an
        # application that this one is mounted in.
        if getattr(included, "original_route", None) is route:
            route = included
        dependant = getattr(route, "dependant", None)
        if dependant is None:
            return None
        known = self._found.get(id(dependant))
        if known is None or known.dependant is not dependant:
            calls = list(calls_of(dependant))
            limits = [call for call in calls if isinstance(call, BodyLimit)]
            guards = dict.fromkeys(call for call in calls if isinstance(call, Guard))
            known = _Found(dependant=dependant, guards=tuple(guards), limit=limits[-1] if limits else None)
            self._found[id(dependant)] = known
        return known


class _GuardedReceive:
    __slots__ = ("_first", "_left", "_middleware", "_receive", "_scope")

    def __init__(self, middleware: GuardsFirst, scope: Scope, receive: Receive) -> None:
        self._middleware = middleware
        self._scope = scope
        self._receive = receive
        self._first = True
        self._left: int | None = None

    async def __call__(self) -> Message:
        try:
            if self._first:
                self._first = False
                await self._ask()
            message = await self._receive()
            if self._left is not None and message["type"] == "http.request":
                self._left -= len(message.get("body", b""))
                if self._left < 0:
                    raise PayloadTooLarge
        except AuthError as error:
            # FastAPI turns whatever else comes out of here into "400 error parsing the body".
            raise Refusal(error) from error
        return message

    async def _ask(self) -> None:
        found = self._middleware.on_route(self._scope)
        if found is None:
            return
        connection = HTTPConnection(self._scope)
        overrides: Any = getattr(self._scope.get("app"), "dependency_overrides", None) or ()
        for guard in found.guards:
            if guard not in overrides:
                await guard.check(connection)
        if found.limit is not None:
            found.limit.announced(connection)
            self._left = found.limit.max_bytes
