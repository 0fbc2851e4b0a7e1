"""Measured processes, from their start to their end."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.cpu import cpu_seconds

PROJECT = Path(__file__).parents[2]
_READY_WITHIN_SECONDS = 120
_LOG_TAIL_CHARACTERS = 2000


class ServerFailed(RuntimeError):
    """A server did not start; the message ends with what it wrote."""


class Server:
    """A process with one application on the core of the servers. It ends with ``stop``, or with this process.

    Args:
        application: ``module:app``; it answers ``GET /bare``.
        environment: The settings.
        core: Where it runs.
        home: A directory for its log, and the current one of the process: no ``.env`` is in it.
        python: The interpreter of its environment.
    """

    def __init__(
        self,
        application: str,
        environment: Mapping[str, str],
        *,
        core: int,
        home: Path,
        python: Path = Path(sys.executable),
    ) -> None:
        self.port = _free_port()
        self._log = home / f"{self.port}.log"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # The same hashes in each process: their differences would be differences of speed.
        fixed = {"PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": "0"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(python), "-m", "tests.benchmarks.serve", application, str(self.port), str(core)],
                cwd=home,
                env={**kept, **fixed, **environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """What it has used so far, with all its threads."""
        return cpu_seconds(self._process.pid)

    def wait(self) -> "Server":
        """Wait until it answers.

        Raises:
            ServerFailed: It ended instead, or takes too long.
        """
        end = time.monotonic() + _READY_WITHIN_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if self._answers():
                return self
            time.sleep(0.05)
        self.stop()
        raise ServerFailed(self._log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:])

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/bare")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
