"""Granting roles and taking them away; both work on the next request, with the old token."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.models.acts.accounts import AccountActs
from fastapi_beyond_crud.models.acts.grants import Grant, GrantActs
from fastapi_beyond_crud.rbac.admins import LastAdminRule
from fastapi_beyond_crud.rbac.roles import RoleMap
from fastapi_beyond_crud.revocation.changes import Changes

GRANTS_PER_USER = 64
"""So many roles still fit into an access token."""


class GrantService:
    """Grants roles and takes them away.

    ``by`` is the principal on whose behalf it is done; None is the system (a script, the command line).
    """

    def __init__(
        self,
        *,
        roles: RoleMap,
        changes: Changes,
        accounts: AccountActs,
        grants: GrantActs,
        last_admin: LastAdminRule,
        token_life: timedelta,
    ) -> None:
        self._roles = roles
        self._changes = changes
        self._accounts = accounts
        self._grants = grants
        self._last_admin = last_admin
        self._life = token_life

    async def grant(
        self,
        user_id: Any,
        role: str,
        *,
        by: Principal | None = None,
        scope: str | None = None,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
        reason: str | None = None,
        session: AsyncSession | None = None,
    ) -> Grant:
        """Grant a role. Granting it again in the same scope gives the grant new bounds.

        Raises:
            NotFound: There is no such account.
            ValidationFailed: There is no such role, or it would end before it begins.
            PermissionDenied: ``by`` lacks something that the role allows.
            LastAdmin: New bounds would leave nobody who can grant roles.
            Conflict: The account has too many grants.
        """
        self._ensure_known(role)
        self._ensure_not_above(by, frozenset({role}))
        if valid_until is not None and valid_from is not None and valid_until <= valid_from:
            raise ValidationFailed.of("body", "valid_until", type="date_order", msg="must be later than valid_from")

        async def work(on: Executor) -> tuple[Grant, Sequence[RevocationEntry]]:
            if scope is None and (valid_from is not None or valid_until is not None):
                await self._last_admin.ensure_another(on, user_id, losing=role)
            entry = await self._move(on, user_id, by)
            if await self._grants.count_others(on, user_id, role, scope) >= GRANTS_PER_USER:
                raise Conflict("The account has too many roles.")
            granted = await self._grants.put(
                on,
                user_id,
                role,
                scope=scope,
                valid_from=valid_from,
                valid_until=valid_until,
                granted_by=None if by is None else str(by.id),
                reason=reason,
            )
            return granted, (entry,)

        return await self._changes.run(work, session=session)

    async def revoke(
        self,
        user_id: Any,
        role: str,
        *,
        by: Principal | None = None,
        scope: str | None = None,
        session: AsyncSession | None = None,
    ) -> None:
        """Take a role away.

        Raises:
            NotFound: There is no such account, or it does not hold the role in this scope.
            PermissionDenied: ``by`` lacks something that the role, or the account, is allowed.
            LastAdmin: Nobody could grant roles any more.
        """
        self._ensure_not_above(by, frozenset({role}))

        async def work(on: Executor) -> tuple[None, Sequence[RevocationEntry]]:
            if scope is None:
                await self._last_admin.ensure_another(on, user_id, losing=role)
            entry = await self._move(on, user_id, by)
            if not await self._grants.take(on, user_id, role, scope):
                raise NotFound
            return None, (entry,)

        await self._changes.run(work, session=session)

    def ensure_may_manage(self, by: Principal, roles: Sequence[str]) -> None:
        """Refuse to manage an account that is allowed more than the caller.

        Raises:
            PermissionDenied: One of these roles, which the account holds, allows something that ``by`` lacks.
        """
        self._ensure_not_above(by, frozenset(roles))

    async def _move(self, on: Executor, user_id: Any, by: Principal | None) -> RevocationEntry:
        """Move the account's version; this also locks it, so that changes of its grants follow one another."""
        entry = await self._accounts.rights_changed(on, user_id, self._life)
        if entry is None:
            raise NotFound
        held = (await self._grants.roles_of(on, [user_id])).get(user_id, ())
        self._ensure_not_above(by, frozenset(held))
        return entry

    def _ensure_known(self, role: str) -> None:
        if role not in self._roles.names:
            raise ValidationFailed.of("body", "role", type="unknown_role", msg="there is no such role")

    def _ensure_not_above(self, by: Principal | None, roles: frozenset[str]) -> None:
        if by is not None and not self._roles.rights(roles).permissions <= by.permissions:
            raise PermissionDenied
