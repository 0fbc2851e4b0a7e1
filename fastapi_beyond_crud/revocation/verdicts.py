"""What a revocation backend can say about a token."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Live:
    """Nothing speaks against the token."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """The token is dead: its session has ended, or the user's cut-off has passed it."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The token lives, and the rights in it are old: read them again.

    Attributes:
        version: The user's auth_version now, or a later one.
    """

    version: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """The backend cannot be reached, or cannot be believed. Nothing is decided.

    Attributes:
        is_reachable: Whether a server answered, and only what it holds is incomplete. Then other processes go on
            telling it what they revoke, and no older answer of the database may stand in for it.
    """

    is_reachable: bool = field(default=False, compare=False)


Verdict = Live | Revoked | Stale | Unknown

LIVE = Live()
REVOKED = Revoked()
UNKNOWN = Unknown()
UNSURE = Unknown(is_reachable=True)
