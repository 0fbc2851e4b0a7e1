"""The minimal example with the wheel, as it would come from a package index; nothing of the checkout in reach."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bookly.command import free_port

PROJECT = Path(__file__).parents[2]
CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}
_READY_WITHIN_SECONDS = 30

# What pip would put into bin/: the entry point that the wheel's own metadata names.
BEYOND_CRUD = """
import sys
from importlib.metadata import distributions
(dist,) = distributions(name="fastapi-beyond-crud", path=[sys.argv.pop(1)])
(entry,) = dist.entry_points.select(group="console_scripts", name="beyond-crud")
entry.load()()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which the wheel was installed."""
    home = tmp_path_factory.mktemp("wheel")
    built = home / "dist"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(built)],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    (wheel,) = built.glob("*.whl")
    # A wheel of pure Python is installed by unpacking it.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home / "site")
    return home / "site"


@pytest.fixture
async def shop(site: Path, tmp_path: Path, fresh_database: Callable[[], Awaitable[str]], redis_url: str) -> Path:
    """An empty directory with the minimal example and a .env of `beyond-crud init`."""
    shutil.copy(PROJECT / "examples" / "minimal" / "main.py", tmp_path)
    database = await fresh_database()
    options = ["--database-url", database, "--redis-url", redis_url]
    done = python(tmp_path, site, "-c", BEYOND_CRUD, str(site), "init", *options)
    assert done.returncode == 0, done.stderr
    return tmp_path


def python(directory: Path, site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python there with the wheel."""
    return subprocess.run(
        [sys.executable, *words], cwd=directory, env=surroundings(site), capture_output=True, text=True, check=False
    )


def surroundings(site: Path) -> dict[str, str]:
    """The environment; what stands in PYTHONPATH comes before whatever else is installed."""
    return {**os.environ, "PYTHONPATH": str(site)}


@contextmanager
def serving(directory: Path, site: Path) -> Iterator[str]:
    """The example, served as the README says; its address."""
    port = free_port()
    words = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(words, cwd=directory, env=surroundings(site)) as process:
        try:
            deadline = time.monotonic() + _READY_WITHIN_SECONDS
            while not answers(url):
                assert process.poll() is None, "the example did not start"
                assert time.monotonic() < deadline, "the example does not answer"
                time.sleep(0.05)
            yield url
        finally:
            process.terminate()


def answers(url: str) -> bool:
    """Whether somebody listens there."""
    try:
        return httpx.get(f"{url}/openapi.json", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_the_library_comes_from_the_wheel_and_with_its_types(site: Path, tmp_path: Path) -> None:
    done = python(tmp_path, site, "-c", "import fastapi_beyond_crud as it; print(it.__file__, it.__version__)")
    assert done.stdout.startswith(str(site / "fastapi_beyond_crud" / "__init__.py")), done.stderr
    assert (site / "fastapi_beyond_crud" / "py.typed").is_file()
    # Neither tests nor examples of ours belong among the packages of other people.
    assert {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")} == {"fastapi_beyond_crud"}


def test_the_minimal_example_does_what_the_readme_says(site: Path, shop: Path) -> None:
    with serving(shop, site) as url, httpx.Client(base_url=url, trust_env=False) as http:
        assert http.get("/books").status_code == 401
        assert http.post("/auth/register", json=CREDENTIALS).status_code == 201
        pair: dict[str, Any] = http.post("/auth/login", json=CREDENTIALS).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        assert http.get("/books", headers=headers).json() == ["Dune, for ada@example.com"]
        assert http.delete("/books/1", headers=headers).status_code == 403
        answer = http.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
        renewed = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert http.get("/books", headers=renewed).status_code == 200
        assert http.post("/auth/logout", headers=renewed).status_code == 204
        for dead in (headers, renewed):
            refused = http.get("/books", headers=dead)
            assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
