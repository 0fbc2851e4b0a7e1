"""The link to Redis: one server, Sentinels or a cluster, behind one class.

There are two ways through it. *Commands* (scripts, writes) go through redis-py, with retries. *Questions* (checks
on the path of a request) go through lanes: own connections that answer within 50 ms or not at all, and that know
which run of which server they talk to.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.commands.core import AsyncScript
from redis.exceptions import ReadOnlyError, RedisClusterException, RedisError, ResponseError

from fastapi_beyond_crud.connections.breaker import Breaker
from fastapi_beyond_crud.connections.greeting import Greeting, GreetingRefused
from fastapi_beyond_crud.connections.lane import Lane
from fastapi_beyond_crud.connections.redis_clients import POOL_SIZE, command_client, sentinel_client
from fastapi_beyond_crud.connections.redis_url import Address, RedisKind, RedisTarget
from fastapi_beyond_crud.core.errors import ConfigurationError, Unavailable

_log = logging.getLogger(__name__)

COMMAND_SECONDS = 1.0
TOPOLOGY_EVERY_SECONDS = 0.2

Script = AsyncScript
"""A Lua script; load it with ``RedisLink.script`` and run it with ``RedisLink.run``."""

_TROUBLE = (RedisError, RedisClusterException, OSError, AttributeError, TypeError, asyncio.TimeoutError)
# The odd ones: a cluster that cannot be reached is no RedisError, and in the middle of a failover redis-py writes to
# a connection that is already None.

_NO_ENTRY = frozenset({"NOAUTH", "WRONGPASS"})


@contextlib.contextmanager
def redis_unavailable() -> Iterator[None]:
    """Turns whatever a Redis client raises when a server is away into Unavailable. The only place that does."""
    try:
        yield
    except _TROUBLE as error:
        raise Unavailable("Redis does not answer") from error


class RedisLink:
    """One Redis, however it is run. Belongs to the event loop that first uses it.

    Args:
        target: Where it is.
    """

    def __init__(self, target: RedisTarget) -> None:
        self.target = target
        self._breaker = Breaker()
        self._places = asyncio.Semaphore(POOL_SIZE)
        self._sentinel = sentinel_client(target) if target.kind is RedisKind.SENTINEL else None
        self._client = command_client(target, self._sentinel)
        self._lanes: dict[str, Lane] = {}
        self._slots: dict[bytes, int] = {}
        self._topology: asyncio.Task[None] | None = None
        self._topology_read_at = float("-inf")
        self._gone_connections = 0

    @classmethod
    def from_url(cls, url: str) -> "RedisLink":
        """Where ``redis://``, ``rediss://``, ``unix://``, ``redis+sentinel://`` or ``redis+cluster://`` points.

        Nothing is connected yet. See RedisTarget.parse for the forms.

        Raises:
            ConfigurationError: The URL is not right. The message never holds the password.
        """
        return cls(RedisTarget.parse(url))

    @property
    def connections(self) -> int:
        """How many own connections were opened so far: it grows when a server was lost and found again."""
        return self._gone_connections + sum(lane.connections for lane in self._lanes.values())

    async def start(self) -> None:
        """Connect. A Redis that is away is no error here: it may come.

        Raises:
            ConfigurationError: Redis answers, and refuses our user or password.
        """
        if isinstance(self._client, RedisCluster):
            await self._read_topology(self._client)
        for lane in self.lanes():
            try:
                await lane.connect()
            except GreetingRefused as error:
                if error.kind in _NO_ENTRY:
                    raise ConfigurationError("Redis refuses the user or the password of its URL") from None
                _log.warning("Redis does not let us in yet: %s", error.kind)
            except OSError as error:
                _log.warning("Redis cannot be reached yet: %s", type(error).__name__)

    async def close(self) -> None:
        """Give back all connections."""
        if self._topology is not None:
            self._topology.cancel()
            await asyncio.gather(self._topology, return_exceptions=True)
        for lane in self._lanes.values():
            await lane.close()
        with contextlib.suppress(*_TROUBLE):
            await self._client.aclose()
        if self._sentinel is not None:
            for sentinel in self._sentinel.sentinels:
                with contextlib.suppress(*_TROUBLE):
                    await sentinel.aclose()

    # --- commands

    def script(self, text: str) -> Script:
        """Make a Lua script ready. It survives restarts and failovers: a server that lacks it gets it again."""
        return self._client.register_script(text)

    async def run(self, script: Script, key: bytes, arguments: Sequence[bytes | str | int]) -> Any:
        """Run a script on the server that holds ``key``; at most a second, retries included.

        Raises:
            Unavailable: It could not be run, or nobody knows whether it was: only run what may be repeated.
        """
        return await self._guarded(lambda: script(keys=[key], args=list(arguments), client=self._client))

    async def command(self, *words: bytes | str | int) -> Any:
        """Run one command with a key, under the same conditions as ``run``."""
        return await self._guarded(lambda: self._client.execute_command(*words))

    async def _guarded(self, act: Callable[[], Awaitable[Any]]) -> Any:
        loop = asyncio.get_running_loop()
        if not self._breaker.allows(loop.time()):
            raise Unavailable("Redis does not answer")
        with redis_unavailable():
            try:
                async with asyncio.timeout(COMMAND_SECONDS), self._places:
                    answer = await act()
            except ResponseError as error:
                # The server lives; it only says no (OOM, READONLY, NOAUTH).
                self._breaker.succeeded()
                if isinstance(error, ReadOnlyError):
                    self._was_demoted()
                raise
            except _TROUBLE:
                self._breaker.failed(loop.time())
                raise
        self._breaker.succeeded()
        return answer

    def _was_demoted(self) -> None:
        """A server became a replica and kept our connections: greet again, and notice."""
        for lane in self._lanes.values():
            lane.renew()

    # --- questions

    def lane(self, key: bytes) -> Lane | None:
        """The own connection to the server that holds ``key``; None if nobody knows yet which one that is."""
        if not isinstance(self._client, RedisCluster):
            return self._lanes.get("") or self._new_lane("", self._only_place())
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = self._client.keyslot(key)
        nodes = self._client.nodes_manager.slots_cache.get(slot)
        if not nodes:
            self.look_again()
            return None
        node = nodes[0]
        return self._lanes.get(node.name) or self._new_lane(node.name, _here(_address(node)))

    def lanes(self) -> list[Lane]:
        """One to each server that holds keys, as far as they are known."""
        if not isinstance(self._client, RedisCluster):
            return [self._lanes.get("") or self._new_lane("", self._only_place())]
        for node in self._client.get_primaries():
            if node.name not in self._lanes:
                self._new_lane(node.name, _here(_address(node)))
        return list(self._lanes.values())

    def look_again(self) -> None:
        """A server answered that a key lives elsewhere, or not at all: read the map of the cluster soon."""
        client = self._client
        if not isinstance(client, RedisCluster) or self._topology is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() - self._topology_read_at < TOPOLOGY_EVERY_SECONDS:
            return
        self._topology_read_at = loop.time()
        self._topology = loop.create_task(self._read_topology(client))
        self._topology.add_done_callback(self._topology_was_read)

    async def _read_topology(self, client: RedisCluster) -> None:
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                await client.initialize()
                await client.nodes_manager.initialize()
        except _TROUBLE as error:
            _log.debug("the map of the Redis cluster cannot be read: %s", type(error).__name__)
            # A client that has lost all its nodes may never find them again. The URL still says where to look.
            self._client = command_client(self.target, None)
            with contextlib.suppress(*_TROUBLE):
                await client.aclose()
            return
        primaries = {node.name for node in client.get_primaries()}
        for name in [name for name in self._lanes if name not in primaries]:
            lane = self._lanes.pop(name)
            self._gone_connections += lane.connections
            await lane.close()

    def _topology_was_read(self, task: asyncio.Task[None]) -> None:
        self._topology = None

    def _new_lane(self, name: str, locate: Callable[[], Awaitable[Address]]) -> Lane:
        target = self.target
        greeting = Greeting(
            username=target.username,
            password=target.password,
            db=target.db,
            primary_only=target.kind is RedisKind.SENTINEL,
        )
        lane = self._lanes[name] = Lane(locate, greeting=greeting, tls=target.tls, on_trouble=self.look_again)
        return lane

    def _only_place(self) -> Callable[[], Awaitable[Address]]:
        return self._ask_sentinels if self._sentinel is not None else _here(self.target.addresses[0])

    async def _ask_sentinels(self) -> Address:
        assert self._sentinel is not None  # noqa: S101 - only called where there is one
        try:
            host, port = await self._sentinel.discover_master(self.target.service)
        except _TROUBLE as error:
            raise ConnectionError("no Sentinel knows a primary") from error
        return Address(host=str(host), port=int(port))


def _here(address: Address) -> Callable[[], Awaitable[Address]]:
    async def locate() -> Address:
        return address

    return locate


def _address(node: ClusterNode) -> Address:
    return Address(host=str(node.host), port=int(node.port))
