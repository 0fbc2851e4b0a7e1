"""A PostgreSQL server that lives as long as its tests."""

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from fastapi_beyond_crud.testing.servers.binaries import postgres_programs
from fastapi_beyond_crud.testing.servers.errors import ServersUnavailable
from fastapi_beyond_crud.testing.servers.keeper import Keeper
from fastapi_beyond_crud.testing.servers.privileges import Way, ways_to_run_postgres
from fastapi_beyond_crud.testing.servers.server import Server

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # A power cut of the machine may lose the data, a kill of the server does not: commits are still waited for.
    "fsync": "off",
    "full_page_writes": "off",
}
if os.name == "posix":
    # In files of its own directory, so that a killed server leaves nothing in /dev/shm.
    _SETTINGS["dynamic_shared_memory_type"] = "mmap"
_READY_LINE = 7
"""Line of ``postmaster.pid`` that says "ready", counted from 0; line 0 is the pid."""


class PostgresServer(Server):
    """PostgreSQL with an empty database ``postgres`` and a superuser of that name with a random password.

    Args:
        keeper: Holds the process.
        home: An empty directory, for the data.
        settings: More of ``postgresql.conf``, for example ``{"log_statement": "all"}``. They win over ours.
        ways: How to run it, the first that works is taken; by default all that this process has.

    Raises:
        ServersUnavailable: There is no PostgreSQL, or its data directory could not be made in any way.
    """

    name = "PostgreSQL"
    _last_signal = "SIGQUIT"
    _stop_signal = "SIGINT"

    def __init__(
        self,
        keeper: Keeper,
        home: Path,
        settings: Mapping[str, str] | None = None,
        ways: Iterable[Way] | None = None,
    ) -> None:
        super().__init__(keeper, home)
        self._settings = {**_SETTINGS, **(settings or {})}
        self._data = home / "data"
        self._password = secrets.token_urlsafe(24)
        self._way = self._prepare(ways or ways_to_run_postgres(postgres_programs(), keeper.work))

    @property
    def url(self) -> str:
        """``postgresql+asyncpg://postgres:<password>@127.0.0.1:<port>/postgres``."""
        return f"postgresql+asyncpg://postgres:{self._password}@127.0.0.1:{self.port}/postgres"

    @property
    def way(self) -> str:
        """How it runs: as the present user, as another account, ..."""
        return self._way.name

    def _prepare(self, ways: Iterable[Way]) -> Way:
        """Make the data directory in the first way that works."""
        complaints = []
        for way in ways:
            complaint = self._initialise(way)
            if complaint is None:
                return way
            complaints.append(f"{way.name}: {complaint.strip()}")
        raise ServersUnavailable(
            "PostgreSQL was found and cannot be used here. Set DATABASE_URL to a server that runs, "
            "or run this as an ordinary user. What was tried:\n" + "\n".join(complaints)
        )

    def _initialise(self, way: Way) -> str | None:
        """None if the data directory was made, else why not."""
        self._home.chmod(0o711)
        password_file = self._home / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        # What an earlier way left belongs to its account, and a user namespace has no right to it.
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if way.owner is not None:
            os.chown(password_file, *way.owner)
            os.chown(self._data, *way.owner)
        command = [str(way.programs / "initdb"), "-D", str(self._data), "-U", "postgres", "-A", "scram-sha-256"]
        command += ["--pwfile", str(password_file), "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        try:
            done = self._keeper.run(command, env=_environment(), run_as=way.run_as)
        except OSError as error:
            return str(error)
        finally:
            password_file.unlink()
        return done.output if done.returncode else None

    def _launch(self, port: int) -> int:
        command = [str(self._way.programs / "postgres"), "-D", str(self._data), "-p", str(port)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return self._keeper.start(
            command, env=_environment(), run_as=self._way.run_as, log=self._log, last_signal=self._last_signal
        )

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # A killed server leaves its file behind, so the pid is compared too.
        return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"


def _environment() -> dict[str, str]:
    """This process's environment, without what would change how the server behaves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
