"""A plain request at a constant rate, whatever the server is busy with, and how long each answer took."""

import asyncio
import time
from collections import deque

from tests.benchmarks.connection import Answer, Connection

_CONNECTIONS = 64


class Probe:
    """Asks at a constant rate. A request that finds no free connection waits, and the wait counts."""

    def __init__(self, port: int, request: bytes, *, per_second: float) -> None:
        self._port, self._request, self._pause = port, request, 1 / per_second
        self._free: list[Connection] = []
        self._begun: dict[Connection, float] = {}
        self._queue: deque[float] = deque()
        self._seconds: list[float] = []
        self._done: asyncio.Future[None] | None = None

    async def open(self) -> "Probe":
        """Connect."""
        self._free = [await Connection.open(self._port, self._on_answer, self._on_broken) for _ in range(_CONNECTIONS)]
        return self

    async def run(self, seconds: float) -> list[float]:
        """Ask for so long; the seconds that each answer took."""
        loop = asyncio.get_running_loop()
        self._done, self._seconds = loop.create_future(), []
        count = int(seconds / self._pause)
        begin = loop.time()
        for number in range(count):
            await asyncio.sleep(begin + number * self._pause - loop.time())
            # The loop's own clock stands still while it works, and goes in milliseconds.
            self._queue.append(time.perf_counter())
            self._send()
            if self._done.done():
                break
        while len(self._seconds) < count and not self._done.done():
            await asyncio.sleep(0.01)
        if self._done.done():
            await self._done
        return self._seconds

    def close(self) -> None:
        """Hang up."""
        for connection in self._free:
            connection.close()

    def _send(self) -> None:
        while self._free and self._queue:
            connection = self._free.pop()
            self._begun[connection] = self._queue.popleft()
            connection.send(self._request)

    def _on_answer(self, connection: Connection, answer: Answer) -> None:
        self._seconds.append(time.perf_counter() - self._begun.pop(connection))
        self._free.append(connection)
        if answer.status != 200:
            self._on_broken(RuntimeError(f"answered {answer.status}"))
        self._send()

    def _on_broken(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
