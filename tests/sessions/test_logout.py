"""Logging out is always fine: 204, whatever the client still has."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.sessions.rows import assert_dead, assert_refused, live_sessions
from tests.support.application import Application, bearer, running, settings_for

GARBAGE = {
    "a word": "Bearer nonsense",
    "two tokens": "Bearer a b",
    "no token": "Bearer",
    "nothing": "",
    "Basic": "Basic dXNlcjpwYXNzd29yZA==",
    "a JWT of somebody else": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "no signature": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "bytes": "Bearer \xff\xfe",
    "8 KB": "Bearer " + "A" * 8000,
}


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


def assert_out(answer: httpx.Response) -> None:
    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("value", GARBAGE.values(), ids=GARBAGE.keys())
async def test_a_header_that_names_nobody_logs_nobody_out_and_is_fine(application: Application, value: str) -> None:
    """RV-19"""
    session = await application.signed_in()
    assert_out(await application.http.post("/auth/logout", headers={b"Authorization": value.encode("latin-1")}))
    assert (await application.me(session)).status_code == 200


async def test_a_forged_token_that_names_a_real_session_ends_nothing(application: Application) -> None:
    session = await application.signed_in()
    head, payload, signature = session.access_token.split(".")
    for forged in (f"{head}.{payload}.", f"{head}.{payload}.{signature[:-4]}AAAA", f"{head}.{payload}.{signature}="):
        assert_out(await application.http.post("/auth/logout", headers=bearer(forged)))
    assert (await application.me(session)).status_code == 200


async def test_log_out_by_a_link_is_not_possible(application: Application) -> None:
    """RV-20: a picture on another page can only send GET."""
    session = await application.signed_in()
    for path in ("/auth/logout", "/auth/logout-all"):
        answer = await application.http.get(path, headers=session.headers)
        assert answer.status_code == 405
        assert answer.json()["code"] == "method_not_allowed"
    assert (await application.me(session)).status_code == 200


async def test_log_out_of_everything_needs_a_living_access_token(application: Application) -> None:
    session = await application.signed_in()
    for headers in ({}, bearer("nonsense")):
        assert (await application.http.post("/auth/logout-all", headers=headers)).status_code == 401
    await application.http.post("/auth/logout", headers=session.headers)
    assert_dead(await application.http.post("/auth/logout-all", headers=session.headers))


async def test_a_body_of_another_shape_is_refused_and_ends_nothing(application: Application) -> None:
    session = await application.signed_in()
    bodies: list[Any] = [{"refresh_token": 5}, {"refresh_token": ["a"]}, {"token": "a"}, []]
    for body in bodies:
        answer = await application.http.post("/auth/logout", json=body, headers=session.headers)
        assert answer.status_code == 422
        assert answer.json()["code"] == "validation_failed"
    assert (await application.me(session)).status_code == 200


async def test_nobody_is_logged_out_without_a_token(application: Application) -> None:
    """RV-19"""
    assert_out(await application.http.post("/auth/logout"))
    for body in ({}, {"refresh_token": None}, None):
        assert_out(await application.http.post("/auth/logout", json=body))


async def test_a_log_out_ends_the_session_and_no_other(application: Application) -> None:
    """RV-01, RV-02"""
    session = await application.signed_in()
    other = await application.signed_in(session.person)
    assert_out(await application.http.post("/auth/logout", headers=session.headers))
    assert_dead(await application.me(session))
    assert_refused(await application.refresh(session.refresh_token))
    assert (await application.me(other)).status_code == 200


async def test_a_second_log_out_is_fine(application: Application) -> None:
    """RV-19"""
    session = await application.signed_in()
    for _ in range(3):
        assert_out(await application.http.post("/auth/logout", headers=session.headers))
        assert_out(
            await application.http.post(
                "/auth/logout", json={"refresh_token": session.refresh_token}, headers=session.headers
            )
        )


async def test_the_refresh_token_alone_names_its_session(application: Application) -> None:
    """For a client whose access token is gone; also a spent one, which is genuine after all."""
    session = await application.signed_in()
    await application.refreshed(session)
    assert_out(await application.http.post("/auth/logout", json={"refresh_token": session.refresh_token}))
    assert_dead(await application.me(session))
    assert await live_sessions(application, session.person.id) == 0


@pytest.mark.parametrize("token", ["", "A", "A" * 64, "\ud800", "\0", "A" * 60_000])
async def test_garbage_as_a_refresh_token_is_fine(application: Application, token: str) -> None:
    body = json.dumps({"refresh_token": token}).encode()
    assert_out(await application.http.post("/auth/logout", content=body, headers={"Content-Type": "application/json"}))


async def test_two_tokens_of_two_sessions_end_both(application: Application) -> None:
    """Whoever holds both may end both; a client that mixed them up leaves none behind."""
    first = await application.signed_in()
    second = await application.signed_in(first.person)
    answer = await application.http.post(
        "/auth/logout", json={"refresh_token": second.refresh_token}, headers=first.headers
    )
    assert_out(answer)
    for session in (first, second):
        assert_dead(await application.me(session))


@pytest.fixture(scope="module")
async def hasty(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """Access tokens of one second, and clocks that agree."""
    settings = settings_for(database_url, redis_url, access_lifetime=1, leeway=0)
    async with running(settings=settings) as made:
        yield made


async def test_an_expired_access_token_still_names_its_session(hasty: Application) -> None:
    """A genuine token of yesterday is good for one thing: to leave."""
    session = await hasty.signed_in()
    while (answer := await hasty.me(session)).status_code == 200:
        pass
    assert answer.json()["code"] == "token_expired"
    assert_out(await hasty.http.post("/auth/logout", headers=session.headers))
    assert_refused(await hasty.refresh(session.refresh_token))
    assert await live_sessions(hasty, session.person.id) == 0
