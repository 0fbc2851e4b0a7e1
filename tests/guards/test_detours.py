"""Other ways to write a request lead to no other decision."""

from collections.abc import AsyncIterator

import pytest

from tests.support.application import Application, running, settings_for
from tests.support.raw import request


@pytest.fixture(scope="module")
async def a_house(database_url: str) -> AsyncIterator[Application]:
    async with running(settings=settings_for(database_url, revocation="memory")) as application:
        yield application


@pytest.fixture(scope="module")
async def guest(a_house: Application) -> dict[str, str]:
    """A known caller with a role that reads books and no accounts."""
    person = await a_house.registered()
    await a_house.granted(person, "guest")
    return (await a_house.signed_in(person)).headers


PATHS = [
    "/auth/users",
    "//auth/users",
    "/auth//users",
    "/auth/users/",
    "/auth/users//",
    "/AUTH/users",
    "/auth/USERS",
    "/auth/users%2f",
    "/auth%2fusers",
    "/%61uth/users",
    "/auth/%75sers",
    "/x/../auth/users",
    "/x/%2e%2e/auth/users",
    "/./auth/users",
    "/auth/users;a=b",
    "/auth;a=b/users",
    "/auth/users%00",
    "/auth/users%20",
    "/auth/users%0a",
    "/auth/users?x",
    "/auth/users%3fx",
    "/auth/users#x",
    "\\auth\\users",
    "/auth/me/../users",
    "/auth/login/../users",
    "http://test/auth/users",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["test", "test/auth/login?", "evil.example", "test:80@evil", ""])
async def test_no_spelling_of_a_path_lets_anybody_in(
    a_house: Application, guest: dict[str, str], path: str, host: str
) -> None:
    """AZ-13: decisions hang on routes, never on the text of an address."""
    for caller in ({}, guest):
        answer = await request(a_house.app, "GET", path, headers={"host": host, **caller})
        assert answer.status in (401, 403, 404), path
        assert "location" not in answer.headers


@pytest.mark.parametrize("header", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Path"])
async def test_no_header_leads_elsewhere(a_house: Application, guest: dict[str, str], header: str) -> None:
    """AZ-13."""
    answer = await a_house.http.get("/ready", headers={header: "/auth/users", **guest})
    assert answer.json() is True
    answer = await a_house.http.get("/auth/users", headers={header: "/ready", **guest})
    assert answer.status_code == 403


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_no_header_changes_the_method(a_house: Application, header: str) -> None:
    """AZ-12."""
    session = await a_house.signed_in()
    answer = await a_house.http.get("/auth/sessions", headers={header: "DELETE", **session.headers})
    assert len(answer.json()["items"]) == 1
    for params, data in (({"_method": "DELETE"}, None), (None, {"_method": "DELETE"})):
        answer = await a_house.http.post("/auth/sessions", params=params, data=data, headers=session.headers)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert (await a_house.me(session)).status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "PROPFIND", "get", "X"])
@pytest.mark.parametrize("path", ["/auth/me", "/auth/users", "/auth/roles", "/books"])
async def test_no_other_method_reads_what_get_would(a_house: Application, method: str, path: str) -> None:
    """AZ-12: a guard that looks at one method only would be walked around."""
    for headers in ({}, (await a_house.signed_in()).headers):
        answer = await request(a_house.app, method, path, headers=headers)
        assert (answer.status, answer.headers["allow"]) == (405, "GET")


async def test_a_foreign_session_looks_like_one_that_does_not_exist(a_house: Application) -> None:
    """AZ-03: the same status and the same bytes, and it lives on."""
    mine, foreign = await a_house.signed_in(), await a_house.signed_in()
    [other] = (await a_house.http.get("/auth/sessions", headers=foreign.headers)).json()["items"]
    taken = await a_house.http.delete(f"/auth/sessions/{other['id']}", headers=mine.headers)
    unknown = await a_house.http.delete("/auth/sessions/0198c5f0-0000-7000-8000-000000000001", headers=mine.headers)
    assert (taken.status_code, taken.content, taken.headers) == (404, unknown.content, unknown.headers)
    assert (await a_house.me(foreign)).status_code == 200
