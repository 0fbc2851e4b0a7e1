"""Somebody must be left who can grant roles."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.errors import LastAdmin
from fastapi_beyond_crud.models.acts.grants import GrantActs

GRANT_ROLES = "roles:grant"
"""The permission that makes an administrator, as far as the last of them is concerned."""


class LastAdminRule:
    """The last active account with an unscoped, unbounded grant that includes ``roles:grant`` stays as it is.

    "Count, then remove" leaves nobody if two do it at once; this locks the rows it counts.

    Args:
        admin_roles: Gives the roles that include the permission; asked each time, for the map may learn.
    """

    def __init__(self, grants: GrantActs, admin_roles: Callable[[], Sequence[str]]) -> None:
        self._grants = grants
        self._admin_roles = admin_roles

    async def ensure_another(self, on: Executor, user_id: Any, *, losing: str | None = None) -> None:
        """Check before the account, or its role ``losing``, is taken away in the same transaction.

        Raises:
            LastAdmin: No other account could grant roles afterwards.
        """
        roles = self._admin_roles()
        if losing is not None and losing not in roles:
            return
        holders = await self._grants.lock_holders(on, roles) if roles else []
        if user_id not in holders or set(holders) != {user_id}:
            return
        # One who holds another such role besides keeps the power to grant.
        if losing is not None and await self._still_admin(on, user_id, [role for role in roles if role != losing]):
            return
        raise LastAdmin

    async def _still_admin(self, on: Executor, user_id: Any, roles: Sequence[str]) -> bool:
        return bool(roles) and user_id in await self._grants.lock_holders(on, roles)
