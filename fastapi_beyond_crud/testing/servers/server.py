"""What PostgreSQL and Redis have in common as processes: start, stop, and the faults that tests need."""

import contextlib
import secrets
import socket
import time
from abc import ABC, abstractmethod
from pathlib import Path

from fastapi_beyond_crud.testing.servers.errors import ServersUnavailable
from fastapi_beyond_crud.testing.servers.keeper import Keeper

_START_WITHIN_SECONDS = 60
_LOOK_AGAIN_SECONDS = 0.01
_PORTS = range(16384, 32768)
_PORTS_TO_TRY = 5
_LOG_TAIL_CHARACTERS = 3000


class Server(ABC):
    """One server process on a free port of 127.0.0.1.

    The methods block for the milliseconds that they take, also inside an event loop. The port and the data
    stay the same over ``kill``, ``stop`` and ``restart``.
    """

    name: str
    _last_signal: str
    """Ends the process without ceremony; its files are about to be removed."""
    _stop_signal: str
    """Ends the process in good order."""

    def __init__(self, keeper: Keeper, home: Path) -> None:
        self._keeper = keeper
        self._home = home
        self._starts = 0
        self._pid: int | None = None
        self.port = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """The address, in the form that the library's settings take."""

    @property
    def pid(self) -> int:
        """The process id of the running (or frozen) server.

        Raises:
            RuntimeError: It does not run.
        """
        if self._pid is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._pid

    @property
    def is_running(self) -> bool:
        """Whether the process exists; a frozen one does."""
        return self._pid is not None and self._keeper.is_running(self._pid)

    def start(self) -> None:
        """Start it, on the port it had before, and wait until it takes connections.

        Raises:
            RuntimeError: It runs already.
            ServersUnavailable: It did not start; the message ends with its log.
        """
        if self.is_running:
            raise RuntimeError(f"{self.name} runs already")
        # Between choosing a free port and listening on it, another program can take the port.
        for _ in range(_PORTS_TO_TRY):
            port = self.port or _free_port()
            self._starts += 1
            pid = self._launch(port)
            if self._became_ready(pid):
                self._pid, self.port = pid, port
                return
        raise ServersUnavailable(f"{self.name} did not start. Its log ends with:\n{self.log_tail()}")

    def stop(self) -> None:
        """End it in good order. Nothing happens if it does not run."""
        if self._pid is not None:
            self._keeper.end(self._pid, self._stop_signal)
            self._pid = None

    def kill(self) -> None:
        """End it and all its children by SIGKILL, as if the machine had lost power."""
        self._keeper.kill(self.pid)
        self._pid = None

    def restart(self) -> None:
        """Stop it, if it runs, and start it again on the same port with the same data."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop its time (SIGSTOP): connections stay open and are accepted, and nothing answers."""
        self._keeper.signal(self.pid, "SIGSTOP")

    def thaw(self) -> None:
        """Let its time go on."""
        self._keeper.signal(self.pid, "SIGCONT")

    def log_tail(self) -> str:
        """The last lines that the server wrote since its latest start."""
        return self._log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:] if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self._home / f"log-{self._starts}"

    def _became_ready(self, pid: int) -> bool:
        end = time.monotonic() + _START_WITHIN_SECONDS
        while time.monotonic() < end:
            if self._is_ready(pid):
                return True
            if not self._keeper.is_running(pid):
                return False
            time.sleep(_LOOK_AGAIN_SECONDS)
        self._keeper.kill(pid)
        return False

    @abstractmethod
    def _launch(self, port: int) -> int:
        """Start the process and return its pid."""

    @abstractmethod
    def _is_ready(self, pid: int) -> bool:
        """Whether this very process takes connections; another program on the port must not count."""


def _free_port() -> int:
    """A port that nobody listens on, below those that systems give to outgoing connections.

    Between a kill and a restart such a connection, of any program, could take the server's port.
    """
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
