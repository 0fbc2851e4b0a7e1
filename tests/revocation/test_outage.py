"""Redis is away, slow, frozen, flapping, or says no. Nobody waits, nobody is let in, nobody is thrown out."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.core.errors import ConfigurationError, Unavailable
from fastapi_beyond_crud.revocation.policy import RevocationGate
from fastapi_beyond_crud.revocation.postgres import PostgresRevocationBackend
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.revocation.redis_format import bucket_keys
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, Verdict
from fastapi_beyond_crud.testing.revocation import claims_of, session_entry
from fastapi_beyond_crud.tokens.claims import AccessClaims
from tests.revocation.conftest import MakeBackend
from tests.revocation.proxy import Proxy
from tests.revocation.store import Table
from tests.revocation.valkey import Valkey
from tests.revocation.waiting import known


@pytest.fixture
async def proxy(valkey: Valkey) -> AsyncIterator[Proxy]:
    async with Proxy(valkey.port) as proxy:
        yield proxy


@pytest.fixture
async def far_backend(proxy: Proxy, table: Table) -> AsyncIterator[RedisRevocationBackend]:
    """A backend behind the proxy."""
    backend = RedisRevocationBackend(RedisLink.from_url(proxy.url), table.load, prefix="test")
    await backend.start()
    yield backend
    await backend.close()


async def timed(backend: RedisRevocationBackend, claims: AccessClaims) -> tuple[Verdict, float]:
    begun = time.perf_counter()
    verdict = await backend.check(claims)
    return verdict, time.perf_counter() - begun


async def standing_in(table: Table, claims: AccessClaims) -> Verdict:
    entry = session_entry(claims.subject, claims.session_id)
    return REVOKED if (entry.bucket, entry.subject) in table.rows else LIVE


async def test_a_frozen_redis_costs_no_check_more_than_a_moment_and_then_nothing(
    backend: RedisRevocationBackend, valkey: Valkey
) -> None:
    """B-03: SIGSTOP. With a client's usual settings this is six seconds a request."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(backend, claims) == LIVE
    valkey.freeze()
    try:
        early = [await timed(backend, claims) for _ in range(6)]
        late = [await timed(backend, claims) for _ in range(50)]
    finally:
        valkey.thaw()
    assert {verdict for verdict, _ in early + late} == {UNKNOWN}
    assert max(seconds for _, seconds in early) < 0.2
    # The breaker is open: the rest of them asked nobody.
    assert sum(seconds for _, seconds in late) < 0.1
    assert await known(backend, claims) == LIVE


