"""Changing one's password."""

from typing import Any
from uuid import UUID

import pytest

from tests.sessions.rows import assert_dead, assert_refused
from tests.support.application import PASSWORD, Application, SignedIn, bearer

NEW = "another horse battery"


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


async def change(application: Application, session: SignedIn, current: Any, new: Any) -> Any:
    body = {"current_password": current, "new_password": new}
    return await application.http.post("/auth/password/change", json=body, headers=session.headers)


async def stored_hash(application: Application, session: SignedIn) -> str | None:
    statement = "SELECT hashed_password FROM users WHERE id = :id"
    (row,) = await application.sql(statement, id=UUID(session.person.id))
    value: str | None = row[0]
    return value


async def test_nobody_changes_a_password_without_a_token(application: Application) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW}
    for headers in ({}, bearer("nonsense")):
        answer = await application.http.post("/auth/password/change", json=body, headers=headers)
        assert answer.status_code == 401


@pytest.mark.parametrize("current", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "a" * 2000, NEW])
async def test_a_wrong_current_password_changes_nothing(application: Application, current: str) -> None:
    session = await application.signed_in()
    other = await application.signed_in(session.person)
    before = await stored_hash(application, session)
    answer = await change(application, session, current, NEW)
    assert answer.status_code == 401
    assert answer.json()["code"] == "credentials_invalid"
    assert await stored_hash(application, session) == before
    for one in (session, other):
        assert (await application.me(one)).status_code == 200


@pytest.mark.parametrize("new", ["", "qwertz", "fourteen chars", "a" * 1025, "fifteen chars \0!"])
async def test_a_new_password_against_the_policy_is_refused_and_not_repeated(
    application: Application, new: str
) -> None:
    session = await application.signed_in()
    answer = await change(application, session, PASSWORD, new)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "new_password"]
    assert PASSWORD not in answer.text
    assert not new or new not in answer.text
    assert (await application.signed_in(session.person)).access_token


@pytest.mark.parametrize("value", [None, 5, True, ["a"], {"a": "b"}])
@pytest.mark.parametrize("field", ["current_password", "new_password"])
async def test_passwords_are_texts(application: Application, field: str, value: Any) -> None:
    """LG-16"""
    session = await application.signed_in()
    body = {"current_password": PASSWORD, "new_password": NEW} | {field: value}
    answer = await application.http.post("/auth/password/change", json=body, headers=session.headers)
    assert answer.status_code == 422
    assert {tuple(error["loc"]) for error in answer.json()["errors"]} == {("body", field)}
    extra = {"current_password": PASSWORD, "new_password": NEW, "user_id": "1"}
    answer = await application.http.post("/auth/password/change", json=extra, headers=session.headers)
    assert answer.status_code == 422


async def test_an_account_without_a_password_gets_none_this_way(application: Application) -> None:
    session = await application.signed_in()
    await application.sql("UPDATE users SET hashed_password = NULL WHERE id = :id", id=UUID(session.person.id))
    for current in ("", PASSWORD, "None"):
        answer = await change(application, session, current, NEW)
        assert answer.status_code == 401
    assert await stored_hash(application, session) is None


async def test_an_ended_session_changes_no_password(application: Application) -> None:
    session = await application.signed_in()
    await application.http.post("/auth/logout", headers=session.headers)
    assert_dead(await change(application, session, PASSWORD, NEW))


async def test_the_new_password_counts_the_old_one_does_not_and_other_sessions_end(application: Application) -> None:
    """RV-05"""
    session = await application.signed_in()
    other = await application.signed_in(session.person)
    answer = await change(application, session, PASSWORD, NEW)
    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["cache-control"] == "no-store"
    assert_dead(await application.me(other))
    assert_refused(await application.refresh(other.refresh_token))
    assert (await application.me(session)).status_code == 200
    refreshed = await application.refreshed(session)
    assert (await application.me(refreshed)).status_code == 200
    email = session.person.email
    for password, status in ((PASSWORD, 401), (NEW, 200)):
        login = await application.http.post("/auth/login", json={"email": email, "password": password})
        assert login.status_code == status


async def test_a_second_change_works_with_the_same_access_token(application: Application) -> None:
    session = await application.signed_in()
    assert (await change(application, session, PASSWORD, NEW)).status_code == 204
    assert (await change(application, session, PASSWORD, NEW)).status_code == 401
    assert (await change(application, session, NEW, PASSWORD)).status_code == 204
    assert (await application.me(session)).status_code == 200


async def test_a_change_leaves_other_accounts_alone(application: Application) -> None:
    session, bystander = await application.signed_in(), await application.signed_in()
    assert (await change(application, session, PASSWORD, NEW)).status_code == 204
    assert (await application.me(bystander)).status_code == 200
    assert (await application.refresh(bystander.refresh_token)).status_code == 200
