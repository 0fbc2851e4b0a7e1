"""What roles and permissions may be called."""

import re
from collections.abc import Iterable

from fastapi_beyond_crud.core.errors import ConfigurationError

_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PERMISSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(:[A-Za-z0-9][A-Za-z0-9_.-]*)+")
_PATTERN = re.compile(r"\*|([A-Za-z0-9][A-Za-z0-9_.-]*|\*)(:([A-Za-z0-9][A-Za-z0-9_.-]*|\*))+")


def checked_role(name: str) -> str:
    """The name as plain text (a member of a StrEnum too), if it is one.

    ASCII only: two names that look alike on a screen must not be two roles.
    """
    return _checked(name, _ROLE, "a role", "admin")


def checked_permission(name: str) -> str:
    """The name as plain text, if it is ``resource:action``; wildcards stand in grants only."""
    return _checked(name, _PERMISSION, "a permission", "books:read")


def checked_pattern(name: str) -> str:
    """A permission, or a pattern for several: ``*``, ``books:*``, ``*:read``."""
    return _checked(name, _PATTERN, "a permission or a pattern", "books:*")


def refuse_confusables(names: Iterable[str], what: str) -> None:
    """Refuse names that differ in upper and lower case only."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise ConfigurationError(f"{what} {other!r} and {name!r} differ in case only.")


def matches(pattern: str, permission: str) -> bool:
    """Whether the pattern covers the permission: ``*`` stands for all, or for one segment, or for the rest."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":"), permission.split(":")
    if wanted[-1] == "*" and len(given) >= len(wanted):
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(one in ("*", other) for one, other in zip(wanted, given, strict=True))


def _checked(name: object, form: re.Pattern[str], what: str, example: str) -> str:
    if not isinstance(name, str) or form.fullmatch(name) is None:
        raise ConfigurationError(f"{name!r} is not the name of {what}; write it like {example!r}, in ASCII.")
    return str.__str__(name)
