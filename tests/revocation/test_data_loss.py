"""Redis loses what it was told. A revoked token must not come back to life, not even for one request."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import uuid4

import pytest

from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import ConfigurationError, Unavailable
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.revocation.redis_format import bucket_keys
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, Stale, Verdict
from fastapi_beyond_crud.testing.revocation import claims_of, session_entry, user_entry
from fastapi_beyond_crud.tokens.claims import AccessClaims
from tests.revocation.conftest import MakeBackend, MakeValkey
from tests.revocation.proxy import Proxy
from tests.revocation.store import Table
from tests.revocation.valkey import Valkey
from tests.revocation.waiting import known, until


async def revoked_people(backend: RedisRevocationBackend, table: Table, count: int) -> list[AccessClaims]:
    """People whose log-out was committed, pushed, and seen."""
    people = [claims_of(str(uuid4()), str(uuid4())) for _ in range(count)]
    for claims in people:
        assert await known(backend, claims) == LIVE
    entries = [session_entry(claims.subject, claims.session_id) for claims in people]
    table.commit(*entries)
    await backend.push(entries)
    assert [await backend.check(claims) for claims in people] == [REVOKED] * count
    return people


async def verdicts_until_known(backend: RedisRevocationBackend, people: list[AccessClaims]) -> Counter[Verdict]:
    """All verdicts that were given on the way to the last one's REVOKED."""
    given: Counter[Verdict] = Counter()

    async def all_known() -> bool:
        now = await asyncio.gather(*(backend.check(claims) for claims in people))
        given.update(now)
        return all(verdict != UNKNOWN for verdict in now)

    await until(all_known)
    return given


