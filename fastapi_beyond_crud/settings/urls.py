"""The addresses of the servers: one spelling for each, and nothing of a password in an error."""

from typing import Annotated
from urllib.parse import parse_qsl, quote, urlencode

from pydantic import AfterValidator, SecretStr

_POSTGRES_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
_REDIS_SCHEMES = {"unix"} | {
    f"{name}{joint}" for name in ("redis", "rediss", "valkey", "valkeys") for joint in ("", "+sentinel", "+cluster")
}


def postgres_url(*, host: str | None, port: int | None, name: str, user: str, password: str | None) -> str:
    """One address out of its parts. A password such as ``p@ss/w:rd`` arrives whole."""
    credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    place = host or "localhost"
    place = f"[{place}]" if ":" in place else place
    return f"postgresql+asyncpg://{credentials}@{place}:{port or 5432}/{quote(name, safe='')}"


def _postgres(value: SecretStr) -> SecretStr:
    scheme, separator, rest = value.get_secret_value().strip().partition("://")
    if not separator or scheme.lower() not in _POSTGRES_SCHEMES:
        raise ValueError("must start with postgresql:// (PostgreSQL through asyncpg is the only store)")
    base, question_mark, query = rest.partition("?")
    if question_mark:
        # Hosters write sslmode, as libpq has it; the driver calls the same thing ssl.
        pairs = [("ssl" if key == "sslmode" else key, text) for key, text in parse_qsl(query, keep_blank_values=True)]
        base = f"{base}?{urlencode(pairs)}"
    return SecretStr(f"postgresql+asyncpg://{base}")


def _redis(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    # Not urlsplit: its errors repeat the part of the address that holds the password.
    scheme, separator, _ = text.partition("://")
    if not separator or scheme.lower() not in _REDIS_SCHEMES:
        raise ValueError("must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
    return SecretStr(text)


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis)]
