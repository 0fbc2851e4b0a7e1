"""PostgreSQL or Redis is away: a quick 503 where it must be, an answer where it can be, and no trace afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from fastapi_beyond_crud import Unavailable
from fastapi_beyond_crud.testing.servers import PostgresServer, RedisServer, ServerLauncher
from tests.sessions.rows import assert_dead
from tests.support.application import PASSWORD, Application, SignedIn, new_email, running, settings_for

QUICKLY_SECONDS = 8


@pytest.fixture(scope="module")
def postgres(server_launcher: ServerLauncher) -> PostgresServer:
    """A PostgreSQL of these tests alone."""
    return server_launcher.start_postgres({})


@pytest.fixture
def redis(redis_server: Callable[..., RedisServer]) -> RedisServer:
    """A Redis of one test."""
    return redis_server()


@pytest.fixture
async def application(postgres: PostgresServer, redis: RedisServer) -> AsyncIterator[Application]:
    if not postgres.is_running:
        postgres.start()
    async with running(settings=settings_for(postgres.url, redis.url)) as made:
        yield made
        if not postgres.is_running:
            postgres.start()


def assert_unavailable(answer: httpx.Response) -> None:
    """A problem that says to come again, and nothing of the inside."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"
    for secret in ("postgres", "redis", "127.0.0.1", "asyncpg", "Traceback"):
        assert secret not in answer.text


def assert_problem(answer: httpx.Response) -> None:
    assert_unavailable(answer)
    body = answer.json()
    assert body.pop("type").endswith("#unavailable")
    assert body["code"] == "unavailable"
    assert answer.headers["content-type"] == "application/problem+json"


