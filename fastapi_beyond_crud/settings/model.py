"""The settings themselves. The text below each name is its description, here and in `.env.example`."""

import hashlib
import os
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.settings.consistency import problems_between
from fastapi_beyond_crud.settings.keys import decode_secret
from fastapi_beyond_crud.settings.urls import PostgresUrl, RedisUrl, postgres_url
from fastapi_beyond_crud.settings.values import (
    Duration,
    Label,
    PrivateKey,
    PublicKeys,
    RedisPrefix,
    RoleName,
    RoleNames,
    SecretKey,
    SecretKeys,
    Words,
)

_MINUTE = timedelta(minutes=1)
_MOST_WORKERS = 256
_LONGEST = timedelta(days=3650)


def _only_bearer(names: tuple[str, ...]) -> tuple[str, ...]:
    if "cookie" in names:
        raise ValueError("cookie is not in this version; only bearer is")
    if names != ("bearer",):
        raise ValueError("must be bearer, the only transport of this version")
    return names


def _not_replicated(value: object) -> object:
    if value == "replicated":
        raise ValueError("replicated is not in this version; use redis, postgres or memory")
    return value


def _url_from_parts(data: dict[str, Any]) -> SecretStr | None:
    if not (data["db_name"] and data["db_user"]):
        return None
    password = data["db_password"]
    url = postgres_url(
        host=data["db_host"],
        port=data["db_port"],
        name=data["db_name"],
        user=data["db_user"],
        password=password and password.get_secret_value(),
    )
    return SecretStr(url)


def _revocation(data: dict[str, Any]) -> Literal["redis", "postgres"]:
    return "redis" if data["redis_url"] else "postgres"


def _redis_prefix(data: dict[str, Any]) -> str:
    return f"fbc:{hashlib.sha256(data['issuer'].encode()).hexdigest()[:8]}"


