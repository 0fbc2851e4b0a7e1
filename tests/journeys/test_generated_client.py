"""A client that openapi-python-client makes from Bookly's OpenAPI, against a real process of it."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from uuid import UUID

import httpx
import pytest

from tests.bookly.command import environment, serving
from tests.support.databases import create_database, drop_database

PACKAGE = "bookly_client"
OPTIONS = ["--path", "openapi.json", "--output-path", PACKAGE, "--meta", "none", "--config", "config.json"]
OPTIONS += ["--fail-on-warning"]
CREDENTIALS = {"email": "generated@example.com", "password": "a long enough passphrase"}


@pytest.fixture(scope="module")
async def database(server_url: str) -> AsyncIterator[str]:
    url = await create_database(server_url)
    yield url
    await drop_database(url, server_url=server_url)


@pytest.fixture(scope="module")
def url(database: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running Bookly."""
    env = environment(database, redis_url, AUTH_CREATE_TABLES="true")
    with serving(env, tmp_path_factory.mktemp("bookly") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def package(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the generated package, which can be imported."""
    home = tmp_path_factory.mktemp("generated")
    (home / "openapi.json").write_text(httpx.get(f"{url}/openapi.json", trust_env=False).text)
    # Without the hooks it runs no ruff over what it has made.
    (home / "config.json").write_text(json.dumps({"post_hooks": []}))
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", *OPTIONS],
        cwd=home,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(home))
    yield PACKAGE
    sys.path.remove(str(home))


def part(package: str, name: str) -> ModuleType:
    """A module of the generated package."""
    return importlib.import_module(f"{package}.{name}")


def test_the_generator_understands_every_route(package: str) -> None:
    """Only it says so by a file for each: what it does not understand, it leaves out with a warning."""
    home = Path(str(part(package, "api").__file__)).parent
    names = {path.stem for path in home.glob("*/*.py")} - {"__init__"}
    assert {"register", "login", "token", "create_book", "update_book", "tag_book", "list_reviews"} <= names
    assert len(names) >= 40


def test_it_signs_up_logs_in_and_creates_a_book(package: str, url: str) -> None:
    models, client = part(package, "models"), part(package, "client")
    with client.Client(base_url=url, httpx_args={"trust_env": False}) as anonymous:
        user = part(package, "api.account.register").sync(client=anonymous, body=models.UserCreate(**CREDENTIALS))
        assert isinstance(user, models.UserRead)
        assert (user.email, user.roles) == (CREDENTIALS["email"], ["user"])
        pair = part(package, "api.sessions.login").sync(client=anonymous, body=models.LoginBody(**CREDENTIALS))
        assert isinstance(pair, models.TokenPairRead)

    wanted = models.BookCreate(
        title="Emma", author="Jane Austen", published_on=date(1815, 12, 23), page_count=474, language="en"
    )
    options = {"base_url": url, "token": pair.access_token, "httpx_args": {"trust_env": False}}
    with client.AuthenticatedClient(**options) as signed_in:
        book = part(package, "api.books.create_book").sync(client=signed_in, body=wanted)
        assert isinstance(book, models.BookDetail)
        assert isinstance(book.id, UUID)
        assert (book.owner.id, book.published_on, book.summary) == (UUID(str(user.id)), date(1815, 12, 23), None)
        only_pages = models.BookUpdate(page_count=500)
        changed = part(package, "api.books.update_book").sync(book.id, client=signed_in, body=only_pages)
        assert (changed.page_count, changed.title) == (500, "Emma")
        page = part(package, "api.books.list_books").sync(client=signed_in, q="austen", limit=1)
        assert [found.id for found in page.items] == [book.id]


def test_a_refusal_is_a_problem_with_a_type(package: str, url: str) -> None:
    models, client = part(package, "models"), part(package, "client")
    with client.Client(base_url=url, httpx_args={"trust_env": False}) as anonymous:
        refused = part(package, "api.sessions.login").sync(
            client=anonymous, body=models.LoginBody(email="nobody@example.com", password="not a password")
        )
    assert isinstance(refused, models.Problem)
    assert (refused.status, refused.code) == (401, "credentials_invalid")
