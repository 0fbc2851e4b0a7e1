"""One HTTP/1.1 connection that stays open, with as little work of our own as can be."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body of a success.

        Raises:
            RuntimeError: It was none.
        """
        if self.status >= 300:
            raise RuntimeError(f"answered {self.status}: {self.body[:300]!r}")
        return json.loads(self.body) if self.body else None


class Connection(asyncio.Protocol):
    """Sends one request at a time and tells of the answer.

    Args:
        answered: Called with this connection and the answer.
        broken: Called if the server hangs up while the connection is in use.
    """

    def __init__(self, answered: "Callable[[Connection, Answer], None]", broken: Callable[[Exception], None]) -> None:
        self._answered, self._broken = answered, broken
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    @classmethod
    async def open(
        cls, port: int, answered: "Callable[[Connection, Answer], None]", broken: Callable[[Exception], None]
    ) -> "Connection":
        """A connection to a server on this machine."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(answered, broken), "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods and are no subclass.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._broken(exc or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end + 2)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < whole:
            return
        answer = Answer(int(self._buffer[9:12]), self._buffer[end + 4 : whole])
        self._buffer = self._buffer[whole:]
        self._answered(self, answer)

    def send(self, request: bytes) -> None:
        """Send a request; the one before has been answered."""
        assert self._transport is not None
        self._transport.write(request)

    def close(self) -> None:
        """Hang up."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()


async def ask(port: int, request: bytes) -> Answer:
    """One request on a connection of its own, and its answer."""
    (answer,) = await ask_at_once(port, [request])
    return answer


async def ask_at_once(port: int, requests: list[bytes]) -> list[Answer]:
    """Send these in the same moment, each on a connection that is open already; the answers as they come."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    answers: list[Answer] = []

    def answered(_: Connection, answer: Answer) -> None:
        answers.append(answer)
        if len(answers) == len(requests) and not done.done():
            done.set_result(None)

    def broken(error: Exception) -> None:
        if not done.done():
            done.set_exception(error)

    connections = [await Connection.open(port, answered, broken) for _ in requests]
    try:
        for connection, request in zip(connections, requests, strict=True):
            connection.send(request)
        await done
    finally:
        for connection in connections:
            connection.close()
    return answers
