"""A man in the middle: slow, deaf, lying, or pointing elsewhere."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from types import TracebackType


class Proxy:
    """Stands before a Redis. What it does may be changed while it runs."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self.upstream = port
        self.delay_seconds = 0.0
        self.rewrite: Callable[[bytes], bytes] = bytes
        self.accepted = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def cut(self) -> None:
        """End all connections at once."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.upstream)
            self._writers.add(back)
            await asyncio.gather(self._pump(reader, back, False), self._pump(there, writer, True))
        except OSError:
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, back) if "back" in locals() else (writer,):
                self._writers.discard(end)
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if answers:
                    if self.delay_seconds:
                        await asyncio.sleep(self.delay_seconds)
                    data = self.rewrite(data)
                sink.write(data)
                await sink.drain()
        sink.transport.abort()
