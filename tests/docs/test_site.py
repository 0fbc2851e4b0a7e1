"""The site is built without a warning, and a reader's browser asks nobody else for anything."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fastapi_beyond_crud.web.problems import DOCUMENTATION
from tests.docs.pages import DOCS, PROJECT, README

CONFIGURATION = PROJECT / "mkdocs.yml"


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `python3 dev.py docs` does it."""
    target = tmp_path_factory.mktemp("site")
    done = build(PROJECT, target)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources of the site, to be spoilt."""
    shutil.copytree(DOCS, tmp_path / "docs")
    for file in (CONFIGURATION, README):
        shutil.copy(file, tmp_path)
    return tmp_path


class _Loads(HTMLParser):
    """Collects the addresses that a browser fetches by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" or given.get("rel") == "canonical":
            return
        addresses = (given.get(name) or "" for name in ("src", "href", "srcset", "data", "action"))
        self.found += [address for address in addresses if re.match(r"(https?:)?//", address)]


@pytest.mark.parametrize(
    "mistake",
    ["[gone](gone.md)", "[gone](problems.md#gone)", "--8<-- 'gone.md'", "::: fastapi_beyond_crud.Gone"],
)
def test_a_page_that_leads_nowhere_ends_the_build(mistake: str, copy: Path, tmp_path: Path) -> None:
    page = copy / "docs" / "index.md"
    page.write_text(f"{page.read_text()}\n\n{mistake}\n")
    assert build(copy, tmp_path / "site").returncode != 0


def test_a_page_that_is_not_in_the_menu_ends_the_build(copy: Path, tmp_path: Path) -> None:
    (copy / "docs" / "forgotten.md").write_text("# Forgotten\n")
    assert build(copy, tmp_path / "site").returncode != 0


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    loaded = {}
    for page in pages:
        loads = _Loads()
        loads.feed(page.read_text())
        loaded[page.relative_to(site).as_posix()] = loads.found
    assert {page: found for page, found in loaded.items() if found} == {}


def test_no_style_loads_anything_from_elsewhere(site: Path) -> None:
    styles = list(site.rglob("*.css"))
    assert styles
    assert [style.name for style in styles if re.search(r"url\([\"']?(https?:)?//|@import", style.read_text())] == []


def test_no_page_asks_github_for_stars(site: Path) -> None:
    """The theme does so where a repository is configured."""
    assert 'data-md-component="source"' not in (site / "index.html").read_text()


def test_the_type_of_a_problem_is_an_address_of_the_site(site: Path) -> None:
    (address,) = re.findall(r"^site_url: (\S+)$", CONFIGURATION.read_text(), re.MULTILINE)
    assert f"{address}problems/" == DOCUMENTATION
    assert 'id="token_expired"' in (site / "problems" / "index.html").read_text()
