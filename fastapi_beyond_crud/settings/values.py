"""How the text of an environment variable becomes a value: durations, lists, PEM keys."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from fastapi_beyond_crud.settings.keys import check_secret

_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_ROLE_NAME = re.compile(r"[^\s,]{1,64}")
_REDIS_PREFIX = re.compile(r"[A-Za-z0-9:_.-]{1,64}")
_LABEL_LONGEST = 255
_ISO_8601_LONGEST = 64
_PEM_LARGEST_BYTES = 65_536


def _duration(value: object) -> object:
    """Let '900' and '0.5' be seconds, which pydantic takes as numbers only; the environment has nothing but text."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if text.upper().startswith("P") and len(text) <= _ISO_8601_LONGEST:
        return text
    raise ValueError("must be seconds (900, 0.5) or an ISO 8601 duration (PT15M)")


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _label(text: str) -> str:
    if not (0 < len(text) <= _LABEL_LONGEST and text.isprintable()):
        raise ValueError(f"must be 1 to {_LABEL_LONGEST} printable characters")
    return text


def _role_name(text: str) -> str:
    if not _ROLE_NAME.fullmatch(text) or not text.isprintable():
        raise ValueError("must be names of 1 to 64 printable characters without spaces and commas")
    return text


def _redis_prefix(text: str) -> str:
    if not _REDIS_PREFIX.fullmatch(text):
        raise ValueError("must be 1 to 64 letters, digits and : _ . -")
    return text


def _strong(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    check_secret(text)
    return SecretStr(text)


def _private_key(value: SecretStr) -> SecretStr:
    pem = _pem(value.get_secret_value())
    if "-----BEGIN ENCRYPTED" in pem or "Proc-Type: 4,ENCRYPTED" in pem:
        raise ValueError("is protected by a passphrase; give it without (openssl pkey -in key.pem)")
    if "PRIVATE KEY-----" not in pem:
        raise ValueError("holds no private key")
    return SecretStr(pem)


def _public_key(text: str) -> str:
    pem = _pem(text)
    if "PRIVATE KEY-----" in pem:
        raise ValueError("holds a private key where a public one is enough (openssl pkey -pubout -in key.pem)")
    if "-----BEGIN PUBLIC KEY-----" not in pem:
        raise ValueError("holds no public key")
    return pem


def _pem(text: str) -> str:
    """The PEM text itself; environments without line breaks write them as a backslash and an n."""
    text = text.strip()
    if not text.startswith("-----BEGIN "):
        text = _file_text(Path(text))
    return text.replace("\\n", "\n").strip() + "\n"


def _file_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_PEM_LARGEST_BYTES).decode("ascii")
    except (OSError, ValueError):
        pass
    # Raised outside of the handler: the error of the file system names the path, which may be a mistyped key.
    raise ValueError("is neither PEM text nor the path of a readable PEM file")


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""Seconds as a number or as text, or an ISO 8601 duration."""

RoleName = Annotated[str, AfterValidator(_role_name)]
RoleNames = Annotated[tuple[RoleName, ...], NoDecode, BeforeValidator(_split), AfterValidator(_unique)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_unique)]
Label = Annotated[str, AfterValidator(_label)]
RedisPrefix = Annotated[str, AfterValidator(_redis_prefix)]

SecretKey = Annotated[SecretStr, AfterValidator(_strong)]
SecretKeys = Annotated[tuple[SecretKey, ...], NoDecode, BeforeValidator(_split)]
PrivateKey = Annotated[SecretStr, AfterValidator(_private_key)]
PublicKeys = Annotated[tuple[Annotated[str, AfterValidator(_public_key)], ...], NoDecode, BeforeValidator(_split)]
