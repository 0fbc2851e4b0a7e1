"""Own Redis servers, to be asked, killed, frozen and flushed."""

import asyncio
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from fastapi_beyond_crud.testing.servers import RedisServer


class Valkey:
    """One server, and a client that no fault of the library can touch."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self.client: Redis = Redis(port=server.port, protocol=2)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def home(self) -> Path:
        return self._server.home

    async def start(self) -> None:
        """Again, on the same port, with the dump if one was saved."""
        # In a thread: the event loop is what the tests measure.
        await asyncio.to_thread(self._server.start)

    def kill(self) -> None:
        """As ``kill -9``."""
        self._server.kill()

    def freeze(self) -> None:
        """It keeps its connections, takes new ones, and says nothing."""
        self._server.freeze()

    def thaw(self) -> None:
        self._server.thaw()

    async def do(self, *words: Any) -> Any:
        """One command, on a connection that is opened again if the server was."""
        return await self.client.execute_command(*words)  # type: ignore[no-untyped-call]  # the library's stubs
