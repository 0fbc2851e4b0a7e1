"""Races between processes: who refreshes, logs in or registers at the same moment."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from itertools import cycle, islice
from typing import TypeVar

import pytest

from tests.sessions.rows import assert_dead, assert_refused, live_sessions, row_of
from tests.support.application import (
    PASSWORD,
    Application,
    SignedIn,
    bearer,
    new_email,
    running,
    settings_for,
    signed_in_by,
)
from tests.support.process import Process

T = TypeVar("T")
Pair = tuple[Process, Process]
ROUNDS = 100
ROUNDS_WITH_HASHING = 25


async def after(milliseconds: float, request: Awaitable[T]) -> T:
    """The answer to what begins a little later, so that the rounds of a race meet at different points."""
    await asyncio.sleep(milliseconds / 1000)
    return await request


async def test_fifty_refreshes_of_one_token_in_two_processes_make_one_successor(
    shared_application: Application, two_processes: Pair
) -> None:
    """RT-05, RC-02: all get it, and one live token is in the database."""
    session = await shared_application.signed_in()
    servers = list(islice(cycle(two_processes), 50))
    answers = await asyncio.gather(*(server.refresh(session.refresh_token) for server in servers))
    assert Counter(answer.status_code for answer in answers) == {200: 50}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert (await row_of(shared_application, session)).generation == 2
    assert await live_sessions(shared_application, session.person.id) == 1
    access_tokens = [answer.json()["access_token"] for answer in answers]
    assert len(set(access_tokens)) == 50
    alive = await asyncio.gather(*(server.me(token) for server, token in zip(servers, access_tokens, strict=True)))
    assert {answer.status_code for answer in alive} == {200}
    assert (await two_processes[0].refresh(successors.pop())).status_code == 200


async def test_fifty_replays_in_two_processes_end_the_session_once(
    shared_application: Application, two_processes: Pair
) -> None:
    """RT-02: no refresh slips through while others end the session."""
    session = await shared_application.signed_in()
    latest = await shared_application.refreshed(await shared_application.refreshed(session))
    servers = islice(cycle(two_processes), 50)
    answers = await asyncio.gather(*(server.refresh(session.refresh_token) for server in servers))
    for answer in answers:
        assert_refused(answer)
    assert_refused(await two_processes[0].refresh(latest.refresh_token))
    assert_dead(await two_processes[1].me(latest))


async def test_a_refresh_and_a_log_out_at_once_leave_nothing_alive(
    shared_application: Application, two_processes: Pair
) -> None:
    """RC-03: whichever comes first."""
    first, second = two_processes
    person = await shared_application.registered()
    outcomes: Counter[int] = Counter()
    for number in range(ROUNDS):
        session = await shared_application.issued(person)
        wait = random.uniform(-4, 4)  # noqa: S311 - a delay, not a secret
        refreshed, out = await asyncio.gather(
            after(max(0, wait), first.refresh(session.refresh_token)),
            after(max(0, -wait), second.http.post("/auth/logout", headers=session.headers)),
        )
        assert out.status_code == 204
        outcomes[refreshed.status_code] += 1
        assert_dead(await (first, second)[number % 2].me(session))
        if refreshed.status_code == 200:
            assert_dead(await second.me(refreshed.json()["access_token"]))
            assert_refused(await first.refresh(refreshed.json()["refresh_token"]))
        assert_refused(await second.refresh(session.refresh_token))
    assert await live_sessions(shared_application, person.id) == 0
    assert set(outcomes) == {200, 401}, "the race was never decided either way"


async def test_a_log_in_that_meets_a_disable_leaves_no_live_session(
    shared_application: Application, two_processes: Pair
) -> None:
    """RC-09"""
    person = await shared_application.registered()
    accounts, key = shared_application.auth.accounts, shared_application.key(person)
    outcomes: Counter[int] = Counter()

    for number in range(ROUNDS_WITH_HASHING):
        server = two_processes[number % 2]
        answer, _ = await asyncio.gather(
            server.http.post("/auth/login", json=person.credentials),
            after(random.uniform(0, 60), accounts.disable(key)),  # noqa: S311 - a delay, not a secret
        )
        outcomes[answer.status_code] += 1
        assert await live_sessions(shared_application, person.id) == 0
        if answer.status_code == 200:
            assert_dead(await server.me(answer.json()["access_token"]))
            assert_refused(await server.refresh(answer.json()["refresh_token"]))
        await accounts.enable(key)
    assert set(outcomes) <= {200, 401}


async def test_a_log_in_with_the_old_password_does_not_survive_a_change(
    shared_application: Application, two_processes: Pair
) -> None:
    """RC-10"""
    first, second = two_processes
    person = await shared_application.registered()
    current = await shared_application.signed_in(person)
    password, other = PASSWORD, "another horse battery"
    outcomes: Counter[int] = Counter()
    for _ in range(ROUNDS_WITH_HASHING):
        change = {"current_password": password, "new_password": other}
        answer, changed = await asyncio.gather(
            after(
                random.uniform(0, 80),  # noqa: S311 - a delay, not a secret
                second.http.post("/auth/login", json={"email": person.email, "password": password}),
            ),
            first.http.post("/auth/password/change", json=change, headers=current.headers),
        )
        assert changed.status_code == 204, changed.text
        outcomes[answer.status_code] += 1
        if answer.status_code == 200:
            assert_dead(await first.me(answer.json()["access_token"]))
            assert_refused(await second.refresh(answer.json()["refresh_token"]))
        assert await live_sessions(shared_application, person.id) == 1
        password, other = other, password
    assert (await second.me(current)).status_code == 200
    assert set(outcomes) <= {200, 401}


async def test_of_two_password_changes_at_once_one_is_refused(
    shared_application: Application, two_processes: Pair
) -> None:
    session = await shared_application.signed_in()
    wanted = ["the first new password", "the second new password"]
    answers = await asyncio.gather(
        *(
            server.http.post(
                "/auth/password/change",
                json={"current_password": PASSWORD, "new_password": new},
                headers=session.headers,
            )
            for server, new in zip(two_processes, wanted, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [204, 401]
    logins = [
        await two_processes[0].http.post("/auth/login", json={"email": session.person.email, "password": new})
        for new in wanted
    ]
    for change, login in zip(answers, logins, strict=True):
        assert (change.status_code == 204) == (login.status_code == 200)


async def test_twenty_sign_ups_with_one_address_make_one_account(
    shared_application: Application, two_processes: Pair
) -> None:
    """RC-01: in every spelling of the address; the other nineteen get a clean 409."""
    name, domain = new_email().split("@")
    composed, decomposed = f"caf\u00e9-{name}@{domain}", f"cafe\u0301-{name}@{domain}"
    spellings = [composed, composed.upper(), decomposed, decomposed.title(), f"caf\u00e9-{name}@EXAMPLE.COM"]
    answers = await asyncio.gather(
        *(
            server.http.post("/auth/register", json={"email": email, "password": PASSWORD})
            for server, email in islice(zip(cycle(two_processes), cycle(spellings), strict=False), 20)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert len({answer.content for answer in answers if answer.status_code == 409}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"email_taken"}
    rows = await shared_application.sql("SELECT email FROM users WHERE email LIKE :like", like=f"%{name}%")
    assert [row.email for row in rows] == [composed]


@pytest.fixture(scope="module")
async def capped(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """At most three sessions an account."""
    settings = settings_for(database_url, redis_url, sessions_per_user=3, hash_queue=64)
    async with running(settings=settings) as made:
        yield made


async def test_twenty_log_ins_at_once_never_exceed_the_cap(capped: Application) -> None:
    """RT-19, RC-14: also the access tokens of those beyond it are dead."""
    person = await capped.registered()
    most = 0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, await live_sessions(capped, person.id))

    watcher = asyncio.create_task(watch())
    answers = await asyncio.gather(*(capped.http.post("/auth/login", json=person.credentials) for _ in range(20)))
    done.set()
    await watcher
    assert {answer.status_code for answer in answers} == {200}
    assert await live_sessions(capped, person.id) == 3
    assert 0 < most <= 3
    alive = [await capped.me(signed_in_by(answer, person)) for answer in answers]
    assert Counter(answer.status_code for answer in alive) == {200: 3, 401: 17}


async def test_answers_never_go_to_somebody_else(shared_application: Application, two_processes: Pair) -> None:
    """RC-12: clients that hang up in the middle, and two accounts that ask at once."""
    sessions = [await shared_application.signed_in() for _ in range(2)]
    server = two_processes[0]
    mismatches = 0

    async def ask(session: SignedIn) -> None:
        nonlocal mismatches
        try:
            async with asyncio.timeout(random.uniform(0.001, 0.05)):  # noqa: S311 - a delay, not a secret
                answer = await server.http.get("/whoami", headers=bearer(session.access_token))
        except TimeoutError:
            return
        mismatches += answer.json()["id"] != session.person.id

    for _ in range(15):
        await asyncio.gather(*(ask(session) for session in sessions * 10))
    for session in sessions:
        assert (await server.me(session)).json()["id"] == session.person.id
    assert mismatches == 0
