"""The redis-py clients for commands: single server, Sentinel, cluster."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection, Redis, RedisCluster, SSLConnection
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import EqualJitterBackoff, NoBackoff
from redis.exceptions import ReadOnlyError

from fastapi_beyond_crud.connections.redis_url import RedisKind, RedisTarget

SOCKET_SECONDS = 0.5
SENTINEL_SECONDS = 0.2
RETRIES = 2
POOL_SIZE = 64


class BlockingSentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Asks the Sentinels for the primary, and waits for a free connection instead of raising."""


def sentinel_client(target: RedisTarget) -> Sentinel:
    """Asks the Sentinels, each for 0.2 s at most."""
    limit = SENTINEL_SECONDS
    # No retries: the next Sentinel is the better second try, and there is a second for all of them.
    once = Retry(NoBackoff(), 0)
    own: dict[str, Any] = {"socket_timeout": limit, "socket_connect_timeout": limit, "retry": once, "protocol": 2}
    if target.sentinel_password is not None:
        own |= {"username": target.sentinel_username, "password": target.sentinel_password}
    if target.tls is not None:
        own |= {"ssl": True, **target.tls.client_options()}
    return Sentinel([(place.host, place.port) for place in target.addresses], sentinel_kwargs=own)  # type: ignore[no-untyped-call]


def command_client(target: RedisTarget, sentinel: Sentinel | None) -> Redis | RedisCluster:
    """A client with short timeouts and a few retries, that waits for a free connection instead of raising."""
    common: dict[str, Any] = {
        "username": target.username,
        "password": target.password,
        "socket_timeout": SOCKET_SECONDS,
        "socket_connect_timeout": SOCKET_SECONDS,
        "retry": Retry(EqualJitterBackoff(base=0.02, cap=0.5), RETRIES),
        "max_connections": POOL_SIZE,
        "health_check_interval": 15,
        "protocol": 2,
    }
    tls = target.tls.client_options() if target.tls is not None else {}
    if target.kind is RedisKind.CLUSTER:
        nodes = [ClusterNode(place.host, place.port) for place in target.addresses]
        encrypted = {"ssl": True, **tls} if tls else {}
        # A slot that nobody serves must not make the others unreachable.
        return RedisCluster(startup_nodes=nodes, require_full_coverage=False, **encrypted, **common)
    common |= {"db": target.db, "timeout": SOCKET_SECONDS}
    if sentinel is not None:
        encrypted = {"ssl": True, **tls} if tls else {}
        # Right after a failover the old primary may still take connections; it says READONLY.
        common |= {"retry_on_error": [ReadOnlyError], **encrypted}
        pool = BlockingSentinelPool(target.service, sentinel, **common)  # type: ignore[no-untyped-call]
        return Redis.from_pool(pool)
    address = target.addresses[0]
    if address.path is not None:
        place: dict[str, Any] = {"connection_class": UnixDomainSocketConnection, "path": address.path}
    else:
        kind = SSLConnection if tls else Connection
        place = {"connection_class": kind, "host": address.host, "port": address.port, **tls}
    return Redis.from_pool(BlockingConnectionPool(**place, **common))
