"""Refresh tokens: spent once, recovered after a lost answer, and the end of the session when a copy shows up."""

import base64
from uuid import UUID

import pytest

from tests.sessions.rows import assert_dead, assert_refused, live_sessions, pass_grace, row_of
from tests.support.application import Application, bearer, claims_of

GENERATIONS = 5


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


async def test_a_replayed_token_ends_the_session_and_its_access_tokens(application: Application) -> None:
    """RT-02: successor and access tokens die on the next request; other sessions of the account live."""
    first = await application.signed_in()
    other = await application.signed_in(first.person)
    second = await application.refreshed(first)
    await pass_grace(application, second)
    assert_refused(await application.refresh(first.refresh_token))
    assert_refused(await application.refresh(second.refresh_token))
    assert_dead(await application.me(first))
    assert_dead(await application.me(second))
    assert (await application.me(other)).status_code == 200
    assert (await application.refresh(other.refresh_token)).status_code == 200
    row = await row_of(application, first)
    assert row.end_reason == "refresh_replayed"
    assert row.ended_at is not None


async def test_descendants_of_a_replayed_token_die_too(application: Application) -> None:
    """RT-03"""
    first = await application.signed_in()
    third = await application.refreshed(await application.refreshed(first))
    await pass_grace(application, third)
    assert_refused(await application.refresh(first.refresh_token))
    assert_refused(await application.refresh(third.refresh_token))
    assert_dead(await application.me(third))


async def test_a_grandparent_is_a_replay_even_inside_the_grace(application: Application) -> None:
    """RT-04"""
    first = await application.signed_in()
    third = await application.refreshed(await application.refreshed(first))
    assert_refused(await application.refresh(first.refresh_token))
    assert_dead(await application.me(third))


async def test_the_grace_ends_when_the_child_is_used(application: Application) -> None:
    """RT-07: whoever uses the child has received it, so the parent can only come from a copy."""
    first = await application.signed_in()
    second = await application.refreshed(first)
    await application.refreshed(second)
    assert_refused(await application.refresh(first.refresh_token))
    assert await live_sessions(application, first.person.id) == 0


async def test_any_ancestor_is_a_replay_however_old(application: Application) -> None:
    first = session = await application.signed_in()
    for _ in range(GENERATIONS):
        session = await application.refreshed(session)
    assert (await row_of(application, session)).generation == GENERATIONS + 1
    assert_refused(await application.refresh(first.refresh_token))
    assert_refused(await application.refresh(session.refresh_token))


async def test_a_made_up_secret_with_a_right_family_ends_the_session(application: Application) -> None:
    """RT-14: only holders of a token of the session know the family, so this is a copy that was tampered with."""
    session = await application.signed_in()
    forged = session.refresh_token[:-4] + ("AAAA" if session.refresh_token[-4:] != "AAAA" else "BBBB")
    assert_refused(await application.refresh(forged))
    assert_dead(await application.me(session))


async def test_the_secret_of_one_session_does_not_fit_the_family_of_another(application: Application) -> None:
    """RT-14, RT-15: another user's family and my secret."""
    mine, theirs = await application.signed_in(), await application.signed_in()
    raw = [base64.urlsafe_b64decode(one.refresh_token) for one in (mine, theirs)]
    crossed = base64.urlsafe_b64encode(b"\0" * 16 + raw[0][16:]).decode()
    assert_refused(await application.refresh(crossed))
    assert (await application.refresh(mine.refresh_token)).status_code == 200
    assert (await application.refresh(theirs.refresh_token)).status_code == 200


async def test_an_ended_session_cannot_be_refreshed_and_a_replay_does_not_change_why_it_ended(
    application: Application,
) -> None:
    session = await application.signed_in()
    await application.http.post("/auth/logout", headers=session.headers)
    for _ in range(2):
        assert_refused(await application.refresh(session.refresh_token))
    assert (await row_of(application, session)).end_reason == "logout"


async def test_a_refresh_gives_a_new_pair_of_the_same_session(application: Application) -> None:
    """RT-01"""
    first = await application.signed_in()
    before = await row_of(application, first)
    second = await application.refreshed(first)
    after = await row_of(application, first)
    assert second.refresh_token != first.refresh_token
    assert second.claims["jti"] != first.claims["jti"]
    assert second.session_id == first.session_id
    assert second.claims["sub"] == first.claims["sub"]
    assert (await application.me(second)).status_code == 200
    # A refresh is no log-out: the access token before it runs out by itself.
    assert (await application.me(first)).status_code == 200
    assert (before.generation, after.generation) == (1, 2)
    assert after.last_seen_at > before.last_seen_at
    assert after.expires_at > before.expires_at
    assert after.absolute_expires_at == before.absolute_expires_at
    rows = await application.sql("SELECT 1 FROM user_sessions WHERE user_id = :id", id=UUID(first.person.id))
    assert len(rows) == 1


