"""Requests byte by byte, for what no client library would send."""

import asyncio
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class RawAnswer:
    """What came back before the server closed, or fell silent."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class RawConnection:
    """A connection to 127.0.0.1 on which nothing is sent but what one says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "RawConnection":
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, data: bytes) -> None:
        """Send these bytes; a server that has closed meanwhile is no error."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            return

    async def answer(self, timeout_seconds: float = 10) -> RawAnswer | None:
        """The next answer; None if the server closed without one.

        Raises:
            TimeoutError: It said nothing.
        """
        async with asyncio.timeout(timeout_seconds):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            first, *lines = head.decode("latin-1").split("\r\n")[:-2]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            status = int(first.split()[1])
            return RawAnswer(status=status, headers=headers, body=await self._body(status, headers))

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return

    async def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status < 200 or status in (204, 304):
            return b""
        return await self._reader.readexactly(int(headers["content-length"]))


async def exchange(port: int, data: bytes) -> RawAnswer | None:
    """Send these bytes on a new connection; the first answer, or None if the server closed without one."""
    connection = await RawConnection.open(port)
    try:
        await connection.send(data)
        return await connection.answer()
    finally:
        await connection.close()
