"""Refresh tokens that cannot count, and accounts that may not refresh."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.sessions.rows import assert_dead, assert_refused, live_sessions, row_of
from tests.support.application import Application, running, settings_for

TEXTS = {
    "empty": "",
    "one character": "A",
    "too short": "A" * 63,
    "too long": "A" * 65,
    "garbage of the right length": "A" * 64,
    "standard base64": "+/" * 32,
    "padded": "A" * 62 + "==",
    "spaces": " " * 64,
    "a space before": " " + "A" * 63,
    "a line feed after": "A" * 64 + "\n",
    "NUL": "\0" * 64,
    "controls": "\x01\x1f\x7f\x9f" * 16,
    "full-width letters": "\uff21" * 64,
    "digits of another script": "\u0661" * 64,
    "a right-to-left mark": "\u202e" + "A" * 63,
    "emoji": "\U0001f511" * 64,
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
    "SQL": "' OR 1=1; DROP TABLE users; --",
    "a path": "../" * 21 + "A",
    "a lone surrogate": "\ud800" * 64,
    "a reversed pair": "\udc00\ud800" * 32,
    "60 KB": "A" * 60_000,
}
VALUES: dict[str, Any] = {
    "null": None,
    "an integer": 5,
    "a huge integer": 10**400,
    "a float": 0.5,
    "true": True,
    "a list": ["A" * 64],
    "an object": {"$ne": ""},
    "nested": [[[[{}]]]],
}
BODIES = {
    "nothing": b"",
    "no member": b"{}",
    "an array": b"[]",
    "a text": b'"token"',
    "null": b"null",
    "NaN": b'{"refresh_token": NaN}',
    "infinity": b'{"refresh_token": 1e999}',
    "broken JSON": b'{"refresh_token": "',
    "not UTF-8": b'{"refresh_token": "\xff\xfe"}',
    "deeply nested": b'{"refresh_token": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
}


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


@pytest.mark.parametrize("token", TEXTS.values(), ids=TEXTS.keys())
async def test_a_text_that_is_no_refresh_token_gets_the_same_answer_as_a_spent_one(
    application: Application, token: str
) -> None:
    """RT-14"""
    body = json.dumps({"refresh_token": token})
    for encoding in ("ascii", "utf-16"):
        answer = await application.http.post(
            "/auth/refresh", content=body.encode(encoding), headers={"Content-Type": "application/json"}
        )
        if answer.status_code != 413:
            assert_refused(answer)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
async def test_a_value_that_is_no_text_is_not_valid(application: Application, value: Any) -> None:
    """RT-14, LG-16"""
    answer = await application.refresh(value)
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_body_that_is_no_refresh_is_refused_without_an_error_of_the_server(
    application: Application, body: bytes
) -> None:
    """RT-14"""
    answer = await application.http.post("/auth/refresh", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] == "validation_failed"


async def test_a_body_of_a_megabyte_is_refused(application: Application) -> None:
    """RT-14"""
    answer = await application.refresh("A" * 1_000_000)
    assert answer.status_code == 413
    assert answer.json()["code"] == "payload_too_large"


async def test_no_answer_repeats_what_was_sent(application: Application) -> None:
    marker = "MARKER" * 10
    for value in (marker, [marker], {marker: marker}, {"a": [marker]}):
        answer = await application.refresh(value)
        assert "MARKER" not in answer.text
    answer = await application.http.post("/auth/refresh", json={"refresh_token": "A", "other": marker})
    assert marker not in answer.text


async def test_an_access_token_is_no_refresh_token_and_a_refresh_token_is_no_access_token(
    application: Application,
) -> None:
    session = await application.signed_in()
    assert_refused(await application.refresh(session.access_token))
    answer = await application.me(session.refresh_token)
    assert answer.status_code == 401
    assert (await application.refresh(session.refresh_token)).status_code == 200


async def test_the_id_of_a_session_ends_nothing(application: Application) -> None:
    """The id is in every access token and in the list; it must not be a way to end somebody's session."""
    session = await application.signed_in()
    for text in (str(session.session_id), session.session_id.hex * 2, session.session_id.hex):
        assert_refused(await application.refresh(text))
    assert (await application.me(session)).status_code == 200


