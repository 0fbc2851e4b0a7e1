"""Applications in processes of their own, behind real sockets."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.application import Client

_PROJECT = Path(__file__).parents[2]
_READY_WITHIN_SECONDS = 20


class ProcessError(RuntimeError):
    """A server did not start; the message ends with what it wrote."""


class Process(Client):
    """A uvicorn process with the demo application on 127.0.0.1. It keeps its port over ``kill`` and ``start``."""

    def __init__(self, forge: "Forge", environment: Mapping[str, str]) -> None:
        self._forge = forge
        self._environment = dict(environment)
        self.port = _free_port()
        self.pid: int | None = None
        self.log = forge.home / f"{secrets.token_hex(6)}.log"
        super().__init__(httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=15, trust_env=False))

    def launch(self, **environment: str) -> None:
        """Start it without waiting, with changes of the environment that last."""
        self._environment |= environment
        self.pid = self._forge.order(port=self.port, log=str(self.log), environment=self._environment)

    async def start(self, **environment: str) -> None:
        """Start it, and wait until it answers.

        Raises:
            ProcessError: It ended instead.
        """
        self.launch(**environment)
        await self.ready()

    async def ready(self) -> None:
        """Wait until it answers.

        Raises:
            ProcessError: It ended instead.
        """
        end = time.monotonic() + _READY_WITHIN_SECONDS
        while time.monotonic() < end and self.is_running:
            try:
                if (await self.http.get("/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.01)
        raise ProcessError(self.output())

    async def ended(self) -> None:
        """Wait until the process is gone."""
        end = time.monotonic() + _READY_WITHIN_SECONDS
        while self.is_running:
            if time.monotonic() > end:
                raise TimeoutError("the process does not end")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """End it in good order, if it runs."""
        self._signal(signal.SIGTERM)
        await self.ended()
        self.pid = None

    def kill(self) -> None:
        """End it by SIGKILL, in the middle of whatever it does."""
        self._signal(signal.SIGKILL)
        end = time.monotonic() + _READY_WITHIN_SECONDS
        while self.is_running and time.monotonic() < end:
            time.sleep(0.001)
        self.pid = None

    async def close(self) -> None:
        """Kill it and close the client."""
        self.kill()
        await self.http.aclose()

    @property
    def is_running(self) -> bool:
        """Whether the process exists."""
        if self.pid is None:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def output(self) -> str:
        """What it wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None and self.is_running:
            os.kill(self.pid, number)


class Forge:
    """Makes server processes; see `tests.support.served`."""

    def __init__(self, process: "subprocess.Popen[str]", home: Path) -> None:
        self._process = process
        self.home = home

    def order(self, **order: Any) -> int:
        """Start one server; its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    @asynccontextmanager
    async def served(self, environment: Mapping[str, str], *, count: int = 1) -> AsyncIterator[list[Process]]:
        """Run ``count`` processes of one application, for as long as the block.

        Args:
            environment: The settings, as environment variables; see `environment_for`.
        """
        async with AsyncExitStack() as stack:
            processes = [Process(self, environment) for _ in range(count)]
            for process in processes:
                stack.push_async_callback(process.close)
            await asyncio.gather(*(process.start() for process in processes))
            yield processes


@contextmanager
def forge(home: Path) -> Iterator[Forge]:
    """A forge, which ends with all its servers at the end of the block or of this process.

    Args:
        home: An empty directory, for logs.
    """
    # The current directory is empty on purpose: settings would read a .env in it.
    environment = {**os.environ, "PYTHONPATH": str(_PROJECT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.served"],
        cwd=home,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise ProcessError("the forge did not start")
            yield Forge(process, home)
        finally:
            process.kill()


def environment_for(database_url: str, redis_url: str | None = None, **settings: str) -> dict[str, str]:
    """Settings for tests as environment variables, with a secret and names of their own.

    Args:
        settings: More of them by their Python names: ``access_lifetime="60"``.
    """
    values = {
        "DATABASE_URL": database_url,
        "AUTH_SECRET_KEY": secrets.token_urlsafe(32),
        "AUTH_ISSUER": f"test-{secrets.token_hex(6)}",
        "AUTH_REGISTRATION": "open",
        "AUTH_REQUIRE_VERIFIED": "false",
        "AUTH_CREATE_TABLES": "true",
    }
    if redis_url is not None:
        values["REDIS_URL"] = redis_url
    return values | {f"AUTH_{name.upper()}": value for name, value in settings.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
