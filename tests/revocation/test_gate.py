"""What a request is told when the backend does not know."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from fastapi_beyond_crud.core.buckets import RevocationEntry, bucket_of
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.policy import RevocationGate
from fastapi_beyond_crud.revocation.postgres import PostgresRevocationBackend
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, UNSURE, Stale, Verdict
from fastapi_beyond_crud.testing.revocation import claims_of, session_entry, user_entry
from fastapi_beyond_crud.tokens.claims import AccessClaims
from tests.revocation.valkey import Valkey
from tests.revocation.waiting import known


class Away:
    """A backend without its server. Pushes fail as well."""

    async def check(self, claims: AccessClaims) -> Verdict:
        return UNKNOWN

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        raise Unavailable("away")

    async def start(self) -> None: ...

    async def close(self) -> None: ...


class Forgetful(Away):
    """A backend whose server answers, and has lost what it held."""

    async def check(self, claims: AccessClaims) -> Verdict:
        return UNSURE


class Database:
    """The truth, behind a statement that takes its time."""

    def __init__(self) -> None:
        self.truth = MemoryRevocationBackend()
        self.reads = self.running = self.most_at_once = 0
        self.away = False
        self.seconds = 0.0

    async def standing(self, claims: AccessClaims) -> Verdict:
        self.reads += 1
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            if self.away:
                raise Unavailable("the database is away")
            verdict = await self.truth.check(claims)
            await asyncio.sleep(self.seconds)
            return verdict
        finally:
            self.running -= 1

    async def commit(self, *entries: RevocationEntry) -> None:
        await self.truth.push(entries)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def gate(database: Database) -> RevocationGate:
    return RevocationGate(Away(), fallback=PostgresRevocationBackend(database.standing))


async def test_without_a_fallback_unknown_is_unavailable_and_not_revoked() -> None:
    """B-01, AUTH_ON_REVOCATION_UNKNOWN=deny: 503 with Retry-After, never 401."""
    with pytest.raises(Unavailable) as refusal:
        await RevocationGate(Away(), fallback=None).verdict(claims_of("u", "s"))
    assert refusal.value.retry_after_seconds == 1


async def test_with_both_servers_away_it_is_unavailable(gate: RevocationGate, database: Database) -> None:
    """B-22. And an error is not remembered: the next request asks again."""
    database.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await gate.verdict(claims_of("u", "s"))
    assert database.reads == 2
    database.away = False
    assert await gate.verdict(claims_of("u", "s")) == LIVE


async def test_the_database_decides_when_the_backend_does_not_know(gate: RevocationGate, database: Database) -> None:
    """B-01."""
    await database.commit(session_entry("u", "out"), user_entry("u", cutoff=3, version=5))
    assert await gate.verdict(claims_of("u", "out", version=5)) == REVOKED
    assert await gate.verdict(claims_of("u", "in", version=2)) == REVOKED
    assert await gate.verdict(claims_of("u", "in", version=3)) == Stale(5)
    assert await gate.verdict(claims_of("u", "in", version=5)) == LIVE


async def test_the_fallback_is_not_asked_when_the_backend_knows(database: Database) -> None:
    """It is the slow way."""
    gate = RevocationGate(MemoryRevocationBackend(), fallback=PostgresRevocationBackend(database.standing))
    assert await gate.verdict(claims_of("u", "s")) == LIVE
    assert database.reads == 0


async def test_a_session_is_read_once_a_second(gate: RevocationGate, database: Database) -> None:
    """And a token with another version of the rights is another question."""
    for _ in range(50):
        assert await gate.verdict(claims_of("u", "s")) == LIVE
    assert database.reads == 1
    await gate.verdict(claims_of("u", "s", version=2))
    await gate.verdict(claims_of("u", "t"))
    assert database.reads == 3
    await database.commit(session_entry("u", "s"))
    begun = asyncio.get_running_loop().time()
    while await gate.verdict(claims_of("u", "s")) == LIVE:
        await asyncio.sleep(0.01)
    assert 0.5 < asyncio.get_running_loop().time() - begun < 1.5


async def test_nothing_is_remembered_while_the_server_answers(database: Database) -> None:
    """RV-10: another process logs out, and Redis is flushed in the same second: the very next request is refused.

    An answer that is a second old is a price for an outage. A server that answers and has lost its data is none: its
    bucket is complete again in some milliseconds.
    """
    gate = RevocationGate(Forgetful(), fallback=PostgresRevocationBackend(database.standing))
    assert await gate.verdict(claims_of("u", "s")) == LIVE
    await database.commit(session_entry("u", "s"))
    assert await gate.verdict(claims_of("u", "s")) == REVOKED


async def test_what_was_read_before_an_outage_is_not_remembered_in_it(database: Database) -> None:
    """RV-10: Redis is killed in the second in which another process logs out."""
    gate = RevocationGate(Forgetful(), fallback=PostgresRevocationBackend(database.standing))
    assert await gate.verdict(claims_of("u", "s")) == LIVE
    await database.commit(session_entry("u", "s"))
    gate.backend = Away()
    assert await gate.verdict(claims_of("u", "s")) == REVOKED


async def test_requests_that_come_together_share_one_read(gate: RevocationGate, database: Database) -> None:
    """B-05: a page that sends twenty requests asks the database once."""
    database.seconds = 0.02
    verdicts = await asyncio.gather(*(gate.verdict(claims_of("u", "s")) for _ in range(20)))
    assert verdicts == [LIVE] * 20
    assert database.reads == 1


async def test_one_who_hangs_up_takes_nothing_from_the_others(gate: RevocationGate, database: Database) -> None:
    """The read belongs to none of them."""
    database.seconds = 0.02
    first, second = (asyncio.create_task(gate.verdict(claims_of("u", "s"))) for _ in range(2))
    await asyncio.sleep(0.005)
    first.cancel()
    assert await second == LIVE
    assert first.cancelled()
    assert database.reads == 1


@pytest.mark.parametrize("entry", [session_entry("u", "s"), user_entry("u", cutoff=9, version=9)])
async def test_a_log_out_on_this_process_drops_what_is_remembered(
    gate: RevocationGate, database: Database, entry: RevocationEntry
) -> None:
    """Even though the push itself fails: the next request is told."""
    assert await gate.verdict(claims_of("u", "s")) == LIVE
    await database.commit(entry)
    with pytest.raises(Unavailable):
        await gate.push([entry])
    assert await gate.verdict(claims_of("u", "s")) == REVOKED


async def test_a_read_that_began_before_a_log_out_answers_nobody_who_came_after(
    gate: RevocationGate, database: Database
) -> None:
    """RV-13: it is not joined, and it is not remembered."""
    database.seconds = 0.05
    early = asyncio.create_task(gate.verdict(claims_of("u", "s")))
    await asyncio.sleep(0.01)
    await database.commit(session_entry("u", "s"))
    with pytest.raises(Unavailable):
        await gate.push([session_entry("u", "s")])
    assert await gate.verdict(claims_of("u", "s")) == REVOKED
    assert await early == LIVE
    assert await gate.verdict(claims_of("u", "s")) == REVOKED


async def test_the_database_is_asked_by_few_at_a_time(gate: RevocationGate, database: Database) -> None:
    """B-05: a thousand sessions at once; 32 statements at a time, and everybody is served."""
    database.seconds = 0.002
    verdicts = await asyncio.gather(*(gate.verdict(claims_of(str(uuid4()), str(uuid4()))) for _ in range(1_000)))
    assert verdicts == [LIVE] * 1_000
    assert database.most_at_once == 32


async def test_a_database_that_hangs_is_given_a_second(gate: RevocationGate, database: Database) -> None:
    """B-11: then it is 503, for those who wait in the queue as well."""
    database.seconds = 30
    begun = asyncio.get_running_loop().time()
    waiting = [gate.verdict(claims_of(str(uuid4()), "s")) for _ in range(40)]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert asyncio.get_running_loop().time() - begun < 2


async def test_what_is_remembered_is_bounded(gate: RevocationGate, database: Database) -> None:
    """A flood of tokens during an outage must not fill the memory."""
    for number in range(10_500):
        await gate.verdict(claims_of(f"u{number}", "s"))
    assert sum(len(known.verdicts) for known in gate._known.values()) <= 10_000


async def test_two_users_never_share_what_is_remembered(gate: RevocationGate, database: Database) -> None:
    """Not even if their sessions had one name."""
    one, other = "user-a", next(f"user-{n}" for n in range(9_999) if bucket_of(f"user-{n}") == bucket_of("user-a"))
    await database.commit(user_entry(one, cutoff=5, version=5))
    assert await gate.verdict(claims_of(one, "s")) == REVOKED
    assert await gate.verdict(claims_of(other, "s")) == LIVE


async def test_a_mistake_in_the_database_code_is_not_hidden(gate: RevocationGate) -> None:
    """Only a server that is away is UNKNOWN."""

    async def broken(claims: AccessClaims) -> Verdict:
        raise ZeroDivisionError

    gate = RevocationGate(Away(), fallback=PostgresRevocationBackend(broken))
    with pytest.raises(ZeroDivisionError):
        await gate.verdict(claims_of("u", "s"))


async def test_a_gate_without_a_fallback_starts_pushes_and_closes() -> None:
    """AUTH_ON_REVOCATION_UNKNOWN=deny."""
    gate = RevocationGate(MemoryRevocationBackend(), fallback=None)
    await gate.start()
    await gate.push([session_entry("u", "s")])
    assert await gate.verdict(claims_of("u", "s")) == REVOKED
    await gate.close()


async def test_closing_ends_what_is_being_read(gate: RevocationGate, database: Database) -> None:
    """No task outlives the application."""
    database.seconds = 30
    waiting = asyncio.create_task(gate.verdict(claims_of("u", "s")))
    await asyncio.sleep(0.01)
    await gate.start()
    await gate.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert database.running == 0


async def test_a_redis_that_lost_its_data_is_told_from_one_that_is_away(
    backend: RedisRevocationBackend, valkey: Valkey
) -> None:
    """Only in an outage may an answer be a second old."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    empty = await backend.check(claims)
    assert await known(backend, claims) == LIVE
    await valkey.client.flushall()
    flushed = await backend.check(claims)
    valkey.kill()
    killed = await backend.check(claims)
    assert [verdict == UNKNOWN for verdict in (empty, flushed, killed)] == [True] * 3
    assert [getattr(verdict, "is_reachable", None) for verdict in (empty, flushed, killed)] == [True, True, False]
