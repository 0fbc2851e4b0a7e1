"""No body is read further than its operation allows."""

import json
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request

from fastapi_beyond_crud import BodyLimit
from fastapi_beyond_crud.web.problems import install_problems
from tests.guards.conftest import Callers
from tests.support.application import Application
from tests.support.raw import request

JSON = ("content-type", "application/json")


@pytest.fixture(scope="module")
def app(application: Application) -> FastAPI:
    auth, app, router = application.auth, FastAPI(), APIRouter(dependencies=[Depends(BodyLimit(10))])
    auth.protect_bodies(app)
    install_problems(app)

    @router.post("/ten")
    async def ten(request: Request) -> int:
        return len(await request.body())

    @router.post("/twenty", dependencies=[Depends(BodyLimit(20))])
    async def twenty(request: Request) -> int:
        return len(await request.body())

    @router.post("/json")
    async def parsed(value: dict[str, Any]) -> int:
        return len(value)

    @router.post("/guarded", dependencies=[Depends(auth.require("books:create"))])
    async def guarded(value: dict[str, Any]) -> int:
        return len(value)

    @app.post("/no-limit")
    async def no_limit(request: Request) -> int:
        return len(await request.body())

    app.include_router(router)
    return app


@pytest.mark.parametrize("path", ["/ten", "/json"])
@pytest.mark.parametrize("length", ["11", "20000000", "9" * 400, "011", "9" * 16])
async def test_a_body_that_announces_itself_as_too_long_is_refused_unread(app: FastAPI, path: str, length: str) -> None:
    """DS-01."""
    answer = await request(app, "POST", path, headers=[JSON, ("content-length", length)], chunks=[b"x" * 11])
    assert (answer.status, answer.receives) == (413, 0)
    assert json.loads(answer.body)["code"] == "payload_too_large"


@pytest.mark.parametrize("path", ["/ten", "/json"])
async def test_a_body_without_a_length_is_refused_at_the_first_chunk_too_many(app: FastAPI, path: str) -> None:
    """DS-01: chunked."""
    answer = await request(app, "POST", path, headers=[JSON], chunks=[b"12345", b"67890", b"1", b"x" * 1000])
    assert (answer.status, answer.receives) == (413, 3)
    assert json.loads(answer.body)["code"] == "payload_too_large"


@pytest.mark.parametrize("length", ["3", "0", "-1", "", "x", "1e1", "\N{SUPERSCRIPT TWO}"])
async def test_a_body_that_is_longer_than_it_says_is_refused_at_its_true_length(app: FastAPI, length: str) -> None:
    """DS-01: servers check the length, but an application must not count on it."""
    answer = await request(app, "POST", "/ten", headers=[("content-length", length)], chunks=[b"x" * 9, b"x" * 9])
    assert (answer.status, answer.receives) == (413, 2)


async def test_a_caller_who_may_not_hears_that_and_nothing_about_lengths(app: FastAPI, callers: Callers) -> None:
    """AZ-11: 401 and 403 before 413."""
    long = [JSON, ("content-length", "20000000")]
    for caller, status in ((callers.nobody, 401), (callers.guest, 403), (callers.user, 413)):
        answer = await request(app, "POST", "/guarded", headers=[*long, *caller.items()], chunks=[b"x" * 100])
        assert (answer.status, answer.receives) == (status, 0)


async def test_the_innermost_limit_counts(app: FastAPI) -> None:
    assert (await request(app, "POST", "/twenty", chunks=[b"x" * 20])).body == b"20"
    announced = [("content-length", "20")]
    assert (await request(app, "POST", "/twenty", headers=announced, chunks=[b"x" * 20])).body == b"20"
    assert (await request(app, "POST", "/twenty", chunks=[b"x" * 21])).status == 413


@pytest.mark.parametrize("size", [0, 1, 10])
async def test_a_body_that_is_short_enough_arrives(app: FastAPI, size: int) -> None:
    for headers in ([], [("content-length", str(size))]):
        answer = await request(app, "POST", "/ten", headers=headers, chunks=[b"x" * size])
        assert (answer.status, answer.body) == (200, str(size).encode())


async def test_a_route_without_a_limit_has_none(app: FastAPI) -> None:
    assert (await request(app, "POST", "/no-limit", chunks=[b"x" * 100_000])).body == b"100000"
