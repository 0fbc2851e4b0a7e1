"""Nobody makes the server read a body that they may not send."""

import json
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from fastapi_beyond_crud import BodyLimit
from fastapi_beyond_crud.web.problems import install_problems
from tests.guards.conftest import Callers
from tests.guards.house import PATHS, Book, book_of, house, inside_base_http_middleware
from tests.support.application import Application
from tests.support.raw import Answer, request

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
UPLOAD = {"content-type": "multipart/form-data; boundary=x"}
BODIES: dict[str, tuple[dict[str, str], bytes]] = {
    "/form": (FORM, b"title=Dune"),
    "/upload": (UPLOAD, b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n12345\r\n--x--\r\n'),
}


def body_for(path: str) -> tuple[dict[str, str], bytes]:
    return BODIES.get(path, (JSON, b'{"pages": 3}'))


async def post(app: Any, path: str, caller: dict[str, str], body: bytes | None = None) -> Answer:
    headers, right = body_for(path)
    content = right if body is None else body
    half = len(content) // 2
    return await request(app, "POST", path, headers={**headers, **caller}, chunks=[content[:half], content[half:]])


@pytest.fixture(scope="module")
def apps(application: Application) -> dict[str, Any]:
    return {
        "bare": house(application.auth),
        "inside BaseHTTPMiddleware": inside_base_http_middleware(house(application.auth)),
        "without problem responses": house(application.auth, problems=False),
    }


@pytest.mark.parametrize("around", ["bare", "inside BaseHTTPMiddleware", "without problem responses"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_caller_without_a_credential_is_refused_before_the_body_is_asked_for(
    apps: dict[str, Any], callers: Callers, path: str, around: str
) -> None:
    """AZ-11: no schema oracle, and no 200 MB for a 401."""
    for body in (None, b"{", b"\xff" * 1000):
        answer = await post(apps[around], path, callers.nobody, body)
        assert (answer.status, answer.receives) == (401, 0)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("around", ["bare", "inside BaseHTTPMiddleware", "without problem responses"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_caller_with_a_forged_credential_is_refused_before_the_body_is_asked_for(
    apps: dict[str, Any], callers: Callers, path: str, around: str
) -> None:
    """AZ-11."""
    for body in (None, b"{"):
        answer = await post(apps[around], path, callers.forger, body)
        assert (answer.status, answer.receives) == (401, 0)
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("around", ["bare", "inside BaseHTTPMiddleware", "without problem responses"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_caller_who_may_not_is_refused_before_the_body_is_asked_for(
    apps: dict[str, Any], callers: Callers, path: str, around: str
) -> None:
    """AZ-11."""
    for body in (None, b"{"):
        answer = await post(apps[around], path, callers.guest, body)
        assert (answer.status, answer.receives) == (403, 0)


@pytest.mark.parametrize("around", ["bare", "inside BaseHTTPMiddleware", "without problem responses"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_caller_who_may_gets_through_and_the_body_arrives_whole(
    apps: dict[str, Any], callers: Callers, path: str, around: str
) -> None:
    answer = await post(apps[around], path, callers.user)
    expected = {"/form": "Dune", "/upload": 5, "/stream": 12, "/request-body": 12}.get(path, 3)
    assert (answer.status, json.loads(answer.body)) == (200, expected)
    assert answer.receives >= 2


@pytest.mark.parametrize("path", [path for path in PATHS if path not in ("/stream", "/request-body")])
async def test_a_caller_who_may_is_told_what_is_wrong_with_the_body(
    apps: dict[str, Any], callers: Callers, path: str
) -> None:
    answer = await post(apps["bare"], path, callers.user, b"--x--\r\n" if path == "/upload" else b"{}")
    assert (answer.status, json.loads(answer.body)["code"]) == (422, "validation_failed")


async def test_a_refusal_is_a_problem_whether_or_not_the_route_has_a_body(
    application: Application, callers: Callers
) -> None:
    """The two ways to the same answer: out of ``receive``, and out of the dependency."""
    app = house(application.auth)

    @app.post("/without-body", dependencies=[Depends(application.auth.require("books:create"))])
    async def without_body() -> None: ...

    for caller in (callers.nobody, callers.forger):
        with_body = await post(app, "/app", caller)
        without = await request(app, "POST", "/without-body", headers=caller)
        assert without.receives == 0
        assert (with_body.status, with_body.headers, with_body.body) == (without.status, without.headers, without.body)
    with_body, without = await post(app, "/app", callers.guest), await post(app, "/without-body", callers.guest)
    assert (with_body.status, with_body.headers) == (without.status, without.headers)
    one, other = (json.loads(answer.body) for answer in (with_body, without))
    assert one.pop("decision_id") != other.pop("decision_id")
    assert one == other


async def test_401_comes_before_403_before_404_before_422(application: Application, callers: Callers) -> None:
    """AZ-11: each request has every fault that comes later in the line."""
    app = FastAPI()
    application.auth.protect_bodies(app)
    install_problems(app)
    guard = Depends(application.auth.require("books:create"))

    @app.put("/books/{book_id}", dependencies=[guard])
    async def replace(book: Book, found: Annotated[int, Depends(book_of)]) -> int:
        return found

    async def status(path: str, caller: dict[str, str], body: bytes) -> int:
        return (await request(app, "PUT", path, headers={**JSON, **caller}, chunks=[body])).status

    wrong = b'{"pages": "many"}'
    assert await status("/books/7", callers.nobody, wrong) == 401
    assert await status("/books/7", callers.guest, wrong) == 403
    assert await status("/books/7", callers.user, wrong) == 404
    assert await status("/books/1", callers.user, wrong) == 422
    assert await status("/books/1", callers.user, b'{"pages": 3}') == 200
    assert await status("/books/x", callers.nobody, wrong) == 401
    assert await status("/books/x", callers.guest, wrong) == 403


@pytest.mark.parametrize("order", ["guard first", "guard last"])
async def test_the_place_of_a_guard_among_the_dependencies_does_not_matter_where_there_is_a_body(
    application: Application, callers: Callers, order: str
) -> None:
    """AZ-11: a dependency that answers 404 does not tell strangers what exists."""
    app = FastAPI()
    application.auth.protect_bodies(app)
    install_problems(app)
    guard, find = Depends(application.auth.require("books:create")), Depends(book_of)

    dependencies = [guard, find] if order == "guard first" else [find, guard]

    @app.put("/books/{book_id}", dependencies=dependencies)  # noqa: FAST003 - a dependency takes it
    async def replace(book: Book) -> None: ...

    for path in ("/books/1", "/books/7"):
        answer = await request(app, "PUT", path, headers={**JSON, **callers.nobody}, chunks=[b"{}"])
        assert (answer.status, answer.receives) == (401, 0)


async def test_every_guard_on_the_way_to_a_route_is_asked(application: Application, callers: Callers) -> None:
    """A guard that a dependency depends on counts like one on the route."""
    app = FastAPI()
    application.auth.protect_bodies(app)
    install_problems(app)

    async def needs_more(caller: Annotated[Any, Depends(application.auth.require("books:delete"))]) -> Any:
        return caller

    async def deeper(caller: Annotated[Any, Depends(needs_more)]) -> Any:
        return caller

    @app.post("/", dependencies=[Depends(application.auth.require("books:create")), Depends(deeper)])
    async def route(book: Book) -> None: ...

    answer = await request(app, "POST", "/", headers={**JSON, **callers.user}, chunks=[b"{}"])
    assert (answer.status, answer.receives) == (403, 0)


async def test_an_application_without_our_problem_responses_refuses_as_it_does_itself(
    application: Application, callers: Callers
) -> None:
    """A mounted one has handlers of its own, and they know HTTPException only: 500 would be wrong."""
    auth, app = application.auth, FastAPI()

    @app.get("/guarded", dependencies=[Depends(auth.require("books:create"))])
    async def guarded() -> None: ...

    @app.get("/profile")
    async def profile(user: Annotated[Any, Depends(auth.current_user(verified=True))]) -> None: ...

    @app.post("/short", dependencies=[Depends(BodyLimit(3))])
    async def short() -> None: ...

    refused = await request(app, "GET", "/guarded")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert (await request(app, "GET", "/guarded", headers=callers.forger)).status == 401
    assert (await request(app, "GET", "/guarded", headers=callers.guest)).status == 403
    assert (await request(app, "GET", "/profile", headers=callers.user)).status == 403
    assert (await request(app, "POST", "/short", headers={"content-length": "4"})).status == 413


async def test_a_route_without_a_guard_is_left_alone(application: Application) -> None:
    app = FastAPI()
    application.auth.protect_bodies(app)

    @app.post("/open")
    async def open_to_all(book: Book) -> int:
        return book.pages

    answer = await request(app, "POST", "/open", headers=JSON, chunks=[b'{"pages": 3}'])
    assert (answer.status, answer.body) == (200, b"3")