def _usable_cores() -> int:
    """The cores that this process may run on, which a container often makes fewer than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_WORKERS)


Transports = Annotated[Words, AfterValidator(_only_bearer)]
Revocation = Annotated[Literal["redis", "postgres", "memory"], BeforeValidator(_not_replicated)]
Tolerance = Annotated[Duration, Field(ge=timedelta(0), le=_MINUTE)]
AccessLifetime = Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(hours=1))]
Lifetime = Annotated[Duration, Field(gt=timedelta(0), le=_LONGEST)]


class AuthSettings(BaseSettings):
    """Read once from ``AUTH_*``, ``DATABASE_URL`` and ``REDIS_URL``; a wrong value stops the start, not a request.

    Durations are seconds or ISO 8601, lists are parted by commas. ``.env`` in the current directory is read too;
    the environment wins. Prefer ``load_settings()``: the ``errors()`` of a ``ValidationError`` raised here still
    hold the refused value, even though its text does not.

    Raises:
        pydantic.ValidationError: A value is missing or wrong.
    """

    model_config = SettingsConfigDict(
        env_prefix="AUTH_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        validate_by_name=True,
        validate_by_alias=True,
        validate_default=True,
    )

    # Fields are validated in this order, and a computed default sees only the fields above it.

    db_host: str | None = Field(default=None, validation_alias="DB_HOST")
    """Host of the PostgreSQL server, if DATABASE_URL is not given; localhost if left out."""
    db_port: int | None = Field(default=None, ge=1, le=65535, validation_alias="DB_PORT")
    """Port of the PostgreSQL server, if DATABASE_URL is not given; 5432 if left out."""
    db_name: str | None = Field(default=None, validation_alias="DB_NAME")
    """Name of the database, if DATABASE_URL is not given."""
    db_user: str | None = Field(default=None, validation_alias="DB_USER")
    """Name of the database user, if DATABASE_URL is not given."""
    db_password: SecretStr | None = Field(default=None, validation_alias="DB_PASSWORD")
    """Password of the database user, if DATABASE_URL is not given; as it is, not percent-encoded."""
    database_url: PostgresUrl | None = Field(default_factory=_url_from_parts, validation_alias="DATABASE_URL")
    """Address of the PostgreSQL database, postgresql://user:password@host:port/name; it wins over the DB_ parts."""
    redis_url: RedisUrl | None = Field(default=None, validation_alias="REDIS_URL")
    """Address of the Redis server, redis://host:port/0 or rediss:// with TLS; without it PostgreSQL does the work."""
    create_tables: bool = False
    """Whether missing tables are made at start; for development, migrations do it in production."""

    algorithm: Literal["HS256", "EdDSA", "ES256"] = "HS256"
    """How access tokens are signed: HS256 with a shared secret, EdDSA or ES256 with a key pair."""
    secret_key: SecretKey | None = None
    """Secret of 32 random bytes or more in base64url, from which the HS256 key is derived."""
    previous_secret_keys: SecretKeys = ()
    """Earlier secrets, parted by commas, whose tokens are still accepted."""
    signing_key: PrivateKey | None = None
    """Private key for EdDSA or ES256: PEM text, with line breaks as \\n if need be, or the path of a PEM file."""
    previous_verify_keys: PublicKeys = ()
    """Earlier public keys, PEM text or paths parted by commas, whose tokens are still accepted."""
    issuer: Label = "fastapi-beyond-crud"
    """Name of this service in the iss claim of its tokens."""
    audience: Label = Field(default_factory=lambda data: data["issuer"])
    """Name of the intended reader in the aud claim; the issuer if left out."""
    access_lifetime: AccessLifetime = timedelta(minutes=15)
    """Time that an access token is good for, from 1 second to 1 hour."""
    leeway: Tolerance = timedelta(seconds=10)
    """Time by which the clocks of two machines may differ, up to 60 seconds."""

    refresh_idle_lifetime: Lifetime = timedelta(days=14)
    """Time after which a session ends if it is not refreshed."""
    refresh_lifetime: Lifetime = timedelta(days=30)
    """Time after which a session ends in any case."""
    refresh_grace: Tolerance = timedelta(seconds=10)
    """Time in which a spent refresh token gives the same answer again, for clients that lost it; up to 60 seconds."""
    sessions_per_user: int = Field(default=100, ge=1, le=10_000)
    """Number of live sessions that a user may have; the oldest one ends for a new one."""
    transports: Transports = ("bearer",)
    """Ways in which a token may travel; bearer is the only one in this version."""
    trusted_proxy_hops: int = Field(default=0, ge=0, le=10)
    """Number of reverse proxies of your own in front of the application, which tell the client's address."""

    revocation: Revocation = Field(default_factory=_revocation)
    """Where revoked sessions are looked up: redis (default with REDIS_URL), postgres (default without), or memory."""
    redis_prefix: RedisPrefix = Field(default_factory=_redis_prefix)
    """Start of every key in Redis, so that applications can share a server; made from the issuer if left out."""
    on_revocation_unknown: Literal["database", "deny"] = "database"
    """What happens while that place does not answer: ask the database, or deny with 503."""

    registration: Literal["safe", "open", "closed"] = "safe"
    """Who may sign up: safe tells nobody which addresses exist and needs mail, open answers at once, closed is off."""
    require_verified: bool = True
    """Whether an account must have a verified e-mail address to log in."""
    default_roles: RoleNames = ()
    """Roles of a new account, parted by commas."""
    anonymous_role: RoleName | None = None
    """Role of callers that send no credential; without it they may do nothing."""

    password_min_length: int = Field(default=15, ge=8, le=128)
    """Least number of characters of a password, 8 or more; 15 where the password is the only factor."""
    hash_workers: int = Field(default_factory=_usable_cores, ge=1, le=_MOST_WORKERS)
    """Number of passwords that are hashed at the same time; the usable cores if left out."""
    hash_queue: int = Field(default_factory=lambda data: 4 * data["hash_workers"], ge=1, le=100_000)
    """Number of passwords that may wait for hashing, more get 503; four times the workers if left out."""

    @model_validator(mode="after")
    def _fits_together(self) -> "AuthSettings":
        if problems := problems_between(self):
            raise ValueError("\n".join(problems))
        return self

    @property
    def secret_key_bytes(self) -> bytes:
        """The secret, decoded: 32 bytes or more.

        Raises:
            ConfigurationError: No secret is set, which only EdDSA and ES256 allow.
        """
        if self.secret_key is None:
            raise ConfigurationError("AUTH_SECRET_KEY is not set")
        return decode_secret(self.secret_key.get_secret_value())

    @property
    def previous_secret_keys_bytes(self) -> tuple[bytes, ...]:
        """The earlier secrets, decoded, in the order given."""
        return tuple(decode_secret(key.get_secret_value()) for key in self.previous_secret_keys)
