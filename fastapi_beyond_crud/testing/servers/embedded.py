"""The servers that an application or a test run needs: those of the environment, else embedded ones."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal

from fastapi_beyond_crud.testing.servers.launcher import ServerLauncher
from fastapi_beyond_crud.testing.servers.postgres import PostgresServer
from fastapi_beyond_crud.testing.servers.redis import RedisServer

Name = Literal["postgres", "redis"]
_VARIABLES: dict[Name, str] = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Addresses of running servers, and the servers themselves where they are embedded."""

    urls: Mapping[Name, str]
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None

    @property
    def database_url(self) -> str:
        """The address of PostgreSQL.

        Raises:
            LookupError: It was not asked for.
        """
        return self._url("postgres")

    @property
    def redis_url(self) -> str:
        """The address of Redis.

        Raises:
            LookupError: It was not asked for.
        """
        return self._url("redis")

    def _url(self, name: Name) -> str:
        if name not in self.urls:
            raise LookupError(f"This server was not asked for: embedded_servers({name!r})")
        return self.urls[name]


@contextmanager
def embedded_servers(*names: Name, environ: Mapping[str, str] | None = None) -> Iterator[Servers]:
    """Real servers for the length of a ``with`` block.

    Where ``DATABASE_URL`` or ``REDIS_URL`` is set, that server is used, left running, and never emptied.
    The others are started on free ports of 127.0.0.1, empty, and end with the block or with this process.

    Args:
        names: ``"postgres"``, ``"redis"``, or nothing for both.
        environ: Where the two variables are looked up; the environment of this process by default.

    Raises:
        ServersUnavailable: There is no server program for this platform, or it did not start. The message says
            what to do.
    """
    environment = os.environ if environ is None else environ
    wanted: tuple[Name, ...] = names or ("postgres", "redis")
    given = {name: environment[variable] for name, variable in _VARIABLES.items() if environment.get(variable)}
    missing = [name for name in wanted if name not in given]
    with ExitStack() as stack:
        launcher = stack.enter_context(ServerLauncher()) if missing else None
        postgres = launcher.start_postgres() if launcher and "postgres" in missing else None
        redis = launcher.start_redis() if launcher and "redis" in missing else None
        urls = {name: url for name, url in given.items() if name in wanted}
        if postgres:
            urls["postgres"] = postgres.url
        if redis:
            urls["redis"] = redis.url
        yield Servers(urls=urls, postgres=postgres, redis=redis)
