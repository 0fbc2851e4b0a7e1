"""An environment that holds nothing but what the test puts there."""

import os
import secrets
from pathlib import Path

import pytest

SERVERS = ("DATABASE_URL", "REDIS_URL")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings of the developer, neither from the environment nor from a .env; gives the empty directory."""
    for name in list(os.environ):
        if name.upper().startswith(("AUTH_", "DB_")) or name.upper() in SERVERS:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A good secret, set in the environment."""
    text = secrets.token_urlsafe(32)
    monkeypatch.setenv("AUTH_SECRET_KEY", text)
    return text
