"""Headers that lie, repeat themselves or are no text."""

import json
import time
from dataclasses import replace

import pytest

from tests.hostile.conftest import Target
from tests.hostile.operations import OPERATIONS, Operation
from tests.hostile.values import MARK

GUARDED = [one for one in OPERATIONS if one.is_guarded]
OPEN = [one for one in OPERATIONS if not one.is_guarded]

CREDENTIALS = [
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Bearer  {token}",
    "Bearer\t{token}",
    " Bearer {token}",
    "Bearer {token} ",
    "Bearer {token} x",
    "Bearer {token},{token}",
    "Bearer {token}, Bearer {token}",
    "Bearer x {token}",
    'Bearer "{token}"',
    "Bearer={token}",
    "Bearer:{token}",
    "Bearer token={token}",
    "Basic {token}",
    "DPoP {token}",
    "{token}",
    "Bearer {token}\0",
    "Bearer {token}=",
    "Bearer {token}.",
    "Bearer .{token}",
    "Bearer {token}%00",
    "Bearer {token}\xa0",
    "Bearer\xa0{token}",
    "Bearer ..",
    "Bearer .....",
    "Bearer .",
    "Bearer null",
    "Bearer undefined",
    f"Bearer {MARK}",
    f"Bearer {MARK}.{MARK}.{MARK}",
    "Bearer \x80\xff",
    "Bearer \N{PILE OF POO}".encode().decode("latin-1"),
    "Bearer " + "a" * 8_193,
    "Bearer " + "a" * 65_536,
    "Bearer " + "." * 65_536,
    "Bearer " + "eyJhbGciOiJub25lIn0." * 3_000,
]

