"""What ends a session ends it everywhere, on the next request: the log-out on one process, the request on another."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest

from tests.sessions.rows import assert_dead, assert_refused, live_sessions, row_of
from tests.support.application import PASSWORD, Application, Client, SignedIn
from tests.support.process import Process

Pair = tuple[Process, Process]
ATTEMPTS_AT_ONE_SECOND = 5


async def assert_over(session: SignedIn, *servers: Client) -> None:
    """Neither token of the session counts on any of the servers."""
    for server in servers:
        assert_dead(await server.me(session))
        assert_refused(await server.refresh(session.refresh_token))


async def test_a_log_out_counts_on_the_next_request_to_another_process(two_processes: Pair) -> None:
    """RV-01, RV-02"""
    first, second = two_processes
    for _ in range(4):
        session = await first.signed_in()
        other = await second.signed_in(session.person)
        assert (await second.me(session)).status_code == 200
        assert (await first.http.post("/auth/logout", headers=session.headers)).status_code == 204
        assert_dead(await second.me(session))
        await assert_over(session, first, second)
        assert (await first.me(other)).status_code == 200


async def test_a_log_out_of_everything_ends_all_five_sessions_and_a_log_in_works_at_once(
    shared_application: Application, two_processes: Pair
) -> None:
    """RV-03"""
    first, second = two_processes
    session = await first.signed_in()
    sessions = [session, *[await second.signed_in(session.person) for _ in range(4)]]
    assert (await first.http.post("/auth/logout-all", headers=session.headers)).status_code == 204
    for one in sessions:
        assert_dead(await second.me(one))
        await assert_over(one, first, second)
    assert await live_sessions(shared_application, session.person.id) == 0
    again = await second.signed_in(session.person)
    assert (await first.me(again)).status_code == 200
    assert (await second.refresh(again.refresh_token)).status_code == 200


async def test_within_one_second_the_old_token_is_dead_and_the_new_one_lives(
    shared_application: Application, two_processes: Pair
) -> None:
    """RV-04: iat has a resolution of a second, so the clock could not tell them apart; a counter does."""
    first, second = two_processes
    person = await first.registered()
    for _ in range(ATTEMPTS_AT_ONE_SECOND):
        # Begin with the second, so that all of this fits into it.
        await asyncio.sleep(1 - time.time() % 1)
        old = await shared_application.issued(person)
        await first.http.post("/auth/logout-all", headers=old.headers)
        new = await shared_application.issued(person)
        assert_dead(await second.me(old))
        assert (await second.me(new)).status_code == 200
        if old.claims["iat"] == new.claims["iat"]:
            return
    pytest.fail("no attempt fitted into one second")


async def test_a_change_of_the_password_ends_the_other_sessions_and_keeps_this_one(
    shared_application: Application, two_processes: Pair
) -> None:
    """RV-05"""
    first, second = two_processes
    session = await first.signed_in()
    others = [await second.signed_in(session.person) for _ in range(2)]
    change = {"current_password": PASSWORD, "new_password": "another horse battery"}
    answer = await first.http.post("/auth/password/change", json=change, headers=session.headers)
    assert answer.status_code == 204
    for other in others:
        assert_dead(await second.me(other))
        await assert_over(other, first, second)
        assert (await row_of(shared_application, other)).end_reason == "password_changed"
    assert (await second.me(session)).status_code == 200
    assert (await second.refresh(session.refresh_token)).status_code == 200


async def test_a_disabled_account_is_out_on_the_next_request_and_cannot_log_in(
    shared_application: Application, two_processes: Pair
) -> None:
    """RV-06"""
    first, second = two_processes
    session = await first.signed_in()
    await shared_application.auth.accounts.disable(shared_application.key(session.person))
    await assert_over(session, first, second)
    answer = await first.http.post("/auth/login", json=session.person.credentials)
    assert answer.json()["code"] == "credentials_invalid"


async def test_a_deleted_account_is_out_where_its_row_is_needed(
    shared_application: Application, two_processes: Pair
) -> None:
    """RV-06: deleted by hand in SQL; its sessions go first, because the database insists."""
    session = await two_processes[0].signed_in()
    user = UUID(session.person.id)
    await shared_application.sql("DELETE FROM user_sessions WHERE user_id = :id", id=user)
    await shared_application.sql("DELETE FROM users WHERE id = :id", id=user)
    for server in two_processes:
        assert_dead(await server.http.get("/profile", headers=session.headers))
        await assert_over(session, server)


async def test_one_session_can_be_ended_and_only_by_its_owner(two_processes: Pair) -> None:
    """RV-15: somebody else's id is 404, like one that does not exist."""
    first, second = two_processes
    session = await first.signed_in()
    other = await second.signed_in(session.person)
    stranger = await second.signed_in()
    unknown = await first.http.delete(f"/auth/sessions/{uuid4()}", headers=stranger.headers)
    foreign = await first.http.delete(f"/auth/sessions/{other.session_id}", headers=stranger.headers)
    assert unknown.status_code == foreign.status_code == 404
    assert unknown.content == foreign.content
    assert (await first.me(other)).status_code == 200
    answer = await first.http.delete(f"/auth/sessions/{other.session_id}", headers=session.headers)
    assert answer.status_code == 204
    await assert_over(other, second, first)
    assert (await second.me(session)).status_code == 200
    again = await first.http.delete(f"/auth/sessions/{other.session_id}", headers=session.headers)
    assert again.status_code == 404


async def test_an_administrator_ends_the_sessions_of_an_account(
    shared_application: Application, two_processes: Pair
) -> None:
    """RV-16"""
    first, second = two_processes
    admin, session = await first.signed_in(), await second.signed_in()
    refused = await first.http.post(f"/auth/users/{session.person.id}/sign-out", headers=admin.headers)
    assert refused.status_code == 403
    assert (await second.me(session)).status_code == 200
    await shared_application.granted(admin.person, "admin")
    answer = await first.http.post(f"/auth/users/{session.person.id}/sign-out", headers=admin.headers)
    assert answer.status_code == 204
    await assert_over(session, second, first)
    assert (await row_of(shared_application, session)).end_reason == "ended_by_admin"
    assert (await second.me(admin)).status_code == 200


async def test_a_process_that_starts_later_knows_what_was_revoked_before(
    shared_application: Application, two_processes: Pair
) -> None:
    first, second = two_processes
    session = await first.signed_in()
    await first.http.post("/auth/logout", headers=session.headers)
    # The application in this process has never seen this token.
    assert_dead(await shared_application.me(session))
    assert_dead(await second.me(session))
