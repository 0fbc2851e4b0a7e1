"""Servers that die and clients that hang up in the middle of a refresh."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.sessions.rows import live_sessions, row_of
from tests.support.application import Application, SignedIn, running, settings_for, signed_in_by
from tests.support.process import Forge, Process, environment_for

KILLS = 50
KILLING_SECONDS = 8
HANG_UPS = 100


@pytest.fixture(scope="module")
async def application(database_url: str, redis_url: str, shared_names: dict[str, str]) -> AsyncIterator[Application]:
    """Stands beside the server that dies, to look at the database."""
    async with running(settings=settings_for(database_url, redis_url, **shared_names)) as made:
        yield made


@pytest.fixture
async def server(
    database_url: str, redis_url: str, smith: Forge, shared_names: dict[str, str]
) -> AsyncIterator[Process]:
    """A server of this test alone. A minute of grace: a retry may have to wait for a slow machine."""
    environment = environment_for(database_url, redis_url, refresh_grace="60", **shared_names)
    async with smith.served(environment) as (process,):
        yield process


async def test_a_server_that_is_killed_while_it_refreshes_loses_no_session_and_makes_no_second_token(
    application: Application, server: Process
) -> None:
    """RT-17, B-16: killed at random points of eight refresh loops; each client asks again with the token it has."""
    person = await application.registered()
    sessions = [await application.issued(person) for _ in range(8)]
    refreshes, retries, kills = 0, 0, 0
    done = asyncio.Event()

    async def refresh_again_and_again(session: SignedIn) -> SignedIn:
        nonlocal refreshes, retries
        while not done.is_set():
            try:
                answer = await server.refresh(session.refresh_token)
            except httpx.TransportError:
                retries += 1
                await asyncio.sleep(0.01)
                continue
            assert answer.status_code == 200, answer.text
            session = signed_in_by(answer, person)
            refreshes += 1
        return session

    clients = [asyncio.create_task(refresh_again_and_again(session)) for session in sessions]
    end = time.monotonic() + KILLING_SECONDS
    while kills < KILLS and time.monotonic() < end:
        await server.ready()
        before = refreshes
        while refreshes == before and not any(client.done() for client in clients):
            await asyncio.sleep(0.001)
        await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311 - a delay, not a secret
        server.kill()
        kills += 1
        server.launch()
    await server.ready()
    done.set()
    latest = await asyncio.gather(*clients)
    assert kills >= 5
    assert retries >= kills
    assert await live_sessions(application, person.id) == len(sessions)
    for session in latest:
        assert (await server.me(session)).status_code == 200
        assert (await server.refresh(session.refresh_token)).status_code == 200


async def test_a_client_that_hangs_up_loses_nothing_and_leaves_no_transaction_open(
    application: Application, server: Process
) -> None:
    """RT-18, B-16: the socket is closed 0 to 20 ms after the request; then the client asks again."""
    session = await application.signed_in()
    generation = (await row_of(application, session)).generation
    for _ in range(HANG_UPS):
        await hang_up(server.port, session.refresh_token, random.uniform(0, 0.02))  # noqa: S311 - a delay
        answer = await server.refresh(session.refresh_token)
        assert answer.status_code == 200, answer.text
        session = signed_in_by(answer, session.person)
    row = await row_of(application, session)
    assert row.generation == generation + HANG_UPS
    assert await live_sessions(application, session.person.id) == 1
    assert (await server.me(session)).status_code == 200
    idle = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()
    """
    async with asyncio.timeout(5):
        while (await application.sql(idle))[0][0]:
            await asyncio.sleep(0.02)


async def hang_up(port: int, refresh_token: str, seconds: float) -> None:
    """Send a refresh and close the socket a little later, whether an answer came or not."""
    body = json.dumps({"refresh_token": refresh_token}).encode()
    head = f"POST /auth/refresh HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + b"\r\n\r\n" + body)
    await asyncio.sleep(seconds)
    writer.transport.abort()
