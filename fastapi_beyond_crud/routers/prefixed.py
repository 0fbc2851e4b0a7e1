"""One router for all others, which costs the rest of the application next to nothing."""

from typing import Any

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Scope

from fastapi_beyond_crud.core.errors import NotFound

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class _Slashes(Convertor[str]):
    regex = "/+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


# Starlette takes off all slashes at the end of a path, however many there are, before it redirects.
register_url_convertor("slashes", _Slashes())


class PrefixedRouter(APIRouter):
    """A router that is asked about paths under its prefix only.

    FastAPI tries the routes in their order, so each of our two dozen would be tried for every request to a
    route that comes after them: measured, that doubles the cost of a small route.

    Args:
        prefix: The prefix that it will be included with.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._under = prefix

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """No match, quickly, for all paths that cannot be ours."""
        if self._under not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

    def refuse_slashes(self) -> None:
        """Answer 404 to our paths with slashes at the end.

        Starlette would redirect with 307 to an address made from the Host header, and the client would send
        the password there.
        """
        paths: list[Any] = [context.path for context in iter_route_contexts(self.routes)]
        for path in dict.fromkeys(paths):
            self.add_api_route(f"{path}{{slashes:slashes}}", _no_such_route, methods=_METHODS, include_in_schema=False)


async def _no_such_route() -> None:
    raise NotFound