async def test_a_killed_redis_costs_nothing_and_is_found_again(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """B-01: refused connections."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(backend, claims) == LIVE
    before = backend.losses
    valkey.kill()
    given = [await timed(backend, claims) for _ in range(100)]
    assert {verdict for verdict, _ in given} == {UNKNOWN}
    assert max(seconds for _, seconds in given) < 0.2
    assert sum(seconds for _, seconds in given) < 0.5
    await valkey.start()
    assert await known(backend, claims) == LIVE
    assert backend.losses > before


async def test_pushes_to_a_redis_that_is_away_fail_fast_and_say_so(
    backend: RedisRevocationBackend, valkey: Valkey
) -> None:
    """B-01, B-03: a log-out commits in the database; it must not hang on Redis."""
    entry = session_entry(str(uuid4()), str(uuid4()))
    await backend.push([entry])
    valkey.freeze()
    try:
        begun = time.perf_counter()
        with pytest.raises(Unavailable):
            await backend.push([entry])
        assert time.perf_counter() - begun < 1.5
        for _ in range(5):
            with pytest.raises(Unavailable):
                await asyncio.gather(*(backend.push([entry]) for _ in range(5)))
        begun = time.perf_counter()
        with pytest.raises(Unavailable):
            await backend.push([entry])
        assert time.perf_counter() - begun < 0.1
    finally:
        valkey.thaw()


async def test_a_slow_redis_is_not_waited_for(far_backend: RedisRevocationBackend, proxy: Proxy, table: Table) -> None:
    """B-02: 200 ms of delay."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(far_backend, claims) == LIVE
    proxy.delay_seconds = 0.2
    given = [await timed(far_backend, claims) for _ in range(30)]
    assert {verdict for verdict, _ in given} == {UNKNOWN}
    assert max(seconds for _, seconds in given) < 0.2
    assert sum(seconds for _, seconds in given[6:]) < 0.1
    proxy.delay_seconds = 0.0
    assert await known(far_backend, claims) == LIVE


async def test_a_paused_redis_gives_unknown_and_never_live(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """B-02: CLIENT PAUSE."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    await known(backend, claims)
    entry = session_entry(claims.subject, claims.session_id)
    table.commit(entry)
    await backend.push([entry])
    await valkey.do("CLIENT", "PAUSE", "400", "ALL")
    assert await backend.check(claims) == UNKNOWN
    assert await known(backend, claims) == REVOKED


async def test_a_flapping_redis_delays_nobody_and_errs_for_nobody(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """B-04: up and down, with the database as the fallback; log-outs of the meantime count."""
    gate = RevocationGate(backend, fallback=PostgresRevocationBackend(lambda claims: standing_in(table, claims)))
    people = [claims_of(str(uuid4()), str(uuid4())) for _ in range(12)]
    going: set[str] = set()
    gone: set[str] = set()
    slowest, decisions, end = 0.0, 0, False

    async def requests() -> None:
        nonlocal slowest, decisions
        while not end:
            for claims in people:
                was_out = claims.session_id in gone
                begun = time.perf_counter()
                verdict = await gate.verdict(claims)
                slowest = max(slowest, time.perf_counter() - begun)
                decisions += 1
                assert verdict == REVOKED or not was_out
                assert verdict == LIVE or claims.session_id in going
            await asyncio.sleep(0.002)

    asking = asyncio.create_task(requests())
    for claims in people[:6]:
        valkey.kill()
        await asyncio.sleep(0.15)
        entry = session_entry(claims.subject, claims.session_id)
        going.add(claims.session_id)
        table.commit(entry)
        with contextlib.suppress(Unavailable):
            await gate.push([entry])
        gone.add(claims.session_id)
        await valkey.start()
        await asyncio.sleep(0.3)
    end = True
    await asking
    assert decisions > 200
    assert slowest < 0.25


@pytest.mark.parametrize(
    "lie",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-MOVED 1234 127.0.0.1:1\r\n",
        b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
        b"*0\r\n",
        b"*-1\r\n",
        b"$-1\r\n",
        b"*3\r\n$-1\r\n$-1\r\n$-1\r\n",
        b"*3\r\n:1\r\n:2\r\n:3\r\n",
        b"+OK\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"*3\r\n$5000000\r\n",
        b"*999999999\r\n",
        b"\x00\xff\xfe",
    ],
)
async def test_an_answer_that_is_none_is_unknown(far_backend: RedisRevocationBackend, proxy: Proxy, lie: bytes) -> None:
    """B-07: an error is not "not revoked", and nothing of it is an exception."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(far_backend, claims) == LIVE
    proxy.rewrite = lambda data: lie
    for _ in range(3):
        assert await far_backend.check(claims) == UNKNOWN
    proxy.rewrite = bytes
    assert await known(far_backend, claims) == LIVE


async def test_no_damaged_byte_revives_a_revoked_session(
    far_backend: RedisRevocationBackend, proxy: Proxy, table: Table
) -> None:
    """B-07: a proxy that damages one byte of an answer, each byte in turn."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    entry = session_entry(claims.subject, claims.session_id)
    table.commit(entry)
    assert await known(far_backend, claims) == REVOKED
    seen: list[Verdict] = []
    for position in range(75):
        for byte in (b"0", b"-", b"1", b"\r"):
            proxy.rewrite = _damage(position, byte)
            seen.append(await far_backend.check(claims))
            proxy.rewrite = bytes
            seen.append(await known(far_backend, claims))
    assert set(seen) == {REVOKED, UNKNOWN}


def _damage(position: int, byte: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data[:position] + byte + data[position + 1 :] if data.startswith(b"*3") else data


async def test_a_full_redis_refuses_pushes_and_stays_right(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """B-07: OOM. What is known stays known, what is new is unknown and not live."""
    claims, stranger = (claims_of(str(uuid4()), str(uuid4())) for _ in range(2))
    assert await known(backend, claims) == LIVE
    await valkey.do("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(Unavailable):
        await backend.push([session_entry(claims.subject, claims.session_id)])
    assert await backend.check(stranger) == UNKNOWN
    await valkey.do("CONFIG", "SET", "maxmemory", "0")
    assert await known(backend, stranger) == LIVE


async def test_a_wrong_password_stops_the_start_and_does_not_print(valkey: Valkey, table: Table) -> None:
    """B-07: NOAUTH and WRONGPASS at start-up."""
    await valkey.do("CONFIG", "SET", "requirepass", "right horse")
    for credentials in ("", ":wr0ng-h0rse@", "nobody:wr0ng-h0rse@"):
        url = f"redis://{credentials}127.0.0.1:{valkey.port}/0"
        backend = RedisRevocationBackend(RedisLink.from_url(url), table.load, prefix="test")
        with pytest.raises(ConfigurationError) as refusal:
            await backend.start()
        assert "wr0ng" not in repr(refusal.value) + str(refusal.value.__cause__)
        await backend.close()
    right = RedisRevocationBackend(
        RedisLink.from_url(f"redis://:right%20horse@127.0.0.1:{valkey.port}/3"), table.load, prefix="test"
    )
    await right.start()
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(right, claims) == LIVE
    await right.close()


async def test_a_redis_that_is_away_does_not_stop_the_start(valkey: Valkey, make_backend: MakeBackend) -> None:
    """It may come later."""
    valkey.kill()
    backend = await make_backend()
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await backend.check(claims) == UNKNOWN
    await valkey.start()
    assert await known(backend, claims) == LIVE


async def test_a_redis_that_is_loading_does_not_stop_the_start(
    proxy: Proxy, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    """B-07: it greets with LOADING, and is there a moment later."""
    proxy.rewrite = lambda data: b"-LOADING Redis is loading the dataset in memory\r\n" * 2
    backend = RedisRevocationBackend(RedisLink.from_url(proxy.url), table.load, prefix="test")
    await backend.start()
    assert "LOADING" in caplog.text
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await backend.check(claims) == UNKNOWN
    proxy.rewrite = bytes
    assert await known(backend, claims) == LIVE
    await backend.close()


async def test_a_hidden_run_id_is_noticed_by_a_check_too(
    valkey: Valkey, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    """Redis may have been away at the start."""
    await valkey.do("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-info")
    link = RedisLink.from_url(f"redis://app:secret@127.0.0.1:{valkey.port}/0")
    backend = RedisRevocationBackend(link, table.load, prefix="test")
    assert await known(backend, claims_of(str(uuid4()), str(uuid4()))) == LIVE
    assert "hides its run id" in caplog.text
    await backend.close()


async def test_where_the_run_id_is_hidden_presence_counts_and_a_warning_is_written(
    valkey: Valkey, table: Table, make_backend: MakeBackend, caplog: pytest.LogCaptureFixture
) -> None:
    """A flush is still seen at once; an old dump is not, and the log says so once."""
    await valkey.do("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-info")
    caplog.set_level(logging.WARNING)
    backend = await make_backend(f"redis://app:secret@127.0.0.1:{valkey.port}/0")
    await backend.start()
    claims, bystander = (claims_of(str(uuid4()), str(uuid4())) for _ in range(2))
    assert await known(backend, claims) == LIVE
    entry = session_entry(claims.subject, claims.session_id)
    assert await valkey.do("HGET", bucket_keys("test")[entry.bucket], "gen") == b"presence"
    table.commit(entry)
    await backend.push([entry])
    assert await backend.check(claims) == REVOKED
    await valkey.do("FLUSHALL")
    assert await backend.check(claims) == UNKNOWN
    assert await known(backend, claims) == REVOKED
    assert await known(backend, bystander) == LIVE
    assert sum("hides its run id" in message for message in caplog.messages) == 1