HEADERS = [
    ("user-agent", MARK + "\x1b[31m\0\r\n\x80\xff"),
    ("user-agent", "a" * 60_000),
    ("user-agent", ""),
    ("x-forwarded-for", MARK),
    ("x-forwarded-for", "1.2.3.4, " * 5_000),
    ("x-forwarded-for", "\xff\x00"),
    ("forwarded", f'for="{MARK}"'),
    ("x-real-ip", MARK),
    ("host", f"{MARK}/a?b#c"),
    ("host", "\xff\x80"),
    ("host", ""),
    ("cookie", f"{MARK}={MARK}; " * 1_000),
    ("cookie", "\xff=\x00;;;===,,,"),
    ("accept", MARK),
    ("accept", "*/*, " * 10_000),
    ("accept-language", f"{MARK};q=1e999"),
    ("accept-encoding", "identity;q=0, *;q=0"),
    ("origin", "null"),
    ("origin", f"http://{MARK}"),
    ("referer", MARK),
    ("range", "bytes=0-,0-,0-"),
    ("if-none-match", "*"),
    ("if-modified-since", "never"),
    ("expect", MARK),
    ("connection", "authorization, content-type"),
    ("transfer-encoding", "chunked, gzip"),
    ("upgrade", "websocket"),
    ("x-http-method-override", "DELETE"),
    ("x-request-id", f"{MARK}\r\nSet-Cookie: a=b"),
    ("traceparent", MARK),
    ("date", "\x00"),
    (MARK, MARK),
    ("\xff", "\xff"),
    ("", ""),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_no_header_breaks_the_contract(target: Target, operation: Operation) -> None:
    """IN-13, IN-14, HD-07."""
    body = target.cheap_body(operation)
    for header in HEADERS:
        answer = await target.attack(operation, body=body, headers=[header])
        target.judge(operation).hear(answer, header)
        assert MARK not in str(answer.headers)


@pytest.mark.parametrize("operation", GUARDED, ids=str)
async def test_a_credential_that_can_be_read_in_two_ways_is_refused(target: Target, operation: Operation) -> None:
    """TV-22..24: never "the first wins", never "close enough"."""
    token = (await target.credential())["Authorization"].removeprefix("Bearer ")
    judge = target.judge(operation)
    for credential in CREDENTIALS:
        header = [("authorization", credential.replace("{token}", token))]
        answer = await target.attack(operation, headers=header, known=False)
        judge.hear(answer, credential)
        assert (answer.status, json.loads(answer.body)["code"]) == (401, "token_invalid"), credential
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.receives == 0


@pytest.mark.parametrize("operation", GUARDED, ids=str)
async def test_two_credentials_are_refused_whichever_is_good(target: Target, operation: Operation) -> None:
    """TV-24: a proxy in front might have picked the other one."""
    good = ("authorization", (await target.credential())["Authorization"])
    bad = ("authorization", "Bearer x")
    for headers in (
        [good, good],
        [good, bad],
        [bad, good],
        [good, ("authorization", "")],
        [("authorization", ""), good],
    ):
        answer = await target.attack(operation, headers=headers, known=False)
        target.judge(operation).hear(answer, headers)
        assert answer.status == 401


@pytest.mark.parametrize("operation", GUARDED, ids=str)
async def test_a_token_elsewhere_is_not_looked_at(target: Target, operation: Operation) -> None:
    """TV-24, LK-05: in the query, the body, a cookie or a header of another name."""
    token = (await target.credential())["Authorization"].removeprefix("Bearer ")
    form = f"access_token={token}&token={token}".encode()
    attempts = [
        await target.attack(operation, query=form.decode(), known=False),
        await target.attack(operation, body=form, media="application/x-www-form-urlencoded", known=False),
        await target.attack(operation, body=json.dumps({"access_token": token}).encode(), known=False),
        await target.attack(operation, headers=[("cookie", f"access_token={token}; token={token}")], known=False),
        await target.attack(operation, headers=[("x-access-token", token), ("token", token)], known=False),
        await target.attack(operation, headers=[("proxy-authorization", f"Bearer {token}")], known=False),
        await target.attack(operation, headers=[("x-forwarded-authorization", f"Bearer {token}")], known=False),
    ]
    for answer in attempts:
        target.judge(operation).hear(answer, "a token elsewhere")
        assert (answer.status, json.loads(answer.body)["code"]) == (401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", OPEN, ids=str)
async def test_a_bad_credential_breaks_no_route_that_wants_none(target: Target, operation: Operation) -> None:
    """TV-22: logging out with garbage is fine, and Swagger UI sends a Basic header to the token route."""
    for credential in CREDENTIALS:
        answer = await target.attack(operation, headers=[("authorization", credential)], known=False)
        target.judge(operation).hear(answer, credential)
        assert answer.status != 401


@pytest.mark.parametrize("size", [8_193, 65_536, 1_000_000])
async def test_a_huge_token_costs_nothing(target: Target, size: int) -> None:
    """TV-23: it is refused by its length, before anything is decoded."""
    [operation] = [one for one in OPERATIONS if str(one) == "GET /auth/me"]
    token = (await target.credential())["Authorization"]
    for credential in (f"Bearer {'a' * size}", f"Bearer {'a.' * (size // 2)}", f"{token}{'A' * size}"):
        began = time.process_time()
        answer = await target.attack(operation, headers=[("authorization", credential)], known=False)
        assert time.process_time() - began < 0.1
        assert answer.status == 401


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_no_path_of_ours_redirects(target: Target, operation: Operation) -> None:
    """HD-07: a 307 goes where the Host header says, and takes the password along."""
    for slashes in ("/", "//", "/" * 50):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
            path = target.path_of(operation) + slashes
            if not path.startswith("/auth"):
                continue
            changed = replace(operation, method=method)
            answer = await target.attack(changed, path=path, headers=[("host", "evil.example")])
            assert answer.status == 404, (method, path)
            assert "location" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"


async def test_no_path_of_ours_that_does_not_exist_redirects(target: Target) -> None:
    """HD-07: nor one that would exist with another setting."""
    for path in (
        "/auth",
        "/auth/",
        "/auth/nope",
        "/auth/nope/",
        "/auth/login/x",
        "/auth/register/x/",
        "/.well-known/x/",
    ):
        for method in ("GET", "POST"):
            answer = await target.http.request(method, path, headers={"host": "evil.example"})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert "location" not in answer.headers
