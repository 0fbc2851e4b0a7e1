"""Applications with a guarded route of every kind."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response, UploadFile
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.middleware.base import BaseHTTPMiddleware

from fastapi_beyond_crud import Auth, NotFound
from fastapi_beyond_crud.web.problems import install_problems


class Book(BaseModel):
    """A body with a field that can be wrong."""

    pages: int


class OwnRoute(APIRoute):
    """A route class of the application's own, which would lose a guard that lives in another."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override] # a coroutine is one
        handle = super().get_route_handler()

        async def own(request: Request) -> Response:
            response = await handle(request)
            response.headers["x-own-route"] = "yes"
            return response

        return own


PATHS = [
    "/app",
    "/parameter",
    "/nested/inner/plain",
    "/nested/inner/include-level",
    "/own-class",
    "/sub/body",
    "/sub/nested/body",
    "/sub-in-router/sub/body",
    "/form",
    "/upload",
    "/stream",
    "/request-body",
]
"""Every one is a POST that reads its body and requires ``books:create``."""


def house(auth: Auth[Any], *, problems: bool = True) -> FastAPI:
    """An application whose routes are guarded in every way that FastAPI offers."""
    app = FastAPI()
    auth.protect_bodies(app)
    if problems:
        install_problems(app)
    guard = auth.require("books:create")
    guarded = [Depends(guard)]

    @app.post("/app", dependencies=guarded)
    async def on_the_app(book: Book) -> int:
        return book.pages

    @app.post("/parameter")
    async def as_a_parameter(book: Book, caller: Annotated[Any, Depends(guard)]) -> int:
        return book.pages

    @app.post("/form", dependencies=guarded)
    async def form(title: Annotated[str, Form()]) -> str:
        return title

    @app.post("/upload", dependencies=guarded)
    async def upload(file: UploadFile) -> int:
        return len(await file.read())

    @app.post("/stream", dependencies=guarded)
    async def stream(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @app.post("/request-body", dependencies=guarded)
    async def request_body(request: Request) -> int:
        return len(await request.body())

    app.include_router(_nested(guarded), prefix="/nested")
    app.include_router(_own_class(guarded))
    app.mount("/sub", _sub(guarded, problems=problems))
    outer = APIRouter()
    outer.mount("/sub", _sub(guarded, problems=problems))
    app.include_router(outer, prefix="/sub-in-router")
    return app


def inside_base_http_middleware(app: FastAPI) -> FastAPI:
    """The same with a middleware outside that wraps ``receive`` of its own accord."""

    async def through(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers["x-through"] = "yes"
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=through)
    return app


def book_of(book_id: int) -> int:
    """A dependency as an application writes it: 404 for what is not there."""
    if book_id != 1:
        raise NotFound
    return book_id


def _nested(guarded: list[Any]) -> APIRouter:
    inner = APIRouter()

    @inner.post("/plain", dependencies=guarded)
    async def plain(book: Book) -> int:
        return book.pages

    unguarded = APIRouter()

    @unguarded.post("/include-level")
    async def include_level(book: Book) -> int:
        return book.pages

    outer = APIRouter()
    outer.include_router(inner, prefix="/inner")
    outer.include_router(unguarded, prefix="/inner", dependencies=guarded)
    return outer


def _own_class(guarded: list[Any]) -> APIRouter:
    router = APIRouter(route_class=OwnRoute, dependencies=guarded)

    @router.post("/own-class")
    async def own_class(book: Book) -> int:
        return book.pages

    return router


def _sub(guarded: list[Any], *, problems: bool) -> FastAPI:
    sub = FastAPI()
    if problems:
        install_problems(sub)

    @sub.post("/body", dependencies=guarded)
    async def body(book: Book) -> int:
        return book.pages

    router = APIRouter(dependencies=guarded)

    @router.post("/body")
    async def nested(book: Book) -> int:
        return book.pages

    sub.include_router(router, prefix="/nested")
    return sub
