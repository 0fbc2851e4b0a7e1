"""The file `.env.example` says what the settings say."""

import re
import secrets
from pathlib import Path

import pytest

from fastapi_beyond_crud.settings import AuthSettings, load_settings
from fastapi_beyond_crud.settings.example import render_env_example
from fastapi_beyond_crud.settings.load import environment_name

FILE = Path(__file__).parents[2] / ".env.example"


def test_the_file_is_what_the_settings_render() -> None:
    assert FILE.read_text() == render_env_example(), (
        "out of date; run: python -m fastapi_beyond_crud.settings.example > .env.example"
    )


@pytest.mark.parametrize(("name", "field"), AuthSettings.model_fields.items())
def test_every_setting_is_described_in_one_sentence(name: str, field: object) -> None:
    description = getattr(field, "description", None) or ""
    assert re.fullmatch(r"[A-Z][^\n]{10,115}\.", description), name
    assert f"# {description}\n" in render_env_example()
    assert re.search(rf"^(# )?{environment_name(name)}=", render_env_example(), re.MULTILINE)


def test_no_secret_is_in_the_example() -> None:
    assert re.search(r"^AUTH_SECRET_KEY=$", render_env_example(), re.MULTILINE)
    assert re.search(r"^DATABASE_URL=$", render_env_example(), re.MULTILINE)
    assert re.search(r"^# DB_PASSWORD=$", render_env_example(), re.MULTILINE)


def test_the_defaults_shown_are_the_defaults(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line is switched on, and nothing changes."""
    monkeypatch.setenv("AUTH_SECRET_KEY", secrets.token_urlsafe(32))
    expected = load_settings()
    switched_on = re.sub(r"^# ([A-Z_]+=)", r"\1", render_env_example(), flags=re.MULTILINE)
    (clean_environment / ".env").write_text(switched_on)
    assert load_settings() == expected
