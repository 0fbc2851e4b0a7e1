"""What may be seen of settings: in errors, tracebacks, logs and their own text."""

import logging
import os
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.settings import AuthSettings, SettingsError, load_settings, unknown_variables
from fastapi_beyond_crud.settings.load import environment_name

CANARY = "CANARY\x07in-the-coal-mine"
ANY_TEXT_WILL_DO = {"db_user", "db_password"}


@pytest.mark.parametrize("field", sorted(AuthSettings.model_fields.keys() - ANY_TEXT_WILL_DO))
@pytest.mark.parametrize("source", ["environment", "file"])
def test_an_error_never_holds_the_refused_value(
    field: str, source: str, key: str, monkeypatch: pytest.MonkeyPatch, clean_environment: Path
) -> None:
    """LK-06: text, problems, chain, and a traceback with the local variables of every frame."""
    name = environment_name(field)
    monkeypatch.delenv(name, raising=False)
    if source == "environment":
        monkeypatch.setenv(name, CANARY)
    else:
        (clean_environment / ".env").write_text(f"{name}={CANARY}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    error = caught.value
    assert name in str(error)
    assert error.__context__ is None
    assert error.__cause__ is None
    # The outermost frame is this test, which knows the value.
    frames = caught.value.__traceback__ and caught.value.__traceback__.tb_next
    seen = "".join(traceback.TracebackException(SettingsError, error, frames, capture_locals=True).format())
    assert "load_settings" in seen
    assert "CANARY" not in seen + repr(error) + str(error)


@pytest.mark.parametrize("field", sorted(AuthSettings.model_fields.keys() - ANY_TEXT_WILL_DO))
def test_settings_made_directly_do_not_print_the_refused_value_either(field: str, key: str) -> None:
    """LK-06."""
    wrong: dict[str, Any] = {field: CANARY}
    with pytest.raises(ValidationError) as caught:
        AuthSettings(**wrong)
    assert "CANARY" not in str(caught.value) + repr(caught.value)


def test_settings_print_without_secrets_and_passwords(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """LK-06: text, representation, and what a careless log line does with both."""
    earlier = "Zq3" + key[3:]
    monkeypatch.setenv("AUTH_PREVIOUS_SECRET_KEYS", earlier)
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter22@db/name")
    monkeypatch.setenv("REDIS_URL", "rediss://:hunter23@redis:6379/0")
    monkeypatch.setenv("DB_PASSWORD", "hunter24")
    settings = load_settings()
    printed = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()} {vars(settings)}"
    assert "fastapi-beyond-crud" in printed
    assert key not in printed
    assert earlier not in printed
    assert "hunter2" not in printed


def test_the_error_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "beyond-crud init" in str(caught.value)


def test_a_file_that_is_no_text_is_refused_without_its_content(key: str, clean_environment: Path) -> None:
    """LK-06: an error of decoding holds all the bytes it read."""
    (clean_environment / ".env").write_bytes(b"AUTH_ISSUER=CANARY\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env: cannot be read as UTF-8 text") as caught:
        load_settings()
    assert caught.value.__context__ is None


def test_an_argument_that_is_no_setting_is_refused(key: str) -> None:
    with pytest.raises(TypeError, match="no such settings: acces_lifetime"):
        load_settings(acces_lifetime=5)


def test_a_misspelt_variable_is_named_with_the_right_one_and_without_its_value(
    key: str, monkeypatch: pytest.MonkeyPatch, clean_environment: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """LK-06: a misspelt AUTH_SECRET_KEY has a secret for its value."""
    monkeypatch.setenv("AUTH_SECRET_KEYS", "CANARY")
    monkeypatch.setenv("AUTH_ZZZ", "CANARY")
    (clean_environment / ".env").write_text("AUTH_ACCES_LIFETIME=CANARY\nSOMETHING_ELSE=1\n")
    with caplog.at_level(logging.DEBUG, "fastapi_beyond_crud.settings"):
        load_settings()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("fastapi_beyond_crud.settings", "WARNING")
    assert "AUTH_ACCES_LIFETIME (did you mean AUTH_ACCESS_LIFETIME?)" in record.getMessage()
    assert "AUTH_SECRET_KEYS (did you mean AUTH_SECRET_KEY?)" in record.getMessage()
    assert "AUTH_ZZZ" in record.getMessage()
    assert "CANARY" not in record.getMessage()
    assert "SOMETHING_ELSE" not in record.getMessage()


def test_known_variables_are_not_reported(key: str, caplog: pytest.LogCaptureFixture) -> None:
    known = [environment_name(field) for field in AuthSettings.model_fields]
    assert unknown_variables(known) == []
    assert unknown_variables(["auth_issuer", "PATH", "AUTHOR"]) == []
    assert unknown_variables(["AUTH_TRUSTED_ORIGINS"]) == ["AUTH_TRUSTED_ORIGINS"]
    load_settings()
    assert not caplog.records


@pytest.mark.parametrize("name", ["AUTH_DATABASE_URL", "AUTH_REDIS_URL"])
def test_the_prefix_before_an_address_has_its_effect_and_is_not_reported(
    name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = name.removeprefix("AUTH_").lower()
    monkeypatch.setenv(name, {"database_url": "postgresql+asyncpg://u@h/d", "redis_url": "redis://h"}[field])
    assert getattr(load_settings(), field).get_secret_value() == os.environ[name]
    assert unknown_variables(os.environ) == []


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize("url", ["http://:CANARY\u2100@h", "http://[CANARY", "CANARY://h", "http://h:CANARY/"])
def test_an_address_that_no_parser_likes_is_not_repeated(
    name: str, url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LK-06: parsers of addresses like to quote the part with the password in their errors."""
    monkeypatch.setenv(name, url)
    with pytest.raises(SettingsError, match=f"{name}: must start with") as caught:
        load_settings()
    assert "CANARY" not in str(caught.value)
