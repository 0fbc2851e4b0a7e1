"""Nothing survives: whatever ends the process that started servers, they end too, and so do their files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
PARENT = """
import json, sys
from fastapi_beyond_crud.testing.servers import ServerLauncher

ending, *wanted = sys.argv[1:]
launcher = ServerLauncher()
servers = {"redis": launcher.start_redis()}
if "postgres" in wanted:
    servers["postgres"] = launcher.start_postgres()
if "frozen" in wanted:
    for server in servers.values():
        server.freeze()
keeper = launcher._keeper
pids = {name: server.pid for name, server in servers.items()} | {"supervisor": keeper.pid}
print(json.dumps({"pids": pids, "work": str(keeper.work)}), flush=True)
match ending:
    case "wait": sys.stdin.read()  # the end of the test process ends it too
    case "return": pass
    case "raise": raise SystemError("an accident")
    case "close": launcher.close()
"""
GONE_WITHIN_SECONDS = 20


@contextmanager
def _parent(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A process that started both servers, and what it says about them."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def _alive(pid: int) -> bool:
    """Whether a process exists and is not merely waiting for its exit code to be read."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    seen = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(seen.stdout.strip()) and not seen.stdout.strip().startswith("Z")


def _assert_gone(said: dict[str, Any], *, files: bool = True) -> None:
    end = time.monotonic() + GONE_WITHIN_SECONDS
    left: list[str] = ["unknown"]
    while left and time.monotonic() < end:
        left = [name for name, pid in said["pids"].items() if _alive(pid)]
        left += ["files"] if files and Path(said["work"]).exists() else []
        time.sleep(0.02 if left else 0)
    assert left == []


def test_nothing_survives_the_sudden_death_of_the_parent() -> None:
    with _parent("wait", "postgres") as (process, said):
        assert set(said["pids"]) == {"postgres", "redis", "supervisor"}
        assert all(map(_alive, said["pids"].values()))
        process.kill()
        _assert_gone(said)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_nothing_survives_a_signal_to_the_parent(name: str) -> None:
    with _parent("wait") as (process, said):
        process.send_signal(getattr(signal, name))
        _assert_gone(said)


def test_nothing_survives_ctrl_c_which_a_terminal_sends_to_the_whole_group() -> None:
    with _parent("wait") as (process, said):
        os.killpg(process.pid, signal.SIGINT)
        _assert_gone(said)


@pytest.mark.parametrize("ending", ["return", "raise", "close"])
def test_nothing_survives_the_end_of_the_parent(ending: str) -> None:
    with _parent(ending) as (_, said):
        _assert_gone(said)


def test_frozen_servers_do_not_survive_either() -> None:
    with _parent("wait", "postgres", "frozen") as (process, said):
        process.kill()
        _assert_gone(said)


def test_a_supervisor_that_is_asked_to_end_ends_its_servers() -> None:
    with _parent("wait", "postgres") as (_, said):
        os.kill(said["pids"]["supervisor"], signal.SIGTERM)
        _assert_gone(said)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_servers_do_not_survive_a_supervisor_that_is_killed() -> None:
    with _parent("wait", "postgres") as (_, said):
        os.kill(said["pids"]["supervisor"], signal.SIGKILL)
        _assert_gone(said, files=False)
        shutil.rmtree(said["work"])


def test_an_order_after_the_end_of_the_supervisor_is_refused_with_a_sentence() -> None:
    from_outside = (
        "from fastapi_beyond_crud.testing.servers import *; import os, shutil, signal\n"
        "launcher = ServerLauncher(); os.kill(launcher._keeper.pid, signal.SIGKILL)\n"
        "try: launcher.start_redis()\n"
        "except ServersUnavailable as error: print(error)\n"
        "finally: shutil.rmtree(launcher._keeper.work)\n"
    )
    done = subprocess.run([sys.executable, "-c", from_outside], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "has ended" in done.stdout
