"""WebSockets: whoever may not enter is shut out before the handshake is over."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket

from fastapi_beyond_crud.web.problems import install_problems
from tests.guards.conftest import Callers
from tests.support.application import Application, SignedIn
from tests.support.raw import websocket

PATHS = ["/app", "/nested/ws", "/sub/ws", "/profile"]


@pytest.fixture(scope="module")
def app(application: Application) -> FastAPI:
    auth, app, sub, router = application.auth, FastAPI(), FastAPI(), APIRouter()
    auth.protect_bodies(app)
    install_problems(app)
    guarded = [Depends(auth.require("books:create"))]

    @app.websocket("/app", dependencies=guarded)
    async def on_the_app(socket: WebSocket) -> None:
        await socket.accept()

    @router.websocket("/ws")
    async def nested(socket: WebSocket) -> None:
        await socket.accept()

    @sub.websocket("/ws", dependencies=guarded)
    async def mounted(socket: WebSocket) -> None:
        await socket.accept()

    @app.websocket("/profile", dependencies=guarded)
    async def profile(socket: WebSocket, user: Annotated[Any, Depends(auth.current_user())]) -> None:
        await socket.accept()

    @app.websocket("/verified")
    async def verified(socket: WebSocket, user: Annotated[Any, Depends(auth.current_user(verified=True))]) -> None:
        await socket.accept()

    app.include_router(router, prefix="/nested", dependencies=guarded)
    app.mount("/sub", sub)
    return app


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["nobody", "forger", "guest"])
async def test_a_caller_who_may_not_enter_is_closed_with_1008_before_the_accept(
    app: FastAPI, callers: Callers, path: str, who: str
) -> None:
    """AZ-14."""
    answer = await websocket(app, path, headers=getattr(callers, who))
    assert (answer.is_accepted, answer.status) == (False, 1008)


async def test_a_caller_whose_address_is_not_verified_is_closed_with_1008(app: FastAPI, callers: Callers) -> None:
    answer = await websocket(app, "/verified", headers=callers.user)
    assert (answer.is_accepted, answer.status) == (False, 1008)


async def test_a_token_in_the_query_opens_no_websocket(app: FastAPI, user: SignedIn) -> None:
    """TV-24: browsers cannot send the header; that is no reason to let tokens into logs of addresses."""
    answer = await websocket(app, "/app", query=f"token={user.access_token}&access_token={user.access_token}")
    assert (answer.is_accepted, answer.status) == (False, 1008)


@pytest.mark.parametrize("path", PATHS)
async def test_a_caller_who_may_enter_is_accepted(app: FastAPI, callers: Callers, path: str) -> None:
    assert (await websocket(app, path, headers=callers.user)).is_accepted
