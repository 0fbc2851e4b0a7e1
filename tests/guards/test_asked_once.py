"""One request, one check; and the check of one Auth is not that of another."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI

from fastapi_beyond_crud import Principal, all_of, any_of
from fastapi_beyond_crud.web.problems import install_problems
from tests.guards.conftest import Callers
from tests.guards.counting import CountingBackend
from tests.guards.house import Book
from tests.support.application import Application, asgi_client, demo, running, settings_for
from tests.support.raw import request

JSON = {"content-type": "application/json"}


async def test_a_principal_of_one_auth_is_none_of_another(database_url: str, application: Application) -> None:
    """Two applications in one process: what one has found out must not let anybody into the other."""
    async with running(settings=settings_for(database_url, revocation="memory")) as other:
        app = FastAPI()
        install_problems(app)
        for auth in (application.auth, other.auth):
            auth.protect_bodies(app)
        mine, theirs = application.auth.current_principal(), other.auth.current_principal()

        @app.post("/both")
        async def both(
            book: Book, one: Annotated[Any, Depends(mine)], two: Annotated[Any, Depends(theirs)]
        ) -> None: ...

        @app.post("/first-of-one", dependencies=[Depends(mine)])
        async def first_of_one(book: Book) -> None: ...

        @app.post("/first-of-the-other", dependencies=[Depends(theirs)])
        async def first_of_the_other(book: Book) -> None: ...

        ours = (await application.signed_in()).headers
        foreign = (await other.signed_in()).headers
        async with asgi_client(app) as http:
            body = {"pages": 1}
            for headers in (ours, foreign):
                assert (await http.post("/both", json=body, headers=headers)).status_code == 401
            assert (await http.post("/first-of-one", json=body, headers=foreign)).status_code == 401
            assert (await http.post("/first-of-the-other", json=body, headers=ours)).status_code == 401
            assert (await http.post("/first-of-one", json=body, headers=ours)).status_code == 200
            assert (await http.post("/first-of-the-other", json=body, headers=foreign)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_token_is_checked_once_a_request_however_many_guards_there_are(
    application: Application, callers: Callers, backend: CountingBackend, method: str
) -> None:
    auth, app = application.auth, FastAPI()
    auth.protect_bodies(app)
    auth.protect_bodies(app)
    guards = [auth.require("books:create"), auth.require("books:read"), auth.require_role("user")]
    router = APIRouter(dependencies=[Depends(guards[0])])
    Caller = Annotated[Principal, Depends(auth.current_principal())]
    Profile = Annotated[Any, Depends(auth.current_user())]

    @router.get("/", dependencies=[Depends(guard) for guard in guards])
    async def read(caller: Caller, user: Profile) -> bool:
        return bool(caller.id == user.id)

    @router.post("/", dependencies=[Depends(guard) for guard in guards])
    async def write(book: Book, caller: Caller, user: Profile) -> bool:
        return bool(caller.id == user.id)

    app.include_router(router, dependencies=[Depends(guards[1])])
    before = backend.checks
    answer = await request(app, method, "/", headers={**JSON, **callers.user}, chunks=[b'{"pages": 1}'])
    assert (answer.status, answer.body) == (200, b"true")
    assert backend.checks == before + 1


async def test_a_forged_token_costs_no_check(
    application: Application, callers: Callers, backend: CountingBackend
) -> None:
    before = backend.checks
    assert (await application.http.get("/books", headers=callers.forger)).status_code == 401
    assert (await application.http.get("/books")).status_code == 401
    assert backend.checks == before


async def test_requests_that_follow_one_another_are_each_checked(
    application: Application, callers: Callers, backend: CountingBackend
) -> None:
    """Nothing about a caller outlives the request but what the backend may take back."""
    before = backend.checks
    for _ in range(3):
        assert (await application.http.get("/books", headers=callers.user)).status_code == 200
    assert backend.checks == before + 3


async def test_equal_requirements_are_one_guard(application: Application) -> None:
    """FastAPI's cache of dependencies and its overrides go by the object."""
    auth = application.auth
    assert auth.require("books:read") is auth.require("books:read") is auth.require(all_of("books:read"))
    assert auth.require(any_of("books:read", "books:create")) is auth.require(any_of("books:read", "books:create"))
    assert auth.require_role("user") is auth.require_role("user") is auth.require(auth.require_role("user"))
    assert auth.current_principal() is auth.current_principal()
    assert auth.current_user() is auth.current_user()
    assert len({auth.current_user(), auth.current_user(optional=True), auth.current_user(verified=True)}) == 3
    assert auth.require("books:read") is not auth.require_role("user")


async def test_an_override_takes_the_place_of_a_guard_and_of_no_other(
    application: Application, callers: Callers
) -> None:
    """``app.dependency_overrides``, as tests of applications use it."""
    auth, app = application.auth, FastAPI()
    auth.protect_bodies(app)
    install_problems(app)
    creates, deletes = auth.require("books:create"), auth.require("books:delete")

    @app.post("/create", dependencies=[Depends(creates)])
    async def create(book: Book) -> None: ...

    @app.post("/delete", dependencies=[Depends(deletes)])
    async def delete(book: Book) -> None: ...

    @app.post("/both", dependencies=[Depends(creates), Depends(deletes)])
    async def both(book: Book) -> None: ...

    app.dependency_overrides[creates] = lambda: None
    async with asgi_client(app) as http:
        assert (await http.post("/create", json={"pages": 1})).status_code == 200
        for path in ("/delete", "/both"):
            assert (await http.post(path, json={"pages": 1})).status_code == 401
            assert (await http.post(path, json={"pages": 1}, headers=callers.user)).status_code == 403
        app.dependency_overrides.clear()
        assert (await http.post("/create", json={"pages": 1})).status_code == 401


async def test_an_override_gives_the_principal_of_ones_choice(application: Application) -> None:
    auth, app = application.auth, FastAPI()
    auth.protect_bodies(app)
    known = auth.current_principal()

    @app.post("/")
    async def route(book: Book, caller: Annotated[Principal, Depends(known)]) -> Any:
        return caller.id

    app.dependency_overrides[known] = lambda: Principal(id="me")
    async with asgi_client(app) as http:
        assert (await http.post("/", json={"pages": 1})).json() == "me"


async def test_installing_twice_asks_once(application: Application, backend: CountingBackend, callers: Callers) -> None:
    app = demo(application.auth)
    application.auth.protect_bodies(app)
    async with asgi_client(app) as http:
        before = backend.checks
        assert (await http.get("/books", headers=callers.user)).status_code == 200
        assert backend.checks == before + 1
