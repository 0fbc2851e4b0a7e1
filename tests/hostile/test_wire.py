"""Bytes that no client library sends, against a real server."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.hostile.values import MARK
from tests.support.application import SignedIn
from tests.support.process import Forge, Process, environment_for
from tests.support.sockets import RawConnection, exchange


@pytest.fixture(scope="module")
async def server(database_url: str, smith: Forge) -> AsyncIterator[Process]:
    async with smith.served(environment_for(database_url, revocation="memory")) as [process]:
        yield process


@pytest.fixture(scope="module")
async def someone(server: Process) -> SignedIn:
    return await server.signed_in()


@pytest.fixture(autouse=True)
async def the_server_serves_on(server: Process) -> AsyncIterator[None]:
    """After each attack a stranger is served, and nothing was raised."""
    yield
    assert (await server.http.get("/ready")).status_code == 200
    assert "Traceback" not in server.output()


def post(path: str, body: bytes, *lines: str, length: int | None = None) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: test", "Content-Type: application/json", *lines]
    if length is not None or not lines:
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


LOGIN = b'{"email": "a@example.com", "password": "x"}'
CHUNKED = "Transfer-Encoding: chunked"

MALFORMED = {
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "nul in the path": b"GET /auth/me\0 HTTP/1.1\r\nHost: test\r\n\r\n",
    "raw bytes in the path": b"GET /auth/\xff\xfe HTTP/1.1\r\nHost: test\r\n\r\n",
    "nul in a header": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \0\r\n\r\n",
    "escape in a header": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nUser-Agent: \x1b[31m\r\n\r\n",
    "bytes in a header": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    "folded header": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer\r\n x\r\n\r\n",
    "space before the colon": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nAuthorization : Bearer x\r\n\r\n",
    "two hosts": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nHost: evil.example\r\n\r\n",
    "no host": b"GET /auth/me HTTP/1.1\r\n\r\n",
    "absolute address": b"GET http://evil.example/auth/me HTTP/1.1\r\nHost: test\r\n\r\n",
    "connect": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n",
    "http/0.9": b"GET /auth/me\r\n\r\n",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/9.9": b"GET /auth/me HTTP/9.9\r\nHost: test\r\n\r\n",
    "bare line feeds": b"GET /auth/me HTTP/1.1\nHost: test\n\n",
    "long path": b"GET /auth/" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: test\r\n\r\n",
    "long header": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "many headers": b"GET /auth/me HTTP/1.1\r\nHost: test\r\n" + b"X: 1\r\n" * 10_000 + b"\r\n",
    "two lengths": post("/auth/login", LOGIN, "Content-Length: 5", "Content-Length: 43"),
    "length and chunks": post("/auth/login", b"0\r\n\r\n", CHUNKED, length=5),
    "negative length": post("/auth/login", LOGIN, length=-1),
    "length of digits": post("/auth/login", LOGIN, f"Content-Length: {'9' * 400}"),
    "chunk of no number": post("/auth/login", b"zz\r\n{}\r\n0\r\n\r\n", CHUNKED),
    "negative chunk": post("/auth/login", b"-1\r\n{}\r\n0\r\n\r\n", CHUNKED),
    "huge chunk": post("/auth/login", b"ffffffffffffffffff\r\n{}", CHUNKED),
    "chunk without an end": post("/auth/login", b"2\r\n{}0\r\n\r\n", CHUNKED),
    "chunk extension": post("/auth/login", b"2;" + b"a" * 50_000 + b"\r\n{}\r\n0\r\n\r\n", CHUNKED),
    "trailers": post("/auth/login", b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n", CHUNKED),
    "unknown coding": post("/auth/login", b"{}", "Transfer-Encoding: gzip, chunked"),
    "upgrade": b"GET /auth/me HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_request_is_refused_or_dropped(server: Process, name: str) -> None:
    """IN-02, IN-14, DS-01, DS-04."""
    connection = await RawConnection.open(server.port)
    try:
        await connection.send(MALFORMED[name])
        try:
            answer = await connection.answer(timeout_seconds=0.5)
        except TimeoutError:
            # An unfinished request: the server may wait, as long as it serves others.
            return
    finally:
        await connection.close()
    assert answer is None or 400 <= answer.status < 500


async def test_20_megabytes_are_refused_however_they_come(server: Process) -> None:
    """DS-01: announced, and in chunks without a length."""
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    for request in (
        post("/auth/login", b"x" * 100_000, length=20_000_000),
        post("/auth/login", chunk * 305 + b"0\r\n\r\n", CHUNKED),
    ):
        answer = await exchange(server.port, request)
        assert answer is not None
        assert (answer.status, json.loads(answer.body)["code"]) == (413, "payload_too_large")
        assert answer.headers["cache-control"] == "no-store"


async def test_a_body_that_stays_away_holds_up_nobody(server: Process, someone: SignedIn) -> None:
    """DS-06: fifty half requests, and everybody else is served."""
    waiting = [await RawConnection.open(server.port) for _ in range(50)]
    try:
        for connection in waiting:
            await connection.send(post("/auth/login", b"{", length=100))
        for _ in range(10):
            assert (await server.me(someone)).status_code == 200
    finally:
        for connection in waiting:
            await connection.close()


async def test_a_connection_lives_on_after_a_refusal(server: Process, someone: SignedIn) -> None:
    """IN-01: NaN used to kill it; here each of these gets its answer on the same connection."""
    connection = await RawConnection.open(server.port)
    bodies = [b'{"email": NaN}', b'{"email": "\\ud800"}', b"[" * 5_000, b"\xff\xfe", b"{}", b"", b'{"email": 1e999}']
    try:
        for body in bodies:
            await connection.send(post("/auth/login", body))
            answer = await connection.answer()
            assert answer is not None
            assert (answer.status, json.loads(answer.body)["code"]) == (422, "validation_failed")
        await connection.send(
            f"GET /auth/me HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {someone.access_token}\r\n\r\n".encode()
        )
        last = await connection.answer()
    finally:
        await connection.close()
    assert last is not None
    assert (last.status, json.loads(last.body)["id"]) == (200, someone.person.id)


async def test_requests_sent_at_once_are_answered_one_by_one_each_for_its_own_caller(
    server: Process, someone: SignedIn
) -> None:
    """RC-12: pipelined, with and without a credential in turn."""
    other = await server.signed_in()
    callers = [someone, None, other, None, someone, other] * 5
    connection = await RawConnection.open(server.port)
    try:
        lines = ["" if caller is None else f"Authorization: Bearer {caller.access_token}\r\n" for caller in callers]
        await connection.send("".join(f"GET /auth/me HTTP/1.1\r\nHost: test\r\n{line}\r\n" for line in lines).encode())
        for caller in callers:
            answer = await connection.answer()
            assert answer is not None
            said = json.loads(answer.body)
            expected = (401, None) if caller is None else (200, caller.person.id)
            assert (answer.status, said.get("id")) == expected
    finally:
        await connection.close()


async def test_what_was_sent_in_bodies_and_headers_stands_not_in_the_servers_log(
    server: Process, someone: SignedIn
) -> None:
    """LK-04, LK-05: the access log has addresses only, and no token is ever in one."""
    await exchange(server.port, post("/auth/login", f'{{"email": "{MARK}", "password": "{MARK}"}}'.encode()))
    await exchange(
        server.port, post("/auth/login", f'{{"email": "{MARK}@example.com", "password": "{MARK}"}}'.encode())
    )
    await server.me(someone)
    await server.refreshed(await server.signed_in())
    log = server.output()
    assert "/auth/login" in log
    for secret in (MARK, someone.access_token[-20:], someone.refresh_token[-20:], someone.person.password):
        assert secret not in log
