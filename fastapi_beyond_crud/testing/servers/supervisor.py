"""Runs as a process of its own, keeps server processes, and ends them when its parent is gone.

The parent holds the only writing end of this process's standard input. However the parent ends (return,
exception, SIGKILL), the kernel closes that end, reading gives EOF, and everything that was started here is
ended and the working directory removed. Should this process itself be killed, Linux ends its children.

One line of JSON in is one order, one line of JSON out is its answer. The file is started by its path with
``python -I -S``, so it imports the standard library and nothing else.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

END_WITHIN_SECONDS = 10
"""A server that needs longer to end than this is killed."""

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Carry out orders until the parent is gone or asks for the end by SIGTERM."""
    # Ctrl-C in a terminal and a closed terminal are the parent's business: it ends, and EOF follows.
    for ignored in ("SIGINT", "SIGHUP"):
        if hasattr(signal, ignored):
            signal.signal(getattr(signal, ignored), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    work = Path(tempfile.mkdtemp(prefix="beyond-servers-"))
    keeper = Keeper()
    try:
        _answer({"work": str(work)})
        for line in sys.stdin:
            _answer(_carry_out(keeper, json.loads(line)))
    except BrokenPipeError:
        pass  # The parent went away between its order and our answer: the same as EOF.
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        keeper.end_all()
        shutil.rmtree(work, ignore_errors=True)
        # What could not be written belongs to nobody any more; without this the interpreter complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _answer(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def _carry_out(keeper: "Keeper", order: dict[str, Any]) -> dict[str, Any]:
    act = getattr(keeper, order.pop("do"))
    try:
        return {"result": act(**order)}
    except (OSError, subprocess.SubprocessError) as error:
        # SubprocessError: a step between fork and exec failed, and Python does not hand on which.
        return {"error": str(error)}


class Keeper:
    """The processes, by pid. Its public methods are the orders that a parent can give."""

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._last_signals: dict[int, int] = {}

    def run(self, argv: list[str], env: dict[str, str], run_as: dict[str, int]) -> dict[str, Any]:
        """Run a program to its end; its exit code and what it wrote."""
        done = subprocess.run(
            argv,
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **_popen_options(run_as, _number("SIGKILL")),
        )
        return {"returncode": done.returncode, "output": done.stdout.decode(errors="replace")}

    def start(self, argv: list[str], env: dict[str, str], run_as: dict[str, int], log: str, last_signal: str) -> int:
        """Start a server and return its pid; ``last_signal`` names what ends it without ceremony."""
        number = _number(last_signal)
        with open(log, "ab") as output:
            process = subprocess.Popen(
                argv,
                env=env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # A Ctrl-C in the terminal must not reach the server before its users ended.
                **_popen_options(run_as, number),
            )
        self._processes[process.pid] = process
        self._last_signals[process.pid] = number
        return process.pid

    def wait(self, pid: int, seconds: float) -> int | None:
        """The exit code, or None if the process still runs after that time. 0 seconds only looks."""
        try:
            return self._processes[pid].wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, pid: int, name: str) -> None:
        """Send a signal to a server and then to its own child processes."""
        if not hasattr(signal, name):
            raise OSError(f"this platform has no {name}")
        process, number = self._processes[pid], int(getattr(signal, name))
        if process.poll() is not None:
            return
        # The children are listed after the parent was stopped, so that none is born unseen.
        process.send_signal(number)
        for child in _children(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)

    def kill(self, pid: int) -> None:
        """End a server and its children at once, as a power cut would, and wait until they are gone."""
        process = self._processes[pid]
        if process.poll() is None:
            process.send_signal(_number("SIGSTOP"))
            for doomed in (*_children(pid), pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(doomed, _number("SIGKILL"))
        process.wait(END_WITHIN_SECONDS)

    def end(self, pid: int, name: str) -> None:
        """Ask a server to end with this signal, and kill it if it does not."""
        process = self._processes[pid]
        if process.poll() is None:
            process.send_signal(_number(name))
            if hasattr(signal, "SIGCONT"):
                self.signal(pid, "SIGCONT")  # A frozen process would not hear.
        try:
            process.wait(END_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill(pid)

    def end_all(self) -> None:
        """End everything, the latest first."""
        for pid, process in reversed(self._processes.items()):
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                if process.poll() is None:
                    process.send_signal(self._last_signals[pid])
        for pid in reversed(self._processes):
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                self.end(pid, signal.Signals(self._last_signals[pid]).name)


def _number(name: str) -> int:
    # Windows knows neither SIGQUIT nor SIGKILL; there SIGTERM ends a process at once.
    return int(getattr(signal, name, signal.SIGTERM))


def _children(pid: int) -> list[int]:
    if sys.platform == "win32":
        return []
    return [child for child, parent in _parents() if parent == pid]


def _parents() -> Iterator[tuple[int, int]]:
    """Pairs of a process and its parent, for all processes that can be seen."""
    if sys.platform == "linux":
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # The name in brackets may hold anything, a bracket too: the fields are counted after the last one.
                yield int(entry.parent.name), int(entry.read_text().rpartition(")")[2].split()[1])
    else:
        listed = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        for line in listed.stdout.splitlines():
            child, parent = line.split()
            yield int(child), int(parent)


def _popen_options(run_as: dict[str, int], death_signal: int) -> dict[str, Any]:
    """The arguments of Popen that say who runs the program, and what the kernel does when we die."""
    options: dict[str, Any] = {}
    if "user" in run_as:
        options |= {"user": run_as["user"], "group": run_as["group"], "extra_groups": []}
    if sys.platform == "linux":
        options["preexec_fn"] = _before_exec(run_as, death_signal)
    return options


def _before_exec(run_as: dict[str, int], death_signal: int) -> Callable[[], None]:
    # The library is loaded before the fork: afterwards only plain system calls are safe.
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        if "namespace_user" in run_as:
            _enter_namespace(libc, run_as["namespace_user"], run_as["namespace_group"])
        # A change of user clears this wish, so it comes last. It holds while the *thread* that forked lives:
        # this process has one thread, its main thread.
        libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)  # The parent died before the wish was made.

    return prepare


def _enter_namespace(libc: ctypes.CDLL, user: int, group: int) -> None:
    """Enter a user namespace in which root looks like ``user``: files stay root's, and PostgreSQL agrees to run."""
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} 0 1"), ("gid_map", f"{group} 0 1")):
        Path(f"/proc/self/{name}").write_text(text)


if __name__ == "__main__":
    main()
