"""A role that an account holds for a time, and which of them are in force at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRole:
    """A grant as far as a decision needs it. Times are epoch seconds; None means without a bound."""

    role: str
    valid_from: float | None = None
    valid_until: float | None = None

    def in_force(self, now: float) -> bool:
        """Whether the grant counts at this moment: from ``valid_from`` on, no longer at ``valid_until``."""
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )


def roles_in_force(grants: Iterable[TimedRole], now: float) -> frozenset[str]:
    """The names of the roles that count at this moment."""
    return frozenset(grant.role for grant in grants if grant.in_force(now))


def next_edge(grants: Iterable[TimedRole], now: float) -> float | None:
    """When the answer of `roles_in_force` changes next, in epoch seconds; None if it never does."""
    edges = (edge for grant in grants for edge in (grant.valid_from, grant.valid_until) if edge is not None)
    return min((edge for edge in edges if edge > now), default=None)
