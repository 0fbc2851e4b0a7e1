"""Two processes of `serve` on one database and one Redis: what ends in one has ended in the other."""

import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis

from fastapi_beyond_crud.testing.servers import RedisServer, ServerLauncher
from tests.bookly.command import arguments, end, environment, free_port, run, started, wait_until_ready
from tests.bookly.house import API, DUNE
from tests.support.application import Client, SignedIn
from tests.support.databases import create_database, drop_database

REVOKED_WITHIN_SECONDS = 1.5


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Clients of both processes, and the Redis between them."""

    first: Client
    second: Client
    redis: RedisServer
    log: Path


@pytest.fixture(scope="module")
async def pair(
    server_url: str, server_launcher: ServerLauncher, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pair]:
    database, server = await create_database(server_url), server_launcher.start_redis()
    env, home = environment(database, server.url), tmp_path_factory.mktemp("pair")
    assert run("migrate", env=env).returncode == 0
    ports = [free_port(), free_port()]
    logs = [home / f"{port}.log" for port in ports]
    processes = [
        started(arguments("serve", "--port", str(port)), env, log) for port, log in zip(ports, logs, strict=True)
    ]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(wait_until_ready, processes, urls, logs))
        async with AsyncExitStack() as stack:
            first, second = [
                Client(await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=10)))
                for url in urls
            ]
            yield Pair(first=first, second=second, redis=server, log=logs[0])
    finally:
        for process in processes:
            process.kill()
            process.wait()
        server.stop()
        await drop_database(database, server_url=server_url)


async def assert_dead(client: Client, session: SignedIn, *, within_seconds: float = 0) -> None:
    """The access token is refused, on the next request or within so much time."""
    deadline = time.monotonic() + within_seconds
    while (answer := await client.me(session)).status_code == 200 and time.monotonic() < deadline:
        pass
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_the_whole_way_from_signing_up_to_being_out(pair: Pair) -> None:
    """Register, log in, create, be refused, refresh, log out; and dead at once in both processes."""
    owner, other = await pair.first.signed_in(), await pair.second.signed_in()
    created = await pair.first.http.post(f"{API}/books", json=DUNE, headers=owner.headers)
    assert created.status_code == 201
    url = created.headers["location"]
    refused = await pair.second.http.patch(url, json={"title": "Mine"}, headers=other.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    session = await pair.second.refreshed(owner)
    for client in (pair.first, pair.second):
        assert (await client.me(session)).status_code == 200
    changed = await pair.second.http.patch(url, json={"title": "Dune II"}, headers=session.headers)
    assert changed.json()["title"] == "Dune II"
    assert (await pair.first.http.post("/auth/logout", headers=session.headers)).status_code == 204
    await assert_dead(pair.first, session)
    await assert_dead(pair.second, session)
    assert (await pair.second.refresh(session.refresh_token)).status_code == 401


async def test_a_logged_out_token_stays_dead_when_redis_forgets_everything(pair: Pair) -> None:
    """RV: neither process may take "Redis knows nothing" for "nothing was revoked"."""
    session, other = await pair.first.signed_in(), await pair.first.signed_in()
    assert (await pair.second.me(session)).status_code == 200
    await pair.first.http.post("/auth/logout", headers=session.headers)
    with redis.Redis.from_url(pair.redis.url) as client:
        client.flushall()
    for process in (pair.second, pair.first):
        await assert_dead(process, session)
        assert (await process.me(other)).status_code == 200


async def test_a_log_out_without_redis_is_known_everywhere_within_a_moment(pair: Pair) -> None:
    before, after = await pair.first.signed_in(), await pair.second.signed_in()
    await pair.first.http.post("/auth/logout", headers=before.headers)
    pair.redis.kill()
    try:
        await assert_dead(pair.second, before, within_seconds=REVOKED_WITHIN_SECONDS)
        assert (await pair.second.me(after)).status_code == 200
        began = time.monotonic()
        assert (await pair.first.http.post("/auth/logout", headers=after.headers)).status_code == 204
        assert time.monotonic() - began < REVOKED_WITHIN_SECONDS
        await assert_dead(pair.first, after)
        await assert_dead(pair.second, after, within_seconds=REVOKED_WITHIN_SECONDS)
        health = await pair.second.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (200, "ok")
    finally:
        pair.redis.start()


async def test_logging_out_everywhere_counts_in_the_other_process_at_once(pair: Pair) -> None:
    session = await pair.first.signed_in()
    phone = await pair.second.signed_in(session.person)
    assert (await pair.first.http.post("/auth/logout-all", headers=session.headers)).status_code == 204
    for dead in (session, phone):
        await assert_dead(pair.second, dead)


async def test_a_forwarded_address_is_not_believed(pair: Pair) -> None:
    """LG-12: AUTH_TRUSTED_PROXY_HOPS is 0, and the server in between must not decide otherwise."""
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7"}
    person = await pair.first.registered()
    answer = await pair.first.http.post("/auth/login", json=person.credentials, headers=forged)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    sessions = (await pair.first.http.get("/auth/sessions", headers=headers)).json()["items"]
    assert [session["ip"] for session in sessions] == ["127.0.0.1"]


async def test_no_query_and_no_server_name_leaves_the_process(pair: Pair) -> None:
    """LK-05, HD-06: an access log with queries would keep what people put there by mistake."""
    answer = await pair.first.http.get(f"{API}/books?q=secret-in-the-query")
    assert "server" not in answer.headers
    logged = pair.log.read_text()
    assert f'"GET {API}/books HTTP/1.1" 200' in logged
    assert "secret-in-the-query" not in logged


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_ends_cleanly_on_a_signal(
    fresh_database: Callable[[], Awaitable[str]], redis_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    env, port, log = (
        environment(await fresh_database(), redis_url, AUTH_CREATE_TABLES="true"),
        free_port(),
        tmp_path / "log",
    )
    process = started(arguments("serve", "--port", str(port)), env, log)
    wait_until_ready(process, f"http://127.0.0.1:{port}", log)
    assert end(process, number) == 0
    assert "Traceback" not in log.read_text()
