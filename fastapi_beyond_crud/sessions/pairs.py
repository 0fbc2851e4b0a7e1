"""The token pair, and its only maker."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi_beyond_crud.core.timed_roles import TimedRole, next_edge, roles_in_force
from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from fastapi_beyond_crud.tokens.claims import AccessClaims


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """An access token and the refresh token of its session. Lifetimes are seconds from now."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    token_type: str = "bearer"  # noqa: S105 - the name of a scheme (RFC 6750), not a password
    expires_in: int
    refresh_expires_in: int
    session_id: UUID


class PairMaker:
    """Makes pairs from facts that the database has confirmed.

    Args:
        known_roles: Keeps the names that the role map knows; a role that was removed from the code ends
            with the next token.
    """

    def __init__(
        self, codec: AccessTokenCodec, lifetime: timedelta, known_roles: Callable[[frozenset[str]], frozenset[str]]
    ) -> None:
        self._codec = codec
        self._lifetime_seconds = int(lifetime.total_seconds())
        self._known_roles = known_roles

    def pair(
        self,
        *,
        user_id: Any,
        session_id: UUID,
        auth_version: int,
        auth_time: datetime,
        amr: Sequence[str],
        grants: Sequence[TimedRole],
        refresh_token: str,
        session_ends_in: timedelta,
        refresh_ends_in: timedelta,
        now: float,
    ) -> TokenPair:
        """A pair whose access token outlives neither its session nor the present set of roles.

        Args:
            session_ends_in: Time until the session's absolute limit, by the clock of the database.
            refresh_ends_in: Time until the refresh token is too old.
            now: Epoch seconds by the clock of this process, which also checks access tokens.
        """
        issued_at = int(now)
        ends = [issued_at + self._lifetime_seconds, int(now + session_ends_in.total_seconds())]
        edge = next_edge(grants, now)
        # A whole second at least: the clocks of database and application may differ, and time goes in seconds here.
        expires_at = max(issued_at + 1, min(ends if edge is None else [*ends, int(edge)]))
        claims = AccessClaims(
            subject=str(user_id),
            session_id=str(session_id),
            token_id=secrets.token_urlsafe(16),
            issued_at=issued_at,
            expires_at=expires_at,
            auth_time=int(auth_time.timestamp()),
            auth_version=auth_version,
            amr=tuple(amr),
            roles=tuple(sorted(self._known_roles(roles_in_force(grants, now)))),
        )
        return TokenPair(
            access_token=self._codec.encode(claims),
            refresh_token=refresh_token,
            expires_in=max(0, expires_at - issued_at),
            refresh_expires_in=max(0, int(refresh_ends_in.total_seconds())),
            session_id=session_id,
        )
