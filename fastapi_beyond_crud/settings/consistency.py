"""What settings must say together; each of them has been checked alone before."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

from pydantic import SecretStr

from fastapi_beyond_crud.settings.keys import HOW_TO_MAKE_ONE, decode_secret


class _Settings(Protocol):
    """The settings that depend on each other, as this file needs them."""

    @property
    def algorithm(self) -> str: ...
    @property
    def secret_key(self) -> SecretStr | None: ...
    @property
    def previous_secret_keys(self) -> tuple[SecretStr, ...]: ...
    @property
    def signing_key(self) -> SecretStr | None: ...
    @property
    def access_lifetime(self) -> timedelta: ...
    @property
    def refresh_idle_lifetime(self) -> timedelta: ...
    @property
    def refresh_lifetime(self) -> timedelta: ...
    @property
    def revocation(self) -> str: ...
    @property
    def redis_url(self) -> SecretStr | None: ...
    @property
    def database_url(self) -> SecretStr | None: ...
    @property
    def db_host(self) -> str | None: ...
    @property
    def db_name(self) -> str | None: ...


def problems_between(settings: _Settings) -> list[str]:
    """One sentence for each contradiction, beginning with the name of an environment variable; never a value."""
    return [*_keys(settings), *_lifetimes(settings), *_servers(settings)]


def _keys(settings: _Settings) -> Iterator[str]:
    if settings.algorithm == "HS256" and settings.secret_key is None:
        yield f"AUTH_SECRET_KEY: is not set; {HOW_TO_MAKE_ONE}"
    if settings.algorithm != "HS256" and settings.signing_key is None:
        yield (
            f"AUTH_SIGNING_KEY: is not set, and AUTH_ALGORITHM needs it; "
            f"make one with: beyond-crud secret --algorithm {settings.algorithm}"
        )
    given = [settings.secret_key] if settings.secret_key else []
    keys = [decode_secret(key.get_secret_value()) for key in [*given, *settings.previous_secret_keys]]
    if len(set(keys)) < len(keys):
        yield "AUTH_PREVIOUS_SECRET_KEYS: holds the present secret, or one secret twice"


def _lifetimes(settings: _Settings) -> Iterator[str]:
    if settings.access_lifetime >= settings.refresh_idle_lifetime:
        yield "AUTH_ACCESS_LIFETIME: must be shorter than AUTH_REFRESH_IDLE_LIFETIME"
    if settings.refresh_idle_lifetime > settings.refresh_lifetime:
        yield "AUTH_REFRESH_IDLE_LIFETIME: must not be longer than AUTH_REFRESH_LIFETIME"


def _servers(settings: _Settings) -> Iterator[str]:
    if settings.revocation == "redis" and settings.redis_url is None:
        yield "AUTH_REVOCATION: redis needs REDIS_URL"
    if settings.database_url is None and settings.db_name:
        yield "DB_USER: with DB_NAME, DB_USER is needed too; or set DATABASE_URL"
    elif settings.database_url is None and settings.db_host:
        yield "DB_NAME: with DB_HOST, DB_NAME and DB_USER are needed too; or set DATABASE_URL"
