"""Starts servers of one's own, as many as wanted, and ends them together."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from fastapi_beyond_crud.testing.servers.keeper import Keeper
from fastapi_beyond_crud.testing.servers.postgres import PostgresServer
from fastapi_beyond_crud.testing.servers.redis import RedisServer


class ServerLauncher:
    """Embedded servers that end with the ``with`` block, and with this process, whatever ends it.

    Ends them on Linux, macOS and Windows. A process made by ``os.fork`` without ``exec`` counts as this process:
    the servers live until both have ended.
    """

    def __init__(self) -> None:
        self._keeper = Keeper()
        self._numbers = itertools.count(1)

    def start_postgres(self, settings: Mapping[str, str] | None = None) -> PostgresServer:
        """A new PostgreSQL, about a second later.

        Raises:
            ServersUnavailable: There is none for this platform, or it did not start.
        """
        server = PostgresServer(self._keeper, self._home("postgres"), settings)
        server.start()
        return server

    def start_redis(self, *arguments: str) -> RedisServer:
        """A new Redis, about a tenth of a second later.

        Args:
            arguments: More of its command line, for example ``"--replicaof", "127.0.0.1", "6379"``.

        Raises:
            ServersUnavailable: There is none for this platform, or it did not start.
        """
        server = RedisServer(self._keeper, self._home("redis"), arguments)
        server.start()
        return server

    def close(self) -> None:
        """End all servers and remove their data. May be called again."""
        self._keeper.close()

    def _home(self, kind: str) -> Path:
        home = self._keeper.work / f"{kind}-{next(self._numbers)}"
        home.mkdir(mode=0o700)
        return home

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