async def test_flushed_revocations_are_unknown_and_then_revoked(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """RV-10, B-05: FLUSHALL."""
    people = await revoked_people(backend, table, 40)
    for _ in range(3):
        await valkey.do("FLUSHALL")
        first = [await backend.check(claims) for claims in people[:5]]
        given = await verdicts_until_known(backend, people)
        assert first == [UNKNOWN] * 5
        assert set(given) == {UNKNOWN, REVOKED}


async def test_an_empty_restart_revives_nothing(backend: RedisRevocationBackend, table: Table, valkey: Valkey) -> None:
    """RV-10, B-05: SIGKILL, and a start without any data."""
    people = await revoked_people(backend, table, 40)
    valkey.kill()
    await valkey.start()
    given = await verdicts_until_known(backend, people)
    assert set(given) <= {UNKNOWN, REVOKED}
    assert given[REVOKED] >= 40


async def test_a_restart_from_an_old_dump_revives_nothing(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """RV-10: the dump knows the buckets, complete and without the last revocations."""
    bystanders = [claims_of(str(uuid4()), str(uuid4())) for _ in range(20)]
    for claims in bystanders:
        assert await known(backend, claims) == LIVE
    early = await revoked_people(backend, table, 20)
    await valkey.do("SAVE")
    late = await revoked_people(backend, table, 0)
    for claims in bystanders:
        entry = session_entry(claims.subject, claims.session_id)
        table.commit(entry)
        await backend.push([entry])
        late.append(claims)
    valkey.kill()
    assert (valkey.home / "dump.rdb").stat().st_size > 1_000
    await valkey.start()
    assert await valkey.do("DBSIZE") > 0, "the old dump was not read, so this test shows nothing"
    given = await verdicts_until_known(backend, early + late)
    assert set(given) <= {UNKNOWN, REVOKED}


async def test_a_promoted_replica_that_missed_the_last_write_revives_nothing(
    valkey: Valkey, make_valkey: MakeValkey, table: Table, make_backend: MakeBackend
) -> None:
    """RV-11, B-06: the replica holds complete buckets, built on the primary that is gone."""
    await valkey.do("CONFIG", "SET", "repl-diskless-sync-delay", "0")
    replica = make_valkey("--replicaof", "127.0.0.1", str(valkey.port))
    async with Proxy(valkey.port) as proxy:
        backend = await make_backend(proxy.url)
        people = [claims_of(str(uuid4()), str(uuid4())) for _ in range(20)]
        for claims in people:
            assert await known(backend, claims) == LIVE

        async def replicated() -> bool:
            return bool(await replica.do("DBSIZE") == await valkey.do("DBSIZE"))

        await until(replicated, seconds=10)
        await replica.do("REPLICAOF", "NO", "ONE")
        entries = [session_entry(claims.subject, claims.session_id) for claims in people]
        table.commit(*entries)
        await backend.push(entries)
        assert await backend.check(people[0]) == REVOKED
        proxy.upstream = replica.port
        proxy.cut()
        given = await verdicts_until_known(backend, people)
        assert set(given) <= {UNKNOWN, REVOKED}
        assert given[REVOKED] >= len(people)
        await backend.close()


async def test_a_server_that_became_a_replica_is_not_believed(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """B-07: it keeps its connections and answers, and the log-outs of others go elsewhere now (READONLY)."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(backend, claims) == LIVE
    await valkey.do("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(Unavailable):
        await backend.push([session_entry(claims.subject, claims.session_id)])
    assert await backend.check(claims) == UNKNOWN
    await valkey.do("REPLICAOF", "NO", "ONE")
    await backend.push([session_entry(claims.subject, claims.session_id)])
    assert await known(backend, claims) == REVOKED


async def test_evicted_revocations_stay_revoked(backend: RedisRevocationBackend, table: Table, valkey: Valkey) -> None:
    """RV-14, B-09: correctness does not depend on the eviction policy."""
    people = await revoked_people(backend, table, 30)
    await valkey.do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    await valkey.do("CONFIG", "SET", "maxmemory", "3mb")
    given: Counter[Verdict] = Counter()
    for number in range(60):
        for junk in range(10):
            await valkey.do("SET", f"junk:{number}:{junk}", "x" * 10_000)
        given.update(await asyncio.gather(*(backend.check(claims) for claims in people)))
    assert (await valkey.client.info("stats"))["evicted_keys"] > 100
    assert given[UNKNOWN] > 0, "no bucket was evicted, so this test shows nothing"
    assert set(given) <= {UNKNOWN, REVOKED}


async def test_an_eviction_policy_that_costs_rebuilds_is_named(
    backend: RedisRevocationBackend, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    """B-09: asked for, and in the log of a start."""
    assert await backend.findings() == []
    await valkey.do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    (sentence,) = await backend.findings()
    assert "maxmemory-policy" in sentence
    await backend.start()
    assert sentence in caplog.messages
    valkey.kill()
    assert await backend.findings() == []


async def test_a_cutoff_and_a_role_change_survive_a_flush(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """What is in the table comes back with its numbers."""
    user = str(uuid4())
    table.commit(user_entry(user, cutoff=4, version=9))
    await valkey.do("FLUSHALL")
    assert await known(backend, claims_of(user, "s", version=3)) == REVOKED
    assert await known(backend, claims_of(user, "s", version=4)) == Stale(9)
    assert await known(backend, claims_of(user, "s", version=9)) == LIVE


@pytest.mark.parametrize(
    "nonsense", [b"", b"soon", b"-1", b"1:2", b"99999999999999999", b"1:2:3:4", b"\xff\x00", b"1.5:2:3"]
)
async def test_nonsense_in_an_entry_is_unknown_until_it_is_mended(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey, nonsense: bytes
) -> None:
    """B-07: never LIVE, and never an exception."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(backend, claims) == LIVE
    entries = [session_entry(claims.subject, claims.session_id), user_entry(claims.subject, version=3)]
    key = bucket_keys("test")[entries[0].bucket]
    for entry in entries:
        await valkey.do("HSET", key, entry.subject, nonsense)
        assert await backend.check(claims) == UNKNOWN
    table.commit(entries[0])
    assert await known(backend, claims) == REVOKED


async def test_nonsense_that_no_token_meets_is_swept_away_and_the_bucket_built_again(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """It may stand where a revocation stood."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(backend, claims) == LIVE
    entry = session_entry(claims.subject, claims.session_id)
    table.commit(entry)
    await valkey.do("HSET", bucket_keys("test")[entry.bucket], entry.subject, "nonsense")
    for _ in range(257):
        await backend.prune()
    assert await backend.check(claims) == UNKNOWN
    assert await known(backend, claims) == REVOKED


async def test_a_bucket_of_another_type_is_replaced(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """B-07: WRONGTYPE. It holds no entries, so nothing is lost with it."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    entry = session_entry(claims.subject, claims.session_id)
    key = bucket_keys("test")[entry.bucket]
    table.commit(entry)
    await valkey.do("SET", key, "not a hash")
    assert await backend.check(claims) == UNKNOWN
    assert await known(backend, claims) == REVOKED
    await valkey.do("SET", key, "not a hash")
    await backend.push([user_entry(claims.subject, version=2)])
    assert await known(backend, claims) == REVOKED


async def test_a_wrong_gen_is_never_believed(backend: RedisRevocationBackend, valkey: Valkey) -> None:
    """B-07: only the run id of the server that answers counts."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(backend, claims) == LIVE
    key = bucket_keys("test")[session_entry(claims.subject, "s").bucket]
    for wrong in (b"", b"presence", b"0" * 40, (await valkey.do("HGET", key, "gen")).upper() + b" "):
        await valkey.do("HSET", key, "gen", wrong)
        assert await backend.check(claims) == UNKNOWN
        assert await known(backend, claims) == LIVE


async def test_a_flush_does_not_send_a_herd_to_the_database(
    make_backend: MakeBackend, table: Table, valkey: Valkey
) -> None:
    """B-05: 1,000 sessions after FLUSHALL: few reads at a time, each bucket once for both processes."""
    one, other = await make_backend(), await make_backend()
    people = [claims_of(str(uuid4()), str(uuid4())) for _ in range(1_000)]
    table.delay_seconds = 0.005
    await valkey.do("FLUSHALL")

    async def all_known() -> bool:
        verdicts = await asyncio.gather(*(b.check(claims) for claims in people for b in (one, other)))
        return UNKNOWN not in verdicts

    await until(all_known, seconds=20)
    # The two processes share the limit of nobody: 8 each.
    assert table.most_at_once <= 16
    # Somebody else's ticket is waited for; only where half a second was not enough is a bucket read twice.
    assert table.loads <= 256 * 1.5


async def test_a_ticket_whose_owner_died_is_taken_up(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """A process may be killed in the middle of a rebuild."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    entry = session_entry(claims.subject, claims.session_id)
    table.commit(entry)
    await valkey.do("HSET", bucket_keys("test")[entry.bucket], "ticket", "of-a-dead-process")
    took = await until(lambda: _is(backend, claims, REVOKED))
    assert 0.4 < took < 2.0
    assert not await valkey.do("HEXISTS", bucket_keys("test")[entry.bucket], "ticket")


async def test_a_rebuild_that_loses_its_bucket_in_between_declares_nothing(
    backend: RedisRevocationBackend, table: Table, valkey: Valkey
) -> None:
    """RV-13: the read was too early, the push was flushed, and the end of the rebuild must not hide it."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    entry = session_entry(claims.subject, claims.session_id)

    flushed = asyncio.Event()

    async def meanwhile(bucket: int) -> None:
        table.before_answer = None
        table.commit(entry)
        await backend.push([entry])
        await valkey.do("FLUSHALL")
        flushed.set()

    table.before_answer = meanwhile
    assert await backend.check(claims) == UNKNOWN
    await flushed.wait()
    assert await known(backend, claims) == REVOKED
    assert table.loads >= 2


async def test_a_push_in_the_middle_of_a_rebuild_is_kept(backend: RedisRevocationBackend, table: Table) -> None:
    """RV-13: committed and pushed after the table was read, before the bucket is declared complete."""
    claims = claims_of(str(uuid4()), str(uuid4()))
    entry = session_entry(claims.subject, claims.session_id)

    async def meanwhile(bucket: int) -> None:
        table.commit(entry)
        await backend.push([entry])

    table.before_answer = meanwhile
    assert await known(backend, claims) == REVOKED
    assert table.loads == 1


async def test_rebuilding_rests_while_the_database_is_away(backend: RedisRevocationBackend, table: Table) -> None:
    """B-22: neither server is of use; the checks say so, and the database is not hammered."""
    table.away = True
    claims = claims_of(str(uuid4()), str(uuid4()))
    begun = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - begun < 0.7:
        assert await backend.check(claims) == UNKNOWN
        await asyncio.sleep(0.005)
    assert 2 <= table.loads <= 5
    table.away = False
    assert await known(backend, claims) == LIVE


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_read_that_fails_or_hangs_ends_and_the_next_one_may_succeed(
    valkey: Valkey, table: Table, hangs: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake in the reading code is logged with its traceback; a database that hangs holds no place for ever."""
    monkeypatch.setattr("fastapi_beyond_crud.revocation.rebuilder.READ_SECONDS", 0.05)
    broken = True

    async def load(bucket: int) -> Sequence[RevocationEntry]:
        if broken and hangs:
            await asyncio.Event().wait()
        if broken:
            raise ZeroDivisionError
        return await table.load(bucket)

    backend = RedisRevocationBackend(RedisLink.from_url(valkey.url), load, prefix="test")
    await backend.start()
    claims = claims_of(str(uuid4()), str(uuid4()))
    await until(lambda: _rebuild_failed(backend, claims, caplog))
    assert hangs or "ZeroDivisionError" in caplog.text
    assert backend.rebuild_reads == 1
    broken = False
    assert await known(backend, claims) == LIVE
    await backend.close()


async def _rebuild_failed(
    backend: RedisRevocationBackend, claims: AccessClaims, caplog: pytest.LogCaptureFixture
) -> bool:
    assert await backend.check(claims) == UNKNOWN
    return "built again" in caplog.text


def test_a_prefix_that_would_move_keys_between_slots_is_refused(table: Table) -> None:
    """Braces decide where a cluster keeps a key."""
    with pytest.raises(ConfigurationError):
        RedisRevocationBackend(RedisLink.from_url("redis://"), table.load, prefix="a{b}")


async def test_pruning_goes_on_after_an_outage(backend: RedisRevocationBackend, valkey: Valkey) -> None:
    """One bucket that cannot be reached does not keep the others from their turn."""
    valkey.kill()
    with pytest.raises(Unavailable):
        await backend.prune()
    await valkey.start()
    await until(lambda: _prunes(backend))


async def _prunes(backend: RedisRevocationBackend) -> bool:
    try:
        await backend.prune()
    except Unavailable:
        return False
    return True


async def test_old_entries_are_pruned_and_later_ones_stay(backend: RedisRevocationBackend, valkey: Valkey) -> None:
    """Bounded work a call; the whole of it within one round of the buckets."""
    user = str(uuid4())
    await known(backend, claims_of(user, "any"))
    old = [session_entry(user, str(uuid4()), seconds=-120) for _ in range(1_200)]
    await backend.push([*old, session_entry(user, "lives"), user_entry(user, cutoff=2, version=2)])
    key = bucket_keys("test")[old[0].bucket]
    assert await valkey.do("HLEN", key) == 1_203
    most = gone = 0
    for _ in range(256 + 4):
        count = await backend.prune()
        gone, most = gone + count, max(most, count)
    assert gone == 1_200
    assert most < 1_000
    assert await valkey.do("HLEN", key) == 3
    assert await backend.check(claims_of(user, "lives", version=2)) == REVOKED
    assert await backend.check(claims_of(user, "other", version=1)) == REVOKED
    assert await backend.check(claims_of(user, "other", version=2)) == LIVE


async def _is(backend: RedisRevocationBackend, claims: AccessClaims, verdict: Verdict) -> bool:
    return await backend.check(claims) == verdict
