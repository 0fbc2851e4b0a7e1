"""The settings: the library's own, with defaults that suit Bookly, and two of Bookly's."""

from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from fastapi_beyond_crud import AuthSettings, SettingsError, load_settings

OWN_DEFAULTS: dict[str, Any] = {
    "registration": "open",
    "require_verified": False,
    "default_roles": ("user",),
    "anonymous_role": "guest",
}
"""What Bookly means where the environment and ``.env`` say nothing."""


def auth_settings() -> AuthSettings:
    """What the library reads: ``AUTH_*``, ``DATABASE_URL`` (or ``DB_HOST``, ``DB_NAME``, ...), ``REDIS_URL``.

    Raises:
        SettingsError: Something is missing or wrong; the text names it, and holds no value.
    """
    settings = load_settings()
    if settings.database_url is None:
        raise SettingsError(["DATABASE_URL: is not set; give it, or DB_NAME and DB_USER (and DB_HOST, DB_PASSWORD)"])
    # model_fields_set holds what was given from outside, so the environment always wins.
    missing = {name: value for name, value in OWN_DEFAULTS.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=missing)


class AdminSettings(BaseSettings):
    """The admin that ``migrate`` makes. Both or none."""

    model_config = SettingsConfigDict(
        env_prefix="BOOKLY_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    admin_email: str | None = None
    admin_password: SecretStr | None = None


def admin_settings() -> AdminSettings:
    """``BOOKLY_ADMIN_EMAIL`` and ``BOOKLY_ADMIN_PASSWORD``.

    Raises:
        SettingsError: Only one of them is set.
    """
    try:
        settings = AdminSettings()
    except (ValidationError, UnicodeDecodeError):
        raise SettingsError(["BOOKLY_ADMIN_EMAIL, BOOKLY_ADMIN_PASSWORD: cannot be read"]) from None
    if (settings.admin_email is None) != (settings.admin_password is None):
        raise SettingsError(["BOOKLY_ADMIN_EMAIL and BOOKLY_ADMIN_PASSWORD: set both, or none"])
    return settings
