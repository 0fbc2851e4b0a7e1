"""How entries are written in Redis, and how what stands there is judged."""

import re
from collections.abc import Iterable, Sequence

from fastapi_beyond_crud.core.buckets import BUCKETS, RevocationEntry
from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNSURE, Stale, Verdict

_LARGEST = 10**15 - 1
_SESSION = re.compile(rb"\d{1,15}")
_USER = re.compile(rb"(\d{1,15}):(\d{1,15}):\d{1,15}")


def bucket_keys(prefix: str) -> list[bytes]:
    """The 256 keys, each with its own hash tag: a bucket is one slot of a cluster.

    Raises:
        ConfigurationError: The prefix holds a brace, which would become the tag.
    """
    if "{" in prefix or "}" in prefix:
        raise ConfigurationError("AUTH_REDIS_PREFIX must not contain { or }")
    return [f"{prefix}:{{revoked-{bucket:02x}}}".encode() for bucket in range(BUCKETS)]


def field_and_value(entry: RevocationEntry) -> tuple[str, str]:
    """One entry as a field of its bucket."""
    until = _bounded(entry.until)
    if entry.subject.startswith("s:"):
        return entry.subject, f"{until}"
    return entry.subject, f"{_bounded(entry.cutoff)}:{_bounded(entry.version)}:{until}"


def fields_and_values(entries: Iterable[RevocationEntry]) -> list[str]:
    """Field, value, field, value: as the scripts take them."""
    return [text for entry in entries for text in field_and_value(entry)]


def _bounded(number: int) -> int:
    # The scripts compare numbers as Lua has them: exact up to 2**53.
    return min(max(number, 0), _LARGEST)


def judge(session: object, user: object, *, auth_version: int, complete: bool) -> tuple[Verdict, Sequence[int]]:
    """The verdict on the two fields of a token, and which of them (0, 1) hold nonsense.

    Args:
        session: What stands under ``s:<session id>``; None if nothing does.
        user: What stands under ``u:<user id>``.
        auth_version: Of the token.
        complete: Whether the bucket is known to hold all there is. If not, an entry that is there is still true,
            but one that is missing says nothing.
    """
    nonsense: list[int] = []
    verdict: Verdict = LIVE if complete else UNSURE
    if session is not None:
        if isinstance(session, bytes) and _SESSION.fullmatch(session):
            return REVOKED, ()
        nonsense.append(0)
    if user is not None:
        numbers = _USER.fullmatch(user) if isinstance(user, bytes) else None
        if numbers is None:
            nonsense.append(1)
        elif auth_version < int(numbers[1]):
            return REVOKED, ()
        elif complete and auth_version < int(numbers[2]):
            verdict = Stale(int(numbers[2]))
    return (UNSURE if nonsense else verdict), nonsense
