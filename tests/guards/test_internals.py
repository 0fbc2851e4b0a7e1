"""What we lean on inside FastAPI, pinned: if it moves, order is lost, safety is not."""

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from fastapi_beyond_crud.web.dependants import calls_of
from fastapi_beyond_crud.web.guards_first import GuardsFirst
from tests.guards.conftest import Callers
from tests.guards.house import PATHS, Book, house
from tests.guards.test_before_the_body import body_for
from tests.support.application import Application
from tests.support.raw import request


class Blinded:
    """GuardsFirst as it would be after FastAPI renamed what it looks at: it finds no route and so no guard."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = GuardsFirst(app)
        self.app.on_route = lambda scope: None  # type: ignore[method-assign] # this is the accident

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def blinded(app: FastAPI) -> FastAPI:
    assert kinds(app) == [GuardsFirst]
    app.user_middleware[:] = [Middleware(Blinded)]
    return app


def kinds(app: FastAPI) -> list[Any]:
    return [middleware.cls for middleware in app.user_middleware]


@pytest.mark.parametrize("path", PATHS)
async def test_a_guard_refuses_even_where_it_is_not_found_in_time(
    application: Application, callers: Callers, path: str
) -> None:
    """The body has been read by then, but nothing is done with it."""
    app = blinded(house(application.auth))
    headers, body = body_for(path)
    statuses = {
        who: (await request(app, "POST", path, headers={**headers, **getattr(callers, who)}, chunks=[body])).status
        for who in ("nobody", "forger", "guest", "user")
    }
    assert statuses == {"nobody": 401, "forger": 401, "guest": 403, "user": 200}


async def test_the_accident_is_one(application: Application, callers: Callers) -> None:
    """The test above would prove nothing if guards were still found."""
    app = blinded(house(application.auth))
    headers, body = body_for("/app")
    assert (await request(app, "POST", "/app", headers=headers, chunks=[body])).receives > 0


async def test_fastapi_tells_in_the_scope_which_route_was_matched(application: Application) -> None:
    """If this fails, `GuardsFirst.on_route` has to learn the new place; until then bodies are read before refusals."""
    seen: dict[str, Scope] = {}

    class Look:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def looking() -> Any:
                seen[scope["path"]] = dict(scope)
                return await receive()

            await self.app(scope, looking, send)

    def a_dependency() -> None: ...

    router, app = APIRouter(), FastAPI()
    app.add_middleware(Look)

    @app.post("/app", dependencies=[Depends(a_dependency)])
    async def on_the_app(book: Book) -> None: ...

    @router.post("/included")
    async def included(book: Book) -> None: ...

    app.include_router(router, dependencies=[Depends(a_dependency)])
    for path in ("/app", "/included"):
        await request(app, "POST", path, headers={"content-type": "application/json"}, chunks=[b"{}"])

    on_app, inside = seen["/app"], seen["/included"]
    assert isinstance(on_app["route"], APIRoute)
    assert list(calls_of(on_app["route"].dependant)) == [a_dependency]
    context = inside["fastapi"]["effective_route_context"]
    assert context.original_route is inside["route"]
    assert isinstance(context.dependant, Dependant)
    assert list(calls_of(context.dependant)) == [a_dependency]
    assert list(calls_of(inside["route"].dependant)) == [], "the route itself knows nothing of its inclusion"


def test_fastapi_lists_included_routes_with_the_dependencies_of_their_inclusion() -> None:
    """The documentation leans on it, and so does every audit of the routes."""

    def a_dependency() -> None: ...

    router, app = APIRouter(), FastAPI(openapi_url=None)

    @router.get("/included/{number}")
    async def included(number: int) -> None: ...

    app.include_router(router, prefix="/under", dependencies=[Depends(a_dependency)])
    [context] = iter_route_contexts(app.routes)
    assert (context.path_format, context.methods) == ("/under/included/{number}", {"GET"})
    assert a_dependency in list(calls_of(context.dependant))


def test_user_middleware_is_the_public_list_whose_end_is_innermost(application: Application) -> None:
    app = FastAPI()
    application.auth.protect_bodies(app)
    app.add_middleware(Blinded)
    assert kinds(app) == [Blinded, GuardsFirst]
