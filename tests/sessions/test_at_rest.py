"""What a thief of the database or of Redis finds: nothing that opens a door."""

import base64
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from tests.support.application import PASSWORD, Application, SignedIn
from tests.support.process import Process


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


def spellings(data: bytes) -> Iterator[str]:
    """The ways in which bytes may stand in a dump."""
    yield data.hex()
    yield base64.b64encode(data).decode().rstrip("=")
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")


def usable_parts(session: SignedIn) -> Iterator[str]:
    """Everything about the tokens of a session that must not be stored."""
    raw = base64.urlsafe_b64decode(session.refresh_token)
    for token in (session.refresh_token, session.access_token):
        yield token
        yield from spellings(token.encode())
    for part in (raw, raw[:16], raw[16:]):
        yield from spellings(part)
    signature = session.access_token.rsplit(".", 1)[1]
    yield signature
    yield from spellings(base64.urlsafe_b64decode(signature + "=="))


async def dump_of_database(application: Application) -> str:
    """Every row of every table, as text; bytes are in hexadecimal."""
    tables = await application.sql("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    lines = []
    for (table,) in tables:
        lines += [row[0] for row in await application.sql(f"SELECT t::text FROM {table} AS t")]  # noqa: S608
    return "\n".join(lines)


async def dump_of_redis(url: str) -> str:
    """Every key and every value, as text and in hexadecimal."""
    async with Redis.from_url(url, protocol=2) as client:
        found: list[bytes] = []
        async for key in client.scan_iter(count=1000):
            found += [key, await client.dump(key) or b""]
            if await client.type(key) == b"hash":
                # Without decode_responses all answers are bytes, which the type of the client cannot say.
                found += [bytes(part) for part in await client.hkeys(key)]  # type: ignore[arg-type]
                found += [bytes(part) for part in await client.hvals(key)]  # type: ignore[arg-type]
    return "\n".join(f"{part.decode('latin-1')}\n{part.hex()}" for part in found)


async def test_a_dump_of_everything_holds_no_usable_token(
    application: Application, two_processes: tuple[Process, Process], redis_url: str
) -> None:
    """RT-20: current, spent, recovered and revoked ones alike; nor a password, nor the key that signs."""
    server, _ = two_processes
    first = await server.signed_in()
    second = await server.refreshed(first)
    recovered = await server.refreshed(first)
    ended = await server.signed_in(first.person)
    await server.http.post("/auth/logout", headers=ended.headers)
    issued = await application.issued(first.person)
    secret = application.auth.settings.secret_key_bytes
    everything = await dump_of_database(application) + await dump_of_redis(redis_url)

    for session in (first, second, recovered, ended, issued):
        found = [part for part in usable_parts(session) if part in everything]
        assert found == []
        # The dump is a real one: it knows the session by its id.
        assert str(session.session_id) in everything
    assert f"s:{ended.session_id}" in await dump_of_redis(redis_url)
    assert PASSWORD not in everything
    assert [part for part in spellings(PASSWORD.encode()) if part in everything] == []
    assert [part for part in spellings(secret) if part in everything] == []


async def test_what_the_database_holds_cannot_be_shown_as_a_token(application: Application) -> None:
    """RT-20: a stolen row, put together in the shape of a token in each possible way, ends or renews nothing."""
    session = await application.signed_in()
    second = await application.refreshed(session)
    (row,) = await application.sql(
        "SELECT family_hash, current_hash, previous_hash, nonce FROM user_sessions WHERE id = :id",
        id=session.session_id,
    )
    values = [bytes(value) for value in row]
    for family in values:
        for secret in values:
            for part in (family[:16], family[16:]):
                made_up = base64.urlsafe_b64encode(part + secret).decode()
                assert (await application.refresh(made_up)).status_code == 401
    assert (await application.refresh(second.refresh_token)).status_code == 200


async def test_a_pair_does_not_print_its_tokens(application: Application) -> None:
    pair = await application.auth.tokens.issue(application.key(await application.registered()))
    for text in (repr(pair), str(pair)):
        assert pair.access_token not in text
        assert pair.refresh_token not in text
