"""The bytes of one connection: questions out, answers in, in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from fastapi_beyond_crud.connections.breaker import Breaker
from fastapi_beyond_crud.connections.resp import Malformed, Reply, read_reply

ANSWER_SECONDS = 0.05
CONNECT_SECONDS = 1.0
SECOND_LOOK_SECONDS = 0.002

Answer = tuple[bytes, Reply]
"""The run id of the server that answered, and what it said. See ``connections.greeting``."""


class Wire(asyncio.Protocol):
    """Bytes out, answers in. Broken once is broken for good: a half-read answer meets nobody."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.identity = b""
        self.on_broken: Callable[[Wire], None] | None = None
        self._answer_seconds = CONNECT_SECONDS
        self._breaker = Breaker()
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._owed: deque[tuple[float, list[asyncio.Future[Answer | None]]]] = deque()
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None
        self.broken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        # A cast: the transports of uvloop are no subclasses, they only behave so.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.break_off()

    def serve(self, breaker: Breaker, on_broken: Callable[["Wire"], None]) -> None:
        """The greeting is over: from now on 50 ms count, and so do errors."""
        self.on_broken, self._breaker, self._answer_seconds = on_broken, breaker, ANSWER_SECONDS
        if self._timer is not None:
            # It was set for the greeting, which may take longer than a question.
            self._timer.cancel()
            self._timer = None

    def send(self, data: bytes, futures: list[asyncio.Future[Answer | None]]) -> None:
        """Ask the questions in ``data``; each future gets its answer, or None if that never comes."""
        if self.broken or self._transport is None or self._transport.is_closing():
            answer_all(futures, None)
            self.break_off()
            return
        now = self._loop.time()
        self._owed.append((now, futures))
        self._transport.write(data)
        if self._timer is None:
            self._timer = self._loop.call_at(now + self._answer_seconds, self._look)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        if self._buffer:
            data = self._buffer + data
        at, owed = 0, self._owed
        try:
            while owed and (reply := read_reply(data, at)) is not None:
                at = reply[1]
                self._give(reply[0])
        except Malformed:
            self.break_off()
            return
        self._buffer = data[at:]
        if self._buffer and not owed:
            # Nobody asked. From here on question and answer might be out of step.
            self.break_off()
            return
        if at:
            self._breaker.succeeded()

    def _give(self, reply: Reply) -> None:
        futures = self._owed[0][1]
        future = futures[self._next]
        self._next += 1
        if self._next == len(futures):
            self._owed.popleft()
            self._next = 0
        if not future.done():
            future.set_result((self.identity, reply))

    def _look(self) -> None:
        """Runs now and then while answers are owed; no timer is set and unset for each question."""
        self._timer = None
        if not self._owed:
            return
        due = self._owed[0][0] + self._answer_seconds
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._look)
        else:
            # If the loop itself was held up, the answer may lie in the socket: read before blaming the server.
            self._timer = self._loop.call_later(SECOND_LOOK_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        if self._owed and self._loop.time() >= self._owed[0][0] + self._answer_seconds:
            self.break_off()
        else:
            self._look()

    def break_off(self) -> None:
        """End the connection at once and answer everybody with None. May be called again."""
        if self.broken:
            return
        self.broken = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
        owed, start = self._owed, self._next
        self._owed, self._next, self._buffer = deque(), 0, b""
        for _, futures in owed:
            answer_all(futures[start:], None)
            start = 0
        if self.on_broken is not None:
            self.on_broken(self)


def answer_all(futures: list[asyncio.Future[Answer | None]], answer: Answer | None) -> None:
    """Give the same answer to all who still wait."""
    for future in futures:
        if not future.done():
            future.set_result(answer)
