"""Clients without a pause: each sends its next request as soon as it has the answer to the last one."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from tests.benchmarks.connection import Answer, Connection


class Script(Protocol):
    """What one client sends."""

    def first(self) -> bytes:
        """The first request."""
        ...

    def then(self, answer: Answer) -> bytes:
        """The request after this answer; raises if the answer is not what it should be."""
        ...


class Repeat:
    """The same request, again and again."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def first(self) -> bytes:
        """See Script."""
        return self._request

    def then(self, answer: Answer) -> bytes:
        """See Script."""
        if answer.status != 200:
            answer.json()
            raise RuntimeError(f"answered {answer.status}")
        return self._request


class Load:
    """Some clients on connections that stay open between the runs."""

    def __init__(self, port: int, scripts: Sequence[Script]) -> None:
        self._port = port
        self._scripts = scripts
        self._next = [script.first() for script in scripts]
        self._places: dict[Connection, int] = {}
        self._done: asyncio.Future[None] | None = None
        self._until, self._waiting, self._answered = 0.0, 0, 0

    async def open(self) -> "Load":
        """Connect all clients."""
        for place in range(len(self._scripts)):
            self._places[await Connection.open(self._port, self._on_answer, self._on_broken)] = place
        return self

    async def run(self, seconds: float) -> int:
        """Let them ask for so long, and wait for the last answers; how many answers came."""
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        self._until, self._waiting, self._answered = loop.time() + seconds, len(self._places), 0
        for connection, place in self._places.items():
            connection.send(self._next[place])
        await self._done
        return self._answered

    def close(self) -> None:
        """Hang up."""
        for connection in self._places:
            connection.close()

    def _on_answer(self, connection: Connection, answer: Answer) -> None:
        assert self._done is not None
        self._answered += 1
        place = self._places[connection]
        try:
            request = self._next[place] = self._scripts[place].then(answer)
        except Exception as error:  # whatever it is, the run has failed
            self._on_broken(error)
            return
        if asyncio.get_running_loop().time() < self._until:
            connection.send(request)
            return
        self._waiting -= 1
        if not self._waiting and not self._done.done():
            self._done.set_result(None)

    def _on_broken(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
