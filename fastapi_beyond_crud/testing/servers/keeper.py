"""The parent's end of the supervisor: orders go out, answers come back."""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

from fastapi_beyond_crud.testing.servers.errors import ServersUnavailable

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_CLOSE_WITHIN_SECONDS = 30


class RunAs(NamedTuple):
    """Who runs a program: nobody else, another account, or another account's number in a user namespace."""

    user: int | None = None
    group: int | None = None
    namespace: bool = False

    def wire(self) -> dict[str, int | None]:
        """The form in which the supervisor reads it."""
        if self.user is None:
            return {}
        prefix = "namespace_" if self.namespace else ""
        return {f"{prefix}user": self.user, f"{prefix}group": self.group}


class Finished(NamedTuple):
    """A program that ran to its end."""

    returncode: int
    output: str


class Keeper:
    """Starts and ends server processes through a supervisor that outlives this process by an instant.

    Safe to use from several threads; each call blocks until the supervisor has answered.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            # -I and -S: no site packages and nothing of the environment, so that it starts in milliseconds.
            [sys.executable, "-I", "-S", str(_SUPERVISOR)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.work = Path(self._read()["work"])
        """A directory for the servers' files. The supervisor removes it at its end."""

    def run(self, argv: list[str], *, env: dict[str, str], run_as: RunAs) -> Finished:
        """Run a program to its end.

        Raises:
            OSError: It could not be started.
        """
        return Finished(**self._order("run", argv=argv, env=env, run_as=run_as.wire()))

    def start(self, argv: list[str], *, env: dict[str, str], run_as: RunAs, log: Path, last_signal: str) -> int:
        """Start a server; its pid. ``last_signal`` ends it when this process is gone.

        Raises:
            OSError: It could not be started.
        """
        pid: int = self._order("start", argv=argv, env=env, run_as=run_as.wire(), log=str(log), last_signal=last_signal)
        return pid

    def is_running(self, pid: int) -> bool:
        """Whether the server has not ended by itself."""
        return self._order("wait", pid=pid, seconds=0) is None

    def signal(self, pid: int, name: str) -> None:
        """Send a signal, by name, to a server and its children."""
        self._order("signal", pid=pid, name=name)

    def kill(self, pid: int) -> None:
        """End a server and its children at once."""
        self._order("kill", pid=pid)

    def end(self, pid: int, name: str) -> None:
        """Ask a server to end with this signal, and kill it if it does not."""
        self._order("end", pid=pid, name=name)

    def close(self) -> None:
        """End all servers and the supervisor. May be called again."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # An order that a dead supervisor did not take is still in the buffer, and closing tries once more.
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(_CLOSE_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _order(self, act: str, **details: Any) -> Any:
        with self._lock:
            try:
                answer = self._exchange({"do": act, **details})
            except BaseException:
                # Interrupted between order and answer, the next answer would be taken for another's.
                self.close()
                raise
        if "error" in answer:
            raise OSError(answer["error"])
        return answer["result"]

    def _exchange(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdin.closed:
            raise ServersUnavailable("The servers were closed before.")
        try:
            print(json.dumps(order), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise ServersUnavailable("The process that keeps the servers has ended, and they with it.") from None
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise ServersUnavailable("The process that keeps the servers has ended, and they with it.")
        answer: dict[str, Any] = json.loads(line)
        return answer
