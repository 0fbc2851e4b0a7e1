"""How long sessions and their tokens live."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """The limits of a session.

    Attributes:
        idle: A session ends if it is not refreshed for this long.
        absolute: It ends after this time in any case.
        grace: A spent refresh token gives the same successor again for this long, if that is unused.
        token_life: How long a revocation has to be remembered.
        per_user: Live sessions that an account may have; the oldest ends for a new one.
    """

    idle: timedelta
    absolute: timedelta
    grace: timedelta
    token_life: timedelta
    per_user: int
