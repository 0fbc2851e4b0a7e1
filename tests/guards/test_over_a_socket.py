"""A real server, a real socket, and not one byte of a body."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.support.application import SignedIn
from tests.support.process import Forge, Process, environment_for
from tests.support.sockets import RawConnection, exchange

MB = 1024 * 1024
# Each is guarded and takes a body.
ROUTES = ["POST /auth/password/change", "PATCH /auth/me", "POST /auth/users/0198c5f0-0000-7000-8000-000000000001/roles"]


@pytest.fixture(scope="module")
async def server(database_url: str, smith: Forge) -> AsyncIterator[Process]:
    environment = environment_for(database_url, revocation="memory", default_roles="user")
    async with smith.served(environment) as [process]:
        yield process


@pytest.fixture(scope="module")
async def someone(server: Process) -> SignedIn:
    return await server.signed_in()


def head(route: str, *lines: str) -> bytes:
    return "\r\n".join([f"{route} HTTP/1.1", "Host: test", "Content-Type: application/json", *lines, "", ""]).encode()


@pytest.mark.parametrize("route", ROUTES)
async def test_200_megabytes_without_a_token_are_refused_before_their_first_byte(server: Process, route: str) -> None:
    """AZ-11, DS-01: the answer comes while the server still waits for the body."""
    answer = await exchange(server.port, head(route, f"Content-Length: {200 * MB}"))
    assert answer is not None
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert json.loads(answer.body)["code"] == "not_authenticated"


@pytest.mark.parametrize("route", ROUTES)
async def test_nobody_is_told_to_continue_who_would_be_refused(server: Process, route: str) -> None:
    """AZ-11: ``Expect: 100-continue`` asks exactly this, and 100 would mean "send it"."""
    answer = await exchange(server.port, head(route, f"Content-Length: {200 * MB}", "Expect: 100-continue"))
    assert answer is not None
    assert answer.status == 401


async def test_chunks_without_a_token_are_refused_before_the_first(server: Process) -> None:
    answer = await exchange(server.port, head(ROUTES[0], "Transfer-Encoding: chunked"))
    assert answer is not None
    assert answer.status == 401


async def test_200_megabytes_with_a_token_are_refused_before_their_first_byte(
    server: Process, someone: SignedIn
) -> None:
    """DS-01."""
    lines = [f"Content-Length: {200 * MB}", f"Authorization: Bearer {someone.access_token}"]
    answer = await exchange(server.port, head("POST /auth/password/change", *lines))
    assert answer is not None
    assert (answer.status, json.loads(answer.body)["code"]) == (413, "payload_too_large")


async def test_whoever_may_send_a_body_is_told_to_continue(server: Process, someone: SignedIn) -> None:
    """The other half: a client that asks first still gets through."""
    body = b'{"current_password": "wrong", "new_password": "another horse battery"}'
    lines = [f"Content-Length: {len(body)}", f"Authorization: Bearer {someone.access_token}", "Expect: 100-continue"]
    connection = await RawConnection.open(server.port)
    try:
        await connection.send(head("POST /auth/password/change", *lines))
        told = await connection.answer()
        await connection.send(body)
        answer = await connection.answer()
    finally:
        await connection.close()
    assert told is not None
    assert answer is not None
    assert (told.status, answer.status) == (100, 401)
    assert json.loads(answer.body)["code"] == "credentials_invalid"


async def test_the_server_serves_on_after_all_that(server: Process, someone: SignedIn) -> None:
    assert (await server.me(someone)).status_code == 200
    assert "Traceback" not in server.output()
