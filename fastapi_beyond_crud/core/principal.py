"""Who is asking."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of a request: the account, the session, and the rights in force now.

    Attributes:
        id: The account's key, with the type of the key column; None for the anonymous.
        session_id: The session that the access token names; None for the anonymous.
        roles: Names of the roles in force.
        permissions: What those roles allow, wildcards expanded.
        auth_version: The version of the account's rights that this was built from.
        auth_time: When the caller last proved who they are (a login, not a refresh).
        amr: How, for example ``("pwd",)`` (RFC 8176).
    """

    id: Any
    session_id: UUID | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)
    auth_version: int = 0
    auth_time: datetime | None = None
    amr: tuple[str, ...] = ()

    @property
    def is_anonymous(self) -> bool:
        """Whether no credential came with the request."""
        return self.id is None

    def can(self, permission: str) -> bool:
        """Whether the roles in force allow this."""
        return permission in self.permissions

    def has_role(self, *names: str) -> bool:
        """Whether one of these roles is in force."""
        return not self.roles.isdisjoint(names)
