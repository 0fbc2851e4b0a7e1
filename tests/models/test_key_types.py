"""The whole life of an account, for every kind of account model."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from fastapi_beyond_crud import companions
from fastapi_beyond_crud.models.companions import columns_of
from tests.models.accounts import MODELS, BigintAccount, IntAccount, TextAccount, TouchedAccount
from tests.sessions.rows import assert_dead, assert_refused
from tests.support.application import PASSWORD, Application, running, settings_for


async def make_schema(url: str, schema: str | None) -> None:
    """Make a schema by hand: who may do that is the application's affair."""
    if schema is None:
        return
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    await engine.dispose()


@pytest.fixture(scope="module", params=MODELS, ids=lambda model: model.__name__)
async def application(request: pytest.FixtureRequest, database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """An application for each model."""
    await make_schema(database_url, request.param.__table__.schema)
    settings = settings_for(database_url, redis_url, default_roles="user", sessions_per_user=5)
    async with running(request.param, settings=settings) as made:
        yield made


async def stored(application: Application, key: Any) -> dict[str, Any]:
    """The row of an account, by the names of the attributes."""
    columns = columns_of(application.auth.user)
    table = companions(application.auth.user).tables[0]
    async with application.auth.runtime.database.statement() as on:
        row = (await on.execute(table.select().where(table.c[columns.id.name] == key))).mappings().one()
    return {name: row[column.name] for name, column in vars(columns).items()}


async def test_an_account_lives_its_whole_life(application: Application) -> None:
    person = await application.registered()
    session = await application.signed_in(person)
    assert str((await application.me(session)).json()["id"]) == session.claims["sub"] == person.id
    profile = await application.http.get("/profile", headers=session.headers)
    assert profile.json() == {"id": person.id, "email": person.email}
    other = await application.signed_in(person)
    session = await application.refreshed(session)
    assert session.claims["sub"] == person.id
    assert session.claims["roles"] == ["user"]
    items = (await application.http.get("/auth/sessions", headers=session.headers)).json()["items"]
    assert len(items) == 2
    assert (await application.http.delete("/auth/sessions", headers=session.headers)).status_code == 204
    assert_dead(await application.me(other))
    change = {"current_password": PASSWORD, "new_password": "another horse battery"}
    answer = await application.http.post("/auth/password/change", json=change, headers=session.headers)
    assert answer.status_code == 204
    assert (await application.me(session)).status_code == 200
    again = await application.http.post("/auth/register", json=person.credentials)
    assert again.json()["code"] == "email_taken"
    assert (await application.http.post("/auth/logout-all", headers=session.headers)).status_code == 204
    assert_dead(await application.me(session))
    assert_refused(await application.refresh(session.refresh_token))


async def test_roles_are_granted_and_taken_by_an_administrator(application: Application) -> None:
    """With the key in the path, as a client writes it."""
    admin, person = await application.signed_in(), await application.signed_in()
    await application.granted(admin.person, "admin")
    path = f"/auth/users/{quote(person.person.id, safe='')}"
    assert (await application.http.get(path, headers=admin.headers)).json()["email"] == person.person.email
    answer = await application.http.post(f"{path}/roles", json={"role": "librarian"}, headers=admin.headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["granted_by"] == admin.person.id
    assert (await application.http.delete("/books/1", headers=person.headers)).status_code == 204
    assert (await application.http.delete(f"{path}/roles/librarian", headers=admin.headers)).status_code == 204
    assert (await application.http.delete("/books/1", headers=person.headers)).status_code == 403
    assert (await application.http.post(f"{path}/disable", headers=admin.headers)).status_code == 204
    assert_dead(await application.me(person))
    assert (await application.http.post(f"{path}/enable", headers=admin.headers)).status_code == 204
    page = await application.http.get("/auth/users", params={"limit": 1}, headers=admin.headers)
    cursor = page.json()["next_cursor"]
    following = await application.http.get(
        "/auth/users", params={"limit": 100, "cursor": cursor}, headers=admin.headers
    )
    assert following.status_code == 200
    assert page.json()["items"][0]["id"] not in [user["id"] for user in following.json()["items"]]
    await application.auth.tokens.end_all(application.key(admin.person))


async def test_replays_and_caps_work_for_every_model(application: Application) -> None:
    session = await application.signed_in()
    latest = await application.refreshed(await application.refreshed(session))
    assert_refused(await application.refresh(session.refresh_token))
    assert_dead(await application.me(latest))
    sessions = [await application.signed_in(session.person) for _ in range(6)]
    assert_dead(await application.me(sessions[0]))
    assert (await application.me(sessions[1])).status_code == 200


async def test_versions_move_and_the_other_columns_stay(application: Application) -> None:
    """What the library changes is named in its statements; everything else keeps its value."""
    session = await application.signed_in()
    key = application.key(session.person)
    before = await stored(application, key)
    await application.auth.tokens.end_all(key)
    await application.granted(session.person, "librarian")
    await application.auth.accounts.disable(key)
    await application.auth.accounts.enable(key)
    after = await stored(application, key)
    assert after.pop("auth_version") == before.pop("auth_version") + 4
    assert after.pop("cutoff_version") > before.pop("cutoff_version")
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == before


async def test_the_library_does_not_touch_a_column_with_onupdate(database_url: str) -> None:
    """In an UPDATE inside of another statement such a column would become NULL."""
    async with running(TouchedAccount, settings=settings_for(database_url)) as application:
        session = await application.signed_in()
        key = application.key(session.person)
        assert (await stored(application, key))["note"] == "made"
        change = {"current_password": PASSWORD, "new_password": "another horse battery"}
        await application.http.post("/auth/password/change", json=change, headers=session.headers)
        await application.refreshed(session)
        await application.auth.tokens.end_all(key)
        row = await stored(application, key)
        assert (row["note"], row["secret_note"]) == ("made", "made")


HOSTILE = ["0", "-1", "1.0", "01", "+1", " 1", "1e3", "\u0661", "null", "None", "x", "%00", "%ff", "{}", "a" * 300]
EDGES = [2**15, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**400]


@pytest.mark.parametrize("model", [IntAccount, BigintAccount, TextAccount])
async def test_a_key_that_no_account_can_have_is_404(database_url: str, model: type[Any]) -> None:
    """IN-06: beyond what the column holds, too."""
    async with running(model, settings=settings_for(database_url, revocation="memory")) as application:
        admin = await application.signed_in()
        await application.granted(admin.person, "admin")
        for text_ in [*HOSTILE, *map(str, EDGES)]:
            for method, tail in (("GET", ""), ("POST", "/disable"), ("POST", "/sign-out"), ("DELETE", "/roles/user")):
                path = f"/auth/users/{text_}{tail}"
                answer = await application.http.request(method, path, headers=admin.headers)
                assert answer.status_code == 404, (path, answer.text)
            answer = await application.http.get("/auth/users", params={"cursor": text_}, headers=admin.headers)
            assert answer.status_code in (200, 422), (text_, answer.text)


@pytest.mark.parametrize("model", [IntAccount, BigintAccount, TextAccount])
async def test_a_token_that_names_an_impossible_account_is_401(database_url: str, model: type[Any]) -> None:
    """A genuine signature over another application's subject, as after a change of the key's type."""
    settings = settings_for(database_url)
    async with running(settings=settings) as before:
        session = await before.signed_in()
    async with running(model, settings=settings) as application:
        answer = await application.me(session)
        assert answer.status_code == 401
        assert answer.json()["code"] == "token_invalid"
        assert (await application.http.post("/auth/logout", headers=session.headers)).status_code == 204