async def test_the_first_and_the_last_second_of_the_grace(application: Application) -> None:
    """RT-06: the border lies at AUTH_REFRESH_GRACE, by the clock of the database."""
    statement = "UPDATE user_sessions SET rotated_at = now() - make_interval(secs => :age) WHERE id = :id"
    grace = application.auth.settings.refresh_grace.total_seconds()
    first = await application.signed_in()
    second = await application.refreshed(first)
    await application.sql(statement, id=first.session_id, age=grace - 3)
    assert (await application.refreshed(first)).refresh_token == second.refresh_token
    await application.sql(statement, id=first.session_id, age=grace)
    assert_refused(await application.refresh(first.refresh_token))


async def test_a_lost_answer_is_recovered_by_asking_again(application: Application) -> None:
    """RT-06: the same successor, as often as it is asked for; nothing in the row moves."""
    first = await application.signed_in()
    second = await application.refreshed(first)
    before = await row_of(application, first)
    for _ in range(3):
        again = await application.refreshed(first)
        assert again.refresh_token == second.refresh_token
        assert (await application.me(again)).status_code == 200
    assert await row_of(application, first) == before
    assert (await application.refresh(second.refresh_token)).status_code == 200


async def test_a_refresh_changes_neither_the_way_nor_the_time_of_the_log_in(application: Application) -> None:
    """RT-13: auth_time is the log-in, also after it lies back."""
    first = await application.signed_in()
    await application.sql(
        "UPDATE user_sessions SET auth_time = auth_time - interval '1 day' WHERE id = :id", id=first.session_id
    )
    second = await application.refreshed(first)
    assert second.claims["auth_time"] == pytest.approx(first.claims["auth_time"] - 86_400, abs=1)
    assert second.claims["amr"] == first.claims["amr"] == ["pwd"]


async def test_a_refresh_carries_the_roles_of_today(application: Application) -> None:
    """RT-12: rights that were lost are not in the next access token, and cannot be asked for."""
    session = await application.signed_in()
    await application.granted(session.person, "librarian", "user")
    session = await application.refreshed(session)
    assert session.claims["roles"] == ["librarian", "user"]
    await application.auth.grants.revoke(application.key(session.person), "librarian")
    session = await application.refreshed(session)
    assert session.claims["roles"] == ["user"]
    for extra in ({"scope": "admin"}, {"roles": ["admin"]}, {"permissions": ["*"]}):
        answer = await application.http.post("/auth/refresh", json={"refresh_token": session.refresh_token, **extra})
        assert answer.status_code == 422
    form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token, "scope": "admin books:delete"}
    pair = (await application.http.post("/auth/token", data=form)).json()
    assert claims_of(pair["access_token"])["roles"] == ["user"]
    answer = await application.http.delete("/books/1", headers=bearer(pair["access_token"]))
    assert answer.status_code == 403


async def test_the_access_token_of_another_session_has_no_say_in_a_refresh(application: Application) -> None:
    """RT-15"""
    mine, other = await application.signed_in(), await application.signed_in()
    before = await row_of(application, other)
    answer = await application.http.post(
        "/auth/refresh", json={"refresh_token": mine.refresh_token}, headers=other.headers
    )
    assert answer.status_code == 200
    assert await row_of(application, other) == before


async def test_a_log_in_always_makes_a_new_session(application: Application) -> None:
    """RT-16: no session is adopted, whatever the client sends along."""
    first = await application.signed_in()
    body = first.person.credentials
    for headers in ({}, first.headers, {"Cookie": f"session_id={first.session_id}; sid={first.session_id}"}):
        answer = await application.http.post("/auth/login", json=body, headers=headers)
        assert answer.status_code == 200
    for name in ("session_id", "sid", "refresh_token"):
        refused = await application.http.post("/auth/login", json=body | {name: str(first.session_id)})
        assert refused.status_code == 422
    assert await live_sessions(application, first.person.id) == 4
    assert (await row_of(application, first)).generation == 1


async def test_refresh_tokens_are_uniform_and_never_twice(application: Application) -> None:
    """RT-21: what the server hands out, for first tokens and for successors alike."""
    user = application.key(await application.registered())
    tokens: list[str] = []
    for _ in range(40):
        pair = await application.auth.tokens.issue(user)
        tokens.append(pair.refresh_token)
        for _ in range(4):
            pair = await application.auth.tokens.refresh(pair.refresh_token)
            tokens.append(pair.refresh_token)
    assert len(set(tokens)) == len(tokens) == 200
    secrets = [base64.urlsafe_b64decode(token)[16:] for token in tokens]
    assert all(len(token) == 64 for token in tokens)
    ones = [sum(secret[bit // 8] >> bit % 8 & 1 for secret in secrets) for bit in range(256)]
    # 200 fair coins: seven standard deviations either side, for each of the 256 bits.
    assert 50 < min(ones) <= max(ones) < 150
