"""One version, one list of what changed."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from fastapi_beyond_crud._version import __version__

PROJECT = Path(__file__).parents[2]
TABLES = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def test_the_version_is_the_top_of_the_changelog() -> None:
    top = re.search(r"^## \[(.+?)\] - (.+)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert top is not None
    assert top.group(1) == __version__
    assert re.fullmatch(r"Unreleased|\d{4}-\d\d-\d\d", top.group(2))


def test_no_dependency_of_the_library_is_capped_or_pinned() -> None:
    requirements = map(Requirement, TABLES["project"]["dependencies"])
    assert {str(each) for each in requirements if {part.operator for part in each.specifier} != {">="}} == set()


def test_all_extras_are_in_the_extra_all() -> None:
    extras = TABLES["project"]["optional-dependencies"]
    (everything,) = (Requirement(each) for each in extras["all"])
    assert everything.extras == set(extras) - {"all"}
