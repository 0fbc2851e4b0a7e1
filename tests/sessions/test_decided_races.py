"""Races with the loser chosen: a lock on the account's row lets the other side win, every time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from argon2.low_level import Type, hash_secret
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from fastapi_beyond_crud import ConfigurationError, CredentialsInvalid, NotFound
from tests.sessions.rows import assert_dead, assert_refused, live_sessions, row_of
from tests.support.application import PASSWORD, Application, Person, running, settings_for

T = TypeVar("T")
NEW = "another horse battery"


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


async def blocked_by(application: Application, connection: AsyncConnection, late: "asyncio.Future[Any]") -> None:
    """Wait until somebody waits for a lock of this transaction, whatever else ``late`` had to do before."""
    pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    async with asyncio.timeout(5):
        while not await application.sql("SELECT 1 FROM pg_locks WHERE :pid = ANY(pg_blocking_pids(pid))", pid=pid):
            assert not late.done(), "it did not wait"
            await asyncio.sleep(0.005)


@asynccontextmanager
async def before(
    application: Application, person: Person, late: Coroutine[Any, Any, T]
) -> AsyncIterator[tuple[AsyncConnection, "asyncio.Task[T]"]]:
    """A transaction that has the account's row; ``late`` runs into it, and goes on when it is committed."""
    async with application.auth.runtime.database.engine.begin() as connection:
        lock = text("SELECT 1 FROM users WHERE id = :id FOR UPDATE")
        await connection.execute(lock, {"id": UUID(person.id)})
        task = asyncio.create_task(late)
        await blocked_by(application, connection, task)
        yield connection, task


async def set_values(connection: AsyncConnection, person: Person, values: str) -> None:
    statement = text(f"UPDATE users SET {values} WHERE id = :id")  # noqa: S608 - words of these tests
    await connection.execute(statement, {"id": UUID(person.id)})


@pytest.mark.parametrize("change", ["is_active = false", "auth_version = auth_version + 1"])
async def test_a_log_in_loses_against_a_change_that_came_after_the_password_was_checked(
    application: Application, change: str
) -> None:
    """RC-09, RC-10: disabled, or with another password, when the session is about to be opened."""
    person = await application.registered()
    late = application.http.post("/auth/login", json=person.credentials)
    async with before(application, person, late) as (connection, task):
        await set_values(connection, person, change)
    answer = await task
    assert answer.status_code == 401
    assert answer.json()["code"] == "credentials_invalid"
    assert await live_sessions(application, person.id) == 0


async def test_a_pair_that_was_asked_for_by_a_script_loses_too(application: Application) -> None:
    person = await application.registered()
    late = application.auth.tokens.issue(application.key(person))
    async with before(application, person, late) as (connection, task):
        await set_values(connection, person, "is_active = false")
    with pytest.raises(CredentialsInvalid):
        await task


async def test_a_log_in_that_waited_for_a_change_that_was_taken_back_goes_on(application: Application) -> None:
    person = await application.registered()
    late = application.http.post("/auth/login", json=person.credentials)
    async with before(application, person, late) as (connection, task):
        savepoint = await connection.begin_nested()
        await set_values(connection, person, "is_active = false")
        await savepoint.rollback()
    assert (await task).status_code == 200


async def test_the_second_of_two_password_changes_finds_another_password(application: Application) -> None:
    session = await application.signed_in()
    other = await application.signed_in(session.person)
    body = {"current_password": PASSWORD, "new_password": NEW}
    late = application.http.post("/auth/password/change", json=body, headers=session.headers)
    async with before(application, session.person, late) as (connection, task):
        await set_values(connection, session.person, "hashed_password = 'changed by somebody else'")
    answer = await task
    assert answer.status_code == 401
    assert answer.json()["code"] == "credentials_invalid"
    # Nothing of the change that lost has happened.
    assert (await application.me(other)).status_code == 200


async def test_a_better_hash_does_not_overwrite_a_password_that_was_set_by_hand(application: Application) -> None:
    """The log-in succeeds, since no version moved; what it would store is the hash of the old password."""
    person = await application.registered()
    weak = hash_secret(PASSWORD.encode(), b"0123456789abcdef", 1, 8192, 1, 32, Type.ID).decode()
    statement = "UPDATE users SET hashed_password = :stored WHERE id = :id"
    await application.sql(statement, stored=weak, id=UUID(person.id))
    late = application.http.post("/auth/login", json=person.credentials)
    async with before(application, person, late) as (connection, task):
        await set_values(connection, person, "hashed_password = 'set by hand'")
    assert (await task).status_code == 200
    (row,) = await application.sql("SELECT hashed_password FROM users WHERE id = :id", id=UUID(person.id))
    assert row[0] == "set by hand"


async def test_a_successor_that_cannot_be_recomputed_is_not_handed_out(application: Application) -> None:
    """A nonce that was changed in the database makes another secret than the stored hash; it opens nothing."""
    session = await application.signed_in()
    await application.refreshed(session)
    await application.sql(
        "UPDATE user_sessions SET nonce = decode(repeat('00', 32), 'hex') WHERE id = :id", id=session.session_id
    )
    assert_refused(await application.refresh(session.refresh_token))


async def test_a_refresh_that_waits_for_a_log_out_of_everything_loses(application: Application) -> None:
    """RC-03, decided: the session is ended by the transaction that the refresh waits for."""
    session = await application.signed_in()
    engine = application.auth.runtime.database.engine
    async with engine.begin() as connection:
        statement = text("UPDATE user_sessions SET ended_at = now(), end_reason = 'logout_all' WHERE id = :id")
        await connection.execute(statement, {"id": session.session_id})
        late = asyncio.ensure_future(application.refresh(session.refresh_token))
        await blocked_by(application, connection, late)
    assert_refused(await late)
    assert (await row_of(application, session)).generation == 1


async def test_an_account_that_is_gone_can_be_neither_disabled_nor_enabled(application: Application) -> None:
    for act in (application.auth.accounts.disable, application.auth.accounts.enable):
        with pytest.raises(NotFound):
            await act(uuid4())
    key = application.key(await application.registered())
    await application.auth.accounts.enable(key)
    (row,) = await application.sql("SELECT auth_version FROM users WHERE id = :id", id=key)
    assert row[0] == 1


async def test_nothing_works_before_the_start_and_nothing_starts_twice(database_url: str) -> None:
    async with running(settings=settings_for(database_url)) as application:
        auth = application.auth
        session = await application.signed_in()
        with pytest.raises(ConfigurationError, match="running already"):
            async with auth.lifespan():
                pass
        assert (await application.me(session)).status_code == 200
    with pytest.raises(ConfigurationError, match=r"lifespan=auth\.lifespan"):
        _ = auth.tokens
    async with auth.lifespan():
        await auth.tokens.end_all(application_key := UUID(session.person.id))
        assert await auth.tokens.list(application_key) == []


async def test_an_unverified_account_is_an_invalid_grant_at_the_token_endpoint(database_url: str) -> None:
    settings = settings_for(database_url, require_verified=True)
    async with running(settings=settings) as application:
        person = await application.registered()
        form = {"grant_type": "password", "username": person.email, "password": PASSWORD}
        answer = await application.http.post("/auth/token", data=form)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_grant"
        await application.sql("UPDATE users SET is_verified = true WHERE id = :id", id=UUID(person.id))
        session = await application.signed_in(person)
        await application.auth.accounts.disable(application.key(person))
        assert_dead(await application.me(session))
