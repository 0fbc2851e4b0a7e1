"""An empty directory, an empty environment, and a way to run the command."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fastapi_beyond_crud.cli.app import app

PROJECT = Path(__file__).parents[2]
SERVERS = ("DATABASE_URL", "REDIS_URL")

Run = Callable[..., Result]
Git = Callable[..., str]
Spawn = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The current directory, empty; no settings of the developer are about."""
    for name in list(os.environ):
        if name.upper().startswith(("AUTH_", "DB_", "GIT_")) or name.upper() in SERVERS:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Run:
    """The command in this process."""
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def spawn() -> Spawn:
    """Python in a process of its own, with the package on its path."""

    def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run_python


@pytest.fixture
def git(directory: Path) -> Git:
    """git in the current directory; gives what it prints."""

    def run_git(*arguments: str) -> str:
        command = [shutil.which("git") or "git", *arguments]
        return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout

    return run_git
