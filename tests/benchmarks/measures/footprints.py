"""What is kept for each revocation and for each session."""

import time
import tracemalloc
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

from redis.asyncio import Redis

from fastapi_beyond_crud import UserCreate
from fastapi_beyond_crud.accounts.service import AccountService
from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from tests.benchmarks.figures import Footprint
from tests.benchmarks.site import Site
from tests.benchmarks.systems import new_credentials

SESSIONS_A_PERSON = 50
_AT_ONCE = 20_000
_HOUR = 3600


async def measure_footprints(site: Site, *, revocations: Sequence[int], sessions: int) -> list[Footprint]:
    """All of it, on a site that nobody else uses."""
    found = [await _in_memory(min(revocations))]
    found += [await _in_redis(site, count) for count in revocations]
    return found + await _sessions(site, sessions)


async def _in_memory(count: int) -> Footprint:
    backend = MemoryRevocationBackend()
    tracemalloc.start()
    for entries in _entries(count):
        await backend.push(entries)
    # The entries themselves are gone at the end of the loop but for the last ones.
    entries = []
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(backend) == count
    return Footprint(of="revocation", where="memory", count=count, bytes_each=used / count)


async def _in_redis(site: Site, count: int) -> Footprint:
    async with Redis.from_url(site.redis_url) as redis:
        await redis.flushdb()
        before = await _used(redis)
        backend = RedisRevocationBackend(RedisLink.from_url(site.redis_url), _nothing, prefix="footprint")
        await backend.start()
        for entries in _entries(count):
            await backend.push(entries)
        await backend.close()
        used = await _used(redis) - before
        await redis.flushdb()
    return Footprint(of="revocation", where="redis", count=count, bytes_each=used / count)


async def _sessions(site: Site, count: int) -> list[Footprint]:
    """Sessions are opened as log-ins open them, then each is refreshed once."""
    async with site.auth(revocation="redis") as auth, Redis.from_url(site.redis_url) as redis:
        people = [await _registered(auth.accounts) for _ in range(max(1, count // SESSIONS_A_PERSON))]
        keys, rows = await redis.dbsize(), len(people) * SESSIONS_A_PERSON
        for person in people:
            for _ in range(SESSIONS_A_PERSON):
                pair = await auth.tokens.issue(person)
                await auth.tokens.refresh(pair.refresh_token)
        new_keys = await redis.dbsize() - keys
    table = await site.fetch_value("SELECT pg_table_size('user_sessions')")
    indexes = await site.fetch_value("SELECT pg_indexes_size('user_sessions')")
    assert await site.fetch_value("SELECT count(*) FROM user_sessions") == rows
    return [
        Footprint(of="session", where="postgres, row", count=rows, bytes_each=table / rows),
        Footprint(of="session", where="postgres, indexes", count=rows, bytes_each=indexes / rows),
        Footprint(of="session", where="redis, keys", count=rows, bytes_each=new_keys / rows),
    ]


async def _registered(accounts: AccountService) -> UUID:
    account = await accounts.register(UserCreate.model_validate(new_credentials()))
    key: UUID = account.user.id
    return key


def _entries(count: int) -> Iterator[list[RevocationEntry]]:
    until = int(time.time()) + _HOUR
    for start in range(0, count, _AT_ONCE):
        size = min(_AT_ONCE, count - start)
        yield [
            RevocationEntry.of_session(user_id=str(uuid4()), session_id=str(uuid4()), until=until) for _ in range(size)
        ]


async def _nothing(bucket: int) -> Sequence[RevocationEntry]:
    return ()


async def _used(redis: Redis) -> int:
    return int((await redis.info("memory"))["used_memory"])
