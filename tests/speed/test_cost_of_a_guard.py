"""A guard stays cheap. Ratios of CPU time in one process, with room enough that a busy machine cannot fail them.

The figures themselves come from ``python3 dev.py bench``.
"""

import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from starlette.types import Message

from fastapi_beyond_crud import Auth
from tests.support.application import Application, running, settings_for

ROUNDS = 25
REQUESTS = 80
DEAREST_GUARD = 2.0
"""Times the unguarded route. It is 1.4, and 1.55 at most on a busy machine; without the memory of verified tokens 2.1,
and 13 if the rights of roles are worked out each time."""
FLAT = 1.5
"""Times the smallest. It is 0.95 to 1.05; a search through all permissions makes it 22."""

pytestmark = pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer makes the library's own lines dearer")

ROLES = {f"grants-{count}": ["books:read", *(f"things:act-{n}" for n in range(count - 1))] for count in (1, 1000)}
Act = Callable[[], Coroutine[Any, Any, None]]


async def test_a_guard_costs_little_beside_the_route_it_stands_before(database_url: str) -> None:
    async with application(database_url) as app:
        token = await token_of(app, "grants-1")
        costs = await least_costs({"bare": asking(app, "/bare"), "guarded": asking(app, "/guarded", token)})
    assert costs["guarded"] <= DEAREST_GUARD * costs["bare"]


async def test_a_thousand_permissions_cost_what_one_does(database_url: str) -> None:
    async with application(database_url) as app:
        tokens = {role: await token_of(app, role) for role in ROLES}
        costs = await least_costs({role: asking(app, "/guarded", token) for role, token in tokens.items()})
    assert costs["grants-1000"] <= FLAT * costs["grants-1"]


def guarded_and_bare(auth: Auth[Any]) -> FastAPI:
    app = FastAPI(lifespan=auth.lifespan)
    auth.install(app)

    @app.get("/bare")
    async def bare() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/guarded", dependencies=[Depends(auth.require("books:read"))])
    async def guarded() -> dict[str, str]:
        return {"status": "ok"}

    return app


@asynccontextmanager
async def application(database_url: str) -> AsyncIterator[Application]:
    """Without a server for revocations: what is measured is this process alone."""
    settings = settings_for(database_url, revocation="memory")
    async with running(settings=settings, build=guarded_and_bare, roles=ROLES) as app:
        yield app


async def token_of(app: Application, role: str) -> str:
    person = await app.registered()
    await app.granted(person, role)
    return (await app.signed_in(person)).access_token


def asking(app: Application, path: str, token: str | None = None) -> Act:
    """One request to the application itself: no client and no socket whose cost would hide the guard's."""
    credential = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    statuses: set[int] = set()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    async def act() -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"test"), *credential],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
        }
        await app.app(scope, receive, send)
        assert statuses == {200}

    return act


async def least_costs(acts: Mapping[str, Act]) -> dict[str, float]:
    """CPU seconds of a batch of each, in turns, and the least of all rounds: what disturbs can only add."""
    costs = dict.fromkeys(acts, float("inf"))
    for _ in range(ROUNDS):
        for name, act in acts.items():
            began = time.process_time()
            for _ in range(REQUESTS):
                await act()
            costs[name] = min(costs[name], time.process_time() - began)
    return costs
