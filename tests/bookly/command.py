"""Bookly's commands, run as people run them."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

PROJECT = Path(__file__).parents[2]
_READY_WITHIN_SECONDS = 30


def environment(database_url: str | None, redis_url: str | None = None, **more: str) -> dict[str, str]:
    """Settings for a command, with a secret of its own and names that no other application has in Redis."""
    made = {"AUTH_SECRET_KEY": secrets.token_urlsafe(32), "AUTH_ISSUER": f"bookly-{secrets.token_hex(6)}"}
    for name, value in (("DATABASE_URL", database_url), ("REDIS_URL", redis_url)):
        if value is not None:
            made[name] = value
    return made | more


def arguments(*words: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "examples.bookly", *words]


def run(*words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, away from the checkout."""
    return subprocess.run(
        arguments(*words),
        env={**os.environ, "PYTHONPATH": str(PROJECT), **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def started(words: list[str], env: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a command that goes on; what it says goes into the log."""
    with log.open("wb") as file:
        return subprocess.Popen(
            words,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1", **env},
            stdout=file,
            stderr=subprocess.STDOUT,
        )


@contextmanager
def serving(env: Mapping[str, str], log: Path) -> Iterator[str]:
    """A process of ``serve`` for the length of the block, ready to answer; its address."""
    port = free_port()
    process = started(arguments("serve", "--port", str(port)), env, log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(process, url, log)
        yield url
    finally:
        process.kill()
        process.wait()


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Wait for a 200 of ``/health``."""
    end = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError(f"{url} is not ready:\n{log.read_text()}")


def end(process: "subprocess.Popen[bytes]", number: signal.Signals) -> int:
    """Send a signal and wait for the end; the exit code."""
    process.send_signal(number)
    return process.wait(timeout=20)


def free_port() -> int:
    """A port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port
