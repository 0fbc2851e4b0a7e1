"""Token pairs without HTTP, in transactions of their own and in the caller's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_beyond_crud import Client, CredentialsInvalid, NotFound, RefreshInvalid
from fastapi_beyond_crud.core.errors import TokenInvalid
from tests.sessions.rows import assert_dead, live_sessions, row_of
from tests.support.application import PASSWORD, Application, User, new_email


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


@asynccontextmanager
async def own_session(application: Application) -> AsyncIterator[AsyncSession]:
    """A session as an application makes one; nothing of it is committed at the end."""
    async with AsyncSession(application.auth.runtime.database.engine) as session:
        yield session


async def test_an_account_that_does_not_exist_or_is_disabled_gets_no_pair(application: Application) -> None:
    tokens = application.auth.tokens
    with pytest.raises(NotFound):
        await tokens.issue(uuid4())
    person = await application.registered()
    await application.auth.accounts.disable(application.key(person))
    with pytest.raises(NotFound):
        await tokens.issue(application.key(person))
    with pytest.raises(CredentialsInvalid):
        await tokens.login(person.email, PASSWORD)


async def test_a_token_that_is_not_ours_is_refused_and_revokes_nothing(application: Application) -> None:
    tokens = application.auth.tokens
    for raw in ("", "A" * 64, "x", "A" * 63 + "\n", "\ud800" * 64):
        with pytest.raises(RefreshInvalid):
            await tokens.refresh(raw)
        assert await tokens.revoke(raw) is False


async def test_what_is_over_cannot_be_ended_again(application: Application) -> None:
    session = await application.signed_in()
    tokens, key = application.auth.tokens, application.key(session.person)
    assert await tokens.end(key, uuid4()) is False
    assert await tokens.end(uuid4(), session.session_id) is False
    assert (await application.me(session)).status_code == 200
    assert await tokens.end(key, session.session_id, reason="by a script") is True
    assert await tokens.end(key, session.session_id) is False
    assert await tokens.revoke(session.refresh_token) is False
    assert await tokens.end_others(key, session.session_id) == 0
    assert await tokens.end_all(uuid4()) is False
    assert (await row_of(application, session)).end_reason == "by a script"


async def test_a_pair_is_issued_refreshed_listed_and_revoked(application: Application) -> None:
    tokens, key = application.auth.tokens, application.key(await application.registered())
    pair = await tokens.issue(key, amr=("sso", "mfa"), client=Client.of("192.0.2.1", "a script"))
    assert (pair.token_type, pair.expires_in) == ("bearer", 900)
    principal = await application.auth.authenticator.principal(pair.access_token)
    assert (principal.id, principal.session_id, principal.amr) == (key, pair.session_id, ("sso", "mfa"))
    second = await tokens.refresh(pair.refresh_token)
    assert second.session_id == pair.session_id
    (facts,) = await tokens.list(key)
    assert (facts.id, facts.ip, facts.user_agent) == (pair.session_id, "192.0.2.1", "a script")
    assert await tokens.revoke(second.refresh_token) is True
    assert await tokens.list(key) == []
    for token in (pair.access_token, second.access_token):
        with pytest.raises(TokenInvalid):
            await application.auth.authenticator.principal(token)


async def test_the_others_or_all_are_ended_and_counted(application: Application) -> None:
    tokens, key = application.auth.tokens, application.key(await application.registered())
    pairs = [await tokens.issue(key) for _ in range(4)]
    assert await tokens.end_others(key, pairs[0].session_id) == 3
    assert [facts.id for facts in await tokens.list(key)] == [pairs[0].session_id]
    assert await tokens.end_all(key) is True
    assert await tokens.list(key) == []
    with pytest.raises(TokenInvalid):
        await application.auth.authenticator.principal(pairs[0].access_token)


async def test_a_session_that_is_rolled_back_was_never_opened(application: Application) -> None:
    person = await application.registered()
    async with own_session(application) as session:
        pair = await application.auth.tokens.issue(application.key(person), session=session)
        assert await live_sessions(application, person.id) == 0
        await session.rollback()
    assert await live_sessions(application, person.id) == 0
    with pytest.raises(RefreshInvalid):
        await application.auth.tokens.refresh(pair.refresh_token)


async def test_a_session_of_the_callers_transaction_lives_from_its_commit(application: Application) -> None:
    person = await application.registered()
    async with own_session(application) as session:
        pair = await application.auth.tokens.issue(application.key(person), session=session)
        await session.commit()
    assert (await application.me(pair.access_token)).status_code == 200
    assert (await application.refresh(pair.refresh_token)).status_code == 200


async def test_an_account_made_in_the_callers_transaction_can_get_a_pair_in_it(application: Application) -> None:
    """The row is flushed, so the statements of the library see it; nobody else does."""
    async with own_session(application) as session:
        user = User(email=new_email(), hashed_password=None, is_active=True, is_verified=True)
        session.add(user)
        await session.flush()
        pair = await application.auth.tokens.issue(user.id, session=session)
        with pytest.raises(NotFound):
            await application.auth.tokens.issue(user.id)
        await session.commit()
    assert (await application.me(pair.access_token)).status_code == 200


async def test_a_revocation_that_is_rolled_back_revokes_nothing(application: Application) -> None:
    signed_in = await application.signed_in()
    tokens, key = application.auth.tokens, application.key(signed_in.person)
    async with own_session(application) as session:
        assert await tokens.end(key, signed_in.session_id, session=session) is True
        assert (await application.me(signed_in)).status_code == 200
        await session.rollback()
        # A commit of something else must not bring it back.
        await session.get(User, key)
        await session.commit()
    assert (await application.me(signed_in)).status_code == 200
    assert (await application.refresh(signed_in.refresh_token)).status_code == 200


async def test_a_revocation_of_a_session_that_was_closed_without_a_commit_revokes_nothing(
    application: Application,
) -> None:
    """Closing rolls back without saying so; and the object may be used again afterwards."""
    signed_in = await application.signed_in()
    tokens, key = application.auth.tokens, application.key(signed_in.person)
    session = AsyncSession(application.auth.runtime.database.engine)
    await tokens.end(key, signed_in.session_id, session=session)
    await session.close()
    await session.get(User, key)
    await session.commit()
    await session.close()
    assert (await application.me(signed_in)).status_code == 200


async def test_a_revocation_counts_when_the_caller_has_committed_and_not_before(application: Application) -> None:
    signed_in = await application.signed_in()
    async with own_session(application) as session:
        await application.auth.tokens.end(application.key(signed_in.person), signed_in.session_id, session=session)
        assert (await application.me(signed_in)).status_code == 200
        await session.commit()
        assert_dead(await application.me(signed_in))


@pytest.mark.parametrize("ending", ["end_all", "end_others", "revoke", "disable"])
async def test_each_ending_takes_part_in_the_callers_transaction(application: Application, ending: str) -> None:
    signed_in = await application.signed_in()
    key = application.key(signed_in.person)
    tokens, accounts = application.auth.tokens, application.auth.accounts

    endings: dict[str, Any] = {
        "end_all": partial(tokens.end_all, key),
        "end_others": partial(tokens.end_others, key, uuid4()),
        "revoke": partial(tokens.revoke, signed_in.refresh_token),
        "disable": partial(accounts.disable, key),
    }
    end = endings[ending]

    async with own_session(application) as session:
        await end(session=session)
        await session.rollback()
        assert (await application.me(signed_in)).status_code == 200
        await end(session=session)
        assert (await application.me(signed_in)).status_code == 200
        await session.commit()
    assert_dead(await application.me(signed_in))


async def test_a_savepoint_of_somebody_else_publishes_nothing(application: Application) -> None:
    """Releasing a savepoint is no commit: the transaction around it may still be rolled back."""
    signed_in = await application.signed_in()
    tokens, key = application.auth.tokens, application.key(signed_in.person)
    async with own_session(application) as session:
        await tokens.end(key, signed_in.session_id, session=session)
        async with session.begin_nested():
            await session.get(User, key)
        assert (await application.me(signed_in)).status_code == 200
        await session.rollback()
    assert (await application.me(signed_in)).status_code == 200


async def test_a_savepoint_of_somebody_else_that_is_rolled_back_loses_no_revocation(application: Application) -> None:
    signed_in = await application.signed_in()
    tokens, key = application.auth.tokens, application.key(signed_in.person)
    async with own_session(application) as session:
        await tokens.end(key, signed_in.session_id, session=session)
        savepoint = await session.begin_nested()
        await session.get(User, key)
        await savepoint.rollback()
        await session.commit()
        assert_dead(await application.me(signed_in))


async def test_a_revocation_inside_a_savepoint_that_is_rolled_back_revokes_nothing(application: Application) -> None:
    signed_in = await application.signed_in()
    tokens, key = application.auth.tokens, application.key(signed_in.person)
    async with own_session(application) as session:
        await session.get(User, key)
        outer = await session.begin_nested()
        inner = await session.begin_nested()
        await tokens.end(key, signed_in.session_id, session=session)
        await inner.commit()
        await outer.rollback()
        await session.commit()
    assert (await application.me(signed_in)).status_code == 200
    assert (await application.refresh(signed_in.refresh_token)).status_code == 200


async def test_a_revocation_inside_a_released_savepoint_counts_with_the_commit(application: Application) -> None:
    signed_in = await application.signed_in()
    tokens, key = application.auth.tokens, application.key(signed_in.person)
    async with own_session(application) as session:
        async with session.begin_nested(), session.begin_nested():
            await tokens.end(key, signed_in.session_id, session=session)
        assert (await application.me(signed_in)).status_code == 200
        await session.commit()
        assert_dead(await application.me(signed_in))


async def test_two_revocations_of_one_transaction_count_together(application: Application) -> None:
    first, second = await application.signed_in(), await application.signed_in()
    tokens = application.auth.tokens
    async with own_session(application) as session, session.begin():
        for one in (first, second):
            await tokens.end(application.key(one.person), one.session_id, session=session)
    for one in (first, second):
        assert_dead(await application.me(one))


async def test_a_session_on_a_connection_with_a_transaction_of_its_own_publishes_at_its_commit(
    application: Application,
) -> None:
    """How test suites bind everything to one connection, and take it all back at the end."""
    signed_in = await application.signed_in()
    key = application.key(signed_in.person)
    async with application.auth.runtime.database.engine.connect() as connection:
        outer = await connection.begin()
        async with AsyncSession(connection, join_transaction_mode="create_savepoint") as session:
            await application.auth.tokens.end(key, signed_in.session_id, session=session)
            await session.commit()
        await outer.rollback()
    assert (await row_of(application, UUID(str(signed_in.session_id)))).ended_at is None
