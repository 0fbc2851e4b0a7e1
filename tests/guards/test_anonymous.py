"""Callers without a credential, where the application gives them a role."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from fastapi_beyond_crud import Auth, Principal
from tests.support.application import Application, bearer, demo, running, settings_for


def house(auth: Auth[Any]) -> FastAPI:
    app = demo(auth)
    reads, creates = Depends(auth.require("books:read")), Depends(auth.require("books:create"))

    @app.get("/guest-book", dependencies=[reads])
    async def read(caller: Annotated[Principal, Depends(auth.current_principal(optional=True))]) -> list[str]:
        return sorted(caller.roles)

    @app.post("/guest-book", dependencies=[creates])
    async def write(entry: dict[str, Any]) -> None: ...

    @app.get("/maybe")
    async def maybe(user: Annotated[Any, Depends(auth.current_user(optional=True))]) -> str | None:
        return None if user is None else user.email

    @app.get("/as-guest", dependencies=[Depends(auth.require_role("guest"))])
    async def as_guest() -> None: ...

    return app


@pytest.fixture(scope="module")
async def open_house(database_url: str) -> AsyncIterator[Application]:
    settings = settings_for(database_url, revocation="memory", anonymous_role="guest", default_roles=("user",))
    async with running(settings=settings, build=house) as application:
        yield application


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer  x",
        "Bearer a b",
        "Basic eDp5",
        "bearer null",
        "Token x",
        "x",
        "",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ],
)
@pytest.mark.parametrize("path", ["/books", "/guest-book", "/maybe", "/as-guest"])
async def test_a_bad_credential_is_refused_even_where_a_guest_may_read(
    open_house: Application, path: str, header: str
) -> None:
    """TV-24: whoever sends one believes to be somebody; they must hear that they are not."""
    answer = await open_house.http.get(path, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_an_expired_credential_is_refused_even_where_a_guest_may_read(database_url: str) -> None:
    settings = settings_for(
        database_url,
        revocation="memory",
        anonymous_role="guest",
        default_roles=("user",),
        access_lifetime="1",
        leeway="0",
    )
    async with running(settings=settings, build=house) as application:
        session = await application.signed_in()
        async with asyncio.timeout(15):
            while (answer := await application.http.get("/books", headers=session.headers)).status_code == 200:
                await asyncio.sleep(0.02)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert (await application.http.get("/books")).status_code == 200


async def test_a_credential_that_was_revoked_is_refused_even_where_a_guest_may_read(open_house: Application) -> None:
    session = await open_house.signed_in()
    assert (await open_house.http.post("/auth/logout", headers=session.headers)).status_code == 204
    for path in ("/books", "/guest-book", "/maybe"):
        assert (await open_house.http.get(path, headers=session.headers)).status_code == 401


async def test_a_guest_who_wants_more_is_asked_who_they_are(open_house: Application) -> None:
    """401 and not 403: logging in may help."""
    for answer in (
        await open_house.http.post("/guest-book", json={}),
        await open_house.http.post("/guest-book", content=b"{"),
        await open_house.http.delete("/books/1"),
        await open_house.http.get("/whoami"),
        await open_house.http.get("/profile"),
        await open_house.http.get("/auth/me"),
        await open_house.http.get("/auth/users"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_guest_may_read(open_house: Application) -> None:
    assert (await open_house.http.get("/books")).json() == ["Dune"]
    assert (await open_house.http.get("/guest-book")).json() == ["guest"]
    assert (await open_house.http.get("/maybe")).json() is None
    assert (await open_house.http.get("/as-guest")).status_code == 200


async def test_a_known_caller_is_not_a_guest_besides(open_house: Application) -> None:
    session = await open_house.signed_in()
    assert (await open_house.http.get("/guest-book", headers=session.headers)).json() == ["user"]
    assert (await open_house.http.get("/as-guest", headers=session.headers)).status_code == 403
    assert (await open_house.http.get("/maybe", headers=session.headers)).json() == session.person.email


async def test_without_such_a_role_the_anonymous_may_do_nothing(database_url: str) -> None:
    async with running(settings=settings_for(database_url, revocation="memory"), build=house) as application:
        for path in ("/books", "/guest-book", "/as-guest", "/whoami"):
            assert (await application.http.get(path)).status_code == 401
        assert (await application.http.get("/maybe")).json() is None
        assert (await application.http.get("/maybe", headers=bearer("x"))).status_code == 401
