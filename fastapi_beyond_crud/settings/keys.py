"""Secret keys in text form: base64url of at least 32 random bytes, and nothing that somebody could guess."""

import base64
import re
import secrets
from itertools import pairwise

from fastapi_beyond_crud.settings.known_secrets import KNOWN_SECRETS, PLACEHOLDER_WORDS

SECRET_BYTES = 32
"""The least length. An HMAC-SHA256 key may not be shorter than its output (RFC 7518, section 3.2)."""

HOW_TO_MAKE_ONE = 'make one with: beyond-crud secret (or: python -c "import secrets; print(secrets.token_urlsafe(32))")'

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_LEAST_DISTINCT_BYTES = 10  # Of 32 random bytes about 30 differ; fewer than 10 never happens by chance.


def new_secret() -> str:
    """A fresh 256-bit key in base64url, 43 characters, that ``check_secret`` accepts."""
    while True:
        text = secrets.token_urlsafe(SECRET_BYTES)
        # One random key in some millions spells a word of the placeholder list.
        if _weakness(text) is None:
            return text


def decode_secret(text: str) -> bytes:
    """The bytes behind a key in base64url; padding may be there or not.

    Raises:
        ValueError: The text is not base64url. The message does not hold the text.
    """
    unpadded = text.rstrip("=")
    if not _BASE64URL.fullmatch(text) or len(unpadded) % 4 == 1:
        raise ValueError("is not base64url")
    return base64.urlsafe_b64decode(unpadded + "=" * (-len(unpadded) % 4))


def check_secret(text: str) -> None:
    """Refuse a key that is not base64url, short, repetitive, published or made of words.

    Raises:
        ValueError: The key is not good enough. The message says why and what to do, and does not hold the key.
    """
    if reason := _weakness(text):
        raise ValueError(f"{reason}; {HOW_TO_MAKE_ONE}")


def _weakness(text: str) -> str | None:
    if reason := _spelled_weakness(text):
        return reason
    try:
        key = decode_secret(text)
    except ValueError as error:
        return str(error)
    if len(key) < SECRET_BYTES:
        return f"is too short: {len(key)} bytes, {SECRET_BYTES} are needed"
    if _is_repetitive(key):
        return "repeats itself and can be guessed"
    # Base64url of a phrase looks random until it is decoded.
    return _spelled_weakness(key.decode("ascii", errors="replace"))


def _is_repetitive(key: bytes) -> bool:
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    # A key is found inside its own doubling, before the end, only if it is a shorter block repeated.
    is_periodic = (key + key).find(key, 1) < len(key)
    return is_periodic or min(len(set(key)), len(steps)) < _LEAST_DISTINCT_BYTES


def _spelled_weakness(text: str) -> str | None:
    """Why the characters alone give the key away."""
    if text.strip("=") in KNOWN_SECRETS:
        return "is published in documentation, so everybody knows it"
    squeezed = re.sub(r"[^a-z0-9]", "", text.lower())
    if any(word in squeezed for word in PLACEHOLDER_WORDS):
        return "looks like a placeholder"
    if re.fullmatch(r"[a-z _.,!-]+|[A-Z _.,!-]+", text):
        return "looks like words, not like random bytes"
    return None
