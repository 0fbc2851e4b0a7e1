"""What got lost on the way from the database to Redis is there again soon."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.backend import Tended
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.postgres import PostgresRevocationBackend
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.revocation.sweeper import Sweeper
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, Verdict
from fastapi_beyond_crud.testing.revocation import claims_of, session_entry
from fastapi_beyond_crud.tokens.claims import AccessClaims
from tests.revocation.conftest import MakeBackend
from tests.revocation.proxy import Proxy
from tests.revocation.store import Table
from tests.revocation.valkey import Valkey
from tests.revocation.waiting import known, until


class Source:
    """The two acts of the database that a sweeper needs."""

    def __init__(self) -> None:
        self.log: list[tuple[float, RevocationEntry]] = []
        self.windows: list[timedelta] = []
        self.inactive: list[RevocationEntry] = []
        self.ended = 0
        self.away = False

    def commit(self, entry: RevocationEntry) -> None:
        self.log.append((time.monotonic(), entry))

    async def changed_since(self, window: timedelta) -> Sequence[RevocationEntry]:
        if self.away:
            raise Unavailable("the database is away")
        self.windows.append(window)
        return [entry for at, entry in self.log if at >= time.monotonic() - window.total_seconds()]

    async def end_inactive(self) -> Sequence[RevocationEntry]:
        if self.away:
            raise Unavailable("the database is away")
        self.ended += 1
        ended, self.inactive = self.inactive, []
        return ended


class Deaf(MemoryRevocationBackend):
    """A backend whose store may be out of reach, or may lose something."""

    away = False
    lost = 0

    @property
    def losses(self) -> int:
        return self.lost

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        if self.away:
            raise Unavailable("away")
        await super().push(entries)


@pytest.fixture
def source() -> Source:
    return Source()


async def test_a_log_out_whose_push_failed_is_everywhere_within_two_seconds(
    valkey: Valkey, table: Table, source: Source, make_backend: MakeBackend
) -> None:
    """RV-12: process A is cut off from Redis; the other process asks Redis, which knows nothing yet."""
    async with Proxy(valkey.port) as proxy:
        cut_off, other = await make_backend(proxy.url), await make_backend()
        claims = claims_of(str(uuid4()), str(uuid4()))
        assert await known(other, claims) == LIVE
        sweeper = Sweeper(source.changed_since, source.end_inactive, other)
        await sweeper.start()
        proxy.upstream = 1
        proxy.cut()
        entry = session_entry(claims.subject, claims.session_id)
        table.commit(entry)
        source.commit(entry)
        with pytest.raises(Unavailable):
            await cut_off.push([entry])
        took = await until(lambda: _is_revoked(other, claims.subject, claims.session_id))
        assert took < 2
        await sweeper.close()
        await cut_off.close()


async def _is_revoked(backend: RedisRevocationBackend, user: str, session: str) -> bool:
    return await backend.check(claims_of(user, session)) == REVOKED


async def test_a_commit_that_was_never_pushed_is_made_known_by_the_next_process(source: Source) -> None:
    """RV-12: the process died in between, half an hour ago; the first round looks back an access lifetime."""
    entry = session_entry("u", "s")
    source.log.append((time.monotonic() - 1_800, entry))
    backend = MemoryRevocationBackend()
    await Sweeper(source.changed_since, source.end_inactive, backend).sweep()
    assert await backend.check(claims_of("u", "s")) == REVOKED


async def test_a_usual_round_looks_back_a_little_and_a_round_after_a_failure_to_the_last_success(
    source: Source,
) -> None:
    backend = Deaf()
    sweeper = Sweeper(source.changed_since, source.end_inactive, backend, overlap=timedelta(seconds=10))
    await sweeper.sweep()
    await sweeper.sweep()
    backend.away = True
    source.commit(session_entry("u", "s"))
    await sweeper.sweep()
    await asyncio.sleep(0.3)
    backend.away = False
    await sweeper.sweep()
    await sweeper.sweep()
    first, usual, failed, mending, after = (window.total_seconds() for window in source.windows)
    assert first == 3600
    assert 10 <= usual < 10.2
    assert 10 <= failed < 10.2
    assert 10.3 <= mending < 10.6
    assert 10 <= after < 10.2
    assert await backend.check(claims_of("u", "s")) == REVOKED


async def test_a_round_after_a_loss_looks_back_minutes(source: Source) -> None:
    """RV-11: a new connection may lead to a server that had not heard of the last writes."""
    backend = Deaf()
    sweeper = Sweeper(source.changed_since, source.end_inactive, backend)
    await sweeper.sweep()
    backend.lost += 1
    await sweeper.sweep()
    await sweeper.sweep()
    assert [round(window.total_seconds()) for window in source.windows] == [3600, 300, 10]


async def test_sessions_of_users_switched_off_by_hand_are_ended_now_and_then(source: Source) -> None:
    """RV-09: UPDATE users SET is_active = false, in psql."""
    backend = MemoryRevocationBackend()
    sweeper = Sweeper(
        source.changed_since,
        source.end_inactive,
        backend,
        every=timedelta(milliseconds=5),
        inactive_every=timedelta(milliseconds=100),
    )
    await sweeper.start()
    await until(lambda: _reached(source, 1))
    source.inactive.append(session_entry("u", "s"))
    await until(lambda: _reached(source, 3))
    assert await backend.check(claims_of("u", "s")) == REVOKED
    assert len(source.windows) > source.ended * 3
    await sweeper.close()


async def _reached(source: Source, count: int) -> bool:
    return source.ended >= count


async def test_an_outage_is_logged_once_and_survived(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    """The loop never dies; the log is not filled by it."""
    caplog.set_level(logging.INFO)
    backend = MemoryRevocationBackend()
    sweeper = Sweeper(source.changed_since, source.end_inactive, backend, every=timedelta(milliseconds=2))
    source.away = True
    await sweeper.start()
    await asyncio.sleep(0.1)
    source.commit(session_entry("u", "s"))
    source.away = False

    async def healed() -> bool:
        return await backend.check(claims_of("u", "s")) == REVOKED

    await until(healed)
    await sweeper.close()
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "the database is away" in warnings[0]
    assert sum("over again" in message for message in caplog.messages) == 2


async def test_a_mistake_is_logged_with_its_traceback_and_survived(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> Sequence[RevocationEntry]:
        raise ZeroDivisionError

    backend = MemoryRevocationBackend()
    source.commit(session_entry("u", "s"))
    await Sweeper(source.changed_since, broken, backend).sweep()
    assert await backend.check(claims_of("u", "s")) == REVOKED
    assert caplog.records[0].exc_info


async def test_closing_in_the_middle_of_a_round_is_clean(source: Source) -> None:
    """Nothing is left running, and a second close is nothing."""
    begun = asyncio.Event()

    async def endless(window: timedelta) -> Sequence[RevocationEntry]:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    sweeper = Sweeper(endless, source.end_inactive, MemoryRevocationBackend())
    await sweeper.start()
    await sweeper.start()
    await begun.wait()
    await asyncio.wait_for(sweeper.close(), 1)
    await sweeper.close()


async def test_a_backend_without_a_store_is_swept_as_well(source: Source) -> None:
    """PostgreSQL needs no pushes, and inactive users' sessions have to end there too."""

    async def standing(claims: AccessClaims) -> Verdict:
        return LIVE

    backend = PostgresRevocationBackend(standing)
    assert not isinstance(backend, Tended)
    await Sweeper(source.changed_since, source.end_inactive, backend).sweep()
    assert source.ended == 1


async def test_a_sweeper_prunes_a_backend_with_a_store(backend: RedisRevocationBackend, source: Source) -> None:
    """A few buckets a round, so that no round is a burden."""
    assert isinstance(backend, Tended)
    user = str(uuid4())
    await known(backend, claims_of(user, "any"))
    old = session_entry(user, "old", seconds=-120)
    await backend.push([old])
    sweeper = Sweeper(source.changed_since, source.end_inactive, backend)
    assert await _is_revoked(backend, user, "old")
    for _ in range(257):
        await sweeper.sweep()
    assert await backend.check(claims_of(user, "old")) == LIVE
