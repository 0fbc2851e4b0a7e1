"""The program behind `tests.support.process`: forks servers that have everything imported already.

It reads one JSON object a line and answers with a pid: ``{"port": 1, "log": "file", "environment": {...}}``. A fork
starts in some hundredths of a second, where a new interpreter takes more than one. Each server is a process with an
event loop, connections and a memory of its own.
"""

import json
import os
import signal
import sys
import threading
from typing import Any

import uvicorn
import uvicorn.loops.auto
import uvicorn.protocols.http.auto

from fastapi_beyond_crud import Auth
from tests.support.application import ROLES, User, demo


def serve(port: int, log: str, environment: dict[str, str]) -> None:
    """Serve the demo application with settings from the environment until a signal comes."""
    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environment)
    auth: Auth[User] = Auth(User, roles=ROLES)
    uvicorn.run(demo(auth), host="127.0.0.1", port=port, log_level="info", timeout_graceful_shutdown=3)


def die_with_parent(alive: int) -> None:
    """End this process when the other end of the pipe is closed, which the kernel does for a killed parent."""

    def wait() -> None:
        os.read(alive, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def fork(order: dict[str, Any], alive: int, parents_end: int) -> int:
    """Start one server; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(parents_end)
        os.close(0)
        os.open(os.devnull, os.O_RDONLY)
        die_with_parent(alive)
        serve(**order)
        os._exit(0)
    except BaseException as error:  # a fork must never run on into the code of its parent
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def main() -> None:
    """Fork a server for each line; end when the test process closes the pipe or dies."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    alive, parents_end = os.pipe()
    print("ready", flush=True)
    for line in sys.stdin:
        print(fork(json.loads(line), alive, parents_end), flush=True)


if __name__ == "__main__":
    main()
