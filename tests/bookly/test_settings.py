"""Where Bookly's settings come from: the environment, then .env, then Bookly, then the library."""

from collections.abc import Callable
from pathlib import Path

import pytest

from examples.bookly.settings import admin_settings, auth_settings
from fastapi_beyond_crud import AuthSettings, SettingsError
from tests.bookly.command import environment

Read = Callable[[dict[str, str], str], AuthSettings]
DATABASE = "postgresql://postgres@127.0.0.1/bookly"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    """The settings of an environment and the text of a .env."""

    def settings(variables: dict[str, str], dotenv: str = "") -> AuthSettings:
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".env").write_text(dotenv)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return auth_settings()

    return settings


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "AUTH_SECRET_KEY: is not set"),
        ({"AUTH_SECRET_KEY": "hunter2-hunter2"}, "AUTH_SECRET_KEY: "),
        (environment(None), "DATABASE_URL: is not set"),
        (environment("mysql://root:hunter2@127.0.0.1/x"), "DATABASE_URL: must start with postgresql://"),
    ],
)
def test_settings_that_cannot_be_used_are_named_and_not_shown(
    read: Read, variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence) as caught:
        read(variables, "")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("half", ["BOOKLY_ADMIN_EMAIL", "BOOKLY_ADMIN_PASSWORD"])
def test_half_an_admin_is_refused(monkeypatch: pytest.MonkeyPatch, half: str) -> None:
    monkeypatch.setenv(half, "root@example.com")
    with pytest.raises(SettingsError, match="set both, or none"):
        admin_settings()


def test_without_a_word_anybody_may_sign_up_as_a_user_and_read_as_a_guest(read: Read) -> None:
    settings = read(environment(DATABASE), "")
    assert (settings.registration, settings.require_verified) == ("open", False)
    assert (settings.default_roles, settings.anonymous_role) == (("user",), "guest")


def test_the_environment_and_the_file_win_over_bookly(read: Read) -> None:
    settings = read(environment(DATABASE, AUTH_REGISTRATION="closed"), "AUTH_DEFAULT_ROLES=guest,user\n")
    assert (settings.registration, settings.default_roles) == ("closed", ("guest", "user"))
    assert settings.anonymous_role == "guest"


def test_an_empty_variable_counts_as_unset(read: Read) -> None:
    assert read(environment(DATABASE, AUTH_DEFAULT_ROLES=""), "").default_roles == ("user",)


def test_the_parts_of_an_address_are_enough(read: Read) -> None:
    parts = {"DB_HOST": "db", "DB_PORT": "5433", "DB_NAME": "bookly", "DB_USER": "clerk", "DB_PASSWORD": "p@ss/w:rd"}
    settings = read(environment(None, **parts), "")
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql+asyncpg://clerk:p%40ss%2Fw%3Ard@db:5433/bookly"
