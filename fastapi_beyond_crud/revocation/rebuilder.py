"""Builds a bucket again from the database, when Redis has lost it or may have lost a part of it.

The order carries the proof. A ticket is put *into the bucket*; then the database is read; then the bucket is declared
complete, if the ticket is still there and the same server still answers. Whatever loses the bucket in between loses
the ticket. What commits after the read is pushed after the read, into this same bucket. A rebuild that deletes first,
or that reads first, loses revocations: it was tried, and about one check in ten was wrong.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence

from fastapi_beyond_crud.connections.greeting import PRESENCE
from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.backend import LoadBucket
from fastapi_beyond_crud.revocation.endings import end_all
from fastapi_beyond_crud.revocation.redis_format import fields_and_values
from fastapi_beyond_crud.revocation.scripts import BEGIN, FINISH, PUSH

_log = logging.getLogger(__name__)

REBUILDS_AT_ONCE = 8
READ_SECONDS = 5.0
PAGE = 500
OTHERS_SECONDS = 0.5
LOOK_EVERY_SECONDS = 0.025
SAME_BUCKET_EVERY_SECONDS = 0.1
REST_SECONDS, LONGEST_REST_SECONDS = 0.1, 2.0


class Rebuilder:
    """At most one rebuild of a bucket at a time in this process, and eight rebuilds at once.

    Args:
        link: Where the buckets are.
        keys: Their names.
        load: Reads one bucket from the database.
        on_server: Told the run id of the server that did the work, for the bucket.
    """

    def __init__(
        self,
        link: RedisLink,
        keys: Sequence[bytes],
        load: LoadBucket,
        *,
        on_server: Callable[[int, bytes], None],
    ) -> None:
        self.mode = b""
        self.reads = 0
        self._link, self._keys, self._load, self._on_server = link, keys, load, on_server
        self._push, self._begin, self._finish = (link.script(text) for text in (PUSH, BEGIN, FINISH))
        self._me = secrets.token_hex(8)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._begun_at: dict[int, float] = {}
        self._turns = asyncio.Semaphore(REBUILDS_AT_ONCE)
        self._rest_until, self._rest = 0.0, REST_SECONDS
        self._closed = False

    def soon(self, bucket: int, nonsense: Sequence[bytes] = ()) -> None:
        """Start a rebuild in the background, unless one runs, one has just run, or the database is away.

        Args:
            bucket: Which.
            nonsense: Fields that hold what no entry looks like.
        """
        now = asyncio.get_running_loop().time()
        if bucket in self._tasks or now < self._rest_until or self._closed:
            return
        if now - self._begun_at.get(bucket, float("-inf")) < SAME_BUCKET_EVERY_SECONDS:
            return
        self._begun_at[bucket] = now
        task = self._tasks[bucket] = asyncio.get_running_loop().create_task(self._attempt(bucket, nonsense))
        task.add_done_callback(lambda _: self._tasks.pop(bucket, None))

    async def store(self, bucket: int, entries: Sequence[RevocationEntry]) -> None:
        """Merge entries into their bucket, by maximum.

        Raises:
            Unavailable: Not all of them are there; it may be repeated.
        """
        for start in range(0, len(entries), PAGE):
            words = fields_and_values(entries[start : start + PAGE])
            self._on_server(bucket, await self._link.run(self._push, self._keys[bucket], [self.mode, *words]))

    async def _attempt(self, bucket: int, nonsense: Sequence[bytes]) -> None:
        try:
            await self._rebuild(bucket, nonsense)
        except Unavailable as error:
            self._take_a_rest(error)
        except Exception:
            _log.exception("a bucket of revocations could not be built again")
            self._take_a_rest(None)
        else:
            if self._rest > REST_SECONDS:
                _log.info("buckets of revocations can be built again")
            self._rest = REST_SECONDS

    def _take_a_rest(self, error: Unavailable | None) -> None:
        """Many buckets fail at once when a server goes away: they count as one failure."""
        now = asyncio.get_running_loop().time()
        if now < self._rest_until:
            return
        if self._rest == REST_SECONDS and error is not None:
            _log.warning("buckets of revocations cannot be built again now: %s", error.detail)
        self._rest_until = now + self._rest
        self._rest = min(self._rest * 2, LONGEST_REST_SECONDS)

    async def _rebuild(self, bucket: int, nonsense: Sequence[bytes]) -> None:
        key = self._keys[bucket]
        new = f"{self._me}.{secrets.token_hex(8)}".encode()
        # The turn comes before the ticket: a ticket that waits for its turn would look like one of a dead process.
        async with self._turns:
            ticket, run = await self._link.run(self._begin, key, [self.mode, new, *nonsense])
            self._on_server(bucket, run)
            # A ticket that this process left behind, when the database was away, is as good as a new one.
            if not ticket:
                return
            if ticket.startswith(self._me.encode()):
                await self._build(bucket, ticket, run)
                return
        if not await self._others_finish(key, ticket):
            async with self._turns:
                await self._build(bucket, ticket, run)

    async def _build(self, bucket: int, ticket: bytes, run: bytes) -> None:
        self.reads += 1
        await self.store(bucket, await self._read(bucket))
        await self._link.run(self._finish, self._keys[bucket], [self.mode, ticket, run])

    async def _read(self, bucket: int) -> Sequence[RevocationEntry]:
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self._load(bucket)
        except TimeoutError as error:
            raise Unavailable("the database does not answer") from error

    async def _others_finish(self, key: bytes, ticket: bytes) -> bool:
        """Whether the ticket went away within half a second. If not, its owner is dead, and anybody may use it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + OTHERS_SECONDS
        while loop.time() < end:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            if await self._link.command("HGET", key, "ticket") != ticket:
                return True
        return False

    def rely_on_presence(self) -> None:
        """The server hides its run id: a bucket then counts as complete until it is lost as a whole."""
        self.mode = PRESENCE

    async def close(self) -> None:
        """End what is under way. A ticket that stays behind is taken up by somebody else."""
        self._closed = True
        await end_all(list(self._tasks.values()))
