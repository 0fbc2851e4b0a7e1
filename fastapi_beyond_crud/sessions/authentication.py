"""From a raw access token to the principal: each hop hands on a smaller and more trusted value."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from fastapi_beyond_crud.core.errors import TokenInvalid
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.core.timed_roles import roles_in_force
from fastapi_beyond_crud.rbac.roles import RoleMap
from fastapi_beyond_crud.rbac.standings import Standings
from fastapi_beyond_crud.revocation.verdicts import Live, Revoked, Stale
from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from fastapi_beyond_crud.tokens.claims import AccessClaims

_MEMO_SIZE = 10_000


class Gate(Protocol):
    """Decides about a genuine token; never undecided: it raises Unavailable instead."""

    def verdict(self, claims: AccessClaims) -> Awaitable[Live | Revoked | Stale]:
        """Whether the token counts."""
        ...


class Authenticator:
    """Knows who is asking. The cheapest check comes first: a forged token costs no I/O.

    Args:
        read_key: Reads the account's key from the token's ``sub``; ValueError for anything else.
        anonymous_role: The role of callers without a credential, if they have one.
    """

    def __init__(
        self,
        *,
        codec: AccessTokenCodec,
        gate: Gate,
        standings: Standings,
        roles: RoleMap,
        read_key: Callable[[str], Any],
        anonymous_role: str | None,
    ) -> None:
        self._codec = codec
        self._gate = gate
        self._standings = standings
        self._roles = roles
        self._read_key = read_key
        self._anonymous_roles = frozenset() if anonymous_role is None else frozenset({anonymous_role})
        # Built once for a token, as long as nothing about its rights has moved.
        self._principals: dict[str, Principal] = {}

    def anonymous(self) -> Principal:
        """The caller without a credential."""
        rights = self._roles.rights(self._anonymous_roles)
        return Principal(id=None, roles=rights.roles, permissions=rights.permissions)

    async def principal(self, token: str) -> Principal:
        """The caller that this access token speaks for, with the rights of this moment.

        Raises:
            TokenExpired: A genuine token whose time is over.
            TokenInvalid: Forged, misused, revoked, or of an account that is gone or switched off.
            Unavailable: It cannot be said whether the token was revoked.
        """
        now = time.time()
        claims = self._codec.decode(token, now=now)
        match await self._gate.verdict(claims):
            case Revoked():
                raise TokenInvalid
            case Stale(version=version):
                return await self._of_today(claims, version, now)
            case Live() if now >= claims.expires_at:
                # Inside the leeway: a token may end early because a time-boxed role ends with it.
                return await self._of_today(claims, claims.auth_version, now)
        return self._as_issued(claims)

    def session_of(self, token: str) -> tuple[Any, UUID] | None:
        """The account's key and the session that a genuine token names, even if it has expired."""
        try:
            claims = self._codec.decode_expired(token, now=time.time())
            return self._key(claims), _session_id(claims)
        except TokenInvalid:
            return None

    def _as_issued(self, claims: AccessClaims) -> Principal:
        rights = self._roles.rights(frozenset(claims.roles))
        known = self._principals.get(claims.token_id)
        if known is None or known.permissions is not rights.permissions:
            if len(self._principals) >= _MEMO_SIZE:
                self._principals.pop(next(iter(self._principals)))
            known = self._principals[claims.token_id] = self._principal(
                claims, claims.auth_version, frozenset(claims.roles)
            )
        return known

    async def _of_today(self, claims: AccessClaims, version: int, now: float) -> Principal:
        standing = await self._standings.at_least(self._key(claims), version, now)
        if standing is None or not standing.is_active or claims.auth_version < standing.cutoff_version:
            raise TokenInvalid
        return self._principal(claims, standing.auth_version, roles_in_force(standing.grants, now))

    def _principal(self, claims: AccessClaims, version: int, roles: frozenset[str]) -> Principal:
        rights = self._roles.rights(roles)
        return Principal(
            id=self._key(claims),
            session_id=_session_id(claims),
            roles=rights.roles,
            permissions=rights.permissions,
            auth_version=version,
            auth_time=datetime.fromtimestamp(claims.auth_time, UTC),
            amr=claims.amr,
        )

    def _key(self, claims: AccessClaims) -> Any:
        try:
            return self._read_key(claims.subject)
        except ValueError:
            raise TokenInvalid from None


def _session_id(claims: AccessClaims) -> UUID:
    try:
        return UUID(claims.session_id)
    except ValueError:
        raise TokenInvalid from None
