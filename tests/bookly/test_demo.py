"""The demo: it says when it is ready, what it prints works, and it leaves nothing behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.bookly.command import end, started
from tests.bookly.house import API, DUNE
from tests.support.application import Client, Person, bearer

_READY_WITHIN_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A running demo."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def printed(self) -> str:
        """What it has said so far."""
        return self.log.read_text()

    @property
    def url(self) -> str:
        """Where it says that it is."""
        match = re.search(r"(http://\S+)/docs", self.printed)
        assert match
        return match[1]

    @property
    def accounts(self) -> dict[str, Person]:
        """The accounts that it printed, by role."""
        found = re.findall(r"^  (admin|user|guest) +(\S+@\S+) +(\S+)$", self.printed, re.MULTILINE)
        return {role: Person(id="", email=email, password=password) for role, email, password in found}

    @property
    def lines(self) -> str:
        """The lines to try."""
        return self.printed.partition("in another terminal:\n")[2].partition("\nCtrl-C ends everything")[0]

    def family(self) -> list[int]:
        """The process, and all that descend from it or keep its servers."""
        found, new = set[int](), {self.process.pid}
        while new:
            found |= new
            new = {pid for pid, parent in _parents().items() if parent in found} - found
        return sorted(found)


def _parents() -> dict[int, int]:
    """The parent of every process of this machine."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text().partition(" (")
        except OSError:  # it has just ended
            continue
        found[int(pid)] = int(rest.rpartition(") ")[2].split()[1])
    return found


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def all_gone(pids: list[int], within_seconds: float = 15) -> bool:
    """Whether none of the processes is left, soon."""
    deadline = time.monotonic() + within_seconds
    while alive := [pid for pid in pids if _is_alive(pid)]:
        if time.monotonic() > deadline:
            print("left:", alive)
            return False
        time.sleep(0.02)
    return True


@contextmanager
def running(log: Path, **env: str) -> Iterator[Demo]:
    """A demo that has said that it is ready."""
    log.parent.mkdir(exist_ok=True)
    process = started([sys.executable, "-m", "examples.bookly.demo"], env, log)
    demo = Demo(process=process, log=log)
    try:
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while "Ctrl-C ends everything" not in demo.printed:
            assert process.poll() is None, demo.printed
            assert time.monotonic() < deadline, demo.printed
            time.sleep(0.05)
        yield demo
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo with servers of its own, for all tests here; one of them interrupts it, at the end."""
    with running(tmp_path_factory.mktemp("demo") / "log") as made:
        yield made


def test_it_shows_how_far_it_is_and_where_to_go(demo: Demo) -> None:
    for step in ("Starting PostgreSQL and Redis", "Bringing the database up to date", "Making accounts"):
        assert re.search(rf"^\[ *\d+\.\d s\] {step}", demo.printed, re.MULTILINE), demo.printed
    assert httpx.get(f"{demo.url}/docs", trust_env=False).status_code == 200
    assert demo.accounts.keys() == {"admin", "user", "guest"}
    assert all(len(account.password) >= 15 for account in demo.accounts.values())


async def test_its_accounts_may_what_their_roles_say(demo: Demo) -> None:
    async with httpx.AsyncClient(base_url=demo.url, trust_env=False) as http:
        client = Client(http)
        sessions = {role: await client.signed_in(account) for role, account in demo.accounts.items()}
        books = (await http.get(f"{API}/books", headers=sessions["guest"].headers)).json()["items"]
        assert len(books) >= 5
        assert all(book["tags"] and book["owner"]["name"] == "User" for book in books)
        create = {
            role: (await http.post(f"{API}/books", json=DUNE, headers=session.headers)).status_code
            for role, session in sessions.items()
        }
        assert create == {"admin": 201, "user": 201, "guest": 403}
        assert (await http.get(f"{API}/reviews", headers=sessions["admin"].headers)).status_code == 200
        patch = {"title": "Mine"}
        for role, status in (("guest", 403), ("user", 200), ("admin", 200)):
            answer = await http.patch(f"{API}/books/{books[0]['id']}", json=patch, headers=sessions[role].headers)
            assert answer.status_code == status
        await http.post("/auth/logout", headers=sessions["user"].headers)
        assert (await http.get("/auth/me", headers=bearer(sessions["user"].access_token))).status_code == 401


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the lines need bash and curl")
def test_the_printed_lines_work_as_they_are(demo: Demo) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", demo.lines],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"HTTP/1\.1 (\d+)", done.stdout, re.MULTILINE) == ["201", "403", "204", "401"]
    assert '"title":"Dune"' in done.stdout


def test_another_demo_takes_the_next_port_and_a_kill_leaves_nothing(demo: Demo, tmp_path: Path) -> None:
    with running(tmp_path / "demo" / "log") as second:
        port = int(second.url.rpartition(":")[2])
        assert second.url != demo.url
        assert f"Port {port - 1} is taken" in second.printed
        family = second.family()
        assert len(family) >= 4, "the demo, the keeper, PostgreSQL and Redis"
        second.process.kill()
        assert all_gone(family)


def test_servers_that_are_given_are_used_and_a_second_time_changes_nothing(
    bookly_database: str, redis_url: str, tmp_path: Path
) -> None:
    passwords, books = [], []
    for number in range(2):
        with running(tmp_path / "demo" / str(number), DATABASE_URL=bookly_database, REDIS_URL=redis_url) as given:
            assert len(given.family()) == 1
            passwords.append(given.accounts)
            books.append(len(httpx.get(f"{given.url}{API}/books?q=hofstadter", trust_env=False).json()["items"]))
            assert end(given.process, signal.SIGTERM) == 0
    assert passwords[0] == passwords[1]
    assert books == [1, 1]


def test_ctrl_c_leaves_nothing_behind(demo: Demo) -> None:
    family = demo.family()
    port = int(demo.url.rpartition(":")[2])
    assert end(demo.process, signal.SIGINT) == 0
    assert demo.printed.endswith("Ended. Nothing is left running.\n")
    assert "Traceback" not in demo.printed
    assert all_gone(family)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert os.getpid() not in family
