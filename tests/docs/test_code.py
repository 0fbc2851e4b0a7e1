"""Every block of Python in the documentation runs, as printed."""

import ast
import importlib
import inspect
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastapi_beyond_crud import UserCreate
from tests.docs.pages import DOCS, PROJECT, README, blocks

# The blocks of these two are files; test_quick_start.py runs them.
FILES = {README, DOCS / "start" / "quick-start.md"}
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page not in FILES and blocks(page.read_text(), "python")]


@pytest.fixture
async def quick_start(
    fresh_database: Callable[[], Awaitable[str]], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module ``main`` of the quick start with a database of its own, in which Ada has an account."""
    monkeypatch.setenv("DATABASE_URL", await fresh_database())
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("AUTH_SECRET_KEY", secrets.token_urlsafe(32))
    monkeypatch.setenv("AUTH_REGISTRATION", "open")
    monkeypatch.setenv("AUTH_REQUIRE_VERIFIED", "false")
    monkeypatch.setenv("AUTH_CREATE_TABLES", "true")
    monkeypatch.syspath_prepend(PROJECT / "examples" / "minimal")
    monkeypatch.delitem(sys.modules, "main", raising=False)
    auth: Any = importlib.import_module("main").auth
    async with auth.lifespan():
        await auth.accounts.register(UserCreate.model_validate(ADA))


@pytest.fixture(autouse=True)
def _main_is_forgotten() -> Iterator[None]:
    yield
    sys.modules.pop("main", None)


ADA = {"email": "ada@example.com", "password": "correct horse battery"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
@pytest.mark.usefixtures("quick_start")
async def test_the_python_of_a_page_runs_from_its_top_to_its_end(page: Path) -> None:
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page.read_text(), "python"):
        # Line numbers of the page, so that a failure points into it.
        source = "\n" * (block.line - 1) + block.code
        code = compile(source, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)  # noqa: S307 - our own pages
        if inspect.isawaitable(result):
            await result


def test_pages_with_python_were_found() -> None:
    assert {page.stem for page in PAGES} >= {"installation", "token-pair", "revocation", "errors"}
