"""What the library asks of a revocation backend, and what it offers to one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.verdicts import Verdict
from fastapi_beyond_crud.tokens.claims import AccessClaims

LoadBucket = Callable[[int], Awaitable[Sequence[RevocationEntry]]]
"""Reads all unexpired entries of one bucket from the source of truth; raises Unavailable if it cannot."""


class RevocationBackend(Protocol):
    """Says whether a token still counts.

    ``testing.revocation.RevocationBackendContract`` is the behaviour that every backend shares.
    """

    async def check(self, claims: AccessClaims) -> Verdict:
        """The verdict on a genuine token. Never raises because a server is away: that is UNKNOWN."""
        ...

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        """Make revocations known that are committed in the source of truth.

        Idempotent, and merged by maximum: order and repetition do not matter. A check that begins after this
        has returned sees the entries.

        Raises:
            Unavailable: They could not be stored. The caller logs it and goes on; the sweeper repeats it.
        """
        ...

    async def start(self) -> None:
        """Get ready. Called once, before the first check."""
        ...

    async def close(self) -> None:
        """Give back connections and end background work."""
        ...


@runtime_checkable
class Tended(Protocol):
    """What a backend with a store of its own also offers, for the sweeper to look after it."""

    @property
    def losses(self) -> int:
        """Counts the moments at which the store may have lost entries, such as a new connection."""
        ...

    async def prune(self) -> int:
        """Forget some entries whose time is over, with bounded work; how many went.

        Raises:
            Unavailable: The store does not answer.
        """
        ...
