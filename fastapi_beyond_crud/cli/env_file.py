"""The first `.env` of an application: made for development, with a word on each line that production changes."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, TypeAdapter, ValidationError

from fastapi_beyond_crud.settings import new_secret
from fastapi_beyond_crud.settings.urls import PostgresUrl, RedisUrl

_POSTGRES_URL: TypeAdapter[SecretStr] = TypeAdapter(PostgresUrl)
_REDIS_URL: TypeAdapter[SecretStr] = TypeAdapter(RedisUrl)

_ASSIGNMENT = re.compile(r"^([A-Z_]+)=", re.MULTILINE)
_UNIGNORED = "git does not ignore .env, and a commit would publish the key. Add a line `.env` to .gitignore."


class NotWritten(Exception):
    """Nothing was written. The text says why, and holds no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written where; names only."""

    path: Path
    variables: list[str]
    warnings: list[str]


def write(directory: Path, *, database_url: str, redis_url: str, force: bool) -> Written:
    """Write `.env` into the directory, readable for its owner only.

    Of two at the same time one gets to write; without ``force`` a file that exists is never changed.

    Args:
        directory: Where the file goes.
        database_url: Address of the PostgreSQL database.
        redis_url: Address of the Redis server; empty to do without.
        force: Whether a file that exists is replaced.

    Raises:
        NotWritten: The file exists, cannot be written, or an address is wrong.
    """
    path = directory / ".env"
    _check("DATABASE_URL", database_url, _POSTGRES_URL)
    if redis_url:
        _check("REDIS_URL", redis_url, _REDIS_URL)
    text = _text(new_secret(), database_url, redis_url)
    try:
        _replace(path, text) if force else _create(path, text)
    except FileExistsError:
        raise NotWritten(f"{path} exists and was left as it is. Use --force to replace it.") from None
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror}.") from None
    warnings = [_UNIGNORED] if _would_be_committed(path) else []
    return Written(path=path, variables=_ASSIGNMENT.findall(text), warnings=warnings)


def _check(name: str, url: str, type_: TypeAdapter[SecretStr]) -> None:
    """Refuse what the application would refuse at its start, and what would end the line in the file."""
    if not url.isprintable():
        raise NotWritten(f"{name}: holds a character that cannot be printed")
    try:
        type_.validate_python(url)
    except ValidationError as error:
        reason = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
    else:
        return
    # Raised outside of the handler: the chained error would carry the address, which may hold a password.
    raise NotWritten(f"{name}: {reason}")


def _text(key: str, database_url: str, redis_url: str) -> str:
    redis = f"REDIS_URL={_quoted(redis_url)}" if redis_url else "# REDIS_URL="
    return f"""\
# Settings for development, written by `beyond-crud init`. Keep this file out of version control.

# Signs the access tokens. Production has its own: beyond-crud secret
AUTH_SECRET_KEY={key}

# Production: the address of your server, with a user that owns nothing but this database.
DATABASE_URL={_quoted(database_url)}

# Production: rediss:// with a password. Without a REDIS_URL, PostgreSQL does the work of Redis.
{redis}

# Anybody may sign up and is told at once if an address is taken. Production: safe, which needs mail, or closed.
AUTH_REGISTRATION=open

# Log in without a verified address. Production: true.
AUTH_REQUIRE_VERIFIED=false

# Make missing tables at start. Production: false, and migrations.
AUTH_CREATE_TABLES=true
"""


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _create(path: Path, text: str) -> None:
    # O_EXCL: neither a file that appears meanwhile nor a symbolic link is written through.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _replace(path: Path, text: str) -> None:
    # A new file takes the place of the old one, so that the mode of the old one does not stay.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".env.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _would_be_committed(path: Path) -> bool:
    """Whether the file lies in a git repository that tracks it or does not ignore it."""
    git = shutil.which("git")
    if git is None:
        return False
    # Exit status of check-ignore: 0 ignored, 1 not ignored or tracked already, 128 no repository.
    command = [git, "check-ignore", "--quiet", path.name]
    return subprocess.run(command, cwd=path.parent, check=False, capture_output=True).returncode == 1  # noqa: S603