async def every_write(application: Application, session: SignedIn) -> list[httpx.Response]:
    """All that cannot be done without the database."""
    http, headers = application.http, session.headers
    change = {"current_password": PASSWORD, "new_password": "another horse battery"}
    return [
        await http.post("/auth/login", json=session.person.credentials),
        await http.post("/auth/register", json={"email": new_email(), "password": PASSWORD}),
        await http.post("/auth/refresh", json={"refresh_token": session.refresh_token}),
        await http.post("/auth/logout", headers=headers),
        await http.post("/auth/logout", json={"refresh_token": session.refresh_token}),
        await http.post("/auth/logout-all", headers=headers),
        await http.post("/auth/password/change", json=change, headers=headers),
        await http.get("/auth/me", headers=headers),
        await http.patch("/auth/me", json={}, headers=headers),
        await http.get("/auth/sessions", headers=headers),
        await http.delete(f"/auth/sessions/{session.session_id}", headers=headers),
        await http.get("/profile", headers=headers),
    ]


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_without_the_database_everything_that_needs_it_is_503_and_afterwards_all_is_as_before(
    application: Application, postgres: PostgresServer, how: str
) -> None:
    """B-10, B-12: nothing is consumed, nobody is signed out, and no dead connection is left in the pool."""
    session = await application.signed_in()
    # Fill the pool, so that there are dead connections to meet.
    await asyncio.gather(*(application.me(session) for _ in range(10)))
    getattr(postgres, how)()
    begun = time.monotonic()
    for answer in await every_write(application, session):
        assert_problem(answer)
    for grant in (
        {"grant_type": "password", "username": session.person.email, "password": PASSWORD},
        {"grant_type": "refresh_token", "refresh_token": session.refresh_token},
    ):
        answer = await application.http.post("/auth/token", data=grant)
        assert_unavailable(answer)
        assert answer.json()["error"] == "temporarily_unavailable"
    assert time.monotonic() - begun < QUICKLY_SECONDS
    # What Redis can answer goes on.
    assert (await application.http.get("/whoami", headers=session.headers)).status_code == 200
    assert (await application.http.get("/ready")).status_code == 200

    postgres.start()
    answers = await asyncio.gather(*(application.me(session) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    renewed = await application.refreshed(session)
    assert (await application.me(renewed)).status_code == 200
    assert (await application.signed_in(session.person)).refresh_token


async def test_connections_that_the_server_ended_are_replaced_at_once(application: Application) -> None:
    """B-12: 57P01, as after a failover or by an administrator."""
    session = await application.signed_in()
    for _ in range(3):
        await asyncio.gather(*(application.me(session) for _ in range(10)))
        await application.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        answers = [await application.me(session) for _ in range(12)]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert [answer.status_code for answer in answers][-1] == 200


async def test_without_redis_log_ins_and_log_outs_work_and_count_at_once(
    application: Application, redis: RedisServer
) -> None:
    """B-01: the database says what Redis cannot."""
    session = await application.signed_in()
    redis.kill()
    assert (await application.me(session)).status_code == 200
    other = await application.signed_in(session.person)
    assert (await application.me(other)).status_code == 200
    assert (await application.http.post("/auth/logout", headers=other.headers)).status_code == 204
    assert_dead(await application.me(other))
    renewed = await application.refreshed(session)
    assert (await application.me(renewed)).status_code == 200
    redis.start()
    assert_dead(await application.me(other))
    assert (await application.me(renewed)).status_code == 200


async def test_without_both_nobody_is_let_in_or_signed_out(
    application: Application, postgres: PostgresServer, redis: RedisServer
) -> None:
    """B-22: 503 for whoever needs an identity, never 401; what is public answers."""
    session = await application.signed_in()
    redis.kill()
    postgres.kill()
    for answer in await every_write(application, session):
        assert_problem(answer)
    for path in ("/whoami", "/books"):
        assert_problem(await application.http.get(path, headers=session.headers))
    assert (await application.http.get("/ready")).status_code == 200
    assert (await application.http.get("/whoami")).status_code == 401
    postgres.start()
    redis.start()
    assert (await application.http.get("/whoami", headers=session.headers)).status_code == 200
    assert (await application.refresh(session.refresh_token)).status_code == 200


async def test_a_redis_that_is_dead_at_the_start_stops_nobody(postgres: PostgresServer, redis: RedisServer) -> None:
    redis.kill()
    async with running(settings=settings_for(postgres.url, redis.url)) as application:
        session = await application.signed_in()
        assert (await application.me(session)).status_code == 200
        await application.http.post("/auth/logout", headers=session.headers)
        assert_dead(await application.me(session))
        redis.start()
        session = await application.signed_in()
        assert (await application.me(session)).status_code == 200
        await application.http.post("/auth/logout", headers=session.headers)
        assert_dead(await application.me(session))


async def test_a_database_that_is_dead_at_the_start_stops_the_start_with_a_plain_error(
    postgres: PostgresServer, redis: RedisServer
) -> None:
    """With nothing of the address or the password in it."""
    url = postgres.url
    postgres.kill()
    redis.kill()
    begun = time.monotonic()
    try:
        for create_tables in (False, True):
            with pytest.raises(Unavailable) as refusal:
                async with running(settings=settings_for(url, redis.url, create_tables=create_tables)):
                    pass
            assert "127.0.0.1" not in str(refusal.value)
        assert time.monotonic() - begun < QUICKLY_SECONDS
    finally:
        postgres.start()


async def test_a_full_hashing_queue_is_503_and_frees_itself(database_url: str) -> None:
    """B-23, DS-05: more log-ins than can be hashed wait in a bounded queue."""
    settings = settings_for(database_url, hash_workers=1, hash_queue=2)
    async with running(settings=settings) as application:
        person = await application.registered()
        answers = await asyncio.gather(
            *(application.http.post("/auth/login", json=person.credentials) for _ in range(40))
        )
        codes = [answer.status_code for answer in answers]
        # One is hashed and two wait; whoever comes after the first are done finds a place again.
        assert codes.count(200) >= 3
        assert set(codes) == {200, 503}
        for answer in answers:
            if answer.status_code != 200:
                assert_problem(answer)
        assert (await application.signed_in(person)).access_token


async def test_an_exhausted_pool_is_503_within_two_seconds(database_url: str) -> None:
    """B-11: not the thirty seconds of SQLAlchemy's default."""
    async with running(settings=settings_for(database_url)) as application:
        person = await application.registered()
        held = [application.auth.runtime.database.engine.connect() for _ in range(20)]
        for connection in held:
            await connection.start()
        begun = time.monotonic()
        answer = await application.http.post("/auth/login", json=person.credentials)
        assert_problem(answer)
        assert time.monotonic() - begun < 4
        for connection in held:
            await connection.close()
        assert (await application.signed_in(person)).access_token
