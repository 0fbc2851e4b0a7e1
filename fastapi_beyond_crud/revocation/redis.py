"""Revocations in Redis: one round trip, shared by all checks of a moment."""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Sequence

from fastapi_beyond_crud.connections.greeting import PRESENCE
from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.connections.resp import ErrorReply, Reply, pack
from fastapi_beyond_crud.core.buckets import BUCKETS, RevocationEntry, bucket_of
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.backend import LoadBucket
from fastapi_beyond_crud.revocation.rebuilder import Rebuilder
from fastapi_beyond_crud.revocation.redis_format import bucket_keys, judge
from fastapi_beyond_crud.revocation.scripts import PRUNE
from fastapi_beyond_crud.revocation.verdicts import LIVE, UNKNOWN, Verdict
from fastapi_beyond_crud.tokens.claims import AccessClaims

_log = logging.getLogger(__name__)

PUSHES_AT_ONCE = 16
PRUNE_PAGE = 500
PRUNE_MARGIN_SECONDS = 60

_LOST_SLOT = frozenset({"MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN"})
_HARMLESS_POLICIES = frozenset({b"noeviction", b"volatile-lru", b"volatile-lfu", b"volatile-random", b"volatile-ttl"})


class RedisRevocationBackend:
    """Answers from Redis, and only where Redis provably holds everything.

    An entry that is there is believed. A missing one counts only in a bucket that was built on the very run of the
    server that answers; else the verdict is UNKNOWN and the bucket is built again from the database: after a flush,
    an eviction, an empty restart, an old dump, a failover to a replica that had not heard of the last write.

    One class for a single server, Sentinel, Cluster and Valkey: the link decides.

    Args:
        link: Where Redis is. ``close`` closes it too.
        load: Reads all unexpired entries of one bucket from the database.
        prefix: What all keys begin with. Applications that share a Redis differ in it.
    """

    def __init__(self, link: RedisLink, load: LoadBucket, *, prefix: str) -> None:
        self._link = link
        self._keys = bucket_keys(prefix)
        # Everything of a question but its last two words is the same for all tokens of a bucket.
        self._heads = [pack(b"HMGET", key, b"gen", b"", b"")[: -len(b"$0\r\n\r\n") * 2] for key in self._keys]
        self._rebuilder = Rebuilder(link, self._keys, load, on_server=self._work_was_done_on)
        self._prune = link.script(PRUNE)
        self._prune_at = (random.randrange(BUCKETS), b"0")  # noqa: S311 - spreads the work, guards nothing
        self._presence_only = False

    @property
    def losses(self) -> int:
        """Grows with each connection: between two of them Redis may have lost something."""
        return self._link.connections

    @property
    def rebuild_reads(self) -> int:
        """How often a bucket was read from the database so far. A number for metrics."""
        return self._rebuilder.reads

    async def start(self) -> None:
        """Connect, and say in the log what in the set-up of Redis weakens it.

        Raises:
            ConfigurationError: Redis answers, and refuses our user or password.
        """
        await self._link.start()
        for sentence in await self.findings():
            if sentence == _HIDDEN_RUN_ID:
                self._rely_on_presence()
            else:
                _log.warning(sentence)

    async def close(self) -> None:
        """End background work and close the link."""
        await self._rebuilder.close()
        await self._link.close()

    async def check(self, claims: AccessClaims) -> Verdict:
        """See RevocationBackend. Answers within about 0.1 s, whatever Redis does."""
        bucket = bucket_of(claims.subject)
        lane = self._link.lane(self._keys[bucket])
        if lane is None:
            return UNKNOWN
        session, user = b"s:" + claims.session_id.encode(), b"u:" + claims.subject.encode()
        tail = b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(session), session, len(user), user)
        answer = await lane.ask(self._heads[bucket] + tail)
        if answer is None:
            return UNKNOWN
        run, reply = answer
        if not isinstance(reply, list) or len(reply) != 3:
            self._no_answer(bucket, reply)
            return UNKNOWN
        gen, of_session, of_user = reply
        complete = (gen == run and run != PRESENCE) or self._believes_presence(run, gen)
        if complete and of_session is None and of_user is None:
            return LIVE
        verdict, nonsense = judge(of_session, of_user, auth_version=claims.auth_version, complete=complete)
        if nonsense or not complete:
            self._rebuilder.soon(bucket, [(session, user)[i] for i in nonsense])
        return verdict

    def _believes_presence(self, run: bytes, gen: Reply) -> bool:
        if run == PRESENCE and not self._presence_only:
            self._rely_on_presence()
        return self._presence_only and gen == PRESENCE

    def _no_answer(self, bucket: int, reply: Reply) -> None:
        kind = reply.kind if isinstance(reply, ErrorReply) else ""
        if kind == "WRONGTYPE":
            self._rebuilder.soon(bucket)
        elif kind in _LOST_SLOT:
            self._link.look_again()

    def _work_was_done_on(self, bucket: int, run: bytes) -> None:
        """Scripts and checks of a bucket have to meet on one server; if not, the checks talk to a former primary."""
        if run == PRESENCE:
            self._rely_on_presence()
            return
        lane = self._link.lane(self._keys[bucket])
        if lane is not None and lane.identity not in (None, PRESENCE, run):
            lane.renew()
            self._link.look_again()

    def _rely_on_presence(self) -> None:
        if not self._presence_only:
            self._presence_only = True
            self._rebuilder.rely_on_presence()
            _log.warning(_HIDDEN_RUN_ID)

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        """See RevocationBackend."""
        by_bucket: dict[int, list[RevocationEntry]] = defaultdict(list)
        for entry in entries:
            by_bucket[entry.bucket].append(entry)
        if len(by_bucket) == 1:
            await self._rebuilder.store(*by_bucket.popitem())
            return
        turns = asyncio.Semaphore(PUSHES_AT_ONCE)

        async def store(bucket: int, some: Sequence[RevocationEntry]) -> None:
            async with turns:
                await self._rebuilder.store(bucket, some)

        results = await asyncio.gather(*(store(*item) for item in by_bucket.items()), return_exceptions=True)
        for result in results:
            if result is not None:
                raise result

    async def prune(self) -> int:
        """Forget entries of one bucket, or of 500 of its fields, that are over for a minute; how many went.

        Call it again and again: each call goes on where the last one of this process ended.

        Raises:
            Unavailable: Redis does not answer.
        """
        bucket, cursor = self._prune_at
        before = int(time.time()) - PRUNE_MARGIN_SECONDS
        words: list[bytes | str | int] = [self._rebuilder.mode, cursor, PRUNE_PAGE, before]
        try:
            cursor, gone, run = await self._link.run(self._prune, self._keys[bucket], words)
        except Unavailable:
            # One bucket that cannot be reached must not keep the others from their turn.
            self._prune_at = ((bucket + 1) % BUCKETS, b"0")
            raise
        self._work_was_done_on(bucket, run)
        self._prune_at = (bucket, cursor) if cursor != b"0" else ((bucket + 1) % BUCKETS, b"0")
        return int(gone)

    async def findings(self) -> list[str]:
        """What in the set-up of Redis an operator should know; a sentence each. Empty if Redis is away."""
        found: set[str] = set()
        for lane in self._link.lanes():
            answer = await lane.ask(pack(b"INFO", b"memory"))
            if answer is None:
                continue
            run, reply = answer
            if run == PRESENCE:
                found.add(_HIDDEN_RUN_ID)
            facts = dict(line.partition(b":")[::2] for line in reply.splitlines()) if isinstance(reply, bytes) else {}
            if facts.get(b"maxmemory_policy", b"noeviction") not in _HARMLESS_POLICIES:
                found.add(_EVICTION)
        return sorted(found)


_HIDDEN_RUN_ID = (
    "Redis hides its run id (INFO server): data that an old copy of it lost is noticed by the sweeper only, "
    "not by the next request."
)
_EVICTION = (
    "Redis may evict keys without a lifetime (maxmemory-policy allkeys-*): revocations stay right, but evicted buckets "
    "are read from PostgreSQL again and again. Use noeviction or a volatile-* policy."
)
