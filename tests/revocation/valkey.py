"""Own Redis servers, to be killed, frozen and flushed."""

import asyncio
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from fastapi_beyond_crud.testing.servers.binaries import redis_program


def free_port() -> int:
    """A port of this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Valkey:
    """One server process on a port that stays the same over restarts. Nothing of it is kept, unless asked for."""

    def __init__(self, *arguments: str, port: int | None = None, sentinel_config: str | None = None) -> None:
        self.port = port or free_port()
        self.folder = tempfile.TemporaryDirectory()
        self._arguments, self._sentinel_config = arguments, sentinel_config
        self._process: subprocess.Popen[bytes] | None = None
        self.client: Redis = Redis(port=self.port, protocol=2)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self, *more: str) -> "Valkey":
        common = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder.name]
        if self._sentinel_config is not None:
            path = Path(self.folder.name) / "sentinel.conf"
            path.write_text(self._sentinel_config)
            command = [str(redis_program()), str(path), "--sentinel", *common]
        else:
            command = [str(redis_program()), *common, "--save", "", "--appendonly", "no", *self._arguments, *more]
        with (Path(self.folder.name) / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603
        for _ in range(500):
            if self._answers():
                return self
            await asyncio.sleep(0.01)
        raise RuntimeError((Path(self.folder.name) / "log").read_text()[-2000:])

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(16)[:1] in (b"+", b"-")
        except OSError:
            return False

    def kill(self) -> None:
        """As ``kill -9``."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """It keeps its connections, takes new ones, and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def do(self, *words: Any) -> Any:
        """One command, on a connection that is opened again if the server was."""
        return await self.client.execute_command(*words)

    async def close(self) -> None:
        self.kill()
        await self.client.aclose()
        self.folder.cleanup()
