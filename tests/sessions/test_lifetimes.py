"""How long sessions live. Time passes by setting the clock of the row back, never by sleeping."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.sessions.rows import assert_dead, assert_refused, live_sessions, row_of
from tests.support.application import Application, SignedIn, running, settings_for

IDLE, ABSOLUTE = timedelta(seconds=600), timedelta(seconds=900)


@pytest.fixture(scope="module")
async def application(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """Sessions of minutes, no grace, three sessions an account."""
    settings = settings_for(
        database_url,
        redis_url,
        access_lifetime=300,
        refresh_idle_lifetime=IDLE,
        refresh_lifetime=ABSOLUTE,
        refresh_grace=0,
        sessions_per_user=3,
    )
    async with running(settings=settings) as made:
        yield made


async def pass_time(application: Application, session: SignedIn, seconds: int) -> None:
    """Set every moment in the row of the session back."""
    statement = """
        UPDATE user_sessions SET
            created_at = created_at - by, rotated_at = rotated_at - by, last_seen_at = last_seen_at - by,
            expires_at = expires_at - by, absolute_expires_at = absolute_expires_at - by
        FROM make_interval(secs => :seconds) AS by WHERE id = :id
    """
    await application.sql(statement, seconds=seconds, id=session.session_id)


async def test_a_session_that_was_idle_too_long_cannot_be_refreshed(application: Application) -> None:
    """RT-10"""
    session = await application.signed_in()
    await pass_time(application, session, 601)
    assert_refused(await application.refresh(session.refresh_token))


async def test_no_refresh_reaches_past_the_absolute_limit(application: Application) -> None:
    """RT-09: each refresh moves the idle limit, and none moves the absolute one."""
    session = await application.signed_in()
    end = (await row_of(application, session)).absolute_expires_at
    await pass_time(application, session, 500)
    answer = await application.refresh(session.refresh_token)
    assert answer.status_code == 200
    pair = answer.json()
    # 400 seconds are left in all: less than the idle limit, which is cut down to them.
    assert 390 < pair["refresh_expires_in"] <= 400
    row = await row_of(application, session)
    assert row.expires_at == row.absolute_expires_at == end - timedelta(seconds=500)
    await pass_time(application, session, 401)
    assert_refused(await application.refresh(pair["refresh_token"]))


async def test_an_access_token_does_not_outlive_the_absolute_limit_of_its_session(application: Application) -> None:
    session = await application.signed_in()
    await pass_time(application, session, 590)
    session = await application.refreshed(session)
    await pass_time(application, session, 210)
    answer = await application.refresh(session.refresh_token)
    assert 90 < answer.json()["expires_in"] <= 100


async def test_a_spent_token_is_refused_at_once_without_a_grace(application: Application) -> None:
    """AUTH_REFRESH_GRACE=0 is the strict reading of RFC 9700 section 4.14.2."""
    session = await application.signed_in()
    after = await application.refreshed(session)
    assert_refused(await application.refresh(session.refresh_token))
    assert_dead(await application.me(after))


async def test_a_log_in_beyond_the_cap_ends_the_oldest_session(application: Application) -> None:
    """RT-19: also its access token, on the next request."""
    first = await application.signed_in()
    others = [await application.signed_in(first.person) for _ in range(3)]
    assert_dead(await application.me(first))
    assert_refused(await application.refresh(first.refresh_token))
    assert (await row_of(application, first)).end_reason == "too_many_sessions"
    for session in others:
        assert (await application.me(session)).status_code == 200
    assert await live_sessions(application, first.person.id) == 3


async def test_sessions_that_are_over_do_not_count_for_the_cap(application: Application) -> None:
    first = await application.signed_in()
    idle, ended = [await application.signed_in(first.person) for _ in range(2)]
    await pass_time(application, idle, 601)
    await application.http.post("/auth/logout", headers=ended.headers)
    for _ in range(2):
        await application.signed_in(first.person)
    assert (await application.me(first)).status_code == 200


async def test_the_pair_says_how_long_its_tokens_live(application: Application) -> None:
    person = await application.registered()
    pair = (await application.http.post("/auth/login", json=person.credentials)).json()
    assert pair["expires_in"] == 300
    assert 598 <= pair["refresh_expires_in"] <= 600
    session = await application.signed_in(person)
    assert session.claims["exp"] - session.claims["iat"] == 300


async def test_the_list_shows_only_sessions_that_live(application: Application) -> None:
    session = await application.signed_in()
    idle = await application.signed_in(session.person)
    await pass_time(application, idle, 601)
    items = (await application.http.get("/auth/sessions", headers=session.headers)).json()["items"]
    assert [item["id"] for item in items] == [str(session.session_id)]


async def test_sessions_long_over_are_swept_away_and_living_ones_stay(application: Application) -> None:
    """Ended sessions are kept for a month, so that a late replay is still told from garbage."""
    session = await application.signed_in()
    over, recent = [await application.signed_in(session.person) for _ in range(2)]
    for one in (over, recent):
        await application.http.post("/auth/logout", headers=one.headers)
    statement = "UPDATE user_sessions SET ended_at = ended_at - interval '31 days' WHERE id = :id"
    await application.sql(statement, id=over.session_id)
    await application.auth.runtime._end_inactive()
    rows = await application.sql(
        "SELECT id FROM user_sessions WHERE id = ANY(:ids)", ids=[one.session_id for one in (session, over, recent)]
    )
    assert {row.id for row in rows} == {session.session_id, recent.session_id}
