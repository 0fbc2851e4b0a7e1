"""The import contracts hold, and each of them can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def _lint(directory: Path) -> str:
    """The report about the package in a directory, with ``KEPT`` or ``BROKEN`` after each contract's name."""
    done = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache"], cwd=directory, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package to plant something in."""
    shutil.copytree(PROJECT / "fastapi_beyond_crud", tmp_path / "fastapi_beyond_crud")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("core/planted.py", "import fastapi_beyond_crud.settings", "The house"),
        ("tokens/planted.py", "import fastapi_beyond_crud.passwords", "The house"),
        ("unlisted/__init__.py", "", "The house"),
        ("core/planted.py", "import sqlalchemy", "Core is values and rules"),
        ("tokens/planted.py", "import asyncpg", "Tokens and passwords"),
        ("web/planted.py", "import jwt", "Only tokens"),
        ("web/planted.py", "import argon2", "Only passwords"),
        ("web/planted.py", "import redis", "Only connections"),
        ("models/planted.py", "import starlette", "FastAPI and Starlette"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(copy: Path, file: str, line: str, contract: str) -> None:
    planted = copy / "fastapi_beyond_crud" / file
    planted.parent.mkdir(exist_ok=True)
    (planted.parent / "__init__.py").touch()
    planted.write_text(line + "\n")
    verdicts = [row for row in _lint(copy).splitlines() if row.startswith(contract)]
    assert any("BROKEN" in row for row in verdicts), verdicts