async def test_a_disabled_account_cannot_refresh_and_its_session_ends(application: Application) -> None:
    """RT-11: disabled through the library, where it counts at once."""
    session = await application.signed_in()
    await application.auth.accounts.disable(application.key(session.person))
    assert_refused(await application.refresh(session.refresh_token))
    assert_dead(await application.me(session))
    assert await live_sessions(application, session.person.id) == 0


async def test_an_account_switched_off_in_sql_cannot_refresh_and_its_session_ends(application: Application) -> None:
    """RT-11: by hand, which only the refresh itself can notice at once; access tokens die with it."""
    session = await application.signed_in()
    user = UUID(session.person.id)
    await application.sql("UPDATE users SET is_active = false WHERE id = :id", id=user)
    assert_refused(await application.refresh(session.refresh_token))
    # The sweeper, which looks for such accounts too, may have been first.
    assert (await row_of(application, session)).end_reason in ("user_inactive", "user_disabled")
    assert_dead(await application.me(session))
    await application.sql("UPDATE users SET is_active = true WHERE id = :id", id=user)
    assert_refused(await application.refresh(session.refresh_token))
    assert_dead(await application.me(session))


async def test_enabling_an_account_again_revives_no_session(application: Application) -> None:
    session = await application.signed_in()
    key = application.key(session.person)
    await application.auth.accounts.disable(key)
    await application.auth.accounts.enable(key)
    assert_refused(await application.refresh(session.refresh_token))
    assert_dead(await application.me(session))
    assert (await application.me(await application.signed_in(session.person))).status_code == 200


async def test_a_deleted_account_cannot_refresh(application: Application) -> None:
    """RT-11"""
    session = await application.signed_in()
    user = UUID(session.person.id)
    await application.sql("DELETE FROM user_sessions WHERE user_id = :id", id=user)
    await application.sql("DELETE FROM users WHERE id = :id", id=user)
    assert_refused(await application.refresh(session.refresh_token))
    answer = await application.me(session)
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_invalid"


@pytest.fixture(scope="module")
async def strict(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """An application that lets only verified addresses in."""
    async with running(settings=settings_for(database_url, redis_url, require_verified=True)) as made:
        yield made


async def test_an_address_that_is_no_longer_verified_cannot_refresh(strict: Application) -> None:
    """RT-11: the session ends; verified again, one logs in again."""
    person = await strict.registered()
    verify = "UPDATE users SET is_verified = :verified WHERE id = :id"
    await strict.sql(verify, id=UUID(person.id), verified=True)
    session = await strict.signed_in(person)
    await strict.sql(verify, id=UUID(person.id), verified=False)
    assert_refused(await strict.refresh(session.refresh_token))
    assert_dead(await strict.me(session))
    await strict.sql(verify, id=UUID(person.id), verified=True)
    assert_refused(await strict.refresh(session.refresh_token))
    assert (await strict.refresh((await strict.signed_in(person)).refresh_token)).status_code == 200


async def test_the_answer_is_the_same_whatever_the_reason(application: Application) -> None:
    spent, ended, disabled = [await application.signed_in() for _ in range(3)]
    await application.refreshed(await application.refreshed(spent))
    await application.http.post("/auth/logout", headers=ended.headers)
    await application.auth.accounts.disable(application.key(disabled.person))
    answers = [await application.refresh(one.refresh_token) for one in (spent, ended, disabled)]
    answers.append(await application.refresh("A" * 64))
    assert len({answer.content for answer in answers}) == 1
    assert len({json.dumps(sorted(answer.headers.items())) for answer in answers}) == 1
