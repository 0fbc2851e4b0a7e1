"""One process, no server."""

import time
import tracemalloc
from uuid import uuid4

import pytest

from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, Stale
from fastapi_beyond_crud.testing.revocation import claims_of, session_entry, user_entry
from tests.revocation.store import Table


async def test_a_restart_revives_nothing(table: Table) -> None:
    """RV-10: what the database knows is loaded before the first verdict."""
    table.commit(session_entry("u", "out"), user_entry("v", cutoff=2, version=4))
    backend = MemoryRevocationBackend(table.load_all)
    assert await backend.check(claims_of("u", "in")) == UNKNOWN
    await backend.start()
    assert await backend.check(claims_of("u", "out")) == REVOKED
    assert await backend.check(claims_of("u", "in")) == LIVE
    assert await backend.check(claims_of("v", "s", version=1)) == REVOKED
    assert await backend.check(claims_of("v", "s", version=2)) == Stale(4)


async def test_what_is_pushed_before_the_start_is_believed_and_kept(table: Table) -> None:
    """A log-out may come while the table is being read."""
    backend = MemoryRevocationBackend(table.load_all)
    await backend.push([session_entry("u", "s"), user_entry("v", cutoff=1, version=3)])
    assert await backend.check(claims_of("u", "s")) == REVOKED
    assert await backend.check(claims_of("v", "t", version=2)) == UNKNOWN
    await backend.start()
    assert await backend.check(claims_of("u", "s")) == REVOKED
    assert await backend.check(claims_of("v", "t", version=2)) == Stale(3)


async def test_without_the_database_it_does_not_start(table: Table) -> None:
    """And goes on to know nothing."""
    table.away = True
    backend = MemoryRevocationBackend(table.load_all)
    with pytest.raises(Unavailable):
        await backend.start()
    assert await backend.check(claims_of("u", "s")) == UNKNOWN


async def test_entries_whose_time_is_over_are_forgotten_a_piece_at_a_time() -> None:
    """No request pays for all of them, and none is forgotten early."""
    now = time.time()
    backend = MemoryRevocationBackend(clock=lambda: now)
    await backend.push([session_entry("u", str(uuid4()), seconds=60) for _ in range(2_500)])
    await backend.push([user_entry("v", cutoff=1, version=1, seconds=60), session_entry("u", "long", seconds=3_600)])
    assert len(backend) == 2_502
    now += 59
    assert await backend.prune() == 0
    now += 121
    assert await backend.prune() == 1_000
    await backend.push([])
    assert len(backend) == 502
    assert await backend.prune() == 501
    assert await backend.prune() == 0
    assert await backend.check(claims_of("u", "long")) == REVOKED
    assert len(backend) == 1


async def test_an_entry_that_was_prolonged_outlives_its_first_time() -> None:
    now = time.time()
    backend = MemoryRevocationBackend(clock=lambda: now)
    await backend.push([session_entry("u", "s", seconds=60), user_entry("u", cutoff=5, version=5, seconds=60)])
    await backend.push([session_entry("u", "s", seconds=3_600), user_entry("u", cutoff=5, version=5, seconds=3_600)])
    now += 300
    await backend.prune()
    assert await backend.check(claims_of("u", "s")) == REVOKED
    assert await backend.check(claims_of("u", "t", version=4)) == REVOKED
    now += 3_600
    await backend.prune()
    assert len(backend) == 0


async def test_a_session_id_that_only_looks_like_a_uuid_is_kept_as_text() -> None:
    backend = MemoryRevocationBackend()
    session = "session!-with-five-part-and-36-lette"
    assert len(session) == 36
    lookalike = "sessions-with-five-part-and036lette!"
    await backend.push([session_entry("u", session), session_entry("u", lookalike)])
    assert await backend.check(claims_of("u", session)) == REVOKED
    assert await backend.check(claims_of("u", lookalike)) == REVOKED
    assert await backend.check(claims_of("u", session.upper())) == LIVE
    await backend.close()


async def test_a_revoked_session_costs_little_memory() -> None:
    """At most 120 bytes each, keys included."""
    backend = MemoryRevocationBackend()
    count = 20_000
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(count):
            await backend.push([session_entry("u", str(uuid4()))])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(backend) == count
    assert (after - before) / count <= 120
